//! The verifier: a machine that takes tokens and the time, and says what it needs next.
//!
//! ```text
//! begin(token, now) ─┬─▶ Verified        a token seen before: everything but the signature was checked again
//!                    ├─▶ Refused
//!                    ├─▶ Fetch, Wait     keys are needed: fetch them, or wait for whoever does; then begin again
//!                    ├─▶ Import          WebCrypto needs the key as a CryptoKey; then begin again
//!                    └─▶ Check           WebCrypto decides about the signature ──▶ finish(check, approved, now)
//! ```
//!
//! Only [`Verifier`] can make a [`VerifiedToken`]. Until the signature is approved, what the claims say stays in a private
//! type, their errors included.

mod token;

use std::{mem, rc::Rc};

pub use token::VerifiedToken;

use super::{
    alg::Algorithm,
    checks::{Check, CheckId, Checks},
    claims,
    jwk::Jwk,
    jwks::{Hint, Jwks, KeyId, KeyIds},
    jwks_cache::{CacheConfig, Decision, FetchId, FetchOutcome, JwksCache, Place, Progress},
    jws::{Scratch, UntrustedJws},
    key_source::KeySource,
    provider::Provider,
    refusal::{no_key, other_algorithm, other_issuer, unreadable, wrong_length},
    rsa,
    seal::{seal, Named},
    token_cache::{Bounds, TokenCache},
};
use crate::{
    error::{Code, Error},
    json::{self, Object, Value},
    principal::{self, Kind},
    time::{Span, Time},
};

/// What the machine needs next.
#[derive(Debug)]
pub enum Step {
    /// The token was seen before, and is good.
    Verified(Rc<VerifiedToken>),
    /// The token is refused.
    Refused(Error),
    /// Fetch the provider's keys ([`Verifier::request`], [`Verifier::response`]), then begin again.
    Fetch(usize, FetchId),
    /// Somebody is fetching the provider's keys: wait for that, but not past the given instant; then begin again.
    Wait(usize, FetchId, Time),
    /// Import the key ([`Verifier::key`], [`Verifier::imported`]), then begin again.
    Import {
        /// The key.
        key: KeyId,
        /// What it is to be used for.
        algorithm: Algorithm,
        /// As [`SignatureCheck::refresh`].
        refresh: Option<(usize, FetchId)>,
    },
    /// Check the signature, then finish.
    Check(SignatureCheck),
}

/// A signature to be checked.
#[derive(Debug)]
pub struct SignatureCheck {
    /// What to give to [`Verifier::finish`].
    pub id: CheckId,
    /// The key.
    pub key: KeyId,
    /// The algorithm, fixed by the provider's configuration and the key.
    pub algorithm: Algorithm,
    /// How long the signature is, which stands at [`Verifier::signature`]: exactly as long as the key asks for.
    pub signature_len: usize,
    /// How many bytes from the token's start are signed.
    pub signing_input_len: usize,
    /// A fetch that this caller should begin without waiting for it: the keys are getting old.
    pub refresh: Option<(usize, FetchId)>,
    /// Where the signature is not this key's and the token may mean another: what to begin again with ([`Verifier::begin_with`]).
    pub next: Option<usize>,
}

/// The options of a verifier, all providers included.
#[derive(Debug, Default)]
pub struct Settings {
    /// How far clocks may be apart.
    pub tolerance: Option<Span>,
    /// The bounds of the cache of verified tokens; no cache if `None`.
    pub token_cache: Option<Bounds>,
    /// The terms of the cache of keys.
    pub key_cache: CacheConfig,
}

/// The machine.
#[derive(Debug)]
pub struct Verifier {
    providers: Vec<(Provider, JwksCache)>,
    tolerance: Span,
    tokens: Option<TokenCache>,
    ids: KeyIds,
    imported: Vec<(KeyId, Algorithm)>,
    checks: Checks,
    scratch: Scratch,
}

