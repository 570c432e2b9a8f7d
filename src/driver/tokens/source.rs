//! Where a manager's tokens come from.

use std::fmt;

use super::{
    callback::Callback,
    given::{CallbackError, Tokens},
    key::SigningKey,
    words::in_rust,
};
use crate::{
    config,
    driver::draft::Draft,
    error::{Code, Error},
    jose::url::PlainHosts,
    json,
    platform::{MaybeSend, MaybeSync},
    token::{
        manager::Reason,
        source::{self, Kind},
    },
};

/// Where tokens come from.
///
/// ```
/// use arcgate::tokens::{CallbackError, Source};
///
/// // A token that somebody hands in, and replaces with `set_token`.
/// let source = Source::fixed("an access token");
///
/// // A function of the program's own.
/// let source = Source::callback(|reason| async move {
///     println!("asked because it is {}", reason.as_str());
///     Ok::<_, CallbackError>("an access token")
/// });
///
/// // A machine's own credentials (RFC 6749 §4.4): a secret, or a key (RFC 7523).
/// let source = Source::client_credentials("https://login.example", "my-agent")
///     .client_secret("…")
///     .scope("arc.agent.caller")
///     .audience("https://agents.example");
///
/// // A refresh token that somebody hands in (RFC 6749 §6); its successors take its place.
/// let source = Source::refresh_token("https://login.example", "my-agent", "…");
/// ```
///
/// An option that a source does not have, or that is wrong, is told by [`TokenManager::new`](super::TokenManager::new).
#[derive(Clone)]
#[must_use]
pub struct Source {
    kind: Kind,
    draft: Draft,
    callback: Option<Callback>,
    key: Option<SigningKey>,
}

/// What a manager performs its attempts with, beside what the core knows.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) callback: Option<Callback>,
    pub(super) key: Option<SigningKey>,
}

impl Source {
    fn of(kind: Kind) -> Self {
        Self { kind, draft: Draft::default(), callback: None, key: None }
    }

    fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.draft.set_text(name, value.as_ref());
        self
    }

    fn with_member(mut self, name: &str, member: &str, value: &str) -> Self {
        self.draft.add_member(name, member, json::string(value));
        self
    }

    /// A token that stays until [`TokenManager::set_token`](super::TokenManager::set_token) replaces it.
    pub fn fixed(token: impl AsRef<str>) -> Self {
        Self::of(Kind::Static).with("token", token)
    }

    /// A function of the program's, for those who have another library that obtains tokens. It is asked for one token at a time, and
    /// may take a minute. With any `reason` but [`Reason::Initial`], caches must be passed over. What it fails with says whether it
    /// is asked again ([`CallbackError`]).
    pub fn callback<F, Fut, T, E>(function: F) -> Self
    where
        F: Fn(Reason) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: std::future::Future<Output = Result<T, E>> + MaybeSend + 'static,
        T: Into<Tokens>,
        E: Into<CallbackError>,
    {
        let callback = Some(Callback::new(function));
        Self { callback, ..Self::of(Kind::Callback) }
    }

    /// A machine's own credentials (RFC 6749 §4.4). The endpoint is found by the issuer's metadata: OpenID discovery, or RFC 8414.
    pub fn client_credentials(issuer: impl AsRef<str>, client_id: impl AsRef<str>) -> Self {
        Self::of(Kind::ClientCredentials).with("issuer", issuer).with("clientId", client_id)
    }

    /// As [`Source::client_credentials`], of a token endpoint whose address is known.
    pub fn client_credentials_at(token_endpoint: impl AsRef<str>, client_id: impl AsRef<str>) -> Self {
        Self::of(Kind::ClientCredentials).with("tokenEndpoint", token_endpoint).with("clientId", client_id)
    }

    /// A refresh token that somebody hands in (RFC 6749 §6). A new one that comes with an answer takes its place, and counts alone
    /// from then on: give [`Options::storage`](super::Options::storage) if the program is to go on with it after a restart.
    pub fn refresh_token(issuer: impl AsRef<str>, client_id: impl AsRef<str>, refresh_token: impl AsRef<str>) -> Self {
        Self::of(Kind::RefreshToken)
            .with("issuer", issuer)
            .with("clientId", client_id)
            .with("refreshToken", refresh_token)
    }

    /// As [`Source::refresh_token`], of a token endpoint whose address is known.
    pub fn refresh_token_at(
        token_endpoint: impl AsRef<str>,
        client_id: impl AsRef<str>,
        refresh_token: impl AsRef<str>,
    ) -> Self {
        Self::of(Kind::RefreshToken)
            .with("tokenEndpoint", token_endpoint)
            .with("clientId", client_id)
            .with("refreshToken", refresh_token)
    }

    /// Where tokens are asked for, beside the issuer: its metadata are not asked then, but to revoke a token.
    pub fn token_endpoint(self, url: impl AsRef<str>) -> Self {
        self.with("tokenEndpoint", url)
    }

    /// The provider, beside the token endpoint: its metadata say where tokens are revoked.
    pub fn issuer(self, issuer: impl AsRef<str>) -> Self {
        self.with("issuer", issuer)
    }

    /// Shows who the client is by its secret, in `Authorization` (`client_secret_basic`, RFC 6749 §2.3.1).
    pub fn client_secret(self, secret: impl AsRef<str>) -> Self {
        self.with("clientSecret", secret).with("clientAuth", "client_secret_basic")
    }

    /// Shows who the client is by its secret, in the body (`client_secret_post`).
    pub fn client_secret_post(self, secret: impl AsRef<str>) -> Self {
        self.with("clientSecret", secret).with("clientAuth", "client_secret_post")
    }

    /// Shows who the client is by a JWT that it signs (`private_key_jwt`, RFC 7523 §2.2). It is for the token endpoint where that
    /// was given, and for the issuer otherwise, unless [`Source::assertion_audience`] says for whom.
    pub fn private_key(mut self, key: SigningKey) -> Self {
        self.key = Some(key);
        self
    }

    /// The `kid` of what the key signs. Default: that of a JWK.
    pub fn key_id(self, id: impl AsRef<str>) -> Self {
        self.with("keyId", id)
    }

    /// The `aud` of what the key signs.
    pub fn assertion_audience(self, audience: impl AsRef<str>) -> Self {
        self.with("assertionAudience", audience)
    }

    /// The certificate's SHA-256 hash in base64url (`x5t#S256`), by which Entra ID finds it.
    pub fn certificate_sha256(self, thumbprint: impl AsRef<str>) -> Self {
        self.with_member("assertionHeader", "x5t#S256", thumbprint.as_ref())
    }

    /// The certificate's SHA-1 hash in base64url (`x5t`).
    pub fn certificate_sha1(self, thumbprint: impl AsRef<str>) -> Self {
        self.with_member("assertionHeader", "x5t", thumbprint.as_ref())
    }

    /// `scope`: what the token is to be good for, with spaces between.
    pub fn scope(self, scope: impl AsRef<str>) -> Self {
        self.with("scope", scope)
    }

    /// `audience`, which is not in the standards but wanted by Auth0 and others.
    pub fn audience(self, audience: impl AsRef<str>) -> Self {
        self.with("audience", audience)
    }

    /// `resource`: for which server the token is (RFC 8707).
    pub fn resource(self, resource: impl AsRef<str>) -> Self {
        self.with("resource", resource)
    }

    /// A further parameter of the token request.
    pub fn parameter(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.with_member("parameters", name.as_ref(), value.as_ref())
    }

    /// The core's source, by the one way that there is from options to a source; and what the core has no use for.
    pub(super) fn into_core(mut self, hosts: &PlainHosts) -> Result<(source::Source, Parts), Error> {
        self.draft.set_text("type", self.kind.as_str());
        if self.callback.is_some() {
            self.draft.set("fetchToken", "true");
        }
        if let Some(key) = &self.key {
            let facts = key.facts().map_err(in_rust)?;
            self.draft.set("privateKey", "true");
            self.draft.set_text("algorithm", facts.algorithm.signing_name());
            if let (Some(id), None) = (&facts.id, self.draft.get("keyId")) {
                self.draft.set_text("keyId", id);
            }
        }
        if let Some((option, problem)) = self.draft.problem() {
            let option = format!("source.{option}");
            return Err(in_rust(Error::new(Code::Config, format!("`{option}` {problem}")).about(option)));
        }
        let json = self.draft.to_json();
        let options = config::object(&json, "source").map_err(in_rust)?;
        let core = source::Source::from_options(&options, hosts).map_err(in_rust)?;
        Ok((core, Parts { callback: self.callback, key: self.key }))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Which options there are, and not what they hold.
        let names: Vec<_> = self.draft.names().collect();
        f.debug_struct("Source").field("type", &self.kind.as_str()).field("options", &names).finish_non_exhaustive()
    }
}
