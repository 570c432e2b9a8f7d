//! What keeps tokens from coming: how it is told, and when it is told for good.

use std::borrow::Cow;

use super::{
    attempt::{Attempt, Next, Operation, Stage},
    backoff::Cooldown,
    input::{Thrown, Unverifiable},
    Event, Manager,
};
use crate::{
    error::{Code, Error, Fact},
    jose::url,
    time::{Span, Time},
    token::{
        denial::{source_failure, Denial},
        login,
        response::Unusable,
        schedule,
        source::Kind,
    },
};

/// Endpoints are looked up again after this.
const ENDPOINTS_AGE: Span = Span::from_secs(24 * 3600);

/// What a failure says of the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// Nothing: nobody knows whether the request was carried out.
    Outage,
    /// The next one will most probably fail in the same way: it is final when it has often enough.
    No,
    /// There is no next one.
    Final,
}

/// Why an attempt brought nothing.
pub(super) struct Failure {
    error: Error,
    asked: Option<Span>,
    weight: Weight,
}

impl Failure {
    /// Nobody knows whether the request was carried out.
    pub(super) fn unknown(message: impl Into<Cow<'static, str>>) -> Self {
        Self::outage(Error::new(Code::RefreshUnavailable, message))
    }

    /// The same, with more to tell.
    pub(super) const fn outage(error: Error) -> Self {
        Self { error, asked: None, weight: Weight::Outage }
    }

    /// The provider wants to be asked again after this.
    pub(super) fn retry_after(self, asked: Option<Span>) -> Self {
        Self { asked, ..self }
    }

    /// It will probably come again.
    pub(super) fn refused(error: Error) -> Self {
        Self { error, asked: None, weight: Weight::No }
    }

    /// There is nothing more to try.
    pub(super) fn over(error: Error) -> Self {
        Self { error, asked: None, weight: Weight::Final }
    }
}

impl Manager {
    pub(super) fn fail(&mut self, attempt: &Attempt, failure: Failure, now: Time) -> Next {
        if !attempt.is_refresh() {
            let error = failure.error;
            return self.end_with(
                attempt,
                match failure.asked {
                    Some(asked) => error.retry_after(asked),
                    None => error,
                },
            );
        }
        // Whoever was lost for a while can't make undone what is newer, or is over.
        let is_late = self.backoff.is_over() && failure.weight != Weight::Final;
        if self.attempts.is_outdated(attempt.id) || is_late {
            return Next::Over;
        }
        let wait = self.backoff.count_failure(failure.asked, &mut self.jitter);
        // Endpoints may have moved.
        self.endpoints.take_if(|(_, found)| now.since(*found) > ENDPOINTS_AGE);
        let is_repeated = failure.weight == Weight::No && self.backoff.count_refusal(now);
        let error = if is_repeated { self.repeated(&failure.error) } else { failure.error };
        // A function of the user's may give a token again as soon as somebody has logged in.
        let is_final = failure.weight == Weight::Final || (is_repeated && self.source.kind != Kind::Callback);
        let until = match (is_final, self.source.kind) {
            (false, _) => Some(now.plus(wait)),
            // Nobody hands a machine another secret. Somebody may put right what is wrong with the one that it has.
            (true, Kind::ClientCredentials) => Some(now.plus(schedule::FINAL_BACKOFF)),
            _ => None,
        };
        let cooldown = Cooldown { error, is_final, until };
        let error = cooldown.error(now);
        self.backoff.cool_down(cooldown);
        let retry_at = until.filter(|_| !is_final).map(|until| self.clock.wall(until));
        self.emit(Event::Failed { error, retry_at });
        Next::Over
    }

    /// Whoever waits for this attempt hears of an error.
    pub(super) fn end_with(&mut self, attempt: &Attempt, error: Error) -> Next {
        self.resolve(attempt, Err(error));
        Next::Over
    }

    /// The same error, as one that no retry mends.
    fn repeated(&self, error: &Error) -> Error {
        let times = self.backoff.refusals();
        let fix = match self.source.kind {
            Kind::Callback => "",
            Kind::ClientCredentials => ": it is asked again in some hours, or by another manager",
            Kind::AuthorizationCode => ": log in again",
            _ => ": it is not asked again until another one is handed in with setToken",
        };
        let message = format!("{} ({times} times in a row{fix})", error.message());
        error.clone().told(Code::RefreshRejected, message)
    }

    /// Where tokens are asked for, as it may be shown: a query may hold an API key.
    fn shown_endpoint(&self) -> Option<String> {
        let known = self.endpoints().map(|endpoints| endpoints.token.as_str());
        let url = self.source.token_endpoint.as_deref().or(known)?;
        Some(url::without_secrets(url))
    }

