//! A fresh token for a session: it moves to another connection, and the application doesn't notice.

use super::{
    action::Action,
    fault::Fault,
    state::{Phase, Renewal, TOKEN_WAIT},
    Client,
};
use crate::{arcp::Close, error::Code, time::Span};

/// How long the old connection may take to close, before the new one takes the session.
const SWITCH_WAIT: Span = Span::from_secs(3);
/// A connection with a fresh token waits so long for requests that must not be broken off.
const TURN_WAIT: Span = Span::from_secs(5);

impl Client {
    /// Makes a connection with a fresh token, beside the present one.
    pub(super) fn renew(&mut self) {
        self.newest += 1;
        self.renewal = Some(Renewal { conn: self.newest, until: self.now.plus(TOKEN_WAIT), ready: None });
        let left = self.token_ends.map_or(Span::ZERO, |ends| ends.since(self.now));
        self.act(Action::Connect { conn: self.newest, fresh: false, outlast: Some(left) });
    }

    pub(super) fn renewal_failed(&mut self) {
        self.renewal_dropped();
        // Half of what is left is waited for, as long as that leaves time for another try.
        let left = self.token_ends.map_or(0, |ends| ends.since(self.now).as_millis());
        self.timers.renew = (left > 500).then(|| self.now.plus(Span::from_millis(left / 2)));
        self.flush();
    }

    pub(super) fn renewal_dropped(&mut self) {
        if let Some(renewal) = self.renewal.take() {
            self.drop_connection(renewal.conn, Close::Normal.code(), "");
        }
    }

    /// Leaves the present connection for the one with the fresh token, as soon as nothing is under way that it would break.
    pub(super) fn switch(&mut self) {
        let is_ready = self.renewal.as_ref().is_some_and(|renewal| renewal.ready.is_some());
        let is_busy = self.requests.iter().any(|request| request.is_sent && !request.is_repeatable);
        if self.phase == Phase::Open && is_ready && !is_busy {
            self.drop_connection(self.conn, Close::Normal.code(), "");
            self.phase = Phase::Switching(self.now.plus(SWITCH_WAIT));
        }
    }

    /// The old connection is closed.
    pub(super) fn switched(&mut self) {
        let Some(Renewal { conn, until, ready: Some(credential) }) = self.renewal.take() else {
            return self.retry(Fault::new(Code::Network, "the connection broke off"), true);
        };
        self.settle();
        self.conn = conn;
        self.is_renewing = true;
        self.greet(credential, until.max(self.now.plus(Span::from_secs(1))));
    }

    /// When a connection that is ready gives up waiting for its turn.
    pub(super) fn await_turn(&mut self) {
        let until = self.now.plus(TURN_WAIT);
        if let Some(renewal) = self.renewal.as_mut() {
            renewal.until = until;
        }
    }
}
