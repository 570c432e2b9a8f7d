//! The options of a verifier.

use std::future::Future;

use super::{
    event::Event, inner::Inner, options::Options, store, tier::NewTier, user::UserFunctions, verified::VerifiedToken,
    JwtVerifier,
};
use crate::{
    driver::environment::{environment_setters, fetch_setter, Environment},
    error::Error,
    platform::{BoxError, MaybeSend, MaybeSync},
};

/// A verifier's options. What is wrong with them is said by [`Builder::build`].
///
/// ```
/// use std::{collections::HashSet, sync::Arc, time::Duration};
///
/// use arcgate::{Code, Error, JwtVerifier, Provider};
///
/// # fn main() -> Result<(), Error> {
/// let revoked: Arc<HashSet<String>> = Arc::default();
/// let verifier = JwtVerifier::builder()
///     .provider("main", Provider::discovery("https://issuer.example").audience("https://api.example"))
///     .clock_tolerance(Duration::from_secs(10))
///     .is_revoked(move |token| {
///         let is_listed = token.claim_str("jti").is_some_and(|id| revoked.contains(&id));
///         async move { Ok::<_, Error>(is_listed) }
///     })
///     .check_claims(|token| async move {
///         match token.claim_str("tenant") {
///             Some(_) => Ok(()),
///             None => Err(Error::new(Code::TokenClaim, "the token names no tenant").about("tenant")),
///         }
///     })
///     .build()?;
/// # let _ = verifier;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Builder {
    pub(super) options: Options,
    environment: Environment,
    user: UserFunctions,
    tier: Option<NewTier<Inner>>,
}

impl Builder {
    /// Options that a JSON text holds: those of the package's `JwtVerifier.create`. The others can be added to them.
    pub fn from_json(options: &str) -> Self {
        Self { options: Options::from_json(options), ..Self::default() }
    }

    /// Asked at every verification, of tokens seen before too: whether the token is revoked. Where it fails, the call does, with
    /// `ERR_VERIFIER_UNAVAILABLE` (503, retryable), and what it has failed with as the error's [`source`](std::error::Error::source).
    /// Where it has not answered within [`JwksCache::timeout`](super::JwksCache::timeout), it is dropped, and the call fails with the
    /// same code and no source.
    pub fn is_revoked<F, A, E>(mut self, is_revoked: F) -> Self
    where
        F: Fn(VerifiedToken) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = Result<bool, E>> + MaybeSend + 'static,
        E: Into<BoxError>,
    {
        self.user.set_is_revoked(is_revoked);
        self
    }

    /// Your own check, of verified tokens only, at every verification: an error refuses the token, and is told as it is. It has
    /// [`JwksCache::timeout`](super::JwksCache::timeout), and is dropped then: `ERR_VERIFIER_UNAVAILABLE` (503, retryable).
    pub fn check_claims<F, A>(mut self, check_claims: F) -> Self
    where
        F: Fn(VerifiedToken) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = Result<(), Error>> + MaybeSend + 'static,
    {
        self.user.set_check_claims(check_claims);
        self
    }

    /// Hears of each token and each fetch. What it does takes its time from the request.
    pub fn on_event(mut self, on_event: impl Fn(&Event<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.user.set_on_event(on_event);
        self
    }

    /// A second tier for keys, which instances share: Workers KV, say. `read` is asked once for each issuer, before the first token,
    /// and has a second; `write` is given what has changed, an issuer and a text for `read`. They are taken as they are: whoever can
    /// write there can sign. What goes wrong in it harms nobody here.
    pub fn jwks_store<R, A, W, B>(mut self, read: R, write: W) -> Self
    where
        R: Fn(String) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = Option<String>> + MaybeSend + 'static,
        W: Fn(String, String) -> B + MaybeSend + MaybeSync + 'static,
        B: Future<Output = ()> + MaybeSend + 'static,
    {
        self.tier = Some(store::tier(read, write));
        self
    }

    fetch_setter!();

    environment_setters! {
        /// Lets work go on beside: `.spawn(tokio::spawn)`, which a server should have. Without JavaScript and without this, whoever
        /// begins to fetch fresh keys waits for them, and where that caller is dropped their fetch stands still until the next
        /// one who needs them carries it on, on its own runtime; [`JwtVerifier::wait_until`] says it for one request.
    }

    /// The verifier. Nothing is fetched before the first token.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the option and the fix.
    pub fn build(self) -> Result<JwtVerifier, Error> {
        Ok(JwtVerifier::new(Inner::new(self.options, self.environment, self.user, self.tier)?))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("environment", &self.environment).finish_non_exhaustive()
    }
}
