//! A provider that publishes its keys: how old they are, where they are, and whether they may be asked for.

use std::borrow::Cow;

use super::{
    fetches::{Fetches, Goal, Join},
    CacheConfig, Decision, FailedRequest, FetchId, Request,
};
use crate::{
    jose::{discovery, issuer::Issuer},
    time::{Monotonic, Span, Time},
};

/// The place of the keys is looked up again after this.
const DISCOVERY_AGE: Span = Span::from_secs(24 * 3600);
/// When that fails, the old place is good for so long after it was found.
const DISCOVERY_STALE: Span = Span::from_secs(48 * 3600);

/// What is known of a provider beside its keys.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) issuer: Issuer,
    pub(super) clock: Monotonic,
    pub(super) config: CacheConfig,
    /// The life of the present set, if there is one.
    pub(super) life: Option<Life>,
    place: Place,
    pub(super) discovered: Option<Discovered>,
    pub(super) fetches: Fetches,
    /// Why the last fetch failed.
    pub(super) reason: String,
    pub(super) last_failure: Option<FailedRequest>,
}

/// Where a provider's keys are, or where it is said.
#[derive(Clone, Debug)]
pub enum Place {
    /// At this URL.
    Keys(String),
    /// Where the metadata document at this URL says.
    Document(String),
    /// Where the issuer's metadata says, at one of the addresses that it may have.
    Issuer,
}

/// When a set may be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    /// When the request for it began: it shows the provider's keys as of then, or later.
    pub(super) began: Time,
    /// Whether the request was ours, and `began` by our clock.
    is_ours: bool,
    /// From here on it is refreshed beside.
    ages: Time,
    /// From here on it is used only while the provider fails.
    pub(super) expires: Time,
}

impl Life {
    pub(super) fn new(began: Time, age: Span) -> Self {
        let fresh = Span::from_millis(age.as_millis() - age.as_millis() / 5);
        Self { began, is_ours: true, ages: began.plus(fresh), expires: began.plus(age) }
    }

    /// That of a set which another instance fetched.
    pub(super) fn taken_over(began: Time, age: Span) -> Self {
        Self { is_ours: false, ..Self::new(began, age.max(Span::ZERO)) }
    }
}

/// Where the metadata said that the keys are.
#[derive(Debug)]
pub(super) struct Discovered {
    pub(super) uri: String,
    pub(super) found: Time,
    /// They were not there the last time.
    pub(super) needs_rediscovery: bool,
}

/// Whether the present set may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Yes.
    Fresh,
    /// Yes, and a newer one is wanted: it nears its end, or is past it while the provider fails.
    Aging,
    /// No, or there is none.
    Unusable,
}

impl Remote {
    pub(super) fn new(issuer: Issuer, place: Place, config: CacheConfig) -> Self {
        Self {
            issuer,
            clock: Monotonic::new(),
            config: config.in_range(),
            life: None,
            place,
            discovered: None,
            fetches: Fetches::default(),
            reason: String::new(),
            last_failure: None,
        }
    }

    pub(super) fn standing(&self, now: Time) -> Standing {
        match self.life {
            Some(life) if now < life.ages => Standing::Fresh,
            Some(life) if now < life.expires => Standing::Aging,
            // Only a provider that was tried lately and failed earns its keys more time: with nobody having tried, a removed
            // key would outlive its age.
            Some(life) if now < self.goes_stale(life) && self.fetches.is_failing(now) => Standing::Aging,
            _ => Standing::Unusable,
        }
    }

    /// Whether this instance asked for the present set at this instant or later.
    pub(super) fn asked_since(&self, instant: Time) -> bool {
        self.life.is_some_and(|life| life.is_ours && life.began >= instant)
    }

    /// What a caller does who can't go on with the present set, and whose clock shows `wall`.
    pub(super) fn need(&mut self, wall: Time, now: Time) -> Decision {
        match self.fetches.join(&self.config, now) {
            Join::Begin(is_takeover) => Decision::Fetch(self.begin(is_takeover, now)),
            Join::Wait(fetch, until) => Decision::Wait { fetch, until: wall.plus(until.since(now)) },
            Join::Closed(at) => {
                let (reason, failed) = if self.fetches.is_pausing(now) {
                    (Cow::Owned(self.reason.clone()), self.last_failure.clone())
                } else {
                    (Cow::Borrowed("they were asked for a moment ago, and will be again soon"), None)
                };
                Decision::Unavailable { retry_after: at.since(now), reason, failed }
            }
        }
    }

    pub(super) fn may_refresh(&self, now: Time) -> bool {
        self.fetches.may_refresh(&self.config, now)
    }

    /// A fetch for a caller who can go on without, if one may begin.
    pub(super) fn refresh(&mut self, now: Time) -> Option<FetchId> {
        self.may_refresh(now).then(|| self.begin(false, now))
    }

    pub(super) fn poll_request(&mut self) -> Option<Request> {
        self.fetches.poll_request(&self.config)
    }

    /// When, by the wall clock, something changes next though nobody asks and nothing comes.
    pub(super) fn next_change(&self) -> Option<Time> {
        let now = self.clock.latest()?;
        let of_life = self.life.into_iter().flat_map(|life| [life.ages, life.expires, self.goes_stale(life)]);
        let next = of_life.chain(self.fetches.changes(&self.config)).filter(|at| *at > now).min()?;
        Some(self.clock.wall(next))
    }

    fn goes_stale(&self, life: Life) -> Time {
        life.expires.plus(self.config.stale_if_error)
    }

    fn begin(&mut self, is_takeover: bool, now: Time) -> FetchId {
        let is_good = |found: &&Discovered| !found.needs_rediscovery && now.since(found.found) < DISCOVERY_AGE;
        let known = match &self.place {
            Place::Keys(uri) => Some(uri.clone()),
            _ => self.discovered.as_ref().filter(is_good).map(|found| found.uri.clone()),
        };
        let (url, goal) = match known {
            Some(uri) => (uri, Goal::Keys),
            None => (self.metadata_at(0).unwrap_or_default(), Goal::Metadata(0)),
        };
        self.fetches.begin(url, goal, is_takeover, now)
    }

    /// The place of this number where the metadata can be.
    pub(super) fn metadata_at(&self, number: usize) -> Option<String> {
        match &self.place {
            Place::Keys(_) => None,
            Place::Document(url) => Some(url.clone()).filter(|_| number == 0),
            Place::Issuer => discovery::places(&self.issuer.base()).into_iter().nth(number),
        }
    }

    /// Where the keys were the last time, if that is not too long ago.
    pub(super) fn last_known_uri(&self, now: Time) -> Option<String> {
        let found = self.discovered.as_ref().filter(|found| now.since(found.found) < DISCOVERY_STALE)?;
        Some(found.uri.clone())
    }
}
