//! `job.subscribe` and `job.unsubscribe` (ARCP 1.1 §7.6).

use super::{
    frame::Asker,
    job::Follower,
    policy::{Permission, Question, Wish},
    Action, ArcpCode, Audit, Envelope, Frame, Hub, Rc, Refusal, Time,
};
use crate::json::{Members, Number, Value};

impl Hub {
    pub(super) fn subscribe(&mut self, asker: &Asker, envelope: &Envelope<'_>, now: Time) -> Result<(), Refusal> {
        self.agreed(asker, "subscribe")?;
        let job_id = job_of(envelope)?;
        let history = match envelope.get("history") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_bool().ok_or(Refusal::invalid("history"))?),
        };
        let from = match envelope.get("from_event_seq") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let seq = value.as_number().and_then(Number::as_i64).filter(|seq| *seq >= 0);
                Some(seq.ok_or(Refusal::invalid("from_event_seq"))?)
            }
        };
        // Live, unless history is asked for in one of the two ways (rule 47, 48).
        let from = match (history, from) {
            (Some(true), from) => Some(from.unwrap_or(0)),
            (None, from) => from,
            (Some(false), _) => None,
        };
        let wish = Wish::Subscribe { job: job_id.to_owned(), from };
        match self.jobs.get(job_id).map_or(Permission::No, |job| self.may_observe(&asker.session, job)) {
            Permission::Yes => self.wished(asker, &wish, &[true], now),
            Permission::No => self.wished(asker, &wish, &[false], now),
            Permission::Ask { same_session } => self.ask(
                Question { asker: asker.clone(), wish, jobs: vec![job_id.to_owned()] },
                "observe",
                same_session,
            ),
        }
    }

    /// Subscribes, or says that there is no such job: whether there is one is nobody else's business (rule 28).
    pub(super) fn subscribe_to(
        &mut self,
        asker: &Asker,
        job_id: &str,
        from: Option<i64>,
        is_allowed: bool,
        now: Time,
    ) -> Result<(), Refusal> {
        let watched = |job: &&super::job::Job| {
            job.followers.iter().any(|follower| follower.has_subscribed && follower.session == asker.session)
        };
        if self.jobs.values().filter(watched).count() >= self.limits.subscriptions {
            return Err(Refusal { code: ArcpCode::InternalError, member: Some("too many subscriptions") });
        }
        let job = self.jobs.get(job_id);
        let Some(session) = self.sessions.get(&asker.session) else { return Ok(()) };
        // Each try is on record (rule 113).
        let audit = Audit {
            kind: "arcp.subscribe",
            outcome: if is_allowed && job.is_some() { "allowed" } else { "refused" },
            reason: if is_allowed && job.is_some() { "ok" } else { ArcpCode::JobNotFound.as_str() },
            principal: Some(Rc::clone(&session.owner.key)),
            owner: job.map(|job| Rc::clone(&job.owner.key)),
            session: Some(asker.session.clone()),
            job: job.map(|job| job.id.clone()),
            ..Audit::default()
        };
        let next = session.buffer.last() + 1;
        self.audit(audit);
        let Some(job) = self.jobs.get_mut(job_id).filter(|_| is_allowed) else {
            return Err(Refusal::of(ArcpCode::JobNotFound));
        };
        let mut payload = Members::new()
            .text("request_id", &asker.request)
            .text("job_id", job_id)
            .text("current_status", job.status())
            .text("agent", &job.agent)
            .raw("lease", &job.lease);
        if let Some(constraints) = &job.constraints {
            payload = payload.raw("lease_constraints", constraints);
        }
        let payload = payload
            .raw("parent_job_id", "null")
            .text("trace_id", &job.trace_id)
            .integer("subscribed_from", next)
            .boolean("replayed", from.is_some())
            .end();
        let trace_id = Rc::clone(&job.trace_id);
        let has_ended = job.end.is_some();
        // What a session follows already doesn't come twice.
        match job.follower(&asker.session) {
            Some(follower) => follower.has_subscribed = true,
            None if has_ended => {}
            None => job.followers.push(Follower {
                session: asker.session.clone(),
                has_submitted: false,
                has_subscribed: true,
            }),
        }
        let id = self.ids.next(now);
        let frame = Frame { trace_id: Some(&trace_id), ..Frame::new("job.subscribed", &id, &payload) };
        let text = frame.of_session(&asker.session).of_job(job_id).write();
        self.actions.push_back(Action::Send { conn: asker.conn, text: text.into() });
        if let Some(from) = from {
            self.replay(job_id, &asker.session, from, now);
            if has_ended {
                self.push_end(job_id, &asker.session, now);
            }
        }
        Ok(())
    }

    /// A job's events after `from`, which counts in its submitter's numbers, as new events of a session.
    pub(super) fn replay(&mut self, job_id: &str, session_id: &str, from: i64, now: Time) {
        let (Some(job), Some(session)) = (self.jobs.get(job_id), self.sessions.get(session_id)) else { return };
        let trace_id = Rc::clone(&job.trace_id);
        let past = job.history.iter().filter(|past| past.seq > from && session.takes(&past.kind));
        let payloads: Vec<Rc<str>> = past.map(|past| Rc::clone(&past.payload)).collect();
        for payload in payloads {
            self.push(session_id, "job.event", job_id, &trace_id, &payload, now);
        }
    }

    /// Nothing is said, whether there was a subscription or not.
    pub(super) fn unsubscribe(&mut self, asker: &Asker, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        self.agreed(asker, "subscribe")?;
        let job_id = job_of(envelope)?;
        if let Some(job) = self.jobs.get_mut(job_id) {
            if let Some(follower) = job.follower(&asker.session) {
                follower.has_subscribed = false;
            }
            job.followers.retain(|follower| follower.has_submitted || follower.has_subscribed);
        }
        Ok(())
    }

    /// Refuses what the two sides have not agreed on (rule 10).
    pub(super) fn agreed(&self, asker: &Asker, feature: &str) -> Result<(), Refusal> {
        match self.sessions.get(&asker.session) {
            Some(session) if session.features.has(feature) => Ok(()),
            _ => Err(Refusal::invalid("type")),
        }
    }
}

fn job_of<'e>(envelope: &'e Envelope<'_>) -> Result<&'e str, Refusal> {
    envelope.get("job_id").and_then(Value::as_str).ok_or(Refusal::invalid("job_id"))
}
