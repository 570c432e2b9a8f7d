//! JWTs of several providers, verified against the keys that they publish.

mod authenticate;
mod beside;
mod build;
mod caches;
#[cfg(all(test, feature = "web", target_arch = "wasm32", target_os = "unknown"))]
#[allow(clippy::indexing_slicing, clippy::string_slice, clippy::unwrap_used, reason = "they are tests")]
mod cancelled;
mod driver;
mod event;
mod fetches;
mod inner;
#[cfg(feature = "jwt-compact")]
mod jwt_compact;
mod kept;
mod keys;
mod options;
mod plain;
mod provider;
mod store;
mod tier;
#[cfg(feature = "serde")]
mod typed;
mod user;
#[cfg(all(feature = "serde-wasm-bindgen", target_arch = "wasm32", target_os = "unknown"))]
mod values;
mod verified;

use std::{future::Future, sync::Arc};

pub use self::{
    build::Builder,
    caches::{JwksCache, TokenCache},
    event::Event,
    provider::{ClaimValue, Provider},
    verified::{Header, VerifiedToken},
};

use self::{beside::Beside, driver::Caller, inner::Inner, kept::Kept};
use crate::{
    driver::Shared,
    error::Error,
    platform::{BoxFuture, MaybeSend, MaybeSync},
};

/// Verifies tokens. A clone is the same verifier, with the same keys and the same cache; one serves all requests of a program.
///
/// ```
/// use arcgate::{Error, JwtVerifier, Provider};
///
/// fn verifier() -> Result<JwtVerifier, Error> {
///     JwtVerifier::builder()
///         .provider("auth0", Provider::discovery("https://example.eu.auth0.com/").audience("https://api.example.com"))
///         .provider("okta", Provider::discovery("https://example.okta.com/oauth2/default").audience("api://agents"))
///         .build()
/// }
///
/// async fn who(verifier: &JwtVerifier, token: &str) -> Result<String, Error> {
///     let token = verifier.verify_with(token, &["tickets:read"]).await?;
///     Ok(format!("{} of {}", token.principal().id(), token.provider()))
/// }
/// # assert!(verifier().is_ok());
/// ```
#[derive(Clone)]
pub struct JwtVerifier {
    inner: Arc<Inner>,
    kept: Arc<Kept>,
    beside: Option<Beside>,
}

impl JwtVerifier {
    /// A verifier's options, to be filled in.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A verifier of options as JSON: those of the package's `JwtVerifier.create`.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the option and the fix.
    pub fn from_json(options: &str) -> Result<Self, Error> {
        Builder::from_json(options).build()
    }

    fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), kept: Arc::default(), beside: None }
    }

    fn caller(&self) -> Caller<'_> {
        Caller { inner: &self.inner, kept: &self.kept, beside: self.beside.as_ref() }
    }

    /// Verifies a token (RFC 7519 §7.2).
    ///
    /// It may be dropped at any time. Of many calls that need keys one fetches them; where that one is dropped, another carries
    /// its fetch on, and where its request is cancelled, another begins one.
    ///
    /// # Errors
    /// What is wrong with the token, by its code; `ERR_JWKS_UNAVAILABLE` where its provider's keys can't be had now.
    pub fn verify<'a>(&'a self, token: &'a str) -> impl Future<Output = Result<VerifiedToken, Error>> + Send + use<'a> {
        driver::verify(self.caller(), token, &[])
    }

    /// As [`Self::verify`], of a token that needs these scopes for this call.
    ///
    /// # Errors
    /// As [`Self::verify`]'s, and `ERR_TOKEN_SCOPE` that lists what is missing.
    pub async fn verify_with(&self, token: &str, scopes: &[impl AsRef<str> + Sync]) -> Result<VerifiedToken, Error> {
        let scopes: Vec<String> = scopes.iter().map(|scope| scope.as_ref().to_owned()).collect();
        driver::verify(self.caller(), token, &scopes).await
    }

    /// The same verifier for one request: what goes on beside, the fetch of fresh keys, is handed to `keep`, which keeps it alive
    /// after the response and polls it. In a Worker that is the context's `wait_until`; with tokio `tokio::spawn`.
    #[must_use]
    pub fn wait_until(&self, keep: impl Fn(BoxFuture<'static, ()>) + MaybeSend + MaybeSync + 'static) -> Self {
        let keep = Shared::new(keep);
        Self { beside: Some(Arc::new(move |work| (*keep)(work))), ..self.clone() }
    }

    /// Whether a token that was accepted may be refused later: whoever keeps a session of it should ask again.
    pub fn asks_revocation(&self) -> bool {
        self.inner.user.asks_revocation()
    }

    /// The providers' keys with their age, as JSON, for another instance: [`Self::import_keys`].
    pub fn export_keys(&self) -> String {
        self.inner.state().snapshots()
    }

    /// Takes keys over that [`Self::export_keys`] gave. They are checked again and keep their age; those of other issuers are left
    /// alone.
    ///
    /// # Errors
    /// `ERR_CONFIG` for what is no such text.
    pub fn import_keys(&self, keys: &str) -> Result<(), Error> {
        self.inner.import_keys(keys)
    }
}

impl std::fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: &T) {}

    #[test]
    fn verifiers_and_their_futures_go_to_other_threads() {
        fn is_shared<T: Clone + Send + Sync + 'static>() {}
        is_shared::<JwtVerifier>();
        is_shared::<VerifiedToken>();
        is_shared::<Builder>();
        let verifier =
            JwtVerifier::from_json(r#"{"providers":{"a":{"issuer":"https://a.example","audience":"me"}}}"#).unwrap();
        is_send(&verifier.verify("a.b.c"));
        is_send(&verifier.verify_with("a.b.c", &["read"]));
    }
}
