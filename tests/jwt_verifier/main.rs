//! Tokens of every kind shown to a [`arcgate::JwtVerifier`], as a program in Rust makes it: in browsers and Node over WebCrypto, on the
//! host over jwt-compact's algorithms. The tables are shared, and so are the verdicts; each case is a test of its own.
//!
//! `make.mjs` makes the tables (tests/fixtures/jwt_verifier), and tests/node/jwt-verifier-tables holds them against the package and jose.
#![cfg(any(all(target_arch = "wasm32", feature = "web"), all(not(target_arch = "wasm32"), feature = "jwt-compact")))]

/// One test for each name of a table: wherever there is a signature.
macro_rules! everywhere {
    ($table:literal: $($name:ident),+ $(,)?) => {
        pub(crate) const EVERYWHERE: &[&str] = &[$(stringify!($name)),+];
        crate::tests! { $(async fn $name() { crate::table::run($table, stringify!($name)).await })+ }
    };
}

/// The same for algorithms that only WebCrypto has.
macro_rules! webcrypto {
    ($table:literal: $($name:ident),+ $(,)?) => {
        pub(crate) const WEBCRYPTO: &[&str] = &[$(stringify!($name)),+];
        #[cfg(target_arch = "wasm32")]
        crate::tests! { $(async fn $name() { crate::table::run($table, stringify!($name)).await })+ }
    };
}

/// Asynchronous tests: of wasm-bindgen's runner there, and of cargo's here.
#[cfg(target_arch = "wasm32")]
macro_rules! tests {
    ($($(#[$meta:meta])* async fn $name:ident() $body:block)+) => {
        $($(#[$meta])* #[wasm_bindgen_test::wasm_bindgen_test] async fn $name() $body)+
    };
}
#[cfg(not(target_arch = "wasm32"))]
macro_rules! tests {
    ($($(#[$meta:meta])* async fn $name:ident() $body:block)+) => {
        $($(#[$meta])* #[test] fn $name() { crate::executor::run(async $body) })+
    };
}
pub(crate) use tests;

mod algorithms;
mod api;
mod bounds;
mod claims;
mod differential;
mod executor;
mod header;
mod keys;
mod points;
mod signatures;
mod table;
mod timelines;
mod verifiers;
#[cfg(target_arch = "wasm32")]
mod web_fetch;
mod world;
