//! The client's side of a session (ARCP 1.1), without sockets, timers and tokens.
//!
//! [`Client`] keeps the contract of [`Machine`]; its inputs stand here, and what comes of each in a file of its own.
//!
//! ```text
//!          start           opened            welcome              close             closed
//!   Idle ────────▶ Dialing ───────▶ Greeting ────────▶ Open ────────────────▶ Closing ───────▶ Closed
//!                     ▲ │               │             │ ▲  │
//!            a pause  │ │ lost          │ lost        │ │  │ a connection with a fresh token is ready
//!             is over │ ▼               ▼             │ │  ▼
//!                    Waiting ◀────────────────────────┘ │ Switching ──▶ Greeting, on the other connection
//!                                                  lost └── welcome, resumed
//! ```
//!
//! Whatever can't be mended leads to `Closed`, from each of them. A connection is not a session: what a welcome gave stays until
//! the runtime refuses to take it up again. Jobs and requests outlive both, as far as the protocol lets them.
//!
//! Read downwards: `options` is what the application asks for, and [`address`] where; `action` what comes out, `fault` what goes wrong; `jobs` and
//! `requests` are what is kept, `state` where the session stands. Then one file for each thing that happens: a connection is made
//! (`dial`, `welcome`), lost (`disconnect`), made again (`retry`), replaced (`renew`) or given up (`end`); requests leave
//! (`send_requests`) and are answered (`answers`, `subscriptions`); frames come (`frames`), in order (`sequence`), and are handed
//! over (`deliver`) as fast as somebody reads (`backpressure`). What can't be read or passed on (`unreadable`, `not_passed`) and
//! what a runtime doesn't replay (`reconcile`, `listing`) is looked for, and told when it is lost. What comes out (`output`) waits in
//! the `outbox`.

pub mod address;

mod action;
mod fault;
mod options;

mod keepalive;
mod payload_check;
mod payloads;

mod jobs;
mod requests;

mod answers;
mod backpressure;
mod deliver;
mod dial;
mod disconnect;
mod end;
mod frames;
mod listing;
mod not_passed;
mod outbox;
mod output;
mod reconcile;
mod recovery;
mod renew;
mod retry;
mod send_requests;
mod sequence;
mod state;
mod subscriptions;
mod timers;
mod unreadable;
mod welcome;

use std::collections::VecDeque;

pub use action::{Action, Event, JobEvent, JobResult, Lost, LostReason, Opened, Output};
pub use fault::{Fact, Fault};
pub use jobs::Reader;

use self::{
    jobs::Jobs,
    keepalive::Keepalive,
    listing::Listing,
    options::Options,
    outbox::Outbox,
    reconcile::ToReconcile,
    recovery::Recovery,
    requests::{Kind, Requests},
    state::{Attempts, Phase, Renewal, Session, Timers},
};
use super::id::Ids;
use crate::{
    error::Error,
    machine::Machine,
    time::{Monotonic, Time},
};

/// A client's session, over as many connections as it takes.
#[derive(Debug)]
pub struct Client {
    options: Options,
    ids: Ids,
    clock: Monotonic,
    now: Time,
    out: Outbox,
    phase: Phase,
    /// The connection that counts, and the number of the newest one.
    conn: u32,
    newest: u32,
    renewal: Option<Renewal>,
    session: Option<Session>,
    keepalive: Keepalive,
    timers: Timers,
    /// When this connection was welcome.
    opened_at: Time,
    /// When the token of this connection ends.
    token_ends: Option<Time>,
    /// The last number that was acknowledged.
    acked: i64,
    requests: Requests,
    jobs: Jobs,
    /// Whether there was a welcome.
    was_open: bool,
    /// Whether this connection replaces one for the sake of its token.
    is_renewing: bool,
    /// Whether the next token must be another one; whether that was tried since the last quiet time.
    needs_fresh_token: bool,
    has_tried_fresh_token: bool,
    attempts: Attempts,
    recovery: Recovery,
    /// The largest frame that the runtime takes, once it has said so.
    frame_limit: Option<usize>,
    close_reason: String,
    /// Jobs whose end may be lost.
    jobs_to_reconcile: Vec<ToReconcile>,
    /// The list that they are looked for in.
    listing: Listing,
    /// Jobs that have ended, of late.
    ended: VecDeque<String>,
    /// Subscriptions that were given up while there was no connection: the runtime is told on the next one.
    waiting_unsubscribes: VecDeque<String>,
}

