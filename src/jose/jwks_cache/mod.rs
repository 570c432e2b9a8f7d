//! A provider's keys over time: when they may be used, and when they are fetched.
//!
//! ```text
//!               keys come             4/5 of the age            the age is over
//!   Unusable ─────────────▶ Fresh ────────────────────▶ Aging ──────────────────▶ Unusable
//!   one caller fetches,     keys are    keys come       used; one caller
//!   the others wait         used ◀───────────────────── fetches beside
//! ```
//!
//! While the provider fails, keys that are over their age go on `Aging`, for a bounded time: rather old keys than none.
//!
//! [`JwksCache`] keeps the contract of [`Machine`], and has one thing beside it: [`JwksCache::find`] is called for each token, and
//! says at once what to do about its key. Where that begins a fetch, the request is an action like any other.
//!
//! There are instants here and no timers, ids of fetches and no promises: on Workers a timer or a promise belongs to the request
//! that made it and may end with it. So nothing begins by itself. A fetch that nobody performs is lost by an instant, and the next
//! one who needs the keys takes over; a driver with timers may ask [`Machine::poll_timeout`] for the next such instant, and one
//! without misses nothing.
//!
//! Nothing here grows with the tokens that come: unknown `kid`s are not remembered, only how recently the provider was asked.

mod answers;
mod config;
mod decision;
mod fetches;
mod remote;
mod request;
mod snapshot;

use std::convert::Infallible;

pub use config::CacheConfig;
pub use decision::Decision;
pub use remote::Place;
pub use request::{FailedRequest, FetchFailure, FetchId, Request, Response};

use self::remote::{Remote, Standing};
use super::{
    alg::Algorithm,
    issuer::Issuer,
    jwk::Jwk,
    jwks::{Dropped, Hint, Jwks, KeyId, KeyIds, Selection},
};
use crate::{error::Error, json::Object, machine::Machine, time::Time};

/// The keys of one provider.
#[derive(Debug)]
pub struct JwksCache {
    jwks: Jwks,
    /// A shared secret, for HMAC alone.
    shared: Jwks,
    generation: u32,
    /// Keys that are gone, and whose CryptoKeys can go.
    retired: Vec<KeyId>,
    /// `None` for keys that never change.
    remote: Option<Box<Remote>>,
}

/// What the platform does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Performs a request, and hands in what comes of it: [`JwksCache::handle_response`], or [`JwksCache::handle_failure`].
    Fetch(Request),
    /// Forgets what it made of this key, which is gone.
    Forget(KeyId),
}

impl JwksCache {
    /// The keys of a provider, at `jwks_uri` or where the issuer's metadata says. Nothing is fetched before the
    /// first [`JwksCache::select`]. [`super::url::check`] has found both URLs good.
    pub fn remote(issuer: &str, jwks_uri: Option<&str>, config: CacheConfig) -> Self {
        let place = jwks_uri.map_or(Place::Issuer, |uri| Place::Keys(uri.to_owned()));
        Self::at(place, Issuer::exactly(issuer), config)
    }

    /// As [`Self::remote`], of an issuer that may have tenants, and whose metadata may have an address of its own.
    pub fn at(place: Place, issuer: Issuer, config: CacheConfig) -> Self {
        Self { remote: Some(Box::new(Remote::new(issuer, place, config))), ..Self::fixed(Jwks::default()) }
    }

    /// Keys that the configuration holds. Nothing is ever fetched.
    pub fn fixed(jwks: Jwks) -> Self {
        Self { jwks, shared: Jwks::default(), generation: 0, retired: Vec::new(), remote: None }
    }

    /// With a shared secret beside them.
    #[must_use]
    pub fn and_secret(mut self, shared: Jwks) -> Self {
        self.shared = shared;
        self
    }

    /// What a caller does with a token of this `kid` and algorithm, which `arrived` at one time and asks at another.
    pub fn select(&mut self, kid: Option<&str>, algorithm: Algorithm, arrived: Time, now: Time) -> Decision {
        self.find(&Hint::new(kid, algorithm), arrived, now)
    }

    /// As [`Self::select`], by all that the token says.
    pub fn find(&mut self, hint: &Hint<'_>, arrived: Time, now: Time) -> Decision {
        if hint.algorithm.is_symmetric() {
            return Decision::of_fixed(self.shared.find(hint));
        }
        let selection = self.jwks.find(hint);
        let Some(remote) = &mut self.remote else { return Decision::of_fixed(selection) };
        let (wall, now) = (now, remote.clock.read(now));
        // A token can't come from the future, whatever the clock has done meanwhile.
        let arrived = remote.clock.instant(arrived).min(now);
        let use_of = |key, has_next, refresh| Decision::Use { key, has_next, refresh };
        // Where no name says that a key is new, a signature that fits none of the known ones does: the provider is asked, as
        // for an unknown name, but only when that is allowed at once. Else every forgery would be called an outage.
        let may_be_new = hint.kid.is_none() && !remote.asked_since(arrived) && remote.may_refresh(now);
        match (remote.standing(now), selection) {
            (Standing::Unusable, _) => remote.need(wall, now),
            (Standing::Fresh, Selection::Key(key)) => use_of(key, may_be_new, None),
            (Standing::Fresh, Selection::OneOf(key)) => use_of(key, true, None),
            (Standing::Aging, Selection::Key(key)) => use_of(key, false, remote.refresh(now)),
            (Standing::Aging, Selection::OneOf(key)) => use_of(key, true, remote.refresh(now)),
            (_, Selection::Ambiguous) => Decision::Ambiguous,
            (_, Selection::None) if may_be_new => remote.refresh(now).map_or(Decision::NotFound, Decision::Fetch),
            // All that there are have been tried.
            (_, Selection::None) if hint.tried > 0 => Decision::NotFound,
            (_, Selection::None) if remote.asked_since(arrived) => Decision::NotFound,
            (_, Selection::None) => remote.need(wall, now),
        }
    }

