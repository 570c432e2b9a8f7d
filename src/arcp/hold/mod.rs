//! Sessions that are held for a runtime which loses what happens while nobody listens, without I/O. To the gate a hold is the runtime;
//! to the runtime it is a client that never leaves. There is one for each principal.
//!
//! ```text
//!              hello          the upstream's welcome            connection lost                  window over, or too much kept
//!   (nobody) ───────▶ opening ───────────────────────▶ session ─────────────────▶ session, away ──────────────────────▶ forgotten
//!                        │                               ▲                             │
//!                        └──▶ refused                    └────── hello with a resume ──┘
//!
//!   upstream:   Dialling ──▶ Greeting ──▶ Open ──▶ (lost) Backoff ──▶ Dialling …        Over: it has ended the session, or doesn't
//!                                                    └──▶ AwaitingClient ──▶ Dialling         take it up again
//! ```
//!
//! [`Hold`] keeps the contract of [`Machine`]; its inputs stand here, and what comes of each in a file of its own. Read downwards:
//! `limits` and `action` are what goes in and out; `buffer`, `jobs`, `shown`, `submits`, `upstream` and `session` are what is kept, and `store` what of it
//! survives the object; then `client_hello`, `client_frame` and `delivery` (to the client), `link` (the upstream comes and goes),
//! `upstream_frame`, `ends`, `timeouts`.

mod action;
mod limits;

mod buffer;
mod jobs;
mod session;
mod shown;
mod store;
mod submits;
mod upstream;

mod client_frame;
mod client_hello;
mod delivery;
mod ends;
mod link;
mod timeouts;
mod upstream_frame;

use std::{collections::VecDeque, convert::Infallible, rc::Rc};

pub use self::{
    action::{Action, Audit},
    session::Shown,
    store::{Changes, LogRow},
};
use self::{delivery::Conn, limits::Limits, session::Session};
use super::{
    close::Close,
    envelope::{Envelope, Frame},
    errors::ArcpCode,
    id::Ids,
};
use crate::{audit::Outcome, error::Error, machine::Machine, secret::Secret, time::Time};

/// Frames that clients have are dropped from storage when there are so many of them, if nothing is written before.
const MUCH: i64 = 256;

/// The sessions of one principal with a runtime.
#[derive(Debug)]
pub struct Hold {
    limits: Limits,
    ids: Ids,
    sessions: Vec<Session>,
    conns: Vec<Conn>,
    last_number: u32,
    last_link: u32,
    actions: VecDeque<Action>,
    /// Stored sessions that are over, and not dropped yet.
    ended: Vec<String>,
}

impl Hold {
    /// A hold. `config` is JSON: what `limits` reads. `seed` makes ids unique, and no secrets.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the key and the fix.
    pub fn new(config: &str, seed: u64) -> Result<Self, Error> {
        Ok(Self {
            limits: Limits::from_json(config)?,
            ids: Ids::new(seed),
            sessions: Vec::new(),
            conns: Vec::new(),
            last_number: 0,
            last_link: 0,
            actions: VecDeque::new(),
            ended: Vec::new(),
        })
    }

    /// A connection says hello. `credential` is what the client has shown; `random` is what its resume token is made of.
    /// `reports_credit`: whoever carries the frames tells what has left for the client ([`Self::handle_credit`]).
    pub fn handle_hello(
        &mut self,
        conn: u32,
        hello: &str,
        credential: Option<&str>,
        random: &[u8; 32],
        reports_credit: bool,
        now: Time,
    ) {
        self.connected(Conn::new(conn, reports_credit), hello, credential.map(Secret::new), random, now);
    }

    /// A frame of a connection that has said hello.
    pub fn handle_frame(&mut self, conn: u32, text: &str, now: Time) {
        self.client_frame(conn, text, now);
    }

    /// So many frames have left for the client of a paced connection.
    pub fn handle_credit(&mut self, conn: u32, frames: u32, now: Time) {
        self.credited(conn, frames, now);
    }

