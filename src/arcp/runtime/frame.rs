//! A frame of an open session; and what a principal's requests cost, over time: a hub has one thread, and who asks for much must
//! not take it from the others.

use super::{refusal::ConnectionEnd, ArcpCode, Audit, Close, Envelope, Hub, Outcome, Rc, RequestRefusal, Time};
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
        if !self.affords(conn, &session_id, self.cost(&envelope), now) {
            return;
        }
        if let Some(session) = self.sessions.get_mut(&session_id) {
            // The client has the welcome, and with it the new token. (Of what its gate answers itself, the first frame is told by
            // an empty pong.)
            session.previous = None;
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

    /// Whether a client may have this done: what it asks for has a price, and what it asked for it has to read. Its session ends
    /// where it may not.
    fn affords(&mut self, conn: u32, session_id: &str, cost: i64, now: Time) -> bool {
        let Some(key) = self.sessions.get(session_id).map(|session| Rc::clone(&session.owner.key)) else { return true };
        let is_choked = self.conns.iter().any(|own| own.id == conn && own.is_choked());
        if !is_choked && self.may_spend(&key, cost, now) {
            return true;
        }
        self.audit(Audit {
            principal: Some(key),
            session: Some(session_id.to_owned()),
            ..Audit::new("arcp.session", Outcome::Cut, if is_choked { "too_slow" } else { "too_many_requests" })
        });
        self.end(conn, session_id, ConnectionEnd::TOO_MANY_REQUESTS, now);
        false
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
    fn end(&mut self, conn: u32, session_id: &str, end: ConnectionEnd, now: Time) {
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

/// Roughly microseconds of this thread. So much may be spent at once, and so much comes back in a second: a quarter of it.
const MOST: i64 = 250_000;
const BACK_PER_SEC: i64 = 250_000;

/// Any frame, and each of its bytes: 64 of them are read in a microsecond.
const FRAME: i64 = 50;
const BYTES_PER_UNIT: usize = 64;
/// A value costs as much as eight bytes: it is read by the gate and here, handed to the agent, and written again. Measured with a
/// frame of 960 kB: 15 ms as one text, 72 ms as 480,000 numbers.
const BYTES_PER_VALUE: usize = 8;
/// A job: what it takes to begin one.
const SUBMIT: i64 = 200;
/// What was said before, from its first event on.
const HISTORY: i64 = 500;
/// Each job that is looked at for a list.
const LISTED: i64 = 6;

/// What one principal has spent.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    key: Rc<str>,
    spent: i64,
    at: Time,
}

impl Meter {
    /// What is still owed now.
    fn owed(&self, now: Time) -> i64 {
        let back = now.since(self.at).as_millis().clamp(0, 60_000) * BACK_PER_SEC / 1000;
        (self.spent - back).max(0)
    }
}

impl Hub {
    /// Whether this principal may have that done now. It has been counted then.
    pub(super) fn may_spend(&mut self, key: &Rc<str>, cost: i64, now: Time) -> bool {
        let at = self.meters.iter().position(|meter| meter.key == *key).unwrap_or_else(|| {
            // Who owes nothing needs no entry.
            self.meters.retain(|meter| meter.owed(now) > 0);
            self.meters.push(Meter { key: Rc::clone(key), spent: 0, at: now });
            self.meters.len() - 1
        });
        let Some(meter) = self.meters.get_mut(at) else { return false };
        let owed = meter.owed(now);
        let fits = owed + cost <= MOST;
        meter.spent = if fits { owed + cost } else { owed };
        meter.at = now;
        fits
    }

    /// What an agent has said for this principal was work, too. It leaves half for what they ask for themselves: nobody loses a
    /// session because an agent says much.
    pub(super) fn owes(&mut self, key: &Rc<str>, text: &str, now: Time) {
        let cost = weight(text) - FRAME;
        let Some(meter) = self.meters.iter_mut().find(|meter| meter.key == *key) else {
            return self.meters.push(Meter { key: Rc::clone(key), spent: cost.min(MOST / 2), at: now });
        };
        let owed = meter.owed(now);
        meter.spent = (owed + cost).min(owed.max(MOST / 2));
        meter.at = now;
    }

    /// What is asked for costs, besides the reading.
    pub(super) fn cost(&self, envelope: &Envelope<'_>) -> i64 {
        let own = match envelope.kind() {
            "job.submit" => SUBMIT,
            "job.subscribe" => HISTORY,
            "session.list_jobs" => LISTED * count(self.jobs.len()),
            _ => 0,
        };
        own
    }
}

/// What it costs to read a text, told before it is read.
pub(super) fn weight(text: &str) -> i64 {
    FRAME + count((text.len() + skim::values(text).saturating_mul(BYTES_PER_VALUE)) / BYTES_PER_UNIT)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 16)
}