    /// The issuer for which alone the key is kept that the hint would mean else.
    pub fn kept_for(&self, hint: &Hint<'_>) -> Option<&str> {
        self.jwks.kept_for(hint)
    }

    /// Whether the keys may be relied on without [`JwksCache::select`], as for a token that was verified before. `false` also
    /// when it is time that a caller begins a refresh, which `select` then gives.
    pub fn is_current(&self, now: Time) -> bool {
        self.remote.as_ref().is_none_or(|remote| {
            let now = remote.clock.peek(now);
            match remote.standing(now) {
                Standing::Fresh => true,
                Standing::Aging => !remote.may_refresh(now),
                Standing::Unusable => false,
            }
        })
    }

    /// Whether a fetch goes on, and what comes of its request is still wanted.
    pub fn is_fetching(&self, fetch: FetchId) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.fetches.has(fetch))
    }

    /// A request was answered.
    pub fn handle_response(&mut self, fetch: FetchId, response: &Response<'_>, ids: &mut KeyIds, now: Time) {
        let Some(remote) = &mut self.remote else { return };
        let now = remote.clock.read(now);
        if let Some(jwks) = remote.answered(fetch, response, ids, now) {
            self.replace(jwks);
        }
    }

    /// A request has no answer.
    pub fn handle_failure(&mut self, fetch: FetchId, failure: FetchFailure, now: Time) {
        let Some(remote) = &mut self.remote else { return };
        let now = remote.clock.read(now);
        remote.broken(fetch, failure, now);
    }

    /// WebCrypto refused a key for an algorithm (a point off its curve, say): it is not used for that again.
    pub fn handle_import_failed(&mut self, id: KeyId, algorithm: Algorithm) {
        self.jwks.refuse(id, algorithm);
        self.shared.refuse(id, algorithm);
    }

    /// Another instance's keys: they are checked as if the provider had just published them, and keep their age. `false` when
    /// the present set is newer, or the snapshot too old to be of use.
    ///
    /// # Errors
    /// `ERR_CONFIG` for what is no snapshot, or one of another issuer or of an instance with keys of its own.
    pub fn handle_snapshot(&mut self, snapshot: &Object<'_>, ids: &mut KeyIds, now: Time) -> Result<bool, Error> {
        let Some(remote) = &mut self.remote else {
            return Err(snapshot::wrong("the snapshot is of a provider whose keys the configuration holds"));
        };
        let Some(jwks) = snapshot::take_over(remote, snapshot, ids, now)? else { return Ok(false) };
        self.replace(jwks);
        Ok(true)
    }

    /// The present keys as a snapshot for [`Self::handle_snapshot`]: public keys only; `None` where there are none, and for keys
    /// that the configuration holds.
    pub fn snapshot(&self) -> Option<String> {
        snapshot::write(&self.jwks, self.remote.as_ref()?)
    }

    /// The key of this id, while the set has it.
    pub fn key(&self, id: KeyId) -> Option<&Jwk> {
        self.jwks.key(id).or_else(|| self.shared.key(id))
    }

    /// A number that changes when a key was removed or replaced, so that what was verified with the old ones ends.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The keys of the present set that are not used, and why; for logs.
    pub fn dropped(&self) -> &[Dropped] {
        self.jwks.dropped()
    }

    /// Puts a newer set in the place of the present one. Keys that are in both keep their ids.
    fn replace(&mut self, mut jwks: Jwks) {
        jwks.inherit(&self.jwks);
        let gone = self.jwks.iter().map(|(id, _)| id).filter(|id| jwks.key(*id).is_none());
        let retired = self.retired.len();
        self.retired.extend(gone);
        // A second key of the same name ends what was verified with the first: the two can't be told apart any more.
        let renamed = jwks.iter().any(|(id, jwk)| self.jwks.key(id).is_none() && self.jwks.renames(jwk));
        if self.retired.len() > retired || renamed {
            self.generation = self.generation.wrapping_add(1);
        }
        self.jwks = jwks;
    }
}

impl Machine for JwksCache {
    type Action = Action;
    /// That a fetch is over, its driver sees by itself.
    type Event = Infallible;

    fn poll_action(&mut self) -> Option<Action> {
        self.retired.pop().map(Action::Forget).or_else(|| self.remote.as_mut()?.poll_request().map(Action::Fetch))
    }

    fn poll_event(&mut self) -> Option<Infallible> {
        None
    }

    /// The next instant at which something changes by itself: keys age, a fetch is lost, a pause is over. Nothing is to be done
    /// then, but whoever waits for it may ask again.
    fn poll_timeout(&self) -> Option<Time> {
        self.remote.as_ref()?.next_change()
    }

    fn handle_timeout(&mut self, now: Time) {
        if let Some(remote) = &mut self.remote {
            remote.clock.read(now);
        }
    }
}
