//! Connections: made, lost, and made again.

use super::{
    action::{Action, Event, Lost, LostReason, Opened},
    fault::Fault,
    keepalive::Keepalive,
    machine::{Client, Credential, Phase, Session, Timers, TOKEN_WAIT},
    requests::Kind,
    unreadable::Marks,
};
use crate::{
    arcp::{
        envelope::is_name,
        message::{Hello, Resume, Welcome},
        ArcpCode, Close, Envelope, Frame,
    },
    error::Code,
    json::Value,
    secret::Secret,
    time::{Span, Time},
    token::schedule,
};

/// The first pause is up to this, and each further one up to twice the one before.
const FIRST_PAUSE: i64 = 500;
/// A connection that lasted so long has not failed.
const STABLE: Span = Span::from_secs(10);
/// Who refuses a resume because it has not noticed yet that the old connection is gone, is asked again for so long, where there
/// are no heartbeats to go by.
const RESUME_PATIENCE: Span = Span::from_secs(5);
/// Mistakes of the peer that cost a connection each.
const MAX_VIOLATIONS: u32 = 3;
/// A connection that held so long was of use, even if nothing was said on it.
const HELD: Span = Span::from_secs(20);
/// Connections in a row that may be lost after their welcome and before anything comes of them; and before their welcome.
const MAX_WELCOMES: u32 = 16;
const MAX_GREETINGS: u32 = 240;
/// As often a request is sent that the connection doesn't survive.
const MAX_ATTEMPTS: u32 = 4;
/// Agents with a longer name are left out, in bytes.
const MAX_AGENT_BYTES: usize = 256;

/// The session is somebody else's now: to take it back would take it from there.
pub(super) fn displaced() -> Fault {
    Fault::new(Code::SessionLost, "the session was resumed on another connection")
}

impl Client {
    /// Begins.
    pub fn handle_start(&mut self, now: Time) {
        self.tick(now);
        self.dial();
    }

    /// A connection gets under way: its token is there.
    pub fn handle_dialing(&mut self, conn: u32, now: Time) {
        self.tick(now);
        let until = self.now.plus(self.options.handshake);
        if let Some(renewal) = self.renewal.as_mut().filter(|renewal| renewal.conn == conn) {
            renewal.until = until;
        } else if conn == self.conn && matches!(self.phase, Phase::Dialing(_)) {
            self.phase = Phase::Dialing(until);
        }
    }

    /// A connection is open; `ends` is when its token does, by the driver's clock.
    pub fn handle_opened(&mut self, conn: u32, token: Option<&str>, ends: Option<Time>, now: Time) {
        self.tick(now);
        let ends = ends.map(|ends| self.clock.instant(ends));
        let credential = Credential { token: token.map(Secret::new), ends };
        if let Some(renewal) = self.renewal.as_mut().filter(|renewal| renewal.conn == conn) {
            renewal.ready = Some(credential);
            self.await_turn();
            self.switch();
        } else if conn == self.conn {
            if let Phase::Dialing(until) = self.phase {
                self.greet(credential, until);
            }
        }
    }

    /// A connection is over. `may_retry` is what the application thinks of another one.
    pub fn handle_closed(&mut self, conn: u32, code: u16, may_retry: bool, now: Time) {
        self.tick(now);
        if self.renewal.as_ref().is_some_and(|renewal| renewal.conn == conn) {
            self.renewal_failed();
            return;
        }
        if conn != self.conn {
            return;
        }
        match self.phase {
            Phase::Closing(_) => self.closed(),
            Phase::Switching(_) => self.switched(),
            Phase::Dialing(_) | Phase::Greeting { .. } | Phase::Open => self.lost(code, may_retry),
            Phase::Idle | Phase::Waiting(_) | Phase::Closed => {}
        }
    }

