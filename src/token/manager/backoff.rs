//! When the next attempt may begin after one that brought nothing, and when there is none.

use crate::{
    error::Error,
    time::{Span, Time},
    token::{jitter::Jitter, schedule},
};

/// A "no" that came so often in a row, over so long a time, is believed.
const FINAL_AFTER: u32 = 4;
/// And so long.
const FINAL_AFTER_SPAN: Span = Span::from_secs(60);

/// Why no attempt begins, and until when.
#[derive(Debug)]
pub(super) struct Cooldown {
    pub(super) error: Error,
    /// Told as one that no retry mends.
    pub(super) is_final: bool,
    /// `None`: never again, until somebody hands tokens in.
    pub(super) until: Option<Time>,
}

impl Cooldown {
    /// What whoever asks meanwhile is told.
    pub(super) fn error(&self, now: Time) -> Error {
        let error = self.error.clone();
        match self.until {
            Some(until) => error.retry_after(until.since(now)),
            None => error,
        }
    }
}

/// How often the answer was "no" since a token came, and since when.
#[derive(Clone, Copy, Debug)]
struct Refusals {
    count: u32,
    since: Time,
}

/// What failed since a token came.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    cooldown: Option<Cooldown>,
    refusals: Option<Refusals>,
}

impl Backoff {
    pub(super) const fn cooldown(&self) -> Option<&Cooldown> {
        self.cooldown.as_ref()
    }

    pub(super) fn cool_down(&mut self, cooldown: Cooldown) {
        self.cooldown = Some(cooldown);
    }

    /// Whether the source is not to be asked again, for now or for good.
    pub(super) fn is_closed(&self, now: Time) -> bool {
        let is_on = |cooldown: &Cooldown| cooldown.is_final && cooldown.until.is_none_or(|until| until > now);
        self.cooldown.as_ref().is_some_and(is_on)
    }

    /// Whether nothing but tokens that are handed in ends it.
    pub(super) fn is_over(&self) -> bool {
        self.cooldown.as_ref().is_some_and(|cooldown| cooldown.is_final && cooldown.until.is_none())
    }

    /// Counts a failure: how long to wait now, at least as long as the provider `asked` for.
    pub(super) fn count_failure(&mut self, asked: Option<Span>, jitter: &mut Jitter) -> Span {
        self.failures = self.failures.saturating_add(1);
        schedule::backoff(self.failures, asked, jitter.draw())
    }

    /// Counts a "no", and tells whether it is to be believed by now. What is no answer in between changes nothing.
    pub(super) fn count_refusal(&mut self, now: Time) -> bool {
        let since = self.refusals.map_or(now, |refusals| refusals.since);
        let count = self.refusals().saturating_add(1);
        self.refusals = Some(Refusals { count, since });
        count >= FINAL_AFTER && now.since(since) >= FINAL_AFTER_SPAN
    }

    /// How often the answer was "no".
    pub(super) fn refusals(&self) -> u32 {
        self.refusals.map_or(0, |refusals| refusals.count)
    }

    /// A token has come.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Another refresh token has come: whatever was refused for good, it was another one.
    pub(super) fn reopen(&mut self) {
        self.cooldown.take_if(|cooldown| cooldown.is_final);
    }

    /// The tokens are forgotten, and what was said of them.
    pub(super) fn forget(&mut self) {
        self.cooldown = None;
        self.refusals = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_believed_the_fourth_time_a_minute_after_the_first() {
        let at = |secs: i64| Time::EPOCH.plus(Span::from_secs(secs));
        let mut backoff = Backoff::default();
        assert_eq!([0, 20, 59, 60].map(|secs| backoff.count_refusal(at(secs))), [false, false, false, true]);
        let mut backoff = Backoff::default();
        assert_eq!([0, 60, 61, 62].map(|secs| backoff.count_refusal(at(secs))), [false, false, false, true]);
        let mut backoff = Backoff::default();
        assert!(![0, 1, 2, 3, 4, 59].map(|secs| backoff.count_refusal(at(secs))).contains(&true));
        backoff.reset();
        assert!(!backoff.count_refusal(at(60)), "counted anew");
    }

    #[test]
    fn a_final_cooldown_is_closed_until_its_end_and_over_without_one() {
        let error = || Error::new(crate::error::Code::RefreshRejected, "no");
        let [now, later] = [Time::EPOCH, Time::EPOCH.plus(Span::from_secs(1))];
        for (is_final, until, is_closed, is_over) in [
            (false, Some(later), false, false),
            (true, Some(now), false, false),
            (true, Some(later), true, false),
            (true, None, true, true),
        ] {
            let mut backoff = Backoff::default();
            backoff.cool_down(Cooldown { error: error(), is_final, until });
            assert_eq!((backoff.is_closed(now), backoff.is_over()), (is_closed, is_over), "{is_final} {until:?}");
            backoff.reopen();
            assert_eq!(backoff.cooldown().is_none(), is_final);
        }
    }

    #[test]
    fn what_was_said_of_tokens_goes_with_them() {
        let mut backoff = Backoff::default();
        backoff.count_refusal(Time::EPOCH);
        let error = Error::new(crate::error::Code::RefreshRejected, "no");
        backoff.cool_down(Cooldown { error, is_final: true, until: None });
        backoff.forget();
        assert!(backoff.cooldown().is_none() && backoff.refusals() == 0);
    }
}
