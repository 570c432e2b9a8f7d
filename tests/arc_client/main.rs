//! The client's rules of ARC 1.0: what is sent, what answers mean, and the events of streams.
#![cfg(not(target_arch = "wasm32"))]

mod answers;
mod events;
mod requests;
