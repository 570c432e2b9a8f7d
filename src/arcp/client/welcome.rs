//! The answer to a hello: a welcome, or a refusal.

use super::{
    action::{Action, Event, Opened},
    fault::Fault,
    keepalive::Keepalive,
    state::{Phase, Session, Timers},
    Client,
};
use crate::{
    arcp::envelope::is_name,
    arcp::message::Welcome,
    arcp::{ArcpCode, Close, Envelope},
    json::Value,
    time::Span,
    token::schedule,
};

/// Who refuses a resume because it has not noticed yet that the old connection is gone, is asked again for so long, where there
/// are no heartbeats to go by.
const RESUME_PATIENCE: Span = Span::from_secs(5);
/// Agents with a longer name are left out, in bytes.
const MAX_AGENT_BYTES: usize = 256;

impl Client {
    /// A frame before the welcome.
    pub(super) fn greeted(&mut self, envelope: &Envelope<'_>, resumes: bool) {
        match envelope.kind() {
            "session.welcome" => match Welcome::read(envelope) {
                Ok(welcome) => self.welcomed(envelope, welcome, resumes),
                Err(_) => self.protocol_violation("the runtime's welcome is not one"),
            },
            // Java refuses with a `job.error`.
            "session.error" | "job.error" => self.unwelcome(Fault::of(envelope.payload()), resumes),
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
        self.recovery.refused_since = None;
        self.recovery.asked_lower = false;
        self.act(Action::Open(Box::new(opened)));
        self.emit(event);
        self.send_waiting_unsubscribes();
        self.flush();
        if is_resumed {
            self.check_jobs();
        }
    }

    /// The runtime refuses the hello.
    fn unwelcome(&mut self, fault: Fault, resumes: bool) {
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
            let since = *self.recovery.refused_since.get_or_insert(self.now);
            if self.now.since(since) < patience {
                return self.retry(fault, false);
            }
        } else if is_passing {
            return self.retry(fault, false);
        } else if fault.is(ArcpCode::ResumeWindowExpired) && !self.recovery.asked_lower && self.jobs.last_seq() > 0 {
            // Never where the refusal is another one: with the Python runtime a wrong try would cost the session.
            self.recovery.asked_lower = true;
            return self.again();
        }
        self.forget(fault.peer_code.as_deref().unwrap_or_default());
        self.again();
    }

    pub(super) fn unauthenticated(&mut self, fault: Fault) {
        if !self.options.can_renew || self.has_tried_fresh_token || (self.was_open && !self.options.reconnect) {
            return self.finish(fault);
        }
        self.has_tried_fresh_token = true;
        self.needs_fresh_token = true;
        self.again();
    }
}
