//! What a token endpoint's answer comes to: tokens, or what can be saved of it, or another refresh token to try. And what the
//! provider's clock shows, and when tokens end by ours.

use super::{
    attempt::{Attempt, Life, Next, Operation, Stage},
    failure::Failure,
    input::Response,
    Event, Manager,
};
use crate::{
    error::{Code, Error},
    jose::jwks_cache::FetchFailure,
    secret::Secret,
    time::{Span, Time},
    token::{
        denial::Denial,
        response::{self, Answer, Tokens, Unusable},
        source::Kind,
    },
};

impl Manager {
    pub(super) fn answered(&mut self, attempt: &mut Attempt, answer: Response<'_>, now: Time) -> Next {
        let (status, asked) = (answer.status, answer.retry_after);
        let read = response::parse(status, answer.body);
        if let Operation::Revoke(_) = attempt.operation {
            return self.revoked(attempt, read, status);
        }
        match read {
            Answer::Tokens(tokens) => {
                self.refresh.rotate(attempt.sent.as_ref(), tokens.refresh.as_ref());
                self.arrive(attempt, tokens, now)
            }
            Answer::Unusable(unusable) => {
                self.refresh.rotate(attempt.sent.as_ref(), unusable.refresh.as_ref());
                self.unusable(attempt, unusable, Some(status), now)
            }
            // A "no" with another refresh token: the one that was sent was exchanged, and this is what it was exchanged for.
            Answer::Refused(denial, Some(refresh)) if !was_sent(attempt, &refresh) => {
                self.refresh.rotate(attempt.sent.as_ref(), Some(&refresh));
                let error = self.denied(attempt, denial, status);
                self.keep_and_fail(attempt, Some(refresh), Failure::refused(error).retry_after(asked), now)
            }
            Answer::Refused(denial, _) if is_used_up(attempt, &denial) => {
                attempt.denied = Some((denial, status));
                self.look_for_another(attempt, now)
            }
            Answer::Refused(denial, _) => {
                let error = self.denied(attempt, denial, status);
                self.fail(attempt, Failure::refused(error).retry_after(asked), now)
            }
            Answer::Unknown(what) => {
                let error = self.of_endpoint(Code::RefreshUnavailable, what, Some(status));
                self.fail(attempt, Failure::outage(error).retry_after(asked), now)
            }
        }
    }

    fn revoked(&mut self, attempt: &Attempt, answer: Answer, status: u16) -> Next {
        let outcome = match answer {
            // The answer has no body that counts (RFC 7009 §2.2).
            _ if (200..300).contains(&status) => Ok(()),
            Answer::Refused(denial, _) => Err(self.denied(attempt, denial, status)),
            _ => Err(Error::new(Code::RefreshUnavailable, "the revocation endpoint did not confirm")),
        };
        if outcome.is_ok() {
            self.emit(Event::Revoked);
        }
        self.resolve(attempt, outcome);
        Next::Enter(Stage::Delete)
    }

    /// Takes what can't be had again out of an answer that is of no use otherwise: the refresh token that was sent may count no
    /// more. Then the rest fails.
    pub(super) fn unusable(
        &mut self,
        attempt: &mut Attempt,
        unusable: Unusable,
        status: Option<u16>,
        now: Time,
    ) -> Next {
        let error = self.useless(attempt, &unusable, status);
        self.keep_and_fail(attempt, unusable.refresh, Failure::refused(error), now)
    }

    pub(super) fn keep_and_fail(
        &mut self,
        attempt: &Attempt,
        refresh: Option<Secret>,
        failure: Failure,
        now: Time,
    ) -> Next {
        // A login is taken whole or not at all: nobody knows whose half of one it is.
        let is_ours = attempt.is_refresh() && self.attempts.is_ahead(attempt.id);
        let Some(refresh) = refresh.filter(|_| is_ours) else { return self.fail(attempt, failure, now) };
        self.refresh.set(refresh);
        self.elsewhere.obtain(now);
        let next = self.fail(attempt, failure, now);
        if self.options.has_storage {
            Next::Enter(Stage::Store)
        } else {
            next
        }
    }

    /// The refresh token was refused. That is final, unless another one is known: rotated by another tab or isolate, or handed
    /// in newly while an older one was stored.
    fn look_for_another(&mut self, attempt: &mut Attempt, now: Time) -> Next {
        if !attempt.is_second {
            attempt.is_second = true;
            if !self.is_sent(attempt) {
                return Next::Enter(self.resend(attempt));
            }
            if self.options.has_storage {
                return Next::Enter(Stage::Load);
            }
        }
        self.give_up(attempt, now)
    }

    pub(super) fn give_up(&mut self, attempt: &mut Attempt, now: Time) -> Next {
        if !self.is_sent(attempt) {
            return Next::Over;
        }
        if self.refresh.fall_back_from(attempt.sent.as_ref()) {
            return Next::Enter(self.resend(attempt));
        }
        let message = "the provider refused the refresh token for good (invalid_grant): log in again";
        self.lose_refresh(attempt, message, now)
    }

    /// There is no refresh token that could be used any more.
    pub(super) fn lose_refresh(&mut self, attempt: &Attempt, message: &'static str, now: Time) -> Next {
        let failure = Failure::over(self.no_refresh_token(attempt, message));
        self.end_login(attempt, failure, now)
    }

