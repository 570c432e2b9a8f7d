//! The access token that is handed out, and its time.

use super::{
    action::Reason,
    attempt::{Asked, Life},
};
use crate::{
    secret::Secret,
    time::{Span, Time},
    token::schedule,
};

/// A token that a server refuses sooner than this was never good.
const REFUSED_AT_ONCE: Span = Span::from_secs(30);

/// An access token, until when it is good, and when its successor is asked for.
#[derive(Debug)]
pub(super) struct CurrentToken {
    pub(super) token: Secret,
    pub(super) scope: Option<String>,
    pub(super) life: Option<Life>,
    /// When it was asked for.
    pub(super) asked: Asked,
    /// When it came here.
    pub(super) came: Time,
    /// `None` when its end is unknown.
    pub(super) usable_until: Option<Time>,
    /// `None` when it can't be.
    pub(super) refresh_at: Option<Time>,
}

impl CurrentToken {
    /// One that comes now. `refresh_margin` is how long before its end it is refreshed; `None` when it can't be.
    pub(super) fn new(
        token: Secret,
        scope: Option<String>,
        life: Option<Life>,
        asked: Asked,
        refresh_margin: Option<Span>,
        now: Time,
    ) -> Self {
        let usable_until = life.map(|life| life.expires.minus(schedule::expiry_leeway(life.whole)));
        // A token that comes with little left, as out of somebody's cache, is not asked for again at once.
        let left = usable_until.map_or(0, |until| until.since(now).as_millis().max(0));
        let least = now.plus(Span::from_millis((left / 2).clamp(500, 60_000)));
        let refresh_at = refresh_margin.map(|margin| {
            let planned = life.map_or_else(|| now.plus(schedule::UNKNOWN_LIFE), |life| life.expires.minus(margin));
            if planned <= now {
                least
            } else {
                planned
            }
        });
        Self { token, scope, life, asked, came: now, usable_until, refresh_at }
    }

    pub(super) fn is_usable(&self, now: Time) -> bool {
        self.usable_until.is_none_or(|until| now < until)
    }

    /// Whether its successor is to be asked for.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.refresh_at.is_some_and(|at| at <= now)
    }

    /// Whether less than this is left. A token can't be asked to live on for longer than half of its life.
    pub(super) fn ends_within(&self, span: Span, now: Time) -> bool {
        let Some(life) = self.life else { return false };
        self.refresh_at.is_some() && life.expires.since(now) < span.min(Span::from_millis(life.whole.as_millis() / 2))
    }
}

/// The current token, and what became of those before it.
#[derive(Debug, Default)]
pub(super) struct AccessTokens {
    current: Option<CurrentToken>,
    /// The one that ended last, or was refused: it does not come back out of the storage.
    rejected_token: Option<Secret>,
    /// Changes with the current one.
    generation: u32,
    has_had_one: bool,
    /// A server refused the last one, and no other has come since.
    was_refused: bool,
    /// How many in a row were refused as soon as they came.
    refusals: u32,
    /// The current one was handed out: somebody will want its successor.
    is_used: bool,
}

impl AccessTokens {
    pub(super) const fn current(&self) -> Option<&CurrentToken> {
        self.current.as_ref()
    }

