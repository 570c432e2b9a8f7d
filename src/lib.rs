#![cfg_attr(any(feature = "web", feature = "jwt-compact"), doc = include_str!("lib.md"))]
#![cfg_attr(
    not(any(feature = "web", feature = "jwt-compact")),
    doc = "Authentication of agents' traffic, in the browser and at the edge: the core alone, [`sans_io`]. What programs use comes with the features `web` and `jwt-compact`."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
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

/// The core without I/O: machines that take input and the time, and give typed output and the next deadline.
///
/// For those who bring their own sockets, requests, timers and signatures; [`machine`] is the contract that each
/// keeps. The modules stand in the order in which data flows; each uses only those above it (`tests/layers` holds them to it).
/// It follows the machines' needs, and is outside of what the version promises: what stands here may change with any release, so
/// whoever uses it says `=` in their Cargo.toml. What the crate's root has of it is promised like all else there.
#[path = "."]
pub mod sans_io {
    pub mod json;
    pub mod random;
    pub mod secret;
    pub(crate) mod text;
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
}

// Within the crate each module has its short path.
#[allow(unused_imports, reason = "not every build uses each of them")]
pub(crate) use sans_io::{
    admission, arc, arcp, audit, auth, config, error, http, jose, json, lru, machine, output, principal, random,
    redact, revocation, seam, secret, text, time, token, worker_variables,
};

#[doc(inline)]
pub use sans_io::{
    error::{Code, Error, Fact, Fault},
    jose::alg::Algorithm,
    principal::{Kind as PrincipalKind, Principal},
    time::{Span, Time},
};

#[cfg(any(feature = "web", feature = "jwt-compact"))]
mod platform;

#[cfg(all(
    any(feature = "web", feature = "jwt-compact"),
    not(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))
))]
mod native;
#[cfg(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))]
mod web;

#[cfg(any(feature = "web", feature = "jwt-compact"))]
mod driver;

#[cfg(any(feature = "web", feature = "jwt-compact"))]
pub use driver::{
    fetch,
    presented::Presented,
    refusal::Refusal,
    session::{self, ArcpClient},
    tokens::{self, TokenManager},
    verifier::{self, JwtVerifier, Provider, VerifiedToken},
};

#[cfg(feature = "tower")]
pub mod tower;

// Its types stand in this crate's: for programs that would have another version of it.
#[cfg(feature = "jwt-compact")]
#[doc(no_inline)]
pub use ::jwt_compact;

// Nobody in Rust calls it: wasm-bindgen exports what it marks.
#[allow(unreachable_pub, reason = "it is public to JavaScript")]
#[cfg(all(target_arch = "wasm32", feature = "npm"))]
mod js;
