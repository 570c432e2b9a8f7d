//! The gate in front of a runtime, one machine for each client's socket.
//!
//! head -> [`upgrade`] -> the client's hello -> [`Action::Authenticate`] -> the principal -> [`Action::Open`] -> our hello to the
//! upstream -> its welcome -> the client's welcome -> frames both ways.
//!
//! ```text
//!  AwaitingHello ──▶ Verifying ──▶ (Unsealing, of a resume) ──▶ Opening ──▶ Rechecking ──▶ AwaitingWelcome ──▶ Welcoming ──▶ Open
//!        │               │                                        ▲                             │  │               │          │
//!        │               │                                        └────────── Backoff ◀─────────┘  │               │          │
//!        └───────────────┴───────────────── any failure, or no answer in time ─────────────────────┴───────────────┴──────────┴──▶ Closed
//! ```
//!
//! Nothing reaches the upstream before the principal is known. What passes is checked and then forwarded byte for byte.
//!
//! [`Gate`] keeps the contract of [`Machine`]; its inputs stand here, and what comes of each in a file of its own: `client_hello`,
//! `upstream_hello`, `welcome` (the last questions before the client's; a `pending_welcome` waits for them), `relay` (frames),
//! `keepalive` (what time brings), `closing`. They stand on what is known and decided without the gate: `stage` and `session`,
//! `end` (how sessions end), `undeliverable` (frames that can't be passed on), `resume_token`, `job_id` (where it stands
//! in a frame), `trust`; `audit` is what the log says of all that.

pub mod upgrade;

mod action;
mod audit;
mod config;
mod end;

mod job_id;
mod resume_token;
mod trust;
mod undeliverable;

mod pending_welcome;
mod session;
mod stage;

mod client_hello;
mod closing;
mod keepalive;
mod relay;
mod upstream_hello;
mod welcome;

use std::{collections::VecDeque, convert::Infallible, rc::Rc};

pub use self::{action::Action, audit::Audit, config::Config, stage::Flow, trust::UpstreamTrust};
use self::{
    end::{End, Explanation},
    stage::Stage,
    undeliverable::Undeliverable,
};
use super::{id::Ids, message::Hello};
use crate::{
    auth::challenge::stated,
    machine::Machine,
    principal::Principal,
    time::{Span, Time},
};

/// The gate of one socket.
#[derive(Debug)]
pub struct Gate {
    config: Rc<Config>,
    trust: UpstreamTrust,
    /// The platform reports how much waits to be sent.
    reports_buffered: bool,
    ids: Ids,
    stage: Stage,
    /// When a stage before [`Stage::Open`] has taken too long.
    until: Time,
    /// How often the upstream was asked to resume.
    resume_attempts: usize,
    /// The number to resume from is taken one lower, this time; and whether that was tried.
    is_lowered: bool,
    was_lowered: bool,
    accepted_at: Time,
    hello: Option<Hello>,
    principal: Option<Principal>,
    /// The credentials may be revoked while the session lives.
    is_revocable: bool,
    /// When the token's time is over, tolerance included.
    expires_at: Option<Time>,
    actions: VecDeque<Action>,
}

impl Gate {
    /// A gate for a socket that was accepted now. `seed` is random. All gates of an endpoint share its configuration.
    pub fn new(config: Rc<Config>, trust: UpstreamTrust, reports_buffered: bool, seed: u64, now: Time) -> Self {
        let until = now.plus(config.hello_timeout);
        Self {
            config,
            trust,
            reports_buffered,
            ids: Ids::new(seed),
            stage: Stage::AwaitingHello,
            until,
            resume_attempts: 0,
            is_lowered: false,
            was_lowered: false,
            accepted_at: now,
            hello: None,
            principal: None,
            is_revocable: false,
            expires_at: None,
            actions: VecDeque::new(),
        }
    }

    /// Whether the socket is closed for good.
    pub const fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Longer frames of the client need not be handed in: [`Self::handle_client_oversized`] says so.
    pub fn client_limit(&self) -> usize {
        match self.stage {
            Stage::Open(_) => self.config.max_frame,
            _ => self.config.max_hello,
        }
    }

    /// As [`Self::client_limit`], for [`Self::handle_upstream_oversized`].
    pub fn upstream_limit(&self) -> usize {
        self.config.max_upstream_frame
    }

    /// A text frame of the client.
    pub fn handle_client_frame(&mut self, text: &str, now: Time) -> Flow {
        match self.stage {
            Stage::Closed => {}
            _ if text.len() > self.client_limit() => self.handle_client_oversized(text.len(), now),
            Stage::Open(_) => return self.relay_from_client(text, now),
            Stage::AwaitingHello => self.hello(text, now),
            _ => self.end(End::protocol("frame_before_welcome"), now),
        }
        Flow::Drain
    }

    /// A binary frame of the client: the protocol has none (ARCP 1.1 §4).
    pub fn handle_client_binary(&mut self, now: Time) {
        self.received_from_client(0, now);
        self.end(End::protocol("binary_frame"), now);
    }

    /// A frame of the client over [`Self::client_limit`], of this size at least, in bytes.
    pub fn handle_client_oversized(&mut self, size: usize, now: Time) {
        self.received_from_client(size, now);
        let why = matches!(self.stage, Stage::Open(_)).then(|| Explanation::too_large(size, self.client_limit()));
        self.end_explained(End::TOO_LARGE, why.as_ref(), now);
    }

