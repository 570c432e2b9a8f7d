//! The jobs that a session has submitted. All of what they send comes to it already, so what a client asks about them is answered
//! here: the upstream would send it twice, and counts otherwise.

use std::collections::VecDeque;

use crate::{
    arcp::Envelope,
    json::{self, Members, Object, Value},
};

/// A longer lease is not kept: what is answered then has none.
const MAX_LEASE: usize = 16 * 1024;
/// So many times as many jobs are known that run.
const RUNNING: usize = 16;

/// The job that a frame is about: SDKs name it in the envelope, or in the payload.
pub(super) fn named<'e>(envelope: &'e Envelope<'_>) -> Option<&'e str> {
    envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str))
}

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: String,
    agent: String,
    /// As JSON.
    lease: String,
    trace_id: Option<String>,
    /// How it has ended, if it has.
    pub(super) status: Option<String>,
    /// The number of the last that came of it.
    pub(super) last: i64,
    pub(super) is_changed: bool,
}

/// Jobs, in the order in which they were accepted.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    list: VecDeque<Job>,
    /// Those that are forgotten here and not in storage.
    pub(super) forgotten: Vec<String>,
}

impl Jobs {
    pub(super) fn get(&self, id: &str) -> Option<&Job> {
        self.list.iter().find(|job| job.id == id)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.list.iter_mut()
    }

    /// A submit was accepted. With `most` jobs the oldest one that has ended is forgotten; one that runs only with many times as many,
    /// for who has submitted it may cancel it.
    pub(super) fn accepted(&mut self, envelope: &Envelope<'_>, most: usize) {
        let text = |name| envelope.get(name).and_then(Value::as_str);
        let Some(id) = text("job_id").or_else(|| envelope.job_id()) else { return };
        if id.is_empty() || self.get(id).is_some() {
            return;
        }
        let mut lease = String::new();
        if let Some(value @ Value::Object(_)) = envelope.get("lease") {
            value.write(&mut lease);
        }
        if lease.is_empty() || lease.len() > MAX_LEASE {
            "{}".clone_into(&mut lease);
        }
        let trace_id = text("trace_id").or_else(|| envelope.trace_id()).map(str::to_owned);
        let agent = text("agent").unwrap_or_default().to_owned();
        self.restore(Job { id: id.to_owned(), agent, lease, trace_id, status: None, last: 0, is_changed: true });
        if self.list.len() > most {
            let ended = self.list.iter().position(|job| job.status.is_some());
            let at = ended.or_else(|| (self.list.len() > RUNNING * most).then_some(0));
            self.forgotten.extend(at.and_then(|at| self.list.remove(at)).map(|job| job.id));
        }
    }

    pub(super) fn restore(&mut self, job: Job) {
        self.list.push_back(job);
    }

    /// Something of a job came, under this number.
    pub(super) fn came(&mut self, id: &str, seq: i64, envelope: &Envelope<'_>) {
        let Some(job) = self.list.iter_mut().find(|job| job.id == id) else { return };
        job.last = seq;
        // The TypeScript SDK's runtime tells all who follow a job when somebody may not cancel it.
        let code = envelope.get("code").and_then(Value::as_str);
        let is_refusal = matches!(code, Some("PERMISSION_DENIED" | "JOB_NOT_FOUND"));
        if envelope.kind() == "job.result" || (envelope.kind() == "job.error" && !is_refusal) {
            let status = envelope.get("final_status").and_then(Value::as_str);
            let otherwise = if envelope.kind() == "job.result" { "success" } else { "error" };
            job.status = Some(status.unwrap_or(otherwise).to_owned());
            job.is_changed = true;
        }
    }

    /// A list with the numbers that this session has of its own jobs: the upstream's are others, or it tells none.
    pub(super) fn listed(&self, list: &Envelope<'_>) -> Option<String> {
        let jobs = list.get("jobs").and_then(Value::as_array)?;
        let entries: Vec<String> = jobs.iter().map(|entry| self.entry(entry)).collect();
        let mut payload = Members::new();
        for (name, value) in list.payload()?.iter() {
            payload = match name {
                "jobs" => payload.list(name, &entries),
                _ => payload.value(name, value),
            };
        }
        Some(payload.end())
    }

    fn entry(&self, entry: &Value<'_>) -> String {
        let mut text = String::new();
        let known = entry.as_object().and_then(|object| {
            let id = object.get("job_id").and_then(Value::as_str)?;
            Some((object, self.get(id)?))
        });
        let Some((object, job)) = known else {
            entry.write(&mut text);
            return text;
        };
        let mut members = Members::new();
        for (name, value) in object.iter().filter(|(name, _)| *name != "last_event_seq") {
            members = members.value(name, value);
        }
        members.integer("last_event_seq", job.last).end()
    }
}

impl Job {
    /// The payload of `job.subscribed` for who has the job anyway. What comes again begins after `from`.
    pub(super) fn subscribed(&self, request_id: &str, from: i64, comes_again: bool) -> String {
        Members::new()
            .text("job_id", &self.id)
            .text("current_status", self.status.as_deref().unwrap_or("running"))
            .text("agent", &self.agent)
            .raw("lease", &self.lease)
            .raw("parent_job_id", "null")
            .some_text("trace_id", self.trace_id.as_deref())
            .integer("subscribed_from", from)
            .boolean("replayed", comes_again)
            .text("request_id", request_id)
            .end()
    }

    /// As it is stored.
    pub(super) fn write(&self) -> String {
        Members::new()
            .text("agent", &self.agent)
            .raw("lease", &self.lease)
            .some_text("traceId", self.trace_id.as_deref())
            .some_text("status", self.status.as_deref())
            .integer("last", self.last)
            .end()
    }

    /// What [`Self::write`] has written.
    pub(super) fn read(id: &str, stored: &str) -> Option<Self> {
        let object: Object<'_> = json::object_of(stored).ok()?;
        let text = |name| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut lease = String::new();
        object.get("lease")?.write(&mut lease);
        Some(Self {
            id: id.to_owned(),
            agent: text("agent")?,
            lease,
            trace_id: text("traceId"),
            status: text("status"),
            last: object.get("last")?.as_number()?.as_i64()?,
            is_changed: false,
        })
    }
}