    /// A connection is gone.
    pub fn handle_closed(&mut self, conn: u32, now: Time) {
        self.disconnected(conn, now);
    }

    /// A socket to the upstream is open, and is to be shown this credential.
    pub fn handle_dialled(&mut self, link: u32, scheme: &str, token: &str, now: Time) {
        self.dialled(link, scheme, token, now);
    }

    /// A socket to the upstream can't be opened; the argument is the error's code.
    pub fn handle_dial_failed(&mut self, link: u32, code: &str, now: Time) {
        self.dial_failed(link, code, now);
    }

    /// A text frame from upstream.
    pub fn handle_upstream_frame(&mut self, link: u32, text: &str, now: Time) {
        self.upstream_frame(link, text, now);
    }

    /// A binary frame from upstream: the protocol has none.
    pub fn handle_upstream_binary(&mut self, link: u32, now: Time) {
        self.unreadable(link, "", now);
    }

    /// The upstream has closed a socket.
    pub fn handle_upstream_closed(&mut self, link: u32, now: Time) {
        self.upstream_closed(link, now);
    }

    /// What was stored of a session: its row. False where it can't be read. Before anything else comes in.
    pub fn handle_stored_session(&mut self, id: &str, stored: &str) -> bool {
        self.restore_session(id, stored)
    }

    /// What was stored of a job, after its session.
    pub fn handle_stored_job(&mut self, session: &str, id: &str, stored: &str) -> bool {
        self.restore_job(session, id, stored)
    }

    /// What was stored of a session's frames, in their order, after its jobs.
    pub fn handle_stored_log(&mut self, session: &str, text: &str) -> bool {
        self.restore_log(session, text)
    }

    /// All that was stored was handed in; no socket of then has survived.
    pub fn handle_restored(&mut self, now: Time) {
        self.restored(now);
    }

    /// Sessions whose client is away while their upstream is there, by its socket: whose credential is to be asked about, which no gate
    /// does meanwhile.
    pub fn away(&self) -> impl Iterator<Item = (u32, Shown)> + '_ {
        let away = self.sessions.iter().filter(|session| session.is_away());
        away.filter_map(|session| Some((session.upstream.link()?, session.shows())))
    }

    /// The credential of who is away was revoked; `link` is the upstream's socket. Nothing is done in its name any more.
    pub fn handle_revoked(&mut self, link: u32, now: Time) {
        self.revoked(link, now);
    }

    /// How many sessions there are.
    pub fn count(&self) -> usize {
        self.sessions.len()
    }

    /// When the first session without a client is to be looked at, even if nothing keeps the object alive until then.
    pub fn wake_at(&self) -> Option<Time> {
        self.sessions.iter().filter(|session| session.conn.is_none()).filter_map(|session| session.ends_at).min()
    }

    fn session(&self, number: u32) -> Option<&Session> {
        self.sessions.iter().find(|session| session.number == number)
    }

    fn session_mut(&mut self, number: u32) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.number == number)
    }

    fn numbers(&self) -> Vec<u32> {
        self.sessions.iter().map(|session| session.number).collect()
    }

    /// The number of one more session.
    fn number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }

    fn audit(&mut self, number: u32, kind: &'static str, outcome: Outcome, reason: &'static str) {
        let Some(session) = self.session(number) else { return };
        let principal = Rc::clone(&session.owner.key);
        let session = Some(session.id.clone()).filter(|id| !id.is_empty());
        self.actions.push_back(Action::Audit(Audit { kind, outcome, reason, principal, session }));
    }
}

impl Machine for Hold {
    type Action = Action;
    /// The application is on the other side of the gate.
    type Event = Infallible;

    /// What was changed is stored before whatever tells of it leaves.
    fn poll_action(&mut self) -> Option<Action> {
        match self.changes() {
            Some(changes) => Some(Action::Store(Box::new(changes))),
            None => self.actions.pop_front(),
        }
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
