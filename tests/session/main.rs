//! The ARCP client as a program in Rust has it, over scripted connections and a clock that is set by hand.
#![cfg(all(feature = "web", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod clock;
mod connecting;
mod dropped;
mod expected;
mod jobs;
#[allow(dead_code, reason = "it also bends transcripts, elsewhere")]
#[path = "../arcp_transcripts/play.rs"]
mod play;
mod threads;
mod tokens;
mod transcripts;
mod unread;
mod world;
