//! A frame from upstream: counted, kept, and given to the client.

use super::{jobs::named, upstream::Upstream, ArcpCode, Envelope, Frame, Hold, Outcome, Time};
use crate::{
    arcp::{job_privacy::no_such_job, message::error_members, skim},
    json::{Members, Value},
};

/// A ping's nonce may be this long, in bytes.
const MAX_NONCE: usize = 256;
/// Of a frame that nobody can read so much is kept, in bytes: its number, its job and its type are looked for there.
const HEAD: usize = 4096;
/// A longer welcome is none: it stands in a session's row, with what else is there.
const LONGEST_WELCOME: usize = 1 << 20;
/// A longer answer doesn't wait for a client that is away.
const LONGEST_ANSWER: usize = 1 << 20;
/// Its name in the log, and for the client.
const ANSWER_TOO_LONG: &str = "answer_too_long";

impl Hold {
    /// A text frame from upstream.
    pub(super) fn upstream_frame(&mut self, link: u32, text: &str, now: Time) {
        self.advance(now);
        let Some(number) = self.number_on(link) else { return };
        let Some(session) = self.session_mut(number) else { return };
        session.upstream.received(now);
        if matches!(session.upstream, Upstream::Greeting { .. }) {
            if text.len() > LONGEST_WELCOME {
                return self.lose_upstream(number, now);
            }
            return self.greeted(number, text, now);
        }
        if text.len() > self.limits.frame_bytes {
            return self.unreadable(link, text, now);
        }
        match Envelope::passed(text) {
            Ok(envelope) => self.readable(number, &envelope, text, now),
            Err(_) => self.unreadable(link, text, now),
        }
    }

    fn readable(&mut self, number: u32, envelope: &Envelope<'_>, text: &str, now: Time) {
        match envelope.kind() {
            "session.ping" => {
                let nonce = envelope.get("nonce").and_then(Value::as_str).filter(|nonce| nonce.len() <= MAX_NONCE);
                if let Some(nonce) = nonce {
                    let pong = Members::new().text("ping_nonce", nonce).text("received_at", &now.to_rfc3339());
                    self.say_upstream(number, "session.pong", &pong.end(), now);
                }
            }
            "session.pong" => {}
            // Of the credential there, which is made anew.
            "session.error" if envelope.get("code").and_then(Value::as_str) == Some("UNAUTHENTICATED") => {
                self.lose_upstream(number, now);
            }
            // Nothing that a client waits for; and what is beyond repair ends the upstream, not the client's session at once.
            "session.welcome" | "session.hello" | "session.resume" => self.lose_upstream(number, now),
            "session.closed" | "session.bye" => self.upstream_over(number, "upstream_closed", now),
            _ => match envelope.event_seq() {
                Some(up) => self.numbered(number, up, envelope, text, now),
                None => self.unnumbered(number, envelope, text, now),
            },
        }
    }

    fn numbered(&mut self, number: u32, up: i64, envelope: &Envelope<'_>, text: &str, now: Time) {
        let job = named(envelope).unwrap_or_default();
        let Some(session) = self.session_mut(number) else { return };
        let is_own = session.jobs.get(job).is_some();
        if session.numbers.is_again(up, envelope.id()) {
            return;
        }
        let repeats = session.numbers.repeats;
        let Some(seq) = session.numbers.take(up, is_own, session.buffer.last) else { return };
        session.is_changed |= repeats != session.numbers.repeats;
        let is_end = matches!(envelope.kind(), "job.result" | "job.error");
        let refused = if is_own { None } else { session.lookups.refused(envelope) };
        if refused.is_some() || session.withholds(is_own, job, envelope) {
            session.numbers.withhold();
            if let Some(refused) = refused {
                self.no_such_job(number, &refused.request, now);
            }
        } else {
            let mut own = session.submits.answered(envelope, text);
            session.jobs.came(job, seq, envelope);
            if !is_own {
                session.shown.note(envelope);
            }
            if seq != up {
                own = Some(skim::with_member(own.as_deref().unwrap_or(text), "event_seq", &seq.to_string()));
            }
            self.keep(number, Some(seq), up, own.as_deref().unwrap_or(text), now);
        }
        self.acknowledge(number, is_end, now);
    }

