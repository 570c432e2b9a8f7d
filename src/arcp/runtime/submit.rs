//! `job.submit` (ARCP 1.1 §7.1, §7.2).

use super::{
    agents::has_version, frame::Requester, history::History, idempotency::fingerprint, job::Job, session::Owner,
    Action, ArcpCode, Audit, Envelope, Frame, Hub, Outcome, Rc, RequestRefusal, Session, Time,
};
use crate::{
    arcp::id::hex,
    json::{Members, Number, Object, Value},
    output::Pieces,
    secret::Hashed,
    time::Span,
};

/// The longest idempotency key, in bytes.
const MAX_KEY: usize = 256;
/// The largest lease, as JSON in bytes.
const MAX_LEASE: usize = 4096;

/// What a submit asks for.
struct Submission<'e> {
    agent: &'e str,
    input: String,
    lease: String,
    /// As JSON, and the instant in it.
    constraints: Option<(String, Time)>,
    /// With the fingerprint of what is asked for.
    key: Option<(&'e str, Hashed)>,
    max_runtime: Option<Span>,
}

impl Hub {
    pub(super) fn submit(
        &mut self,
        requester: &Requester,
        envelope: &Envelope<'_>,
        now: Time,
    ) -> Result<(), RequestRefusal> {
        let outcome = self.try_submit(requester, envelope, now);
        if let Err(refusal) = outcome {
            let principal = self.sessions.get(&requester.session).map(|session| Rc::clone(&session.owner.key));
            self.audit(Audit {
                principal,
                session: Some(requester.session.clone()),
                ..Audit::new("arcp.submit", Outcome::Refused, refusal.reason())
            });
        }
        outcome
    }

    fn try_submit(&mut self, requester: &Requester, envelope: &Envelope<'_>, now: Time) -> Result<(), RequestRefusal> {
        let Some(session) = self.sessions.get(&requester.session) else { return Ok(()) };
        let owner = session.owner.clone();
        let submission = Submission::read(envelope)?;
        // What was not agreed on is not used (rule 10).
        if submission.constraints.is_some() && !session.features.has("lease_expires_at") {
            return Err(RequestRefusal::invalid("lease_constraints"));
        }
        let keyed = submission.key.as_ref();
        if let Some((known, asked)) = keyed.and_then(|(key, asked)| Some((self.keys.get(&owner.key, key)?, asked))) {
            if !known.fingerprint.matches(asked) {
                return Err(RequestRefusal::of(ArcpCode::DuplicateKey));
            }
            let (job, accepted) = (known.job.clone(), Rc::clone(&known.accepted));
            self.submitted_again(requester, &job, &accepted, now);
            return Ok(());
        }
        let agent = self.agent_for(session, &submission, now)?;
        let last_seq = session.buffer.last();
        self.check_room_for_job(&owner)?;
        self.make_room_for_job(&owner, now)?;
        let mut job = self.new_job(requester, owner, agent, envelope.trace_id(), &submission, now);
        job.last_seq = last_seq;
        if let Some((key, fingerprint)) = submission.key {
            self.keys.put(&job.owner.key, key.to_owned(), fingerprint, &job.id, &job.accepted, now);
            self.is_due_no_more();
        }
        self.start(requester, job, submission.input, now);
        Ok(())
    }

    /// The key of the agent that a submission names, if its session may name it so.
    fn agent_for(&self, session: &Session, submission: &Submission<'_>, now: Time) -> Result<Rc<str>, RequestRefusal> {
        let agent = self.agents.resolve(submission.agent)?.into();
        if has_version(submission.agent) && !session.features.has("agent_versions") {
            return Err(RequestRefusal::invalid("agent"));
        }
        if submission.constraints.as_ref().is_some_and(|(_, at)| *at <= now) {
            return Err(RequestRefusal::invalid("lease_constraints"));
        }
        Ok(agent)
    }

    fn check_room_for_job(&self, owner: &Owner) -> Result<(), RequestRefusal> {
        let (mut running, mut own) = (0, 0);
        for job in self.jobs.values().filter(|job| job.end.is_none()) {
            running += 1;
            own += usize::from(job.owner.key == owner.key);
        }
        if own >= self.limits.jobs || running >= self.limits.all_jobs {
            let most = if own >= self.limits.jobs { self.limits.jobs } else { self.limits.all_jobs };
            return Err(RequestRefusal::too_many(ArcpCode::InternalError, "jobs", most));
        }
        Ok(())
    }

    fn new_job(
        &mut self,
        requester: &Requester,
        owner: Owner,
        agent: Rc<str>,
        trace_id: Option<&str>,
        submission: &Submission<'_>,
        now: Time,
    ) -> Job {
        let id = format!("job_{}", self.ids.next(now));
        // Made up where the client has none (rule 143). It is no secret.
        let trace_id: Rc<str> = trace_id.map_or_else(|| hex(&self.ids.trace_id()).into(), Rc::from);
        let mut accepted = Members::new().text("job_id", &id).text("agent", &agent).raw("lease", &submission.lease);
        if let Some((constraints, _)) = &submission.constraints {
            accepted = accepted.raw("lease_constraints", constraints);
        }
        let accepted = accepted.text("accepted_at", &now.to_rfc3339()).text("trace_id", &trace_id).end();
        let max_runtime = submission.max_runtime.unwrap_or(self.limits.max_runtime).min(self.limits.max_runtime);
        Job {
            id,
            session: requester.session.clone(),
            agent,
            trace_id,
            lease: submission.lease.as_str().into(),
            constraints: submission.constraints.as_ref().map(|(text, _)| text.as_str().into()),
            accepted: accepted.into(),
            created: now,
            followers: Vec::new(),
            history: History::default(),
            last_seq: 0,
            chunks: None,
            pieces: Pieces::default(),
            reported: 0,
            ends_at: now.plus(max_runtime),
            lease_ends: submission.constraints.as_ref().map(|(_, at)| *at),
            cancelled_until: None,
            is_paused: false,
            end: None,
            stored: None,
            owner,
        }
    }

