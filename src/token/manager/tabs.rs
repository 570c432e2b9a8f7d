//! Several tabs with the same tokens: one refreshes, under a lock, and tells the others.
//!
//! ```text
//!   load ──▶ ask ──▶ lock ──▶ load ──▶ ask ──▶ send ──▶ store ──▶ tell the others, give the lock back
//!    storage  if there  ╰───────────────┴─ after each: has a token come? then that is it
//!             is no token
//! ```
//!
//! A tab that ends gives its lock back; one that is stuck keeps the others waiting for a bounded time. What a tab does with a
//! refresh token is written down where all can read it, so that none sends one that another has exchanged already.

use super::{
    attempt::{Attempt, Operation, Stage},
    progress::Next,
    Action, Event, Manager, Reason, RefreshTokenStatus,
};
use crate::{
    secret::Secret,
    time::{Span, Time},
};

/// How long the others are given to answer, usually: most are within a few milliseconds, but one may be busy.
const ASK: Span = Span::from_millis(150);
/// And when one of them must have what this one needs.
pub(super) const LONG_ASK: Span = Span::from_secs(3);

impl Manager {
    /// What comes after the storage was read, or where there is none.
    pub(super) fn after_load(&self, has_lock: bool) -> Stage {
        match (self.options.is_shared, has_lock) {
            (false, _) => self.first_stage(),
            (true, true) => Stage::Ask,
            // Who has a token can wait for the lock; who has none would wait for nothing if another has one.
            (true, false) if self.current_token.is_some() => Stage::Lock,
            (true, false) => Stage::Ask,
        }
    }

    /// Goes on without having found a token.
    pub(super) fn go_on(&self, attempt: &Attempt, now: Time) -> Next {
        let stage = self.after_load(attempt.has_lock);
        // Nothing was stored. There are the other tabs yet, and no more.
        if self.is_closed(now) {
            return if self.options.is_shared && !attempt.has_asked { Next::Go(Stage::Ask) } else { Next::Over };
        }
        if stage == Stage::Ask || self.can_send() {
            Next::Go(stage)
        } else {
            Next::Over
        }
    }

    const fn can_send(&self) -> bool {
        self.source.obtains() || self.refresh.is_some()
    }

    pub(super) fn ask_action(&self, attempt: &Attempt) -> Action {
        let usual = if attempt.has_lock && attempt.has_asked { Span::ZERO } else { ASK };
        Action::Ask { usual, long: if attempt.has_lock { LONG_ASK } else { usual } }
    }

    pub(super) fn locked(&mut self, attempt: &mut Attempt, is_free: bool, now: Time) -> Next {
        attempt.has_lock = true;
        // Who had it before may have brought something since.
        attempt.has_asked &= is_free;
        if self.has_come(attempt, now) {
            return Next::Over;
        }
        Next::Go(if self.options.has_storage { Stage::Load } else { Stage::Ask })
    }

    pub(super) fn asked(&mut self, attempt: &mut Attempt, status: RefreshTokenStatus, now: Time, random: f64) -> Next {
        self.has_loaded = true;
        if self.has_come(attempt, now) || !self.can_send() || self.is_closed(now) {
            return Next::Over;
        }
        if !attempt.has_lock {
            attempt.has_asked = true;
            return Next::Go(Stage::Lock);
        }
        if status == RefreshTokenStatus::Rotated {
            let configured = self.source.refresh.take();
            let is_other = |token: &Secret| !self.refresh.as_ref().is_some_and(|ours| ours.matches(token.expose()));
            if let Some(configured) = configured.filter(is_other) {
                // Newly handed in, while an older one was stored.
                self.refresh = Some(configured);
                return Next::Go(Stage::Ask);
            }
            let message = "another tab has used the refresh token, and is gone with what it got for it: log in again";
            return self.lose_refresh(attempt, message, now, random);
        }
        Next::Go(self.first_stage())
    }

    /// Whether a token came from elsewhere since the attempt began, and need not be replaced at once.
    fn has_come(&self, attempt: &Attempt, now: Time) -> bool {
        let is_good = |at: Option<Time>| at.is_none_or(|at| at > now);
        let is_forced = matches!(attempt.operation, Operation::Refresh(Reason::Forced));
        self.generation != attempt.generation
            && (!is_forced || self.is_current_since(attempt))
            && self.current_token.as_ref().is_some_and(|current| current.is_usable(now) && is_good(current.refresh_at))
    }

    /// Whether the present token was asked for, in another tab, after all came who wait for this attempt.
    pub(super) fn is_current_since(&self, attempt: &Attempt) -> bool {
        let since = |at| attempt.since.is_none_or(|since| at > since);
        self.current_token.as_ref().and_then(|current| current.asked.at).is_some_and(since)
    }

    /// Somebody signed out, at an instant by the wall clock: what came before that is forgotten and not taken over again. Whether
    /// there was anything to forget. `is_news` says that it happens now; else what nobody knows the age of stays.
    pub fn sign_out(&mut self, at: Time, is_news: bool, now: Time) -> bool {
        self.clock.read(now);
        let at = self.clock.instant(at);
        self.signed_out = self.signed_out.max(Some(at));
        let has_any = self.current_token.is_some() || self.refresh.is_some();
        if !has_any || self.obtained.map_or(!is_news, |obtained| obtained > at) {
            return false;
        }
        self.forget();
        self.emit(Event::SignedOut);
        true
    }

    /// Somebody signed in, in this tab or another: what was said of signing out is over, and what is under way for whoever was
    /// there before brings nothing.
    pub fn sign_in(&mut self) {
        self.signed_out = None;
        self.attempts.retain(|attempt| !matches!(attempt.operation, Operation::Refresh(_)));
    }

    /// The refresh token there is, configured or obtained.
    pub const fn refresh_token(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    /// The page was away, and may have missed what other tabs said: they are asked again when a token is needed.
    pub fn came_back(&mut self) {
        self.has_loaded = false;
    }
}