    pub(super) const fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) const fn is_used(&self) -> bool {
        self.is_used
    }

    pub(super) const fn hand_out(&mut self) {
        self.is_used = true;
    }

    pub(super) fn install(&mut self, current: CurrentToken) {
        self.current = Some(current);
        self.generation = self.generation.wrapping_add(1);
        self.has_had_one = true;
        self.was_refused = false;
        self.is_used = false;
    }

    /// One came, and was over when it did.
    pub(super) const fn has_seen_one(&mut self) {
        self.has_had_one = true;
    }

    /// Why the next one is obtained.
    pub(super) const fn reason(&self) -> Reason {
        if self.current.is_none() && self.was_refused {
            Reason::Refused
        } else if self.has_had_one {
            Reason::Expiring
        } else {
            Reason::Initial
        }
    }

    /// Drops the current one if its time is over, and says whether it was.
    pub(super) fn expire(&mut self, now: Time) -> bool {
        let Some(ended) = self.current.take_if(|current| !current.is_usable(now)) else { return false };
        self.rejected_token = Some(ended.token);
        self.generation = self.generation.wrapping_add(1);
        true
    }

    /// The current one is dropped before its time, and not taken back.
    pub(super) fn end(&mut self) {
        if let Some(ended) = self.current.take() {
            self.rejected_token = Some(ended.token);
            self.generation = self.generation.wrapping_add(1);
        }
    }

    /// A server refused this one: if it is the current one it is dropped. When that came, and how many in a row were refused as
    /// soon as they came, this one counted.
    pub(super) fn refuse(&mut self, token: &str, now: Time) -> Option<(Time, u32)> {
        let refused = self.current.take_if(|current| current.token.matches(token.as_bytes()))?;
        let was_never_good = now.since(refused.came) < REFUSED_AT_ONCE;
        self.refusals = if was_never_good { self.refusals.saturating_add(1) } else { 1 };
        self.rejected_token = Some(refused.token);
        self.was_refused = true;
        self.generation = self.generation.wrapping_add(1);
        Some((refused.came, self.refusals))
    }

    /// Tokens are handed in: nothing that was refused before counts.
    pub(super) fn excuse(&mut self) {
        self.rejected_token = None;
        self.refusals = 0;
    }

    /// Whether this is the current one, or one that is not taken back.
    pub(super) fn knows(&self, token: &Secret) -> bool {
        let is = |other: &Secret| other.matches(token.expose());
        self.current.as_ref().is_some_and(|current| is(&current.token)) || self.rejected_token.as_ref().is_some_and(is)
    }

    pub(super) fn forget(&mut self) {
        let generation = self.generation.wrapping_add(1);
        *self = Self { generation, is_used: self.is_used, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::EPOCH.plus(Span::from_millis(millis))
    }

    fn token(secs: i64, margin: Option<i64>) -> CurrentToken {
        let whole = Span::from_secs(secs);
        let life = Life { whole, expires: at(0).plus(whole) };
        let margin = margin.map(Span::from_secs);
        CurrentToken::new(Secret::new("t"), None, Some(life), Asked::default(), margin, at(0))
    }

    #[test]
    fn a_token_is_usable_until_two_seconds_before_its_end_and_due_at_its_margin() {
        let token = token(600, Some(60));
        assert!(token.is_usable(at(597_999)) && !token.is_usable(at(598_000)));
        assert!(!token.is_due(at(539_999)) && token.is_due(at(540_000)));
        assert!(!token.ends_within(Span::from_secs(60), at(540_000)));
        assert!(token.ends_within(Span::from_secs(60), at(540_001)));
        // Not for longer than half of its life.
        assert!(!token.ends_within(Span::from_secs(3600), at(300_000)));
        assert!(token.ends_within(Span::from_secs(3600), at(300_001)));
    }

    #[test]
    fn one_that_comes_with_little_left_is_not_asked_for_again_at_once() {
        for (secs, refresh_at) in [(600, 60_000), (60, 29_000), (2, 750), (0, 500)] {
            assert_eq!(token(secs, Some(600)).refresh_at, Some(at(refresh_at)), "{secs}");
        }
        assert_eq!(token(600, None).refresh_at, None);
    }

    #[test]
    fn a_token_that_is_refused_within_half_a_minute_was_never_good() {
        let mut access = AccessTokens::default();
        for (after, refusals) in [(29_999, 1), (29_999, 2), (0, 3), (30_000, 1), (29_999, 2)] {
            access.install(token(600, Some(60)));
            assert_eq!(access.refuse("other", at(after)), None);
            assert_eq!(access.refuse("t", at(after)), Some((at(0), refusals)));
        }
        assert!(access.knows(&Secret::new("t")));
        assert_eq!(access.reason(), Reason::Refused);
        access.excuse();
        access.install(token(600, Some(60)));
        assert_eq!(access.refuse("t", at(0)), Some((at(0), 1)), "counted anew");
    }

    #[test]
    fn what_is_forgotten_is_not_known_and_counts_as_another_generation() {
        let mut access = AccessTokens::default();
        access.install(token(600, Some(60)));
        let before = access.generation();
        assert!(!access.expire(at(597_999)) && access.expire(at(598_000)));
        assert!(access.knows(&Secret::new("t")) && access.generation() != before);
        assert_eq!(access.reason(), Reason::Expiring);
        let before = access.generation();
        access.forget();
        assert!(!access.knows(&Secret::new("t")) && access.generation() != before);
        assert_eq!(access.reason(), Reason::Initial);
    }

    #[test]
    fn who_has_used_one_token_will_want_the_next() {
        let mut access = AccessTokens::default();
        access.install(token(600, Some(60)));
        access.hand_out();
        let before = access.generation();
        access.forget();
        assert!(access.is_used() && access.generation() == before + 1);
        access.has_seen_one();
        assert_eq!(access.reason(), Reason::Expiring, "one that was over when it came is one");
    }
}
