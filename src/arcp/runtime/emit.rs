//! Events go to those who follow a job (ARCP 1.1 §8.3): numbered by session, kept until they are acknowledged, within bounds.

use super::{
    job::{End, Follower, Job},
    report::dropped,
    Audit, Frame, Hub, Outcome, Rc, Time,
};

/// Where there are too many jobs, so many that nobody waits for go at once: their rows go together, and cost little more than one.
const TOGETHER: usize = 8;

/// What gets a number of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered<'e> {
    pub(super) kind: &'e str,
    pub(super) job: &'e str,
    pub(super) trace_id: &'e str,
    pub(super) payload: &'e str,
    /// Which of the job's events it is.
    pub(super) event: Option<u64>,
}

impl Hub {
    /// Numbers an event and puts it into a session's buffer, whether there is room or not.
    pub(super) fn push(&mut self, session_id: &str, event: &Numbered<'_>, now: Time) -> Option<i64> {
        let Numbered { kind, job, trace_id, payload, event } = *event;
        let limits = self.limits;
        let session = self.sessions.get_mut(session_id)?;
        let seq = session.buffer.last() + 1;
        let id = self.ids.next(now);
        let frame = Frame { event_seq: Some(seq), trace_id: Some(trace_id), ..Frame::new(kind, &id, payload) };
        let text: Rc<str> = frame.of_session(session_id).of_job(job).write().into();
        let before = session.buffer.all().bytes;
        let (owner, jobs) = (&session.owner, &self.jobs);
        session.buffer.push(job, event, text, || jobs.get(job).is_some_and(|job| job.owner.key != owner.key));
        // Who never acknowledges loses no more than how far back it may resume.
        let is_over = |all: super::buffer::Load| all.events > limits.buffer_events || all.bytes > limits.buffer_bytes;
        while !session.acknowledges() && is_over(session.buffer.all()) && session.buffer.drop_sent() {}
        self.buffered = (self.buffered + session.buffer.all().bytes).saturating_sub(before);
        self.trim_buffers();
        Some(seq)
    }

    /// All buffers together have a bound too: the fullest gives way of those that nobody reads at present, and of what was sent
    /// to those who don't acknowledge.
    fn trim_buffers(&mut self) {
        while self.buffered > self.limits.all_buffers {
            let may_drop = |session: &&super::Session| session.conn.is_none() || !session.acknowledges();
            let fullest = self.sessions.values().filter(may_drop).max_by_key(|session| session.buffer.all().bytes);
            let fullest = fullest.map(|session| session.id.clone());
            let Some(session) = fullest.and_then(|id| self.sessions.get_mut(&id)) else { break };
            let before = session.buffer.all().bytes;
            for _ in 0..=session.buffer.all().events / 4 {
                if !session.buffer.drop_sent() && session.conn.is_none() {
                    session.buffer.drop_oldest();
                }
            }
            let after = session.buffer.all().bytes;
            self.buffered = self.buffered.saturating_sub(before - after);
            if before == after {
                break;
            }
        }
    }

    /// An event of a job to everybody who follows it and can read it.
    pub(super) fn emit(&mut self, job_id: &str, kind: &str, payload: &Rc<str>, now: Time) {
        self.change(job_id, |job| job.history.push(kind, payload));
        self.send_new_events(job_id, now);
        self.trim_history(job_id, true);
        self.trim_jobs(now);
        self.control_flow(job_id);
    }

    /// What is new of a job, to all who follow it.
    fn send_new_events(&mut self, job_id: &str, now: Time) {
        let Some(job) = self.jobs.get(job_id) else { return };
        let followers: Vec<String> = job.followers.iter().map(|follower| follower.session.clone()).collect();
        for follower in followers {
            self.catch_up(job_id, &follower, now);
        }
    }