    /// The source of tokens gave none.
    pub fn handle_token_failure(&mut self, conn: u32, is_retryable: bool, now: Time) {
        self.tick(now);
        if self.renewal.as_ref().is_some_and(|renewal| renewal.conn == conn) {
            self.renewal_failed();
        } else if conn == self.conn && matches!(self.phase, Phase::Dialing(_)) {
            let mut fault = Fault::new(Code::RefreshUnavailable, "no token can be had");
            fault.retryable = is_retryable;
            if is_retryable {
                self.retry(&fault, false);
            } else {
                self.finish(&fault);
            }
        }
    }

    /// The source of tokens has none that lasts longer than the present one.
    pub fn handle_token_unchanged(&mut self, conn: u32, now: Time) {
        self.tick(now);
        if self.renewal.as_ref().is_some_and(|renewal| renewal.conn == conn) {
            self.renewal_failed();
        }
    }

    /// Somebody may be looking, or the network is back: no pause any more, and an open connection has to prove itself.
    pub fn handle_wake_hint(&mut self, now: Time) {
        self.tick(now);
        match self.phase {
            Phase::Waiting(_) => self.dial(),
            Phase::Open => self.probe(),
            _ => {}
        }
    }

    pub(super) fn dial(&mut self) {
        self.newest += 1;
        self.conn = self.newest;
        self.phase = Phase::Dialing(self.now.plus(TOKEN_WAIT));
        let fresh = std::mem::take(&mut self.needs_fresh_token);
        self.act(Action::Connect { conn: self.conn, fresh, outlast: None });
        self.emit(Event::Connecting { attempt: i64::from(self.failures) + 1 });
    }

    pub(super) fn greet(&mut self, credential: Credential, until: Time) {
        let resume = self.session.as_ref().and_then(|session| {
            session.token.clone().map(|token| Resume {
                session_id: session.id.clone(),
                token,
                // The TypeScript runtime gives nothing back to whoever has seen all, and everything to whoever lacks one.
                last_event_seq: self.jobs.last_seq() - i64::from(self.asked_lower),
            })
        });
        let resumes = resume.is_some();
        self.token_ends = credential.ends;
        let hello = Hello {
            client: self.options.client.clone(),
            scheme: self.options.scheme.clone(),
            token: credential.token,
            features: self.options.features.clone(),
            lists_agents: false,
            resume,
        };
        let id = self.ids.next(self.now);
        let text = Frame::new("session.hello", &id, &hello.write()).write();
        self.transmit(self.conn, text);
        self.phase = Phase::Greeting { until, resumes };
    }

    /// A frame before the welcome.
    pub(super) fn greeted(&mut self, envelope: &Envelope<'_>, resumes: bool) {
        match envelope.kind() {
            "session.welcome" => match Welcome::read(envelope) {
                Ok(welcome) => self.welcomed(envelope, welcome, resumes),
                Err(_) => self.protocol_violation("the runtime's welcome is not one"),
            },
            // Java refuses with a `job.error`.
            "session.error" | "job.error" => self.unwelcome(&Fault::of(envelope.payload()), resumes),
            _ => {}
        }
    }

