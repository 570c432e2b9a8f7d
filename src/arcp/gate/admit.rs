//! The last step before a client is let in: the welcome from upstream waits until its resume token is sealed and the client's
//! right to be here was asked about once more. Each took time, and what was true before it need not be true now.

use super::{
    action::Action,
    admission::{Admission, Stop, Wait},
    refusal::End,
    seal,
    stage::{Flow, Stage},
    Gate,
};
use crate::{
    arcp::message::Welcome, auth::credential_status::CredentialStatus, principal::Principal, secret::Secret, time::Time,
};

impl Gate {
    /// The upstream has welcomed us.
    pub(super) fn admit(&mut self, welcome: Welcome, session_id: &str, token: Option<String>, now: Time) {
        let sealable = token.as_deref().filter(|_| !self.trust.is_trusted());
        let seal = sealable.map(|token| seal::input(&self.key(), session_id, token));
        let waits_for = if seal.is_some() { Wait::Seal } else { Wait::Answer };
        let admission = Admission::new(session_id.to_owned(), token, welcome, waits_for);
        self.until = now.plus(self.config.verify_timeout);
        self.stage = Stage::Admitting(Box::new(admission));
        match seal {
            Some(input) => self.actions.push_back(Action::Mac(input)),
            None => self.check_revocation_or_let_in(now),
        }
    }

    pub(super) fn mac_computed(&mut self, code: Option<&str>, now: Time) {
        match (&mut self.stage, code) {
            (Stage::Unsealing { presented }, Some(code)) => {
                if Secret::new(code).matches(presented.as_bytes()) {
                    self.open(now);
                } else {
                    self.end(End::not_resumable("resume_token_of_another"), now);
                }
            }
            (Stage::Admitting(admission), Some(code)) if admission.waits_for == Wait::Seal => {
                admission.token = admission.token.take().map(|token| seal::sealed(&admission.session_id, &token, code));
                admission.waits_for = Wait::Answer;
                self.check_revocation_or_let_in(now);
            }
            (Stage::Unsealing { .. } | Stage::Admitting(_), None) => self.end(End::restart("seal_failed"), now),
            _ => {}
        }
    }

    fn check_revocation_or_let_in(&mut self, now: Time) {
        if self.is_revocable {
            self.actions.push_back(Action::AskRevoked);
        } else {
            self.let_in(now);
        }
    }

    pub(super) fn revocation_checked(&mut self, revoked: Option<bool>, now: Time) {
        let status = match &mut self.stage {
            Stage::Open(session) => session.revocation_checked(revoked, now),
            Stage::Rechecking { .. } => CredentialStatus::before(revoked),
            Stage::Admitting(admission) if admission.waits_for == Wait::Answer => CredentialStatus::before(revoked),
            _ => return,
        };
        match (status, &self.stage) {
            (CredentialStatus::Revoked, _) => self.end(End::REVOKED, now),
            (CredentialStatus::Unknown, _) => self.end(End::restart("revocation_unknown"), now),
            (CredentialStatus::Valid, Stage::Rechecking { .. }) => self.greet(now),
            (CredentialStatus::Valid, Stage::Admitting(_)) => self.let_in(now),
            (CredentialStatus::Valid, _) => {}
        }
    }

    fn let_in(&mut self, now: Time) {
        if self.is_past_end(now) {
            return self.end(End::EXPIRED, now);
        }
        let admission = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Admitting(admission) => admission,
            other => {
                self.stage = other;
                return;
            }
        };
        self.welcome(admission.welcome, &admission.session_id, admission.token.as_deref(), now);
        for text in admission.held {
            if self.handle_upstream_frame(&text, now) == Flow::Forward {
                self.actions.push_back(Action::ToClient(text));
            }
        }
        match admission.stop {
            Some(Stop::Unreadable(what)) => self.cannot_pass(what, now),
            Some(Stop::TooMuch) => self.end(End::restart("upstream_too_fast"), now),
            None => {}
        }
        if let Some(code) = admission.closed {
            self.handle_upstream_closed(code, now);
        }
    }

    pub(super) fn key(&self) -> String {
        self.principal.as_ref().map(Principal::key).unwrap_or_default()
    }
}
