//! An attempt's way from one stage to the next.

use super::{
    action::{AttemptId, Reason},
    attempt::{Attempt, Next, Nowhere, Operation, Stage},
    failure::{thrown, unverifiable},
    input::{Input, RefreshTokenStatus},
    Event, Manager,
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

/// How often an attempt is taken over from somebody who is gone.
const MAX_GONE: u8 = 2;

impl Manager {
    /// Takes what came of a task.
    pub(super) fn take(&mut self, id: AttemptId, input: Input<'_>, now: Time) {
        let now = self.clock.read(now);
        let Some((place, mut attempt)) = self.attempts.take(id) else { return };
        let next = match attempt.stage {
            Stage::Load | Stage::Lock | Stage::AskTabs | Stage::Store | Stage::Delete => {
                self.after_local(&mut attempt, input, now)
            }
            Stage::Callback | Stage::Discover(_) | Stage::Sign | Stage::Send | Stage::Verify => {
                self.after_remote(&mut attempt, input, now)
            }
        };
        match next {
            // It was lost for a while, and another one asks, or has asked, the provider.
            Next::Enter(stage) if stage.asks() && self.attempts.is_overtaken(&attempt, now) => return,
            Next::Enter(stage) => {
                attempt.stage = stage;
                attempt.entered = now;
            }
            Next::Stay => {}
            Next::Over => return,
        }
        self.attempts.put_back(place, attempt);
    }

    /// What came of the storage, or of the other tabs.
    fn after_local(&mut self, attempt: &mut Attempt, input: Input<'_>, now: Time) -> Next {
        match (attempt.stage, input) {
            // What was stored when it began is older than what another one has brought since.
            (Stage::Load, Input::Loaded(_) | Input::Failed(_)) if self.attempts.is_behind(attempt) => Next::Over,
            (Stage::Load, Input::Loaded(text)) => self.loaded(attempt, text, now),
            (Stage::Load, Input::Failed(_)) => self.loaded(attempt, None, now),
            (Stage::Lock, Input::Locked(is_free)) => self.locked(attempt, is_free, now),
            (Stage::Lock, Input::Failed(_)) => self.locked(attempt, false, now),
            (Stage::AskTabs, Input::TabsAsked(status)) => self.tabs_asked(attempt, status, now),
            (Stage::AskTabs, Input::Failed(_)) => self.tabs_asked(attempt, RefreshTokenStatus::Usable, now),
            (Stage::Store, Input::Stored(_) | Input::Failed(_)) => {
                if !matches!(input, Input::Stored(true)) {
                    self.emit(Event::NotStored);
                }
                self.settle(attempt, now);
                Next::Over
            }
            (Stage::Delete, Input::Stored(_) | Input::Failed(_)) => Next::Over,
            (stage, Input::Failed(failure)) => self.unanswered(attempt, stage, failure, now),
            _ => Next::Stay,
        }
    }

    /// What came of whoever gives the tokens, or of the client's key.
    fn after_remote(&mut self, attempt: &mut Attempt, input: Input<'_>, now: Time) -> Next {
        match (attempt.stage, input) {
            (Stage::Callback, Input::Threw(threw)) => self.fail(attempt, thrown(threw), now),
            (Stage::Callback, Input::Called(text)) => self.called(attempt, text, now),
            (Stage::Discover(is_oauth), Input::Response(response)) => {
                self.server_clock.learn(response.date, now);
                self.discovered(attempt, is_oauth, response, now)
            }
            (Stage::Discover(is_oauth), Input::Failed(failure)) if failure != FetchFailure::Abandoned => {
                let is_no = matches!(failure, FetchFailure::TooLarge | FetchFailure::Redirect);
                let nowhere = Nowhere { why: failure.to_string(), asked: None, is_no, status: None };
                self.undiscovered(attempt, is_oauth, nowhere, now)
            }
            (Stage::Sign, Input::Signed(signature)) => {
                let mut assertion = attempt.assertion.as_ref().and_then(text_of).unwrap_or_default().to_owned();
                assertion.push('.');
                assertion.push_str(signature);
                attempt.assertion = Some(Secret::new(assertion));
                Next::Enter(Stage::Send)
            }
            (Stage::Send, Input::Response(answer)) => {
                self.server_clock.learn(answer.date, now);
                self.answered(attempt, answer, now)
            }
            (Stage::Verify, Input::Verified(outcome)) => match self.check_id_token(attempt, outcome) {
                Ok(()) => self.checked(attempt, now),
                Err(error) => self.end_with(attempt, error),
            },
            (Stage::Verify, Input::Unverifiable(keys)) => self.fail(attempt, unverifiable(keys), now),
            (stage, Input::Failed(failure)) => self.unanswered(attempt, stage, failure, now),
            _ => Next::Stay,
        }
    }

    /// Whoever performed an attempt is gone for certain. The next one goes on from the stage where it stands, unless it is over,
    /// or one after the other has gone: that counts as a failure, or requests would follow each other as fast as requesters give
    /// up.
    pub(super) fn performer_gone(&mut self, id: AttemptId, now: Time) {
        let instant = self.clock.read(now);
        let Some(attempt) = self.attempts.get(id) else { return };
        if attempt.stage.asks() && self.attempts.is_overtaken(attempt, instant) {
            self.attempts.take(id);
            return;
        }
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        attempt.gone = attempt.gone.saturating_add(1);
        if attempt.gone > MAX_GONE {
            return self.take(id, Input::Failed(FetchFailure::Abandoned), now);
        }
        attempt.entered = instant;
        self.actions.push_back(super::Action::Start(id));
    }

    fn loaded(&mut self, attempt: &mut Attempt, text: Option<&str>, now: Time) -> Next {
        self.elsewhere.has_looked();
        let Operation::Refresh(reason) = attempt.operation else { return Next::Over };
        let is_adopted = match text.and_then(|text| PersistedState::parse(text, &self.source_id)) {
            Some(stored) => self.adopt_stored(stored, now),
            None => false,
        };
        // Somebody else was faster. Who wants a token that is asked for now takes it only if it was.
        if is_adopted && (reason != Reason::Forced || self.is_current_since(attempt)) {
            return Next::Over;
        }
        if is_adopted {
            attempt.generation = self.access.generation();
        }
        if attempt.is_second && self.is_sent(attempt) {
            return self.give_up(attempt, now);
        }
        if attempt.is_second {
            return Next::Enter(self.resend(attempt));
        }
        self.go_on(attempt, now)
    }

    fn called(&mut self, attempt: &mut Attempt, text: &[u8], now: Time) -> Next {
        let none = |problem: &str| Unusable { problem: problem.to_owned(), refresh: None, is_permanent: false };
        let tokens = match json::parse(text) {
            Ok(Value::String(token)) => response::access_token_only(&token).ok_or_else(|| none("gave no usable token")),
            Ok(Value::Object(answer)) => response::tokens(&answer),
            _ => Err(none("gave neither a token nor an object with one")),
        };
        match tokens {
            Ok(tokens) => self.arrive(attempt, Box::new(tokens), now),
            Err(unusable) => self.unusable(attempt, unusable, None, now),
        }
    }
}
