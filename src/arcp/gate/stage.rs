//! How far a socket has come, and what becomes of a frame on the way.

use super::{pending_welcome::PendingWelcome, session::Session};
use crate::secret::Secret;

/// What becomes of a frame that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It was dealt with: perform the actions.
    Drain,
    /// Send it on, as it is. There are no actions before it, and no deadline has come nearer: nobody asks for it.
    Forward,
}

/// How far the socket has come. Until [`Stage::Open`], `until` bounds each.
#[derive(Debug)]
pub(super) enum Stage {
    /// The client's hello is waited for.
    AwaitingHello,
    /// The verifier is asked.
    Verifying,
    /// The code of a sealed resume token is computed, to be held against this one.
    Unsealing { presented: String },
    /// The upstream is being opened.
    Opening,
    /// It is open; before it hears of anybody, it is asked once more whether the client may go on. The credential for it.
    Rechecking { scheme: String, token: Secret },
    /// Our hello is there; its welcome is waited for.
    AwaitingWelcome,
    /// It could not resume; in a moment it is asked again.
    Backoff,
    /// The welcome is there; its resume token is being sealed, and it is asked once more whether the client may have it.
    Welcoming(Box<PendingWelcome>),
    /// Frames go both ways.
    Open(Box<Session>),
    /// Closed.
    Closed,
}
