//! What time brings to an open session: questions, pings, ends.

use super::{
    action::Action,
    machine::{Gate, Stage},
    pulse::Beat,
    refusal::End,
    session::Ask,
};
use crate::{arcp::Frame, json::Members, time::Time};

impl Gate {
    pub(super) fn tick_open(&mut self, now: Time) {
        let Stage::Open(session) = &mut self.stage else { return };
        if session.dismissed.is_some_and(|at| now >= at) {
            return self.end(End::DISMISSED, now);
        }
        let unanswered = session.unanswered(now);
        let is_idle = session.idle_at().is_some_and(|at| now >= at);
        let is_due = session.is_to_ask(now);
        let client = session.client.as_mut().map_or(Beat::None, |pulse| pulse.beat(now));
        let behind = session.behind.as_mut().map_or(Beat::None, |pulse| pulse.beat(now));
        if client == Beat::Lost {
            return self.end(End::SILENT, now);
        }
        if is_idle {
            return self.end(End::IDLE, now);
        }
        if behind == Beat::Lost {
            return self.end(End::restart("upstream_silent"), now);
        }
        if unanswered == Ask::Unknown {
            return self.end(End::restart("revocation_unknown"), now);
        }
        if is_due {
            self.push(Action::AskRevoked);
        }
        if client == Beat::Ping {
            self.ping_client(now);
        }
        if behind == Beat::Ping {
            let payload = self.ping(now);
            self.tell_behind("session.ping", &payload, now);
        }
    }

    fn ping(&mut self, now: Time) -> String {
        let nonce = format!("p_{}", self.ids.next(now));
        Members::new().text("nonce", &nonce).text("sent_at", &now.to_rfc3339()).end()
    }

    pub(super) fn ping_client(&mut self, now: Time) {
        let payload = self.ping(now);
        self.tell_client("session.ping", &payload, now);
    }

    pub(super) fn tell_behind(&mut self, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let Stage::Open(session) = &mut self.stage else { return };
        session.told_behind(now);
        let text = Frame::new(kind, &id, payload).of_session(&session.id).write();
        self.push(Action::ToBehind(text));
    }
}
