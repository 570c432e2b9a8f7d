//! `session.list_jobs` (ARCP 1.1 §6.6).

use super::{
    filter::Filter,
    frame::Requester,
    job::Job,
    policy::{JobRequest, Question, NO_JOB},
    Envelope, Hub, RequestRefusal, Time,
};
use crate::json::Members;

impl Hub {
    pub(super) fn list_jobs(
        &mut self,
        requester: &Requester,
        envelope: &Envelope<'_>,
        now: Time,
    ) -> Result<(), RequestRefusal> {
        self.agreed(requester, "list_jobs")?;
        let filter = Filter::read(envelope)?;
        if !self.has_policy {
            return self.perform(requester, &JobRequest::List(filter), &[], now);
        }
        let Some(session) = self.sessions.get(&requester.session) else { return Ok(()) };
        let is_others = |job: &&Job| job.owner.key != session.owner.key;
        let others = self.jobs.values().filter(is_others).filter(|job| filter.takes(job));
        let mut jobs: Vec<String> = others.map(|job| job.id.clone()).collect();
        if jobs.is_empty() {
            jobs.push(NO_JOB.to_owned());
        }
        let question = Question { requester: requester.clone(), request: JobRequest::List(filter), jobs };
        self.ask_policy(question, "observe", false, now)
    }

    /// Sends a page: the newest first. No credentials are in it, for there are none here (rule 50).
    pub(super) fn list(&mut self, requester: &Requester, filter: &Filter, now: Time) {
        let Some(session) = self.sessions.get(&requester.session) else { return };
        // What the policy was asked about is in the order of its ids, as all jobs are.
        let is_allowed = |job: &Job| filter.allowed.as_ref().is_some_and(|ids| ids.binary_search(&job.id).is_ok());
        let is_visible = |job: &&Job| job.owner.key == session.owner.key || is_allowed(job);
        let mut found = self.jobs.values().rev().filter(|job| filter.takes(job)).filter(is_visible);
        let page: Vec<&Job> = found.by_ref().take(filter.limit).collect();
        let next = found.next().and(page.last()).map(|job| job.id.clone());
        drop(found);
        let jobs = page.iter().map(|job| entry(job, self.last_seq(job)));
        let payload = Members::new().text("request_id", &requester.request_id).list("jobs", jobs);
        let payload = match next {
            Some(cursor) => payload.text("next_cursor", &cursor),
            None => payload.raw("next_cursor", "null"),
        };
        self.send(requester.conn, &requester.session, "session.jobs", &payload.end(), now);
    }

    /// The last number of a job in its submitting session; where that one is behind, what it will be at least: whoever compares
    /// it with what has come must not take what waits for lost.
    fn last_seq(&self, job: &Job) -> i64 {
        let behind = job.followers.iter().find(|follower| follower.session == job.session);
        let waiting = behind.map_or(0, |follower| job.history.count().saturating_sub(follower.position.next));
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
