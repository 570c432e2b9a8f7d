//! An attempt's way from one stage to the next.

use super::{
    attempt::{Attempt, Nowhere, Operation, Stage},
    refused::{thrown, unverifiable},
    AttemptId, Event, Input, Manager, Reason, RefreshTokenStatus, MAX_GONE,
};
use crate::{
    jose::jwks_cache::FetchFailure,
    json::{self, Value},
    secret::Secret,
    time::Time,
    token::{
        persisted_state::{text_of, PersistedState},
        response::{self, Unusable},
    },
};

/// What a stage came to.
pub(super) enum Next {
    /// This stage begins.
    Go(Stage),
    /// That was not what the stage waits for.
    Stay,
    /// The attempt is over.
    Over,
}

impl Manager {
    /// Takes what came of an action. `random` is a number from 0 up to 1.
    pub fn handle(&mut self, attempt: AttemptId, input: Input<'_>, now: Time, random: f64) {
        let now = self.clock.read(now);
        let Some(place) = self.attempts.iter().position(|known| known.id == attempt) else { return };
        let mut attempt = self.attempts.remove(place);
        let next = match (attempt.stage, input) {
            // What was stored when it began is older than what another one has brought since.
            (Stage::Load, Input::Loaded(_) | Input::Failed(_)) if attempt.seen != self.settled => Next::Over,
            (Stage::Load, Input::Loaded(text)) => self.loaded(&mut attempt, text, now, random),
            (Stage::Load, Input::Failed(_)) => self.loaded(&mut attempt, None, now, random),
            (Stage::Lock, Input::Locked(is_free)) => self.locked(&mut attempt, is_free, now),
            (Stage::Lock, Input::Failed(_)) => self.locked(&mut attempt, false, now),
            (Stage::Ask, Input::Asked(status)) => self.asked(&mut attempt, status, now, random),
            (Stage::Ask, Input::Failed(_)) => self.asked(&mut attempt, RefreshTokenStatus::Usable, now, random),
            (Stage::Callback, Input::Threw { name, is_permanent }) => {
                let failure = thrown(name.unwrap_or_default(), is_permanent);
                self.fail(&attempt, failure, now, random)
            }
            (Stage::Callback, Input::Called(text)) => self.called(&mut attempt, text, now, random),
            (Stage::Discover(is_oauth), Input::Response { status, body, date, retry_after }) => {
                self.learn(date, now);
                self.discovered(&mut attempt, is_oauth, (status, body), retry_after, now, random)
            }
            (Stage::Sign, Input::Signed(signature)) => {
                let mut assertion = attempt.assertion.as_ref().and_then(text_of).unwrap_or_default().to_owned();
                assertion.push('.');
                assertion.push_str(signature);
                attempt.assertion = Some(Secret::new(assertion));
                Next::Go(Stage::Send)
            }
            (Stage::Send, Input::Response { status, body, date, retry_after }) => {
                self.learn(date, now);
                self.answered(&mut attempt, response::parse(status, body), (status, retry_after), now, random)
            }
            (Stage::Verify, Input::Verified(outcome)) => match self.check_id_token(&attempt, outcome) {
                Ok(()) => self.checked(&mut attempt, now, random),
                Err(error) => {
                    self.end(&attempt, Err(error));
                    Next::Over
                }
            },
            (Stage::Verify, Input::Unverifiable { why, status, url, retry_after }) => {
                let failure = unverifiable(why, status, url, retry_after);
                self.fail(&attempt, failure, now, random)
            }
            (Stage::Store, Input::Stored(_) | Input::Failed(_)) => {
                if !matches!(input, Input::Stored(true)) {
                    self.emit(Event::NotStored);
                }
                self.settle(&mut attempt, now, random);
                Next::Over
            }
            (Stage::Delete, Input::Stored(_) | Input::Failed(_)) => Next::Over,
            (Stage::Discover(is_oauth), Input::Failed(failure)) if failure != FetchFailure::Abandoned => {
                let is_no = matches!(failure, FetchFailure::TooLarge | FetchFailure::Redirect);
                let nowhere = Nowhere { why: failure.to_string(), asked: None, is_no, status: None };
                self.undiscovered(&mut attempt, is_oauth, nowhere, now, random)
            }
            (stage, Input::Failed(failure)) => self.unanswered(&attempt, stage, failure, now, random),
            _ => Next::Stay,
        };
        match next {
            // It was lost for a while, and another one asks, or has asked, the provider.
            Next::Go(stage) if stage.asks() && self.is_overtaken(&attempt, now) => return,
            Next::Go(stage) => {
                attempt.stage = stage;
                attempt.entered = now;
            }
            Next::Stay => {}
            Next::Over => return,
        }
        self.attempts.insert(place.min(self.attempts.len()), attempt);
    }

