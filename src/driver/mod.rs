//! The drivers: they carry what the machines of the core want over the platform, and what comes of it back. The machines decide.
//!
//! A driver's state stands behind a mutex that is never held over an await, nor while anything of the user's runs. Whatever is waited
//! for may never come: a future of a request that was cancelled is neither polled nor dropped any more. So nobody depends on another's
//! future without a bound, and whoever drops one leaves what others can go on from.

pub(crate) mod cause;
mod draft;
mod environment;
pub mod fetch;
pub(crate) mod presented;
pub(crate) mod refusal;
pub(crate) mod renewals;
pub mod session;
pub mod tokens;
pub mod verifier;
pub(crate) mod wake_hints;
mod words;

#[cfg(not(all(feature = "web", target_arch = "wasm32", target_os = "unknown")))]
pub(crate) use crate::native::{boxed, storage, Native as Here, Shared};
#[cfg(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))]
pub(crate) use crate::web::{boxed, storage, Shared, Web as Here};
