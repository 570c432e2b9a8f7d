//! A submit whose idempotency key is known (ARCP 1.1 §7.2): the same job, and what becomes of it.

use super::{
    emit::Numbered,
    frame::Requester,
    history::Position,
    job::{End, Job},
    session::Session,
    ArcpCode, Hub, Rc, Time,
};
use crate::{
    arcp::id::hex,
    json::{self, Members, Number, Value},
};

/// The kind of event that a piece of a result is.
const PIECE: &str = "result_chunk";

impl Hub {
    /// The same key with the same parameters: the same job, and what becomes of it (rule 33, 137).
    pub(super) fn submitted_again(&mut self, requester: &Requester, job_id: &str, accepted: &Rc<str>, now: Time) {
        let (Some(job), Some(session)) = (self.jobs.get_mut(job_id), self.sessions.get(&requester.session)) else {
            return self.submitted_too_late(requester, job_id, accepted, now);
        };
        let trace_id = Rc::clone(&job.trace_id);
        let has_had_it = job.session == requester.session;
        let position = if has_had_it { result_of(job, session) } else { job.history.after(0) };
        match job.follower(&requester.session) {
            Some(follower) => follower.has_submitted = true,
            // To the session that has had all of it, its result and its end again; to another one all that there was, and what
            // follows.
            None => job.follow(&requester.session, position, true),
        }
        self.accept(requester, job_id, &trace_id, accepted, now);
        self.catch_up(job_id, &requester.session, now);
        self.control_flow(job_id);
    }

    /// Its job is kept no more. Running it again would be what the key is there to prevent.
    fn submitted_too_late(&mut self, requester: &Requester, job_id: &str, accepted: &str, now: Time) {
        let trace_id = hex(&self.ids.trace_id());
        self.accept(requester, job_id, &trace_id, accepted, now);
        let payload = Members::new()
            .text("final_status", "error")
            .text("code", ArcpCode::InternalError.as_str())
            .text("message", "The job has ended, and its result is no longer kept")
            .boolean("retryable", ArcpCode::InternalError.is_retryable())
            .text("completed_at", &now.to_rfc3339());
        let (kind, payload) = ("job.error", payload.end());
        let end = Numbered { kind, job: job_id, trace_id: &trace_id, payload: &payload, event: None };
        self.push(&requester.session, &end, now);
        self.pump(&requester.session, now);
    }
}

/// Where the result begins that the job's last message speaks of. In pieces it is one from the first of them on, and what stands
/// between them comes along: so the numbers of the submitting session go up along the history as before.
fn result_of(job: &Job, session: &Session) -> Position {
    let is_in_pieces = matches!(job.end, Some((End::Success(None), _))) && job.chunks.is_some();
    if !is_in_pieces || !session.takes(PIECE) {
        return job.here();
    }
    let whole = job.history.after(0);
    let Some((at, first)) = (whole.next..).zip(job.history.from(whole.next)).find(|(_, past)| &*past.kind == PIECE)
    else {
        return Position { next: job.history.count(), ..whole };
    };
    // What is gone is missed only if a piece is among it.
    let lost = if chunk_seq(&first.payload) == Some(0) { 0 } else { whole.lost };
    Position { next: at, lost }
}

/// Which piece it is.
fn chunk_seq(payload: &str) -> Option<i64> {
    let payload = json::object_of(payload).ok()?;
    payload.get("body")?.as_object()?.get("chunk_seq").and_then(Value::as_number).and_then(Number::as_i64)
}
