//! What comes of a task.

use crate::{
    jose::jwks_cache::FetchFailure,
    secret::Secret,
    time::{Span, Time},
};

/// An endpoint's answer.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
    /// The header field `Date`.
    pub date: Option<Time>,
    /// `Retry-After`, as a time from now.
    pub retry_after: Option<Span>,
}

/// What the user's function threw.
#[derive(Clone, Copy, Debug)]
pub struct Thrown<'a> {
    /// The name that its error has, if it has one.
    pub name: Option<&'a str>,
    /// Whether the error says of itself that no retry mends it.
    pub is_permanent: bool,
}

/// An ID token can't be verified now: the provider's keys can't be had.
#[derive(Clone, Copy, Debug)]
pub struct Unverifiable<'a> {
    /// What the verifier says of it.
    pub why: &'a str,
    /// What the keys' server answered.
    pub status: Option<u16>,
    /// Where the keys are.
    pub url: Option<&'a str>,
    /// When that server wants to be asked again.
    pub retry_after: Option<Span>,
}

/// What is known of the refresh token, from whoever had the lock before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenStatus {
    /// Nobody has sent it; or somebody has, but nobody knows what came of it.
    Usable,
    /// Another tab has exchanged it for its successor. To send it again could cost both (RFC 9700 §4.14.2).
    Rotated,
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
    /// How long before its ID token was issued the person may have been asked who they are; `None` where nobody wants to know.
    pub max_auth_age: Option<Span>,
}

/// One of them, on its way to the stage that waits for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    Loaded(Option<&'a str>),
    Locked(bool),
    TabsAsked(RefreshTokenStatus),
    Called(&'a [u8]),
    Threw(Thrown<'a>),
    Response(Response<'a>),
    Failed(FetchFailure),
    Signed(&'a str),
    Verified(Result<&'a str, &'a str>),
    Unverifiable(Unverifiable<'a>),
    Stored(bool),
}
