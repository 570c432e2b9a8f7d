//! When a fetch may begin, and what is known of those in flight.
//!
//! A fetch belongs to the call that began it, and on Workers it dies with that call's request, without a word. So nobody
//! waits for one without a bound, and after it one of those who wait takes over. Two rations keep that from becoming a
//! storm: ordinary fetches begin a cooldown apart, take-overs begin a cooldown apart, and neither begins within the pause
//! that a failure brings.

use super::{CacheConfig, FailedRequest, FetchId, Request};
use crate::time::{Span, Time};

/// A request that was not heard of for its time-out and this is lost.
const GRACE: Span = Span::from_secs(1);
/// In flight at once, at most.
const MAX_LIVE: usize = 2;
/// Lost ones whose answer would still be taken, with those in flight.
const MAX_KNOWN: usize = 4;

/// One fetch: a GET for the keys, with one or more for the metadata before it where that is needed.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) id: FetchId,
    /// When its present request began.
    pub(super) began: Time,
    /// What it asks for now.
    pub(super) url: String,
    /// What that is.
    pub(super) goal: Goal,
    /// Whether the request for that was handed out.
    is_requested: bool,
    /// Why the places before had no metadata, each with a semicolon behind it.
    pub(super) failures: String,
    /// The first place that had none.
    pub(super) first_failure: Option<FailedRequest>,
    /// How long a pause the servers there asked for.
    pub(super) retry_after: Option<Span>,
}

/// What a fetch asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// The metadata, at the place of this number.
    Metadata(usize),
    /// The keys.
    Keys,
}

/// The fetches of one provider.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    /// In the order in which they began first. Those that seem lost are among them.
    in_flight: Vec<Fetch>,
    latest: u32,
    last_began: Option<Time>,
    last_takeover: Option<Time>,
    /// The last fetch ended because its owner gave up, which says nothing about the provider.
    is_abandoned: bool,
    failures: u32,
    /// Not before this, since the last fetch failed.
    retry_at: Option<Time>,
}

/// What somebody who needs the keys does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// Begins a fetch; `true` if it takes over from one that seems lost.
    Begin(bool),
    /// Waits for this fetch, up to this instant.
    Wait(FetchId, Time),
    /// Comes back at this instant.
    Closed(Time),
}

impl Fetches {
    /// What somebody does who can't go on without a fetch.
    pub(super) fn join(&self, config: &CacheConfig, now: Time) -> Join {
        let takeover = latest(self.last_takeover.map(|at| at.plus(config.cooldown)), self.retry_at);
        let mut live = self.live(config, now);
        if let Some(newest) = live.clone().next_back() {
            let mut from = newest.began.plus(config.patience()).max(takeover);
            if live.clone().count() >= MAX_LIVE {
                from = live.next().map_or(from, |oldest| from.max(lost_at(oldest, config)));
            }
            if from <= now {
                return Join::Begin(true);
            }
            return Join::Wait(newest.id, from.min(lost_at(newest, config)));
        }
        let ordinary = self.ordinary(config);
        let is_orphan = self.is_abandoned || !self.in_flight.is_empty();
        let from = if is_orphan { ordinary.min(takeover) } else { ordinary };
        if from <= now {
            return Join::Begin(ordinary > now);
        }
        Join::Closed(from)
    }

    /// Whether somebody who can go on without may begin a fetch beside.
    pub(super) fn may_refresh(&self, config: &CacheConfig, now: Time) -> bool {
        self.live(config, now).next().is_none() && self.ordinary(config) <= now
    }

    /// Begins a fetch.
    pub(super) fn begin(&mut self, url: String, goal: Goal, is_takeover: bool, now: Time) -> FetchId {
        if self.in_flight.len() >= MAX_KNOWN {
            // At most one other is live, so the one that began first is lost.
            if let Some((place, _)) = self.in_flight.iter().enumerate().min_by_key(|(_, fetch)| fetch.began) {
                self.in_flight.remove(place);
            }
        }
        self.latest = self.latest.wrapping_add(1);
        let id = FetchId(self.latest);
        self.in_flight.push(Fetch {
            id,
            began: now,
            url,
            goal,
            is_requested: false,
            failures: String::new(),
            first_failure: None,
            retry_after: None,
        });
        self.last_began = Some(now);
        if is_takeover {
            self.last_takeover = Some(now);
        }
        self.is_abandoned = false;
        id
    }

