//! What is under way, who is lost, and who has overtaken whom.

use super::{
    action::AttemptId,
    attempt::{Attempt, Operation, Stage, NOTICE},
};
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

    /// Begins one. The oldest gives way that has asked for nothing: what another one's request brings may count only once.
    pub(super) fn launch(&mut self, operation: Operation, stage: Stage, generation: u32, now: Time) -> AttemptId {
        if self.under_way.len() >= MAX_ATTEMPTS {
            let idle = self.under_way.iter().position(|attempt| attempt.asked == 0);
            self.under_way.remove(idle.unwrap_or(0));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::manager::Reason;

    fn at(millis: i64) -> Time {
        Time::EPOCH.plus(Span::from_millis(millis))
    }

    fn attempts() -> Attempts {
        Attempts::new(Span::from_secs(10))
    }

    fn refresh(attempts: &mut Attempts, stage: Stage, now: Time) -> AttemptId {
        attempts.launch(Operation::Refresh(Reason::Initial), stage, 0, now)
    }

    #[test]
    fn an_attempt_is_lost_a_second_after_its_stage_had_to_end() {
        for (stage, limit) in [
            (Stage::Load, 5),
            (Stage::AskTabs, 5),
            (Stage::Store, 5),
            (Stage::Sign, 5),
            (Stage::Send, 10),
            (Stage::Discover(false), 10),
            (Stage::Callback, 60),
            (Stage::Lock, 65),
        ] {
            let mut attempts = attempts();
            let id = refresh(&mut attempts, stage, at(0));
            let lost = limit * 1000 + 1000;
            assert_eq!(attempts.live(at(lost - 1)).map(|attempt| attempt.id), Some(id), "{stage:?}");
            assert!(attempts.live(at(lost)).is_none(), "{stage:?}");
        }
    }

    #[test]
    fn the_answers_of_four_would_still_be_taken() {
        let mut attempts = attempts();
        let ids: Vec<_> = (0..5).map(|_| refresh(&mut attempts, Stage::Send, at(0))).collect();
        assert!(attempts.get(ids[0]).is_none() && ids[1..].iter().all(|id| attempts.get(*id).is_some()));
    }

    #[test]
    fn one_that_has_asked_gives_way_last() {
        let mut attempts = attempts();
        let first = refresh(&mut attempts, Stage::Send, at(0));
        attempts.number_request(first);
        let [second, third, _, _] = [0; 4].map(|now| refresh(&mut attempts, Stage::Load, at(now)));
        assert!(attempts.get(first).is_some() && attempts.get(second).is_none() && attempts.get(third).is_some());
    }

    #[test]
    fn one_is_overtaken_by_whoever_asks_after_it_until_that_one_is_lost() {
        let mut attempts = attempts();
        let first = refresh(&mut attempts, Stage::Load, at(0));
        let second = refresh(&mut attempts, Stage::Load, at(0));
        let is_overtaken = |attempts: &mut Attempts, id, now| {
            let (place, attempt) = attempts.take(id).unwrap();
            let is_overtaken = attempts.is_overtaken(&attempt, now);
            attempts.put_back(place, attempt);
            is_overtaken
        };
        assert!(is_overtaken(&mut attempts, first, at(5999)) && !is_overtaken(&mut attempts, first, at(6000)));
        // Who is older counts only once it asks.
        assert!(!is_overtaken(&mut attempts, second, at(0)));
        attempts.get_mut(first).unwrap().stage = Stage::Send;
        assert!(is_overtaken(&mut attempts, second, at(10_999)) && !is_overtaken(&mut attempts, second, at(11_000)));
        // And for ever, once its tokens are about to be stored, or have come.
        attempts.get_mut(first).unwrap().stage = Stage::Store;
        assert!(is_overtaken(&mut attempts, second, at(1_000_000)));
        attempts.take(first);
        assert!(!is_overtaken(&mut attempts, second, at(0)));
        assert!(attempts.settle(first) && is_overtaken(&mut attempts, second, at(0)));
    }

    #[test]
    fn what_is_newer_settles_and_what_is_older_does_not() {
        let mut attempts = attempts();
        let [old, new] = [0, 0].map(|now| refresh(&mut attempts, Stage::Send, at(now)));
        assert!(attempts.is_ahead(old) && !attempts.is_outdated(old));
        assert!(attempts.settle(new) && !attempts.settle(old) && attempts.settle(new));
        assert!(attempts.is_outdated(old) && !attempts.is_outdated(new) && !attempts.is_ahead(new));
        let last = refresh(&mut attempts, Stage::Send, at(0));
        attempts.settle_all();
        assert!(!attempts.is_ahead(last));
    }

    #[test]
    fn nothing_is_under_way_once_all_is_cleared() {
        let mut attempts = attempts();
        let id = refresh(&mut attempts, Stage::Send, at(0));
        attempts.clear();
        assert!(attempts.get(id).is_none() && attempts.live(at(0)).is_none());
    }
}
