//! One attempt: an operation, as a chain of stages.

use super::{
    action::{AttemptId, Reason},
    input::Login,
};
use crate::{
    secret::Secret,
    time::{Span, Time},
    token::{denial::Denial, response::Tokens},
};

/// How long the user's function may take.
const CALLBACK_LIMIT: Span = Span::from_secs(60);
/// How long the answer to a refresh token is waited for before it is sent again: it counts once.
const DELICATE_LIMIT: Span = Span::from_secs(60);
/// How long another tab may keep the lock: a little longer than it waits for an answer.
const LOCK_LIMIT: Span = Span::from_secs(65);
/// How long storage, keys and verification may take.
const LOCAL_LIMIT: Span = Span::from_secs(5);
/// What the performer of an attempt is given to notice its own time-out.
pub(super) const NOTICE: Span = Span::from_secs(1);

/// What an attempt is for.
#[derive(Debug)]
pub(super) enum Operation {
    Refresh(Reason),
    Code(Box<Login>),
    Revoke(Secret),
    Discover,
}

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Load,
    Lock,
    AskTabs,
    Callback,
    /// `true`: the second place to look, that of RFC 8414.
    Discover(bool),
    Sign,
    Send,
    Verify,
    Store,
    Delete,
}

impl Stage {
    /// Whether it asks whoever gives the tokens.
    pub(super) const fn asks(self) -> bool {
        matches!(self, Self::Callback | Self::Discover(_) | Self::Sign | Self::Send)
    }
}

/// What a stage came to.
pub(super) enum Next {
    /// This stage begins.
    Enter(Stage),
    /// That was not what the stage waits for.
    Stay,
    /// The attempt is over.
    Over,
}

/// What is under way.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) id: AttemptId,
    pub(super) operation: Operation,
    pub(super) stage: Stage,
    /// When the stage began.
    pub(super) entered: Time,
    /// What is signed, then the assertion.
    pub(super) assertion: Option<Secret>,
    /// The refresh token that was sent.
    pub(super) sent: Option<Secret>,
    /// The answer, while it is checked and stored.
    pub(super) arrived: Option<Arrived>,
    /// The refresh token was refused; whether another one is stored is being looked up.
    pub(super) is_second: bool,
    /// How that was said.
    pub(super) denied: Option<(Denial, u16)>,
    /// The number of its request for tokens; 0 before there is one.
    pub(super) asked: u32,
    /// When the last of those came who want a token that is asked for after that.
    pub(super) since: Option<Time>,
    /// The newest attempt that had brought tokens when it began.
    pub(super) seen: u32,
    /// How many of those who performed it are gone for certain.
    pub(super) gone: u8,
    /// What the access token's generation was: a token that came since is good enough.
    pub(super) generation: u32,
    /// The lock was asked for.
    pub(super) has_lock: bool,
    /// The other tabs were asked, and nobody has had the lock since.
    pub(super) has_asked: bool,
    /// Why the first place had no metadata.
    pub(super) nowhere: Option<Nowhere>,
}

impl Attempt {
    pub(super) const fn new(
        id: AttemptId,
        operation: Operation,
        stage: Stage,
        now: Time,
        seen: u32,
        generation: u32,
    ) -> Self {
        Self {
            id,
            operation,
            stage,
            entered: now,
            assertion: None,
            sent: None,
            arrived: None,
            is_second: false,
            denied: None,
            asked: 0,
            since: None,
            seen,
            gone: 0,
            generation,
            has_lock: false,
            has_asked: false,
            nowhere: None,
        }
    }

    pub(super) const fn is_refresh(&self) -> bool {
        matches!(self.operation, Operation::Refresh(_))
    }

    pub(super) const fn is_login(&self) -> bool {
        matches!(self.operation, Operation::Code(_))
    }

    /// Whether it has obtained tokens, and they are not stored yet.
    pub(super) const fn is_unstored(&self) -> bool {
        matches!(self.stage, Stage::Store) && self.is_refresh()
    }

    /// Whether a second request could do harm while this one may still be under way: a refresh token counts once.
    pub(super) const fn is_delicate(&self) -> bool {
        matches!(self.stage, Stage::Send) && self.sent.is_some()
    }

    /// How long its performer may take over the present stage, at most; `timeout` is that of one request.
    pub(super) const fn limit(&self, timeout: Span) -> Span {
        match self.stage {
            Stage::Callback => CALLBACK_LIMIT,
            // Another tab has the lock for as long as it waits for its answer; this one is next then, come what may.
            Stage::Lock => LOCK_LIMIT,
            Stage::AskTabs => LOCAL_LIMIT,
            _ if self.is_delicate() => DELICATE_LIMIT,
            // The provider's keys may have to be fetched.
            Stage::Discover(_) | Stage::Send | Stage::Verify => timeout,
            _ => LOCAL_LIMIT,
        }
    }
}

/// Why there is no metadata at a place.
#[derive(Debug)]
pub(super) struct Nowhere {
    pub(super) why: String,
    /// When its server wants to be asked again.
    pub(super) asked: Option<Span>,
    /// Whether it will say the same next time.
    pub(super) is_no: bool,
    pub(super) status: Option<u16>,
}

/// Tokens, and when they end by our clock.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) tokens: Box<Tokens>,
    pub(super) life: Option<Life>,
    pub(super) asked: Asked,
}

/// When tokens were asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// The number of the request; 0 when it was not ours.
    pub(super) number: u32,
    /// The instant, by a clock that can be compared with ours.
    pub(super) at: Option<Time>,
}

impl Asked {
    /// Whether that was after somebody came, by the number of requests there were then, or by the clock.
    pub(super) fn is_after(self, seen: u32, came: Time) -> bool {
        self.number > seen || self.at.is_some_and(|at| at > came)
    }
}

/// A token's time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) whole: Span,
    pub(super) expires: Time,
}
