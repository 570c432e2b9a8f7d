//! `session.list_jobs` (ARCP 1.1 §6.6).

use super::{
    agents::has_version,
    frame::Asker,
    job::Job,
    policy::{Permission, Question, Wish},
    Envelope, Hub, Refusal, Time,
};
use crate::json::{Members, Number, Object, Value};

/// Jobs on a page, when the client doesn't say, and at most.
const PAGE: usize = 100;
const MAX_PAGE: i64 = 1000;

/// Which jobs are listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    status: Option<Vec<String>>,
    agent: Option<String>,
    created_after: Option<Time>,
    limit: usize,
    /// The last job of the page before.
    cursor: Option<String>,
    /// Jobs of others that the policy lets this one see.
    pub(super) allowed: Option<Vec<String>>,
}

impl Filter {
    fn read(envelope: &Envelope<'_>) -> Result<Self, Refusal> {
        fn member<'v, 't>(object: &'v Object<'t>, name: &str) -> Option<&'v Value<'t>> {
            object.get(name).filter(|value| **value != Value::Null)
        }
        let mut filter = Self { limit: PAGE, ..Self::default() };
        let Some(payload) = envelope.payload() else { return Ok(filter) };
        if let Some(value) = member(payload, "filter") {
            let object = value.as_object().ok_or(Refusal::invalid("filter"))?;
            if let Some(value) = member(object, "status") {
                let items = value.as_array().ok_or(Refusal::invalid("filter.status"))?;
                let names = items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>();
                filter.status = Some(names.ok_or(Refusal::invalid("filter.status"))?);
            }
            if let Some(value) = member(object, "agent") {
                filter.agent = Some(value.as_str().ok_or(Refusal::invalid("filter.agent"))?.to_owned());
            }
            if let Some(value) = member(object, "created_after") {
                let time = value.as_str().and_then(Time::from_rfc3339);
                filter.created_after = Some(time.ok_or(Refusal::invalid("filter.created_after"))?);
            }
        }
        if let Some(value) = member(payload, "limit") {
            let limit = value.as_number().and_then(Number::as_i64).filter(|limit| (1..=MAX_PAGE).contains(limit));
            filter.limit = limit.and_then(|limit| usize::try_from(limit).ok()).ok_or(Refusal::invalid("limit"))?;
        }
        if let Some(value) = member(payload, "cursor") {
            filter.cursor = Some(value.as_str().ok_or(Refusal::invalid("cursor"))?.to_owned());
        }
        Ok(filter)
    }

    fn takes(&self, job: &Job) -> bool {
        let is_agent = |wanted: &str| {
            let own = if has_version(wanted) { &*job.agent } else { job.agent.split('@').next().unwrap_or_default() };
            own == wanted
        };
        self.status.as_ref().is_none_or(|names| names.iter().any(|name| name == job.status()))
            && self.agent.as_deref().is_none_or(is_agent)
            && self.created_after.is_none_or(|after| job.created > after)
            && self.cursor.as_ref().is_none_or(|cursor| job.id < *cursor)
    }
}

impl Hub {
    pub(super) fn list_jobs(&mut self, asker: &Asker, envelope: &Envelope<'_>, now: Time) -> Result<(), Refusal> {
        self.agreed(asker, "list_jobs")?;
        let filter = Filter::read(envelope)?;
        let to_ask = |job: &&Job| matches!(self.may_observe(&asker.session, job), Permission::Ask { .. });
        let jobs: Vec<String> =
            self.jobs.values().filter(|job| filter.takes(job)).filter(to_ask).map(|job| job.id.clone()).collect();
        if jobs.is_empty() {
            return self.wished(asker, &Wish::List(filter), &[], now);
        }
        self.ask(Question { asker: asker.clone(), wish: Wish::List(filter), jobs }, "observe", false)
    }

    /// Sends a page: the newest first. No credentials are in it, for there are none here (rule 50).
    pub(super) fn list(&mut self, asker: &Asker, filter: &Filter, now: Time) {
        let is_visible = |job: &&Job| match self.may_observe(&asker.session, job) {
            Permission::Yes => true,
            Permission::No => false,
            Permission::Ask { .. } => filter.allowed.as_ref().is_some_and(|allowed| allowed.contains(&job.id)),
        };
        let mut found = self.jobs.values().rev().filter(|job| filter.takes(job)).filter(is_visible);
        let page: Vec<&Job> = found.by_ref().take(filter.limit).collect();
        let next = found.next().and(page.last()).map(|job| job.id.clone());
        let mut jobs = String::from("[");
        for job in page {
            if jobs.len() > 1 {
                jobs.push(',');
            }
            jobs.push_str(&entry(job, self.last_seq(job)));
        }
        jobs.push(']');
        let payload = Members::new().text("request_id", &asker.request).raw("jobs", &jobs);
        let payload = match next {
            Some(cursor) => payload.text("next_cursor", &cursor),
            None => payload.raw("next_cursor", "null"),
        };
        self.send(asker.conn, &asker.session, "session.jobs", &payload.end(), now);
    }

    /// The last number of a job in its submitting session; where that one is behind, what it will be at least: whoever compares
    /// it with what has come must not take what waits for lost.
    fn last_seq(&self, job: &Job) -> i64 {
        let behind = job.followers.iter().find(|follower| follower.session == job.session);
        let waiting = behind.map_or(0, |follower| job.history.count().saturating_sub(follower.place.next));
        let waiting = i64::try_from(waiting).unwrap_or(0) + i64::from(behind.is_some() && job.end.is_some());
        match self.sessions.get(&job.session) {
            Some(session) if waiting > 0 => session.buffer.last().saturating_add(waiting),
            _ => job.last_seq,
        }
    }
}

fn entry(job: &Job, last_seq: i64) -> String {
    let created = job.created.to_rfc3339();
    Members::new()
        .text("job_id", &job.id)
        .text("agent", &job.agent)
        .text("status", job.status())
        .raw("lease", &job.lease)
        .raw("parent_job_id", "null")
        .text("created_at", &created)
        // The Python SDK's name for it.
        .text("submitted_at", &created)
        .text("trace_id", &job.trace_id)
        .integer("last_event_seq", last_seq)
        .end()
}
