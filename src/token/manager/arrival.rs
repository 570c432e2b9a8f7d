//! Tokens have come: whose, until when, and where to.

use super::{
    attempt::{Arrived, Asked, Attempt, Life, Next, Operation, Stage},
    current_token::CurrentToken,
    failure::Failure,
    Event, Manager, Reason,
};
use crate::{
    error::{Code, Error},
    time::{Span, Time},
    token::{id_token::IdToken, persisted_state::PersistedState, response::Tokens, schedule, source::Kind},
};

impl Manager {
    pub(super) fn arrive(&mut self, attempt: &mut Attempt, mut tokens: Box<Tokens>, now: Time) -> Next {
        if attempt.is_login() && !self.source.wants_id_token() {
            // Nobody asked for it, and without a nonce nobody knows to which login it is the answer.
            tokens.id_token = None;
        }
        let is_callback = attempt.stage == Stage::Callback;
        let names_person = attempt.is_refresh() && self.source.kind != Kind::ClientCredentials;
        if !is_callback && names_person && !self.identity.is_of(&tokens) {
            let message = "the provider answered with somebody else's tokens: log in again";
            let failure = Failure::over(Error::new(Code::RefreshRejected, message));
            // Whoever has logged in since has nothing to do with it.
            let is_news = !self.attempts.is_outdated(attempt.id) && self.is_sent(attempt);
            return if is_news { self.end_login(attempt, failure, now) } else { self.fail(attempt, failure, now) };
        }
        let life = self.life_on_arrival(attempt, &tokens, now, is_callback);
        if is_over(life, now) {
            let failure = if is_callback {
                Failure::unknown(
                    "fetchToken gave a token that has expired: bypass the cache when `reason` is not \"initial\"",
                )
            } else {
                let what = "answered with a token that has expired";
                Failure::outage(self.of_endpoint(Code::RefreshUnavailable, what, None))
            };
            // What came with it may be worth something all the same.
            return self.keep_and_fail(attempt, tokens.refresh, failure, now);
        }
        let has_id_token = tokens.id_token.is_some();
        let asked = Asked { number: attempt.asked, at: Some(attempt.entered) };
        attempt.arrived = Some(Arrived { tokens, life, asked });
        match &attempt.operation {
            Operation::Code(_) if has_id_token => Next::Enter(Stage::Verify),
            Operation::Code(_) if self.source.wants_id_token() => {
                self.reject_login(attempt, "the provider gave no ID token")
            }
            _ => self.checked(attempt, now),
        }
    }

    fn life_on_arrival(&mut self, attempt: &Attempt, tokens: &Tokens, now: Time, is_callback: bool) -> Option<Life> {
        let mut life = self.server_clock.life_of(tokens, attempt.entered, now, is_callback);
        if is_over(life, now) && is_callback {
            if self.server_clock.is_corrected_by(tokens.facts.issued, now) {
                life = self.server_clock.life_of(tokens, attempt.entered, now, true);
            }
            self.server_clock.see(tokens.facts.issued);
            self.access.has_seen_one();
        }
        life
    }

    pub(super) fn checked(&mut self, attempt: &mut Attempt, now: Time) -> Next {
        if self.options.has_storage {
            return Next::Enter(Stage::Store);
        }
        self.settle(attempt, now);
        Next::Over
    }

    pub(super) fn settle(&mut self, attempt: &mut Attempt, now: Time) {
        let Some(arrived) = attempt.arrived.take() else { return };
        // A lost one that was found, and something newer has come.
        if !self.attempts.settle(attempt.id) {
            return;
        }
        if attempt.is_login() {
            // Somebody else, perhaps: nothing of the one before stays, and nothing that is under way for them counts.
            self.forget();
        }
        let reason = match &attempt.operation {
            Operation::Refresh(reason) => *reason,
            _ => Reason::Initial,
        };
        self.install(arrived, now);
        if attempt.is_login() {
            // Its way led through [`Stage::Verify`].
            self.identity.vouch();
        }
        self.elsewhere.obtain(now);
        let expires = self.expires_at();
        self.emit(Event::Refreshed { reason, expires });
        self.resolve(attempt, Ok(()));
    }

    /// Tokens that are the newest there are.
    pub(super) fn install(&mut self, arrived: Arrived, now: Time) {
        let Arrived { tokens, life, asked } = arrived;
        let tokens = *tokens;
        if let Some(refresh) = tokens.refresh {
            self.refresh.set(refresh);
        }
        let margin = self.refresh_margin(life);
        self.access.install(CurrentToken::new(tokens.access, tokens.scope, life, asked, margin, now));
        self.identity.renew(tokens.id_token.as_ref());
        self.identity.learn(&tokens.facts);
        self.server_clock.see(tokens.facts.issued);
        self.backoff.reset();
    }

    /// How long before its end a token of this life is refreshed; `None` when it can't be.
    pub(super) fn refresh_margin(&mut self, life: Option<Life>) -> Option<Span> {
        self.can_send().then(|| {
            let whole = life.map_or(schedule::UNKNOWN_LIFE, |life| life.whole);
            schedule::refresh_margin(whole, self.options.refresh_margin, self.jitter.draw())
        })
    }

    /// What the storage holds once this answer has come.
    pub(super) fn storable(&self, attempt: &Attempt) -> PersistedState {
        let goes_on = !attempt.is_login();
        let carried = || self.refresh.current().filter(|_| goes_on).cloned();
        let obtained = self.clock.wall(attempt.entered);
        let wall = |life: Option<Life>| life.map(|life| self.clock.wall(life.expires));
        let Some(Arrived { tokens, life, asked }) = &attempt.arrived else {
            // Of an answer that is of no use the refresh token alone is new.
            let current = self.access.current().filter(|_| goes_on);
            return PersistedState {
                access: current.map(|current| current.token.clone()),
                refresh: carried(),
                id_token: self.identity.id_token().filter(|_| goes_on).cloned(),
                scope: current.and_then(|current| current.scope.clone()),
                obtained,
                asked: current.and_then(|current| current.asked.at).map(|at| self.clock.wall(at)),
                expires: wall(current.and_then(|current| current.life)),
            };
        };
        let id_token = tokens.id_token.as_ref();
        PersistedState {
            access: Some(tokens.access.clone()),
            refresh: tokens.refresh.clone().or_else(carried),
            id_token: if goes_on {
                self.identity.after(id_token)
            } else {
                id_token.cloned().map(|token| IdToken { token, is_verified: true })
            },
            scope: tokens.scope.clone(),
            obtained,
            asked: asked.at.map(|at| self.clock.wall(at)),
            expires: wall(*life),
        }
    }
}

fn is_over(life: Option<Life>, now: Time) -> bool {
    life.is_some_and(|life| life.whole <= Span::ZERO || life.expires.minus(schedule::expiry_leeway(life.whole)) <= now)
}
