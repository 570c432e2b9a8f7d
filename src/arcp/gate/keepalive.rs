//! What time brings to an open session: questions, pings, ends.

use super::{action::Action, end::End, stage::Stage, Gate};
use crate::{
    arcp::{
        heartbeat::{Due, Heartbeat},
        Frame,
    },
    auth::credential_status::CredentialStatus,
    json::Members,
    time::Time,
};

impl Gate {
    /// Whether the token has ended, tolerance included.
    pub(super) fn is_expired(&self, now: Time) -> bool {
        self.expires_at.is_some_and(|ends| now >= ends)
    }

    /// When [`Self::timed_out`] is worth calling; it may move further into the future with every frame.
    pub(super) fn deadline(&self) -> Option<Time> {
        let own = match &self.stage {
            Stage::Closed => return None,
            Stage::Open(session) => session.deadline(),
            _ => Some(self.until),
        };
        match (own, self.expires_at) {
            (Some(own), Some(ends)) => Some(own.min(ends)),
            (own, ends) => own.or(ends),
        }
    }

    /// Time has passed.
    pub(super) fn timed_out(&mut self, now: Time) {
        if self.is_expired(now) {
            return self.end(End::EXPIRED, now);
        }
        match &self.stage {
            Stage::Closed => {}
            Stage::Open(_) => self.tick_open(now),
            _ if now < self.until => {}
            Stage::AwaitingHello => self.end(End::HELLO_TIMEOUT, now),
            Stage::Verifying => self.end(End::restart("verifier_timeout"), now),
            Stage::Unsealing { .. } => self.end(End::restart("seal_timeout"), now),
            Stage::Welcoming(pending) => self.end(End::restart(pending.timeout()), now),
            Stage::Rechecking { .. } => self.end(End::restart("revocation_unknown"), now),
            Stage::Backoff => self.open(now),
            Stage::Opening | Stage::AwaitingWelcome => self.end(End::restart("upstream_timeout"), now),
        }
    }

    fn tick_open(&mut self, now: Time) {
        let Stage::Open(session) = &mut self.stage else { return };
        if session.must_close_by.is_some_and(|at| now >= at) {
            return self.end(End::UPSTREAM_GOODBYE, now);
        }
        let overdue = session.revocation_overdue(now);
        let is_idle = session.idle_at().is_some_and(|at| now >= at);
        let is_check_due = session.is_revocation_check_due(now);
        let due =
            |heartbeat: &mut Option<Heartbeat>| heartbeat.as_mut().map_or(Due::Nothing, |heartbeat| heartbeat.due(now));
        let client = due(&mut session.client_heartbeat);
        let upstream = due(&mut session.upstream_heartbeat);
        if client == Due::Lost {
            return self.end(End::HEARTBEAT_LOST, now);
        }
        if is_idle {
            return self.end(End::CLIENT_IDLE, now);
        }
        if upstream == Due::Lost {
            return self.end(End::restart("upstream_silent"), now);
        }
        if overdue == CredentialStatus::Unknown {
            return self.end(End::restart("revocation_unknown"), now);
        }
        if is_check_due {
            self.actions.push_back(Action::CheckRevocation);
        }
        if client == Due::Ping {
            self.ping_client(now);
        }
        if upstream == Due::Ping {
            let payload = self.ping(now);
            self.send_to_upstream("session.ping", &payload, now);
        }
    }

    fn ping(&mut self, now: Time) -> String {
        let nonce = format!("p_{}", self.ids.next(now));
        Members::new().text("nonce", &nonce).text("sent_at", &now.to_rfc3339()).end()
    }

    pub(super) fn ping_client(&mut self, now: Time) {
        let payload = self.ping(now);
        self.send_to_client("session.ping", &payload, now);
    }

    /// A frame of our own for the client. Before the welcome it carries a session id of nobody's: the TS SDK's client drops a
    /// `session.error` that has none.
    pub(super) fn send_to_client(&mut self, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let text = match &self.stage {
            Stage::Open(session) => Frame::new(kind, &id, payload).of_session(&session.id).write(),
            _ => {
                let nobodys = format!("sess_{}", self.ids.next(now));
                Frame::new(kind, &id, payload).of_session(&nobodys).write()
            }
        };
        if let Stage::Open(session) = &mut self.stage {
            session.sent_to_client(text.len(), now);
        }
        self.actions.push_back(Action::ToClient(text));
    }

    pub(super) fn send_to_upstream(&mut self, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let Stage::Open(session) = &mut self.stage else { return };
        session.sent_to_upstream(now);
        let text = Frame::new(kind, &id, payload).of_session(&session.id).write();
        self.actions.push_back(Action::ToUpstream(text));
    }
}
