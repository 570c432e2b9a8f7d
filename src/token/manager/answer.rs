//! What an answer comes to: tokens that are taken, or the reason why there are none.

use super::{
    attempt::{Arrived, Asked, Attempt, Life, Operation, Stage},
    persistence::id_token_after,
    progress::Next,
    refused::Failure,
    Event, Manager, Reason, MAX_ROTATED,
};
use crate::{
    error::{Code, Error},
    jose::jwks_cache::FetchFailure,
    secret::Secret,
    time::{Span, Time},
    token::{
        persisted_state::PersistedState,
        response::{self, Answer, Tokens, Unusable},
        schedule,
        source::Kind,
    },
};

impl Manager {
    pub(super) fn answered(
        &mut self,
        attempt: &mut Attempt,
        answer: Answer,
        (status, asked): (u16, Option<Span>),
        now: Time,
        random: f64,
    ) -> Next {
        if let Operation::Revoke(_) = attempt.operation {
            let outcome = match answer {
                // The answer has no body that counts (RFC 7009 §2.2).
                _ if (200..300).contains(&status) => Ok(()),
                Answer::Refused(denial, _) => Err(self.denied(attempt, denial, status)),
                _ => Err(Error::new(Code::RefreshUnavailable, "the revocation endpoint did not confirm")),
            };
            if outcome.is_ok() {
                self.emit(Event::Revoked);
            }
            self.end(attempt, outcome);
            return Next::Go(Stage::Delete);
        }
        match answer {
            Answer::Tokens(tokens) => {
                self.replaced(attempt, tokens.refresh.as_ref());
                self.take(attempt, tokens, now, random)
            }
            Answer::Unusable(unusable) => {
                self.replaced(attempt, unusable.refresh.as_ref());
                self.unusable(attempt, unusable, Some(status), now, random)
            }
            // A "no" with another refresh token: the one that was sent was exchanged, and this is what it was exchanged for.
            Answer::Refused(denial, Some(refresh)) if !self.was_sent(attempt, &refresh) => {
                self.replaced(attempt, Some(&refresh));
                let error = self.denied(attempt, denial, status);
                self.keep_and_fail(attempt, Some(refresh), Failure { asked, ..Failure::refused(error) }, now, random)
            }
            // Only a grant can be used up. A machine's credentials are not.
            Answer::Refused(denial, _)
                if denial.name.as_deref() == Some("invalid_grant")
                    && attempt.sent.is_some()
                    && !matches!(attempt.operation, Operation::Code(_)) =>
            {
                attempt.denied = Some((denial, status));
                self.look_for_another(attempt, now, random)
            }
            Answer::Refused(denial, _) => {
                let error = self.denied(attempt, denial, status);
                self.fail(attempt, Failure { asked, ..Failure::refused(error) }, now, random)
            }
            Answer::Unknown(what) => {
                let error = self.of_endpoint(Code::RefreshUnavailable, what, Some(status));
                self.fail(attempt, Failure { asked, ..Failure::outage(error) }, now, random)
            }
        }
    }

    fn was_sent(&self, attempt: &Attempt, refresh: &Secret) -> bool {
        attempt.sent.as_ref().is_none_or(|sent| sent.matches(refresh.expose()))
    }

    fn replaced(&mut self, attempt: &Attempt, new: Option<&Secret>) {
        if let (Some(sent), Some(new)) = (&attempt.sent, new) {
            if !new.matches(sent.expose()) {
                self.rotate(sent.clone());
            }
        }
    }

    /// Takes what can't be had again out of an answer that is of no use otherwise: the refresh token that was sent may count no
    /// more. Then the rest fails.
    pub(super) fn unusable(
        &mut self,
        attempt: &mut Attempt,
        unusable: Unusable,
        status: Option<u16>,
        now: Time,
        random: f64,
    ) -> Next {
        let error = self.useless(attempt, &unusable, status);
        self.keep_and_fail(attempt, unusable.refresh, Failure::refused(error), now, random)
    }

    fn keep_and_fail(
        &mut self,
        attempt: &Attempt,
        refresh: Option<Secret>,
        failure: Failure,
        now: Time,
        random: f64,
    ) -> Next {
        // A login is taken whole or not at all: nobody knows whose half of one it is.
        let is_ours = matches!(attempt.operation, Operation::Refresh(_)) && attempt.id.0 > self.settled;
        let Some(refresh) = refresh.filter(|_| is_ours) else { return self.fail(attempt, failure, now, random) };
        self.refresh = Some(refresh);
        self.obtained = Some(now);
        let next = self.fail(attempt, failure, now, random);
        if self.options.has_storage {
            Next::Go(Stage::Store)
        } else {
            next
        }
    }