    /// An error about the token endpoint: which it is, and with which status it answered.
    pub(super) fn of_endpoint(&self, code: Code, what: &str, status: Option<u16>) -> Error {
        let url = self.shown_endpoint();
        let mut message = String::from("the token endpoint ");
        if let Some(url) = &url {
            message.push_str(url);
            message.push(' ');
        }
        message.push_str(what);
        if let Some(status) = status {
            message.push_str(&format!(" (status {status})"));
        }
        let mut error = Error::new(code, message);
        if let Some(status) = status {
            error = error.with("status", Fact::Number(u64::from(status)));
        }
        match url {
            Some(url) => error.with("url", Fact::Text(url)),
            None => error,
        }
    }

    /// What an endpoint's "no" is to the caller. Its description is left out: some repeat the token in it.
    pub(super) fn denied(&self, attempt: &Attempt, denial: Denial, status: u16) -> Error {
        let is_login = attempt.is_login();
        let name = denial.name.as_deref();
        let code = match name {
            _ if is_login => Code::LoginRejected,
            // Who says why means it. Without a reason it may be anything that stands in between.
            Some(name) if name != "temporarily_unavailable" => Code::RefreshRejected,
            _ if matches!(attempt.operation, Operation::Revoke(_)) => Code::RefreshRejected,
            _ => Code::RefreshUnavailable,
        };
        let mut what = String::from("refused the request: ");
        what.push_str(name.unwrap_or("it does not say why"));
        for number in &denial.codes {
            what.push(' ');
            what.push_str(number);
        }
        what.push_str(hint(name.unwrap_or_default()));
        let mut error = self.of_endpoint(code, &what, Some(status));
        if let Some(name) = denial.name {
            error = error.about(name);
        }
        if denial.codes.is_empty() {
            error
        } else {
            error.with("providerCodes", Fact::List(denial.codes))
        }
    }

    /// There is no refresh token any more: with the provider's own words for it, if it was the provider that said so.
    pub(super) fn no_refresh_token(&self, attempt: &Attempt, message: &'static str) -> Error {
        let error = match &attempt.denied {
            Some((denial, status)) => {
                self.denied(attempt, denial.clone(), *status).told(Code::RefreshRejected, message)
            }
            None => Error::new(Code::RefreshRejected, message),
        };
        error.about("invalid_grant")
    }

    /// What tokens that can't be used are to the caller.
    pub(super) fn useless(&self, attempt: &Attempt, unusable: &Unusable, status: Option<u16>) -> Error {
        let is_login = attempt.is_login();
        let code = match unusable.is_permanent {
            _ if is_login => Code::LoginRejected,
            true => Code::RefreshRejected,
            false => Code::RefreshUnavailable,
        };
        let error = if attempt.stage == Stage::Callback {
            Error::new(code, "fetchToken ".to_owned() + &unusable.problem)
        } else {
            self.of_endpoint(code, &unusable.problem, status)
        };
        if unusable.is_permanent {
            error.about("token_type")
        } else {
            error
        }
    }

    /// A login that came to nothing, as an outcome.
    pub(super) fn reject_login(&mut self, attempt: &Attempt, why: &'static str) -> Next {
        self.end_with(attempt, login::rejected(why))
    }
}

/// What an error of the user's function means.
pub(super) fn thrown(threw: Thrown<'_>) -> Failure {
    let error = source_failure("fetchToken", threw.name.unwrap_or_default(), threw.is_permanent);
    if error.code().is_retryable() {
        Failure::outage(error)
    } else {
        Failure::refused(error)
    }
}

/// The keys that an ID token is checked with can't be had.
pub(super) fn unverifiable(keys: Unverifiable<'_>) -> Failure {
    let message = "the provider's keys, which the ID token is checked with: ".to_owned() + keys.why;
    let mut error = Error::new(Code::RefreshUnavailable, message);
    if let Some(status) = keys.status {
        error = error.with("status", Fact::Number(u64::from(status)));
    }
    if let Some(place) = keys.url {
        error = error.with("url", Fact::Text(url::without_secrets(place)));
    }
    Failure::outage(error).retry_after(keys.retry_after)
}

fn hint(name: &str) -> &'static str {
    match name {
        "invalid_client" => ": are the client's id, its secret or key, and `clientAuth` right?",
        "invalid_scope" => ": may this client ask for that scope?",
        "invalid_target" => ": is `audience` or `resource` one that the provider knows?",
        "invalid_grant" => ": the code is not of this login, was used before, or has expired",
        "unauthorized_client" | "unsupported_grant_type" => ": may this client use this grant?",
        _ => "",
    }
}
