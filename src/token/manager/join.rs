//! Whoever needs an attempt begins one, waits for the one under way, or is turned away.

use super::{
    action::{Action, AttemptId},
    attempt::{Operation, Stage, NOTICE},
    Manager,
};
use crate::{
    error::{Code, Error},
    time::Time,
    token::source::Kind,
};

/// What somebody does who needs an attempt.
pub(super) enum Join {
    Begin,
    Wait(AttemptId, Time),
    Closed(Error),
}

impl Manager {
    pub(super) fn join(&self, now: Time) -> Join {
        if let Some(join) = self.join_live(now) {
            return join;
        }
        if let Some(cooldown) = self.backoff.cooldown() {
            let is_on = cooldown.until.is_none_or(|until| until > now);
            if is_on && cooldown.is_final && self.elsewhere.may_look(now) {
                return Join::Begin;
            }
            if is_on {
                return Join::Closed(cooldown.error(now));
            }
        }
        if self.can_send() || self.elsewhere.is_unseen() || self.elsewhere.may_look(now) {
            return Join::Begin;
        }
        Join::Closed(self.nothing_to_send())
    }

    /// Waits for the attempt under way, if there is one.
    fn join_live(&self, now: Time) -> Option<Join> {
        let attempt = self.attempts.live(now)?;
        let lost = self.attempts.lost_at(attempt);
        let patience = self.attempts.patience(attempt);
        Some(match attempt.is_delicate() || attempt.stage == Stage::Lock {
            // It goes on, but nobody has to wait that long to hear that the provider is slow.
            true if patience <= now => Join::Closed(
                Error::new(Code::RefreshUnavailable, "the token endpoint has not answered yet").retry_after(NOTICE),
            ),
            true => Join::Wait(attempt.id, patience),
            // What comes next may be what nobody has to wait for that long.
            false if now < patience => Join::Wait(attempt.id, patience.min(lost)),
            false => Join::Wait(attempt.id, lost),
        })
    }

    /// Why there is nothing to ask for tokens with.
    fn nothing_to_send(&self) -> Error {
        let (code, message) = match self.source.kind {
            Kind::Static if self.access.current().is_some() => {
                (Code::RefreshRejected, "a static token can't be refreshed: hand another one in with setToken")
            }
            Kind::Static => {
                (Code::RefreshRejected, "the token has ended or was refused: hand another one in with setToken")
            }
            Kind::RefreshToken => {
                (Code::RefreshRejected, "the refresh token was revoked or refused: hand another one in with setToken")
            }
            _ => (Code::Unauthenticated, "nobody is logged in: call beginLogin"),
        };
        Error::new(code, message)
    }

    pub(super) const fn can_send(&self) -> bool {
        self.source.obtains() || self.refresh.current().is_some()
    }

    /// Begins an attempt to get a token; `since`: for somebody who wants one that is asked for after that.
    pub(super) fn begin(&mut self, since: Option<Time>, now: Time) {
        // Whoever was lost while it wrote the storage had tokens already. The old refresh token is not sent again.
        if let Some(attempt) = self.attempts.unstored() {
            attempt.entered = now;
            self.actions.push_back(Action::Start(attempt.id));
            return;
        }
        let reason = if since.is_some() { super::Reason::Forced } else { self.access.reason() };
        self.elsewhere.look(now);
        let stage = if self.options.has_storage { Stage::Load } else { self.after_load(false) };
        let id = self.launch(Operation::Refresh(reason), stage, now);
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.since = since;
        }
    }

    pub(super) fn launch(&mut self, operation: Operation, stage: Stage, now: Time) -> AttemptId {
        let id = self.attempts.launch(operation, stage, self.access.generation(), now);
        self.actions.push_back(Action::Start(id));
        id
    }

    /// When the successor of a token that is due is worth asking for. `None`: not before something else happens.
    pub(super) fn next_attempt_at(&self, now: Time) -> Option<Time> {
        if let Some(attempt) = self.attempts.live(now) {
            return Some(self.attempts.lost_at(attempt));
        }
        let looks = self.elsewhere.look_again_at();
        let at = match self.backoff.cooldown() {
            Some(cooldown) if cooldown.until.is_none_or(|until| until > now) => {
                let look = looks.filter(|_| cooldown.is_final);
                earlier(cooldown.until, look)
            }
            _ => looks,
        };
        at.filter(|at| *at > now)
    }
}

/// The earlier of two instants, of which there may be none.
pub(super) fn earlier(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
