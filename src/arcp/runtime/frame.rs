//! A frame of an open session.

use super::{meter::weight, refusal::ConnectionEnd, ArcpCode, Close, Envelope, Hub, RequestRefusal, Time};
use crate::{
    arcp::{envelope::Malformed, skim},
    json::{self, Members, Number, Problem, Value},
};

/// Who requests something, and by which message.
#[derive(Clone, Debug)]
pub(super) struct Requester {
    pub(super) conn: u32,
    pub(super) session: String,
    /// The message's id.
    pub(super) request_id: String,
}

impl Hub {
    /// A frame comes.
    pub(super) fn frame(&mut self, conn: u32, text: &str, now: Time) {
        self.advance(now);
        let Some(session_id) = self.session_on(conn).map(str::to_owned) else { return };
        if text.len() > self.limits.frame_bytes {
            return self.end(conn, &session_id, ConnectionEnd::TOO_LARGE, now);
        }
        // Before it is read: that is what costs most.
        if !self.affords(conn, &session_id, weight(text), now) {
            return;
        }
        let envelope = match Envelope::relayed(text) {
            Ok(envelope) => envelope,
            Err(malformed) => return self.unread(conn, &session_id, text, malformed, now),
        };
        if envelope.session_id().is_some_and(|id| id != session_id) {
            return self.end(conn, &session_id, ConnectionEnd::protocol("session_id"), now);
        }
        if !self.affords(conn, &session_id, self.cost(&session_id, &envelope), now) {
            return;
        }
        if self.sessions.get(&session_id).is_some_and(|session| session.previous.is_some()) {
            if let Some(session) = self.sessions.get_mut(&session_id) {
                // The client has the welcome, and with it the new token. (Of what its gate answers itself, the first frame is told by
                // an empty pong.)
                session.previous = None;
            }
        }
        let requester = Requester { conn, session: session_id, request_id: envelope.id().to_owned() };
        if envelope.has_halves() && envelope.kind() == "job.submit" {
            return self.refuse_half_characters(&requester, text, now);
        }
        if envelope.kind() == "session.hello" {
            return self.end(conn, &requester.session, ConnectionEnd::protocol("type"), now);
        }
        if let Err(refusal) = self.request(&requester, &envelope, now) {
            self.refuse(conn, &requester.session, &requester.request_id, refusal, now);
        }
    }

    /// An agent would get another text than was meant.
    fn refuse_half_characters(&mut self, requester: &Requester, text: &str, now: Time) {
        let path = json::blame(text).map(|(path, _)| path).unwrap_or_default();
        let details = Members::new().text("reason", "half_character").text("path", &path).end();
        let message = format!("`{path}` has half a character: a text that was cut between two surrogates");
        self.refuse_saying(requester, &message, &details, now);
    }

    /// Does what a frame asks for.
    fn request(&mut self, requester: &Requester, envelope: &Envelope<'_>, now: Time) -> Result<(), RequestRefusal> {
        match envelope.kind() {
            "job.submit" => self.submit(requester, envelope, now),
            "job.cancel" => self.cancel(requester, envelope, now),
            "job.subscribe" => self.subscribe(requester, envelope, now),
            "job.unsubscribe" => self.unsubscribe(requester, envelope),
            "session.ack" => self.ack(requester, envelope, now),
            "session.list_jobs" => self.list_jobs(requester, envelope, now),
            "session.ping" => self.ping(requester, envelope, now),
            // Heartbeats are the gate's.
            "session.pong" => Ok(()),
            "session.close" | "session.bye" => {
                self.goodbye(requester, envelope.kind(), now);
                Ok(())
            }
            _ if envelope.is_optional() => Ok(()),
            _ => Err(RequestRefusal::invalid("type")),
        }
    }

