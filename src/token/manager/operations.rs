//! What somebody asks for beside tokens: to log in, to log out, to revoke. Each is an attempt that is resolved.

use super::{
    action::{Action, Outcome},
    attempt::{Attempt, Operation, Stage},
    input::Login,
    Manager,
};
use crate::{
    error::{Code, Error, Fact},
    time::{Span, Time},
    token::{
        login::{self, PendingLogin, Response},
        metadata::Endpoints,
        source::Kind,
    },
};

/// What may pass between a login's answer and its ID token.
const ASKED_LATE: Span = Span::from_secs(60);

impl Manager {
    pub(super) fn discover(&mut self, now: Time) {
        if self.endpoints.is_some() || self.source.issuer.is_none() {
            return;
        }
        let now = self.clock.read(now);
        self.launch(Operation::Discover, Stage::Discover(false), now);
    }

    pub(super) fn begin_login(
        &mut self,
        login: PendingLogin,
        challenge: &str,
        parameters: &[(String, String)],
    ) -> Result<String, Error> {
        let endpoints = self.login_endpoints()?;
        let url = login::authorization_url(&self.source, endpoints, &login, challenge, parameters)?;
        let max_age = login::max_age(&self.source, parameters)?;
        self.logins.push(PendingLogin { max_age, ..login });
        Ok(url)
    }

    pub(super) fn complete_login(&mut self, query: &[(&str, &str)], now: Time) -> Result<Option<String>, Error> {
        self.login_endpoints()?;
        let response = Response::read(query)?;
        let Some(pending) = self.logins.take(response.state, now) else {
            return Err(login::rejected(
                "no login waits for this answer: it was taken before, is older than 10 minutes, or was begun in another tab",
            )
            .about("state"));
        };
        let PendingLogin { verifier, nonce, return_to, max_age, begun, .. } = pending;
        let code = response.code(self.source.issuer.as_deref(), self.login_endpoints()?);
        let code = match (code, return_to.clone()) {
            (Ok(code), _) => code,
            // Whoever asked by `prompt=none` goes on where they were, as nobody.
            (Err(error), Some(path)) => return Err(error.with("returnTo", Fact::Text(path))),
            (Err(error), None) => return Err(error),
        };
        // They may have been asked at any time since it began.
        let waited = now.since(begun).max(Span::ZERO);
        let since = |max_age: Span| Span::from_millis([max_age, waited, ASKED_LATE].map(Span::as_millis).iter().sum());
        let max_auth_age = max_age.map(since);
        self.exchange_code(Login { code, verifier, nonce, max_auth_age }, now);
        Ok(return_to)
    }

    fn login_endpoints(&self) -> Result<&Endpoints, Error> {
        if self.source.kind != Kind::AuthorizationCode {
            return Err(Error::new(Code::Config, "logins need a source of the type authorization_code"));
        }
        let unknown = || Error::new(Code::RefreshUnavailable, "the provider's metadata is not known");
        self.endpoints().ok_or_else(unknown)
    }

    pub(super) fn exchange_code(&mut self, login: Login, now: Time) {
        let now = self.clock.read(now);
        let stage = self.first_stage();
        self.launch(Operation::Code(Box::new(login)), stage, now);
    }

    /// Whether an ID token is this login's, once its signature and the claims that every JWT has were found good or not.
    pub(super) fn check_id_token(&self, attempt: &Attempt, verified: Result<&str, &str>) -> Outcome {
        let Operation::Code(login) = &attempt.operation else { return Ok(()) };
        match verified {
            Ok(claims) => login::check_claims(claims, &self.source.client_id, &login.nonce, login.max_auth_age),
            // The verifier's code, then what it says: which issuers, which audiences.
            Err(why) => {
                let (code, told) = why.split_once(' ').unwrap_or((why, ""));
                let mut message = String::from("the ID token of the answer is not good");
                if !told.is_empty() {
                    message.push_str(": ");
                    message.push_str(told);
                }
                Err(login::rejected(message).about(code.to_owned()))
            }
        }
    }

    pub(super) fn revoke(&mut self, now: Time) {
        let now = self.clock.read(now);
        let current = self.access.current().map(|current| current.token.clone());
        let token = self.refresh.take().or(current);
        self.forget();
        let Some(token) = token.filter(|_| self.source.has_endpoint()) else { return };
        let stage = self.revoke_stage();
        self.launch(Operation::Revoke(token), stage, now);
    }

    /// Forgets all tokens; what is under way brings none.
    pub(super) fn forget(&mut self) {
        self.attempts.clear();
        self.access.forget();
        self.refresh.take();
        self.identity.replace(None, Default::default());
        self.elsewhere.forget();
        self.backoff.forget();
    }

    /// Whoever waits for this attempt hears how it ended; a refresh is waited for by requesters, who ask again.
    pub(super) fn resolve(&mut self, attempt: &Attempt, outcome: Outcome) {
        if !attempt.is_refresh() {
            self.actions.push_back(Action::Resolve(attempt.id, outcome));
        }
    }
}
