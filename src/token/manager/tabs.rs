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
    action::{Reason, Task},
    attempt::{Attempt, Next, Operation, Stage},
    backoff::Cooldown,
    input::RefreshTokenStatus,
    Event, Manager,
};
use crate::{
    error::{Code, Error},
    json::{self, Value},
    secret::Secret,
    time::{Span, Time},
    token::source::Kind,
};

/// How long the others are given to answer, usually: most are within a few milliseconds, but one may be busy.
const ASK: Span = Span::from_millis(150);
/// And when one of them must have what this one needs.
const LONG_ASK: Span = Span::from_secs(3);

/// What a tab made of another one's message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TabMessage {
    /// The other one asks for the tokens there are.
    pub asks: bool,
    /// Its tokens were taken over.
    pub has_tokens: bool,
    /// Somebody signed out there, and the tokens here were forgotten.
    pub is_signed_out: bool,
    /// Its refresh token, which was ours as well, counts no more.
    pub is_lost: bool,
}

impl Manager {
    /// Anything of the origin may write to the channel of the tabs: what is not understood is as good as not said.
    pub(super) fn tab_message(&mut self, text: &str, now: Time) -> TabMessage {
        let Ok(message) = json::object_of(text) else { return TabMessage::default() };
        let is_said = |name| message.get(name).and_then(Value::as_bool) == Some(true);
        let text = |name| message.get(name).and_then(Value::as_str);
        let mut made = TabMessage { asks: is_said("ask"), ..TabMessage::default() };
        if let Some(tokens) = text("fresh") {
            if is_said("isLogin") {
                self.handle_sign_in(now);
            }
            made.has_tokens = self.handle_shared_tokens(tokens, now);
        }
        if let Some(token) = text("refused") {
            self.handle_refused_token(token, now);
        }
        if let Some(token) = text("lost") {
            made.is_lost = self.lost_elsewhere(&Secret::new(token));
        }
        if let Some(at) = message.get("out").and_then(Value::as_number) {
            made.is_signed_out = self.handle_sign_out(Time::from_millis(at.as_f64()), true, now);
        }
        made
    }

    /// Another tab has heard that a refresh token counts no more. Whether it was the last one here.
    fn lost_elsewhere(&mut self, token: &Secret) -> bool {
        if !self.refresh.is_current(token) || self.refresh.fall_back_from(Some(token)) {
            return false;
        }
        self.refresh.lose();
        if self.source.kind == Kind::AuthorizationCode {
            self.access.end();
        }
        let message = "the refresh token counts no more, as another tab was told: log in again";
        let error = Error::new(Code::RefreshRejected, message).about("invalid_grant");
        self.backoff.cool_down(Cooldown { error: error.clone(), is_final: true, until: None });
        self.emit(Event::Failed { error, retry_at: None });
        true
    }

    /// What comes after the storage was read, or where there is none.
    pub(super) fn after_load(&self, has_lock: bool) -> Stage {
        match (self.options.is_shared, has_lock) {
            (false, _) => self.first_stage(),
            (true, true) => Stage::AskTabs,
            // Who has a token can wait for the lock; who has none would wait for nothing if another has one.
            (true, false) if self.access.current().is_some() => Stage::Lock,
            (true, false) => Stage::AskTabs,
        }
    }

    /// Goes on without having found a token.
    pub(super) fn go_on(&self, attempt: &Attempt, now: Time) -> Next {
        let stage = self.after_load(attempt.has_lock);
        // Nothing was stored. There are the other tabs yet, and no more.
        if self.backoff.is_closed(now) {
            return if self.options.is_shared && !attempt.has_asked { Next::Enter(Stage::AskTabs) } else { Next::Over };
        }
        if stage == Stage::AskTabs || self.can_send() {
            Next::Enter(stage)
        } else {
            Next::Over
        }
    }

    pub(super) fn locked(&mut self, attempt: &mut Attempt, is_free: bool, now: Time) -> Next {
        attempt.has_lock = true;
        // Who had it before may have brought something since.
        attempt.has_asked &= is_free;
        if self.has_come(attempt, now) {
            return Next::Over;
        }
        Next::Enter(if self.options.has_storage { Stage::Load } else { Stage::AskTabs })
    }

    pub(super) fn tabs_asked(&mut self, attempt: &mut Attempt, status: RefreshTokenStatus, now: Time) -> Next {
        self.elsewhere.has_looked();
        if self.has_come(attempt, now) || !self.can_send() || self.backoff.is_closed(now) {
            return Next::Over;
        }
        if !attempt.has_lock {
            attempt.has_asked = true;
            return Next::Enter(Stage::Lock);
        }
        if status == RefreshTokenStatus::Usable {
            return Next::Enter(self.first_stage());
        }
        let rotated = self.refresh.current().cloned();
        if self.refresh.fall_back_from(rotated.as_ref()) {
            // Newly handed in, while an older one was stored.
            return Next::Enter(Stage::AskTabs);
        }
        let message = "another tab has used the refresh token, and is gone with what it got for it: log in again";
        self.lose_refresh(attempt, message, now)
    }

    /// Whether a token came from elsewhere since the attempt began, and need not be replaced at once.
    fn has_come(&self, attempt: &Attempt, now: Time) -> bool {
        let Some(current) = self.access.current() else { return false };
        let is_forced = matches!(attempt.operation, Operation::Refresh(Reason::Forced));
        self.access.generation() != attempt.generation
            && (!is_forced || self.is_current_since(attempt))
            && current.is_usable(now)
            && !current.is_due(now)
    }

    /// Whether the current token was asked for, in another tab, after all came who wait for this attempt.
    pub(super) fn is_current_since(&self, attempt: &Attempt) -> bool {
        let since = |at| attempt.since.is_none_or(|since| at > since);
        self.access.current().and_then(|current| current.asked.at).is_some_and(since)
    }

    pub(super) fn signed_out(&mut self, at: Time, is_news: bool, now: Time) -> bool {
        self.clock.read(now);
        let at = self.clock.instant(at);
        let is_older = self.elsewhere.sign_out(at, is_news);
        if !is_older || (self.access.current().is_none() && self.refresh.current().is_none()) {
            return false;
        }
        self.forget();
        self.emit(Event::SignedOut);
        true
    }
}

/// What to ask the other tabs for, and for how long.
pub(super) const fn ask(attempt: &Attempt) -> Task {
    let usual = if attempt.has_lock && attempt.has_asked { Span::ZERO } else { ASK };
    Task::AskTabs { usual, long: if attempt.has_lock { LONG_ASK } else { usual } }
}
