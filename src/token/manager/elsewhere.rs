//! What is known of storages and of other tabs: how old our tokens are beside theirs, and when theirs were last asked for.

use crate::time::{Span, Time};

/// How often a manager that has nothing more to ask with looks whether another one has stored something.
const LOOK_AGAIN: Span = Span::from_secs(60);

/// Other holders of the same tokens, and how ours compare with theirs.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// Whether there is anywhere to look.
    exists: bool,
    /// When our tokens came, as far as they are the newest we know of.
    obtained: Option<Time>,
    /// The storage and the other tabs were asked.
    has_loaded: bool,
    /// When that was begun last.
    looked: Option<Time>,
    /// Tokens that came before this are not taken over: somebody has signed out since.
    signed_out: Option<Time>,
}

impl Elsewhere {
    pub(super) fn new(exists: bool) -> Self {
        Self { exists, ..Self::default() }
    }

    pub(super) const fn obtained(&self) -> Option<Time> {
        self.obtained
    }

    pub(super) const fn obtain(&mut self, at: Time) {
        self.obtained = Some(at);
    }

    /// Whether tokens of this time are older than ours, or than the last time somebody signed out.
    pub(super) fn is_old(&self, obtained: Time) -> bool {
        let is_before = |since: Option<Time>| since.is_some_and(|since| since > obtained);
        is_before(self.obtained) || is_before(self.signed_out)
    }

    pub(super) const fn look(&mut self, now: Time) {
        self.looked = Some(now);
    }

    pub(super) const fn has_looked(&mut self) {
        self.has_loaded = true;
    }

    pub(super) const fn has_missed(&mut self) {
        self.has_loaded = false;
    }

    /// Whether nobody has looked yet.
    pub(super) const fn is_unseen(&self) -> bool {
        self.exists && !self.has_loaded
    }

    /// From when on one may look once more: another manager may have had more luck.
    pub(super) fn look_again_at(&self) -> Option<Time> {
        self.exists.then(|| self.looked.map_or(Time::EPOCH, |looked| looked.plus(LOOK_AGAIN)))
    }

    pub(super) fn may_look(&self, now: Time) -> bool {
        self.look_again_at().is_some_and(|at| at <= now)
    }

    /// Somebody signed out then. Whether our tokens came before that; `is_news` says that it happens now, else what nobody knows
    /// the age of stays.
    pub(super) fn sign_out(&mut self, at: Time, is_news: bool) -> bool {
        self.signed_out = self.signed_out.max(Some(at));
        self.obtained.map_or(is_news, |obtained| obtained <= at)
    }

    pub(super) const fn sign_in(&mut self) {
        self.signed_out = None;
    }

    pub(super) const fn forget(&mut self) {
        self.obtained = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Time {
        Time::EPOCH.plus(Span::from_secs(secs))
    }

    #[test]
    fn a_look_a_minute_where_there_is_anywhere_to_look() {
        let mut nowhere = Elsewhere::new(false);
        nowhere.look(at(0));
        assert!(!nowhere.may_look(at(1000)) && !nowhere.is_unseen());
        let mut elsewhere = Elsewhere::new(true);
        assert!(elsewhere.may_look(at(0)) && elsewhere.is_unseen());
        elsewhere.look(at(10));
        elsewhere.has_looked();
        assert!(!elsewhere.may_look(at(69)) && elsewhere.may_look(at(70)) && !elsewhere.is_unseen());
        elsewhere.has_missed();
        assert!(elsewhere.is_unseen());
    }

    #[test]
    fn tokens_of_the_same_age_are_not_old_and_end_with_a_sign_out_of_that_instant() {
        let mut elsewhere = Elsewhere::new(true);
        assert!(elsewhere.sign_out(at(5), true) && !elsewhere.sign_out(at(5), false), "of unknown age");
        assert!(elsewhere.is_old(at(4)) && !elsewhere.is_old(at(5)));
        elsewhere.sign_in();
        assert!(!elsewhere.is_old(at(4)));
        elsewhere.obtain(at(10));
        assert!(elsewhere.is_old(at(9)) && !elsewhere.is_old(at(10)));
        assert!(!elsewhere.sign_out(at(9), true) && elsewhere.sign_out(at(10), false));
    }

    #[test]
    fn of_tokens_that_are_forgotten_nobody_knows_the_age() {
        let mut elsewhere = Elsewhere::new(true);
        elsewhere.obtain(at(10));
        elsewhere.forget();
        assert!(elsewhere.obtained().is_none() && !elsewhere.is_old(at(9)));
    }
}
