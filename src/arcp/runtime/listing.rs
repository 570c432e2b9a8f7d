//! `session.list_jobs` (ARCP 1.1 §6.6).

use super::{
    filter::Filter,
    frame::Requester,
    job::Job,
    policy::{JobRequest, Permission, Question},
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
        let to_ask = |job: &&Job| matches!(self.may_observe(&requester.session, job), Permission::AskPolicy { .. });
        let jobs: Vec<String> =
            self.jobs.values().filter(|job| filter.takes(job)).filter(to_ask).map(|job| job.id.clone()).collect();
        if jobs.is_empty() {
            return self.perform(requester, &JobRequest::List(filter), &[], now);
        }
        self.ask_policy(
            Question { requester: requester.clone(), request: JobRequest::List(filter), jobs },
            "observe",
            false,
        )
    }

    /// Sends a page: the newest first. No credentials are in it, for there are none here (rule 50).
    pub(super) fn list(&mut self, requester: &Requester, filter: &Filter, now: Time) {
        let is_visible = |job: &&Job| match self.may_observe(&requester.session, job) {
            Permission::Yes => true,
            Permission::No => false,
            Permission::AskPolicy { .. } => filter.allowed.as_ref().is_some_and(|allowed| allowed.contains(&job.id)),
        };
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