    /// Keeps a new job, says so, and has its agent run.
    fn start(&mut self, requester: &Requester, mut job: Job, input: String, now: Time) {
        let (id, agent, lease) = (job.id.clone(), Rc::clone(&job.agent), Rc::clone(&job.lease));
        let (trace_id, accepted) = (Rc::clone(&job.trace_id), Rc::clone(&job.accepted));
        job.follow(&requester.session, job.here(), true);
        self.audit(Audit {
            principal: Some(Rc::clone(&job.owner.key)),
            session: Some(requester.session.clone()),
            job: Some(id.clone()),
            agent: Some(Rc::clone(&agent)),
            trace_id: Some(Rc::clone(&trace_id)),
            ..Audit::new("arcp.submit", Outcome::Allowed, "ok")
        });
        self.kept += job.bytes();
        self.is_due_at(job.lease_ends.into_iter().chain([job.ends_at]).min());
        self.jobs.insert(job);
        self.trim_jobs(now);
        self.accept(requester, &id, &trace_id, &accepted, now);
        self.actions.push_back(Action::Run { job: id, agent, input, lease, trace_id });
    }

    /// `job.accepted`: the payload is the same each time, but for the request's id, by which clients find their call.
    pub(super) fn accept(&mut self, requester: &Requester, job_id: &str, trace_id: &str, accepted: &str, now: Time) {
        let request = Members::new().text("request_id", &requester.request_id).end();
        let payload = match (accepted.strip_suffix('}'), request.strip_prefix('{')) {
            (Some(head), Some(tail)) => format!("{head},{tail}"),
            _ => accepted.to_owned(),
        };
        let id = self.ids.next(now);
        let frame = Frame { trace_id: Some(trace_id), ..Frame::new("job.accepted", &id, &payload) };
        let text = frame.of_session(&requester.session).of_job(job_id).write();
        self.deliver(requester.conn, text.into());
    }
}

impl<'e> Submission<'e> {
    fn read(envelope: &'e Envelope<'_>) -> Result<Self, RequestRefusal> {
        // A null is as good as nothing.
        let member = |name| envelope.get(name).filter(|value| **value != Value::Null);
        let agent = member("agent").and_then(Value::as_str).ok_or(RequestRefusal::invalid("agent"))?;
        let mut input = String::new();
        envelope.get("input").unwrap_or(&Value::Null).write(&mut input);
        let mut lease = String::from("{}");
        if let Some(value) = member("lease_request") {
            lease.clear();
            value.write(&mut lease);
            let is_lease = value.as_object().is_some_and(is_lease) && lease.len() <= MAX_LEASE;
            is_lease.then_some(()).ok_or(RequestRefusal::invalid("lease_request"))?;
        }
        let constraints = match member("lease_constraints") {
            None => None,
            Some(value) => constraints(value)?,
        };
        let key = match member("idempotency_key") {
            None => None,
            Some(Value::String(key)) if (1..=MAX_KEY).contains(&key.len()) => Some(key.as_ref()),
            Some(_) => return Err(RequestRefusal::invalid("idempotency_key")),
        };
        let max_runtime = match member("max_runtime_sec") {
            None => None,
            Some(value) => {
                let seconds = value.as_number().map(Number::as_f64).filter(|seconds| (0.001..=1e9).contains(seconds));
                let seconds = seconds.ok_or(RequestRefusal::invalid("max_runtime_sec"))?;
                Some(Span::from_millis((seconds * 1000.0) as i64))
            }
        };
        let names = ["agent", "input", "lease_request", "lease_constraints", "max_runtime_sec"];
        let key = key.map(|key| (key, fingerprint(&names.map(|name| envelope.get(name)))));
        Ok(Self { agent, input, lease, constraints, key, max_runtime })
    }
}

/// Namespaces with lists of patterns. Budgets and models are not offered, so a lease that names them is not granted: nothing here
/// would hold an agent to it (rule 10, 136).
fn is_lease(lease: &Object<'_>) -> bool {
    lease.iter().all(|(name, patterns)| {
        !matches!(name, "cost.budget" | "model.use")
            && patterns.as_array().is_some_and(|items| items.iter().all(|item| item.as_str().is_some()))
    })
}

/// `{ expires_at }` (ARCP 1.1 §9.5): UTC with a `Z`. That it is in the future is asked of new jobs only.
fn constraints(value: &Value<'_>) -> Result<Option<(String, Time)>, RequestRefusal> {
    let wrong = RequestRefusal::invalid("lease_constraints");
    let object = value.as_object().ok_or(wrong)?;
    let text = match object.get("expires_at") {
        None | Some(Value::Null) => return if object.is_empty() { Ok(None) } else { Err(wrong) },
        Some(value) => value.as_str().ok_or(wrong)?,
    };
    // A constraint that isn't known can't be kept.
    if object.len() != 1 {
        return Err(wrong);
    }
    let at = Time::from_rfc3339(text).ok_or(wrong)?;
    Ok(Some((Members::new().text("expires_at", text).end(), at)))
}