impl Client {
    /// A client with these options (JSON), and a seed for ids and pauses.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn new(options: &str, seed: u64) -> Result<Self, Error> {
        Ok(Self {
            options: Options::read(options)?,
            ids: Ids::new(seed),
            clock: Monotonic::new(),
            now: Time::EPOCH,
            out: Outbox::default(),
            phase: Phase::Idle,
            conn: 0,
            newest: 0,
            renewal: None,
            session: None,
            keepalive: Keepalive::default(),
            timers: Timers::default(),
            opened_at: Time::EPOCH,
            token_ends: None,
            acked: 0,
            requests: Requests::default(),
            jobs: Jobs::default(),
            was_open: false,
            is_renewing: false,
            needs_fresh_token: false,
            has_tried_fresh_token: false,
            attempts: Attempts::default(),
            recovery: Recovery::default(),
            frame_limit: None,
            close_reason: String::new(),
            jobs_to_reconcile: Vec::new(),
            listing: Listing::default(),
            ended: VecDeque::new(),
            waiting_unsubscribes: VecDeque::new(),
        })
    }

    /// Begins: connects.
    pub fn handle_start(&mut self, now: Time) {
        self.tick(now);
        self.dial();
    }

    /// A connection gets under way: its token is there.
    pub fn handle_dialing(&mut self, conn: u32, now: Time) {
        self.tick(now);
        self.dialing(conn);
    }

    /// A connection is open, with this token; `ends` is when the token does, by the driver's clock.
    pub fn handle_opened(&mut self, conn: u32, token: Option<&str>, ends: Option<Time>, now: Time) {
        self.tick(now);
        self.opened(conn, token, ends);
    }

    /// A connection is over, or could not be made. `may_retry` is what the application thinks of another one.
    pub fn handle_closed(&mut self, conn: u32, code: u16, may_retry: bool, now: Time) {
        self.tick(now);
        self.connection_closed(conn, code, may_retry);
    }

    /// The source of tokens gave none for a connection.
    pub fn handle_token_failure(&mut self, conn: u32, is_retryable: bool, now: Time) {
        self.tick(now);
        self.token_failed(conn, is_retryable);
    }

    /// The source of tokens has none that lasts longer than the present one.
    pub fn handle_token_unchanged(&mut self, conn: u32, now: Time) {
        self.tick(now);
        self.token_unchanged(conn);
    }

    /// Somebody may be looking, or the network is back: no pause any more, and an open connection has to prove itself.
    pub fn handle_wake_hint(&mut self, now: Time) {
        self.tick(now);
        self.wake_hint();
    }

    /// A text frame.
    pub fn handle_frame(&mut self, conn: u32, text: &str, now: Time) {
        self.tick(now);
        self.frame(conn, text);
    }

    /// A frame that is binary, or too large to be looked at: how it begins, if it is text.
    pub fn handle_broken_frame(&mut self, conn: u32, head: &str, now: Time) {
        self.tick(now);
        self.broken_frame(conn, head);
    }

    /// The application submits a job: `{ agent, input, … }` as it goes over the wire. `is_keyed` when it has an idempotency key.
    /// The request's number; it is refused where the trace id is none.
    pub fn handle_submit(&mut self, payload: &str, trace_id: Option<&str>, is_keyed: bool, now: Time) -> u32 {
        self.tick(now);
        self.submit(payload, trace_id, is_keyed)
    }

    /// It asks for a page of the list of jobs: `{ filter, limit, cursor }`. The request's number.
    pub fn handle_list(&mut self, payload: &str, now: Time) -> u32 {
        self.tick(now);
        self.request(Kind::List, payload, true, |_| {})
    }

    /// It subscribes to a job of another session. A job that is held already is given again. The request's number.
    pub fn handle_subscribe(&mut self, job_id: &str, payload: &str, now: Time) -> u32 {
        self.tick(now);
        self.subscribe(job_id, payload)
    }

    /// It asks for a job's end (ARCP 1.1 §7.4). The request's number.
    pub fn handle_cancel(&mut self, job: u32, reason: &str, now: Time) -> u32 {
        self.tick(now);
        self.cancel(job, reason)
    }

    /// It is done with a job: of a subscription the runtime is told, a job of its own goes on.
    pub fn handle_unsubscribe(&mut self, job: u32, now: Time) {
        self.tick(now);
        self.unsubscribe(job);
    }

    /// What it does with a job's events from now on.
    pub fn handle_reader(&mut self, job: u32, reader: Reader, now: Time) {
        self.tick(now);
        if let Some(job) = self.jobs.get(job) {
            job.set_reader(reader);
        }
        self.release();
    }

    /// It has taken so many of a job's events.
    pub fn handle_read(&mut self, job: u32, count: u32, now: Time) {
        self.tick(now);
        if let Some(job) = self.jobs.get(job) {
            job.read(count);
        }
        self.release();
    }

    /// Nobody waits for this request any more. A job that comes of it is cancelled.
    pub fn handle_abandon(&mut self, request: u32, now: Time) {
        self.tick(now);
        self.abandon(request);
    }

    /// It ends the session (ARCP 1.1 §6.7). Jobs go on.
    pub fn handle_close(&mut self, reason: &str, now: Time) {
        self.tick(now);
        self.close(reason);
    }

    /// The next action or event, in the order in which they came: for drivers that perform and tell at one place. Instead of
    /// `poll_action` and `poll_event`, and like them until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.next()
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    #[inline(never)]
    fn tick(&mut self, now: Time) {
        self.now = self.clock.read(now);
    }
}

impl Machine for Client {
    type Action = Action;
    type Event = Event;

    fn poll_action(&mut self) -> Option<Action> {
        self.out.action()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.out.event()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.deadline()
    }

    fn handle_timeout(&mut self, now: Time) {
        self.tick(now);
        self.wake();
        if matches!(self.phase, Phase::Waiting(until) if until <= self.now) {
            // A pause of no length is over with its beginning.
            self.dial();
        }
    }
}