    /// Nothing of what is stored is worth another try. Who is not logged in any more sends nothing in that person's name.
    pub(super) fn end_login(&mut self, attempt: &Attempt, failure: Failure, now: Time) -> Next {
        self.refresh.lose();
        if self.source.kind == Kind::AuthorizationCode {
            self.access.end();
        }
        self.fail(attempt, failure, now);
        if self.options.has_storage {
            return Next::Enter(Stage::Delete);
        }
        Next::Over
    }

    /// Whether the refresh token that was sent is still the one there is.
    pub(super) fn is_sent(&self, attempt: &Attempt) -> bool {
        match (&attempt.sent, self.refresh.current()) {
            (Some(sent), Some(_)) => self.refresh.is_current(sent),
            _ => true,
        }
    }

    pub(super) fn resend(&self, attempt: &mut Attempt) -> Stage {
        attempt.sent = None;
        attempt.assertion = None;
        self.first_stage()
    }

    pub(super) fn unanswered(&mut self, attempt: &Attempt, stage: Stage, failure: FetchFailure, now: Time) -> Next {
        let what = match failure {
            FetchFailure::Timeout => "did not answer in time",
            FetchFailure::TooLarge => "answered with more than is read",
            FetchFailure::Redirect => "answered with a redirect, which is not followed",
            FetchFailure::Abandoned => "was not waited for",
            _ => "can't be reached",
        };
        // Neither of these is going to be otherwise next time.
        let is_permanent = matches!(failure, FetchFailure::TooLarge | FetchFailure::Redirect);
        let failure = match stage {
            Stage::Callback if failure == FetchFailure::Timeout => {
                Failure::unknown("fetchToken did not answer in time")
            }
            Stage::Callback => Failure::unknown("fetchToken failed"),
            Stage::Sign => Failure::refused(Error::new(Code::RefreshUnavailable, "the client's key can't sign")),
            Stage::Verify => Failure::unknown(
                "the provider's keys, which the ID token is checked with: their server ".to_owned() + what,
            ),
            Stage::Discover(_) => Failure::unknown("the provider's metadata: its server ".to_owned() + what),
            _ if is_permanent => Failure::refused(self.of_endpoint(Code::RefreshUnavailable, what, None)),
            _ => Failure::outage(self.of_endpoint(Code::RefreshUnavailable, what, None)),
        };
        self.fail(attempt, failure, now)
    }
}

fn was_sent(attempt: &Attempt, refresh: &Secret) -> bool {
    attempt.sent.as_ref().is_none_or(|sent| sent.matches(refresh.expose()))
}

/// Only a grant can be used up. A machine's credentials are not.
fn is_used_up(attempt: &Attempt, denial: &Denial) -> bool {
    denial.name.as_deref() == Some("invalid_grant") && attempt.sent.is_some() && !attempt.is_login()
}

/// The provider's clock, as far as it has said.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// What it shows more than ours.
    ahead: Option<Span>,
    /// The newest `iat` seen.
    issued: Option<Time>,
}

impl ServerClock {
    pub(super) const fn ahead(&self) -> Option<Span> {
        self.ahead
    }

    pub(super) fn show(&self, now: Time) -> Time {
        now.plus(self.ahead.unwrap_or(Span::ZERO))
    }

    pub(super) fn learn(&mut self, date: Option<Time>, now: Time) {
        if let Some(date) = date {
            self.ahead = Some(date.since(now));
        }
    }

    /// A token was issued then.
    pub(super) fn see(&mut self, issued: Option<Time>) {
        self.issued = self.issued.max(issued);
    }

    /// By our clock a token has ended. Out of a cache, perhaps; but one that was made between two calls shows that our clock is
    /// ahead. Whether it does.
    pub(super) fn is_corrected_by(&mut self, issued: Option<Time>, now: Time) -> bool {
        match (issued, self.issued) {
            (Some(issued), Some(before)) if issued > before => {
                self.ahead = Some(issued.since(now));
                true
            }
            _ => false,
        }
    }

    /// When tokens end. `sent` is when they were asked for; `is_cached` says that they may be older than that.
    pub(super) fn life_of(&mut self, tokens: &Tokens, sent: Time, now: Time, is_cached: bool) -> Option<Life> {
        let own = tokens.facts.life();
        let relative = tokens.expires_in.map(|said| own.map_or(said, |own| own.min(said)));
        let from_now = |whole: Span| Life { whole, expires: sent.plus(whole) };
        let absolute = tokens.expires_at.or(tokens.facts.expires);
        match (relative, own, absolute) {
            (Some(whole), ..) if !is_cached => Some(from_now(whole)),
            // What an endpoint gives was made just now, so no clock is needed to know how long it lives.
            (None, Some(whole), _) if !is_cached && tokens.expires_at.is_none() => Some(from_now(whole)),
            (_, _, Some(expires)) => {
                let mut server_now = self.show(now);
                if let Some(issued) = tokens.facts.issued.filter(|issued| *issued > server_now) {
                    // A token can't come from the future: our clock is behind.
                    server_now = issued;
                    self.ahead = Some(issued.since(now));
                }
                let left = expires.since(server_now);
                Some(Life { whole: own.unwrap_or(left), expires: now.plus(left) })
            }
            (Some(whole), ..) => Some(from_now(whole)),
            _ => None,
        }
    }
}
