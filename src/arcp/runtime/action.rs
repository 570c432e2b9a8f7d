//! What a hub wants done.

use std::rc::Rc;

use super::changes::Changes;
use crate::{arcp::close::Close, audit::Outcome};

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
    /// Keep this with the connection's socket, for when it outlives the hub ([`super::Hub::handle_reattached`]).
    Attach {
        /// The connection.
        conn: u32,
        /// A line without a secret.
        attachment: String,
    },
    /// Write this, in one transaction, before anything else is done. Where that fails, nothing of what comes after it may be done:
    /// the hub is dropped, and what the storage has is what there is.
    Store(Box<Changes>),
    /// For the audit log.
    Audit(Audit),
}

/// A line for the audit log. No secret, no input and no output is in it.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What happened, such as `arcp.submit`.
    pub kind: &'static str,
    /// What became of it.
    pub outcome: Outcome,
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

impl Audit {
    /// A line that says no more than this.
    pub(super) const fn new(kind: &'static str, outcome: Outcome, reason: &'static str) -> Self {
        Self {
            kind,
            outcome,
            reason,
            principal: None,
            owner: None,
            session: None,
            job: None,
            agent: None,
            trace_id: None,
            detail: None,
        }
    }
}
