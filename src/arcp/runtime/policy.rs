//! Who may watch and cancel a job (ARCP 1.1 §6.6, §7.6, §14): whoever submitted it, unless the application has a policy.
//!
//! A policy is the application's function, so it is asked by an action and its answer comes as an input. Only what is known to
//! exist is asked about, and a refusal reads like a job that doesn't.

use super::{filter::Filter, frame::Requester, job::Job, Action, ArcpCode, Hub, Rc, RequestRefusal, Time};
use crate::json::Members;

/// Questions that wait for their answer, of one connection.
const MAX_QUESTIONS: usize = 16;

/// Whether something is allowed.
pub(super) enum Permission {
    Yes,
    No,
    /// The policy decides.
    AskPolicy {
        same_session: bool,
    },
}

/// What a session requests of a job.
#[derive(Clone, Debug)]
pub(super) enum JobRequest {
    Cancel { job: String, reason: Option<String> },
    Subscribe { job: String, from: Option<i64> },
    List(Filter),
}

/// A request that waits for the policy.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) requester: Requester,
    pub(super) request: JobRequest,
    /// What is asked about, in order.
    pub(super) jobs: Vec<String>,
}

impl Question {
    pub(super) const fn conn(&self) -> u32 {
        self.requester.conn
    }
}

impl Hub {
    /// Asks the policy.
    pub(super) fn ask_policy(
        &mut self,
        question: Question,
        what: &'static str,
        same_session: bool,
    ) -> Result<(), RequestRefusal> {
        let Some(session) = self.sessions.get(&question.requester.session) else { return Ok(()) };
        if self.questions.iter().filter(|(_, other)| other.conn() == question.conn()).count() >= MAX_QUESTIONS {
            return Err(RequestRefusal::too_many(ArcpCode::InternalError, "questions", MAX_QUESTIONS));
        }
        let jobs = question.jobs.iter().filter_map(|id| self.jobs.get(id)).map(info).collect();
        let principal = Rc::clone(&session.owner.json);
        self.last_question = self.last_question.wrapping_add(1);
        self.actions.push_back(Action::AskPolicy { question: self.last_question, what, jobs, principal, same_session });
        self.questions.push((self.last_question, question));
        Ok(())
    }

    /// The policy's answer, one for each job. What is missing is a no.
    pub(super) fn policy_answered(&mut self, question: u32, allowed: &[bool], now: Time) {
        self.advance(now);
        let Some(at) = self.questions.iter().position(|(number, _)| *number == question) else { return };
        let (_, Question { requester, request, jobs }) = self.questions.remove(at);
        // A subscription's first answer is about the job; of a list, those that may be seen.
        let allowed: Vec<bool> = (0..jobs.len()).map(|at| allowed.get(at) == Some(&true)).collect();
        let outcome = match request {
            JobRequest::List(mut filter) => {
                let seen = jobs.into_iter().zip(allowed).filter_map(|(job, is_allowed)| is_allowed.then_some(job));
                filter.allowed = Some(seen.collect());
                self.perform(&requester, &JobRequest::List(filter), &[], now)
            }
            request => self.perform(&requester, &request, &allowed, now),
        };
        if let Err(refusal) = outcome {
            self.refuse(requester.conn, &requester.session, &requester.request_id, refusal, now);
        }
    }

    /// Does what is allowed.
    pub(super) fn perform(
        &mut self,
        requester: &Requester,
        request: &JobRequest,
        allowed: &[bool],
        now: Time,
    ) -> Result<(), RequestRefusal> {
        let is_allowed = allowed.first() == Some(&true);
        match request {
            JobRequest::Cancel { job, reason } => self.cancel_job(requester, job, reason.as_deref(), is_allowed, now),
            JobRequest::Subscribe { job, from } => self.subscribe_to(requester, job, *from, is_allowed, now),
            JobRequest::List(filter) => {
                self.list(requester, filter, now);
                Ok(())
            }
        }
    }

    /// Whether a session may watch a job.
    pub(super) fn may_observe(&self, session_id: &str, job: &Job) -> Permission {
        match self.sessions.get(session_id) {
            Some(session) if session.owner.key == job.owner.key => Permission::Yes,
            Some(_) if self.has_policy => Permission::AskPolicy { same_session: false },
            _ => Permission::No,
        }
    }
}

/// What a policy sees of a job.
fn info(job: &Job) -> String {
    let mut created = String::new();
    job.created.write_seconds(&mut created);
    Members::new()
        .text("id", &job.id)
        .text("agent", &job.agent)
        .text("status", job.status())
        .raw("createdAt", &created)
        .text("traceId", &job.trace_id)
        .raw("principal", &job.owner.json)
        .end()
}