    /// A fetch goes on with another request.
    pub(super) fn go_on(&mut self, fetch: Fetch, url: String, goal: Goal, now: Time) {
        // The provider is asked again now, so the cooldown counts from here.
        self.last_began = Some(now);
        let place = self.in_flight.iter().position(|other| other.id > fetch.id).unwrap_or(self.in_flight.len());
        self.in_flight.insert(place, Fetch { url, goal, began: now, is_requested: false, ..fetch });
    }

    /// The next request to perform.
    pub(super) fn poll_request(&mut self, config: &CacheConfig) -> Option<Request> {
        let fetch = self.in_flight.iter_mut().find(|fetch| !fetch.is_requested)?;
        fetch.is_requested = true;
        Some(Request::new(fetch.id, fetch.url.clone(), config.timeout))
    }

    /// Whether the answer of this fetch is still wanted.
    pub(super) fn has(&self, id: FetchId) -> bool {
        self.in_flight.iter().any(|fetch| fetch.id == id)
    }

    /// Takes a fetch out: it was answered.
    pub(super) fn take(&mut self, id: FetchId) -> Option<Fetch> {
        let place = self.in_flight.iter().position(|fetch| fetch.id == id)?;
        Some(self.in_flight.remove(place))
    }

    /// A fetch brought keys: what began before it can bring nothing newer.
    pub(super) fn succeeded(&mut self, fetch: &Fetch) {
        self.in_flight.retain(|other| other.id > fetch.id);
        self.failures = 0;
        self.retry_at = None;
    }

    /// A fetch failed: a pause begins.
    pub(super) fn failed(&mut self, config: &CacheConfig, retry_after: Option<Span>, now: Time) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now.plus(config.pause(self.failures, retry_after)));
    }

    /// A fetch's owner gave up; somebody else may take over at once.
    pub(super) fn abandoned(&mut self) {
        self.is_abandoned = true;
    }

    /// Whether the provider failed the last time it was asked, not long ago.
    pub(super) fn is_failing(&self, now: Time) -> bool {
        self.fails_until().is_some_and(|until| now < until)
    }

    /// Whether the pause after a failure is not over.
    pub(super) fn is_pausing(&self, now: Time) -> bool {
        self.retry_at.is_some_and(|at| now < at)
    }

    /// The instants at which something changes by itself: a fetch may be taken over, or is lost; a pause is over.
    pub(super) fn changes<'a>(&'a self, config: &'a CacheConfig) -> impl Iterator<Item = Time> + 'a {
        let of_fetch = |fetch: &Fetch| [fetch.began.plus(config.patience()), lost_at(fetch, config)];
        let next_ordinary = self.last_began.map(|at| at.plus(config.cooldown));
        let others = [next_ordinary, self.retry_at, self.fails_until()];
        self.in_flight.iter().flat_map(of_fetch).chain(others.into_iter().flatten())
    }

    fn fails_until(&self) -> Option<Time> {
        self.retry_at.map(|at| at.plus(CacheConfig::memory_of_failure()))
    }

    fn ordinary(&self, config: &CacheConfig) -> Time {
        latest(self.last_began.map(|at| at.plus(config.cooldown)), self.retry_at)
    }

    fn live<'a>(&'a self, config: &'a CacheConfig, now: Time) -> impl DoubleEndedIterator<Item = &'a Fetch> + Clone {
        self.in_flight.iter().filter(move |fetch| now < lost_at(fetch, config))
    }
}

fn lost_at(fetch: &Fetch, config: &CacheConfig) -> Time {
    fetch.began.plus(config.timeout).plus(GRACE)
}

fn latest(one: Option<Time>, other: Option<Time>) -> Time {
    one.max(other).unwrap_or(Time::EPOCH)
}
