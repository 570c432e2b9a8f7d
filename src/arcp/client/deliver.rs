//! What comes of a job: handed over, event by event, up to its end.

use super::{
    action::{Action, Event, JobEvent, JobResult, Lost, LostReason},
    fault::Fault,
    jobs::chunks::{Chunks, Piece},
    requests::Kind,
    Client,
};
use crate::{
    arcp::{ArcpCode, Envelope},
    error::Code,
    json,
    json::Value,
    time::Span,
};

/// Ended jobs that are remembered.
const MAX_ENDED: usize = 256;
/// What is given up is reported so often at most.
const REPORT_PAUSE: Span = Span::from_millis(200);

/// The kind of event that says how many could not be kept.
const DROPPED: &str = "x-vendor.arcgate.dropped";

impl Client {
    /// Hands a message of a job over.
    pub(super) fn deliver(&mut self, envelope: &Envelope<'_>, id: &str, seq: i64, text: &str) {
        let is_error = envelope.kind() == "job.error";
        if is_error && self.is_refusal(envelope, id) {
            return self.refused(envelope);
        }
        let Some(handle) = self.jobs.by_id(id).map(|job| job.handle) else {
            if self.requests.awaits_job() {
                self.jobs.keep(id, text);
            }
            return;
        };
        if envelope.kind() == "job.event" {
            return self.hand_over(envelope, handle, seq, text, true);
        }
        self.end_flow(handle);
        let payload = envelope.payload();
        let Some(job) = self.jobs.get(handle) else { return };
        let outcome =
            if is_error { Err(Fault::of(payload)) } else { outcome(envelope, job.chunks.as_ref(), job.broken) };
        let outcome = outcome.map_err(|fault| if job.has_holes { fault.for_holes() } else { fault });
        self.jobs.remove(handle);
        self.ended.push_back(id.to_owned());
        if self.ended.len() > MAX_ENDED {
            self.ended.pop_front();
        }
        self.jobs_to_reconcile.retain(|missing| missing.job != handle);
        while let Some(request) = self.requests.take(|request| request.kind == Kind::Cancel && request.job == handle) {
            self.done(request.number);
        }
        match outcome {
            Err(fault) => self.job_failed(handle, fault),
            Ok(result) => self.act(Action::Finish { job: handle, result }),
        }
        self.release();
    }

    /// Hands an event over: to whoever reads, with `is_kept`, and to the result if it is a piece of it.
    pub(super) fn hand_over(&mut self, envelope: &Envelope<'_>, handle: u32, seq: i64, text: &str, is_kept: bool) {
        let most = self.options.result_bytes;
        let Some(job) = self.jobs.get(handle) else { return };
        let is_chunk = envelope.get("kind").and_then(Value::as_str) == Some("result_chunk");
        let (mut collect, mut whole) = (false, Piece::AsIs);
        let body = envelope.get("body").and_then(Value::as_object);
        // What was asked for again may have been collected before.
        let is_known = is_chunk && job.chunks.as_ref().is_some_and(|chunks| chunks.has(body));
        if is_known && job.is_asked_again {
            // Under a new number, for it comes with the result: no event that was missed.
            return;
        }
        let is_again = is_known && job.flow.is_again();
        if is_chunk && job.broken.is_none() && !is_again {
            let halves = if envelope.has_halves() { json::raw_member(text, "payload") } else { None };
            match Chunks::take(&mut job.chunks, body, halves, most) {
                Ok(piece) => (collect, whole) = (true, piece),
                Err(problem) => job.broken = Some(problem),
            }
        }
        let (keep, given_up) = if is_kept { job.arrives(text.len(), seq) } else { (false, 0) };
        // Whom no acknowledgement holds is paused as soon as the reader is behind: what is under way then has to fit into what the
        // runtime keeps of the job.
        let has_acks = self.session.as_ref().is_some_and(|session| session.features.has("ack"));
        let is_behind = job.is_flooded() || (!has_acks && job.is_backlogged());
        let (is_flooded, loses) = (is_behind && job.is_own, job.given_up.is_some());
        // Our runtime says so in the place of what it could not keep.
        let not_kept = is_kept && envelope.get("kind").and_then(Value::as_str) == Some(DROPPED);
        let id = not_kept.then(|| job.id.clone());
        if keep || collect {
            let (is_kept, is_piece, dropped) = (keep, collect, given_up);
            let text = if let Piece::Text(text) = whole { Some(text) } else { None };
            let event = JobEvent { seq, dropped, is_kept, is_piece, payload: envelope.payload_json(), text };
            self.act(Action::Deliver { job: handle, event });
        }
        if let Some(id) = id {
            self.emit(Event::Lost(Lost::of(LostReason::Events, [id.as_str()])));
        }
        if is_flooded {
            self.pause_job(handle);
        }
        if loses && self.timers.lost_events.is_none() {
            self.timers.lost_events = Some(self.now.plus(REPORT_PAUSE));
        }
    }

