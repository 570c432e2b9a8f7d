//! What an agent says about its job: events, an output, a failure. What can't be passed on ends the job (`crate::output`).

use super::{
    job::{Chunks, End, Failure, Job, MAX_TEXT},
    ArcpCode, Hub, Rc, Time,
};
use crate::{
    json::{self, write_string, Members, Value},
    output::{
        self,
        body::{self, Body, Chunk},
        Flaw, Of,
    },
};

/// The longest message of a failure, in bytes.
const MAX_MESSAGE: usize = 1024;

/// Something that JavaScript could not write as JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwritten<'u> {
    /// The kind of the event; none where it is the output, or no event at all.
    pub kind: Option<&'u str>,
    /// What the writer threw; none where it gave nothing.
    pub thrown: Option<&'u str>,
    /// How many bytes it has; none where it isn't known.
    pub bytes: Option<usize>,
}

impl Hub {
    /// An agent's event: `{ kind, body }` as JSON.
    pub(super) fn event(&mut self, job_id: &str, event: &str, now: Time) {
        self.advance(now);
        let Some(number) = self.reported(job_id) else { return };
        self.charge(job_id, event, now);
        if let Err(flaw) = self.try_event(job_id, event, now) {
            let kind = json::raw_member(event, "kind").and_then(|kind| json::mended(kind).ok());
            let kind = kind.as_ref().and_then(|(kind, _)| kind.as_str());
            self.flawed(job_id, Of::Event(number, kind), flaw, now);
        }
    }

    /// An agent's event that can't be written as JSON, or is too large to be handed in; with `is_output`, what it returned.
    pub(super) fn unwritten(&mut self, job_id: &str, what: Unwritten<'_>, is_output: bool, now: Time) {
        self.advance(now);
        let flaw = match what.bytes {
            Some(bytes) => Flaw::TooLarge { bytes, most: self.limits.payload_bytes },
            None => Flaw::of_writer(what.thrown),
        };
        if !is_output {
            let Some(number) = self.reported(job_id) else { return };
            return self.flawed(job_id, Of::Event(number, what.kind), flaw, now);
        }
        if self.running(job_id).is_some() && !self.ends_otherwise(job_id, now) {
            self.flawed(job_id, Of::Result, flaw, now);
        }
    }

    /// What an agent says is work for whom it works.
    fn charge(&mut self, job_id: &str, text: &str, now: Time) {
        let Some(key) = self.running(job_id).map(|job| Rc::clone(&job.owner.key)) else { return };
        self.owes(&key, text, now);
    }

    /// Counts an event of a job that runs.
    fn reported(&mut self, job_id: &str) -> Option<u64> {
        let job = self.jobs.get_mut(job_id).filter(|job| job.end.is_none())?;
        job.reported += 1;
        Some(job.reported)
    }

    fn running(&self, job_id: &str) -> Option<&Job> {
        self.jobs.get(job_id).filter(|job| job.end.is_none())
    }

    fn try_event(&mut self, job_id: &str, text: &str, now: Time) -> Result<(), Flaw> {
        let event = output::event(text, self.limits.payload_bytes)?;
        let kind = event.get("kind").and_then(Value::as_str).unwrap_or_default();
        match body::check(kind, event.get("body"))? {
            Body::Event(body) => {
                // Writing it may have made it longer.
                output::within(body.len(), self.limits.payload_bytes)?;
                let payload = payload(kind, &body, now);
                self.emit(job_id, kind, &payload, now);
                Ok(())
            }
            Body::Chunk(chunk) => self.piece(job_id, text, &chunk, now),
        }
    }

    /// A piece of a result, of which a text may be cut anywhere.
    fn piece(&mut self, job_id: &str, event: &str, chunk: &Chunk<'_>, now: Time) -> Result<(), Flaw> {
        let Some(job) = self.running(job_id) else { return Ok(()) };
        if job.chunks.as_ref().is_some_and(|chunks| chunks.is_whole) {
            return Err(Flaw::AfterTheLast);
        }
        let (mut pieces, is_first) = (job.pieces.clone(), job.chunks.is_none());
        let text = pieces.with(event, chunk)?;
        self.change(job_id, |job| job.pieces = pieces);
        if chunk.is_base64 && !text.is_empty() {
            self.chunk(job_id, &text_chunk(&text, false), now)?;
        }
        if chunk.is_base64 {
            return self.chunk(job_id, chunk, now);
        }
        // One of which all waits is not sent, unless it has to be said that there is a result.
        if is_first || !text.is_empty() || chunk.is_last {
            self.chunk(job_id, &text_chunk(&text, chunk.is_last), now)?;
        }
        Ok(())
    }

