//! Who watches the jobs of others is asked about again when its session goes on over a new connection: with the token that came
//! with it, scopes and labels may have changed (ARCP 1.1 §7.6, §14).
//!
//! Until the policy has answered, the session is sent no event. What it hasn't got of a job that it may see no more it does not
//! get: in the place of each event is one that says that it was dropped, for numbers have no gaps, and the last is a `job.error`
//! with PERMISSION_DENIED. The client has known of the job, so there is nothing to hide; what it asks from now on is answered as if
//! there were none.

use super::{
    emit::Numbered,
    frame::Requester,
    job::Failure,
    policy::{JobRequest, Question},
    report::dropped,
    ArcpCode, Audit, Frame, Hub, Outcome, Rc, Time,
};
use crate::arcp::skim;

impl Hub {
    /// A session has another connection, or was restored with the one that it has: sends what it may have.
    pub(super) fn go_on(&mut self, conn: u32, session_id: &str, now: Time) {
        let watched = self.watched_of_others(session_id);
        // Of what is no longer kept nobody can say whether it may be seen.
        let (known, unknown): (Vec<_>, Vec<_>) = watched.into_iter().partition(|id| self.jobs.get(id).is_some());
        let requester = Requester { conn, session: session_id.to_owned(), request_id: String::new() };
        for job in &unknown {
            self.stop_watching(&requester, job, now);
        }
        let question = Question { requester, request: JobRequest::GoOn, jobs: known };
        let is_asked = self.has_policy && !question.jobs.is_empty();
        self.hold(session_id, is_asked);
        if !is_asked || self.ask_policy(question.clone(), "observe", false, now).is_err() {
            self.gone_on(&question.requester, &question.jobs, now);
        }
    }

    /// The policy has answered: these may be seen no more.
    pub(super) fn gone_on(&mut self, requester: &Requester, denied: &[String], now: Time) {
        self.hold(&requester.session, false);
        for job in denied {
            self.stop_watching(requester, job, now);
        }
        self.pump(&requester.session, now);
    }

    /// Every session that watches jobs of others is sent no event until [`Self::go_on`] has seen to it.
    pub(super) fn hold_watchers(&mut self) {
        for id in self.sessions.values().map(|session| session.id.clone()).collect::<Vec<_>>() {
            if !self.watched_of_others(&id).is_empty() {
                self.hold(&id, true);
            }
        }
    }

    fn hold(&mut self, session_id: &str, is_held: bool) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.is_held = is_held;
        }
    }

    /// The jobs of other principals that a session follows, or has still to be sent something of.
    fn watched_of_others(&self, session_id: &str) -> Vec<String> {
        let Some(session) = self.sessions.get(session_id) else { return Vec::new() };
        let others = self.jobs.values().filter(|job| job.owner.key != session.owner.key);
        let followed = others.filter(|job| job.followers.iter().any(|follower| follower.session == session_id));
        let mut all: Vec<String> = followed.map(|job| job.id.clone()).collect();
        all.extend(session.buffer.unsent_of_others().into_iter().map(|job| job.as_ref().to_owned()));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// A session gets nothing more of a job, and is told.
    pub(super) fn stop_watching(&mut self, requester: &Requester, job_id: &str, now: Time) {
        let session_id = requester.session.as_str();
        let mut trace_id = self.jobs.get(job_id).map(|job| Rc::clone(&job.trace_id));
        let owner = self.jobs.get_mut(job_id).map(|job| {
            job.followers.retain(|follower| follower.session != session_id);
            Rc::clone(&job.owner.key)
        });
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let principal = Rc::clone(&session.owner.key);
        let end = Failure::no_longer_allowed().error("error", &now.to_rfc3339());
        let (ids, mut is_over) = (&mut self.ids, false);
        let before = session.buffer.all().bytes;
        session.buffer.replace_unsent(job_id, |seq, frame| {
            let trace: Rc<str> = skim::name(frame, "trace_id").unwrap_or_default().into();
            let is_end = skim::name(frame, "type").is_some_and(|kind| kind != "job.event");
            is_over |= is_end;
            let (kind, payload) =
                if is_end { ("job.error", end.as_str().into()) } else { ("job.event", dropped(1, now)) };
            let id = ids.next(now);
            let frame = Frame { event_seq: Some(seq), trace_id: Some(&trace), ..Frame::new(kind, &id, &payload) };
            let text = frame.of_session(session_id).of_job(job_id).write();
            trace_id.get_or_insert(trace);
            text.into()
        });
        self.buffered = (self.buffered + session.buffer.all().bytes).saturating_sub(before);
        if !is_over {
            let trace_id = trace_id.unwrap_or_default();
            let end = Numbered { kind: "job.error", job: job_id, trace_id: &trace_id, payload: &end, event: None };
            self.push(session_id, &end, now);
        }
        self.control_flow(job_id);
        self.audit(Audit {
            principal: Some(principal),
            owner,
            session: Some(session_id.to_owned()),
            job: Some(job_id.to_owned()),
            ..Audit::new("arcp.subscribe", Outcome::Cut, ArcpCode::PermissionDenied.as_str())
        });
    }
}
