//! A verifier's state: the machine, and what the platform has made for it.

use std::{mem, sync::Arc, time::Duration};

use crate::{
    driver::Here,
    error::{Code, Error},
    http::retry_after,
    jose::{
        alg::Algorithm,
        jwk::Jwk,
        jwks::KeyId,
        jwks_cache::{FetchFailure, FetchId, Request, Response},
        verify::{Action, CheckId, SignatureCheck, Step, VerifiedToken, Verifier},
    },
    json::Value,
    machine::Machine as _,
    platform::{self, duration, fetch, Platform},
    time::{Span, Time},
};

pub(super) type Signal = <Here as Platform>::Signal;
pub(super) type Check = <Here as Platform>::Check;
type Key = <Here as Platform>::Key;

/// Whoever waits looks again after so long at the latest, whatever the machine says.
const LONGEST_WAIT: Span = Span::from_secs(60);

/// A fetch of one provider's keys.
pub(super) type Fetch = (usize, FetchId);

/// What a caller with a token does next.
pub(super) enum Next {
    /// The token is good. Whether it was seen before.
    Verified(Arc<VerifiedToken>),
    /// It is refused.
    Refused(Error),
    /// Performs this fetch.
    Fetch(Fetch),
    /// Waits for somebody else's.
    Wait(Fetch, Option<Signal>, Duration),
    /// Hands a key over, and begins this fetch beside.
    Import(KeyId, Algorithm, Box<Jwk>, Option<Fetch>),
    /// Waits for a check, and begins its fetch beside.
    Check(SignatureCheck, Check),
}

/// The machine, and what goes with it.
pub(super) struct State {
    machine: Verifier,
    keys: Vec<((KeyId, Algorithm), Key)>,
    /// Requests that nobody has come for yet.
    requests: Vec<(usize, Request)>,
    /// Where those wait who need a fetch.
    fetches: Vec<(Fetch, Signal)>,
    /// How often a fetch was kept for the next caller.
    hand_overs: u64,
    /// Those that nobody carried for a while.
    idle: Vec<Fetch>,
}

impl State {
    pub(super) const fn new(machine: Verifier) -> Self {
        Self { machine, keys: Vec::new(), requests: Vec::new(), fetches: Vec::new(), hand_overs: 0, idle: Vec::new() }
    }

    /// Begins with a token, or begins again.
    pub(super) fn begin(&mut self, tried: usize, token: &str, arrived: Time, now: Time) -> Next {
        let step = self.machine.begin_with(tried, token.as_bytes(), arrived, now);
        if let Step::Verified(verified) = step {
            return Next::Verified(verified);
        }
        self.drain();
        match step {
            Step::Verified(verified) => Next::Verified(verified),
            Step::Refused(error) => Next::Refused(error),
            Step::Fetch(provider, fetch) => Next::Fetch((provider, fetch)),
            Step::Wait(provider, fetch, until) => {
                let bound = until.since(now).between(Span::from_millis(1), LONGEST_WAIT);
                Next::Wait((provider, fetch), self.signal((provider, fetch)), duration(bound))
            }
            Step::Import { key, algorithm, refresh } => self.import(key, algorithm, refresh),
            Step::Check(check) => self.check(token, check),
        }
    }

    fn import(&self, key: KeyId, algorithm: Algorithm, refresh: Option<Fetch>) -> Next {
        match self.machine.key(key) {
            Some(jwk) => Next::Import(key, algorithm, Box::new(jwk.clone()), refresh),
            None => Next::Refused(Error::new(Code::Internal, "there is no such key")),
        }
    }

    fn check(&mut self, token: &str, check: SignatureCheck) -> Next {
        let Some((_, key)) = self.keys.iter().find(|(own, _)| *own == (check.key, check.algorithm)) else {
            self.machine.abandon(check.id);
            return self.import(check.key, check.algorithm, check.refresh);
        };
        let signature = self.machine.signature().get(..check.signature_len).unwrap_or_default();
        let signed = token.as_bytes().get(..check.signing_input_len).unwrap_or_default();
        let answer = Here::check(key, check.algorithm, signature, signed);
        Next::Check(check, answer)
    }

    /// Ends a check with its answer.
    pub(super) fn finish(&mut self, id: CheckId, approved: bool, now: Time) -> Result<Arc<VerifiedToken>, Error> {
        self.machine.finish(id, approved, now)
    }

    /// Forgets a check that nobody will finish.
    pub(super) fn abandon(&mut self, id: CheckId) {
        self.machine.abandon(id);
    }

    /// A key was taken, or refused.
    pub(super) fn imported(&mut self, id: KeyId, algorithm: Algorithm, key: Option<Key>) {
        // One that has gone meanwhile is not kept: nobody would say of it again that it has.
        if self.machine.key(id).is_none() {
            return;
        }
        self.machine.handle_imported(id, algorithm, key.is_some());
        if let (Some(key), false) = (key, self.keys.iter().any(|(own, _)| *own == (id, algorithm))) {
            self.keys.push(((id, algorithm), key));
        }
    }

