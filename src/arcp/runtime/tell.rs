//! How peers and the audit log hear of what a hub does.

use super::{policy, Action, ArcpCode, Audit, Close, Frame, Hub, Outcome, Rc, RequestRefusal, Time};

impl Hub {
    pub(super) fn audit(&mut self, audit: Audit) {
        self.actions.push_back(Action::Audit(audit));
    }

    /// That a session asks for a job, which need not be its own, nor be there: the line for one that isn't is as much work.
    pub(super) fn audit_lookup(&mut self, kind: &'static str, session_id: &str, job_id: &str, is_allowed: bool) {
        let job = self.jobs.get(job_id);
        let (outcome, reason) = match job {
            Some(_) if is_allowed => (Outcome::Allowed, "ok"),
            _ => (Outcome::Refused, ArcpCode::JobNotFound.as_str()),
        };
        self.audit(Audit {
            principal: self.sessions.get(session_id).map(|session| Rc::clone(&session.owner.key)),
            owner: job.map(|job| Rc::clone(&job.owner.key)),
            session: Some(session_id.to_owned()),
            job: policy::is_id(job_id).then(|| job_id.to_owned()),
            ..Audit::new(kind, outcome, reason)
        });
    }

    /// Sends a frame that is no event.
    pub(super) fn send(&mut self, conn: u32, session_id: &str, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let text = Frame::new(kind, &id, payload).of_session(session_id).write();
        self.deliver(conn, text.into());
    }

    pub(super) fn close(&mut self, conn: u32, close: Close) {
        self.actions.push_back(Action::Close { conn, close });
    }

    /// Tells why a request is refused. The request's id goes with it: without it, nobody knows which one it was.
    pub(super) fn refuse(&mut self, conn: u32, session_id: &str, request_id: &str, refusal: RequestRefusal, now: Time) {
        let payload = refusal.payload(Some(request_id));
        self.send(conn, session_id, "session.error", &payload, now);
    }
}