    /// This refresh token has been replaced: sent again, it would count as stolen.
    fn rotate(&mut self, sent: Secret) {
        self.source.refresh.take_if(|configured| configured.matches(sent.expose()));
        if self.rotated.len() >= MAX_ROTATED {
            self.rotated.pop_front();
        }
        self.rotated.push_back(sent);
    }

    /// The refresh token was refused. That is final, unless another one is known: rotated by another tab or isolate, or handed
    /// in newly while an older one was stored.
    fn look_for_another(&mut self, attempt: &mut Attempt, now: Time, random: f64) -> Next {
        if !attempt.is_second {
            attempt.is_second = true;
            if !self.is_sent(attempt) {
                return Next::Go(self.resend(attempt));
            }
            if self.options.has_storage {
                return Next::Go(Stage::Load);
            }
        }
        self.give_up(attempt, now, random)
    }

    pub(super) fn give_up(&mut self, attempt: &mut Attempt, now: Time, random: f64) -> Next {
        if !self.is_sent(attempt) {
            return Next::Over;
        }
        let configured = self.source.refresh.take();
        if let (Some(sent), Some(configured)) = (&attempt.sent, configured) {
            if !sent.matches(configured.expose()) {
                self.refresh = Some(configured);
                return Next::Go(self.resend(attempt));
            }
        }
        let message = "the provider refused the refresh token for good (invalid_grant): log in again";
        self.lose_refresh(attempt, message, now, random)
    }

    /// There is no refresh token that could be used any more.
    pub(super) fn lose_refresh(&mut self, attempt: &Attempt, message: &'static str, now: Time, random: f64) -> Next {
        let failure = Failure::over(self.no_refresh_token(attempt, message));
        self.refresh = None;
        self.fail(attempt, failure, now, random);
        if self.options.has_storage {
            return Next::Go(Stage::Delete);
        }
        Next::Over
    }

    pub(super) fn resend(&mut self, attempt: &mut Attempt) -> Stage {
        attempt.sent = None;
        attempt.assertion = None;
        self.first_stage()
    }