    /// What to GET next for a fetch; `None` when it is not wanted any more.
    pub(super) fn request(&mut self, (provider, fetch): Fetch) -> Option<Request> {
        let is_wanted = |(own, request): &(usize, Request)| (*own, request.fetch) == (provider, fetch);
        let at = self.requests.iter().position(is_wanted)?;
        Some(self.requests.swap_remove(at).1)
    }

    /// A request for keys was answered, or wasn't. Whether another follows.
    pub(super) fn answered(
        &mut self,
        (provider, fetch): Fetch,
        answer: &Result<fetch::Response, fetch::Failure>,
        now: Time,
    ) -> bool {
        match answer {
            Ok(answer) => {
                let response = Response {
                    status: answer.status,
                    cache_control: answer.header("cache-control"),
                    age: answer.header("age"),
                    retry_after: retry_after::read(answer.header("retry-after"), answer.header("date"), now),
                    body: &answer.body,
                };
                self.machine.handle_response(provider, fetch, &response, now);
            }
            Err(fetch::Failure::Timeout) if self.idle.contains(&(provider, fetch)) => {
                self.machine.handle_failure(provider, fetch, FetchFailure::Abandoned, now);
            }
            Err(failure) => self.machine.handle_failure(provider, fetch, (*failure).into(), now),
        }
        self.drain();
        self.machine.is_fetching(provider, fetch)
    }

    /// Whoever performed this fetch is gone. Its signal is another request's, and is let go.
    pub(super) fn lost(&mut self, fetch: Fetch, now: Time) {
        self.abandoned(fetch, now);
        drop(self.over(fetch));
    }

    /// Whether the machine still waits for this fetch, and for no other in its place.
    pub(super) fn is_under_way(&self, (provider, fetch): Fetch) -> bool {
        self.machine.is_fetching(provider, fetch)
    }

    /// Nobody performs this fetch any more.
    pub(super) fn abandoned(&mut self, (provider, fetch): Fetch, now: Time) {
        self.machine.handle_failure(provider, fetch, FetchFailure::Abandoned, now);
        self.drain();
    }

    /// Where those wait who need this fetch.
    pub(super) fn signal(&self, fetch: Fetch) -> Option<Signal> {
        self.fetches.iter().find(|(own, _)| *own == fetch).map(|(_, signal)| signal.clone())
    }

    /// A fetch waits for the next caller to carry it on. Whoever waits for it looks again, and then by another signal.
    pub(super) fn handed_on(&mut self, fetch: Fetch) -> Option<Signal> {
        let (_, signal) = self.fetches.iter_mut().find(|(own, _)| *own == fetch)?;
        self.hand_overs += 1;
        Some(mem::replace(signal, <Signal as platform::Signal>::new()))
    }

    /// Nobody carried this fetch for so long that its time may be over without the provider's doing.
    pub(super) fn lay_idle(&mut self, fetch: Fetch) {
        if !self.idle.contains(&fetch) {
            self.idle.push(fetch);
        }
    }

    /// How often that has been.
    pub(super) const fn hand_overs(&self) -> u64 {
        self.hand_overs
    }

    /// A fetch is over: whoever waits for it goes on.
    pub(super) fn over(&mut self, fetch: Fetch) -> Option<Signal> {
        let at = self.fetches.iter().position(|(own, _)| *own == fetch)?;
        Some(self.fetches.swap_remove(at).1)
    }

    /// Takes over what the machine wants to have done.
    fn drain(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Fetch { provider, request } => {
                    let fetch = (provider, request.fetch);
                    if !self.fetches.iter().any(|(own, _)| *own == fetch) {
                        self.fetches.push((fetch, <Signal as platform::Signal>::new()));
                    }
                    self.requests.push((provider, request));
                    self.forget_lost();
                }
                Action::Forget(gone) => self.keys.retain(|((id, _), _)| *id != gone),
            }
        }
    }

    /// Fetches that nobody will end leave nothing behind.
    fn forget_lost(&mut self) {
        let Self { machine, requests, fetches, idle, .. } = self;
        requests.retain(|(provider, request)| machine.is_fetching(*provider, request.fetch));
        idle.retain(|(provider, fetch)| machine.is_fetching(*provider, *fetch));
        fetches.retain(|((provider, fetch), _)| machine.is_fetching(*provider, *fetch));
    }

    /// The keys of all providers, as JSON.
    pub(super) fn snapshots(&self) -> String {
        self.machine.snapshots()
    }

    /// Takes snapshots over.
    pub(super) fn take_over(&mut self, snapshots: &Value<'_>, now: Time) -> Result<(), Error> {
        let taken = self.machine.handle_snapshots(snapshots, now);
        self.drain();
        taken
    }
}
