//! What the performer of an attempt does at each stage.

use super::{
    action::{Action, AttemptId, Task},
    attempt::{Attempt, Operation, Stage},
    tabs, Manager,
};
use crate::{
    error::{Code, Error},
    jose::discovery,
    secret::Secret,
    time::Time,
    token::{
        grant::{assertion_input, ClientAuth, Form},
        source::Kind,
    },
};

impl Manager {
    pub(super) fn ready(&mut self, id: AttemptId, jti: &str, now: Time) {
        let now = self.clock.peek(now);
        let action = match self.task(id, jti, now) {
            // A refresh token may count once: its request is not broken off, or the answer would be lost.
            Some(task) => {
                Action::Perform { attempt: id, task, limit: self.limit(id).filter(|_| !self.is_delicate(id)) }
            }
            None => Action::End(id),
        };
        self.actions.push_back(action);
    }

    fn task(&mut self, id: AttemptId, jti: &str, now: Time) -> Option<Task> {
        let attempt = self.attempts.get(id)?;
        match attempt.stage {
            Stage::Load => Some(Task::Load),
            Stage::Lock => Some(Task::Lock),
            Stage::AskTabs => Some(tabs::ask(attempt)),
            Stage::Callback => {
                let Operation::Refresh(reason) = attempt.operation else { return None };
                self.attempts.number_request(id);
                Some(Task::Callback(reason))
            }
            Stage::Discover(is_oauth) => {
                let [openid, oauth] = discovery::places(self.source.issuer.as_deref()?);
                Some(Task::Get(if is_oauth { oauth } else { openid }))
            }
            Stage::Sign => self.sign_task(id, jti, now),
            Stage::Send => self.send_task(id),
            Stage::Verify => {
                let keys = self.endpoints().and_then(|endpoints| endpoints.jwks.clone());
                Some(Task::Verify { token: attempt.arrived.as_ref()?.tokens.id_token.clone()?, keys })
            }
            Stage::Store => Some(Task::Store(Secret::new(self.storable(attempt).to_json(&self.source_id)))),
            Stage::Delete => Some(Task::Delete),
        }
    }

    fn sign_task(&mut self, id: AttemptId, jti: &str, now: Time) -> Option<Task> {
        let ClientAuth::PrivateKeyJwt(assertion) = &self.source.auth else { return None };
        // The endpoint, where it was given: nobody else can use an assertion for that, and every provider knows it by
        // that name. One that its metadata tells might be somebody's who lies in them, so there it is the issuer.
        let audience = assertion.audience.as_deref().or(self.source.token_endpoint.as_deref());
        let audience = audience.or(self.source.issuer.as_deref())?;
        let input = assertion_input(assertion, &self.source.client_id, audience, jti, self.server_clock.show(now));
        self.attempts.get_mut(id)?.assertion = Some(Secret::new(input.as_bytes()));
        Some(Task::Sign(input))
    }

    fn send_task(&mut self, id: AttemptId) -> Option<Task> {
        self.attempts.number_request(id);
        let sends_refresh_token = self.source.kind != Kind::ClientCredentials;
        let attempt = self.attempts.get_mut(id)?;
        if attempt.is_refresh() && sends_refresh_token {
            attempt.sent = self.refresh.current().cloned();
        }
        let task = self.post(self.attempts.get(id)?);
        if task.is_none() {
            let (_, attempt) = self.attempts.take(id)?;
            let message = "the provider has no `revocation_endpoint`: the tokens are forgotten, and end by themselves";
            self.resolve(&attempt, Err(Error::new(Code::Config, message)));
        }
        task
    }

    pub(super) fn first_stage(&self) -> Stage {
        if self.source.kind == Kind::Callback {
            Stage::Callback
        } else if self.source.token_endpoint.is_none() && self.endpoints.is_none() {
            Stage::Discover(false)
        } else {
            self.send_stage()
        }
    }

    pub(super) fn revoke_stage(&self) -> Stage {
        if self.endpoints.is_none() && self.source.issuer.is_some() {
            Stage::Discover(false)
        } else {
            self.send_stage()
        }
    }

    pub(super) const fn send_stage(&self) -> Stage {
        match self.source.auth {
            ClientAuth::PrivateKeyJwt(_) => Stage::Sign,
            _ => Stage::Send,
        }
    }

    fn post(&self, attempt: &Attempt) -> Option<Task> {
        let token_endpoint = self.source.token_endpoint.as_deref();
        let url = match &attempt.operation {
            Operation::Revoke(_) => self.endpoints().and_then(|endpoints| endpoints.revocation.as_deref()),
            _ => token_endpoint.or_else(|| Some(self.endpoints()?.token.as_str())),
        };
        let form = self.form(attempt)?;
        let client_id = &self.source.client_id;
        Some(Task::Post(form.into_request(url?, client_id, &self.source.auth, attempt.assertion.as_ref())))
    }

    fn form(&self, attempt: &Attempt) -> Option<Form> {
        let mut form = Form::default();
        match &attempt.operation {
            Operation::Refresh(_) if self.source.kind == Kind::ClientCredentials => {
                form.push("grant_type", "client_credentials");
                self.source.push_target(&mut form);
                self.source.push_parameters(&mut form);
            }
            Operation::Refresh(_) => {
                form.push("grant_type", "refresh_token");
                form.push_secret("refresh_token", attempt.sent.as_ref()?);
                // A login's scope was settled when the person agreed to it.
                if self.source.kind == Kind::RefreshToken {
                    self.source.push_target(&mut form);
                    self.source.push_parameters(&mut form);
                } else {
                    form.push_some("resource", self.source.resource.as_deref());
                }
            }
            Operation::Code(login) => {
                form.push("grant_type", "authorization_code");
                form.push_secret("code", &login.code);
                form.push_secret("code_verifier", &login.verifier);
                form.push_some("redirect_uri", self.source.redirect_uri.as_deref());
                form.push_some("resource", self.source.resource.as_deref());
            }
            Operation::Revoke(token) => form.push_secret("token", token),
            Operation::Discover => return None,
        }
        Some(form)
    }
}
