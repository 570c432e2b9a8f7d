//! What requests, Workers' own verifiers and gates say of who somebody is.
#![cfg(not(target_arch = "wasm32"))]

mod credential_status;
mod credentials;