    fn chunk(&mut self, job_id: &str, chunk: &Chunk<'_>, now: Time) -> Result<(), Flaw> {
        let fresh = format!("res_{}", self.ids.next(now));
        let Some(job) = self.jobs.get_mut(job_id) else { return Ok(()) };
        let before = job.bytes();
        let chunks = job.chunks.get_or_insert_with(|| Chunks {
            result_id: fresh,
            next: 0,
            bytes: 0,
            is_whole: false,
            text: Some(String::new()),
            has_bytes: false,
        });
        chunks.has_bytes |= chunk.is_base64;
        chunks.bytes = chunks.bytes.saturating_add(chunk.bytes);
        // ARCP 1.1 §14: too large is INTERNAL_ERROR.
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        output::within(size(chunks.bytes), size(self.limits.result_bytes))?;
        let body = Members::new()
            .text("result_id", &chunks.result_id)
            .integer("chunk_seq", chunks.next)
            .text("data", chunk.data)
            .text("encoding", if chunk.is_base64 { "base64" } else { "utf8" })
            .boolean("more", !chunk.is_last);
        chunks.next += 1;
        chunks.is_whole = chunk.is_last;
        let fits = |text: &String| !chunk.is_base64 && text.len() + chunk.data.len() <= MAX_TEXT;
        chunks.text = chunks.text.take().filter(|text| fits(text) || chunk.data.is_empty());
        if let Some(text) = &mut chunks.text {
            text.push_str(chunk.data);
        }
        self.kept = (self.kept + job.bytes()).saturating_sub(before);
        let body = body.end();
        if body.len() > self.limits.payload_bytes {
            // What is the runtime's own in it is no fault of the agent's: over ARC the same piece may be.
            let mut data = String::new();
            write_string(&mut data, chunk.data);
            output::within(data.len(), self.limits.payload_bytes)?;
        }
        let payload = payload("result_chunk", &body, now);
        self.emit(job_id, "result_chunk", &payload, now);
        Ok(())
    }

    /// An agent has ended with this output, as JSON; none where it returned what JSON doesn't have.
    pub(super) fn output(&mut self, job_id: &str, output: Option<&str>, now: Time) {
        let Some(output) = output else { return self.unwritten(job_id, Unwritten::default(), true, now) };
        self.advance(now);
        if self.running(job_id).is_none() || self.ends_otherwise(job_id, now) {
            return;
        }
        self.charge(job_id, output, now);
        match output::result(output, self.limits.payload_bytes) {
            Ok(mended) => {
                let text = mended.map_or_else(|| output.into(), Rc::from);
                self.finish(job_id, End::Success(Some(text)), None, now);
            }
            Err(flaw) => self.flawed(job_id, Of::Result, flaw, now),
        }
    }

    /// Ends a job to which it makes no difference what its agent returned.
    fn ends_otherwise(&mut self, job_id: &str, now: Time) -> bool {
        let Some(job) = self.running(job_id) else { return true };
        if job.cancelled_until.is_some() {
            // Whatever it found on its way out (ARCP 1.1 §7.4).
            self.finish(job_id, End::Cancelled, None, now);
            return true;
        }
        let Some(chunks) = &job.chunks else { return false };
        // The result is what came in chunks, and nothing beside them (rule 63); the last one says so.
        if !chunks.is_whole {
            let mut pieces = job.pieces.clone();
            let last = text_chunk(pieces.end().unwrap_or_default(), true);
            if let Err(flaw) = self.chunk(job_id, &last, now) {
                self.flawed(job_id, Of::Result, flaw, now);
                return true;
            }
        }
        self.finish(job_id, End::Success(None), None, now);
        true
    }

    /// An agent has failed. The code is one of the protocol's where the agent chose it; a message is for the client to read.
    pub(super) fn failed(&mut self, job_id: &str, code: &str, message: Option<&str>, now: Time) {
        self.advance(now);
        let Some(job) = self.running(job_id) else { return };
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
        let mut failure = Failure::of(ArcpCode::from_name(code).filter(is_agents).unwrap_or(ArcpCode::InternalError));
        if let Some(message) = message.filter(|text| !text.is_empty() && text.len() <= MAX_MESSAGE) {
            message.clone_into(&mut failure.message);
        }
        self.finish(job_id, End::Failed(failure), None, now);
    }

    /// An agent's run is over after it was told to end.
    pub(super) fn aborted(&mut self, job_id: &str, now: Time) {
        self.advance(now);
        let Some(job) = self.running(job_id) else { return };
        let end = match job.cancelled_until {
            Some(_) => End::Cancelled,
            None => End::Failed(Failure::of(ArcpCode::InternalError)),
        };
        self.finish(job_id, end, None, now);
    }

    /// What the agent says can't be passed on: not now, and not the next time.
    fn flawed(&mut self, job_id: &str, of: Of<'_>, flaw: Flaw, now: Time) {
        let failure = Failure {
            code: ArcpCode::InternalError,
            message: output::message(of, flaw),
            is_retryable: false,
            details: Some(output::details(of, flaw)),
        };
        // An agent that still runs is told, and cleans up.
        let abort = matches!(of, Of::Event(..)).then_some("failed");
        self.finish(job_id, End::Failed(failure), abort, now);
    }
}

fn text_chunk(data: &str, is_last: bool) -> Chunk<'_> {
    Chunk { data, is_base64: false, is_last, bytes: data.len() as u64 }
}

/// The payload of an event: `kind`, `ts`, `body`.
pub(super) fn payload(kind: &str, body: &str, now: Time) -> Rc<str> {
    // Each event is written so, and its body may be long.
    let members = Members::with_capacity(body.len() + kind.len() + 64);
    members.text("kind", kind).text("ts", &now.to_rfc3339()).raw("body", body).end().into()
}

/// The kind of the event that says how many could not be kept.
const DROPPED: &str = "x-vendor.arcgate.dropped";

/// The payload of such an event.
pub(super) fn dropped(count: u64, now: Time) -> Rc<str> {
    let body = Members::new().integer("count", i64::try_from(count).unwrap_or(i64::MAX)).end();
    payload(DROPPED, &body, now)
}
