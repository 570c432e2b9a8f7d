//! `job.cancel` (ARCP 1.1 §7.4).

use super::{
    frame::Requester,
    policy::{JobRequest, Permission, Question},
    Action, ArcpCode, Envelope, Frame, Hub, Rc, RequestRefusal, Time,
};
use crate::json::{Members, Value};

/// The longest reason that is passed on, in bytes.
const MAX_REASON: usize = 1024;

impl Hub {
    pub(super) fn cancel(
        &mut self,
        requester: &Requester,
        envelope: &Envelope<'_>,
        now: Time,
    ) -> Result<(), RequestRefusal> {
        // Some SDKs name the job on the envelope, some in the payload.
        let in_payload = match envelope.get("job_id") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_str().ok_or(RequestRefusal::invalid("job_id"))?),
        };
        let job_id = match (envelope.job_id(), in_payload) {
            (Some(one), Some(other)) if one != other => return Err(RequestRefusal::invalid("job_id")),
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => return Err(RequestRefusal::invalid("job_id")),
        };
        let reason = match envelope.get("reason") {
            None | Some(Value::Null) => None,
            Some(value) => {
                Some(value.as_str().filter(|text| text.len() <= MAX_REASON).ok_or(RequestRefusal::invalid("reason"))?)
            }
        };
        let request = JobRequest::Cancel { job: job_id.to_owned(), reason: reason.map(str::to_owned) };
        match self.may_cancel(&requester.session, job_id) {
            Permission::Yes => self.perform(requester, &request, &[true], now),
            Permission::No => self.perform(requester, &request, &[false], now),
            Permission::AskPolicy { same_session } => self.ask_policy(
                Question { requester: requester.clone(), request, jobs: vec![job_id.to_owned()] },
                "cancel",
                same_session,
                now,
            ),
        }
    }

    /// By default the submitting session may, and when that is over its principal's others (rule 36, 54).
    fn may_cancel(&self, session_id: &str, job_id: &str) -> Permission {
        let Some(job) = self.own_job(session_id, job_id) else { return self.permission_for_others(job_id) };
        let has_submitted = |follower: &super::job::Follower| follower.has_submitted && follower.session == session_id;
        let same_session = job.session == session_id || job.followers.iter().any(has_submitted);
        if self.has_policy {
            return Permission::AskPolicy { same_session };
        }
        if same_session || self.is_orphaned(job) {
            Permission::Yes
        } else {
            Permission::No
        }
    }

    /// Cancels, or says that there is no such job: whether there is one is nobody else's business.
    pub(super) fn cancel_job(
        &mut self,
        requester: &Requester,
        job_id: &str,
        reason: Option<&str>,
        is_allowed: bool,
        now: Time,
    ) -> Result<(), RequestRefusal> {
        self.audit_lookup("arcp.cancel", &requester.session, job_id, is_allowed);
        let grace = now.plus(self.limits.cancel_grace);
        let Some(job) = self.jobs.get_mut(job_id).filter(|_| is_allowed) else {
            return Err(RequestRefusal::of(ArcpCode::JobNotFound));
        };
        if job.end.is_some() {
            // Too late. Its end is on its way, or was seen; some clients take an error here for the end of everything.
            return Ok(());
        }
        let trace_id = Rc::clone(&job.trace_id);
        let is_first = job.cancelled_until.is_none();
        let ends = *job.cancelled_until.get_or_insert(grace);
        self.is_due_at(Some(ends));
        let mut payload = Members::new().text("job_id", job_id).text("request_id", &requester.request_id);
        if let Some(reason) = reason {
            payload = payload.text("reason", reason);
        }
        let (id, payload) = (self.ids.next(now), payload.end());
        let frame = Frame { trace_id: Some(&trace_id), ..Frame::new("job.cancelled", &id, &payload) };
        let text = frame.of_session(&requester.session).of_job(job_id).write();
        self.deliver(requester.conn, text.into());
        if is_first {
            self.actions.push_back(Action::Abort { job: job_id.to_owned(), reason: "cancelled" });
        }
        Ok(())
    }
}
