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

mod begin;
mod refusal;
mod step;
mod token;
mod token_cache;

use std::{convert::Infallible, mem, sync::Arc};

pub use step::{Action, SignatureCheck, Step};
pub use token::{CheckId, Parts, VerifiedToken};
pub use token_cache::Bounds;

use self::{token::PendingChecks, token_cache::TokenCache};
use super::{
    alg::Algorithm,
    jwk::Jwk,
    jwks::{Jwks, KeyId, KeyIds},
    jwks_cache::{self, CacheConfig, FetchFailure, FetchId, JwksCache, Place, Response},
    jws::Scratch,
    key_source::KeySource,
    provider::Provider,
};
use crate::{
    error::{Code, Error},
    json::Value,
    machine::Machine,
    principal::{self, Kind},
    time::{Span, Time},
};

/// The options of a verifier, all providers included.
#[derive(Debug, Default)]
pub struct Settings {
    /// How far clocks may be apart.
    pub tolerance: Option<Span>,
    /// The bounds of the cache of verified tokens; no cache if `None`.
    pub token_cache: Option<Bounds>,
    /// The configuration of the cache of keys.
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
    pending: PendingChecks,
    scratch: Scratch,
    /// That of the last token.
    serial: u32,
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
            pending: PendingChecks::default(),
            scratch: Scratch::default(),
            serial: 0,
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
    pub fn finish(&mut self, id: CheckId, approved: bool, now: Time) -> Result<Arc<VerifiedToken>, Error> {
        let check = self.pending.take(id)?;
        if !approved {
            return Err(Error::new(Code::TokenSignature, "the signature is not that of the provider's key"));
        }
        let sealed = check.outcome?;
        sealed.window.check(now)?;
        let (provider, generation) = (check.provider, check.generation);
        let verified = Arc::new(VerifiedToken::new(sealed, provider, generation, self.next_serial()));
        let keys = &self.providers.get(provider).ok_or_else(no_provider)?.1;
        // Keys that changed while WebCrypto worked are no reason to refuse, but one not to remember.
        if let (Some(tokens), true) = (&mut self.tokens, keys.generation() == generation) {
            tokens.insert(&verified, now);
        }
        Ok(verified)
    }

    /// A number that no token of this verifier has had. Once all were given, none gets one.
    fn next_serial(&mut self) -> u32 {
        if self.tokens.is_none() || self.serial == u32::MAX {
            return 0;
        }
        self.serial += 1;
        self.serial
    }

    /// Forgets a check that nobody will finish.
    pub fn abandon(&mut self, id: CheckId) {
        let _ = self.pending.take(id);
    }

    /// Whether a fetch goes on, and what comes of its request is still wanted.
    pub fn is_fetching(&self, provider: usize, fetch: FetchId) -> bool {
        self.providers.get(provider).is_some_and(|(_, keys)| keys.is_fetching(fetch))
    }

    /// A request for keys was answered.
    pub fn handle_response(&mut self, provider: usize, fetch: FetchId, response: &Response<'_>, now: Time) {
        if let Some((_, keys)) = self.providers.get_mut(provider) {
            keys.handle_response(fetch, response, &mut self.ids, now);
        }
    }

    /// A request for keys has no answer.
    pub fn handle_failure(&mut self, provider: usize, fetch: FetchId, failure: FetchFailure, now: Time) {
        if let Some((_, keys)) = self.providers.get_mut(provider) {
            keys.handle_failure(fetch, failure, now);
        }
    }

    /// The name of a provider, for events.
    pub fn provider_name(&self, provider: usize) -> Option<&str> {
        Some(&self.providers.get(provider)?.0.name)
    }

    /// A provider, by its number.
    pub fn provider(&self, provider: usize) -> Option<&Provider> {
        Some(&self.providers.get(provider)?.0)
    }

    /// How far clocks may be apart.
    pub const fn tolerance(&self) -> Span {
        self.tolerance
    }

    /// A key for WebCrypto: a public JWK as JSON, or the bytes of a secret.
    pub fn key(&self, id: KeyId) -> Option<&Jwk> {
        self.providers.iter().find_map(|(_, keys)| keys.key(id))
    }

