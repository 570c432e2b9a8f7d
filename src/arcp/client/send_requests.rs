//! Requests: taken in, sent when it is their turn, and given up.

use super::{
    fault::Fault,
    payload_check,
    payload_check::InvalidPayload,
    payloads,
    requests::{Kind, Request},
    state::Phase,
    Client,
};
use crate::{
    arcp::{envelope::is_trace_id, id::hex, ArcpCode, Frame},
    error::Code,
};

impl Client {
    /// A job is asked for, under this trace id or one of our own.
    pub(super) fn submit(&mut self, payload: &str, trace_id: Option<&str>, is_keyed: bool) -> u32 {
        if trace_id.is_some_and(|id| !is_trace_id(id) || id.bytes().all(|digit| digit == b'0')) {
            let message = "`traceId` must be 32 digits of lower-case hex, not all of them zero";
            let number = self.requests.number();
            self.refuse(number, Fault::new(Code::Config, message).with("subject", "traceId"));
            return number;
        }
        let trace_id = trace_id.map_or_else(|| hex(&self.ids.trace_id()), str::to_owned);
        self.request(Kind::Submit, payload, is_keyed, |request| request.trace_id = Some(trace_id))
    }

    /// Takes a request in, and sends it if it can be sent now.
    pub(super) fn request(
        &mut self,
        kind: Kind,
        payload: &str,
        is_repeatable: bool,
        fill: impl FnOnce(&mut Request),
    ) -> u32 {
        let number = self.requests.number();
        let mut request = Request { is_repeatable, ..Request::new(number, kind, payload) };
        fill(&mut request);
        let refusal = if let Some(InvalidPayload { path, problem, reason }) = payload_check::find(payload) {
            Some(Fault::new(Code::Config, &format!("`{path}` {problem}")).with("subject", &path).with("reason", reason))
        } else if self.phase == Phase::Closed || matches!(self.phase, Phase::Closing(_)) {
            Some(Fault::new(Code::SessionLost, "the session is closed"))
        } else if !self.requests.has_room() {
            Some(Fault::new(Code::Config, "too many requests wait for an answer"))
        } else {
            None
        };
        if let Some(fault) = refusal {
            if kind == Kind::Subscribe {
                self.forget_job(request.job);
            }
            self.refuse(number, fault);
            return number;
        }
        self.requests.add(request);
        self.flush();
        self.release();
        number
    }

    /// A request of this side's own.
    pub(super) fn ask(&mut self, kind: Kind, payload: &str, job: u32, job_id: Option<String>) {
        self.requests.add(Request { job_id, job, is_repeatable: true, ..Request::new(0, kind, payload) });
        self.flush();
    }

    /// Sends what can be sent.
    pub(super) fn flush(&mut self) {
        while self.phase == Phase::Open && self.renewal.as_ref().is_none_or(|renewal| renewal.ready.is_none()) {
            let (id, due) = (self.ids.next(self.now), self.now.plus(self.options.request));
            let order = self.requests.next_order();
            let Some(request) = self.requests.next_unsent() else { return };
            request.is_sent = true;
            request.goes_as(&id);
            request.due = Some(due);
            request.order = order;
            request.attempts += 1;
            let session_id = self.session.as_ref().map(|session| session.id.as_str());
            // A subscription names its job in the payload alone, a cancel in both places: SDKs differ.
            let job_id = if request.kind == Kind::Cancel { request.job_id.as_deref() } else { None };
            let trace_id = request.trace_id.as_deref();
            let frame =
                Frame { session_id, job_id, trace_id, ..Frame::new(request.kind.as_str(), &id, &request.payload) };
            let text = frame.write();
            request.size = text.len();
            if self.frame_limit.is_some_and(|limit| text.len() > limit) {
                self.refuse_too_large(Some(text.len()), None);
            } else {
                self.transmit(self.conn, text);
            }
        }
    }

    /// A request's frame is larger than the runtime takes: it hears its size, and the limit where that is known.
    pub(super) fn refuse_too_large(&mut self, size: Option<usize>, reported: Option<Fault>) {
        let Some(request) = self.requests.too_large(size) else { return };
        let (size, limit) = (request.size as i64, self.frame_limit.map(|limit| limit as i64));
        let fault = reported.unwrap_or_else(|| match limit {
            // As it would say itself.
            Some(limit) => {
                let message = format!("INVALID_REQUEST: a frame of {size} bytes is too large: {limit} are allowed");
                Fault::new(Code::Remote, &message)
                    .with_peer_code(ArcpCode::InvalidRequest)
                    .with("reason", "frame_too_large")
            }
            None => Fault::new(Code::Protocol, &format!("the runtime takes no frame of {size} bytes")),
        });
        let fault = fault.for_good().with_number("bytes", size);
        self.unanswered(&request, limit.into_iter().fold(fault, |fault, limit| fault.with_number("limit", limit)));
    }

    /// Asks for a job's end (ARCP 1.1 §7.4).
    pub(super) fn cancel(&mut self, job: u32, reason: &str) -> u32 {
        let Some(id) = self.jobs.get(job).map(|job| job.id.clone()) else {
            // It has ended.
            let number = self.requests.number();
            self.done(number);
            return number;
        };
        let payload = payloads::cancel(&id, reason);
        self.request(Kind::Cancel, &payload, true, |request| {
            request.job = job;
            request.job_id = Some(id);
        })
    }

    /// Nobody waits for this request any more. A job that comes of it is cancelled.
    pub(super) fn abandon(&mut self, number: u32) {
        if let Some(request) = self.requests.take(|request| request.number == number && !request.is_sent) {
            if request.kind == Kind::Subscribe {
                self.forget_job(request.job);
            }
            return;
        }
        if let Some(request) = self.requests.iter_mut().find(|request| request.number == number) {
            request.is_abandoned = true;
        }
    }

    /// Requests that were not answered.
    pub(super) fn overdue(&mut self) {
        let now = self.now;
        let fault =
            Fault::new(Code::Timeout, "the runtime doesn't answer the request; it may have done what was asked");
        let mut is_any = false;
        while let Some(request) = self.requests.take(|request| request.due.is_some_and(|due| due <= now)) {
            is_any = true;
            self.unanswered(&request, fault.clone());
        }
        if is_any {
            self.flush();
            self.switch();
        }
    }
}
