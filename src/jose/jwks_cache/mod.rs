//! A provider's keys over time: when they may be used, and when they are fetched.
//!
//! ```text
//!            first use                 4/5 of the age           the age is over              the provider fails
//!   empty ───────────────▶ fresh ───────────────────▶ aging ─────────────────────▶ expired ───────────────────▶ stale
//!     one caller fetches,    keys are used              used; one caller              one fetches,                used, for a
//!     the others wait                                   fetches beside                the others wait             bounded time
//! ```
//!
//! There are instants here and no timers, ids of fetches and no promises: on Workers a timer or a promise belongs to the
//! request that made it and may end with it. Whoever gets [`Decision::Fetch`] does what [`JwksCache::request`] says and
//! hands the answer to [`JwksCache::response`]; if that never happens, somebody else takes over.
//!
//! Nothing here grows with the tokens that come: unknown `kid`s are not remembered, only how recently the provider was asked.

mod config;
mod flights;
mod headers;
mod remote;
mod snapshot;

use std::{borrow::Cow, fmt};

pub use config::CacheConfig;
pub use remote::Place;
use remote::{Remote, Standing};

use super::{
    alg::Algorithm,
    issuer::Issuer,
    jwk::Jwk,
    jwks::{Dropped, Hint, Jwks, KeyId, KeyIds, Selection},
};
use crate::time::{Span, Time};

/// The keys of one provider.
#[derive(Debug)]
pub struct JwksCache {
    jwks: Jwks,
    /// A shared secret, for HMAC alone.
    shared: Jwks,
    generation: u32,
    retired: Vec<KeyId>,
    /// `None` for keys that never change.
    remote: Option<Box<Remote>>,
}

/// Names a fetch of one provider's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId(pub u32);

/// What a caller with a token does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Uses this key.
    Use {
        /// The key.
        key: KeyId,
        /// Whether there is another to try, should the signature not be this one's.
        has_next: bool,
        /// A fetch that this caller begins beside, without waiting for it. One that doesn't, hands in
        /// [`FetchFailure::Abandoned`].
        refresh: Option<FetchId>,
    },
    /// Performs this fetch, then asks again.
    Fetch(FetchId),
    /// Waits for this fetch, which another caller performs, but not past the given instant; then asks again.
    Wait {
        /// The other's fetch.
        fetch: FetchId,
        /// By the wall clock.
        until: Time,
    },
    /// Gives up for now, which is the provider's fault or prudence and not the token's: a 503.
    Unavailable {
        /// When asking again makes sense.
        retry_after: Span,
        /// What keeps the keys away, to stand after a colon.
        reason: Cow<'static, str>,
        /// Where that was, if anybody was asked.
        place: Option<Troubled>,
    },
    /// The provider has no such key: it was asked after the token came.
    NotFound,
    /// The provider has several keys that could be meant.
    Ambiguous,
}

/// An address that doesn't give what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Troubled {
    /// As it may be shown ([`super::url::bare`]).
    pub url: String,
    /// The status that it answered with, if it did.
    pub status: Option<u16>,
}

/// What a request brought.
#[derive(Clone, Copy, Debug)]
pub enum FetchOutcome<'a> {
    /// An answer with this status, not a redirect that was followed.
    Response {
        /// The HTTP status.
        status: u16,
        /// `Cache-Control`
        cache_control: Option<&'a str>,
        /// `Age`
        age: Option<&'a str>,
        /// `Retry-After`, as a time from now.
        retry_after: Option<Span>,
        /// The whole body; [`super::jwks::MAX_BYTES`] at most, or hand in [`FetchFailure::TooLarge`].
        body: &'a [u8],
    },
    /// No answer.
    Failed(FetchFailure),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchFailure {
    /// It took longer than [`CacheConfig::timeout`].
    Timeout,
    /// No connection, or a broken one.
    Network,
    /// The body is longer than is read.
    TooLarge,
    /// A redirect, which is never followed.
    Redirect,
    /// The caller gave up. That says nothing about the provider: no pause follows, and somebody else may take over.
    Abandoned,
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "did not answer in time",
            Self::Network => "can't be reached",
            Self::TooLarge => "answered with more than is read",
            Self::Redirect => "answered with a redirect, which is not followed: configure the URL it leads to",
            Self::Abandoned => "was not waited for",
        })
    }
}

/// How a fetch goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// With another request: [`JwksCache::request`] gives it.
    Next,
    /// It is over; whoever waits for it asks again.
    Done,
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
        let remote = Some(Box::new(Remote::new(issuer, place, config)));
        Self { jwks: Jwks::default(), shared: Jwks::default(), generation: 0, retired: Vec::new(), remote }
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
            return at_once(self.shared.find(hint));
        }
        let selection = self.jwks.find(hint);
        let Some(remote) = &mut self.remote else { return at_once(selection) };
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
            (Standing::Old, Selection::Key(key)) => use_of(key, false, remote.refresh(now)),
            (Standing::Old, Selection::OneOf(key)) => use_of(key, true, remote.refresh(now)),
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
                Standing::Old => !remote.may_refresh(now),
                Standing::Unusable => false,
            }
        })
    }

    /// The URL to GET next for a fetch, without following redirects and within [`CacheConfig::timeout`]. `None` when the
    /// fetch is over, or no longer wanted.
    pub fn request(&self, fetch: FetchId) -> Option<&str> {
        self.remote.as_ref()?.url_of(fetch)
    }

    /// Takes what a request brought.
    pub fn response(&mut self, fetch: FetchId, outcome: FetchOutcome<'_>, ids: &mut KeyIds, now: Time) -> Progress {
        let Some(remote) = &mut self.remote else { return Progress::Done };
        let now = remote.clock.read(now);
        match remote.response(fetch, outcome, ids, now) {
            remote::Arrival::Next => return Progress::Next,
            remote::Arrival::Keys(jwks) => self.replace(jwks),
            remote::Arrival::Nothing => {}
        }
        Progress::Done
    }

    /// The key of this id, while the set has it.
    pub fn key(&self, id: KeyId) -> Option<&Jwk> {
        self.jwks.key(id).or_else(|| self.shared.key(id))
    }

    /// A number that changes when a key was removed or replaced, so that what was verified with the old ones ends.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The ids whose keys are gone since the last call.
    pub fn retired(&mut self) -> Vec<KeyId> {
        std::mem::take(&mut self.retired)
    }

    /// The keys of the present set that are not used, and why; for logs.
    pub fn dropped(&self) -> &[Dropped] {
        self.jwks.dropped()
    }

    /// Never uses a key for an algorithm again: WebCrypto refused it (a point off its curve, say).
    pub fn import_failed(&mut self, id: KeyId, algorithm: Algorithm) {
        self.jwks.refuse(id, algorithm);
        self.shared.refuse(id, algorithm);
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

/// What keys mean that never change.
const fn at_once(selection: Selection) -> Decision {
    match selection {
        Selection::Key(key) => Decision::Use { key, has_next: false, refresh: None },
        Selection::OneOf(key) => Decision::Use { key, has_next: true, refresh: None },
        Selection::None => Decision::NotFound,
        Selection::Ambiguous => Decision::Ambiguous,
    }
}
