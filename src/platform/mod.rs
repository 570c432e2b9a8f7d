//! The port: what the drivers need of the platform that they run on. `web` is it in browsers, Workers and Node, `native` everywhere
//! else, where an application's tests run, and its rendering on a server.
//!
//! Its functions are static and its types are named, so that nothing in the public API is generic over it.

pub(crate) mod fetch;
pub(crate) mod race;
mod send;
pub(crate) mod sign;
pub(crate) mod waiters;

use std::{future::Future, time::Duration};

use fetch::{Failure, Request, Response};
pub use send::{BoxError, BoxFuture, MaybeSend, MaybeSync};
use sign::PrivateKey;

use crate::{
    error::{Code, Error},
    jose::{alg::Algorithm, jwk::Jwk},
    time::{Span, Time},
};

/// What a platform has. Each future is `Send` and borrows nothing; dropped, it leaves nothing behind.
pub(crate) trait Platform: Sized + 'static {
    /// A key in the hands of whoever makes and checks signatures.
    type Key: Clone + Send + Sync + 'static;
    /// A private key in the hands of whoever signs with it.
    type Signer: Clone + Send + Sync + 'static;
    /// Something that happens once, and that many may wait for.
    type Signal: Signal;
    /// A check of a signature that was begun.
    type Check: Future<Output = Result<bool, Error>> + Send + Unpin + 'static;
    /// A pause.
    type Sleep: Future<Output = ()> + Send + Unpin + 'static;

    /// Whether signatures of each algorithm can be checked.
    const SUPPORTS_ALL: bool;
    /// Whether there is a `fetch` without the user's.
    const HAS_FETCH: bool;
    /// Whether work goes on beside without the user's help.
    const SPAWNS: bool;

    /// Whether signatures of this algorithm can be checked, as far as is known without trying.
    fn supports(algorithm: Algorithm) -> bool;

    /// The wall clock.
    fn now() -> Time;

    /// A pause of this length.
    fn sleep(length: Duration) -> Self::Sleep;

    /// Performs a request within its bounds. Redirects are not followed.
    fn fetch(request: Request) -> impl Future<Output = Result<Response, Failure>> + Send + use<Self>;

    /// Hands a key over, to check signatures of this algorithm with. `None` when it is refused: a point that is not on its curve, say.
    ///
    /// # Errors
    /// Where this platform knows no such algorithm, which is not the key's fault: `ERR_CONFIG`.
    fn import(
        key: &Jwk,
        algorithm: Algorithm,
    ) -> impl Future<Output = Result<Option<Self::Key>, Error>> + Send + use<Self>;

    /// Begins to check a signature. Both texts are copied before this returns.
    fn check(key: &Self::Key, algorithm: Algorithm, signature: &[u8], data: &[u8]) -> Self::Check;

    /// Hands a private key over, to sign with this algorithm, and not to be had back.
    ///
    /// # Errors
    /// Where it is refused, or this platform can't sign so: `ERR_CONFIG`.
    fn import_private(
        key: &PrivateKey,
        algorithm: Algorithm,
    ) -> impl Future<Output = Result<Self::Signer, Error>> + Send + use<Self>;

    /// Signs data. A signature of ECDSA is as JWS has it: both numbers, one behind the other.
    ///
    /// # Errors
    /// Where the platform does not sign: `ERR_CONFIG`.
    fn sign(
        key: &Self::Signer,
        algorithm: Algorithm,
        data: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + use<Self>;

    /// Whether timers go on beside, and don't end with the request that set them.
    fn has_timers() -> bool;

    /// Lets work go on beside, until it ends or whatever keeps it alive does. Gives the work back where the platform can't.
    fn spawn(work: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>>;
}

/// Something that happens once.
pub(crate) trait Signal: Clone + Send + Sync + 'static {
    /// One that has not happened.
    fn new() -> Self;

    /// Lets it happen. A second time does nothing.
    fn fire(&self);

    /// Waits until it has happened, and `bound` at most: whoever was to fire it may be gone without a word. `false` where that is
    /// known to be so.
    fn wait(&self, bound: Duration) -> impl Future<Output = bool> + Send + use<Self>;

    /// As [`Self::wait`], and keeps no process alive: for what goes on beside, and nobody waits for.
    fn wait_beside(&self, bound: Duration) -> impl Future<Output = bool> + Send + use<Self> {
        self.wait(bound)
    }
}

/// Fills a buffer from the platform's CSPRNG.
///
/// # Errors
/// Where there is none, or not here: Workers have chance in requests only.
pub(crate) fn fill_random(buffer: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(buffer).map_err(|_| {
        Error::new(
            Code::Config,
            "there are no random values here: Workers have them in requests only, not at global scope",
        )
    })
}

/// A machine's span as a duration; none for one that is over.
pub(crate) fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(0))
}
