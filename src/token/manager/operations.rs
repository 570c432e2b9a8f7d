//! What somebody asks for beside tokens: to log in, to log out, to revoke. Each is an attempt, with an outcome.

use super::{
    attempt::{Attempt, Operation, Outcome, Stage},
    AttemptId, Login, Manager,
};
use crate::{
    error::{Code, Error},
    secret::Secret,
    time::{Span, Time},
    token::{
        login::{self, Pending, Response, Waiting},
        metadata::Endpoints,
        response::Facts,
        source::Kind,
    },
};

/// Outcomes that nobody has asked for yet.
const MAX_OUTCOMES: usize = 8;

impl Manager {
    /// Looks the provider's endpoints up, unless they are known. [`Manager::outcome`] says how it ended.
    pub fn discover(&mut self, now: Time) -> Option<AttemptId> {
        if self.endpoints.is_some() || self.source.issuer.is_none() {
            return None;
        }
        let now = self.clock.read(now);
        Some(self.launch(Operation::Discover, Stage::Discover(false), now))
    }

    /// Begins a login: the URL to send the person to. The endpoints are known by then, and the login has texts that nobody
    /// can guess.
    ///
    /// # Errors
    /// `ERR_CONFIG` for a source that is not logged in to, and a provider that nobody can log in at.
    pub fn begin_login(
        &mut self,
        login: Pending,
        challenge: &str,
        parameters: &[(String, String)],
    ) -> Result<String, Error> {
        let endpoints = self.login_endpoints()?;
        let url = login::authorization_url(&self.source, endpoints, &login, challenge, parameters)?;
        self.waiting.push(login);
        Ok(url)
    }

    /// Takes the query that a login came back with, and begins to exchange its code: the attempt, and where the page goes on.
    ///
    /// # Errors
    /// `ERR_LOGIN_REJECTED` for what is no answer to a login that waits, and for an answer that says no.
    pub fn complete_login(&mut self, query: &[(&str, &str)], now: Time) -> Result<(AttemptId, Option<String>), Error> {
        self.login_endpoints()?;
        let response = Response::read(query)?;
        let Some(pending) = self.waiting.take(response.state, now) else {
            return Err(login::rejected(
                "no login waits for this answer: it was taken before, is older than 10 minutes, or was begun in another tab",
            )
            .about("state"));
        };
        let code = response.code(self.source.issuer.as_deref(), self.login_endpoints()?)?;
        let attempt = self.login(Login { code, verifier: pending.verifier, nonce: pending.nonce }, now);
        Ok((attempt, pending.return_to))
    }

    fn login_endpoints(&self) -> Result<&Endpoints, Error> {
        if self.source.kind != Kind::AuthorizationCode {
            return Err(Error::new(Code::Config, "logins need a source of the type authorization_code"));
        }
        let unknown = || Error::new(Code::RefreshUnavailable, "the provider's metadata is not known");
        self.endpoints().ok_or_else(unknown)
    }

    /// The logins that wait for their answers. Whoever keeps them puts them back after the page has been left.
    pub const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Puts back what [`Waiting::to_json`] gave.
    pub fn set_waiting(&mut self, text: &str) {
        self.waiting = Waiting::parse(text, &self.source_id);
    }

    /// Tells this source's tokens and logins from those of another.
    pub fn source_id(&self) -> &str {
        &self.source_id
    }

    /// Begins to exchange the code of a login for tokens. [`Manager::outcome`] says how it ended.
    pub fn login(&mut self, login: Login, now: Time) -> AttemptId {
        let now = self.clock.read(now);
        let stage = self.first_stage();
        self.launch(Operation::Code(Box::new(login)), stage, now)
    }

    /// Whether an ID token is this login's, once its signature and the claims that every JWT has were found good or not.
    pub(super) fn check_id_token(&self, attempt: &Attempt, verified: Result<&str, &str>) -> Outcome {
        let Operation::Code(login) = &attempt.operation else { return Ok(()) };
        match verified {
            Ok(claims) => login::check_claims(claims, &self.source.client_id, &login.nonce),
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

    /// Where the person is sent to be logged out at the provider, while its endpoints and the ID token are known.
    pub fn logout_url(&self) -> Option<String> {
        if self.source.kind != Kind::AuthorizationCode {
            return None;
        }
        login::logout_url(&self.source, self.endpoints()?, self.id_token.as_ref())
    }

    /// Forgets all tokens, and begins to revoke them (RFC 7009). [`Manager::outcome`] says how it ended. `None` when there is
    /// nothing to revoke.
    pub fn revoke(&mut self, now: Time) -> Option<AttemptId> {
        let now = self.clock.read(now);
        let token = self.refresh.take().or_else(|| self.current_token.as_ref().map(|current| current.token.clone()));
        self.forget();
        let token = token?;
        let stage = if self.source.has_endpoint() { self.revoke_stage() } else { return None };
        Some(self.launch(Operation::Revoke(token), stage, now))
    }

    /// Forgets all tokens; what is under way brings none.
    pub fn forget(&mut self) {
        self.attempts.clear();
        self.current_token = None;
        self.refresh = None;
        self.id_token = None;
        self.person = Facts::default();
        self.obtained = None;
        self.rejected_token = None;
        self.was_refused = false;
        self.refusals = 0;
        self.cooldown = None;
        self.refused = None;
        self.has_had_token = false;
        self.generation = self.generation.wrapping_add(1);
    }

    /// What the server's clock shows more than ours, as far as it has said.
    pub const fn server_ahead(&self) -> Option<Span> {
        self.server
    }

    /// The ID token of the login.
    pub const fn id_token(&self) -> Option<&Secret> {
        self.id_token.as_ref()
    }

    /// The provider's endpoints, if they are known.
    pub fn endpoints(&self) -> Option<&Endpoints> {
        self.endpoints.as_ref().map(|(endpoints, _)| endpoints)
    }

    /// How an operation ended, once it has.
    pub fn outcome(&mut self, attempt: AttemptId) -> Option<Outcome> {
        let place = self.outcomes.iter().position(|(id, _)| *id == attempt)?;
        Some(self.outcomes.remove(place).1)
    }

    pub(super) fn end(&mut self, attempt: &Attempt, outcome: Outcome) {
        if matches!(attempt.operation, Operation::Refresh(_)) {
            return;
        }
        if self.outcomes.len() >= MAX_OUTCOMES {
            drop(self.outcomes.remove(0));
        }
        self.outcomes.push((attempt.id, outcome));
    }
}
