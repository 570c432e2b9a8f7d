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
//! Read downwards: `limits`, `agents`, `changes` and `action` are what goes in and out; `buffer`, `session`, `job`, `history` and
//! `idempotency` are what is kept, in a `table` with a `ledger`, and `store` writes what of it survives into rows and a `log`, of which `attachment`
//! is the part that a socket carries; `flow_control` is how much of it is under way; then one file for each thing that happens: `connection`
//! and `resume`, `frame` (priced by `meter`), `submit`, `cancel`, `subscribe`, `listing` (by a `filter`), `policy`, `quota`, `reauthorize`, `report` (what an agent
//! says, checked by `output`), `emit`, `timeouts`. `tell` is how peers and the log hear of it.

mod action;
mod agents;
mod changes;
mod limits;

mod buffer;
mod history;
mod idempotency;
mod job;
mod ledger;
mod log;
mod refusal;
mod session;
mod table;

mod attachment;
mod cancel;
mod connection;
mod emit;
mod filter;
mod flow_control;
mod frame;
mod listing;
mod meter;
mod policy;
mod quota;
mod reauthorize;
mod report;
mod resubmit;
mod resume;
mod store;
mod submit;
mod subscribe;
mod tell;
mod timeouts;

use std::{cell::Cell, collections::VecDeque, convert::Infallible, rc::Rc};

pub use action::{Action, Audit};
pub use changes::{Changes, LogRow, Rows};
pub use connection::PRINCIPAL_SCHEME;
pub use limits::{Bounds, CONFIGURABLE};
pub use report::Unwritten;

use self::{
    agents::Agents,
    flow_control::Conn,
    idempotency::Keys,
    job::Job,
    limits::Limits,
    meter::Meter,
    policy::{Question, StandIn},
    refusal::RequestRefusal,
    session::Session,
    table::Table,
};
use super::{
    close::Close,
    envelope::{Envelope, Frame},
    errors::ArcpCode,
    features::Features,
    id::{hex, Ids},
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
    /// What a policy is asked about where there is no job.
    stand_in: StandIn,
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
    /// Whether there is a storage.
    is_stored: bool,
    /// What the storage has, and nobody knows.
    stray: Changes,
    /// Of jobs that are being restored: the numbers that events got late.
    numbers: Vec<(String, String)>,
    /// Connections whose sockets may have to carry something else.
    to_attach: Vec<u32>,
}

impl Hub {
    /// A hub. `config` is JSON: `agents` (names), `policy` and `storage` (whether there is one), and what `limits` reads. `seed` makes ids
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
        let is_stored = reader.take("storage").and_then(Value::as_bool) == Some(true);
        reader.finish()?;
        let mut ids = Ids::new(seed);
        let mut hub = Self {
            features: Features::new(FEATURES),
            stand_in: StandIn::new(agents.first(), &hex(&ids.trace_id())),
            agents,
            limits,
            has_policy,
            ids,
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
            is_stored,
            stray: Changes::default(),
            numbers: Vec::new(),
            to_attach: Vec::new(),
        };
        hub.watch(is_stored);
        Ok(hub)
    }

    /// Rows that the storage has of a table: `session`, then `job`, `follower` and `known`. `rows` is a JSON array of arrays, in the
    /// columns' order; a table may come in parts. To be called before anything else, on a new hub.
    pub fn handle_stored_rows(&mut self, table: &str, rows: &str) {
        self.restore(table, rows);
    }

    /// Entries that the storage has of a stream ([`LogRow`]), after the rows, each stream in the order of its numbers.
    pub fn handle_stored_log(&mut self, stream: &str, first: i64, last: i64, text: &str) {
        self.restore_log(stream, first, last, text);
    }

    /// A connection has outlived the hub before; `attachment` is what [`Action::Attach`] said last. Gives whether its session has,
    /// too: where it has not, whoever is there has to come anew.
    pub fn handle_reattached(&mut self, conn: u32, attachment: &str) -> bool {
        self.reattached(conn, attachment)
    }

    /// All of that was handed in. Runs do not survive: their jobs end here.
    pub fn handle_restored(&mut self, now: Time) {
        self.restored(now);
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

    /// How many rows the storage has, and roughly their bytes: of a principal by its key, or of all.
    pub fn stored_load(&self, owner: Option<&str>) -> (usize, usize) {
        self.load_of(owner)
    }

    /// How many sessions and jobs there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.sessions.len(), self.jobs.len())
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.sessions.len() == 0 && self.jobs.len() == 0 && self.keys.is_empty()
    }
}

impl Machine for Hub {
    type Action = Action;
    /// The application behind a hub is its agents, and what they are told are actions.
    type Event = Infallible;

    fn poll_action(&mut self) -> Option<Action> {
        // First of all: nobody is told what may be forgotten.
        self.next_store().or_else(|| self.actions.pop_front()).or_else(|| self.next_attachment())
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
