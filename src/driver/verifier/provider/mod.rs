//! A provider of identity, as a program in Rust describes one.

mod claims;
mod keys;

use std::{fmt, time::Duration};

pub use self::claims::ClaimValue;

use crate::{driver::draft::Draft, jose::alg::Algorithm, json, secret::Secret};

/// A provider of identity: whose tokens are accepted, what verifies them, and on which terms.
///
/// What stands here is checked by [`Builder::build`](super::Builder::build), which names the provider and the option in its `ERR_CONFIG`.
/// Whose tokens these are is said first, together with where the keys come from; what they must say of whom they are meant for
/// ([`audience`](Self::audience), or [`any_audience`](Self::any_audience)) must be said, too. Everything else has a default.
///
/// ```
/// use std::time::Duration;
/// use arcgate::{Algorithm, Provider};
///
/// let auth0 = Provider::discovery("https://acme.eu.auth0.com/")
///     .audience("https://api.acme.example")
///     .algorithms([Algorithm::RS256])
///     .required_scopes(["tickets:read"])
///     .required_claim_value("gty", "client-credentials")
///     .label("organisation", "org_id")
///     .max_token_age(Duration::from_secs(3600));
/// # let _ = auth0;
/// ```
#[derive(Clone)]
#[must_use = "a provider does nothing until a verifier's builder has it"]
pub struct Provider {
    issuer: String,
    draft: Draft,
    secret: Option<Secret>,
    /// Whether its keys are discovered; the core takes a provider with a secret and no word of keys for one without any.
    is_discovered: bool,
    /// Whether public keys' algorithms are listed, and secrets'.
    listed: [bool; 2],
}

impl Provider {
    fn new(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        let mut draft = Draft::default();
        draft.set_text("issuer", &issuer);
        Self { issuer, draft, secret: None, is_discovered: false, listed: [false; 2] }
    }

    /// Accepts tokens that name this audience in `aud`: what this API is called there. May be said several times; one of them
    /// in the token will do (RFC 7519 §4.1.3).
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.audiences([audience])
    }

    /// The same for several audiences at once.
    pub fn audiences(mut self, audiences: impl IntoIterator<Item = impl Into<String>>) -> Self {
        if self.draft.get("audience") == Some("null") {
            self.draft.refuse("audience", "can't stand beside `any_audience`");
        } else {
            self.draft.add_texts("audience", audiences);
        }
        self
    }

    /// Accepts tokens for whatever audience, and those without one (Cognito's access tokens, Clerk's). Fix another claim then
    /// ([`required_claim_value`](Self::required_claim_value)): else a token that another API was given is as good here.
    pub fn any_audience(mut self) -> Self {
        if self.draft.get("audience").is_none_or(|json| json == "null") {
            self.draft.set("audience", "null");
        } else {
            self.draft.refuse("audience", "can't stand beside `any_audience`");
        }
        self
    }

    /// The algorithms that its tokens may be signed with. Without it: all with public keys; where it has a secret alone, those
    /// with a shared secret. Where it has both (a migration), the list must have some of each.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        for algorithm in &algorithms {
            let [public, shared] = &mut self.listed;
            *(if algorithm.is_symmetric() { shared } else { public }) = true;
        }
        self.draft.add_texts("algorithms", algorithms.into_iter().map(Algorithm::name));
        self
    }

    /// Scopes that every token needs. May be said several times.
    pub fn required_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.draft.add_texts("requiredScopes", scopes);
        self
    }

    /// The claims that hold scopes, as one text or as a list: instead of `scope` and `scp`. A name that begins with a slash is a path
    /// (`/realm_access/roles`).
    pub fn scope_claims(mut self, claims: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.draft.add_texts("scopeClaims", claims);
        self
    }

    /// The kinds of token that are accepted, by the header's `typ` (RFC 8725 §3.11): instead of `at+jwt`, `JWT` and none. An
    /// empty text stands for a header without `typ`.
    pub fn typ(mut self, kinds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.draft.add_texts("typ", kinds);
        self
    }

    /// The claim that names the principal, instead of `sub`. May be said several times: the first that is there and not empty
    /// names it. A name that begins with a slash is a path.
    pub fn principal_claim(self, claim: impl Into<String>) -> Self {
        self.principal_claims([claim])
    }

    /// The same for several claims at once.
    pub fn principal_claims(mut self, claims: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.draft.add_texts("principalClaim", claims);
        self
    }

    /// Gives principals a label: its name, and the claim that its value is taken from where the token has it.
    pub fn label(mut self, label: impl AsRef<str>, claim: impl AsRef<str>) -> Self {
        self.draft.check("labelClaims", claim.as_ref());
        self.draft.add_member("labelClaims", label.as_ref(), json::string(claim.as_ref()));
        self
    }

    /// How long after its `iat` a token is accepted at most; ten years is the longest. To the millisecond.
    pub fn max_token_age(mut self, age: Duration) -> Self {
        self.draft.set_seconds("maxTokenAgeSec", age);
        self
    }

    /// How long a token may live by its own account (`exp` less `iat`). To the millisecond.
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.draft.set_seconds("maxLifetimeSec", lifetime);
        self
    }

    /// Whose tokens are accepted of a provider with many tenants (Entra ID): by what they have in `tid`, which stands in the place of
    /// `{tenantid}` in the issuer.
    pub fn tenants(mut self, tenants: impl IntoIterator<Item = impl Into<String>>) -> Self {
        if self.draft.get("tenants") == Some("\"any\"") {
            self.draft.refuse("tenants", "can't stand beside `any_tenant`");
        } else {
            self.draft.add_texts("tenants", tenants);
        }
        self
    }

    /// Accepts tokens of every tenant that the provider signs for: anybody's who has an account there.
    pub fn any_tenant(mut self) -> Self {
        if self.draft.get("tenants").is_none_or(|json| json == "\"any\"") {
            self.draft.set("tenants", "\"any\"");
        } else {
            self.draft.refuse("tenants", "can't stand beside `any_tenant`");
        }
        self
    }

    /// What it is made of, for the verifier's options.
    pub(in crate::driver) fn into_parts(mut self) -> (Draft, Option<Secret>) {
        if self.is_discovered && self.secret.is_some() && self.listed != [true; 2] {
            let what =
                "must list some for the discovered keys and some for the secret (`and_secret`), where there are both";
            self.draft.refuse("algorithms", what);
        }
        (self.draft, self.secret)
    }
}

impl fmt::Debug for Provider {
    /// Shows the issuer and which options there are; never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.issuer)
            .field("options", &self.draft.names().collect::<Vec<_>>())
            .field("secret", &self.secret)
            .finish()
    }
}
