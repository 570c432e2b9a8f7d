//! A provider that publishes its keys: how old they are, and what to ask for.

use std::borrow::Cow;

use super::{
    flights::{Flight, Flights, Goal, Join},
    headers, CacheConfig, Decision, FetchFailure, FetchId, FetchOutcome, Troubled,
};
use crate::{
    jose::{
        discovery::{self, Unusable},
        issuer::Issuer,
        jwks::{Jwks, KeyIds},
        url,
    },
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
    discovered: Option<Discovered>,
    flights: Flights,
    /// Why the last fetch failed.
    reason: String,
    /// And where.
    troubled: Option<Troubled>,
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
    old: Time,
    /// From here on it is used only while the provider fails.
    pub(super) expires: Time,
}

#[derive(Debug)]
struct Discovered {
    uri: String,
    found: Time,
    is_doubted: bool,
}

/// Whether the present set may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Yes.
    Fresh,
    /// Yes, and a newer one is wanted: it nears its end, or is past it while the provider fails.
    Old,
    /// No, or there is none.
    Unusable,
}

/// What a response came to.
#[derive(Debug)]
pub(super) enum Arrival {
    /// The fetch goes on with another request.
    Next,
    /// Newer keys than the present ones.
    Keys(Jwks),
    /// A failure, or nothing new.
    Nothing,
}

impl Life {
    fn new(began: Time, age: Span) -> Self {
        let old = Span::from_millis(age.as_millis() - age.as_millis() / 5);
        Self { began, is_ours: true, old: began.plus(old), expires: began.plus(age) }
    }

