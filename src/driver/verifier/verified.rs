//! A token that holds, as a program has it in its hands.

use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    jose::{alg::Algorithm, claims, verify},
    json::{self, Value},
    principal::{Kind, Principal},
    time::Time,
};

/// What a verifier knows of a provider by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderFacts {
    /// The name that the configuration gives it.
    pub(crate) name: String,
    /// The issuer that the configuration gives it.
    pub(crate) issuer: String,
}

/// A token whose signature and claims hold. Only a verifier makes one.
///
/// A handle: a clone costs nothing, and all of them, of later uses of the same token too, share what was read. The claims as types of your
/// own are [`claims`](Self::claims)'s, with the feature `serde`; single ones can be had without it:
///
/// ```
/// # use arcgate::VerifiedToken;
/// fn greeting(token: &VerifiedToken) -> String {
///     let name = token.claim_str("name").unwrap_or_default();
///     let is_admin = token.claim_list("/realm_access/roles").iter().any(|role| role == "admin");
///     format!("{name}, {} until {}, {is_admin}", token.principal().key(), token.expires_at().to_rfc3339())
/// }
/// ```
#[derive(Clone)]
pub struct VerifiedToken {
    sealed: Arc<verify::VerifiedToken>,
    providers: Arc<[ProviderFacts]>,
}

impl VerifiedToken {
    pub(crate) fn new(sealed: Arc<verify::VerifiedToken>, providers: &Arc<[ProviderFacts]>) -> Self {
        Self { sealed, providers: Arc::clone(providers) }
    }

    /// Who the token says the caller is. Made once, however often the token is used.
    pub fn principal(&self) -> &Principal {
        self.sealed.principal(|| self.to_principal())
    }

    /// The scopes that the token grants, each once.
    pub fn scopes(&self) -> &[String] {
        self.principal().scopes().unwrap_or_default()
    }

    /// Whether the token grants all of these scopes.
    pub fn has_scopes(&self, wanted: &[impl AsRef<str>]) -> bool {
        self.principal().has_scopes(wanted)
    }

    /// Refuses where a scope is missing that this call needs beyond the provider's `required_scopes`.
    ///
    /// # Errors
    /// `ERR_TOKEN_SCOPE`, whose subject lists what is missing.
    pub fn require_scopes(&self, wanted: &[impl AsRef<str>]) -> Result<(), Error> {
        if self.has_scopes(wanted) {
            return Ok(());
        }
        let granted: Vec<_> = self.scopes().iter().map(String::as_str).collect();
        Err(claims::missing_scopes_error(&claims::missing_scopes(&granted, wanted.iter().map(AsRef::as_ref))))
    }

    /// When the token ends: its `exp`, or when it reaches the age that the provider's `max_token_age` allows, whichever is first. It is
    /// accepted for the verifier's clock tolerance beyond that.
    pub fn expires_at(&self) -> Time {
        self.sealed.expires_at()
    }

    /// The name that the configuration gives its provider.
    pub fn provider(&self) -> &str {
        self.facts().map_or("", |facts| facts.name.as_str())
    }

    /// Whether the token lives for more than an hour: worth a line in a log, for it can't be taken back.
    pub fn is_long_lived(&self) -> bool {
        self.sealed.is_long_lived()
    }

    /// The claims, as the token's own JSON: strictly read, no member twice (RFC 7519 §4).
    pub fn claims_json(&self) -> &str {
        self.part(0, self.sealed.parts().claims)
    }

    /// A claim that is a text. A name that begins with a slash is a path (`/address/country`).
    pub fn claim_str(&self, name: &str) -> Option<String> {
        let claims = json::object_of(self.claims_json()).ok()?;
        claims::lookup(&claims, name)?.as_str().map(str::to_owned)
    }

    /// The texts of a claim that is a list of some, or one. None where it is missing, or anything else.
    pub fn claim_list(&self, name: &str) -> Vec<String> {
        let Ok(claims) = json::object_of(self.claims_json()) else { return Vec::new() };
        match claims::lookup(&claims, name) {
            Some(Value::String(one)) => vec![one.as_ref().to_owned()],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// The header, as the token's own JSON (RFC 7515 §4).
    pub fn header_json(&self) -> &str {
        self.part(self.sealed.parts().claims, self.sealed.parts().header)
    }

    /// What the header says of key and kind.
    pub fn header(&self) -> Header {
        let header = json::object_of(self.header_json()).unwrap_or_default();
        let text = |name| header.get(name).and_then(Value::as_str).map(str::to_owned);
        Header {
            algorithm: text("alg").and_then(|name| Algorithm::from_name(&name)),
            key_id: text("kid"),
            typ: text("typ"),
        }
    }

    fn to_principal(&self) -> Principal {
        let parts = self.sealed.parts();
        let id_at = parts.claims + parts.header;
        let labels_at = id_at + parts.id + parts.scopes + parts.scope_list;
        let issuer_at = labels_at + parts.labels + parts.key;
        let own_issuer = Some(self.part(issuer_at, parts.issuer)).filter(|issuer| !issuer.is_empty());
        let issuer = own_issuer.or_else(|| Some(self.facts()?.issuer.as_str()));
        // Few providers have any.
        let labels = match parts.labels {
            0 => json::Object::default(),
            length => json::object_of(self.part(labels_at, length)).unwrap_or_default(),
        };
        let label = |(name, value): (&str, &Value<'_>)| Some((name.to_owned(), value.as_str()?.to_owned()));
        Principal::new(Kind::Jwt, issuer, self.part(id_at, parts.id))
            .with_labels(labels.iter().filter_map(label).collect())
            .with_scopes(self.sealed.scopes().into_iter().map(Into::into).collect())
            .with_expiry(self.sealed.expires_at())
    }

    fn facts(&self) -> Option<&ProviderFacts> {
        self.providers.get(self.sealed.provider())
    }

    fn part(&self, from: usize, length: usize) -> &str {
        self.sealed.text().get(from..from + length).unwrap_or_default()
    }
}

impl fmt::Debug for VerifiedToken {
    /// Shows whose token it is and when it ends; neither the token nor what it claims.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("provider", &self.provider())
            .field("principal", &self.principal().key())
            .field("expires_at", &self.expires_at().to_rfc3339())
            .finish_non_exhaustive()
    }
}

/// What a token's header says (RFC 7515 §4.1).
///
/// ```
/// # use arcgate::VerifiedToken;
/// fn signed_by(token: &VerifiedToken) -> String {
///     let header = token.header();
///     format!("{:?} by {:?}", header.key_id, header.algorithm)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// `alg`: what the token is signed by.
    pub algorithm: Option<Algorithm>,
    /// `kid`: the name of the key that signed it.
    pub key_id: Option<String>,
    /// `typ`: the kind of token, as it stands there.
    pub typ: Option<String>,
}
