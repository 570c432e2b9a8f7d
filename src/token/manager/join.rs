//! Whoever needs an attempt begins one, waits for the one under way, or is turned away.

use super::{
    attempt::{Attempt, Operation, Stage},
    AttemptId, Manager, Reason,
};
use crate::{
    error::{Code, Error},
    time::{Span, Time},
    token::source::Kind,
};

/// How long the user's function may take.
const CALLBACK_LIMIT: Span = Span::from_secs(60);
/// How long the answer to a refresh token is waited for before it is sent again: it counts once.
const DELICATE_LIMIT: Span = Span::from_secs(60);
/// How long another tab may keep the lock: a little longer than it waits for an answer.
const LOCK_LIMIT: Span = Span::from_secs(65);
/// How long storage, keys and verification may take.
const LOCAL_LIMIT: Span = Span::from_secs(5);
/// What the owner of an attempt is given to notice its own time-out.
const NOTICE: Span = Span::from_secs(1);
/// Attempts whose answers would still be taken.
const MAX_ATTEMPTS: usize = 4;
/// How often a manager that has nothing more to ask with looks whether another one has stored something.
const LOOK_AGAIN: Span = Span::from_secs(60);

/// What somebody does who needs an attempt.
pub(super) enum Join {
    Begin,
    Wait(AttemptId, Time),
    Closed(Error),
}

impl Manager {
    /// How long the owner of an attempt may take over its present stage, at most.
    pub fn limit(&self, id: AttemptId) -> Option<Span> {
        let attempt = self.attempts.iter().find(|attempt| attempt.id == id)?;
        Some(self.limit_of(attempt))
    }

    /// Whether an attempt's request is not to be broken off: its answer counts whenever it comes.
    pub fn is_delicate(&self, id: AttemptId) -> bool {
        self.attempts.iter().any(|attempt| attempt.id == id && attempt.is_delicate())
    }

    pub(super) fn limit_of(&self, attempt: &Attempt) -> Span {
        match attempt.stage {
            Stage::Callback => CALLBACK_LIMIT,
            // Another tab has the lock for as long as it waits for its answer; this one is next then, come what may.
            Stage::Lock => LOCK_LIMIT,
            Stage::Ask => LOCAL_LIMIT,
            _ if attempt.is_delicate() => DELICATE_LIMIT,
            // The provider's keys may have to be fetched.
            Stage::Discover(_) | Stage::Send | Stage::Verify => self.options.timeout,
            _ => LOCAL_LIMIT,
        }
    }

    pub(super) fn lost_at(&self, attempt: &Attempt) -> Time {
        attempt.entered.plus(self.limit_of(attempt)).plus(NOTICE)
    }

    pub(super) fn live(&self, now: Time) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| now < self.lost_at(attempt))
    }

    pub(super) fn join(&self, now: Time) -> Join {
        if let Some(attempt) = self.live(now) {
            let lost = self.lost_at(attempt);
            let patience = attempt.entered.plus(self.options.timeout);
            return match attempt.is_delicate() || attempt.stage == Stage::Lock {
                // It goes on, but nobody has to wait that long to hear that the provider is slow.
                true if patience <= now => Join::Closed(
                    Error::new(Code::RefreshUnavailable, "the token endpoint has not answered yet").retry_after(NOTICE),
                ),
                true => Join::Wait(attempt.id, patience),
                // What comes next may be what nobody has to wait for that long.
                false if now < patience => Join::Wait(attempt.id, patience.min(lost)),
                false => Join::Wait(attempt.id, lost),
            };
        }
        if let Some(cooldown) = &self.cooldown {
            match cooldown.until {
                Some(until) if until <= now => {}
                _ if cooldown.is_final && self.may_look(now) => return Join::Begin,
                until => return Join::Closed(cooldown.error(until.map(|until| until.since(now)))),
            }
        }
        if self.source.obtains()
            || self.refresh.is_some()
            || (self.has_others() && !self.has_loaded)
            || self.may_look(now)
        {
            return Join::Begin;
        }
        Join::Closed(match self.source.kind {
            Kind::Static if self.current_token.is_some() => Error::new(
                Code::RefreshRejected,
                "a static token can't be refreshed: hand another one in with setToken",
            ),
            Kind::Static => Error::new(
                Code::RefreshRejected,
                "the token has ended or was refused: hand another one in with setToken",
            ),
            Kind::RefreshToken => Error::new(
                Code::RefreshRejected,
                "the refresh token was revoked or refused: hand another one in with setToken",
            ),
            _ => Error::new(Code::Unauthenticated, "nobody is logged in: call beginLogin"),
        })
    }

    /// Whether tokens may be had from elsewhere than the source.
    const fn has_others(&self) -> bool {
        self.options.has_storage || self.options.is_shared
    }

    /// Whether it is time to look at the storage, and at other tabs, once more: another manager may have had more luck.
    fn may_look(&self, now: Time) -> bool {
        self.has_others() && self.looked.is_none_or(|looked| looked.plus(LOOK_AGAIN) <= now)
    }

    /// Whether the source is not to be asked again, for now or for good.
    pub(super) fn is_closed(&self, now: Time) -> bool {
        self.cooldown
            .as_ref()
            .is_some_and(|cooldown| cooldown.is_final && cooldown.until.is_none_or(|until| until > now))
    }

    pub(super) fn begin(&mut self, since: Option<Time>, now: Time) -> AttemptId {
        // Whoever was lost while it wrote the storage had tokens already. The old refresh token is not sent again.
        if let Some(attempt) = self.attempts.iter_mut().rev().find(|attempt| attempt.is_unstored()) {
            attempt.entered = now;
            return attempt.id;
        }
        let reason = if since.is_some() {
            Reason::Forced
        } else if self.current_token.is_none() && self.was_refused {
            Reason::Refused
        } else if self.has_had_token {
            Reason::Expiring
        } else {
            Reason::Initial
        };
        self.looked = Some(now);
        let stage = if self.options.has_storage { Stage::Load } else { self.after_load(false) };
        let id = self.launch(Operation::Refresh(reason), stage, now);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.since = since;
        }
        id
    }

    pub(super) fn launch(&mut self, operation: Operation, stage: Stage, now: Time) -> AttemptId {
        if self.attempts.len() >= MAX_ATTEMPTS {
            self.attempts.remove(0);
        }
        // 0 is none, on JavaScript's side.
        self.latest = self.latest.wrapping_add(1).max(1);
        let id = AttemptId(self.latest);
        self.attempts.push(Attempt::new(id, operation, stage, now, self.settled, self.generation));
        id
    }
}