    fn welcomed(&mut self, envelope: &Envelope<'_>, welcome: Welcome, resumes: bool) {
        let named = envelope.session_id().or_else(|| envelope.get("session_id").and_then(Value::as_str));
        let Some(id) = named.filter(|id| is_name(id)).map(str::to_owned) else {
            return self.protocol_violation("the runtime's welcome names no session");
        };
        let is_resumed = resumes && self.session.as_ref().is_some_and(|session| session.id == id);
        if !is_resumed {
            self.forget("NOT_RESUMED");
        }
        let features = self.options.features.both(&welcome.features);
        let heartbeat = welcome.heartbeat_interval_sec.filter(|_| features.has("heartbeat"));
        // A mistake in the unit must cause neither a storm nor silence for ever.
        let heartbeat = heartbeat.map(|seconds| Span::from_millis((seconds * 1000.0).clamp(50.0, 3_600_000.0) as i64));
        let session_id = id.clone();
        let event = match (std::mem::take(&mut self.is_renewing), is_resumed) {
            (true, true) => Event::TokenRefreshed { session_id },
            (false, true) => Event::Resumed { session_id },
            (_, false) => Event::Open { session_id },
        };
        let mut agents = welcome.agents;
        agents.retain(|agent| agent.name.len() <= MAX_AGENT_BYTES);
        let opened = Opened {
            session_id: id.clone(),
            runtime_name: welcome.runtime.name,
            runtime_version: welcome.runtime.version,
            features: features.iter().map(str::to_owned).collect(),
            agents,
            heartbeat,
        };
        self.session = Some(Session { id, token: welcome.resume_token, features, heartbeat });
        let life = self.token_ends.map(|ends| ends.since(self.now));
        let random = self.ids.unit();
        let renew = life.filter(|life| self.options.can_renew && self.options.reconnect && *life > Span::ZERO);
        (self.opened_at, self.acked) = (self.now, self.jobs.last_seq());
        self.keepalive = Keepalive::new(heartbeat, self.now);
        self.timers = Timers {
            lost_events: self.timers.lost_events,
            renew: renew.map(|life| {
                let margin = schedule::refresh_margin(life, None, random);
                self.now.plus(life).minus(margin)
            }),
            ..Timers::default()
        };
        self.phase = Phase::Open;
        self.was_open = true;
        self.resume_refused = None;
        self.asked_lower = false;
        self.act(Action::Open(Box::new(opened)));
        self.emit(event);
        self.send_waiting_unsubscribes();
        self.flush();
        if is_resumed {
            self.check_jobs();
        }
    }

    /// The runtime refuses the hello.
    fn unwelcome(&mut self, fault: &Fault, resumes: bool) {
        self.drop_connection(self.conn, Close::Normal.code(), "");
        if fault.is(ArcpCode::Unauthenticated) {
            return self.unauthenticated(fault);
        }
        // Who finds us silent has nothing against the session.
        let is_passing = fault.retryable || fault.is(ArcpCode::HeartbeatLost);
        if !resumes {
            return if is_passing && self.was_open { self.retry(fault, false) } else { self.finish(fault) };
        }
        let is_full = fault.retryable && fault.peer_reason().is_some_and(|reason| reason.starts_with("too_many"));
        if fault.is(ArcpCode::PermissionDenied) && !is_full {
            // The Python runtime says so while it has not noticed yet that the old connection is gone.
            let heartbeat = self.session.as_ref().and_then(|session| session.heartbeat);
            let patience = heartbeat.map_or(RESUME_PATIENCE, |span| Span::from_millis(span.as_millis() * 5 / 2));
            let since = *self.resume_refused.get_or_insert(self.now);
            if self.now.since(since) < patience {
                return self.retry(fault, false);
            }
        } else if is_passing {
            return self.retry(fault, false);
        } else if fault.is(ArcpCode::ResumeWindowExpired) && !self.asked_lower && self.jobs.last_seq() > 0 {
            // Never where the refusal is another one: with the Python runtime a wrong try would cost the session.
            self.asked_lower = true;
            return self.again();
        }
        self.forget(fault.peer_code.as_deref().unwrap_or_default());
        self.again();
    }

    fn unauthenticated(&mut self, fault: &Fault) {
        if !self.options.can_renew || self.has_tried_fresh_token || (self.was_open && !self.options.reconnect) {
            return self.finish(fault);
        }
        self.has_tried_fresh_token = true;
        self.needs_fresh_token = true;
        self.again();
    }

    /// Connects at once.
    fn again(&mut self) {
        self.renewal_dropped();
        self.dial();
    }

