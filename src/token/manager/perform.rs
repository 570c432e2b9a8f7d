//! What the owner of an attempt performs at each stage.

use super::{
    attempt::{Attempt, Operation, Stage},
    Action, AttemptId, Manager,
};
use crate::{
    error::{Code, Error},
    jose::discovery,
    secret::Secret,
    time::{Span, Time},
    token::{
        grant::{assertion_input, ClientAuth, Form},
        source::Kind,
    },
};

impl Manager {
    /// What the owner of an attempt does next; `None` when it is over. `id` is a text that nobody can guess and nobody had before.
    pub fn action(&mut self, attempt: AttemptId, id: &str, now: Time) -> Option<Action> {
        let now = self.clock.peek(now);
        let place = self.attempts.iter().position(|known| known.id == attempt)?;
        let (stage, is_delicate) = {
            let attempt = self.attempts.get(place)?;
            (
                attempt.stage,
                matches!(attempt.operation, Operation::Refresh(_)) && self.source.kind != Kind::ClientCredentials,
            )
        };
        Some(match stage {
            Stage::Load => Action::Load,
            Stage::Lock => Action::Lock,
            Stage::Ask => self.ask_action(self.attempts.get(place)?),
            Stage::Callback => {
                self.number(place);
                match &self.attempts.get(place)?.operation {
                    Operation::Refresh(reason) => Action::Callback(*reason),
                    _ => return None,
                }
            }
            Stage::Discover(is_oauth) => {
                let issuer = self.source.issuer.as_deref()?;
                let [openid, oauth] = discovery::places(issuer);
                Action::Get(if is_oauth { oauth } else { openid })
            }
            Stage::Sign => {
                let ClientAuth::PrivateKeyJwt(assertion) = &self.source.auth else { return None };
                // The endpoint, where it was given: nobody else can use an assertion for that, and every provider knows it by
                // that name. One that its metadata tells might be somebody's who lies in them, so there it is the issuer.
                let audience = assertion.audience.as_deref().or(self.source.token_endpoint.as_deref());
                let audience = audience.or(self.source.issuer.as_deref())?;
                let server_now = now.plus(self.server.unwrap_or(Span::ZERO));
                let input = assertion_input(assertion, &self.source.client_id, audience, id, server_now);
                self.attempts.get_mut(place)?.assertion = Some(Secret::new(input.as_bytes()));
                Action::Sign(input)
            }
            Stage::Send => {
                self.number(place);
                if is_delicate {
                    self.attempts.get_mut(place)?.sent = self.refresh.clone();
                }
                match self.post(self.attempts.get(place)?) {
                    Some(action) => action,
                    None => {
                        let attempt = self.attempts.remove(place);
                        let message = "the provider has no `revocation_endpoint`: the tokens are forgotten, and end by themselves";
                        self.end(&attempt, Err(Error::new(Code::Config, message)));
                        return None;
                    }
                }
            }
            Stage::Verify => {
                let attempt = self.attempts.get(place)?;
                let keys = self.endpoints().and_then(|endpoints| endpoints.jwks.clone());
                Action::Verify { token: attempt.arrived.as_ref()?.tokens.id_token.clone()?, keys }
            }
            Stage::Store => {
                Action::Store(Secret::new(self.storable(self.attempts.get(place)?).to_json(&self.source_id)))
            }
            Stage::Delete => Action::Delete,
        })
    }

    /// A request for tokens has its number from the moment at which it is sent.
    fn number(&mut self, place: usize) {
        self.asked = self.asked.saturating_add(1);
        if let Some(attempt) = self.attempts.get_mut(place) {
            attempt.asked = self.asked;
        }
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

    fn post(&self, attempt: &Attempt) -> Option<Action> {
        let mut form = Form::default();
        let mut url = self.source.token_endpoint.as_deref().or_else(|| Some(self.endpoints.as_ref()?.0.token.as_str()));
        match &attempt.operation {
            Operation::Refresh(_) if self.source.kind == Kind::ClientCredentials => {
                form.push("grant_type", "client_credentials");
                self.source.push_target(&mut form);
                for (name, value) in &self.source.parameters {
                    form.push(name, value);
                }
            }
            Operation::Refresh(_) => {
                form.push("grant_type", "refresh_token");
                form.push_secret("refresh_token", attempt.sent.as_ref()?);
                // A login's scope was settled when the person agreed to it.
                if self.source.kind == Kind::RefreshToken {
                    self.source.push_target(&mut form);
                    for (name, value) in &self.source.parameters {
                        form.push(name, value);
                    }
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
            Operation::Revoke(token) => {
                url = self.endpoints.as_ref().and_then(|(endpoints, _)| endpoints.revocation.as_deref());
                form.push_secret("token", token);
            }
            Operation::Discover => return None,
        }
        Some(Action::Post(form.into_request(
            url?,
            &self.source.client_id,
            &self.source.auth,
            attempt.assertion.as_ref(),
        )))
    }
}
