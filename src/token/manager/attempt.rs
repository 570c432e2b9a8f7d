//! What is under way: one operation after another, each a chain of stages.

use crate::{
    error::Error,
    jose::jwks_cache::FetchFailure,
    secret::Secret,
    time::{Span, Time},
    token::{denial::Denial, grant::Request, response::Tokens},
};

/// Names an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub u32);

/// Why a token is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There has been none.
    Initial,
    /// The present one ends soon, or has ended.
    Expiring,
    /// A server refused the present one.
    Refused,
    /// A caller asked for a fresh one.
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

/// What an attempt's owner does next. What comes of it is an [`Input`].
#[derive(Clone, Debug)]
pub enum Action {
    /// Reads the storage: [`Input::Loaded`].
    Load,
    /// Waits until no other tab has the lock, and takes it until the attempt is over: [`Input::Locked`].
    Lock,
    /// Asks the other tabs for their tokens, which are handed to [`super::Manager::adopt`]: [`Input::Asked`] after `usual` at
    /// the latest, or after `long` if another tab is known to have used the refresh token.
    Ask {
        /// Not at all, perhaps.
        usual: Span,
        /// Another tab must have its successor.
        long: Span,
    },
    /// Calls the user's function: [`Input::Called`].
    Callback(Reason),
    /// GETs a document, without following redirects: [`Input::Response`].
    Get(String),
    /// Signs this text with the client's key: [`Input::Signed`].
    Sign(String),
    /// POSTs a form, without following redirects: [`Input::Response`].
    Post(Request),
    /// Verifies an ID token, as a JWT of the issuer for the client: [`Input::Verified`].
    Verify {
        /// The token.
        token: Secret,
        /// Where the provider's keys are, where its metadata says so.
        keys: Option<String>,
    },
    /// Writes the storage: [`Input::Stored`]. The text is secret.
    Store(Secret),
    /// Empties the storage: [`Input::Stored`].
    Delete,
}

/// What came of an [`Action`].
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// What the storage holds, if anything.
    Loaded(Option<&'a str>),
    /// Whether the lock was there at once. Without it, if it can't be had, the attempt goes on all the same.
    Locked(bool),
    /// Nobody has anything more to say.
    Asked(RefreshTokenStatus),
    /// What the user's function gave, as JSON: a string, or an object as in RFC 6749 §5.1.
    Called(&'a [u8]),
    /// An answer.
    Response {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: &'a [u8],
        /// The header field `Date`.
        date: Option<Time>,
        /// `Retry-After`, as a time from now.
        retry_after: Option<Span>,
    },
    /// The user's function threw.
    Threw {
        /// The name that its error has, if it has one.
        name: Option<&'a str>,
        /// Whether the error says of itself that no retry mends it.
        is_permanent: bool,
    },
    /// No answer, or a function or a key that failed.
    Failed(FetchFailure),
    /// The signature, in base64url.
    Signed(&'a str),
    /// The ID token's claims as JSON, or a code for what is wrong with it and, after a space, more of that.
    Verified(Result<&'a str, &'a str>),
    /// The ID token can't be verified now: the provider's keys can't be had.
    Unverifiable {
        /// What the verifier says of it.
        why: &'a str,
        /// What the keys' server answered.
        status: Option<u16>,
        /// Where the keys are.
        url: Option<&'a str>,
        /// When that server wants to be asked again.
        retry_after: Option<Span>,
    },
    /// Whether the storage did it.
    Stored(bool),
}

/// What is known of the refresh token, from whoever had the lock before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenStatus {
    /// Nobody has sent it; or somebody has, but nobody knows what came of it.
    Usable,
    /// Another tab has exchanged it for its successor. To send it again could cost both (RFC 9700 §4.14.2).
    Rotated,
}

/// What an attempt is for.
#[derive(Debug)]
pub(super) enum Operation {
    Refresh(Reason),
    Code(Box<Login>),
    Revoke(Secret),
    Discover,
}

/// A login that came back with a code.
#[derive(Debug)]
pub struct Login {
    /// `code`
    pub code: Secret,
    /// `code_verifier`
    pub verifier: Secret,
    /// `nonce`
    pub nonce: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Load,
    Lock,
    Ask,
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
    /// What the manager's generation was: a token that came since is good enough.
    pub(super) generation: u32,
    /// The lock was asked for.
    pub(super) has_lock: bool,
    /// The other tabs were asked, and nobody has had the lock since.
    pub(super) has_asked: bool,
    /// Why the first place had no metadata.
    pub(super) nowhere: Option<Nowhere>,
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

    /// Whether it has obtained tokens, and they are not stored yet.
    pub(super) const fn is_unstored(&self) -> bool {
        matches!(self.stage, Stage::Store) && matches!(self.operation, Operation::Refresh(_))
    }

    /// Whether a second request could do harm while this one may still be under way: a refresh token counts once.
    pub(super) const fn is_delicate(&self) -> bool {
        matches!(self.stage, Stage::Send) && self.sent.is_some()
    }
}

/// How an operation that somebody waits for ended.
pub type Outcome = Result<(), Error>;
