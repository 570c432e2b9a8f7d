//! The last step before a client is let in: the welcome from upstream waits until its resume token is sealed and the client's
//! right to be here was asked about once more. Each took time, and what was true before it need not be true now.

use super::{
    action::Action,
    audit::Audit,
    end::End,
    pending_welcome::{PendingWelcome, Stop, Wait},
    resume_token,
    session::Session,
    stage::{Flow, Stage},
    Gate,
};
use crate::{
    arcp::{
        features::{Features, KNOWN},
        message::Welcome,
        Frame,
    },
    audit::Outcome,
    auth::credential_status::CredentialStatus,
    principal::Principal,
    secret::Secret,
    time::Time,
};

/// What stands for a resume token where a session can't be resumed: the member must be there (ARCP 1.1 §6.2).
const NO_TOKEN: &str = "none";

impl Gate {
    /// The upstream has welcomed us.
    pub(super) fn welcomed(&mut self, welcome: Welcome, session_id: &str, token: Option<String>, now: Time) {
        let sealable = token.as_deref().filter(|_| !self.trust.is_trusted());
        let seal = sealable.map(|token| resume_token::input(&self.key(), session_id, token));
        let waits_for = if seal.is_some() { Wait::Seal } else { Wait::Answer };
        let pending = PendingWelcome::new(session_id.to_owned(), token, welcome, waits_for);
        self.until = now.plus(self.config.verify_timeout);
        self.stage = Stage::Welcoming(Box::new(pending));
        match seal {
            Some(input) => self.actions.push_back(Action::Mac(input)),
            None => self.check_revocation_or_admit(now),
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
            (Stage::Welcoming(pending), Some(code)) if pending.waits_for == Wait::Seal => {
                pending.token =
                    pending.token.take().map(|token| resume_token::sealed(&pending.session_id, &token, code));
                pending.waits_for = Wait::Answer;
                self.check_revocation_or_admit(now);
            }
            (Stage::Unsealing { .. } | Stage::Welcoming(_), None) => self.end(End::restart("seal_failed"), now),
            _ => {}
        }
    }

    fn check_revocation_or_admit(&mut self, now: Time) {
        if self.is_revocable {
            self.actions.push_back(Action::CheckRevocation);
        } else {
            self.admit_client(now);
        }
    }

    pub(super) fn revocation_checked(&mut self, revoked: Option<bool>, now: Time) {
        let status = match &mut self.stage {
            Stage::Open(session) => session.revocation_checked(revoked, now),
            Stage::Rechecking { .. } => CredentialStatus::before(revoked),
            Stage::Welcoming(pending) if pending.waits_for == Wait::Answer => CredentialStatus::before(revoked),
            _ => return,
        };
        match (status, &self.stage) {
            (CredentialStatus::Revoked, _) => self.end(End::REVOKED, now),
            (CredentialStatus::Unknown, _) => self.end(End::restart("revocation_unknown"), now),
            (CredentialStatus::Valid, Stage::Rechecking { .. }) => self.send_hello(now),
            (CredentialStatus::Valid, Stage::Welcoming(_)) => self.admit_client(now),
            (CredentialStatus::Valid, _) => {}
        }
    }

    fn admit_client(&mut self, now: Time) {
        if self.is_expired(now) {
            return self.end(End::EXPIRED, now);
        }
        let pending = match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Welcoming(pending) => pending,
            other => {
                self.stage = other;
                return;
            }
        };
        self.welcome(pending.welcome, &pending.session_id, pending.token.as_deref(), now);
        for text in pending.held {
            if self.handle_upstream_frame(&text, now) == Flow::Forward {
                self.actions.push_back(Action::ToClient(text));
            }
        }
        match pending.stop {
            Some(Stop::Undeliverable(what)) => self.end_undeliverable(what, now),
            Some(Stop::TooMuch) => self.end(End::restart("upstream_too_fast"), now),
            None => {}
        }
        if let Some(code) = pending.closed {
            self.handle_upstream_closed(code, now);
        }
    }

    /// The welcome in our words: features of all three, our heartbeat, and a token that is this principal's alone.
    fn welcome(&mut self, from_upstream: Welcome, session_id: &str, token: Option<&str>, now: Time) {
        let Some(hello) = &self.hello else { return };
        let of_both = hello.features.both(&Features::new(KNOWN));
        let has_heartbeat = of_both.has("heartbeat");
        let mut features = of_both.without("heartbeat").both(&from_upstream.features);
        if has_heartbeat {
            features = features.with("heartbeat");
        }
        let welcome = Welcome {
            resume_token: Some(Secret::new(token.unwrap_or(NO_TOKEN))),
            resume_window_sec: if token.is_some() { from_upstream.resume_window_sec } else { 0.0 },
            heartbeat_interval_sec: has_heartbeat.then_some(self.config.heartbeat.as_millis() as f64 / 1000.0),
            features: features.clone(),
            runtime: from_upstream.runtime,
            agents: from_upstream.agents,
        };
        let upstream_interval = from_upstream
            .heartbeat_interval_sec
            .filter(|_| !self.trust.is_trusted() && from_upstream.features.has("heartbeat"));
        let payload = welcome.write(session_id, &now.to_rfc3339());
        let may_submit = match &self.principal {
            Some(principal) => principal.has_scopes(&self.config.submit),
            None => self.config.submit.is_empty(),
        };
        let (mut seen, resumed) = (0, self.hello.as_ref().is_some_and(|hello| hello.resume.is_some()));
        if let Some(resume) = self.hello.as_mut().and_then(|hello| hello.resume.as_mut()) {
            // It is used up.
            resume.token = Secret::new("");
            seen = resume.last_event_seq;
        }
        if let Some(hello) = &mut self.hello {
            // Nor does anybody look at these again.
            hello.features = Features::default();
            hello.client.version = String::new();
        }
        let event = Audit::of(self, "arcp.hello", Outcome::Allowed, "ok");
        let event = Audit { session: Some(session_id.to_owned()), ..event };
        let interval = self.is_revocable.then_some(self.config.revocation_interval);
        let session = Session::new(&self.config, session_id, features, may_submit, upstream_interval, now);
        let session = session
            .checking_revocation(interval)
            .after(seen, self.is_lowered)
            .owing_pong(self.trust.is_trusted() && resumed);
        let id = self.ids.next(now);
        let text = Frame::new("session.welcome", &id, &payload).of_session(session_id).write();
        self.stage = Stage::Open(Box::new(session));
        self.actions.push_back(Action::Audit(Box::new(event)));
        self.actions.push_back(Action::ToClient(text));
    }

    pub(super) fn key(&self) -> String {
        self.principal.as_ref().map(Principal::key).unwrap_or_default()
    }
}
