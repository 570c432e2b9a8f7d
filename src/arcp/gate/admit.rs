//! The last step before a client is let in: the welcome from behind waits until its resume token is sealed and the client's
//! right to be here was asked about once more. Each took time, and what was true before it need not be true now.

use super::{
    action::Action,
    machine::{Flow, Gate, Stage},
    refusal::End,
    seal,
    session::Ask,
    unreadable::Unreadable,
};
use crate::{arcp::message::Welcome, principal::Principal, secret::Secret, time::Time};

/// Frames that may come between the welcome from behind and the client's.
const MAX_HELD: usize = 16_384;

/// A welcome that waits, and what came after it.
#[derive(Debug)]
pub(super) struct Admission {
    session_id: String,
    /// What the runtime gave to resume with, and then what the client gets.
    token: Option<String>,
    welcome: Welcome,
    waits_for: Wait,
    held: Vec<String>,
    bytes: usize,
    /// What came after `held` and ends the session.
    stop: Option<Stop>,
    closed: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Seal,
    Answer,
}

/// Why nothing that comes after it is passed on.
#[derive(Clone, Debug)]
enum Stop {
    Unreadable(Unreadable),
    /// It is more than may wait.
    TooMuch,
}

impl Admission {
    /// Which answer has not come in time.
    pub(super) const fn timeout(&self) -> &'static str {
        match self.waits_for {
            Wait::Seal => "seal_timeout",
            Wait::Answer => "revocation_unknown",
        }
    }

    /// Nothing that comes after this is passed on.
    pub(super) fn stop_at(&mut self, what: Unreadable) {
        self.stop.get_or_insert(Stop::Unreadable(what));
    }

    /// What is behind has closed.
    pub(super) fn close(&mut self, code: u16) {
        self.closed.get_or_insert(code);
    }
}

impl Gate {
    /// What is behind has welcomed us.
    pub(super) fn admit(&mut self, welcome: Welcome, session_id: &str, token: Option<String>, now: Time) {
        let sealable = token.as_deref().filter(|_| !self.trusted);
        let seal = sealable.map(|token| seal::input(&self.key(), session_id, token));
        let waits_for = if seal.is_some() { Wait::Seal } else { Wait::Answer };
        let session_id = session_id.to_owned();
        let held = Vec::new();
        let admission = Admission { session_id, token, welcome, waits_for, held, bytes: 0, stop: None, closed: None };
        self.until = now.plus(self.config.verify_timeout);
        self.stage = Stage::Admitting(Box::new(admission));
        match seal {
            Some(input) => self.push(Action::Mac(input)),
            None => self.ask_or_let_in(now),
        }
    }

    /// The code of the last [`Action::Mac`], in base64url; `None` when the platform could not compute it.
    pub fn handle_mac(&mut self, code: Option<&str>, now: Time) {
        match (&mut self.stage, code) {
            (Stage::Unsealing { presented }, Some(code)) => {
                if Secret::new(code).matches(presented.as_bytes()) {
                    self.open(now);
                } else {
                    self.end(End::not_resumable("resume_token_of_another"), now);
                }
            }
            (Stage::Admitting(admission), Some(code)) if admission.waits_for == Wait::Seal => {
                admission.token = admission.token.take().map(|token| seal::sealed(&admission.session_id, &token, code));
                admission.waits_for = Wait::Answer;
                self.ask_or_let_in(now);
            }
            (Stage::Unsealing { .. } | Stage::Admitting(_), None) => self.end(End::restart("seal_failed"), now),
            _ => {}
        }
    }

    fn ask_or_let_in(&mut self, now: Time) {
        if self.asks {
            self.push(Action::AskRevoked);
        } else {
            self.let_in(now);
        }
    }

    /// The answer to [`Action::AskRevoked`]; `None` when there was none. Nobody is let in without one, and who is in already is
    /// borne for a while.
    pub fn handle_revocation(&mut self, revoked: Option<bool>, now: Time) {
        let answer = match &mut self.stage {
            Stage::Open(session) => session.asked(revoked, now),
            Stage::Rechecking { .. } => Ask::of(revoked),
            Stage::Admitting(admission) if admission.waits_for == Wait::Answer => Ask::of(revoked),
            _ => return,
        };
        match (answer, &self.stage) {
            (Ask::Revoked, _) => self.end(End::REVOKED, now),
            (Ask::Unknown, _) => self.end(End::restart("revocation_unknown"), now),
            (Ask::Fine, Stage::Rechecking { .. }) => self.greet(now),
            (Ask::Fine, Stage::Admitting(_)) => self.let_in(now),
            (Ask::Fine, _) => {}
        }
    }

    fn let_in(&mut self, now: Time) {
        if self.is_past_end(now) {
            return self.end(End::EXPIRED, now);
        }
        let admission = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Admitting(admission) => admission,
            other => {
                self.stage = other;
                return;
            }
        };
        self.welcome(admission.welcome, &admission.session_id, admission.token.as_deref(), now);
        for text in admission.held {
            if self.handle_upstream_frame(&text, now) == Flow::Forward {
                self.push(Action::ToClient(text));
            }
        }
        match admission.stop {
            Some(Stop::Unreadable(what)) => self.cannot_pass(what, now),
            Some(Stop::TooMuch) => self.end(End::restart("upstream_too_fast"), now),
            None => {}
        }
        if let Some(code) = admission.closed {
            self.handle_upstream_closed(code, now);
        }
    }

    /// What comes from behind while the welcome waits: in its order, and bounded. What is more than that is not held, and the
    /// session ends behind what was: the client has that much more when it comes back, or it would come back for ever.
    pub(super) fn hold(&mut self, text: &str) {
        let most = self.config.max_buffered;
        let Stage::Admitting(admission) = &mut self.stage else { return };
        if admission.stop.is_some() {
            return;
        }
        let bytes = admission.bytes.saturating_add(text.len());
        if !admission.held.is_empty() && (bytes > most || admission.held.len() >= MAX_HELD) {
            admission.stop = Some(Stop::TooMuch);
            return;
        }
        admission.bytes = bytes;
        admission.held.push(text.to_owned());
    }

    pub(super) fn key(&self) -> String {
        self.principal.as_ref().map(Principal::key).unwrap_or_default()
    }
}
