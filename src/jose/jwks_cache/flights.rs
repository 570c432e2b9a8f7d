//! When a fetch may begin, and what is known of those under way.
//!
//! A fetch belongs to the call that began it, and on Workers it dies with that call's request, without a word. So nobody
//! waits for one without a bound, and after it one of those who wait takes over. Two rations keep that from becoming a
//! storm: ordinary fetches begin a cooldown apart, take-overs begin a cooldown apart, and neither begins within the pause
//! that a failure brings.

use super::{CacheConfig, FetchId, Troubled};
use crate::time::{Span, Time};

/// A request that was not heard of for its time-out and this is lost.
const GRACE: Span = Span::from_secs(1);
/// Under way at once, at most.
const MAX_LIVE: usize = 2;
/// Lost ones whose answer would still be taken, with those under way.
const MAX_KNOWN: usize = 4;

/// One fetch: a GET for the keys, with one or more for the metadata before it where that is needed.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) id: FetchId,
    /// When its present request began.
    pub(super) began: Time,
    /// What it asks for now.
    pub(super) url: String,
    /// What that is.
    pub(super) goal: Goal,
    /// Why the places before had no metadata, each with a semicolon behind it.
    pub(super) nowhere: String,
    /// The first place that had none.
    pub(super) first: Option<Troubled>,
    /// How long a pause the servers there asked for.
    pub(super) asked: Option<Span>,
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
pub(super) struct Flights {
    known: Vec<Flight>,
    latest: u32,
    last_began: Option<Time>,
    last_takeover: Option<Time>,
    /// The last fetch ended because its owner gave up, which says nothing about the provider.
    abandoned: bool,
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

impl Flights {
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
        let is_orphan = self.abandoned || !self.known.is_empty();
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
        if self.known.len() >= MAX_KNOWN {
            // At most one other is under way, so the one that began first is lost.
            if let Some((place, _)) = self.known.iter().enumerate().min_by_key(|(_, flight)| flight.began) {
                self.known.remove(place);
            }
        }
        self.latest = self.latest.wrapping_add(1);
        let id = FetchId(self.latest);
        self.known.push(Flight { id, began: now, url, goal, nowhere: String::new(), first: None, asked: None });
        self.last_began = Some(now);
        if is_takeover {
            self.last_takeover = Some(now);
        }
        self.abandoned = false;
        id
    }

    /// A fetch goes on with another request.
    pub(super) fn go_on(&mut self, mut flight: Flight, url: String, goal: Goal, now: Time) {
        flight.url = url;
        flight.goal = goal;
        flight.began = now;
        // The provider is asked again now, so the cooldown counts from here.
        self.last_began = Some(now);
        let place = self.known.iter().position(|other| other.id > flight.id).unwrap_or(self.known.len());
        self.known.insert(place, flight);
    }

    /// The fetch of this id, if its answer is still wanted.
    pub(super) fn get(&self, id: FetchId) -> Option<&Flight> {
        self.known.iter().find(|flight| flight.id == id)
    }

    /// Takes a fetch out: it was answered.
    pub(super) fn take(&mut self, id: FetchId) -> Option<Flight> {
        let place = self.known.iter().position(|flight| flight.id == id)?;
        Some(self.known.remove(place))
    }

    /// A fetch brought keys: what began before it can bring nothing newer.
    pub(super) fn succeeded(&mut self, flight: &Flight) {
        self.known.retain(|other| other.id > flight.id);
        self.failures = 0;
        self.retry_at = None;
    }

    /// A fetch failed: a pause begins.
    pub(super) fn failed(&mut self, config: &CacheConfig, asked: Option<Span>, now: Time) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now.plus(config.pause(self.failures, asked)));
    }

    /// A fetch's owner gave up; somebody else may take over at once.
    pub(super) fn gave_up(&mut self) {
        self.abandoned = true;
    }

    /// Whether the provider failed the last time it was asked, not long ago.
    pub(super) fn is_failing(&self, now: Time) -> bool {
        self.retry_at.is_some_and(|at| now < at.plus(CacheConfig::memory_of_failure()))
    }

    /// Whether the pause after a failure is not over.
    pub(super) fn is_pausing(&self, now: Time) -> bool {
        self.retry_at.is_some_and(|at| now < at)
    }

    fn ordinary(&self, config: &CacheConfig) -> Time {
        latest(self.last_began.map(|at| at.plus(config.cooldown)), self.retry_at)
    }

    fn live<'a>(&'a self, config: &'a CacheConfig, now: Time) -> impl DoubleEndedIterator<Item = &'a Flight> + Clone {
        self.known.iter().filter(move |flight| now < lost_at(flight, config))
    }
}

fn lost_at(flight: &Flight, config: &CacheConfig) -> Time {
    flight.began.plus(config.timeout).plus(GRACE)
}

fn latest(one: Option<Time>, other: Option<Time>) -> Time {
    one.max(other).unwrap_or_else(|| Time::from_millis(0.0))
}
