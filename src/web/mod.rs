//! The platform in JavaScript: browsers, Workers of any kind, Node.
//!
//! Everything is a global's member (`crypto.subtle.verify`, `setTimeout`): there is a `Window` in some of these places only, and in
//! workerd nothing is an instance of `WorkerGlobalScope`. Handles and futures of JavaScript's can't be sent to another thread, and
//! stand in a `SendWrapper`: there is one thread.

mod fetch;
#[cfg(feature = "serde-wasm-bindgen")]
mod options;
mod scope;
mod sign;
mod socket;
pub(crate) mod storage;
mod subtle;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "they are tests")]
mod tests;
mod timer;
mod verdict;
mod wake_hints;
#[cfg(test)]
mod wycheproof;

use std::{future::Future, ops::Deref, time::Duration};

#[cfg(feature = "serde-wasm-bindgen")]
pub(crate) use wasm_bindgen::JsValue as Value;

use send_wrapper::SendWrapper;

#[cfg(feature = "serde-wasm-bindgen")]
pub(crate) use self::options::read as read_options;
pub(crate) use self::{
    socket::{Event as SocketEvent, WebSocket},
    wake_hints::WakeHints,
};
use crate::{
    error::Error,
    jose::{alg::Algorithm, jwk::Jwk},
    platform::{
        fetch::{Failure, Request, Response},
        sign::PrivateKey,
        BoxFuture, Platform,
    },
    time::Time,
};

/// Sound JSON as a value of JavaScript's.
#[cfg(feature = "serde-wasm-bindgen")]
pub(crate) fn parsed(json: &str) -> Result<Value, Error> {
    js_sys::JSON::parse(json)
        .map_err(|_| Error::new(crate::error::Code::Internal, "what is JSON here is none to JavaScript"))
}

/// This platform.
#[derive(Debug)]
pub(crate) struct Web;

impl Platform for Web {
    type Key = subtle::Key;
    type Signer = subtle::Key;
    type Signal = timer::Signal;
    type Check = subtle::Check;
    type Sleep = timer::Sleep;

    const SUPPORTS_ALL: bool = true;
    const HAS_FETCH: bool = true;
    const SPAWNS: bool = true;

    fn supports(_algorithm: Algorithm) -> bool {
        true
    }

    fn now() -> Time {
        Time::from_millis(js_sys::Date::now())
    }

    fn sleep(length: Duration) -> timer::Sleep {
        timer::Sleep::new(length)
    }

    fn fetch(request: Request) -> impl Future<Output = Result<Response, Failure>> + Send + use<> {
        SendWrapper::new(fetch::fetch(request))
    }

    fn import(
        key: &Jwk,
        algorithm: Algorithm,
    ) -> impl Future<Output = Result<Option<subtle::Key>, Error>> + Send + use<> {
        subtle::import(key, algorithm)
    }

    fn check(key: &subtle::Key, algorithm: Algorithm, signature: &[u8], data: &[u8]) -> subtle::Check {
        subtle::check(key, algorithm, signature, data)
    }

    fn import_private(
        key: &PrivateKey,
        algorithm: Algorithm,
    ) -> impl Future<Output = Result<subtle::Key, Error>> + Send + use<> {
        sign::import_private(key, algorithm)
    }

    fn sign(
        key: &subtle::Key,
        algorithm: Algorithm,
        data: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + use<> {
        sign::sign_with(key, algorithm, data)
    }

    fn has_timers() -> bool {
        scope::has_timers()
    }

    fn spawn(work: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        wasm_bindgen_futures::spawn_local(work);
        Ok(())
    }
}

/// What is the user's, and used from anywhere.
pub(crate) struct Shared<T>(SendWrapper<T>);

impl<T> Shared<T> {
    /// Wraps it.
    pub(crate) fn new(value: T) -> Self {
        Self(SendWrapper::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A future in a box.
pub(crate) fn boxed<'a, T: 'a>(future: impl Future<Output = T> + 'a) -> BoxFuture<'a, T> {
    Box::pin(SendWrapper::new(future))
}
