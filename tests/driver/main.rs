//! The verifier's driver in Rust: a clock that the test sets, a provider that the test answers for, and tasks that end in the midst of
//! things: dropped, or neither polled nor dropped ever again, as a Worker's cancelled requests are.
#![cfg(all(not(target_arch = "wasm32"), feature = "jwt-compact"))]

mod bounds;
mod cancelled;
mod outages;
mod rotation;
mod single_flight;
mod store;
mod tasks;
mod threads;
mod user;
mod world;

use arcgate::Code;
use world::{keys, token, World};