    /// A frame that can't be read. One that is only nested too deeply, or has too many values, is a request that is refused in its
    /// name.
    fn unread(&mut self, conn: u32, session_id: &str, text: &str, malformed: Malformed, now: Time) {
        let (limit, reason) = match malformed {
            Malformed::Json(Problem::TooDeep) => (i64::from(json::MAX_DEPTH), "too_deep"),
            Malformed::Json(Problem::TooMany) => (i64::from(json::MAX_VALUES), "too_many_values"),
            _ => {
                return self.end(conn, session_id, ConnectionEnd::protocol(malformed.subject()), now);
            }
        };
        let (Some(request), Some(own)) = (skim::name(text, "id"), skim::name(text, "session_id")) else {
            return self.end(conn, session_id, ConnectionEnd::protocol("json"), now);
        };
        if own != session_id {
            return self.end(conn, session_id, ConnectionEnd::protocol("session_id"), now);
        }
        let Some((path, problem)) = json::blame(text) else { return };
        let details = Members::new().text("reason", reason).text("path", &path).integer("limit", limit).end();
        let requester = Requester { conn, session: session_id.to_owned(), request_id: request.into_owned() };
        self.refuse_saying(&requester, &format!("`{path}` {problem}: at most {limit}"), &details, now);
    }

    /// Refuses a request, with what explains it.
    fn refuse_saying(&mut self, requester: &Requester, message: &str, details: &str, now: Time) {
        let code = ArcpCode::InvalidRequest;
        let payload = Members::new()
            .text("code", code.as_str())
            .text("message", message)
            .boolean("retryable", code.is_retryable())
            .raw("details", details)
            .text("request_id", &requester.request_id);
        self.send(requester.conn, &requester.session, "session.error", &payload.end(), now);
    }

    /// Refuses and closes. The session itself can be resumed.
    pub(super) fn end(&mut self, conn: u32, session_id: &str, end: ConnectionEnd, now: Time) {
        self.send(conn, session_id, "session.error", &end.refusal.payload(None), now);
        self.drop_conn(conn, end.close, now);
    }

    /// `session.close`, and `session.bye` as older clients say it. Jobs go on, and the session can be resumed (ARCP 1.1 §6.7).
    fn goodbye(&mut self, requester: &Requester, kind: &str, now: Time) {
        if kind == "session.close" {
            self.send(requester.conn, &requester.session, "session.closed", "{}", now);
        }
        self.drop_conn(requester.conn, Close::Normal, now);
        if let Some(session) = self.sessions.get_mut(&requester.session) {
            session.is_over = true;
        }
    }

    fn ping(&mut self, requester: &Requester, envelope: &Envelope<'_>, now: Time) -> Result<(), RequestRefusal> {
        let nonce = envelope.get("nonce").and_then(Value::as_str).filter(|nonce| nonce.len() <= 256);
        let nonce = nonce.ok_or(RequestRefusal::invalid("nonce"))?;
        let payload = Members::new().text("ping_nonce", nonce).text("received_at", &now.to_rfc3339()).end();
        self.send(requester.conn, &requester.session, "session.pong", &payload, now);
        Ok(())
    }

    /// `session.ack` (ARCP 1.1 §6.5): advisory, so one that says too much frees what there is, and without the feature it is ignored.
    fn ack(&mut self, requester: &Requester, envelope: &Envelope<'_>, now: Time) -> Result<(), RequestRefusal> {
        let seq = envelope.get("last_processed_seq").and_then(Value::as_number).and_then(Number::as_i64);
        let seq = seq.filter(|seq| *seq >= 0).ok_or(RequestRefusal::invalid("last_processed_seq"))?;
        if let Some(session) = self.sessions.get_mut(&requester.session).filter(|session| session.features.has("ack")) {
            let before = session.buffer.all().bytes;
            session.buffer.free(seq);
            self.buffered = (self.buffered + session.buffer.all().bytes).saturating_sub(before);
            self.pump(&requester.session, now);
        }
        Ok(())
    }
}