impl Verifier {
    /// A verifier for these providers.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn new(providers: Vec<Provider>, settings: Settings) -> Result<Self, Error> {
        if providers.is_empty() {
            return Err(Error::new(Code::Config, "`providers` is empty: nobody could be let in").about("providers"));
        }
        let mut ids = KeyIds::default();
        let mut sources: Vec<(Provider, JwksCache)> = Vec::with_capacity(providers.len());
        for mut provider in providers {
            if let Some((other, _)) = sources.iter().find(|(other, _)| other.issuer.text() == provider.issuer.text()) {
                return Err(Error::new(
                    Code::Config,
                    format!(
                        "`providers.{}` and `providers.{}` have the same issuer: make them one, with a list of audiences",
                        other.name, provider.name
                    ),
                )
                .about(format!("providers.{}", provider.name)));
            }
            let cache = key_cache(&mut provider, &settings.key_cache, &mut ids)?;
            sources.push((provider, cache));
        }
        Ok(Self {
            providers: sources,
            tolerance: settings.tolerance.unwrap_or(Span::from_secs(30)),
            tokens: settings.token_cache.map(TokenCache::new),
            ids,
            imported: Vec::new(),
            checks: Checks::default(),
            scratch: Scratch::default(),
        })
    }

    /// Begins with a token, or begins again after what a step asked for. `arrived` is when the token came in first.
    pub fn begin(&mut self, token: &[u8], arrived: Time, now: Time) -> Step {
        self.begin_with(0, token, arrived, now)
    }

    /// As [`Self::begin`], of a token that names no key, when so many of those that it could mean have been tried.
    pub fn begin_with(&mut self, tried: usize, token: &[u8], arrived: Time, now: Time) -> Step {
        self.try_begin(tried, token, arrived, now).unwrap_or_else(Step::Refused)
    }

    fn try_begin(&mut self, tried: usize, token: &[u8], arrived: Time, now: Time) -> Result<Step, Error> {
        if let Some(verified) = self.seen_before(token, now) {
            verified.window().check(now)?;
            return Ok(Step::Verified(verified));
        }
        let jws = UntrustedJws::parse(token, &mut self.scratch)?;
        let payload = text(jws.payload())?;
        let claims = json::object_of(payload).map_err(unreadable)?;
        let (index, issuer) = provider_of(&self.providers, &claims)?;
        let (provider, keys) = self.providers.get_mut(index).ok_or_else(no_provider)?;
        let algorithm = jws.header().algorithm();
        if !provider.keys.algorithms.contains(algorithm) {
            return Err(other_algorithm(provider, algorithm));
        }
        provider.check_type(jws.header().typ())?;
        // What no key could have signed is over before any key is looked for, or fetched.
        let length = jws.signature().len();
        if !is_possible_length(algorithm, length) {
            return Err(wrong_length(algorithm));
        }
        let hint = Hint {
            kid: jws.header().kid(),
            algorithm,
            issuer: Some(issuer),
            is_own: !provider.issuer.has_tenants(),
            tried,
        };
        let chosen = match choose(keys, hint, length, arrived, now) {
            Chosen::Key(chosen) => chosen,
            Chosen::Other(Decision::Fetch(fetch)) => return Ok(Step::Fetch(index, fetch)),
            Chosen::Other(Decision::Wait { fetch, until }) => return Ok(Step::Wait(index, fetch, until)),
            // A fetch that was begun is performed, whatever becomes of the token: else tokens like this one, sent again and
            // again, would keep the keys from being refreshed.
            Chosen::WrongLength(Some(fetch)) => return Ok(Step::Fetch(index, fetch)),
            Chosen::WrongLength(None) => return Err(wrong_length(algorithm)),
            Chosen::Other(decision) => return Err(no_key(provider, &hint, decision, keys.kept_for(&hint))),
        };
        let (key, refresh) = (chosen.key, chosen.refresh.map(|fetch| (index, fetch)));
        if !self.imported.contains(&(key, algorithm)) {
            return Ok(Step::Import { key, algorithm, refresh });
        }
        let kept = if self.tokens.is_some() { text(token)? } else { "" };
        let named = Named { name: issuer, is_own: provider.issuer.has_tenants() };
        let outcome = claims::check(provider, &claims, self.tolerance, now)
            .and_then(|candidate| seal(named, &candidate, kept, text(jws.header().text())?, payload));
        let check = Check { provider: index, generation: keys.generation(), outcome };
        Ok(Step::Check(SignatureCheck {
            id: self.checks.add(check, now)?,
            key,
            algorithm,
            signature_len: length,
            signing_input_len: jws.signing_input_len(),
            refresh,
            next: chosen.next,
        }))
    }

    /// What the key of every plainly named principal of a provider begins with; the id follows.
    pub fn principal_prefix(&self, provider: usize) -> Option<String> {
        Some(principal::key(Kind::Jwt, Some(self.providers.get(provider)?.0.issuer.text()), ""))
    }

    /// Where the signature to check stands, at its beginning; it stays at this address.
    pub fn signature(&self) -> &[u8] {
        self.scratch.signature()
    }

    /// Ends a check with WebCrypto's answer.
    ///
    /// # Errors
    /// `ERR_TOKEN_SIGNATURE`, or what the claims lack.
    pub fn finish(&mut self, id: CheckId, approved: bool, now: Time) -> Result<Rc<VerifiedToken>, Error> {
        let check = self.checks.take(id)?;
        if !approved {
            return Err(Error::new(Code::TokenSignature, "the signature is not that of the provider's key"));
        }
        let sealed = check.outcome?;
        sealed.window.check(now)?;
        let (provider, generation) = (check.provider, check.generation);
        let verified = Rc::new(VerifiedToken { sealed, provider, generation });
        let keys = &self.providers.get(provider).ok_or_else(no_provider)?.1;
        // Keys that changed while WebCrypto worked are no reason to refuse, but one not to remember.
        if let (Some(tokens), true) = (&mut self.tokens, keys.generation() == generation) {
            tokens.insert(&verified, now);
        }
        Ok(verified)
    }

    /// Forgets a check that nobody will finish.
    pub fn abandon(&mut self, id: CheckId) {
        let _ = self.checks.take(id);
    }

    /// What to GET next for a fetch; `None` when the fetch is no longer wanted.
    pub fn request(&self, provider: usize, fetch: FetchId) -> Option<&str> {
        self.providers.get(provider)?.1.request(fetch)
    }

    /// Hands in what a request brought.
    pub fn response(&mut self, provider: usize, fetch: FetchId, outcome: FetchOutcome<'_>, now: Time) -> Progress {
        let Some((_, keys)) = self.providers.get_mut(provider) else { return Progress::Done };
        keys.response(fetch, outcome, &mut self.ids, now)
    }

    /// The name of a provider, for events.
    pub fn provider_name(&self, provider: usize) -> Option<&str> {
        Some(&self.providers.get(provider)?.0.name)
    }

    /// A key for WebCrypto: a public JWK as JSON, or the bytes of a secret.
    pub fn key(&self, id: KeyId) -> Option<&Jwk> {
        self.providers.iter().find_map(|(_, keys)| keys.key(id))
    }

    /// Says that a key was imported, or that WebCrypto refused it; a refused key is not used again.
    pub fn imported(&mut self, key: KeyId, algorithm: Algorithm, accepted: bool) {
        if accepted {
            if !self.imported.contains(&(key, algorithm)) {
                self.imported.push((key, algorithm));
            }
            return;
        }
        for (_, keys) in &mut self.providers {
            keys.import_failed(key, algorithm);
        }
    }

    /// The keys that are no longer used; their CryptoKeys can go.
    pub fn retired(&mut self) -> Vec<KeyId> {
        let mut retired = Vec::new();
        for (_, keys) in &mut self.providers {
            retired.append(&mut keys.retired());
        }
        self.imported.retain(|(key, _)| !retired.contains(key));
        retired
    }

    /// The keys of all providers that have fetched some, as a JSON array of snapshots.
    pub fn export_keys(&self) -> String {
        let snapshots: Vec<_> = self.providers.iter().filter_map(|(_, keys)| keys.export()).collect();
        format!("[{}]", snapshots.join(","))
    }

    /// Takes snapshots over. The keys are checked again and keep their age; those of other issuers are left alone.
    ///
    /// # Errors
    /// `ERR_CONFIG` for what is not a snapshot.
    pub fn import_keys(&mut self, snapshots: &Value<'_>, now: Time) -> Result<(), Error> {
        let wrong = || {
            Error::new(Code::Config, "importKeys takes what exportKeys gave: a list of { issuer, jwks, … }")
                .about("snapshots")
        };
        for snapshot in snapshots.as_array().ok_or_else(wrong)? {
            let snapshot = snapshot.as_object().ok_or_else(wrong)?;
            let issuer = snapshot.get("issuer").and_then(Value::as_str).ok_or_else(wrong)?;
            if let Some((_, keys)) = self.providers.iter_mut().find(|(provider, _)| provider.issuer.text() == issuer) {
                keys.import(snapshot, &mut self.ids, now)?;
            }
        }
        Ok(())
    }

    /// A token that the cache holds, whose keys are still good.
    fn seen_before(&mut self, token: &[u8], now: Time) -> Option<Rc<VerifiedToken>> {
        let tokens = self.tokens.as_mut()?;
        let verified = tokens.get(token, now)?;
        let keys = &self.providers.get(verified.provider)?.1;
        if keys.generation() == verified.generation && keys.is_current(now) {
            return Some(verified);
        }
        if keys.generation() != verified.generation {
            tokens.remove(token);
        }
        None
    }
}

