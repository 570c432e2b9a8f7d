//! What the manager wants done, and what its requesters hear.

use crate::{
    error::Error,
    secret::Secret,
    time::{Span, Time},
    token::grant,
};

/// Names an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub u32);

/// Names whoever has asked for a token; the driver's own choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequesterId(pub u32);

/// What a manager's driver performs.
#[derive(Clone, Debug)]
pub enum Action {
    /// Tells a requester what it does.
    Answer(RequesterId, Answer),
    /// Performs an attempt: says [`super::Manager::handle_ready`], does what that asks for, hands in what came of it, and so on.
    Start(AttemptId),
    /// The next task of an attempt, for whoever said that it is ready.
    Perform {
        /// Whose task it is.
        attempt: AttemptId,
        /// The task.
        task: Task,
        /// It is broken off after this. `None`: it is not, for its answer counts whenever it comes.
        limit: Option<Span>,
    },
    /// An attempt is over.
    End(AttemptId),
    /// Whoever began this attempt, which is none to get a token for requesters, hears how it ended.
    Resolve(AttemptId, Outcome),
}

/// What a requester does.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Takes [`super::Manager::token`].
    Token,
    /// Asks again: an attempt starts, and this requester's driver performs it.
    AskAgain,
    /// Waits for this attempt, which another performs, but not past the given instant; then asks again.
    Wait(AttemptId, Time),
    /// Gives up.
    Refuse(Error),
}

/// How an attempt that somebody waits for ended.
pub type Outcome = Result<(), Error>;

/// One task of an attempt. Each says which input takes what came of it; [`super::Manager::handle_failure`] takes that nothing did.
#[derive(Clone, Debug)]
pub enum Task {
    /// Reads the storage: [`super::Manager::handle_loaded`].
    Load,
    /// Waits until no other tab has the lock, and takes it until the attempt is over: [`super::Manager::handle_lock`].
    Lock,
    /// Asks the other tabs for their tokens, which are handed to [`super::Manager::handle_shared_tokens`]:
    /// [`super::Manager::handle_tabs_asked`] after `usual` at the latest, or after `long` if another tab is known to have used
    /// the refresh token.
    AskTabs {
        /// Not at all, perhaps.
        usual: Span,
        /// Another tab must have its successor.
        long: Span,
    },
    /// Calls the user's function: [`super::Manager::handle_callback`], [`super::Manager::handle_callback_error`].
    Callback(Reason),
    /// GETs a document, without following redirects: [`super::Manager::handle_response`].
    Get(String),
    /// Signs this text with the client's key: [`super::Manager::handle_signature`].
    Sign(String),
    /// POSTs a form, without following redirects: [`super::Manager::handle_response`].
    Post(grant::Request),
    /// Verifies an ID token, as a JWT of the issuer for the client: [`super::Manager::handle_verified`],
    /// [`super::Manager::handle_unverifiable`].
    Verify {
        /// The token.
        token: Secret,
        /// Where the provider's keys are, where its metadata says so.
        keys: Option<String>,
    },
    /// Writes the storage: [`super::Manager::handle_stored`]. The text is secret.
    Store(Secret),
    /// Empties the storage: [`super::Manager::handle_stored`].
    Delete,
}

/// Why a token is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There has been none.
    Initial,
    /// The present one ends soon, or has ended.
    Expiring,
    /// A server refused the present one.
    Refused,
    /// A requester asked for a fresh one.
    Forced,
}

impl Reason {
    /// The name that JavaScript sees.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Expiring => "expiring",
            Self::Refused => "refused",
            Self::Forced => "forced",
        }
    }
}
