//! Answers to requests.

use super::{
    action::{Action, Event},
    fault::Fault,
    payloads,
    requests::{Kind, Request},
    Client,
};
use crate::{arcp::envelope::is_name, arcp::Envelope, error::Code, json::Value};

impl Client {
    pub(super) fn accepted(&mut self, envelope: &Envelope<'_>) {
        let in_payload = |name| envelope.get(name).and_then(Value::as_str);
        // What it is called by goes back in envelopes.
        let Some(id) = in_payload("job_id").or_else(|| envelope.job_id()).filter(|id| is_name(id)) else {
            return self.accepted_nothing(envelope);
        };
        let trace_id = in_payload("trace_id").or_else(|| envelope.trace_id());
        let of_trace = |request: &Request| trace_id.is_some() && request.trace_id.as_deref() == trace_id;
        let Some(request) = self.requests.answered(Kind::Submit, envelope, of_trace) else { return };
        let held = self.jobs.by_id(id).map(|job| job.handle);
        let handle = match held {
            Some(handle) => handle,
            None if request.number == 0 && self.jobs.get(request.job).is_some() => {
                // Its key was forgotten, and it runs anew.
                self.jobs.rename(request.job, id);
                request.job
            }
            None => {
                let submit = request.is_repeatable.then(|| request.payload.clone());
                self.jobs.add(id, true, submit)
            }
        };
        if request.is_abandoned {
            if held.is_none() {
                let payload = payloads::cancel(id, "the client gave the submit up");
                self.send("job.cancel", &payload, Some(id), None);
                self.jobs.remove(handle);
            }
        } else if request.number != 0 {
            self.progress();
            self.give(&request, handle, id, envelope);
        }
        if request.is_repeatable {
            self.look_after_keyed(handle);
        }
        self.claimed(handle, id);
        if !self.requests.awaits_job() {
            self.jobs.forget_unclaimed();
        }
        self.release();
        self.flush();
        self.switch();
    }

    /// It would not be better if it were asked for again.
    fn accepted_nothing(&mut self, envelope: &Envelope<'_>) {
        let Some(request) = self.requests.answered(Kind::Submit, envelope, |_| false) else { return };
        let fault = Fault::new(Code::Protocol, "the runtime accepts a job and doesn't name it, or by what is no id");
        self.unanswered(&request, fault);
        self.flush();
        self.switch();
    }

    /// What came of a job before it was accepted.
    fn claimed(&mut self, handle: u32, id: &str) {
        let (frames, given_up) = self.jobs.claim(id);
        if given_up > 0 {
            if let Some(job) = self.jobs.get(handle) {
                job.has_holes = true;
                self.report_missed(handle, given_up);
            }
        }
        for frame in frames {
            let Ok(envelope) = Envelope::relayed(&frame) else { continue };
            let seq = envelope.event_seq().unwrap_or(0);
            if self.jobs.claimed(id, seq) {
                self.arrived(&envelope, id, seq, &frame, true);
            }
        }
    }

    pub(super) fn subscribed(&mut self, envelope: &Envelope<'_>) {
        let id = envelope.get("job_id").and_then(Value::as_str).or_else(|| envelope.job_id()).unwrap_or_default();
        let of_job = |request: &Request| request.job_id.as_deref() == Some(id);
        let Some(request) = self.requests.answered(Kind::Subscribe, envelope, of_job) else { return };
        if request.is_abandoned {
            let id = request.job_id.clone().unwrap_or_default();
            self.send_unsubscribe(&id);
            self.forget_job(request.job);
        } else if request.number != 0 {
            let id = request.job_id.clone().unwrap_or_default();
            self.progress();
            self.give(&request, request.job, &id, envelope);
        } else if self.jobs.get(request.job).is_some_and(|job| job.flow.is_resuming()) {
            self.job_resumed(request.job, envelope);
        }
        self.flush();
    }

    /// A request is refused, or has no answer, or none that can be read.
    pub(super) fn unanswered(&mut self, request: &Request, fault: Fault) {
        if request.number != 0 {
            if request.kind == Kind::Subscribe {
                self.forget_job(request.job);
            }
            return self.refuse(request.number, fault);
        }
        if self.jobs.get(request.job).is_some_and(|job| job.flow.is_resuming()) {
            self.job_not_resumed(request.job);
        } else if request.kind == Kind::List {
            self.list_failed();
        } else {
            self.give_up(request.job);
        }
    }

    /// Hands over a job, with what the runtime says of it.
    fn give(&mut self, request: &Request, handle: u32, id: &str, envelope: &Envelope<'_>) {
        let payload = envelope.payload_json();
        self.act(Action::Accept { request: request.number, job: handle, id: id.to_owned(), payload });
    }

    pub(super) fn cancelled(&mut self, envelope: &Envelope<'_>) {
        let id = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str));
        let of_job = |request: &Request| id.is_some() && request.job_id.as_deref() == id;
        if let Some(request) = self.requests.answered(Kind::Cancel, envelope, of_job) {
            self.progress();
            self.done(request.number);
        }
        self.flush();
    }

    pub(super) fn listed(&mut self, envelope: &Envelope<'_>) {
        let Some(request) = self.requests.answered(Kind::List, envelope, |_| false) else { return };
        if request.number == 0 {
            self.compare(envelope);
        } else if let Some(payload) = envelope.payload_json() {
            self.progress();
            self.act(Action::Answer { request: request.number, payload });
        }
        self.flush();
    }

    /// A refusal, of whichever request it fits.
    pub(super) fn refused(&mut self, envelope: &Envelope<'_>) {
        let fault = Fault::of(envelope.payload());
        match self.requests.refused(envelope, &fault) {
            Some(request) => {
                self.unanswered(&request, fault);
            }
            None => {
                self.emit(Event::Error(fault));
            }
        }
        self.flush();
        self.switch();
    }
}
