//! Connections: asked for, made, and greeted.

use super::{
    action::{Action, Event},
    fault::Fault,
    state::{Credential, Phase, TOKEN_WAIT},
    Client,
};
use crate::{
    arcp::message::{Hello, Resume},
    arcp::Frame,
    error::Code,
    secret::Secret,
    time::Time,
};

impl Client {
    /// A connection gets under way: its token is there.
    pub(super) fn dialing(&mut self, conn: u32) {
        let until = self.now.plus(self.options.handshake);
        if let Some(renewal) = self.renewal.as_mut().filter(|renewal| renewal.conn == conn) {
            renewal.until = until;
        } else if conn == self.conn && matches!(self.phase, Phase::Dialing(_)) {
            self.phase = Phase::Dialing(until);
        }
    }

    /// A connection is open; `ends` is when its token does, by the driver's clock.
    pub(super) fn opened(&mut self, conn: u32, token: Option<&str>, ends: Option<Time>) {
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

    /// The source of tokens gave none.
    pub(super) fn token_failed(&mut self, conn: u32, is_retryable: bool) {
        if self.renewal.as_ref().is_some_and(|renewal| renewal.conn == conn) {
            self.renewal_failed();
        } else if conn == self.conn && matches!(self.phase, Phase::Dialing(_)) {
            let mut fault = Fault::new(Code::RefreshUnavailable, "no token can be had");
            fault.retryable = is_retryable;
            if is_retryable {
                self.retry(fault, false);
            } else {
                self.finish(fault);
            }
        }
    }

    /// The source of tokens has none that lasts longer than the present one.
    pub(super) fn token_unchanged(&mut self, conn: u32) {
        if self.renewal.as_ref().is_some_and(|renewal| renewal.conn == conn) {
            self.renewal_failed();
        }
    }

    /// Somebody may be looking, or the network is back: no pause any more, and an open connection has to prove itself.
    pub(super) fn wake_hint(&mut self) {
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
        self.emit(Event::Connecting { attempt: i64::from(self.attempts.failures) + 1 });
    }

    /// Connects at once.
    pub(super) fn again(&mut self) {
        self.renewal_dropped();
        self.dial();
    }

    pub(super) fn greet(&mut self, credential: Credential, until: Time) {
        let resume = self.session.as_ref().and_then(|session| {
            session.token.clone().map(|token| Resume {
                session_id: session.id.clone(),
                token,
                // The TypeScript runtime gives nothing back to whoever has seen all, and everything to whoever misses one.
                last_event_seq: self.jobs.last_seq() - i64::from(self.recovery.asked_lower),
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
}