    /// That of a set which another instance fetched.
    pub(super) fn taken_over(began: Time, age: Span) -> Self {
        Self { is_ours: false, ..Self::new(began, age.max(Span::ZERO)) }
    }
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
            flights: Flights::default(),
            reason: String::new(),
            troubled: None,
        }
    }

    pub(super) fn standing(&self, now: Time) -> Standing {
        match self.life {
            Some(life) if now < life.old => Standing::Fresh,
            Some(life) if now < life.expires => Standing::Old,
            // Only a provider that was tried lately and failed earns its keys more time: with nobody having tried, a removed
            // key would outlive its age.
            Some(life) if now < life.expires.plus(self.config.stale_if_error) && self.flights.is_failing(now) => {
                Standing::Old
            }
            _ => Standing::Unusable,
        }
    }

    /// Whether this instance asked for the present set at this instant or later.
    pub(super) fn asked_since(&self, instant: Time) -> bool {
        self.life.is_some_and(|life| life.is_ours && life.began >= instant)
    }

    /// What a caller does who can't go on with the present set, and whose clock shows `wall`.
    pub(super) fn need(&mut self, wall: Time, now: Time) -> Decision {
        match self.flights.join(&self.config, now) {
            Join::Begin(is_takeover) => Decision::Fetch(self.begin(is_takeover, now)),
            Join::Wait(fetch, until) => Decision::Wait { fetch, until: wall.plus(until.since(now)) },
            Join::Closed(at) => {
                let (reason, place) = if self.flights.is_pausing(now) {
                    (Cow::Owned(self.reason.clone()), self.troubled.clone())
                } else {
                    (Cow::Borrowed("they were asked for a moment ago, and will be again soon"), None)
                };
                Decision::Unavailable { retry_after: at.since(now), reason, place }
            }
        }
    }

    pub(super) fn may_refresh(&self, now: Time) -> bool {
        self.flights.may_refresh(&self.config, now)
    }

    /// A fetch for a caller who can go on without, if one may begin.
    pub(super) fn refresh(&mut self, now: Time) -> Option<FetchId> {
        self.may_refresh(now).then(|| self.begin(false, now))
    }

    pub(super) fn url_of(&self, fetch: FetchId) -> Option<&str> {
        self.flights.get(fetch).map(|flight| flight.url.as_str())
    }

    fn begin(&mut self, is_takeover: bool, now: Time) -> FetchId {
        let is_good = |found: &&Discovered| !found.is_doubted && now.since(found.found) < DISCOVERY_AGE;
        let known = match &self.place {
            Place::Keys(uri) => Some(uri.clone()),
            _ => self.discovered.as_ref().filter(is_good).map(|found| found.uri.clone()),
        };
        let (url, goal) = match known {
            Some(uri) => (uri, Goal::Keys),
            None => (self.metadata_at(0).unwrap_or_default(), Goal::Metadata(0)),
        };
        self.flights.begin(url, goal, is_takeover, now)
    }

    /// The place of this number where the metadata can be.
    fn metadata_at(&self, number: usize) -> Option<String> {
        match &self.place {
            Place::Keys(_) => None,
            Place::Document(url) => Some(url.clone()).filter(|_| number == 0),
            Place::Issuer => discovery::places(&self.issuer.base()).into_iter().nth(number),
        }
    }

    pub(super) fn response(
        &mut self,
        fetch: FetchId,
        outcome: FetchOutcome<'_>,
        ids: &mut KeyIds,
        now: Time,
    ) -> Arrival {
        // Unknown: it was lost long ago, or a later one was faster.
        let Some(flight) = self.flights.take(fetch) else { return Arrival::Nothing };
        match outcome {
            FetchOutcome::Failed(FetchFailure::Abandoned) => {
                self.flights.gave_up();
                Arrival::Nothing
            }
            FetchOutcome::Failed(failure) => self.unanswered(flight, &failure.to_string(), None, None, now),
            FetchOutcome::Response { status: 200, body, .. } if flight.goal != Goal::Keys => {
                match discovery::jwks_uri(body, &self.issuer) {
                    Ok(uri) => {
                        self.flights.go_on(flight, uri.clone(), Goal::Keys, now);
                        self.discovered = Some(Discovered { uri, found: now, is_doubted: false });
                        Arrival::Next
                    }
                    Err(Unusable { why, is_document }) => {
                        self.undiscovered(flight, (&why, Some(200)), is_document, None, now)
                    }
                }
            }
            FetchOutcome::Response { status: 200, body, cache_control, age, .. } => match Jwks::parse(body, ids) {
                Ok(jwks) => self.arrived(&flight, jwks, headers::lifetime(cache_control, age)),
                Err(error) => self.failed(&flight, (error.message(), Some(200)), None, now),
            },
            FetchOutcome::Response { status, retry_after, .. } => {
                self.unanswered(flight, &format!("answered with the status {status}"), Some(status), retry_after, now)
            }
        }
    }

    fn arrived(&mut self, flight: &Flight, jwks: Jwks, said: Option<Span>) -> Arrival {
        if self.life.is_some_and(|life| life.began > flight.began) {
            return Arrival::Nothing;
        }
        self.life = Some(Life::new(flight.began, self.config.age_of(said)));
        self.flights.succeeded(flight);
        Arrival::Keys(jwks)
    }

    /// The provider didn't say where its keys are, or what they are.
    fn unanswered(
        &mut self,
        flight: Flight,
        what: &str,
        status: Option<u16>,
        asked: Option<Span>,
        now: Time,
    ) -> Arrival {
        if flight.goal == Goal::Keys {
            return self.failed(&flight, (what, status), asked, now);
        }
        self.undiscovered(flight, (what, status), false, asked, now)
    }

    /// One place has no metadata that is of use: what it did, and with which status.
    fn undiscovered(
        &mut self,
        mut flight: Flight,
        (what, status): (&str, Option<u16>),
        is_document: bool,
        asked: Option<Span>,
        now: Time,
    ) -> Arrival {
        // The keys are probably where they were, unless the provider says otherwise.
        let found = self.discovered.as_ref().filter(|found| !is_document && now.since(found.found) < DISCOVERY_STALE);
        if let Some(uri) = found.map(|found| found.uri.clone()) {
            self.flights.go_on(flight, uri, Goal::Keys, now);
            return Arrival::Next;
        }
        let number = if let Goal::Metadata(number) = flight.goal { number + 1 } else { 0 };
        if let Some(next) = self.metadata_at(number) {
            flight.nowhere.push_str(&format!("{}: {what}; ", url::bare(&flight.url)));
            if flight.first.is_none() {
                flight.first = Some(Troubled { url: url::bare(&flight.url), status });
            }
            flight.asked = asked.max(flight.asked);
            self.flights.go_on(flight, next, Goal::Metadata(number), now);
            return Arrival::Next;
        }
        self.failed(&flight, (what, status), asked.max(flight.asked), now)
    }

    fn failed(
        &mut self,
        flight: &Flight,
        (what, status): (&str, Option<u16>),
        asked: Option<Span>,
        now: Time,
    ) -> Arrival {
        if self.life.is_some_and(|life| life.began > flight.began) {
            // A later one brought keys: the provider is well.
            return Arrival::Nothing;
        }
        self.flights.failed(&self.config, asked, now);
        let url = url::bare(&flight.url);
        self.reason = format!("{}{url}: {what}", flight.nowhere);
        self.troubled = match &flight.first {
            Some(first) if discovery::weight(first.status) > discovery::weight(status) => Some(first.clone()),
            _ => Some(Troubled { url, status }),
        };
        if let (Some(discovered), Goal::Keys) = (&mut self.discovered, flight.goal) {
            discovered.is_doubted = true;
        }
        Arrival::Nothing
    }
}
