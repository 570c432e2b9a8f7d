//! Transcripts as data: `tests/transcripts/*/*.jsonl`, one behaviour a file. Its first line says what it shows and which rules
//! of docs/CONFORMANCE.md it cites; each further line is an input at its time, or what the machine must do then.
#![allow(clippy::disallowed_methods, reason = "a test may ask the system")]
#![cfg(not(target_arch = "wasm32"))]

mod client;
mod gate;
mod play;
mod runtime;
mod shaken;