    /// The connection that counts is gone, with this close code.
    fn lost(&mut self, code: u16, may_retry: bool) {
        let is = |close: Close| close.code() == code;
        let fault = if is(Close::Displaced) {
            displaced()
        } else if is(Close::Unauthenticated) {
            Fault::new(Code::Unauthenticated, "the runtime doesn't accept the token")
        } else if is(Close::Forbidden) {
            let fault =
                Fault::new(Code::Remote, "the runtime allows no connection from this origin, or under this host");
            fault.with_peer_code(ArcpCode::PermissionDenied)
        } else if is(Close::TokenEnded) {
            let mut fault = Fault::new(Code::Unauthenticated, "the token has ended or was revoked");
            fault.retryable = true;
            fault
        } else {
            Fault::new(Code::Network, "the connection broke off, or could not be made")
        };
        if is(Close::TooLarge) || code == 1009 {
            self.refuse_too_large(None, None);
        }
        let is_open = self.phase == Phase::Open;
        if !may_retry || is(Close::Displaced) || is(Close::Forbidden) {
            self.finish(&fault);
        } else if is(Close::Undeliverable) {
            self.cannot_pass(&fault);
        } else if is(Close::Unauthenticated) {
            self.settle();
            self.unauthenticated(&fault);
        } else if is(Close::Protocol) && !is_open {
            self.finish(&Fault::new(Code::Protocol, "the runtime says that our hello breaks the protocol"));
        } else {
            self.needs_fresh_token |= is(Close::TokenEnded) && self.options.can_renew;
            self.retry(&fault, is(Close::TokenEnded));
        }
    }

    /// The end of a connection that was open: what was under way on it.
    pub(super) fn settle(&mut self) {
        if matches!(self.phase, Phase::Open | Phase::Switching(_)) && self.now.since(self.opened_at) >= STABLE {
            self.failures = 0;
            self.has_tried_fresh_token = false;
        }
        if matches!(self.phase, Phase::Open | Phase::Switching(_)) && self.now.since(self.opened_at) >= HELD {
            self.progress();
        }
        self.jobs_to_reconcile.clear();
        for job in self.jobs.iter_mut() {
            (job.is_fresh, job.late_at, job.has_arrived) = (false, None, false);
        }
        let unknown = Fault::new(
            Code::Network,
            "the connection broke off before the job was accepted: it may run all the same. With an `idempotencyKey` it would be asked for again",
        );
        while let Some(request) =
            self.requests.take(|request| request.is_sent && (!request.is_repeatable || request.is_abandoned))
        {
            if !request.is_abandoned {
                self.refuse(request.number, &unknown);
            } else if request.kind == Kind::Subscribe {
                self.forget_job(request.job);
                self.unsubscribe_later(request.job_id.as_deref().unwrap_or_default());
            }
        }
        self.listing.failures = 0;
        // What this side asked for by itself is asked for again where it makes sense.
        while self.requests.take(|request| request.number == 0 && request.kind == Kind::List).is_some() {}
        let again = Fault::new(
            Code::Network,
            "the connection broke off each time that this was asked for: the runtime may not bear it. It may have been done all the same",
        );
        while let Some(request) = self.requests.take(|request| request.is_sent && request.attempts >= MAX_ATTEMPTS) {
            self.unanswered(&request, &again.clone().with_number("tries", request.attempts.into()));
        }
        for request in self.requests.iter_mut() {
            request.is_sent = false;
            request.due = None;
        }
    }

    /// Another connection, after a pause; at once when the first may be, and it is the first.
    pub(super) fn retry(&mut self, fault: &Fault, at_once: bool) {
        if matches!(self.phase, Phase::Closing(_)) {
            // Whatever goes wrong now, the application has said that it is over.
            return self.closed();
        }
        self.renewal_dropped();
        let (was_welcome, was_greeted) = (self.has_welcome(), matches!(self.phase, Phase::Greeting { .. }));
        self.settle();
        self.is_renewing = false;
        if !self.was_open || !self.options.reconnect {
            return self.finish(fault);
        }
        self.welcomes += u32::from(was_welcome);
        self.greetings += u32::from(was_greeted);
        if self.welcomes >= MAX_WELCOMES || self.greetings >= MAX_GREETINGS {
            return self.finish(&self.fruitless(fault));
        }
        self.failures = self.failures.saturating_add(1);
        if self.options.attempts.is_some_and(|most| self.failures > most) {
            return self.finish(fault);
        }
        let most = (FIRST_PAUSE << (self.failures - 1).min(20)).min(self.options.longest_pause.as_millis());
        let pause = if at_once && self.failures == 1 { 0 } else { (most as f64 * self.ids.unit()) as i64 };
        let pause = Span::from_millis(pause);
        self.phase = Phase::Waiting(self.now.plus(pause));
        self.emit(Event::Reconnecting {
            attempt: self.failures,
            delay: pause,
            code: fault.code,
            reason: fault.message.clone(),
        });
    }

