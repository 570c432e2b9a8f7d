//! The known attacks on JWT verifiers, one by one: each test's name begins with the number of its class in README.md.
//!
//! Here the core is attacked, by a test that plays the provider and WebCrypto (`bench.rs`). What depends on the platform
//! (real signatures, real HTTP, the WebAssembly module) is attacked in tests/node/attacks-*.test.mjs.
#![allow(clippy::disallowed_methods, reason = "a test may ask the system")]
#![cfg(not(target_arch = "wasm32"))]

mod bench;
mod bounds;
mod cache;
mod claims;
mod header;
mod key_choice;
mod keys;
mod mutation;
mod names;
mod random;
mod signature;
