//! A session: who it is, on which connection, and what it was sent.

use std::rc::Rc;

use super::{buffer::Buffer, log::StoredLog, table::Kept};
use crate::{
    arcp::{features::Features, message::Resume},
    secret::Hashed,
    time::Time,
};

/// So often a token may bring a session back without the client being heard of, its welcome lost each time. Whoever races with
/// one token gets no further.
const MOST_SHOWN: u8 = 4;

/// Who a session or a job belongs to. Agents never see it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// The principal's key: what is compared.
    pub(super) key: Rc<str>,
    /// The principal as JSON: what a policy sees.
    pub(super) json: Rc<str>,
}

/// A session, connected or not.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) owner: Owner,
    pub(super) conn: Option<u32>,
    pub(super) features: Features,
    /// Whether the client is the Python SDK's (docs/arcp-peers.md).
    pub(super) is_python: bool,
    /// What brings it back.
    pub(super) token: Hashed,
    /// What brought it back the last time: good until something comes over the new connection, for the welcome may have been lost.
    pub(super) previous: Option<Hashed>,
    /// How often that one was shown since something came from the client.
    pub(super) shown: u8,
    pub(super) buffer: Buffer,
    /// Without a connection: when it can't be resumed any more.
    pub(super) ends_at: Option<Time>,
    /// Whether nothing of its buffer is sent until the policy has said what it may still see.
    pub(super) is_held: bool,
    /// Whether the client said goodbye.
    pub(super) is_over: bool,
    pub(super) stored: Option<StoredSession>,
}

/// What the storage has of a session.
#[derive(Debug)]
pub(super) struct StoredSession {
    pub(super) owner: Rc<str>,
    pub(super) features: Features,
    pub(super) is_python: bool,
    pub(super) token: Hashed,
    pub(super) previous: Option<Hashed>,
    pub(super) shown: u8,
    pub(super) ends_at: Option<Time>,
    pub(super) is_over: bool,
    pub(super) log: StoredLog,
}

impl Kept for Session {
    type Stored = StoredSession;

    fn id(&self) -> &str {
        &self.id
    }

    fn owner(&self) -> &Rc<str> {
        &self.owner.key
    }

    fn take_stored(&mut self) -> Option<StoredSession> {
        self.stored.take()
    }
}

impl Session {
    /// Whether this is a token that brings it back. Both are compared, in constant time.
    pub(super) fn accepts(&self, token: &Hashed) -> bool {
        let is_previous = self.previous.as_ref().is_some_and(|previous| previous.matches(token));
        self.token.matches(token) || is_previous
    }

    /// Whether the session can be shown an event of this kind (ARCP 1.1 §6.2).
    pub(super) fn takes(&self, kind: &str) -> bool {
        !matches!(kind, "progress" | "result_chunk") || self.features.has(kind)
    }

    /// Whether the client has agreed to acknowledge what it was sent (ARCP 1.1 §6.5): then that is what it has, from the start.
    /// Otherwise it has what has left for it.
    pub(super) fn acknowledges(&self) -> bool {
        self.features.has("ack")
    }

    /// Whether a principal may have this session back with what it shows; the reason why not is for the audit log.
    pub(super) fn count_resume(&mut self, owner: &Owner, resume: &Resume, token: &Hashed) -> Result<(), &'static str> {
        if self.owner.key != owner.key {
            return Err("another_principal");
        }
        if !self.accepts(token) {
            return Err("wrong_token");
        }
        if !self.buffer.covers(resume.last_event_seq) {
            return Err("not_covered");
        }
        let is_again = self.previous.as_ref().is_some_and(|previous| previous.matches(token));
        if is_again && self.shown >= MOST_SHOWN {
            return Err("token_shown_too_often");
        }
        self.shown = if is_again { self.shown + 1 } else { 1 };
        Ok(())
    }
}
