//! What comes of a request: the keys, where the keys are, or a failure.

use super::{
    config::lifetime,
    fetches::{Fetch, Goal},
    remote::{Discovered, Life, Remote},
    FailedRequest, FetchFailure, FetchId, Response,
};
use crate::{
    jose::{
        discovery::{self, Unusable},
        jwks::{Jwks, KeyIds},
        url,
    },
    time::{Span, Time},
};

/// What a request did instead of bringing what it should, to stand after its URL and a colon.
#[derive(Clone, Copy)]
struct Failure<'a> {
    what: &'a str,
    status: Option<u16>,
    retry_after: Option<Span>,
}

impl Remote {
    /// Takes an answer. Keys that are newer than the present ones are given back.
    pub(super) fn answered(
        &mut self,
        fetch: FetchId,
        response: &Response<'_>,
        ids: &mut KeyIds,
        now: Time,
    ) -> Option<Jwks> {
        // Unknown: it was lost long ago, or a later one was faster.
        let fetch = self.fetches.take(fetch)?;
        let Response { status, cache_control, age, retry_after, body } = *response;
        let failure = |what| Failure { what, status: Some(status), retry_after: None };
        match (status, fetch.goal) {
            (200, Goal::Keys) => match Jwks::parse(body, ids) {
                Ok(jwks) => return self.arrived(&fetch, jwks, lifetime(cache_control, age)),
                Err(error) => self.failed(&fetch, &failure(error.message()), now),
            },
            (200, Goal::Metadata(_)) => match discovery::jwks_uri(body, &self.issuer) {
                Ok(uri) => {
                    self.fetches.go_on(fetch, uri.clone(), Goal::Keys, now);
                    self.discovered = Some(Discovered { uri, found: now, needs_rediscovery: false });
                }
                Err(Unusable { why, is_document }) => self.undiscovered(fetch, &failure(&why), is_document, now),
            },
            _ => {
                let what = format!("answered with the status {}", usize::from(status));
                self.unanswered(fetch, &Failure { what: &what, status: Some(status), retry_after }, now);
            }
        }
        None
    }

    /// There is no answer.
    pub(super) fn broken(&mut self, fetch: FetchId, failure: FetchFailure, now: Time) {
        let Some(fetch) = self.fetches.take(fetch) else { return };
        if failure == FetchFailure::Abandoned {
            return self.fetches.abandoned();
        }
        self.unanswered(fetch, &Failure { what: &format!("{failure}"), status: None, retry_after: None }, now);
    }

    fn arrived(&mut self, fetch: &Fetch, jwks: Jwks, lifetime: Option<Span>) -> Option<Jwks> {
        if self.has_newer(fetch) {
            return None;
        }
        self.life = Some(Life::new(fetch.began, self.config.age_of(lifetime)));
        self.fetches.succeeded(fetch);
        Some(jwks)
    }

    fn has_newer(&self, fetch: &Fetch) -> bool {
        self.life.is_some_and(|life| life.began > fetch.began)
    }

    /// The provider didn't say where its keys are, or what they are.
    fn unanswered(&mut self, fetch: Fetch, failure: &Failure<'_>, now: Time) {
        match fetch.goal {
            Goal::Keys => self.failed(&fetch, failure, now),
            Goal::Metadata(_) => self.undiscovered(fetch, failure, false, now),
        }
    }

    /// One place has no metadata that is of use.
    fn undiscovered(&mut self, mut fetch: Fetch, failure: &Failure<'_>, is_document: bool, now: Time) {
        // The keys are probably where they were, unless the provider says otherwise.
        if let Some(uri) = self.last_known_uri(now).filter(|_| !is_document) {
            return self.fetches.go_on(fetch, uri, Goal::Keys, now);
        }
        let number = if let Goal::Metadata(number) = fetch.goal { number + 1 } else { 0 };
        fetch.retry_after = failure.retry_after.max(fetch.retry_after);
        let Some(next) = self.metadata_at(number) else {
            return self.failed(&fetch, &Failure { retry_after: fetch.retry_after, ..*failure }, now);
        };
        let url = url::without_secrets(&fetch.url);
        fetch.failures.push_str(&format!("{url}: {}; ", failure.what));
        fetch.first_failure.get_or_insert(FailedRequest { url, status: failure.status });
        self.fetches.go_on(fetch, next, Goal::Metadata(number), now);
    }

    fn failed(&mut self, fetch: &Fetch, failure: &Failure<'_>, now: Time) {
        // A later one brought keys: the provider is well.
        if self.has_newer(fetch) {
            return;
        }
        self.fetches.failed(&self.config, failure.retry_after, now);
        let url = url::without_secrets(&fetch.url);
        self.reason = format!("{}{url}: {}", fetch.failures, failure.what);
        self.last_failure = match &fetch.first_failure {
            Some(first) if discovery::weight(first.status) > discovery::weight(failure.status) => Some(first.clone()),
            _ => Some(FailedRequest { url, status: failure.status }),
        };
        if let (Some(discovered), Goal::Keys) = (&mut self.discovered, fetch.goal) {
            discovered.needs_rediscovery = true;
        }
    }
}
