//! What a manager's callers say to it, and hear from it.

use super::attempt::{AttemptId, Reason};
use crate::{
    error::Error,
    time::{Span, Time},
};

/// How a manager works.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long before its end a token is refreshed; else what fits its life.
    pub refresh_margin: Option<Span>,
    /// The time-out of one request.
    pub timeout: Span,
    /// Whether there is a storage, or another tab, to ask before the provider.
    pub has_storage: bool,
    /// Whether other tabs may hold the same tokens.
    pub is_shared: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { refresh_margin: None, timeout: Span::from_secs(10), has_storage: false, is_shared: false }
    }
}

/// What a requester asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// When it asked first; it asks again after it has waited.
    pub arrived: Time,
    /// How long the token shall live on, at least.
    pub min_validity: Span,
    /// Not the token there is, but one that is asked for after the caller came: what [`super::Manager::requests`] was then.
    pub force: Option<u32>,
}

/// What a caller does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Takes [`Manager::token`], and begins this attempt beside without waiting for it.
    Token(Option<AttemptId>),
    /// Performs this attempt, then asks again.
    Begin(AttemptId),
    /// Waits for this attempt, which another performs, but not past the given instant; then asks again.
    Wait(AttemptId, Time),
    /// Gives up.
    Refused(Error),
}

/// How a manager stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No token, and nobody has asked for one.
    Empty,
    /// A token that can be handed out.
    Valid,
    /// An attempt is under way; there may be a token too.
    Refreshing,
    /// No token, and the last attempt brought none.
    Failed,
}

impl State {
    /// The name that JavaScript sees.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Valid => "valid",
            Self::Refreshing => "refreshing",
            Self::Failed => "failed",
        }
    }
}

/// What happened, without a secret.
#[derive(Clone, Debug)]
pub enum Event {
    /// A token was obtained.
    Refreshed {
        /// Why.
        reason: Reason,
        /// Until when it is good, by the wall clock.
        expires: Option<Time>,
    },
    /// A token came out of the storage, or from another tab.
    Adopted {
        /// Until when it is good, by the wall clock.
        expires: Option<Time>,
    },
    /// An attempt brought no token.
    Failed {
        /// Why.
        error: Error,
        /// When the next one may begin, by the wall clock; `None` when there will be none.
        retry_at: Option<Time>,
    },
    /// A token ended before another one came.
    Expired,
    /// The tokens were revoked and forgotten.
    Revoked,
    /// The storage failed; the tokens are in memory only.
    NotStored,
    /// The tokens were forgotten because somebody signed out in another tab.
    SignedOut,
}
