//! One client's socket, from the upgrade to its close: inputs and the time go in, [`Action`]s come out.

use std::{collections::VecDeque, convert::Infallible};

use super::{
    action::Action,
    admit::Admission,
    config::Config,
    refusal::{End, Why},
    session::Session,
};
use crate::{
    arcp::{id::Ids, message::Hello, Frame},
    machine::Machine,
    principal::Principal,
    secret::Secret,
    time::Time,
};

/// What becomes of a frame that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It was dealt with: perform the actions.
    Drain,
    /// Send it on, as it is. There are no actions before it.
    Forward,
}

/// How far the socket has come. Until [`Stage::Open`], `until` bounds each.
#[derive(Debug)]
pub(super) enum Stage {
    /// The client's hello is waited for.
    Hello,
    /// The verifier is asked.
    Verifying,
    /// The code of a sealed resume token is computed, to be held against this one.
    Unsealing { presented: String },
    /// What is behind is being opened.
    Opening,
    /// It is open; before it hears of anybody, it is asked once more whether the client may go on. The credential for it.
    Rechecking { scheme: String, token: Secret },
    /// Our hello is there; its welcome is waited for.
    Greeting,
    /// It could not resume; in a moment it is asked again.
    Resting,
    /// The welcome is there; its resume token is being sealed, and it is asked once more whether the client may have it.
    Admitting(Box<Admission>),
    /// Frames go both ways.
    Open(Box<Session>),
    /// Closed.
    Over,
}

/// The gate of one socket.
#[derive(Debug)]
pub struct Gate {
    pub(super) config: Config,
    /// What is behind is ours, and is believed about resuming; heartbeats are not needed on the way to it.
    pub(super) trusted: bool,
    /// The platform tells how much waits to be sent.
    pub(super) has_gauge: bool,
    pub(super) ids: Ids,
    pub(super) stage: Stage,
    pub(super) until: Time,
    /// How often what is behind was asked to resume.
    pub(super) tries: usize,
    /// The number to resume from is taken one lower, this time; and whether that was tried.
    pub(super) is_lowered: bool,
    pub(super) was_lowered: bool,
    pub(super) born: Time,
    pub(super) hello: Option<Hello>,
    pub(super) principal: Option<Principal>,
    /// The credentials may be revoked while the session lives.
    pub(super) asks: bool,
    /// When the token's time is over, tolerance included.
    pub(super) ends: Option<Time>,
    out: VecDeque<Action>,
}

impl Gate {
    /// A gate for a socket that was accepted now. `seed` is random.
    pub fn new(config: Config, trusted: bool, has_gauge: bool, seed: u64, now: Time) -> Self {
        let until = now.plus(config.hello_timeout);
        Self {
            config,
            trusted,
            has_gauge,
            ids: Ids::new(seed),
            stage: Stage::Hello,
            until,
            tries: 0,
            is_lowered: false,
            was_lowered: false,
            born: now,
            hello: None,
            principal: None,
            asks: false,
            ends: None,
            out: VecDeque::new(),
        }
    }

    /// Whether the socket is closed for good.
    pub const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Longer frames of the client need not be handed in: [`Self::handle_client_oversized`] says so.
    pub const fn client_limit(&self) -> usize {
        match self.stage {
            Stage::Open(_) => self.config.max_frame,
            _ => self.config.max_hello,
        }
    }

    /// As [`Self::client_limit`], for [`Self::handle_upstream_oversized`].
    pub const fn upstream_limit(&self) -> usize {
        self.config.max_behind
    }

    /// A text frame of the client.
    pub fn handle_client_frame(&mut self, text: &str, now: Time) -> Flow {
        if matches!(self.stage, Stage::Over) {
            return Flow::Drain;
        }
        if text.len() > self.client_limit() {
            self.handle_client_oversized(text.len(), now);
            return Flow::Drain;
        }
        match self.stage {
            Stage::Open(_) => return self.relay_from_client(text, now),
            Stage::Hello => self.handle_hello(text, now),
            _ => self.end(End::protocol("frame_before_welcome"), now),
        }
        Flow::Drain
    }

    /// A binary frame of the client: the protocol has none (ARCP 1.1 §4).
    pub fn handle_client_binary(&mut self, now: Time) {
        self.hear_client(0, now);
        self.end(End::protocol("binary_frame"), now);
    }