    /// Whoever performed this attempt is gone for certain, as on Workers when its request was cancelled: the caller performs it from
    /// the stage where it stands. `false` when there is nothing to perform: somebody else did, or one after the other has gone,
    /// which counts as a failure, or requests would follow each other as fast as callers give up.
    pub fn take_over(&mut self, id: AttemptId, now: Time, random: f64) -> bool {
        let instant = self.clock.read(now);
        let Some(place) = self.attempts.iter().position(|known| known.id == id) else { return false };
        if self.attempts.get(place).is_some_and(|attempt| attempt.stage.asks() && self.is_overtaken(attempt, instant)) {
            self.attempts.remove(place);
            return false;
        }
        let Some(attempt) = self.attempts.get_mut(place) else { return false };
        attempt.gone = attempt.gone.saturating_add(1);
        if attempt.gone <= MAX_GONE {
            attempt.entered = instant;
            return true;
        }
        self.handle(id, Input::Failed(FetchFailure::Abandoned), now, random);
        false
    }

    /// Whether another attempt has brought tokens, or is asking for them, since this one was last heard of.
    fn is_overtaken(&self, attempt: &Attempt, now: Time) -> bool {
        let is_ahead = |other: &Attempt| {
            let is_asking = other.id > attempt.id || other.stage.asks();
            other.is_unstored() || (is_asking && now < self.lost_at(other))
        };
        matches!(attempt.operation, Operation::Refresh(_))
            && (attempt.seen != self.settled
                || self.attempts.iter().any(|other| other.id != attempt.id && is_ahead(other)))
    }

    fn loaded(&mut self, attempt: &mut Attempt, text: Option<&str>, now: Time, random: f64) -> Next {
        self.has_loaded = true;
        let Operation::Refresh(reason) = attempt.operation else { return Next::Over };
        let is_adopted = match text.and_then(|text| PersistedState::parse(text, &self.source_id)) {
            Some(stored) => self.adopt_stored(stored, now, random),
            None => false,
        };
        // Somebody else was faster. Who wants a token that is asked for now takes it only if it was.
        if is_adopted && (reason != Reason::Forced || self.is_current_since(attempt)) {
            return Next::Over;
        }
        if is_adopted {
            attempt.generation = self.generation;
        }
        if attempt.is_second && self.is_sent(attempt) {
            return self.give_up(attempt, now, random);
        }
        if attempt.is_second {
            return Next::Go(self.resend(attempt));
        }
        self.go_on(attempt, now)
    }

    /// Whether the refresh token that was sent is still the one there is.
    pub(super) fn is_sent(&self, attempt: &Attempt) -> bool {
        match (&attempt.sent, &self.refresh) {
            (Some(sent), Some(refresh)) => sent.matches(refresh.expose()),
            _ => true,
        }
    }

    fn called(&mut self, attempt: &mut Attempt, text: &[u8], now: Time, random: f64) -> Next {
        let none = |problem: &str| Unusable { problem: problem.to_owned(), refresh: None, is_permanent: false };
        let tokens = match json::parse(text) {
            Ok(Value::String(token)) => response::bare(&token).ok_or_else(|| none("gave no usable token")),
            Ok(Value::Object(answer)) => response::tokens(&answer),
            _ => Err(none("gave neither a token nor an object with one")),
        };
        match tokens {
            Ok(tokens) => self.take(attempt, Box::new(tokens), now, random),
            Err(unusable) => self.unusable(attempt, unusable, None, now, random),
        }
    }
}
