//! One HTTP request and its answer, as far as anything here needs them: `fetch` is the platform's, or the user's own.

use std::{fmt, time::Duration};

use crate::jose::jwks_cache::FetchFailure;

/// A request. Whoever performs it follows no redirect, keeps its bounds, and sends no cookies.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where.
    pub url: String,
    /// The header: names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; `None` for a request without one.
    pub body: Option<String>,
    /// The whole of it, the answer's body included, is over after so long: [`Failure::Timeout`]. `None`: it takes what it takes.
    pub timeout: Option<Duration>,
    /// So many bytes of the answer's body are read. A longer one is [`Failure::TooLarge`].
    pub max_bytes: usize,
    /// Whether the body of an answer that is not 2xx is read.
    pub reads_errors: bool,
}

impl Request {
    /// A GET without a bound in time.
    pub fn get(url: impl Into<String>, max_bytes: usize) -> Self {
        Self {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout: None,
            max_bytes,
            reads_errors: false,
        }
    }

    /// A POST without a bound in time, of whose errors the body is read as well.
    pub fn post(url: impl Into<String>, body: String, max_bytes: usize) -> Self {
        Self { method: "POST", body: Some(body), reads_errors: true, ..Self::get(url, max_bytes) }
    }

    /// With a field of the header; the name in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a bound in time.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

// Fields and bodies hold credentials, and so may a URL's query.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        write!(f, "{} {place}", self.method)
    }
}

/// What was answered.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header: names and values, in any case and order.
    pub headers: Vec<(String, String)>,
    /// The body, or nothing where nobody asked for it.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without a header.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// With a field of the header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first field of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

// What a token endpoint answers is a secret.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection, or a broken one.
    Network,
    /// It took longer than it may.
    Timeout,
    /// The body is longer than is read.
    TooLarge,
    /// A redirect, which is never followed.
    Redirect,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FetchFailure::from(*self).fmt(f)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for FetchFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Network => Self::Network,
            Failure::Timeout => Self::Timeout,
            Failure::TooLarge => Self::TooLarge,
            Failure::Redirect => Self::Redirect,
        }
    }
}