    pub(super) fn unanswered(
        &mut self,
        attempt: &Attempt,
        stage: Stage,
        failure: FetchFailure,
        now: Time,
        random: f64,
    ) -> Next {
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
            Stage::Callback => Failure::unknown("fetchToken failed"),
            Stage::Sign => Failure::refused(Error::new(Code::RefreshUnavailable, "the client's key can't sign")),
            Stage::Verify => {
                Failure::unknown(told("the provider's keys, which the ID token is checked with: their server ", what))
            }
            Stage::Discover(_) => Failure::unknown(told("the provider's metadata: its server ", what)),
            _ => {
                let error = self.of_endpoint(Code::RefreshUnavailable, what, None);
                if is_permanent {
                    Failure::refused(error)
                } else {
                    Failure::outage(error)
                }
            }
        };
        self.fail(attempt, failure, now, random)
    }

    /// Tokens have come: whose, until when, and where to.
    pub(super) fn take(&mut self, attempt: &mut Attempt, tokens: Box<Tokens>, now: Time, random: f64) -> Next {
        let is_callback = attempt.stage == Stage::Callback;
        if !is_callback && !self.is_same_person(attempt, &tokens) {
            let message = "the provider answered with somebody else's tokens: log in again";
            let failure = Failure::over(Error::new(Code::RefreshRejected, message));
            return self.fail(attempt, failure, now, random);
        }
        let mut life = self.life_of(&tokens, attempt.entered, now, is_callback);
        let is_over = |life: &Option<Life>| {
            life.is_some_and(|life| {
                life.whole <= Span::ZERO || life.expires.minus(schedule::expiry_leeway(life.whole)) <= now
            })
        };
        if is_over(&life) && is_callback {
            // By our clock it has ended. Out of a cache, perhaps; but one that was made between two calls shows that our clock
            // is ahead.
            match (tokens.facts.issued, self.issued) {
                (Some(issued), Some(before)) if issued > before => {
                    self.server = Some(issued.since(now));
                    life = self.life_of(&tokens, attempt.entered, now, true);
                }
                _ => {}
            }
            self.issued = self.issued.max(tokens.facts.issued);
            self.has_had_token = true;
        }
        if is_over(&life) {
            let failure = if is_callback {
                Failure::unknown(
                    "fetchToken gave a token that has expired: bypass the cache when `reason` is not \"initial\"",
                )
            } else {
                let what = "answered with a token that has expired";
                Failure::outage(self.of_endpoint(Code::RefreshUnavailable, what, None))
            };
            // What came with it may be worth something all the same.
            return self.keep_and_fail(attempt, tokens.refresh, failure, now, random);
        }
        let asked = Asked { number: attempt.asked, at: Some(attempt.entered) };
        attempt.arrived = Some(Arrived { tokens, life, asked });
        match &attempt.operation {
            Operation::Code(_) if attempt.arrived.as_ref().is_some_and(|arrived| arrived.tokens.id_token.is_some()) => {
                Next::Go(Stage::Verify)
            }
            Operation::Code(_) if self.wants_id_token() => self.reject_login(attempt, "the provider gave no ID token"),
            _ => self.checked(attempt, now, random),
        }
    }

    pub(super) fn wants_id_token(&self) -> bool {
        self.source.scope.as_deref().unwrap_or_default().split(' ').any(|scope| scope == "openid")
    }

    pub(super) fn checked(&mut self, attempt: &mut Attempt, now: Time, random: f64) -> Next {
        if self.options.has_storage {
            return Next::Go(Stage::Store);
        }
        self.settle(attempt, now, random);
        Next::Over
    }

    /// OpenID Connect Core 1.0 §12.2, and the same for access tokens that say whose they are.
    fn is_same_person(&self, attempt: &Attempt, tokens: &Tokens) -> bool {
        if !matches!(attempt.operation, Operation::Refresh(_)) || self.source.kind == Kind::ClientCredentials {
            return true;
        }
        let facts = |token: Option<&Secret>| token.map(|token| response::Facts::of(token.expose())).unwrap_or_default();
        let id = facts(self.id_token.as_ref());
        !self.person.contradicts(&tokens.facts) && !id.contradicts(&facts(tokens.id_token.as_ref()))
    }

    pub(super) fn settle(&mut self, attempt: &mut Attempt, now: Time, random: f64) {
        let Some(arrived) = attempt.arrived.take() else { return };
        if attempt.id.0 < self.settled {
            // A lost one that was found, and something newer has come.
            return;
        }
        self.settled = attempt.id.0;
        if let Operation::Code(_) = attempt.operation {
            // Somebody else, perhaps: nothing of the one before stays, and nothing that is under way for them counts.
            self.forget();
        }
        let reason = match &attempt.operation {
            Operation::Refresh(reason) => *reason,
            _ => Reason::Initial,
        };
        self.install(arrived, now, random);
        self.obtained = Some(now);
        let expires = self.expires_at();
        self.emit(Event::Refreshed { reason, expires });
        self.end(attempt, Ok(()));
    }

    pub(super) fn storable(&self, attempt: &Attempt) -> PersistedState {
        let arrived = attempt.arrived.as_ref();
        let goes_on = !matches!(attempt.operation, Operation::Code(_));
        let carried = |token: &Option<Secret>| token.clone().filter(|_| goes_on);
        let tokens = arrived.map(|arrived| &arrived.tokens);
        // Of an answer that is of no use the refresh token alone is new.
        let current = self.current_token.as_ref().filter(|_| arrived.is_none() && goes_on);
        let life = arrived.map_or_else(|| current.and_then(|current| current.life), |arrived| arrived.life);
        PersistedState {
            access: tokens.map(|tokens| &tokens.access).or(current.map(|current| &current.token)).cloned(),
            refresh: tokens.and_then(|tokens| tokens.refresh.clone()).or_else(|| carried(&self.refresh)),
            id_token: id_token_after(carried(&self.id_token), tokens.and_then(|tokens| tokens.id_token.clone())),
            scope: tokens
                .map_or_else(|| current.and_then(|current| current.scope.clone()), |tokens| tokens.scope.clone()),
            obtained: self.clock.wall(attempt.entered),
            asked: arrived
                .map(|arrived| arrived.asked)
                .or(current.map(|current| current.asked))
                .and_then(|asked| asked.at)
                .map(|at| self.clock.wall(at)),
            expires: life.map(|life| self.clock.wall(life.expires)),
        }
    }

    pub(super) fn learn(&mut self, date: Option<Time>, now: Time) {
        if let Some(date) = date {
            self.server = Some(date.since(now));
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
                let mut server_now = now.plus(self.server.unwrap_or(Span::ZERO));
                if let Some(issued) = tokens.facts.issued.filter(|issued| *issued > server_now) {
                    // A token can't come from the future: our clock is behind.
                    server_now = issued;
                    self.server = Some(issued.since(now));
                }
                let left = expires.since(server_now);
                Some(Life { whole: own.unwrap_or(left), expires: now.plus(left) })
            }
            (Some(whole), ..) => Some(from_now(whole)),
            _ => None,
        }
    }
}

pub(super) fn told(who: &str, what: &str) -> String {
    let mut out = who.to_owned();
    out.push_str(what);
    out
}
