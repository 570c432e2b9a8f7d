//! What is asked of a provider, and what comes of it.

use std::fmt;

use crate::{jose::jwks::MAX_BYTES, time::Span};

/// Names a fetch of one provider's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchId(pub u32);

/// One GET, without following redirects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The fetch that it belongs to. A fetch may need several, one after the other.
    pub fetch: FetchId,
    /// Where.
    pub url: String,
    /// After this it is over: [`FetchFailure::Timeout`].
    pub timeout: Span,
    /// What is longer is not read to its end: [`FetchFailure::TooLarge`].
    pub max_bytes: usize,
}

impl Request {
    pub(super) const fn new(fetch: FetchId, url: String, timeout: Span) -> Self {
        Self { fetch, url, timeout, max_bytes: MAX_BYTES }
    }
}

/// The answer to a request, not to a redirect that was followed.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `Cache-Control`
    pub cache_control: Option<&'a str>,
    /// `Age`
    pub age: Option<&'a str>,
    /// `Retry-After`, as a time from now.
    pub retry_after: Option<Span>,
    /// The whole body.
    pub body: &'a [u8],
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchFailure {
    /// It took longer than it may.
    Timeout,
    /// No connection, or a broken one.
    Network,
    /// The body is longer than is read.
    TooLarge,
    /// A redirect, which is never followed.
    Redirect,
    /// The caller gave up. That says nothing about the provider: no pause follows, and somebody else may take over.
    Abandoned,
}

impl FetchFailure {
    /// What JavaScript calls it; [`Self::Network`] for any other name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "timeout" => Self::Timeout,
            "too_large" => Self::TooLarge,
            "redirect" => Self::Redirect,
            "abandoned" => Self::Abandoned,
            _ => Self::Network,
        }
    }
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "did not answer in time",
            Self::Network => "can't be reached",
            Self::TooLarge => "answered with more than is read",
            Self::Redirect => "answered with a redirect, which is not followed: configure the URL it leads to",
            Self::Abandoned => "was not waited for",
        })
    }
}

/// A request that brought nothing of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRequest {
    /// Where, as it may be shown ([`crate::jose::url::without_secrets`]).
    pub url: String,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
}
