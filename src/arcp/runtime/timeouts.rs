//! What the time brings: sessions that can't be resumed any more, jobs that ran for too long, what is no longer kept.

use super::{
    job::{End, Failure},
    ArcpCode, Hub, Time,
};
use crate::time::Span;

/// How often is looked for what is old.
const SWEEP: Span = Span::from_secs(60);

impl Hub {
    /// When the hub wants to be told the time again. What is only kept for later is dropped when something else happens.
    pub(super) fn deadline(&self) -> Option<Time> {
        let due = self.due.get().unwrap_or_else(|| self.first_due());
        debug_assert_eq!(due, self.first_due(), "whatever changes a deadline says so");
        self.due.set(Some(due));
        due
    }

    /// Something is due at this time that wasn't before.
    pub(super) fn is_due_at(&mut self, at: Option<Time>) {
        if let Some(due) = self.due.get() {
            self.due.set(Some(due.into_iter().chain(at).min()));
        }
    }

    /// Something isn't due any more.
    pub(super) fn is_due_no_more(&mut self) {
        self.due.set(None);
    }

    fn first_due(&self) -> Option<Time> {
        let sessions = self.sessions.values().filter_map(|session| session.ends_at);
        let jobs = self.jobs.values().filter(|job| job.end.is_none());
        let jobs = jobs.flat_map(|job| [Some(job.ends_at), job.lease_ends, job.cancelled_until].into_iter().flatten());
        sessions.chain(jobs).chain(self.first_old()).min()
    }

    /// When the first of what is only kept for later is dropped. It is worth waking up for where it takes a place in the storage.
    fn first_old(&self) -> Option<Time> {
        let ended = self.jobs.values().filter_map(|job| job.end.as_ref().map(|(_, at)| *at));
        let oldest = ended.chain(self.keys.oldest()).min().filter(|_| self.is_stored)?;
        Some(oldest.plus(self.limits.retention).max(self.swept.plus(SWEEP)))
    }

    /// The time is told.
    pub(super) fn advance(&mut self, now: Time) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.end_what_is_due(now);
        }
        if now.since(self.swept) >= SWEEP || now < self.swept {
            self.swept = now;
            self.is_due_no_more();
            self.sweep(now);
        }
    }

    fn end_what_is_due(&mut self, now: Time) {
        let is_over = |at: Option<Time>| at.is_some_and(|at| at <= now);
        let sessions = self.sessions.values().filter(|session| is_over(session.ends_at));
        for id in sessions.map(|session| session.id.clone()).collect::<Vec<_>>() {
            self.forget_session(&id);
        }
        let due: Vec<(String, End, Option<&'static str>)> = self
            .jobs
            .values()
            .filter(|job| job.end.is_none())
            .filter_map(|job| {
                let (end, reason) = if is_over(job.cancelled_until) {
                    // Its agent has had its time (ARCP 1.1 §7.4).
                    (End::Cancelled, None)
                } else if is_over(job.lease_ends) {
                    let code = ArcpCode::LeaseExpired;
                    (End::Failed(Failure::of(code)), Some("lease_expired"))
                } else if is_over(Some(job.ends_at)) {
                    (End::TimedOut, Some("timeout"))
                } else {
                    return None;
                };
                Some((job.id.clone(), end, reason))
            })
            .collect();
        for (id, end, reason) in due {
            self.finish(&id, end, reason, now);
        }
    }

    /// Drops what was kept for long enough.
    fn sweep(&mut self, now: Time) {
        let retention = self.limits.retention;
        self.keys.expire(retention, now);
        let old = |at: Time| now.since(at) >= retention;
        let ended = self.jobs.values().filter(|job| job.end.as_ref().is_some_and(|(_, at)| old(*at)));
        for id in ended.map(|job| job.id.clone()).collect::<Vec<_>>() {
            self.forget_job(&id, now);
        }
    }
}
