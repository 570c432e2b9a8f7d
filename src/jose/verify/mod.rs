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

mod choose;
mod pending;
mod refusal;
mod seal;
mod step;
mod token;
mod token_cache;

use std::{convert::Infallible, rc::Rc};

pub use pending::CheckId;
pub use step::{SignatureCheck, Step};
pub use token::{Parts, VerifiedToken};
pub use token_cache::Bounds;

use self::{
    choose::{choose, is_possible_length, key_cache, provider_of, NoChoice},
    pending::{PendingCheck, PendingChecks},
    refusal::{no_key, other_algorithm, unreadable, wrong_length},
    seal::{seal, Named},
    token_cache::TokenCache,
};
use super::{
    alg::Algorithm,
    claims,
    jwk::Jwk,
    jwks::{Hint, KeyId, KeyIds},
    jwks_cache::{self, CacheConfig, Decision, FetchFailure, FetchId, JwksCache, Request, Response},
    jws::{Scratch, UntrustedJws},
    provider::Provider,
};
use crate::{
    error::{Code, Error},
    json::{self, Value},
    machine::Machine,
    principal::{self, Kind},
    time::{Span, Time},
};

/// What the platform does for the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Performs a request for a provider's keys, and hands in what comes of it: [`Verifier::handle_response`], or
    /// [`Verifier::handle_failure`].
    Fetch {
        /// The provider's index.
        provider: usize,
        /// What to GET.
        request: Request,
    },
    /// Forgets the CryptoKeys of a key that is gone.
    Forget(KeyId),
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
    pending: PendingChecks,
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
            pending: PendingChecks::default(),
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
            Ok(chosen) => chosen,
            Err(none) => return without_key(index, provider, keys, &hint, none),
        };
        let (key, refresh) = (chosen.key, chosen.refresh.map(|fetch| (index, fetch)));
        if !self.imported.contains(&(key, algorithm)) {
            return Ok(Step::Import { key, algorithm, refresh });
        }
        let kept = if self.tokens.is_some() { text(token)? } else { "" };
        let named = Named { name: issuer, is_own: provider.issuer.has_tenants() };
        let outcome = claims::check(provider, &claims, self.tolerance, now)
            .and_then(|candidate| seal(named, &candidate, kept, text(jws.header().text())?, payload));
        let check = PendingCheck { provider: index, generation: keys.generation(), outcome };
        Ok(Step::Check(SignatureCheck {
            id: self.pending.add(check, now)?,
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
        let check = self.pending.take(id)?;
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

/// What a caller does for whose token there is no key now.
#[cold]
#[inline(never)]
fn without_key(
    index: usize,
    provider: &Provider,
    keys: &JwksCache,
    hint: &Hint<'_>,
    none: NoChoice,
) -> Result<Step, Error> {
    match none {
        NoChoice::Decided(Decision::Fetch(fetch)) => Ok(Step::Fetch(index, fetch)),
        NoChoice::Decided(Decision::Wait { fetch, until }) => Ok(Step::Wait(index, fetch, until)),
        // A fetch that was begun is performed, whatever becomes of the token: else tokens like this one, sent again and
        // again, would keep the keys from being refreshed.
        NoChoice::WrongLength(Some(fetch)) => Ok(Step::Fetch(index, fetch)),
        NoChoice::WrongLength(None) => Err(wrong_length(hint.algorithm)),
        NoChoice::Decided(decision) => Err(no_key(provider, hint, decision, keys.kept_for(hint))),
    }
}

// Checks and tokens name the provider that they came from, and none is ever taken away.
fn no_provider() -> Error {
    Error::new(Code::Internal, "there is no such provider")
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| unreadable(json::Problem::Syntax))
}