    /// A job ends: once, whatever comes later (ARCP 1.1 §7.3).
    pub(super) fn finish(&mut self, job_id: &str, end: End, abort: Option<&'static str>, now: Time) {
        let Some(job) = self.jobs.get(job_id).filter(|job| job.end.is_none()) else { return };
        let (outcome, reason) = match &end {
            End::Success(_) => (Outcome::Completed, "ok"),
            End::Cancelled => (Outcome::Cut, "cancelled"),
            End::TimedOut => (Outcome::Cut, "timeout"),
            End::Failed(failure) => (Outcome::Failed, failure.code.as_str()),
        };
        let audit = Audit {
            principal: Some(Rc::clone(&job.owner.key)),
            job: Some(job_id.to_owned()),
            agent: Some(Rc::clone(&job.agent)),
            trace_id: Some(Rc::clone(&job.trace_id)),
            detail: match &end {
                End::Failed(failure) if failure.details.is_some() => Some(failure.message.clone()),
                // What it said in pieces is no success for who can't have them.
                End::Success(None) => {
                    let sessions = job.followers.iter().filter_map(|follower| self.sessions.get(&follower.session));
                    sessions.filter_map(|session| job.undeliverable(session)).next().map(|failure| failure.message)
                }
                _ => None,
            },
            ..Audit::new("arcp.job", outcome, reason)
        };
        self.change(job_id, |job| job.end = Some((end, now)));
        self.is_due_no_more();
        if let Some(reason) = abort {
            self.actions.push_back(super::Action::Abort { job: job_id.to_owned(), reason });
        }
        if let Some(job) = self.jobs.get_mut(job_id) {
            job.is_paused = false;
        }
        // Whoever is behind is told when it has had what came before.
        self.send_new_events(job_id, now);
        self.audit(audit);
        self.trim_jobs(now);
    }

    /// Sends a session the end of a job.
    pub(super) fn push_end(&mut self, job_id: &str, session_id: &str, now: Time) {
        let (Some(job), Some(session)) = (self.jobs.get(job_id), self.sessions.get(session_id)) else { return };
        let Some((kind, payload)) = job.last_message(session) else { return };
        let (trace_id, is_owner) = (Rc::clone(&job.trace_id), job.session == session_id);
        let event = Numbered { kind, job: job_id, trace_id: &trace_id, payload: &payload, event: None };
        let seq = self.push(session_id, &event, now);
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

    /// A job is kept no more. Who still waits for its end has it now and, of what came before, how much it was.
    pub(super) fn forget_job(&mut self, job_id: &str, now: Time) {
        let followers = self.jobs.get_mut(job_id).map(|job| std::mem::take(&mut job.followers)).unwrap_or_default();
        for follower in followers {
            self.push_lost(job_id, &follower, now);
            self.push_end(job_id, &follower.session, now);
            self.catch_up(job_id, &follower.session, now);
        }
        if let Some(job) = self.jobs.remove(job_id) {
            self.kept = self.kept.saturating_sub(job.bytes());
            self.is_due_no_more();
        }
    }

    /// Tells a session how many events it doesn't get of a job that goes.
    fn push_lost(&mut self, job_id: &str, follower: &Follower, now: Time) {
        let (Some(job), Some(session)) = (self.jobs.get(job_id), self.sessions.get(&follower.session)) else { return };
        let rest = (follower.position.next..job.history.count()).filter_map(|at| job.history.get(at));
        let rest = rest.filter(|past| session.takes(&past.kind)).count();
        let lost = follower.position.lost.saturating_add(u64::try_from(rest).unwrap_or(u64::MAX));
        if lost > 0 {
            let trace_id = Rc::clone(&job.trace_id);
            let (kind, payload) = ("job.event", dropped(lost, now));
            let event = Numbered { kind, job: job_id, trace_id: &trace_id, payload: &payload, event: None };
            self.push(&follower.session, &event, now);
        }
    }

    /// What jobs keep has a bound: ended ones go, those before others whose end everybody has, and of them the oldest of who keeps
    /// most; then what later subscribers could have seen.
    pub(super) fn trim_jobs(&mut self, now: Time) {
        if self.jobs.len() > self.limits.all_jobs {
            for _ in 0..TOGETHER {
                let Some(id) = self.idle_job().map(|job| job.id.clone()) else { break };
                self.forget_job(&id, now);
            }
        }
        while self.kept > self.limits.all_jobs_bytes || self.jobs.len() > self.limits.all_jobs {
            let idle = self.idle_job().map(|job| job.id.clone());
            let ended = || self.jobs.values().find(|job| job.end.is_some()).map(|job| job.id.clone());
            if let Some(id) = idle.or_else(ended) {
                self.forget_job(&id, now);
                continue;
            }
            let Some(job) = self.jobs.values().max_by_key(|job| job.history.bytes()) else { break };
            if job.history.bytes() == 0 {
                break;
            }
            let id = job.id.clone();
            self.trim_history(&id, false);
        }
    }
}
