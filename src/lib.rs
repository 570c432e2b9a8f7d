//! Authentication of agents' traffic, in the browser and at the edge.
//!
//! The modules stand in the order in which data flows; each uses only those above it (`tests/layers` holds them to it).

// A panic is a trap, and a trap takes the whole instance with it: nothing here may panic, whatever a peer sends.
#![warn(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]

pub mod json;
pub mod random;
pub mod secret;
mod text;
pub mod time;

pub mod http;

pub mod lru;
pub mod machine;

pub mod error;

pub mod audit;
pub mod config;
pub mod output;
pub mod principal;
pub mod redact;

pub mod jose;

pub mod token;

pub mod auth;

pub mod admission;
pub mod revocation;
pub mod worker_variables;

pub mod arc;

pub mod arcp;

pub mod seam;

#[cfg(all(target_arch = "wasm32", feature = "npm"))]
pub mod js;
