//! Where a provider's keys come from.

use super::Provider;
use crate::{json, secret::Secret};

impl Provider {
    /// A provider whose keys are found by its metadata: OpenID Connect Discovery's document at the issuer, or RFC 8414's.
    ///
    /// `issuer` is exactly what its tokens have in `iss`, the slash at its end included. With `{tenantid}` in it, it stands for one
    /// issuer for each tenant: say whose tokens are accepted by [`tenants`](Self::tenants).
    pub fn discovery(issuer: impl Into<String>) -> Self {
        Self { is_discovered: true, ..Self::new(issuer) }
    }

    /// A provider whose metadata is at this URL, not at the issuer (Azure AD B2C). The document must name the issuer all the same.
    pub fn discovery_at(issuer: impl Into<String>, url: impl AsRef<str>) -> Self {
        let mut provider = Self::discovery(issuer);
        provider.draft.set_text("discoveryUrl", url.as_ref());
        provider
    }

    /// A provider whose key set (RFC 7517 §5) is at this URL: nothing is discovered.
    pub fn jwks_uri(issuer: impl Into<String>, uri: impl AsRef<str>) -> Self {
        let mut provider = Self::new(issuer);
        provider.draft.set_text("jwksUri", uri.as_ref());
        provider
    }

    /// A provider whose key set is fixed: nothing is fetched. `jwks` is its JSON, `{"keys": […]}`, with public keys alone.
    pub fn jwks(issuer: impl Into<String>, jwks: impl AsRef<str>) -> Self {
        let mut provider = Self::new(issuer);
        match json::parse(jwks.as_ref().as_bytes()) {
            Ok(value) => {
                let mut text = String::new();
                value.write(&mut text);
                provider.draft.set("jwks", text);
            }
            Err(problem) => provider.draft.refuse("jwks", problem.to_string()),
        }
        provider
    }

    /// A provider that signs with a secret that both know, of 32 bytes at least, by HS256, HS384 or HS512 (RFC 7518 §3.2). Whoever
    /// verifies can sign as well: prefer public keys where there is a choice.
    pub fn secret(issuer: impl Into<String>, secret: impl Into<Vec<u8>>) -> Self {
        Self::new(issuer).and_secret(secret)
    }

    /// A secret beside public keys, for the time of a migration from one to the other:
    /// [`algorithms`](Self::algorithms) must list some of each kind then.
    pub fn and_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        if self.secret.replace(Secret::new(secret.into())).is_some() {
            self.draft.refuse("secret", "is given twice");
        }
        self
    }
}
