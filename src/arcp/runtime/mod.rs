//! The embedded runtime (ARCP 1.1): the sessions and jobs of one hub, without I/O.
//!
//! Sockets, agents, the clock and random bytes are outside. [`Hub`] keeps the contract of [`Machine`]; its inputs stand here, and
//! what comes of each in a file of its own.
//!
//! ```text
//!              hello                    connection lost                  window over, or goodbye
//!   (nobody) ───────▶ session, connected ─────────────▶ session, waiting ───────────────────────▶ forgotten
//!                           ▲                                 │
//!                           └──────── hello with a resume ────┘
//!
//!              submit             agent's first word           its end, a cancel, a timeout
//!   (nothing) ───────▶ job, pending ─────────────▶ job, running ──────────────────────────▶ job, ended ───▶ forgotten
//! ```
//!
//! Read downwards: `limits`, `agents` and `action` are what goes in and out; `buffer`, `session`, `job`, `history` and
//! `idempotency` are what is kept; `flow_control` is how much of it is under way; then one file for each thing that happens: `connection`
//! and `resume`, `frame` (priced by `meter`), `submit`, `cancel`, `subscribe`, `listing` (by a `filter`), `policy`, `report` (what an agent
//! says, checked by `output`), `emit`, `timeouts`.

mod action;
mod agents;
mod limits;

mod buffer;
mod history;
mod idempotency;
mod job;
mod refusal;
mod session;

mod cancel;
mod connection;
mod emit;
mod filter;
mod flow_control;
mod frame;
mod listing;
mod policy;
mod report;
mod resume;
mod submit;
mod subscribe;
mod timeouts;

use std::{cell::Cell, collections::VecDeque, convert::Infallible, rc::Rc};

pub use action::{Action, Audit};
pub use connection::PRINCIPAL_SCHEME;
pub use limits::{Bounds, CONFIGURABLE};
pub use report::Unwritten;

use self::{
    agents::Agents,
    flow_control::Conn,
    frame::Meter,
    idempotency::Keys,
    job::Job,
    limits::Limits,
    policy::Question,
    refusal::RequestRefusal,
    session::{Session, Table},
};
use super::{
    close::Close,
    envelope::{Envelope, Frame},
    errors::ArcpCode,
    features::Features,
    id::Ids,
};
use crate::{
    audit::Outcome,
    config::{self, Reader},
    error::Error,
    json::Value,
    machine::Machine,
    time::Time,
};

/// What this runtime can. Heartbeats are the gate's; budgets, models and credentials are nobody's here, so they are not offered.
const FEATURES: [&str; 7] =
    ["ack", "list_jobs", "subscribe", "lease_expires_at", "progress", "result_chunk", "agent_versions"];

/// The sessions and jobs of one hub.
#[derive(Debug)]
pub struct Hub {
    agents: Agents,
    limits: Limits,
    has_policy: bool,
    features: Features,
    ids: Ids,
    sessions: Table<Session>,
    /// Connections with their sessions.
    conns: Vec<Conn>,
    jobs: Table<Job>,
    keys: Keys,
    questions: Vec<(u32, Question)>,
    last_question: u32,
    /// What principals have had done.
    meters: Vec<Meter>,
    actions: VecDeque<Action>,
    /// Bytes in the sessions' buffers.
    buffered: usize,
    /// Bytes that jobs keep.
    kept: usize,
    /// When what is old was last looked for.
    swept: Time,
    /// When the first of all that ends with time is due; `None` where that has to be looked for.
    due: Cell<Option<Option<Time>>>,
}

impl Hub {
    /// A hub. `config` is JSON: `agents` (names), `policy` (whether there is one), and what `limits` reads. `seed` makes ids
    /// unique, and no secrets.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the key and the fix.
    pub fn new(config: &str, seed: u64) -> Result<Self, Error> {
        let options = config::object(config, "")?;
        let mut reader = Reader::new("", &options);
        let agents = Agents::read(&mut reader)?;
        let limits = Limits::read(&mut reader)?;
        let has_policy = reader.take("policy").and_then(Value::as_bool) == Some(true);
        reader.finish()?;
        Ok(Self {
            features: Features::new(FEATURES),
            agents,
            limits,
            has_policy,
            ids: Ids::new(seed),
            sessions: Table::default(),
            conns: Vec::new(),
            jobs: Table::default(),
            keys: Keys::default(),
            questions: Vec::new(),
            last_question: 0,
            meters: Vec::new(),
            actions: VecDeque::new(),
            buffered: 0,
            kept: 0,
            swept: Time::EPOCH,
            due: Cell::new(None),
        })
    }

