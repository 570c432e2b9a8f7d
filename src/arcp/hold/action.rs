//! What a hold wants done.

use std::rc::Rc;

use super::{session::Shown, store::Changes};
use crate::{arcp::close::Close, audit::Outcome};

/// Something for the platform to do, in this order.
#[derive(Clone, Debug)]
pub enum Action {
    /// Write these changes, whole or not at all, before anything that comes after them leaves.
    Store(Box<Changes>),
    /// Send a frame to a client's connection.
    ToClient {
        /// The connection.
        conn: u32,
        /// The frame.
        text: Rc<str>,
    },
    /// Close a client's connection.
    CloseClient {
        /// The connection.
        conn: u32,
        /// How.
        close: Close,
    },
    /// Open a socket to the upstream, and make a credential there for this principal. The answer is
    /// [`super::Hold::handle_dialled`] or [`super::Hold::handle_dial_failed`].
    Dial {
        /// What the socket is known by.
        link: u32,
        /// In whose name.
        shown: Shown,
    },
    /// Send a frame to the upstream.
    ToUpstream {
        /// The socket.
        link: u32,
        /// The frame.
        text: Rc<str>,
    },
    /// Close a socket to the upstream, or give up opening it.
    CloseUpstream {
        /// The socket.
        link: u32,
    },
    /// For the audit log.
    Audit(Audit),
}

/// A line for the audit log. No secret and nothing of a job is in it.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What happened: `arcp.hold`, or `arcp.resume`.
    pub kind: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// A stable name.
    pub reason: &'static str,
    /// The principal's key.
    pub principal: Rc<str>,
    /// The session.
    pub session: Option<String>,
}
