//! Who may watch and cancel a job (ARCP 1.1 §6.6, §7.6, §14): whoever submitted it, unless the application has a policy.
//!
//! A policy is the application's function, so it is asked by an action and its answer comes as an input. A refusal reads like a job
//! that doesn't exist, and is as much work: where there is no such job, the policy is asked about a stand-in, whatever it says
//! then. Without that, the time until the answer, and which question is one too many, would tell the two apart (rule 28).

use super::{filter::Filter, frame::Requester, job::Job, Action, ArcpCode, Hub, Rc, RequestRefusal, Time};
use crate::{
    json::Members,
    principal::{Kind, Principal},
};

/// Questions that wait for their answer, of one connection.
const MAX_QUESTIONS: usize = 16;

/// The longest id of a job that is looked for: those that are given out are shorter.
const MAX_ID: usize = 64;

/// The job that a list asks about where there is no other: no job has this id.
pub(super) const NO_JOB: &str = "job_00000000000000000000000000";

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
    Cancel {
        job: String,
        reason: Option<String>,
    },
    Subscribe {
        job: String,
        from: Option<i64>,
    },
    List(Filter),
    /// To be sent what it follows, after a resume.
    GoOn,
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
        now: Time,
    ) -> Result<(), RequestRefusal> {
        let Some(session) = self.sessions.get(&question.requester.session) else { return Ok(()) };
        if self.has_all_questions(question.conn()) {
            return Err(RequestRefusal::too_many(ArcpCode::InternalError, "questions", MAX_QUESTIONS));
        }
        let jobs = question.jobs.iter().map(|id| self.info(id, now)).collect();
        let principal = Rc::clone(&session.owner.json);
        self.last_question = self.last_question.wrapping_add(1);
        self.actions.push_back(Action::AskPolicy { question: self.last_question, what, jobs, principal, same_session });
        self.questions.push((self.last_question, question));
        Ok(())
    }

    /// Whether so many of a connection's questions wait that one more is refused. Whoever takes several frames before it does what
    /// comes of them has the policy asked first: what nobody was asked yet is no reason for a refusal.
    pub fn has_all_questions(&self, conn: u32) -> bool {
        self.questions.iter().filter(|(_, question)| question.conn() == conn).count() >= MAX_QUESTIONS
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
            JobRequest::GoOn => {
                let denied = jobs.into_iter().zip(allowed).filter_map(|(job, is_allowed)| (!is_allowed).then_some(job));
                self.gone_on(&requester, &denied.collect::<Vec<_>>(), now);
                Ok(())
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
            JobRequest::GoOn => Ok(()),
        }
    }

    /// The job of this id, if it is this session's principal's.
    pub(super) fn own_job(&self, session_id: &str, job_id: &str) -> Option<&Job> {
        let session = self.sessions.get(session_id)?;
        self.jobs.get(job_id).filter(|job| job.owner.key == session.owner.key)
    }

    /// What is to be done about a job that isn't the session's principal's, or isn't there.
    pub(super) fn permission_for_others(&self, job_id: &str) -> Permission {
        if self.has_policy && is_id(job_id) {
            Permission::AskPolicy { same_session: false }
        } else {
            Permission::No
        }
    }

    /// Whether the session that submitted a job is over: its client has closed it, or can't resume it any more.
    pub(super) fn is_orphaned(&self, job: &Job) -> bool {
        self.sessions.get(&job.session).is_none_or(|submitter| submitter.is_over)
    }

    /// What a policy sees of a job, or of the stand-in for one that doesn't exist.
    fn info(&self, id: &str, now: Time) -> String {
        let job = self.jobs.get(id);
        let mut created = String::new();
        job.map_or(now, |job| job.created).write_seconds(&mut created);
        Members::with_capacity(1024)
            .text("id", id)
            .text("agent", job.map_or(&self.stand_in.agent, |job| &job.agent))
            .text("status", job.map_or("running", Job::status))
            .raw("createdAt", &created)
            .text("traceId", job.map_or(&self.stand_in.trace_id, |job| &job.trace_id))
            .boolean("orphaned", job.is_some_and(|job| self.is_orphaned(job)))
            .raw("principal", job.map_or(&self.stand_in.principal, |job| &job.owner.json))
            .end()
    }
}

/// Whether a text may be a job's id.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID
        && text.starts_with("job_")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What a policy is shown where there is no job: it looks like one of somebody's who has nothing.
#[derive(Debug)]
pub(super) struct StandIn {
    agent: Rc<str>,
    trace_id: Rc<str>,
    /// As JSON.
    principal: Rc<str>,
}

impl StandIn {
    pub(super) fn new(agent: &str, trace_id: &str) -> Self {
        let mut principal = String::new();
        Principal::new(Kind::Anonymous, None, "nobody").write_json(&mut principal);
        Self { agent: agent.into(), trace_id: trace_id.into(), principal: principal.into() }
    }
}
