//! What is under way, who is lost, and who has overtaken whom.

use super::attempt::{Attempt, AttemptId, Operation, Stage, NOTICE};
use crate::time::{Span, Time};

/// Attempts whose answers would still be taken.
const MAX_ATTEMPTS: usize = 4;

/// The attempts of a manager: a few, of which one counts and others are lost.
#[derive(Debug)]
pub(super) struct Attempts {
    under_way: Vec<Attempt>,
    /// The time-out of one request.
    timeout: Span,
    /// How many requests for tokens there were.
    requests: u32,
    latest: u32,
    /// The newest one that brought tokens.
    settled: u32,
}

impl Attempts {
    pub(super) const fn new(timeout: Span) -> Self {
        Self { under_way: Vec::new(), timeout, requests: 0, latest: 0, settled: 0 }
    }

    /// Begins one; the oldest gives way.
    pub(super) fn launch(&mut self, operation: Operation, stage: Stage, generation: u32, now: Time) -> AttemptId {
        if self.under_way.len() >= MAX_ATTEMPTS {
            self.under_way.remove(0);
        }
        // 0 is none, on JavaScript's side.
        self.latest = self.latest.wrapping_add(1).max(1);
        let id = AttemptId(self.latest);
        self.under_way.push(Attempt::new(id, operation, stage, now, self.settled, generation));
        id
    }

    pub(super) fn get(&self, id: AttemptId) -> Option<&Attempt> {
        self.under_way.iter().find(|attempt| attempt.id == id)
    }

    pub(super) fn get_mut(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        self.under_way.iter_mut().find(|attempt| attempt.id == id)
    }

    /// Takes one out, and says where it was.
    pub(super) fn take(&mut self, id: AttemptId) -> Option<(usize, Attempt)> {
        let place = self.under_way.iter().position(|attempt| attempt.id == id)?;
        Some((place, self.under_way.remove(place)))
    }

    /// Puts it back where it was.
    pub(super) fn put_back(&mut self, place: usize, attempt: Attempt) {
        self.under_way.insert(place.min(self.under_way.len()), attempt);
    }

    pub(super) fn clear(&mut self) {
        self.under_way.clear();
    }

    /// Drops those that get tokens for whoever was logged in before.
    pub(super) fn drop_refreshes(&mut self) {
        self.under_way.retain(|attempt| !attempt.is_refresh());
    }

    /// One that has obtained tokens, and was lost, perhaps, while it stored them.
    pub(super) fn unstored(&mut self) -> Option<&mut Attempt> {
        self.under_way.iter_mut().rev().find(|attempt| attempt.is_unstored())
    }

    /// A request for tokens has its number from the moment at which it is sent.
    pub(super) fn number_request(&mut self, id: AttemptId) {
        self.requests = self.requests.saturating_add(1);
        let requests = self.requests;
        if let Some(attempt) = self.get_mut(id) {
            attempt.asked = requests;
        }
    }

    pub(super) const fn requests(&self) -> u32 {
        self.requests
    }

    /// It was not heard of until then: it counts as lost.
    pub(super) const fn lost_at(&self, attempt: &Attempt) -> Time {
        attempt.entered.plus(attempt.limit(self.timeout)).plus(NOTICE)
    }

    /// How long those who need its result wait for one request of it.
    pub(super) const fn patience(&self, attempt: &Attempt) -> Time {
        attempt.entered.plus(self.timeout)
    }

    /// The newest one that is not lost.
    pub(super) fn live(&self, now: Time) -> Option<&Attempt> {
        self.under_way.iter().rev().find(|attempt| now < self.lost_at(attempt))
    }

    /// It brings tokens: nothing that began before it does any more. `false` when something newer has.
    pub(super) const fn settle(&mut self, id: AttemptId) -> bool {
        if id.0 < self.settled {
            return false;
        }
        self.settled = id.0;
        true
    }

    /// Tokens have come from elsewhere: nothing that has begun brings any.
    pub(super) const fn settle_all(&mut self) {
        self.settled = self.latest;
    }

    /// Whether one that began later has brought tokens.
    pub(super) const fn is_outdated(&self, id: AttemptId) -> bool {
        id.0 < self.settled
    }

    /// Whether it has not brought tokens, and none that began later has.
    pub(super) const fn is_ahead(&self, id: AttemptId) -> bool {
        id.0 > self.settled
    }

    /// Whether another one has brought tokens since it began.
    pub(super) const fn is_behind(&self, attempt: &Attempt) -> bool {
        attempt.seen != self.settled
    }

    /// Whether another one has brought tokens, or is asking for them, since this one was last heard of.
    pub(super) fn is_overtaken(&self, attempt: &Attempt, now: Time) -> bool {
        let is_first = |other: &Attempt| {
            let is_asking = other.id > attempt.id || other.stage.asks();
            other.is_unstored() || (is_asking && now < self.lost_at(other))
        };
        attempt.is_refresh()
            && (self.is_behind(attempt) || self.under_way.iter().any(|other| other.id != attempt.id && is_first(other)))
    }
}
