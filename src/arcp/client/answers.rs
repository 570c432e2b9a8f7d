//! Answers to requests.

use super::{
    fault::Fault,
    machine::{cancel_payload, Client},
    requests::{Kind, Request},
};
use crate::{
    arcp::{envelope::is_name, Envelope},
    error::Code,
    json::{Members, Number, Value},
    time::Span,
};

/// How long the end of a job may still be on its way when a list says that it has ended.
const GRACE: Span = Span::from_secs(2);

impl Client {
    pub(super) fn accepted(&mut self, envelope: &Envelope<'_>) {
        let in_payload = |name| envelope.get(name).and_then(Value::as_str);
        // What it is called by goes back in envelopes.
        let Some(id) = in_payload("job_id").or_else(|| envelope.job_id()).filter(|id| is_name(id)) else {
            return self.strike("the runtime accepts a job and doesn't name it, or by what is no id");
        };
        let trace_id = in_payload("trace_id").or_else(|| envelope.trace_id());
        let of_trace = |request: &Request| trace_id.is_some() && request.trace_id.as_deref() == trace_id;
        let Some(request) = self.requests.answered(Kind::Submit, envelope, of_trace) else { return };
        let held = self.jobs.by_id(id).map(|job| job.handle);
        let handle = match held {
            Some(handle) => handle,
            None => {
                let submit = request.is_repeatable.then(|| request.payload.clone());
                self.jobs.add(id, true, submit)
            }
        };
        if request.is_abandoned {
            if held.is_none() {
                let payload = cancel_payload(id, "the client gave the submit up");
                self.send("job.cancel", &payload, Some(id), None);
                self.jobs.remove(handle);
            }
        } else if request.number != 0 {
            self.give(&request, handle, id, envelope, "accepted");
        }
        for frame in self.jobs.claim(id) {
            let Ok(envelope) = Envelope::relayed(&frame) else { continue };
            let seq = envelope.event_seq().unwrap_or(0);
            if self.jobs.claimed(id, seq) {
                self.deliver(&envelope, id, seq, &frame);
            }
        }
        if !self.requests.has_submit() {
            self.jobs.forget_unclaimed();
        }
        self.flush();
        self.switch();
    }

    pub(super) fn subscribed(&mut self, envelope: &Envelope<'_>) {
        let id = envelope.get("job_id").and_then(Value::as_str).or_else(|| envelope.job_id()).unwrap_or_default();
        let of_job = |request: &Request| request.job_id.as_deref() == Some(id);
        let Some(request) = self.requests.answered(Kind::Subscribe, envelope, of_job) else { return };
        if request.number != 0 {
            let id = request.job_id.clone().unwrap_or_default();
            self.give(&request, request.job, &id, envelope, "accepted");
            if request.is_abandoned {
                self.unwatch(request.job);
            }
        }
        self.flush();
    }

    /// Hands over a job, with what the runtime says of it.
    fn give(&mut self, request: &Request, handle: u32, id: &str, envelope: &Envelope<'_>, what: &str) {
        let mut members = Members::new()
            .text("do", what)
            .integer("request", request.number.into())
            .integer("job", handle.into())
            .text("id", id);
        if let Some(payload) = envelope.payload() {
            members = members.value("payload", &Value::Object(payload.clone()));
        }
        self.act(members);
    }

