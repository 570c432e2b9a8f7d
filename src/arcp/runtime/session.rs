//! A session: who it is, on which connection, and what it was sent.

use std::rc::Rc;

use super::{buffer::Buffer, table::Identified};
use crate::{arcp::features::Features, secret::Secret, time::Time};

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
    pub(super) token: Secret,
    /// What brought it back the last time: good until the new connection is heard of, for the welcome may have been lost.
    pub(super) previous: Option<Secret>,
    /// How often that one was shown since the client was heard of.
    pub(super) shown: u8,
    pub(super) buffer: Buffer,
    /// Without a connection: when it can't be resumed any more.
    pub(super) ends_at: Option<Time>,
    /// Whether the client said goodbye.
    pub(super) is_over: bool,
}

impl Identified for Session {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Session {
    /// Whether this is a token that brings it back. Both are compared, in constant time.
    pub(super) fn accepts(&self, token: &[u8]) -> bool {
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
}