    /// The client's socket is closed or broken.
    pub fn handle_client_closed(&mut self, now: Time) {
        self.end(End::CLIENT_GONE, now);
    }

    /// More waits to be sent to the client than may.
    pub fn handle_client_overflow(&mut self, now: Time) {
        self.end(End::CLIENT_TOO_SLOW, now);
    }

    /// All sessions of the principal together say more than they may.
    pub fn handle_client_flood(&mut self, now: Time) {
        self.received_from_client(0, now);
        self.end(End::CLIENT_TOO_FAST, now);
    }

    /// The client has said nothing yet, and there are too many of that kind.
    pub fn handle_crowded_out(&mut self, now: Time) {
        if matches!(self.stage, Stage::AwaitingHello) {
            self.end(End::CROWDED_OUT, now);
        }
    }

    /// The credentials were refused, or could not be judged; the arguments are the error's.
    pub fn handle_refused(&mut self, code: &str, is_retryable: bool, now: Time) {
        if matches!(self.stage, Stage::Verifying) {
            let error = stated(code, is_retryable, None, None);
            self.end(End { reason: error.code().as_str(), ..End::of_verifier(&error) }, now);
        }
    }

    /// The principal has as many connections as it may, which is this many.
    pub fn handle_too_many_connections(&mut self, principal: Principal, limit: usize, now: Time) {
        if matches!(self.stage, Stage::Verifying) {
            self.principal = Some(principal);
            let why = Explanation::too_many("too_many_connections", "connections", Some(limit as i64));
            self.end_explained(End::TOO_MANY_CONNECTIONS, Some(&why), now);
        }
    }

    /// The principal has said more than it may over its other connections, or has come too often; the upstream hears nothing of it.
    pub fn handle_too_many_requests(&mut self, principal: Principal, now: Time) {
        if matches!(self.stage, Stage::Verifying) {
            self.principal = Some(principal);
            self.end_too_many_requests(now);
        }
    }

    /// The credentials are this principal's, whose token is taken for so long after its end. With `is_revocable`, it is worth asking
    /// again and again whether they were revoked.
    pub fn handle_principal(&mut self, principal: Principal, tolerance: Span, is_revocable: bool, now: Time) {
        self.authenticated(principal, tolerance, is_revocable, now);
    }

    /// The code of the last [`Action::Mac`], in base64url; `None` when the platform could not compute it.
    pub fn handle_mac(&mut self, code: Option<&str>, now: Time) {
        self.mac_computed(code, now);
    }

    /// The answer to [`Action::CheckRevocation`]; `None` when there was none. Nobody is let in without one, and who is in already is
    /// borne for a while.
    pub fn handle_revocation(&mut self, revoked: Option<bool>, now: Time) {
        self.revocation_checked(revoked, now);
    }

    /// The upstream is open, and is to be shown this credential.
    pub fn handle_opened(&mut self, scheme: &str, token: &str, now: Time) {
        self.opened(scheme, token, now);
    }

    /// The upstream can't be opened; the argument is the error's code.
    pub fn handle_open_failed(&mut self, code: &str, now: Time) {
        if matches!(self.stage, Stage::Opening) {
            self.end(End::of_open_failure(code), now);
        }
    }

    /// A text frame from upstream.
    pub fn handle_upstream_frame(&mut self, text: &str, now: Time) -> Flow {
        match &mut self.stage {
            _ if text.len() > self.config.max_upstream_frame => self.handle_upstream_oversized(text, text.len(), now),
            Stage::Open(_) => return self.relay_from_upstream(text, now),
            Stage::AwaitingWelcome => self.hello_answered(text, now),
            Stage::Welcoming(pending) => pending.hold(text, self.config.max_buffered),
            _ => {}
        }
        Flow::Drain
    }

    /// A binary frame from upstream: the protocol has none.
    pub fn handle_upstream_binary(&mut self, now: Time) {
        self.end_undeliverable(Undeliverable::found("upstream_binary_frame", "", None), now);
    }

    /// A frame from upstream over [`Self::upstream_limit`]: how it begins, and its size at least, in bytes.
    pub fn handle_upstream_oversized(&mut self, head: &str, size: usize, now: Time) {
        let size = Some((size, self.upstream_limit()));
        self.end_undeliverable(Undeliverable::found("upstream_frame_too_large", head, size), now);
    }

    /// The upstream has closed, with this code.
    pub fn handle_upstream_closed(&mut self, code: u16, now: Time) {
        let end = match &mut self.stage {
            Stage::Welcoming(pending) => return pending.close(code),
            Stage::Open(session) => End::of_upstream_closed(code, self.trust, session.must_close_by.is_some()),
            _ => End::before_welcome_closed(code, self.trust),
        };
        self.end(end, now);
    }

    /// More waits to be sent to the upstream than may.
    pub fn handle_upstream_overflow(&mut self, now: Time) {
        self.end(End::UPSTREAM_TOO_SLOW, now);
    }

    /// The session was resumed over another connection of this process.
    pub fn handle_displaced(&mut self, now: Time) {
        self.end(End::DISPLACED, now);
    }

    /// The driver has failed: something threw that never should.
    pub fn handle_failure(&mut self, now: Time) {
        self.end(End::restart("internal"), now);
    }
}

impl Machine for Gate {
    type Action = Action;
    /// Nobody listens to a gate but its log, and that is an action.
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
        self.timed_out(now);
    }
}