/// The cache of keys that fits where the provider's keys come from.
fn key_cache(provider: &mut Provider, config: &CacheConfig, ids: &mut KeyIds) -> Result<JwksCache, Error> {
    let path = format!("providers.{}", provider.name);
    let issuer = || provider.issuer.clone();
    let cache = match mem::replace(&mut provider.keys.source, KeySource::None) {
        KeySource::Discovery => JwksCache::at(Place::Issuer, issuer(), config.clone()),
        KeySource::Document(url) => JwksCache::at(Place::Document(url), issuer(), config.clone()),
        KeySource::JwksUri(uri) => JwksCache::at(Place::Keys(uri), issuer(), config.clone()),
        KeySource::Static(text) => {
            let jwks = Jwks::parse(text.as_bytes(), ids).map_err(|error| {
                Error::new(Code::Config, format!("`{path}.jwks`: {}", error.message())).about(format!("{path}.jwks"))
            })?;
            JwksCache::fixed(jwks)
        }
        KeySource::None => JwksCache::fixed(Jwks::default()),
    };
    Ok(match provider.keys.secret.take() {
        Some(secret) => cache.and_secret(Jwks::from_secret(secret, ids)),
        None => cache,
    })
}

/// The key to check a token with.
struct Choice {
    key: KeyId,
    refresh: Option<FetchId>,
    /// As [`SignatureCheck::next`].
    next: Option<usize>,
}