    /// A key was imported, or WebCrypto refused it; a refused key is not used again.
    pub fn handle_imported(&mut self, key: KeyId, algorithm: Algorithm, is_accepted: bool) {
        if is_accepted {
            if !self.imported.contains(&(key, algorithm)) {
                self.imported.push((key, algorithm));
            }
            return;
        }
        for (_, keys) in &mut self.providers {
            keys.handle_import_failed(key, algorithm);
        }
    }

    /// The keys of all providers that have fetched some, as a JSON array of snapshots.
    pub fn snapshots(&self) -> String {
        let snapshots: Vec<_> = self.providers.iter().filter_map(|(_, keys)| keys.snapshot()).collect();
        format!("[{}]", snapshots.join(","))
    }

    /// Snapshots of another instance. The keys are checked again and keep their age; those of other issuers are left alone.
    ///
    /// # Errors
    /// `ERR_CONFIG` for what is not a snapshot.
    pub fn handle_snapshots(&mut self, snapshots: &Value<'_>, now: Time) -> Result<(), Error> {
        let wrong = || {
            Error::new(Code::Config, "importKeys takes what exportKeys gave: a list of { issuer, jwks, … }")
                .about("snapshots")
        };
        for snapshot in snapshots.as_array().ok_or_else(wrong)? {
            let snapshot = snapshot.as_object().ok_or_else(wrong)?;
            let issuer = snapshot.get("issuer").and_then(Value::as_str).ok_or_else(wrong)?;
            if let Some((_, keys)) = self.providers.iter_mut().find(|(provider, _)| provider.issuer.text() == issuer) {
                keys.handle_snapshot(snapshot, &mut self.ids, now)?;
            }
        }
        Ok(())
    }
}

impl Machine for Verifier {
    type Action = Action;
    /// What the application hears of tokens and keys, the driver knows from its own calls.
    type Event = Infallible;

    fn poll_action(&mut self) -> Option<Action> {
        let of_provider = |(provider, (_, keys)): (usize, &mut (Provider, JwksCache))| {
            Some(match keys.poll_action()? {
                jwks_cache::Action::Fetch(request) => Action::Fetch { provider, request },
                jwks_cache::Action::Forget(key) => Action::Forget(key),
            })
        };
        let action = self.providers.iter_mut().enumerate().find_map(of_provider)?;
        if let Action::Forget(gone) = &action {
            self.imported.retain(|(key, _)| key != gone);
        }
        Some(action)
    }

    fn poll_event(&mut self) -> Option<Infallible> {
        None
    }

    /// As [`JwksCache`]'s: there is nothing to be done then.
    fn poll_timeout(&self) -> Option<Time> {
        self.providers.iter().filter_map(|(_, keys)| keys.poll_timeout()).min()
    }

    fn handle_timeout(&mut self, now: Time) {
        for (_, keys) in &mut self.providers {
            keys.handle_timeout(now);
        }
    }
}

// Checks and tokens name the provider that they came from, and none is ever taken away.
fn no_provider() -> Error {
    Error::new(Code::Internal, "there is no such provider")
}

/// The cache of keys that fits where the provider's keys come from.
fn key_cache(provider: &mut Provider, config: &CacheConfig, ids: &mut KeyIds) -> Result<JwksCache, Error> {
    let issuer = || provider.issuer.clone();
    let cache = match mem::replace(&mut provider.keys.source, KeySource::None) {
        KeySource::Discovery => JwksCache::at(Place::Issuer, issuer(), config.clone()),
        KeySource::Document(url) => JwksCache::at(Place::Document(url), issuer(), config.clone()),
        KeySource::JwksUri(uri) => JwksCache::at(Place::Keys(uri), issuer(), config.clone()),
        KeySource::Static(text) => {
            let jwks = Jwks::parse(text.as_bytes(), ids).map_err(|error| {
                let path = format!("providers.{}.jwks", provider.name);
                Error::new(Code::Config, format!("`{path}`: {}", error.message())).about(path)
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
