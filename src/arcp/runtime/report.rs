//! What an agent says about its job: events, an output, a failure.

use super::{
    job::{Chunks, End},
    ArcpCode, Audit, Hub, Rc, Time,
};
use crate::{
    json::{self, write_string, Members, Value},
    output::body::{self, Body, Chunk},
};

/// The longest message of a failure, in bytes.
const MAX_MESSAGE: usize = 1024;
/// The longest text of chunks that is kept for sessions that take none.
const MAX_TEXT: usize = 512 << 10;

impl Hub {
    /// An agent's event: `{ kind, body }` as JSON. One that can't be passed on is dropped, and the audit log hears of the first.
    pub fn event(&mut self, job_id: &str, event: &str, now: Time) {
        self.passed(now);
        let Some(job) = self.jobs.get(job_id).filter(|job| job.end.is_none()) else { return };
        if event.len() > self.limits.payload_bytes {
            return self.complain(job_id, "event_too_large", now);
        }
        let Ok(event) = json::object_of(event) else { return self.complain(job_id, "event_malformed", now) };
        let kind = event.get("kind").and_then(Value::as_str).unwrap_or_default();
        match body::read(kind, event.get("body")) {
            Some(Body::Event(text)) => {
                let payload = payload(kind, &text, now);
                self.emit(job_id, kind, &payload, now);
            }
            Some(Body::Chunk(chunk)) => {
                if job.chunks.as_ref().is_some_and(|chunks| chunks.is_whole) {
                    return self.complain(job_id, "chunk_after_last", now);
                }
                self.chunk(job_id, &chunk, now);
            }
            // A piece of a result that can't be read makes the whole wrong.
            None if kind == "result_chunk" => self.broken(job_id, now),
            None => self.complain(job_id, "event_malformed", now),
        }
    }

    fn chunk(&mut self, job_id: &str, chunk: &Chunk<'_>, now: Time) {
        let fresh = format!("res_{}", self.ids.next(now));
        let Some(job) = self.jobs.get(job_id) else { return };
        let mut chunks = job.chunks.clone().unwrap_or_else(|| Chunks {
            result_id: fresh,
            next: 0,
            bytes: 0,
            is_whole: false,
            text: Some(String::new()),
        });
        chunks.bytes = chunks.bytes.saturating_add(chunk.bytes);
        if chunks.bytes > self.limits.result_bytes {
            // ARCP 1.1 §14: too large is INTERNAL_ERROR.
            return self.broken(job_id, now);
        }
        let mut body = Members::new()
            .text("result_id", &chunks.result_id)
            .integer("chunk_seq", chunks.next)
            .text("data", chunk.data)
            .text("encoding", if chunk.is_base64 { "base64" } else { "utf8" });
        body = body.boolean("more", !chunk.is_last);
        chunks.next += 1;
        chunks.is_whole = chunk.is_last;
        chunks.text = chunks
            .text
            .take()
            .filter(|text| !chunk.is_base64 && text.len() + chunk.data.len() <= MAX_TEXT || chunk.data.is_empty());
        if let Some(text) = &mut chunks.text {
            text.push_str(chunk.data);
        }
        self.change(job_id, |job| job.chunks = Some(chunks));
        let payload = payload("result_chunk", &body.end(), now);
        self.emit(job_id, "result_chunk", &payload, now);
    }

    /// An agent has ended with this output, as JSON; none where it returned what JSON can't hold.
    pub fn output(&mut self, job_id: &str, output: Option<&str>, now: Time) {
        self.passed(now);
        let Some(job) = self.jobs.get(job_id).filter(|job| job.end.is_none()) else { return };
        if job.cancelled_until.is_some() {
            // Whatever it found on its way out (ARCP 1.1 §7.4).
            return self.finish(job_id, End::Cancelled, None, now);
        }
        if let Some(chunks) = &job.chunks {
            // The result is what came in chunks, and nothing beside them (rule 63); the last one says so.
            if !chunks.is_whole {
                self.chunk(job_id, &Chunk { data: "", is_base64: false, is_last: true, bytes: 0 }, now);
            }
            return self.finish(job_id, End::Success(None), None, now);
        }
        let output = output.filter(|text| text.len() <= self.limits.payload_bytes);
        match output.map(|text| (text, json::parse(text.as_bytes()))) {
            Some((text, Ok(_))) => self.finish(job_id, End::Success(Some(text.into())), None, now),
            _ => self.broken(job_id, now),
        }
    }

    /// An agent has failed. The code is one of the protocol's where the agent chose it; a message is for the client to read.
    pub fn failed(&mut self, job_id: &str, code: &str, message: Option<&str>, now: Time) {
        self.passed(now);
        let Some(job) = self.jobs.get(job_id).filter(|job| job.end.is_none()) else { return };
        if job.cancelled_until.is_some() {
            return self.finish(job_id, End::Cancelled, None, now);
        }
        let is_agents = |code: &ArcpCode| {
            matches!(
                code,
                ArcpCode::PermissionDenied
                    | ArcpCode::InvalidRequest
                    | ArcpCode::BudgetExhausted
                    | ArcpCode::LeaseExpired
            )
        };
        let code = ArcpCode::from_name(code).filter(is_agents).unwrap_or(ArcpCode::InternalError);
        let message = message.filter(|text| !text.is_empty() && text.len() <= MAX_MESSAGE).unwrap_or(code.message());
        self.finish(job_id, End::Failed(code, message.to_owned()), None, now);
    }

    /// An agent's run is over after it was told to end.
    pub fn aborted(&mut self, job_id: &str, now: Time) {
        self.passed(now);
        let Some(job) = self.jobs.get(job_id).filter(|job| job.end.is_none()) else { return };
        match job.cancelled_until {
            Some(_) => self.finish(job_id, End::Cancelled, None, now),
            None => self.broken(job_id, now),
        }
    }

    fn broken(&mut self, job_id: &str, now: Time) {
        let code = ArcpCode::InternalError;
        self.finish(job_id, End::Failed(code, code.message().to_owned()), Some("failed"), now);
    }

    fn complain(&mut self, job_id: &str, reason: &'static str, _now: Time) {
        let Some(job) = self.jobs.get_mut(job_id).filter(|job| !job.has_complained) else { return };
        job.has_complained = true;
        let audit = Audit {
            kind: "arcp.event",
            outcome: "refused",
            reason,
            job: Some(job_id.to_owned()),
            agent: Some(Rc::clone(&job.agent)),
            trace_id: Some(Rc::clone(&job.trace_id)),
            ..Audit::default()
        };
        self.audit(audit);
    }
}

/// The payload of an event: `kind`, `ts`, `body`.
fn payload(kind: &str, body: &str, now: Time) -> Rc<str> {
    let mut out = String::with_capacity(body.len() + kind.len() + 64);
    out.push_str("{\"kind\":");
    write_string(&mut out, kind);
    out.push_str(",\"ts\":");
    write_string(&mut out, &now.to_rfc3339());
    out.push_str(",\"body\":");
    out.push_str(body);
    out.push('}');
    out.into()
}