    /// A connection says hello; `random` is what its resume token is made of. `reports_credit`: whoever carries the frames tells what has
    /// left for the client ([`Hub::handle_credit`]).
    pub fn handle_hello(&mut self, conn: u32, hello: &str, random: &[u8; 32], reports_credit: bool, now: Time) {
        self.connected(conn, hello, random, reports_credit, now);
    }

    /// A frame of a connection that has said hello.
    pub fn handle_frame(&mut self, conn: u32, text: &str, now: Time) {
        self.frame(conn, text, now);
    }

    /// So many frames have left for the client of a paced connection.
    pub fn handle_credit(&mut self, conn: u32, frames: u32, now: Time) {
        self.credited(conn, frames, now);
    }

    /// A connection is gone.
    pub fn handle_closed(&mut self, conn: u32, now: Time) {
        self.disconnected(conn, now);
    }

    /// The policy's answer to [`Action::AskPolicy`]: whether each of the jobs is allowed.
    pub fn handle_policy_answer(&mut self, question: u32, allowed: &[bool], now: Time) {
        self.policy_answered(question, allowed, now);
    }

    /// An agent reports an event, as JSON.
    pub fn handle_event(&mut self, job_id: &str, event: &str, now: Time) {
        self.event(job_id, event, now);
    }

    /// An agent gave something that can't be written: an event, or what it returned.
    pub fn handle_unwritten(&mut self, job_id: &str, what: Unwritten<'_>, is_output: bool, now: Time) {
        self.unwritten(job_id, what, is_output, now);
    }

    /// An agent has ended; without an output, what it returned can't be told.
    pub fn handle_output(&mut self, job_id: &str, output: Option<&str>, now: Time) {
        self.output(job_id, output, now);
    }

    /// An agent has failed.
    pub fn handle_failure(&mut self, job_id: &str, code: &str, message: Option<&str>, now: Time) {
        self.failed(job_id, code, message, now);
    }

    /// An agent's run is over because it was told to end.
    pub fn handle_abort(&mut self, job_id: &str, now: Time) {
        self.aborted(job_id, now);
    }

    /// The largest event or output, as JSON in bytes: more need not be handed in ([`Self::handle_unwritten`]).
    pub const fn payload_bytes(&self) -> usize {
        self.limits.payload_bytes
    }

    /// How many bytes events and results take, for tests and metrics.
    pub const fn held_bytes(&self) -> usize {
        self.buffered + self.kept
    }

    /// How many sessions and jobs there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.sessions.len(), self.jobs.len())
    }

    /// The session of a connection.
    fn session_on(&self, conn: u32) -> Option<&str> {
        self.conns.iter().find(|own| own.id == conn).map(|own| own.session.as_str())
    }

    fn forget_conn(&mut self, conn: u32) {
        self.conns.retain(|own| own.id != conn);
        self.questions.retain(|(_, question)| question.conn() != conn);
    }

    fn audit(&mut self, audit: Audit) {
        self.actions.push_back(Action::Audit(audit));
    }

    /// That a session asks for a job, which need not be its own, nor be there.
    fn audit_lookup(&mut self, kind: &'static str, session_id: &str, job_id: &str, is_allowed: bool) {
        let job = self.jobs.get(job_id);
        let (outcome, reason) = match job {
            Some(_) if is_allowed => (Outcome::Allowed, "ok"),
            _ => (Outcome::Refused, ArcpCode::JobNotFound.as_str()),
        };
        self.audit(Audit {
            principal: self.sessions.get(session_id).map(|session| Rc::clone(&session.owner.key)),
            owner: job.map(|job| Rc::clone(&job.owner.key)),
            session: Some(session_id.to_owned()),
            job: job.map(|job| job.id.clone()),
            ..Audit::new(kind, outcome, reason)
        });
    }

    /// Sends a frame that is no event.
    fn send(&mut self, conn: u32, session_id: &str, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let text = Frame::new(kind, &id, payload).of_session(session_id).write();
        self.deliver(conn, text.into());
    }

    fn close(&mut self, conn: u32, close: Close) {
        self.actions.push_back(Action::Close { conn, close });
    }

    /// Tells why a request is refused. The request's id goes with it: without it, nobody knows which one it was.
    fn refuse(&mut self, conn: u32, session_id: &str, request_id: &str, refusal: RequestRefusal, now: Time) {
        let payload = refusal.payload(Some(request_id));
        self.send(conn, session_id, "session.error", &payload, now);
    }
}

impl Machine for Hub {
    type Action = Action;
    /// The application behind a hub is its agents, and what they are told are actions.
    type Event = Infallible;

    fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn poll_event(&mut self) -> Option<Infallible> {
        None
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.deadline()
    }

    fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
    }
}