    fn unnumbered(&mut self, number: u32, envelope: &Envelope<'_>, text: &str, now: Time) {
        let most = self.limits.jobs;
        let Some(session) = self.session_mut(number) else { return };
        if let Some(refused) = session.lookups.refused(envelope) {
            return self.no_such_job(number, &refused.request, now);
        }
        session.shown.note(envelope);
        let own = match envelope.kind() {
            "job.accepted" => {
                session.jobs.accepted(envelope, most);
                session.submits.answered(envelope, text)
            }
            "session.jobs" => session.jobs.listed(envelope).map(|list| skim::with_member(text, "payload", &list)),
            _ => session.submits.answered(envelope, text),
        };
        self.keep_answer(number, own.as_deref().unwrap_or(text), now);
    }

    /// A job that isn't there, or that the client may not see: one answer, whatever the upstream makes of it.
    fn no_such_job(&mut self, number: u32, request: &str, now: Time) {
        let payload = no_such_job(Some(request)).end();
        self.answer(number, "session.error", &payload, now);
    }

    /// An answer of the hold's own, which waits for a client that is away.
    fn answer(&mut self, number: u32, kind: &str, payload: &str, now: Time) {
        let frame_id = self.ids.next(now);
        let Some(session) = self.session(number) else { return };
        let text = Frame::new(kind, &frame_id, payload).of_session(&session.id).write();
        self.keep(number, None, 0, &text, now);
    }

    /// A frame that can't be read, or is too large. It has a number all the same: the gate tells the client so, which goes on behind
    /// it (docs/arcp-gate.md).
    pub(super) fn unreadable(&mut self, link: u32, text: &str, now: Time) {
        let Some(number) = self.number_on(link) else { return };
        let Some(session) = self.session(number) else { return };
        if session.upstream.open_link().is_none() {
            return self.lose_upstream(number, now);
        }
        let seq = session.buffer.last + 1;
        let limit = self.limits.frame_bytes;
        let head = if text.len() > limit { skim::oversized(text, seq, limit) } else { beginning(text, seq) };
        let up = skim::event_seq(text).unwrap_or(0);
        if let Some(session) = self.session_mut(number) {
            session.numbers.last = session.numbers.last.max(up);
        }
        self.keep(number, Some(seq), up, &head, now);
    }

    fn keep(&mut self, number: u32, seq: Option<i64>, up: i64, text: &str, now: Time) {
        // A line is a frame where it is stored; within a JSON text a line's end is white space.
        let line = if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text.to_owned() };
        if let Some(session) = self.session_mut(number) {
            session.buffer.push(seq, up, line.into());
        }
        self.pump(number, now);
        self.trim(number, now);
    }

    /// An answer: it waits for a client that is away.
    fn keep_answer(&mut self, number: u32, text: &str, now: Time) {
        let is_away = self.session(number).is_some_and(|session| session.conn.is_none());
        if is_away && text.len() > LONGEST_ANSWER {
            self.audit(number, "arcp.hold", Outcome::Failed, ANSWER_TOO_LONG);
            return self.answer(number, "session.error", &too_long(text), now);
        }
        self.keep(number, None, 0, text, now);
    }

    /// Tells the upstream what is had, so that it keeps no more of it and holds nothing back.
    fn acknowledge(&mut self, number: u32, is_end: bool, now: Time) {
        let Some(session) = self.session_mut(number) else { return };
        if !session.welcome.as_ref().is_some_and(|welcome| welcome.features.has("ack")) {
            return;
        }
        if let Some(had) = session.numbers.ack(is_end) {
            // What was withheld stands in no frame's row.
            session.is_changed |= session.numbers.withholds;
            let payload = Members::new().integer("last_processed_seq", had).end();
            self.say_upstream(number, "session.ack", &payload, now);
        }
    }
}

/// What is told in the place of an answer that was too long to be kept: who asks again, and is there, has it.
fn too_long(text: &str) -> String {
    let integer = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let details = Members::new()
        .text("reason", ANSWER_TOO_LONG)
        .some_text("type", skim::name(text, "type").as_deref())
        .some_text("job_id", skim::job_id(text).as_deref())
        .integer("bytes", integer(text.len()))
        .integer("limit", integer(LONGEST_ANSWER));
    let payload = skim::value_of(text, "payload").and_then(|range| text.get(range)).unwrap_or_default();
    error_members(ArcpCode::InternalError, ArcpCode::InternalError.message())
        .raw("details", &details.end())
        .some_text("request_id", skim::name(payload, "request_id").as_deref())
        .end()
}

/// How a frame begins that nobody can read, under this number.
fn beginning(text: &str, seq: i64) -> String {
    let end = (0..=HEAD.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let head = text.get(..end).unwrap_or_default();
    match skim::value_of(head, "event_seq") {
        Some(range) => format!("{}{seq}{}", &head[..range.start], &head[range.end..]),
        None => head.to_owned(),
    }
}
