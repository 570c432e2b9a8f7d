//! `job.subscribe` and `job.unsubscribe` (ARCP 1.1 §7.6).

use super::{
    frame::Requester,
    job::Job,
    policy::{JobRequest, Permission, Question},
    ArcpCode, Envelope, Frame, Hub, Rc, RequestRefusal, Time,
};
use crate::json::{Members, Number, Value};

impl Hub {
    pub(super) fn subscribe(
        &mut self,
        requester: &Requester,
        envelope: &Envelope<'_>,
        now: Time,
    ) -> Result<(), RequestRefusal> {
        self.agreed(requester, "subscribe")?;
        let job_id = job_of(envelope)?;
        let history = match envelope.get("history") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_bool().ok_or(RequestRefusal::invalid("history"))?),
        };
        let from = match envelope.get("from_event_seq") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let seq = value.as_number().and_then(Number::as_i64).filter(|seq| *seq >= 0);
                Some(seq.ok_or(RequestRefusal::invalid("from_event_seq"))?)
            }
        };
        // Live, unless history is asked for in one of the two ways (rule 47, 48).
        let from = match (history, from) {
            (Some(true), from) => Some(from.unwrap_or(0)),
            (None, from) => from,
            (Some(false), _) => None,
        };
        let request = JobRequest::Subscribe { job: job_id.to_owned(), from };
        let permission = match self.own_job(&requester.session, job_id) {
            Some(_) => Permission::Yes,
            None => self.permission_for_others(job_id),
        };
        match permission {
            Permission::Yes => self.perform(requester, &request, &[true], now),
            Permission::No => self.perform(requester, &request, &[false], now),
            Permission::AskPolicy { same_session } => self.ask_policy(
                Question { requester: requester.clone(), request, jobs: vec![job_id.to_owned()] },
                "observe",
                same_session,
                now,
            ),
        }
    }

    /// Subscribes, or says that there is no such job: whether there is one is nobody else's business (rule 28).
    pub(super) fn subscribe_to(
        &mut self,
        requester: &Requester,
        job_id: &str,
        from: Option<i64>,
        is_allowed: bool,
        now: Time,
    ) -> Result<(), RequestRefusal> {
        self.check_room_for_subscription(requester, job_id)?;
        let Some(session) = self.sessions.get(&requester.session) else { return Ok(()) };
        let next = session.buffer.last() + 1;
        // Each try is on record (rule 113).
        self.audit_lookup("arcp.subscribe", &requester.session, job_id, is_allowed);
        let watches = |job: &Job| job.followers.iter().any(|follower| follower.session == requester.session);
        if !is_allowed && self.jobs.get(job_id).is_some_and(watches) {
            // What it was let in to see before is seen no more, either.
            self.stop_watching(requester, job_id, now);
            self.pump(&requester.session, now);
        }
        let Some(job) = self.jobs.get_mut(job_id).filter(|_| is_allowed) else {
            return Err(RequestRefusal::of(ArcpCode::JobNotFound));
        };
        let payload = subscribed(job, requester, next, from.is_some());
        let trace_id = Rc::clone(&job.trace_id);
        // From where it asks; else from where it left off what it submitted; else from here on.
        let position = from.map(|from| job.history.after(from));
        let (here, has_ended) = (job.here(), job.end.is_some());
        match job.follower(&requester.session) {
            Some(follower) => {
                // What a session follows already doesn't come twice, unless it asks for it.
                follower.place(position.unwrap_or(follower.position));
                follower.has_subscribed |= !std::mem::take(&mut follower.is_paused);
            }
            None if has_ended && position.is_none() => {}
            None => job.follow(&requester.session, position.unwrap_or(here), false),
        }
        let id = self.ids.next(now);
        let frame = Frame { trace_id: Some(&trace_id), ..Frame::new("job.subscribed", &id, &payload) };
        let text = frame.of_session(&requester.session).of_job(job_id).write();
        self.deliver(requester.conn, text.into());
        self.catch_up(job_id, &requester.session, now);
        self.control_flow(job_id);
        Ok(())
    }

    fn check_room_for_subscription(&self, requester: &Requester, job_id: &str) -> Result<(), RequestRefusal> {
        let watched = |job: &&Job| {
            job.followers.iter().any(|follower| follower.has_subscribed && follower.session == requester.session)
        };
        let is_new = |job: &&Job| watched(job) && job.id != job_id;
        if self.jobs.values().filter(is_new).count() >= self.limits.subscriptions {
            return Err(RequestRefusal::too_many(ArcpCode::InternalError, "subscriptions", self.limits.subscriptions));
        }
        Ok(())
    }

    /// Nothing is said, whether there was a subscription or not.
    pub(super) fn unsubscribe(&mut self, requester: &Requester, envelope: &Envelope<'_>) -> Result<(), RequestRefusal> {
        self.agreed(requester, "subscribe")?;
        let job_id = job_of(envelope)?;
        // One that it doesn't follow is left alone, whosever it is.
        let Some(job) = self.jobs.get_mut(job_id) else { return Ok(()) };
        let Some(follower) = job.follower(&requester.session) else { return Ok(()) };
        // Of what it submitted itself, the rest waits for it to subscribe again.
        follower.is_paused = follower.has_submitted && !follower.has_subscribed;
        follower.has_subscribed = false;
        job.followers.retain(|follower| follower.has_submitted || follower.has_subscribed);
        self.control_flow(job_id);
        Ok(())
    }

    /// Refuses what the two sides have not agreed on (rule 10).
    pub(super) fn agreed(&self, requester: &Requester, feature: &str) -> Result<(), RequestRefusal> {
        match self.sessions.get(&requester.session) {
            Some(session) if session.features.has(feature) => Ok(()),
            _ => Err(RequestRefusal::invalid("type")),
        }
    }
}

fn job_of<'e>(envelope: &'e Envelope<'_>) -> Result<&'e str, RequestRefusal> {
    envelope.get("job_id").and_then(Value::as_str).ok_or(RequestRefusal::invalid("job_id"))
}

/// The payload of `job.subscribed`.
fn subscribed(job: &Job, requester: &Requester, from: i64, is_replayed: bool) -> String {
    let mut payload = Members::new()
        .text("request_id", &requester.request_id)
        .text("job_id", &job.id)
        .text("current_status", job.status())
        .text("agent", &job.agent)
        .raw("lease", &job.lease);
    if let Some(constraints) = &job.constraints {
        payload = payload.raw("lease_constraints", constraints);
    }
    payload
        .raw("parent_job_id", "null")
        .text("trace_id", &job.trace_id)
        .integer("subscribed_from", from)
        .boolean("replayed", is_replayed)
        .end()
}