    /// A frame of the client over [`Self::client_limit`], of this size at least, in bytes.
    pub fn handle_client_oversized(&mut self, size: usize, now: Time) {
        self.hear_client(size, now);
        let why = matches!(self.stage, Stage::Open(_)).then(|| Why::too_large(size, self.client_limit()));
        self.end_saying(End::TOO_LARGE, why.as_ref(), now);
    }

    /// The client's socket is closed or broken.
    pub fn handle_client_closed(&mut self, now: Time) {
        self.end(End::GONE, now);
    }

    /// More waits to be sent to the client than may.
    pub fn handle_client_overflow(&mut self, now: Time) {
        self.end(End::SLOW, now);
    }

    /// All sessions of the principal together say more than they may.
    pub fn handle_client_flood(&mut self, now: Time) {
        self.hear_client(0, now);
        self.end(End::FAST, now);
    }

    /// The client has said nothing yet, and there are too many of that kind.
    pub fn handle_crowded_out(&mut self, now: Time) {
        if matches!(self.stage, Stage::Hello) {
            self.end(End::CROWDED_OUT, now);
        }
    }

    /// More waits to be sent to what is behind than may.
    pub fn handle_upstream_overflow(&mut self, now: Time) {
        self.end(End::FLOODED, now);
    }

    /// The session was resumed over another connection of this process.
    pub fn handle_displaced(&mut self, now: Time) {
        self.end(End::DISPLACED, now);
    }

    /// The driver has failed: something threw that never should.
    pub fn handle_failure(&mut self, now: Time) {
        self.end(End::restart("internal"), now);
    }

    pub(super) fn is_past_end(&self, now: Time) -> bool {
        self.ends.is_some_and(|ends| now >= ends)
    }

    pub(super) fn has_actions(&self) -> bool {
        !self.out.is_empty()
    }

    pub(super) fn push(&mut self, action: Action) {
        self.out.push_back(action);
    }

    /// A frame of our own for the client. Before the welcome it carries a session id of nobody's: the TS SDK's client drops a
    /// `session.error` that has none.
    pub(super) fn tell_client(&mut self, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let text = match &self.stage {
            Stage::Open(session) => Frame::new(kind, &id, payload).of_session(&session.id).write(),
            _ => {
                let nobodys = format!("sess_{}", self.ids.next(now));
                Frame::new(kind, &id, payload).of_session(&nobodys).write()
            }
        };
        if let Stage::Open(session) = &mut self.stage {
            session.told_client(text.len(), now);
        }
        self.push(Action::ToClient(text));
    }
}

impl Machine for Gate {
    type Action = Action;
    /// Nobody listens to a gate but its log, and that is an action.
    type Event = Infallible;

    fn poll_action(&mut self) -> Option<Action> {
        self.out.pop_front()
    }

    fn poll_event(&mut self) -> Option<Infallible> {
        None
    }

    /// It may move further into the future with every frame.
    fn poll_timeout(&self) -> Option<Time> {
        let own = match &self.stage {
            Stage::Over => return None,
            Stage::Open(session) => session.deadline(),
            _ => Some(self.until),
        };
        match (own, self.ends) {
            (Some(own), Some(ends)) => Some(own.min(ends)),
            (own, ends) => own.or(ends),
        }
    }

    fn handle_timeout(&mut self, now: Time) {
        if self.is_past_end(now) {
            return self.end(End::EXPIRED, now);
        }
        match &self.stage {
            Stage::Over => {}
            Stage::Open(_) => self.tick_open(now),
            _ if now < self.until => {}
            Stage::Hello => self.end(End::NO_HELLO, now),
            Stage::Verifying => self.end(End::restart("verifier_timeout"), now),
            Stage::Unsealing { .. } => self.end(End::restart("seal_timeout"), now),
            Stage::Admitting(admission) => self.end(End::restart(admission.timeout()), now),
            Stage::Rechecking { .. } => self.end(End::restart("revocation_unknown"), now),
            Stage::Resting => self.open(now),
            Stage::Opening | Stage::Greeting => self.end(End::restart("upstream_timeout"), now),
        }
    }
}