    pub(super) fn cancelled(&mut self, envelope: &Envelope<'_>) {
        let id = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str));
        let of_job = |request: &Request| id.is_some() && request.job_id.as_deref() == id;
        if let Some(request) = self.requests.answered(Kind::Cancel, envelope, of_job) {
            self.done(request.number);
        }
        self.flush();
    }

    pub(super) fn listed(&mut self, envelope: &Envelope<'_>) {
        let Some(request) = self.requests.answered(Kind::List, envelope, |_| false) else { return };
        if request.number == 0 {
            self.compare(envelope);
        } else if let Some(payload) = envelope.payload() {
            let members = Members::new().text("do", "answer").integer("request", request.number.into());
            self.act(members.value("payload", &Value::Object(payload.clone())));
        }
        self.flush();
    }

    /// A refusal, of whichever request it fits.
    pub(super) fn refused(&mut self, envelope: &Envelope<'_>) {
        let fault = Fault::of(envelope.payload());
        match self.requests.refused(envelope, &fault) {
            Some(request) => {
                if request.kind == Kind::Subscribe {
                    self.unwatch(request.job);
                }
                if request.number == 0 {
                    self.give_up(request.job);
                } else {
                    self.refuse(request.number, &fault);
                }
            }
            None => {
                self.tell(Members::new().text("type", "error").raw("error", &fault.to_json()));
            }
        }
        self.flush();
        self.switch();
    }

    // ---- after a resume, or a gap

    /// Not every runtime replays what it should: what is waited for is compared with what is there.
    pub(super) fn check_jobs(&mut self) {
        let can_list = self.session.as_ref().is_some_and(|session| session.features.has("list_jobs"));
        if can_list && self.jobs.iter().next().is_some() {
            self.ask(Kind::List, "{}", 0, None);
        }
    }

    /// A request of this side's own.
    fn ask(&mut self, kind: Kind, payload: &str, job: u32, job_id: Option<String>) {
        self.requests.add(Request {
            number: 0,
            kind,
            id: String::new(),
            payload: payload.into(),
            trace_id: None,
            job_id,
            job,
            is_repeatable: true,
            is_sent: false,
            is_abandoned: false,
            due: None,
            size: 0,
            order: 0,
            tries: 0,
        });
        self.flush();
    }

    fn compare(&mut self, envelope: &Envelope<'_>) {
        let entries = envelope.get("jobs").and_then(Value::as_array).unwrap_or_default();
        let is_whole = envelope.get("next_cursor").is_none_or(|cursor| *cursor == Value::Null);
        let mut to_follow = Vec::new();
        let mut suspects = Vec::new();
        for job in self.jobs.iter() {
            let of_job = |entry: &&Value<'_>| {
                entry.as_object().and_then(|entry| entry.get("job_id")).and_then(Value::as_str) == Some(&job.id)
            };
            let Some(entry) = entries.iter().find(of_job).and_then(Value::as_object) else {
                if is_whole {
                    suspects.push(job.handle);
                }
                continue;
            };
            let status = entry.get("status").and_then(Value::as_str).unwrap_or_default();
            let is_over = matches!(status, "success" | "error" | "cancelled" | "timed_out");
            let last = entry.get("last_event_seq").and_then(Value::as_number).and_then(Number::as_i64);
            // Who counts events for each job keeps them too: what is missing is on its way, until its number has passed.
            if last.is_some_and(|last| !is_over || !job.is_own || last > self.jobs.last_seq()) {
                continue;
            }
            if is_over {
                suspects.push(job.handle);
            } else if job.is_own {
                to_follow.push((job.handle, job.id.clone()));
            }
        }
        if !suspects.is_empty() {
            self.suspects = suspects;
            self.upkeep.recheck = Some(self.now.plus(GRACE));
        }
        let can_subscribe = self.session.as_ref().is_some_and(|session| session.features.has("subscribe"));
        if !can_subscribe || to_follow.is_empty() {
            return;
        }
        // The Python runtime: what such a job sends comes to a subscriber only, and what it sent meanwhile to nobody.
        let lost = Members::new().text("type", "lost").text("reason", "EVENTS");
        self.tell(lost.texts("jobs", to_follow.iter().map(|(_, id)| id.as_str())));
        for (handle, id) in to_follow {
            let payload = Members::new().text("job_id", &id).boolean("history", false).end();
            self.jobs.begin_again(handle);
            self.ask(Kind::Subscribe, &payload, handle, Some(id));
        }
    }

    /// The end of these jobs was lost. With an idempotency key it can be had again (rule 137).
    pub(super) fn recheck(&mut self) {
        for handle in std::mem::take(&mut self.suspects) {
            let submit = self.jobs.get(handle).and_then(|job| job.submit.take());
            match submit {
                Some(payload) => self.ask(Kind::Submit, &payload, handle, None),
                None => self.give_up(handle),
            }
        }
    }

    pub(super) fn give_up(&mut self, handle: u32) {
        let Some(job) = self.jobs.remove(handle) else { return };
        let fault = Fault::new(Code::SessionLost, "the job's end was lost with the connection");
        self.job_failed(handle, &fault);
        self.tell(Members::new().text("type", "lost").text("reason", "RESULT").texts("jobs", [job.id.as_str()]));
    }
}
