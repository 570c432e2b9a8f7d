//! The surface that JavaScript calls: conversion and nothing else. The package's JavaScript half (`npm/`) wraps it; users
//! never see these names.
//!
//! What is called for each token takes and gives numbers: strings and objects that cross the boundary cost more than all of
//! the parsing does.

#[cfg(feature = "gate")]
pub mod admission;
#[cfg(feature = "gate")]
pub mod agent_output;
#[cfg(feature = "gate")]
pub mod arc;
#[cfg(feature = "client")]
pub mod arc_client;
#[cfg(feature = "gate")]
pub mod arc_run;
#[cfg(feature = "client")]
pub mod arcp_client;
#[cfg(feature = "gate")]
pub mod arcp_gate;
#[cfg(feature = "gate")]
pub mod arcp_hold;
#[cfg(feature = "gate")]
pub mod arcp_runtime;
pub mod error;
#[cfg(feature = "verify")]
pub mod http;
#[cfg(feature = "verify")]
pub mod jws;
#[cfg(feature = "verify")]
mod registers;
#[cfg(feature = "client")]
pub mod retry_after;
#[cfg(feature = "gate")]
pub mod revocation;
#[cfg(feature = "gate")]
mod room;
#[cfg(feature = "client")]
pub mod signing_key;
#[cfg(feature = "client")]
pub mod token;
#[cfg(feature = "gate")]
pub mod upstream;
#[cfg(feature = "verify")]
pub mod verifier;
#[cfg(feature = "gate")]
pub mod worker;

use wasm_bindgen::prelude::*;

/// Runs when the module is instantiated: a panic says where it happened before it traps. What is downloaded goes without the words.
#[cfg(feature = "gate")]
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The version of the crate, and so of the package.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Traps, so that tests can see the package recover from it.
#[wasm_bindgen(js_name = trapForTests)]
#[allow(clippy::panic, reason = "it is what this is for")]
pub fn trap_for_tests() {
    panic!("trapForTests was called");
}
