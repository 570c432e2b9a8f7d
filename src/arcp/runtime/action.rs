//! What a hub wants done.

use std::rc::Rc;

use crate::{arcp::close::Close, json::Members};

/// Something for the platform to do.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send a frame.
    Send {
        /// The connection.
        conn: u32,
        /// The frame.
        text: Rc<str>,
    },
    /// Close a connection.
    Close {
        /// The connection.
        conn: u32,
        /// How.
        close: Close,
    },
    /// Run an agent, and report what it says. Neither principal nor token is in it.
    Run {
        /// The job.
        job: String,
        /// The agent's key: `name` or `name@version`.
        agent: Rc<str>,
        /// Its input, as JSON.
        input: String,
        /// Its lease, as JSON.
        lease: Rc<str>,
        /// `trace_id`
        trace_id: Rc<str>,
    },
    /// Signal an agent to end.
    Abort {
        /// The job.
        job: String,
        /// `cancelled`, `timeout` or `lease_expired`.
        reason: &'static str,
    },
    /// Don't ask an agent for more until `Resume`: whoever reads its events is behind.
    Pause {
        /// The job.
        job: String,
    },
    /// See `Pause`.
    Resume {
        /// The job.
        job: String,
    },
    /// Ask the policy, and answer.
    AskPolicy {
        /// What the answer names.
        question: u32,
        /// `observe` or `cancel`.
        what: &'static str,
        /// The jobs, each as JSON.
        jobs: Vec<String>,
        /// Who wants to, as JSON.
        principal: Rc<str>,
        /// Whether the session submitted the job.
        same_session: bool,
    },
    /// For the audit log.
    Audit(Audit),
}

/// A line for the audit log. No secret, no input and no output is in it.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// What happened, such as `arcp.submit`.
    pub kind: &'static str,
    /// `allowed`, `refused`, `failed`, `completed` or `cut`
    pub outcome: &'static str,
    /// A stable name.
    pub reason: &'static str,
    /// The principal's key.
    pub principal: Option<Rc<str>>,
    /// The key of the principal whose job it is, where it is another's.
    pub owner: Option<Rc<str>>,
    /// The session.
    pub session: Option<String>,
    /// The job.
    pub job: Option<String>,
    /// The agent.
    pub agent: Option<Rc<str>>,
    /// `trace_id`
    pub trace_id: Option<Rc<str>>,
    /// What is wrong, in a sentence that quotes nothing.
    pub detail: Option<String>,
}

impl Action {
    /// The action as JSON, for JavaScript.
    pub fn to_json(&self) -> String {
        match self {
            Self::Send { conn, text } => say("send").integer("conn", (*conn).into()).text("text", text).end(),
            Self::Close { conn, close } => say("close")
                .integer("conn", (*conn).into())
                .integer("code", close.code().into())
                .text("reason", close.reason())
                .end(),
            Self::Run { job, agent, input, lease, trace_id } => say("run")
                .text("job", job)
                .text("agent", agent)
                .raw("input", input)
                .raw("lease", lease)
                .text("traceId", trace_id)
                .end(),
            Self::Abort { job, reason } => say("abort").text("job", job).text("reason", reason).end(),
            Self::Pause { job } => say("pause").text("job", job).end(),
            Self::Resume { job } => say("resume").text("job", job).end(),
            Self::AskPolicy { question, what, jobs, principal, same_session } => say("askPolicy")
                .integer("question", (*question).into())
                .text("what", what)
                .raw("jobs", &format!("[{}]", jobs.join(",")))
                .raw("principal", principal)
                .boolean("sameSession", *same_session)
                .end(),
            Self::Audit(audit) => say("audit").raw("event", &audit.to_json()).end(),
        }
    }
}

fn say(what: &str) -> Members {
    Members::new().text("do", what)
}

impl Audit {
    fn to_json(&self) -> String {
        let mut event =
            Members::new().text("type", self.kind).text("outcome", self.outcome).text("reason", self.reason);
        for (name, value) in [
            ("principal", self.principal.as_deref()),
            ("owner", self.owner.as_deref()),
            ("session", self.session.as_deref()),
            ("job", self.job.as_deref()),
            ("targetAgent", self.agent.as_deref()),
            ("traceId", self.trace_id.as_deref()),
            ("detail", self.detail.as_deref()),
        ] {
            if let Some(value) = value {
                event = event.text(name, value);
            }
        }
        event.end()
    }
}