enum Chosen {
    Key(Choice),
    /// No key that could be meant makes signatures of this length.
    WrongLength(Option<FetchId>),
    Other(Decision),
}

/// The next key to try, of those that make signatures of this length.
fn choose(keys: &mut JwksCache, mut hint: Hint<'_>, length: usize, arrived: Time, now: Time) -> Chosen {
    let mut begun = None;
    loop {
        match keys.find(&hint, arrived, now) {
            Decision::Use { key, has_next, refresh } => {
                begun = begun.or(refresh);
                let next = has_next.then_some(hint.tried + 1);
                if keys.key(key).map(|jwk| jwk.signature_len(hint.algorithm)) == Some(length) {
                    return Chosen::Key(Choice { key, refresh: begun, next });
                }
                match next {
                    Some(tried) => hint.tried = tried,
                    None => return Chosen::WrongLength(begun),
                }
            }
            decision => return Chosen::Other(decision),
        }
    }
}

/// The provider whose issuer the token names, and that issuer. Unverified, `iss` may do this and nothing else: select among
/// those configured. Of a provider with tenants `tid` must say the same.
fn provider_of<'c>(providers: &[(Provider, JwksCache)], claims: &'c Object<'_>) -> Result<(usize, &'c str), Error> {
    let issuer = match claims.get("iss") {
        Some(Value::String(issuer)) => issuer.as_ref(),
        Some(other) => {
            let message = format!("the claim `iss` is {}, not a string", other.kind());
            return Err(Error::new(Code::TokenIssuer, message).about("iss"));
        }
        None => return Err(Error::new(Code::TokenIssuer, "the token has no `iss`").about("iss")),
    };
    // One that is configured by its whole name goes before one for many tenants.
    let exact = providers.iter().position(|(provider, _)| provider.issuer.fits(issuer, None));
    let found = exact.or_else(|| {
        let tenant = claims.get("tid").and_then(Value::as_str);
        providers.iter().position(|(provider, _)| provider.issuer.has_tenants() && provider.issuer.fits(issuer, tenant))
    });
    found.map(|index| (index, issuer)).ok_or_else(|| other_issuer(providers, issuer))
}

// Checks and tokens name the provider that they came from, and none is ever taken away.
fn no_provider() -> Error {
    Error::new(Code::Internal, "there is no such provider")
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| unreadable(json::Problem::Syntax))
}

/// Whether any key that is fit for the algorithm could have made a signature of so many bytes.
fn is_possible_length(algorithm: Algorithm, length: usize) -> bool {
    let of_rsa = rsa::MIN_BITS / 8..=rsa::MAX_BITS / 8;
    algorithm.signature_len().map_or(of_rsa.contains(&length), |exact| exact == length)
}