    pub(super) fn hand_over_all(&mut self, handle: u32, pending: &[(i64, String)]) {
        for (seq, text) in pending {
            let Ok(envelope) = Envelope::relayed(text) else { continue };
            if let Some(job) = self.jobs.get(handle) {
                job.flow.kept = *seq;
            }
            self.hand_over(&envelope, handle, *seq, text, true);
        }
    }

    /// Whether a `job.error` refuses a request, instead of ending a job.
    fn is_refusal(&mut self, envelope: &Envelope<'_>, id: &str) -> bool {
        let fault = Fault::of(envelope.payload());
        let Some(job) = self.jobs.by_id(id) else {
            // The TS SDK invents a job for it.
            return self.requests.has_submit();
        };
        let handle = job.handle;
        let is_denied = fault.is(ArcpCode::JobNotFound) || fault.is(ArcpCode::PermissionDenied);
        is_denied && self.requests.iter().any(|request| request.job == handle && request.kind != Kind::Submit)
    }

    /// A job ends: whatever waits for an answer comes first, and nothing else will.
    pub(super) fn end_flow(&mut self, handle: u32) {
        let Some(job) = self.jobs.get(handle) else { return };
        let (skipped, is_left, is_live) = (job.flow.skipped, job.is_left(), job.flow.is_live());
        if !is_live {
            let pending = job.flow.give_up();
            if skipped > 0 && !is_left {
                self.report_missed(handle, skipped);
            }
            self.hand_over_all(handle, &pending);
            while self.requests.take(|request| request.number == 0 && request.job == handle).is_some() {}
        }
        self.report_given_up();
    }

    /// Events that had to be given up are lost: they are reported, from time to time.
    pub(super) fn report_given_up(&mut self) {
        let mut lost = Vec::new();
        for job in self.jobs.iter_mut() {
            if let Some((from, to)) = job.given_up.take() {
                lost.push((from, to, job.id.clone()));
            }
        }
        for (from, to, id) in lost {
            self.emit(Event::Lost(Lost::of(LostReason::Events, [id.as_str()]).numbered(from, to)));
        }
    }
}

/// What a `job.result` says (ARCP 1.1 §7.3, §8.4).
fn outcome(envelope: &Envelope<'_>, chunks: Option<&Chunks>, broken: Option<&'static str>) -> Result<JobResult, Fault> {
    let text = |name| envelope.get(name).and_then(Value::as_str);
    match text("final_status") {
        None | Some("success") => {}
        Some("cancelled") => {
            return Err(Fault::new(Code::Remote, "CANCELLED: the job was cancelled").with_peer_code(ArcpCode::Cancelled))
        }
        Some("timed_out") => {
            return Err(Fault::new(Code::Remote, "TIMEOUT: the job ran out of time").with_peer_code(ArcpCode::Timeout))
        }
        Some(_) => {
            let fault = Fault::new(Code::Remote, "INTERNAL_ERROR: the job failed, and the runtime doesn't say why");
            return Err(fault.with_peer_code(ArcpCode::InternalError));
        }
    }
    let problem = |problem| Fault::new(Code::Protocol, problem);
    if let Some(broken) = broken {
        return Err(problem(broken));
    }
    if let Some(chunks) = chunks {
        return chunks.check(envelope.payload()).map(|()| JobResult::Pieces).map_err(problem);
    }
    let result = envelope.get("result");
    if result.is_none() && text("result_id").is_some() {
        return Err(problem("the result's chunks have not come"));
    }
    let mut value = String::new();
    result.unwrap_or(&Value::Null).write(&mut value);
    Ok(JobResult::Value(value))
}
