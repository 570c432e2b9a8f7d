//! What is fuzzed, as functions of bytes: each takes any, and panics if something is wrong. libFuzzer calls them
//! (`fuzz_targets/`), and so does `cargo test --test fuzz` on stable Rust, for a bounded number of inputs.
//!
//! Machines take a script: a line is an input, its first character says which, and the rest is what comes in ([`script`]).

mod envelope;
mod json;
mod jws;
mod revocation;
mod sse;

mod script;

mod client;
mod gate;
mod runtime;
mod token;

/// A target and its name. It says whether the input got as far as what there is to look at.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All of them.
pub const TARGETS: [Target; 9] = [
    ("json", json::run),
    ("jws", jws::run),
    ("envelope", envelope::run),
    ("gate", gate::run),
    ("runtime", runtime::run),
    ("client", client::run),
    ("token", token::run),
    ("sse", sse::run),
    ("revocation", revocation::run),
];

/// Runs one of the targets.
///
/// # Panics
/// If something is wrong, or there is none of that name.
pub fn run(name: &str, data: &[u8]) -> bool {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("no target is named {name}")).1(data)
}
