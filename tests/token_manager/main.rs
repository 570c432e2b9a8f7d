//! The token manager of programs in Rust: a clock, timers, tasks and a provider that the test plays.
#![cfg(all(not(target_arch = "wasm32"), any(feature = "web", feature = "jwt-compact")))]

mod cancelled;
mod configuration;
mod failures;
mod keys;
mod refreshes;
mod sleeping;
mod sources;
mod storages;
mod threads;
mod world;
