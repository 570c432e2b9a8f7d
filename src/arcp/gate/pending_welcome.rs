//! A welcome that is not passed on yet, and what came from upstream after it.

use super::undeliverable::Undeliverable;
use crate::arcp::message::Welcome;

/// Frames that may come between the welcome from upstream and the client's.
const MAX_HELD: usize = 16_384;

/// A welcome that waits, and what came after it.
#[derive(Debug)]
pub(super) struct PendingWelcome {
    pub(super) session_id: String,
    /// What the runtime gave to resume with, and then what the client gets.
    pub(super) token: Option<String>,
    pub(super) welcome: Welcome,
    pub(super) waits_for: Wait,
    pub(super) held: Vec<String>,
    bytes: usize,
    /// What came after `held` and ends the session.
    pub(super) stop: Option<Stop>,
    pub(super) closed: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Seal,
    Answer,
}

/// Explanation nothing that comes after it is passed on.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    Undeliverable(Undeliverable),
    /// It is more than may wait.
    TooMuch,
}

impl PendingWelcome {
    pub(super) const fn new(session_id: String, token: Option<String>, welcome: Welcome, waits_for: Wait) -> Self {
        Self { session_id, token, welcome, waits_for, held: Vec::new(), bytes: 0, stop: None, closed: None }
    }

    /// Which answer has not come in time.
    pub(super) const fn timeout(&self) -> &'static str {
        match self.waits_for {
            Wait::Seal => "seal_timeout",
            Wait::Answer => "revocation_unknown",
        }
    }

    /// Nothing that comes after this is passed on.
    pub(super) fn stop_at(&mut self, what: Undeliverable) {
        self.stop.get_or_insert(Stop::Undeliverable(what));
    }

    /// The upstream has closed.
    pub(super) fn close(&mut self, code: u16) {
        self.closed.get_or_insert(code);
    }

    /// What comes from upstream meanwhile: in its order, and at most `most` bytes. What is more than that is not held, and the
    /// session ends after what was: the client has that much more when it comes back, or it would come back for ever.
    pub(super) fn hold(&mut self, text: &str, most: usize) {
        if self.stop.is_some() {
            return;
        }
        let bytes = self.bytes.saturating_add(text.len());
        if !self.held.is_empty() && (bytes > most || self.held.len() >= MAX_HELD) {
            self.stop = Some(Stop::TooMuch);
            return;
        }
        self.bytes = bytes;
        self.held.push(text.to_owned());
    }
}
