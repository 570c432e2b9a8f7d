//! A frame of a client, which the gate has checked: it goes on as it is, but for what is the hold's to answer.

use super::{jobs::named, Action, Envelope, Frame, Hold, Outcome, Time};
use crate::{
    arcp::{
        id::hex,
        job_privacy::{no_such_job, TooManyPending},
        message::error_members,
        skim, ArcpCode, Close,
    },
    json::{self, Members, Number, Value},
};

/// A submit that would be longer has no trace id added: runtimes take 1 MiB, and one that takes no more ends the connection.
const LONGEST_TRACED: usize = 1 << 20;

impl Hold {
    /// A frame of a client.
    pub(super) fn client_frame(&mut self, conn: u32, text: &str, now: Time) {
        self.advance(now);
        let number = self.sessions.iter().find(|session| session.conn == Some(conn)).map(|session| session.number);
        let Some(number) = number else { return };
        // The gate passes on what it has read.
        let Ok(envelope) = Envelope::passed(text) else { return };
        let is_own = self.is_own(number, &envelope);
        let Some(session) = self.session_mut(number) else { return };
        session.heard();
        match envelope.kind() {
            "session.ping" | "session.pong" => {}
            "session.ack" => {
                let had = envelope.get("last_processed_seq").and_then(Value::as_number).and_then(Number::as_i64);
                session.buffer.free(had.unwrap_or(0));
                self.pump(number, now);
            }
            "session.bye" | "session.close" => {
                self.forget_conn(conn);
                self.end_session(number, Close::Normal, Outcome::Completed, "client_closed", now);
            }
            "job.subscribe" | "job.unsubscribe" if is_own => {
                if envelope.kind() == "job.subscribe" {
                    self.subscribe_again(number, conn, &envelope, now);
                }
            }
            "job.submit" if envelope.trace_id().is_none() => {
                // A runtime makes one, or has what it needs to (v1.0 §11); and an answer is known by it.
                let trace_id = json::string(&hex(&self.ids.trace_id()));
                let traced = skim::with_member(text, "trace_id", &trace_id);
                match Envelope::passed(&traced) {
                    Ok(envelope) if traced.len() <= LONGEST_TRACED => self.submit(number, &envelope, &traced, now),
                    _ => self.submit(number, &envelope, text, now),
                }
            }
            "job.submit" => self.submit(number, &envelope, text, now),
            "job.subscribe" => self.subscribe(number, conn, &envelope, text, now),
            "job.cancel" if !self.may_cancel(number, &envelope) => {
                let payload = no_such_job(Some(envelope.id())).end();
                self.refuse_request(number, conn, &payload, now);
            }
            _ => self.send_upstream(number, text, now),
        }
    }

    fn submit(&mut self, number: u32, envelope: &Envelope<'_>, text: &str, now: Time) {
        if let Some(session) = self.session_mut(number) {
            session.submits.note(envelope);
        }
        self.send_upstream(number, text, now);
    }

    /// Asks the upstream for somebody else's job.
    fn subscribe(&mut self, number: u32, conn: u32, envelope: &Envelope<'_>, text: &str, now: Time) {
        let Some(session) = self.session_mut(number) else { return };
        if session.lookups.note(envelope, now).is_err() {
            let details = Members::new().text("reason", TooManyPending::REASON).integer("limit", TooManyPending::LIMIT);
            let payload = error_members(ArcpCode::InternalError, ArcpCode::InternalError.message())
                .raw("details", &details.end());
            return self.refuse_request(number, conn, &payload.text("request_id", envelope.id()).end(), now);
        }
        session.numbers.asked();
        self.send_upstream(number, text, now);
    }

    /// Whether the upstream is asked to cancel a job: it is the session's own, or was shown to it and is no other session's (ARCP 1.1
    /// §7.6). Of all others nobody learns whether they are there, and some runtimes would tell.
    fn may_cancel(&self, number: u32, envelope: &Envelope<'_>) -> bool {
        // What names none is the runtime's to refuse.
        let Some((job, session)) = named(envelope).zip(self.session(number)) else { return true };
        let is_anothers = || self.sessions.iter().any(|other| other.jobs.get(job).is_some());
        session.jobs.get(job).is_some() || (session.shown.has(job) && !is_anothers())
    }

    /// A request is answered here, by a `session.error`.
    fn refuse_request(&mut self, number: u32, conn: u32, payload: &str, now: Time) {
        let Some(id) = self.session(number).map(|session| session.id.clone()) else { return };
        self.send(conn, &id, "session.error", payload, now);
    }

    /// Whether it is about a job whose events come to the session anyway.
    fn is_own(&self, number: u32, envelope: &Envelope<'_>) -> bool {
        matches!(envelope.kind(), "job.subscribe" | "job.unsubscribe")
            && named(envelope).and_then(|id| self.session(number)?.jobs.get(id)).is_some()
    }

    /// A job of the session's own is asked for again: what is kept of it comes under the numbers that it had.
    fn subscribe_again(&mut self, number: u32, conn: u32, envelope: &Envelope<'_>, now: Time) {
        let from = envelope.get("from_event_seq").and_then(Value::as_number).and_then(Number::as_i64);
        let history = envelope.get("history").and_then(Value::as_bool) == Some(true);
        let from = from.or(history.then_some(0));
        let Some(session) = self.session(number) else { return };
        let Some(job) = named(envelope).and_then(|id| session.jobs.get(id)) else { return };
        let from = from.filter(|from| session.buffer.freed <= *from);
        let again: Vec<_> = match from {
            None => Vec::new(),
            Some(from) => {
                let is_its =
                    |text: &str| Envelope::passed(text).is_ok_and(|frame| named(&frame) == Some(job.id.as_str()));
                let entries = session.buffer.given().filter(|entry| entry.seq.is_some_and(|seq| seq > from));
                entries.filter(|entry| is_its(&entry.text)).map(|entry| std::rc::Rc::clone(&entry.text)).collect()
            }
        };
        // All of it, or none: who is told that it comes misses nothing.
        let bytes = again.iter().map(|text| text.len()).sum();
        let has_room = self.conns.iter().any(|own| own.id == conn && own.has_room() && own.takes(bytes));
        let (from, again) = if has_room { (from, again) } else { (None, Vec::new()) };
        let payload = job.subscribed(envelope.id(), session.buffer.last + 1, from.is_some());
        let (id, job) = (session.id.clone(), job.id.clone());
        let frame_id = self.ids.next(now);
        let text = Frame::new("job.subscribed", &frame_id, &payload).of_session(&id).of_job(&job).write();
        self.deliver(conn, text.into(), now);
        for text in again {
            self.deliver(conn, text, now);
        }
    }

    /// Sends a frame to a session's upstream, if it is there.
    pub(super) fn send_upstream(&mut self, number: u32, text: &str, now: Time) {
        let Some(session) = self.session_mut(number) else { return };
        let Some(link) = session.upstream.open_link() else { return };
        session.upstream.sent(now);
        self.actions.push_back(Action::ToUpstream { link, text: text.into() });
    }

    /// As [`Self::send_upstream`], a frame of the hold's own.
    pub(super) fn say_upstream(&mut self, number: u32, kind: &str, payload: &str, now: Time) {
        let frame_id = self.ids.next(now);
        let Some(session) = self.session(number) else { return };
        let text = Frame::new(kind, &frame_id, payload).of_session(&session.id).write();
        self.send_upstream(number, &text, now);
    }
}
