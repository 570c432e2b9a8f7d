//! Every machine keeps the one contract (`arcgate::sans_io::machine`): one driver for all of them, and what it checks after each input.
//!
//! A scenario says in words what has to come out, and when; [`driver`] plays it, and [`words`] are how that is written. That no
//! input is without a scenario is held by [`every_input`].
#![cfg(not(target_arch = "wasm32"))]

mod driver;
mod every_input;
mod words;

mod client;
mod client_requests;
mod gate;
mod gate_ends;
mod hold;
mod jwks;
mod runtime;
mod token;
mod token_logins;
mod token_tasks;
mod verifier;

use driver::Input;
