//! The platform without JavaScript: where an application's tests run, and its rendering on a server.
//!
//! The clock is the system's and chance the operating system's. There is no `fetch`, no socket and no executor of its own here: what
//! goes to the network, the program hands in.

#![allow(clippy::disallowed_types, reason = "there is a clock here, and whoever has none doesn't get this platform")]

mod check;
#[cfg_attr(not(feature = "jwt-compact"), path = "no_sign.rs")]
mod sign;
mod signal;
#[cfg_attr(not(feature = "jwt-compact"), path = "no_signature.rs")]
mod signature;
pub(crate) mod storage;
mod timer;
#[cfg(all(test, feature = "jwt-compact", not(target_arch = "wasm32")))]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "it is a test")]
mod wycheproof;

use std::{
    future::{ready, Future},
    ops::Deref,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    error::{Code, Error},
    jose::{alg::Algorithm, jwk::Jwk},
    platform::{
        fetch::{Failure, Request, Response},
        sign::PrivateKey,
        BoxFuture, Platform,
    },
    time::Time,
};

/// In wasm without JavaScript nobody tells the time, and the standard library panics when it is asked.
const HAS_CLOCK: bool = !cfg!(all(target_arch = "wasm32", target_os = "unknown"));

/// This platform.
#[derive(Debug)]
pub(crate) struct Native;

impl Platform for Native {
    type Key = signature::Key;
    type Signer = sign::Signer;
    type Signal = signal::Signal;
    type Check = check::Check;
    type Sleep = timer::Sleep;

    const SUPPORTS_ALL: bool = false;
    const HAS_FETCH: bool = false;
    const SPAWNS: bool = false;

    fn supports(algorithm: Algorithm) -> bool {
        signature::is_supported(algorithm)
    }

    fn now() -> Time {
        // Without a clock everything has ended, until the user hands one in.
        if !HAS_CLOCK {
            return Time::from_millis(f64::MAX);
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
        Time::from_millis(since.as_millis() as f64)
    }

    fn sleep(length: Duration) -> timer::Sleep {
        timer::Sleep::new(length)
    }

    fn fetch(_request: Request) -> impl Future<Output = Result<Response, Failure>> + Send + use<> {
        ready(Err(Failure::Network))
    }

    fn import(
        key: &Jwk,
        algorithm: Algorithm,
    ) -> impl Future<Output = Result<Option<signature::Key>, Error>> + Send + use<> {
        ready(if signature::is_supported(algorithm) {
            Ok(signature::import(algorithm, key))
        } else {
            let message = format!(
                "{algorithm} can't be checked without WebCrypto: there are HS256, HS384, HS512, ES256 and EdDSA here, with the feature \
                 `jwt-compact`"
            );
            Err(Error::new(Code::Config, message).about("algorithms"))
        })
    }

    fn check(key: &signature::Key, _algorithm: Algorithm, signature: &[u8], data: &[u8]) -> check::Check {
        check::Check::new(key, signature, data)
    }

    fn import_private(
        key: &PrivateKey,
        algorithm: Algorithm,
    ) -> impl Future<Output = Result<sign::Signer, Error>> + Send + use<> {
        ready(sign::import(key, algorithm).ok_or_else(|| {
            let message = format!(
                "`source.privateKey` is no key that signs {} without WebCrypto: there are ES256 and EdDSA here, with the feature \
                 `jwt-compact`",
                algorithm.signing_name()
            );
            Error::new(Code::Config, message).about("source.privateKey")
        }))
    }

    fn sign(
        key: &sign::Signer,
        _algorithm: Algorithm,
        data: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + use<> {
        ready(Ok(sign::sign(key, data)))
    }

    fn has_timers() -> bool {
        true
    }

    fn spawn(work: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        Err(work)
    }
}

/// What is the user's, and used from anywhere.
pub(crate) struct Shared<T>(T);

impl<T> Shared<T> {
    /// Wraps it.
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A future in a box.
pub(crate) fn boxed<'a, T: 'a>(future: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(future)
}
