//! Frames from the runtime.

use super::{fault::Fault, payloads, recovery::NotPassed, state::Phase, unreadable::reason_of, Client};
use crate::{
    arcp::{ArcpCode, Close, Envelope},
    error::Code,
    json::Value,
};

impl Client {
    /// A text frame.
    pub(super) fn frame(&mut self, conn: u32, text: &str) {
        if conn != self.conn
            || matches!(self.phase, Phase::Idle | Phase::Waiting(_) | Phase::Dialing(_) | Phase::Closed)
        {
            return;
        }
        self.keepalive.received(self.now);
        let envelope = match Envelope::relayed(text) {
            Ok(envelope) => envelope,
            Err(malformed) => return self.unreadable(text, reason_of(malformed)),
        };
        if let Phase::Greeting { resumes, .. } = self.phase {
            return self.greeted(&envelope, resumes);
        }
        if !matches!(envelope.kind(), "job.event" | "job.result" | "job.error") && !self.is_next(&envelope) {
            return;
        }
        match envelope.kind() {
            "job.event" | "job.result" | "job.error" => self.sequenced(&envelope, text),
            "job.accepted" => self.accepted(&envelope),
            "job.subscribed" => self.subscribed(&envelope),
            "job.cancelled" => self.cancelled(&envelope),
            "session.jobs" => self.listed(&envelope),
            "session.ping" => self.pinged(&envelope),
            "session.error" => self.session_error(&envelope),
            "session.closed" | "session.bye" => self.ended_there(&envelope),
            "session.welcome" => self.protocol_violation("the runtime says welcome twice"),
            // A newer runtime may say more (ARCP 1.1 §15).
            _ => {}
        }
    }

    fn session_error(&mut self, envelope: &Envelope<'_>) {
        if matches!(self.phase, Phase::Closing(_)) {
            // Who doesn't know `session.close` knows `session.bye`.
            let payload = payloads::reason(&self.close_reason);
            self.send("session.bye", &payload, None, None);
            return self.closed();
        }
        let fault = Fault::of(envelope.payload());
        if self.is_of_connection(&fault) {
            return;
        }
        match fault.peer_code.as_deref().and_then(ArcpCode::from_name) {
            Some(ArcpCode::Unauthenticated) => {
                self.needs_fresh_token |= self.options.can_renew;
                self.drop_connection(self.conn, Close::Normal.code(), "");
                self.retry(fault, true);
            }
            Some(ArcpCode::HeartbeatLost) => {
                self.drop_connection(self.conn, Close::Normal.code(), "");
                self.retry(fault, true);
            }
            Some(ArcpCode::ResumeWindowExpired) => {
                self.drop_connection(self.conn, Close::Normal.code(), "");
                self.forget(ArcpCode::ResumeWindowExpired.as_str());
                self.retry(fault, true);
            }
            _ => self.refused(envelope),
        }
    }

    /// Whether an error belongs to no request, and the connection's end follows it: it says which frame was too large, or which
    /// event a gateway can't pass on.
    fn is_of_connection(&mut self, fault: &Fault) -> bool {
        if fault.peer_reason().as_deref() == Some("frame_too_large") {
            let size = fault.peer_number("bytes").and_then(|bytes| usize::try_from(bytes).ok());
            let limit = fault.peer_number("limit").filter(|limit| *limit > 0).unwrap_or(i64::MAX);
            self.frame_limit = usize::try_from(limit).ok();
            self.refuse_too_large(size, Some(fault.clone()));
            self.drop_connection(self.conn, Close::Normal.code(), "");
            self.retry(Fault::new(Code::Network, "a frame was too large for the runtime"), true);
            return true;
        }
        self.recovery.not_passed = NotPassed::reported_by(fault).filter(|what| what.seq > self.jobs.last_seq());
        self.recovery.not_passed.is_some()
    }

    /// The runtime ends the session, or agrees to its end.
    fn ended_there(&mut self, envelope: &Envelope<'_>) {
        if matches!(self.phase, Phase::Closing(_)) {
            return self.closed();
        }
        let reason = envelope.get("reason").and_then(Value::as_str);
        if reason == Some(Close::Displaced.reason()) {
            // The close code would say so too: whoever has the session now keeps it.
            return self.finish(Fault::displaced());
        }
        self.drop_connection(self.conn, Close::Normal.code(), "");
        self.retry(Fault::new(Code::Network, "the runtime closed the connection"), false);
    }
}
