//! Frames from the runtime.

use super::{
    action::{Action, Event, JobEvent, JobResult, Lost, LostReason},
    chunks::{Chunks, Piece},
    connect::displaced,
    fault::{reference, Fault},
    jobs::SeqOrder,
    machine::{Client, Phase},
    requests::Kind,
    unreadable::{reason_of, NotPassed},
};
use crate::{
    arcp::{ArcpCode, Close, Envelope},
    error::Code,
    json::{self, Value},
    time::{Span, Time},
};

/// Ended jobs that are remembered.
const MAX_ENDED: usize = 256;
/// What is given up is told so often at most.
const REPORT_PAUSE: Span = Span::from_millis(200);

/// The kind of event that says how many could not be kept.
const DROPPED: &str = "x-vendor.arcgate.dropped";

impl Client {
    /// A text frame.
    pub fn handle_frame(&mut self, conn: u32, text: &str, now: Time) {
        self.tick(now);
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

    /// Whether a message that needs no number is to be looked at. Some runtimes number all that they send about jobs (Java):
    /// then the number counts, else what follows would seem to have a gap before it.
    fn is_next(&mut self, envelope: &Envelope<'_>) -> bool {
        let Some(seq) = envelope.event_seq() else { return true };
        let id = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str)).unwrap_or_default();
        match self.in_order(id, seq) {
            Some(SeqOrder::Next) => {
                self.schedule_ack();
                true
            }
            // It has been there: whoever it names has its answer, and nobody else is meant.
            Some(SeqOrder::Duplicate) => reference(envelope).is_some() || !envelope.kind().starts_with("job."),
            Some(_) => true,
            None => false,
        }
    }

    /// Where a number stands; none where what is missing before it is asked for again first.
    fn in_order(&mut self, id: &str, seq: i64) -> Option<SeqOrder> {
        let order = match self.jobs.order(id, seq) {
            SeqOrder::Gap(from) if self.accepts_gap(from, seq) => self.jobs.order(id, seq),
            order => order,
        };
        let SeqOrder::Gap(from) = order else { return Some(order) };
        // A broken session: it is taken up from where it was (rule 58).
        self.gap = Some(from);
        self.drop_connection(self.conn, 1000, "a gap");
        self.retry(&Fault::new(Code::Protocol, "events are missing"), true);
        None
    }

    /// What has a number: once each, in order (ARCP 1.1 §8.3).
    fn sequenced(&mut self, envelope: &Envelope<'_>, text: &str) {
        let is_error = envelope.kind() == "job.error";
        let Some(id) = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str)) else {
            return match is_error {
                // The refusal of a request (Java): no job came of it.
                true if self.is_next(envelope) => self.refused(envelope),
                true => {}
                false => self.unreadable(text, "an event of the runtime names no job"),
            };
        };
        let Some(seq) = envelope.event_seq() else {
            // The refusal of a request, as some SDKs put it.
            return if is_error {
                self.refused(envelope)
            } else {
                self.unreadable(text, "an event of the runtime has no number")
            };
        };
        let is_new = seq > self.jobs.last_seq();
        if self.jobs.by_id(id).is_some_and(|job| job.flow.is_apart(seq)) {
            return self.arrived(envelope, id, seq, text, false);
        }
        match self.in_order(id, seq) {
            None | Some(SeqOrder::Duplicate) => return,
            Some(SeqOrder::Next) => {
                // What is of nobody here, or was said before, is no reason for one more connection.
                if self.jobs.by_id(id).is_some_and(|job| job.advances(seq)) {
                    self.progress();
                }
                self.gap = None;
                self.schedule_ack();
            }
            Some(_) => {}
        }
        self.arrived(envelope, id, seq, text, is_new);
    }

    /// Whether what is missing won't come: it was asked for, or can't be.
    fn accepts_gap(&mut self, from: i64, seq: i64) -> bool {
        let can_resume = self.options.reconnect && self.session.as_ref().is_some_and(|session| session.token.is_some());
        if self.phase == Phase::Open && can_resume && self.gap != Some(from) {
            return false;
        }
        self.jobs.skip_to(seq);
        self.emit(Event::Lost(Lost::of(LostReason::Gap, []).numbered(from, seq - 1)));
        // The end of a job may be among them.
        self.check_jobs();
        true
    }

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
            Err(fault) => self.job_failed(handle, &fault),
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
        let is_again = job.flow.is_again() && job.chunks.as_ref().is_some_and(|chunks| chunks.has(body));
        if is_chunk && job.broken.is_none() && !is_again {
            let halves = if envelope.has_halves() { json::raw_member(text, "payload") } else { None };
            match Chunks::take(&mut job.chunks, body, halves, most) {
                Ok(piece) => (collect, whole) = (true, piece),
                Err(problem) => job.broken = Some(problem),
            }
        }
        let (keep, given_up) = if is_kept { job.arrives(text.len(), seq) } else { (false, 0) };
        // Whom no acknowledgement holds is put off as soon as the reader is behind: what is under way then has to fit into what the
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

    fn session_error(&mut self, envelope: &Envelope<'_>) {
        if matches!(self.phase, Phase::Closing(_)) {
            // Who doesn't know `session.close` knows `session.bye`.
            let payload = self.reason_payload();
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
                self.drop_connection(self.conn, 1000, "");
                self.retry(&fault, true);
            }
            Some(ArcpCode::HeartbeatLost) => {
                self.drop_connection(self.conn, 1000, "");
                self.retry(&fault, true);
            }
            Some(ArcpCode::ResumeWindowExpired) => {
                self.drop_connection(self.conn, 1000, "");
                self.forget(ArcpCode::ResumeWindowExpired.as_str());
                self.retry(&fault, true);
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
            self.drop_connection(self.conn, 1000, "");
            self.retry(&Fault::new(Code::Network, "a frame was too large for the runtime"), true);
            return true;
        }
        self.not_passed = NotPassed::reported_by(fault).filter(|what| what.seq > self.jobs.last_seq());
        self.not_passed.is_some()
    }

    /// The runtime ends the session, or agrees to its end.
    fn ended_there(&mut self, envelope: &Envelope<'_>) {
        if matches!(self.phase, Phase::Closing(_)) {
            return self.closed();
        }
        let reason = envelope.get("reason").and_then(Value::as_str);
        if reason == Some(Close::Displaced.reason()) {
            // The close code would say so too: whoever has the session now keeps it.
            return self.finish(&displaced());
        }
        self.drop_connection(self.conn, 1000, "");
        self.retry(&Fault::new(Code::Network, "the runtime closed the connection"), false);
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
