//! A provider that publishes its keys: how old they are, and what to ask for.

use std::borrow::Cow;

use super::{
    clock::Clock,
    flights::{Flight, Flights, Join},
    headers, CacheConfig, Decision, FetchFailure, FetchId, FetchOutcome,
};
use crate::{
    error::shown,
    jose::{
        discovery,
        jwks::{Jwks, KeyIds},
    },
    time::{Span, Time},
};

/// The place of the keys is looked up again after this.
const DISCOVERY_AGE: Span = Span::from_secs(24 * 3600);
/// When that fails, the old place is good for so long after it was found.
const DISCOVERY_STALE: Span = Span::from_secs(48 * 3600);

/// What is known of a provider beside its keys.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) issuer: String,
    pub(super) clock: Clock,
    pub(super) config: CacheConfig,
    /// The life of the present set, if there is one.
    pub(super) life: Option<Life>,
    jwks_uri: Option<String>,
    discovered: Option<Discovered>,
    flights: Flights,
    /// Why the last fetch failed.
    reason: String,
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
    pub(super) fn new(issuer: &str, jwks_uri: Option<&str>, config: CacheConfig) -> Self {
        Self {
            issuer: issuer.to_owned(),
            clock: Clock::new(),
            config: config.in_range(),
            life: None,
            jwks_uri: jwks_uri.map(str::to_owned),
            discovered: None,
            flights: Flights::default(),
            reason: String::new(),
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
                let reason = if self.flights.is_pausing(now) {
                    Cow::Owned(self.reason.clone())
                } else {
                    Cow::Borrowed("they were asked for a moment ago, and will be again soon")
                };
                Decision::Unavailable { retry_after: at.since(now), reason }
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
        let known = self.jwks_uri.as_ref().or_else(|| {
            let found =
                self.discovered.as_ref().filter(|found| !found.is_doubted && now.since(found.found) < DISCOVERY_AGE);
            found.map(|found| &found.uri)
        });
        let (url, is_discovery) =
            known.map_or_else(|| (discovery::url_of(&self.issuer), true), |uri| (uri.clone(), false));
        self.flights.begin(url, is_discovery, is_takeover, now)
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
            FetchOutcome::Failed(failure) => self.unanswered(flight, &failure.to_string(), None, now),
            FetchOutcome::Response { status: 200, body, .. } if flight.is_discovery => {
                match discovery::parse(body, &self.issuer) {
                    Ok(uri) => {
                        self.flights.go_on(flight, uri.clone(), now);
                        self.discovered = Some(Discovered { uri, found: now, is_doubted: false });
                        Arrival::Next
                    }
                    Err(error) => self.failed(&flight, error.message(), None, now),
                }
            }
            FetchOutcome::Response { status: 200, body, cache_control, age, .. } => match Jwks::parse(body, ids) {
                Ok(jwks) => self.arrived(&flight, jwks, headers::lifetime(cache_control, age)),
                Err(error) => self.failed(&flight, error.message(), None, now),
            },
            FetchOutcome::Response { status, retry_after, .. } => {
                let asked = headers::retry_after(retry_after);
                self.unanswered(flight, &format!("answered with the status {status}"), asked, now)
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
    fn unanswered(&mut self, flight: Flight, what: &str, asked: Option<Span>, now: Time) -> Arrival {
        if flight.is_discovery {
            // The keys are probably where they were.
            let found = self.discovered.as_ref().filter(|found| now.since(found.found) < DISCOVERY_STALE);
            if let Some(uri) = found.map(|found| found.uri.clone()) {
                self.flights.go_on(flight, uri, now);
                return Arrival::Next;
            }
        }
        self.failed(&flight, what, asked, now)
    }

    fn failed(&mut self, flight: &Flight, what: &str, asked: Option<Span>, now: Time) -> Arrival {
        if self.life.is_some_and(|life| life.began > flight.began) {
            // A later one brought keys: the provider is well.
            return Arrival::Nothing;
        }
        self.flights.failed(&self.config, asked, now);
        self.reason = format!("{}: {what}", shown(&flight.url));
        if let (Some(discovered), false) = (&mut self.discovered, flight.is_discovery) {
            discovered.is_doubted = true;
        }
        Arrival::Nothing
    }
}