    const fn has_welcome(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Switching(_))
    }

    /// Something came of this connection: what it cost to have it doesn't count any more.
    pub(super) fn progress(&mut self) {
        self.violations = 0;
        self.passed = 0;
        self.welcomes = 0;
        self.greetings = 0;
    }

    /// Connection after connection is made, and lost before anything comes of it: another one will be lost, too.
    fn fruitless(&self, last: &Fault) -> Fault {
        let (count, what) = match self.welcomes >= MAX_WELCOMES {
            true => (self.welcomes, "welcome"),
            false => (self.greetings, "connection"),
        };
        let message = format!(
            "nothing came of {count} connections in a row: each was lost soon after its {what}. The last one: {}",
            last.message
        );
        let fault = Fault { peer_code: last.peer_code.clone(), ..Fault::new(last.code, &message) };
        fault.for_good().with_number("connections", count.into())
    }

    /// The peer breaks the protocol: another connection may bring what this one garbled, but not for ever.
    pub(super) fn protocol_violation(&mut self, what: &str) {
        let fault = Fault::new(Code::Protocol, what);
        self.drop_connection(self.conn, Close::Protocol.code(), Close::Protocol.reason());
        self.violations += 1;
        if self.violations < MAX_VIOLATIONS {
            self.retry(&fault, false);
        } else {
            self.finish(&fault);
        }
    }

    /// The session can't be had back: the application learns what is lost with it.
    pub(super) fn forget(&mut self, reason: &str) {
        if self.session.take().is_none() {
            return;
        }
        self.resume_refused = None;
        self.asked_lower = false;
        self.unreadables = Marks::default();
        self.not_passed = None;
        self.gap = None;
        self.waiting_unsubscribes.clear();
        let fault = Fault::new(Code::SessionLost, "the session can't be resumed: what the job does since is not known");
        // What is asked about a job of the session has nothing to be asked about any more.
        while let Some(request) = self.requests.take(|request| matches!(request.kind, Kind::Subscribe | Kind::Cancel)) {
            self.refuse(request.number, &fault);
            if request.kind == Kind::Subscribe {
                self.forget_job(request.job);
            }
        }
        while self.requests.take(|request| request.number == 0).is_some() {}
        let jobs = self.jobs.clear();
        for job in &jobs {
            self.job_failed(job.handle, &fault);
        }
        let reason = LostReason::Session(reason.to_owned());
        self.emit(Event::Lost(Lost::of(reason, jobs.iter().map(|job| job.id.as_str()))));
    }

    /// Over, with this fault.
    pub(super) fn finish(&mut self, fault: &Fault) {
        self.end(fault, false, fault.message.clone());
    }

    /// Over, as the application wanted it.
    pub(super) fn closed(&mut self) {
        if self.phase != Phase::Closed {
            self.drop_connection(self.conn, Close::Normal.code(), "");
            let reason = std::mem::take(&mut self.close_reason);
            // No later call on this session can do better.
            let fault = Fault { retryable: false, ..Fault::new(Code::Aborted, "the session was closed") };
            self.end(&fault, true, reason);
        }
    }

    fn end(&mut self, fault: &Fault, is_wanted: bool, reason: String) {
        self.renewal_dropped();
        if self.conn != 0 && !matches!(self.phase, Phase::Waiting(_)) {
            self.drop_connection(self.conn, Close::Normal.code(), "");
        }
        self.phase = Phase::Closed;
        while let Some(request) = self.requests.take(|_| true) {
            self.refuse(request.number, fault);
        }
        for job in self.jobs.clear() {
            self.job_failed(job.handle, fault);
        }
        self.session = None;
        self.act(Action::Closed { is_wanted, reason, fault: fault.clone() });
    }
}
