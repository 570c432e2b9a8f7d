//! Events go to those who follow a job (ARCP 1.1 §8.3): numbered by session, kept until they are acknowledged, within bounds.

use super::{
    job::{End, Job},
    session::Session,
    Action, Audit, Close, Frame, Hub, Rc, Time,
};
use crate::json::Members;

impl Hub {
    /// Numbers an event, keeps it and sends it.
    pub(super) fn push(
        &mut self,
        session_id: &str,
        kind: &str,
        job: &str,
        trace_id: &str,
        payload: &str,
        now: Time,
    ) -> Option<i64> {
        let session = self.sessions.get_mut(session_id)?;
        let seq = session.buffer.last() + 1;
        let id = self.ids.next(now);
        let frame = Frame { event_seq: Some(seq), trace_id: Some(trace_id), ..Frame::new(kind, &id, payload) };
        let text: Rc<str> = frame.of_session(session_id).of_job(job).write().into();
        let before = session.buffer.bytes();
        session.buffer.push(Rc::clone(&text));
        if let Some(conn) = session.conn {
            self.actions.push_back(Action::Send { conn, text });
        }
        let is_over = |session: &Session| {
            session.buffer.len() > self.limits.buffer_events || session.buffer.bytes() > self.limits.buffer_bytes
        };
        let mut is_slow = None;
        while is_over(session) {
            session.buffer.drop_oldest();
            // Who acknowledges and is this far behind can't be served. Who never does has the events all the same, and loses
            // only how far back it may resume.
            is_slow = session.conn.filter(|_| session.has_acked);
        }
        self.buffered = (self.buffered + session.buffer.bytes()).saturating_sub(before);
        if let Some(conn) = is_slow {
            let principal = Some(Rc::clone(&session.owner.key));
            self.audit(Audit {
                kind: "arcp.session",
                outcome: "cut",
                reason: "too_slow",
                principal,
                session: Some(session_id.to_owned()),
                ..Audit::default()
            });
            let payload = Members::new().text("reason", Close::TooMany.reason()).end();
            self.send(conn, session_id, "session.closed", &payload, now);
            self.drop_conn(conn, Close::TooMany, now);
        }
        self.trim_buffers();
        Some(seq)
    }

    /// All buffers together have a bound too: the fullest one gives way.
    fn trim_buffers(&mut self) {
        while self.buffered > self.limits.all_buffers {
            let Some(session) = self.sessions.values_mut().max_by_key(|session| session.buffer.bytes()) else { break };
            let before = session.buffer.bytes();
            for _ in 0..=session.buffer.len() / 4 {
                session.buffer.drop_oldest();
            }
            self.buffered = self.buffered.saturating_sub(before - session.buffer.bytes());
            if before == 0 {
                break;
            }
        }
    }

    /// An event of a job to everybody who follows it and can read it.
    pub(super) fn emit(&mut self, job_id: &str, kind: &str, payload: &Rc<str>, now: Time) {
        let Some(job) = self.jobs.get(job_id) else { return };
        let (trace_id, owner) = (Rc::clone(&job.trace_id), job.session.clone());
        let followers: Vec<String> = job.followers.iter().map(|follower| follower.session.clone()).collect();
        let mut seq = job.last_seq + 1;
        for follower in followers {
            if !self.sessions.get(&follower).is_some_and(|session| session.takes(kind)) {
                continue;
            }
            let number = self.push(&follower, "job.event", job_id, &trace_id, payload, now);
            if follower == owner {
                seq = number.unwrap_or(seq);
            }
        }
        let limits = self.limits;
        self.change(job_id, |job| job.remember(seq, kind, payload, &limits));
        self.trim_jobs();
        self.hold(job_id, &owner);
    }

    /// An agent that is faster than its reader is not asked for more for a while.
    fn hold(&mut self, job_id: &str, owner: &str) {
        let (events, bytes) = (self.limits.buffer_events / 2, self.limits.buffer_bytes / 2);
        if !self.sessions.get(owner).is_some_and(|session| session.is_behind(events, bytes)) {
            return;
        }
        if let Some(job) = self.jobs.get_mut(job_id).filter(|job| !job.is_held && job.end.is_none()) {
            job.is_held = true;
            self.actions.push_back(Action::Hold { job: job_id.to_owned() });
        }
    }

    /// A job ends: once, whatever comes later (ARCP 1.1 §7.3).
    pub(super) fn finish(&mut self, job_id: &str, end: End, abort: Option<&'static str>, now: Time) {
        let Some(job) = self.jobs.get(job_id).filter(|job| job.end.is_none()) else { return };
        let (outcome, reason) = match &end {
            End::Success(_) => ("completed", "ok"),
            End::Cancelled => ("cut", "cancelled"),
            End::TimedOut => ("cut", "timeout"),
            End::Failed(code, _) => ("failed", code.as_str()),
        };
        let audit = Audit {
            kind: "arcp.job",
            outcome,
            reason,
            principal: Some(Rc::clone(&job.owner.key)),
            job: Some(job_id.to_owned()),
            agent: Some(Rc::clone(&job.agent)),
            trace_id: Some(Rc::clone(&job.trace_id)),
            ..Audit::default()
        };
        let followers: Vec<String> = job.followers.iter().map(|follower| follower.session.clone()).collect();
        self.change(job_id, |job| job.end = Some((end, now)));
        if let Some(reason) = abort {
            self.actions.push_back(Action::Abort { job: job_id.to_owned(), reason });
        }
        for follower in followers {
            self.push_end(job_id, &follower, now);
        }
        if let Some(job) = self.jobs.get_mut(job_id) {
            job.followers.clear();
            job.is_held = false;
        }
        self.audit(audit);
        self.trim_jobs();
    }

    /// Sends a session the end of a job.
    pub(super) fn push_end(&mut self, job_id: &str, session_id: &str, now: Time) {
        let (Some(job), Some(session)) = (self.jobs.get(job_id), self.sessions.get(session_id)) else { return };
        let Some((kind, payload)) = job.last_message(session) else { return };
        let (trace_id, is_owner) = (Rc::clone(&job.trace_id), job.session == session_id);
        let seq = self.push(session_id, kind, job_id, &trace_id, &payload, now);
        if let (Some(seq), true, Some(job)) = (seq, is_owner, self.jobs.get_mut(job_id)) {
            job.last_seq = seq;
        }
    }

    /// Changes a job, and counts what it keeps. Whoever calls this trims afterwards, once the job isn't needed any more.
    pub(super) fn change(&mut self, job_id: &str, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.get_mut(job_id) {
            let before = job.bytes();
            change(job);
            self.kept = (self.kept + job.bytes()).saturating_sub(before);
        }
    }

    pub(super) fn forget_job(&mut self, job_id: &str) {
        if let Some(job) = self.jobs.remove(job_id) {
            self.kept = self.kept.saturating_sub(job.bytes());
        }
    }

    /// What jobs keep has a bound: ended ones go, the oldest first; then what later subscribers could have seen.
    pub(super) fn trim_jobs(&mut self) {
        while self.kept > self.limits.all_jobs_bytes || self.jobs.len() > self.limits.all_jobs {
            let ended = self.jobs.values().find(|job| job.end.is_some()).map(|job| job.id.clone());
            if let Some(id) = ended {
                self.forget_job(&id);
                continue;
            }
            let Some(job) = self.jobs.values_mut().max_by_key(|job| job.history_bytes) else { break };
            if job.history_bytes == 0 {
                break;
            }
            let before = job.bytes();
            job.forget_history();
            self.kept = self.kept.saturating_sub(before - job.bytes());
        }
    }
}
