//! What a refused request is answered.

use std::{fmt, time::Duration};

use crate::{
    auth::{challenge::HttpRefusal, credentials},
    error::{Code, Error},
};

/// Why a request is refused, and what its sender is told: a status, the fields that belong to it, and a body that gives no reason.
///
/// The reason is in [`Refusal::error`], for the log. A sender learns one of a few classes and nothing else: a token with a wrong
/// audience and one with a wrong signature get the same answer (RFC 6750 §3).
///
/// ```
/// use arcgate::{Code, Error, Refusal};
///
/// let refusal = Refusal::from(Error::new(Code::TokenAudience, "`aud` does not name this API"));
/// assert_eq!(refusal.status(), 401);
/// assert_eq!(refusal.www_authenticate(), Some(r#"Bearer realm="arcgate", error="invalid_token""#));
/// assert_eq!(refusal.body(), r#"{"error":"unauthorized"}"#);
/// assert_eq!(refusal.error().code(), Code::TokenAudience);
/// ```
///
/// With the feature `tower` it becomes an [`http::Response`](https://docs.rs/http) by `From`. Elsewhere [`Refusal::fields`] has all
/// that is to be set.
#[derive(Clone)]
pub struct Refusal(Box<Inner>);

#[derive(Clone)]
struct Inner {
    error: Error,
    http: HttpRefusal,
    /// Whether there was a token, whatever the error says: a function of the program's may have made it.
    had_token: bool,
}

impl Refusal {
    /// The answer to a request whose token doesn't count.
    pub(crate) fn of_token(error: Error) -> Self {
        let mut refusal = Self::from(error);
        refusal.0.had_token = true;
        refusal
    }

    /// The status code: 400, 401, 403, 503, or 500 for what is no fault of the sender's.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.0.http.status
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3), where other credentials would help.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<&str> {
        self.0.http.challenge.as_deref()
    }

    /// After how long the same request may succeed: `Retry-After`, in whole seconds. There for each 503.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.http.retry_after.map(|seconds| Duration::from_secs(seconds.unsigned_abs()))
    }

    /// The body: a line of JSON that names the class.
    #[must_use]
    pub const fn body(&self) -> &'static str {
        match self.status() {
            400 => r#"{"error":"invalid_request"}"#,
            401 => r#"{"error":"unauthorized"}"#,
            403 => r#"{"error":"insufficient_scope"}"#,
            503 => r#"{"error":"temporarily_unavailable"}"#,
            _ => r#"{"error":"server_error"}"#,
        }
    }

    /// All header fields of the answer, names in lower case: `WWW-Authenticate` and `Retry-After` where there are any, the body's
    /// type, and that nobody keeps it.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        let challenge = self.www_authenticate().map(|value| ("www-authenticate", value.to_owned()));
        let retry_after = self.0.http.retry_after.map(|seconds| ("retry-after", seconds.to_string()));
        let body = [("content-type", "application/json"), ("cache-control", "no-store")];
        challenge.into_iter().chain(retry_after).chain(body.map(|(name, value)| (name, value.to_owned())))
    }

    /// Why. It is for the log: its sender is not told.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// The same, for `?` and whoever keeps errors of one type.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.0.error
    }

    /// Whether the request had no credentials at all: where they are optional, it may go on without a principal.
    #[must_use]
    pub fn is_missing_credentials(&self) -> bool {
        !self.0.had_token
            && self.error().code() == Code::Unauthenticated
            && self.error().subject() == Some(credentials::MISSING)
    }
}

/// The answer that fits an error, for those who ask [`verify`](crate::JwtVerifier::verify) themselves.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let http = HttpRefusal::of(&error);
        Self(Box::new(Inner { error, http, had_token: false }))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.into_error()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status(), self.error())
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.status(), self.error())
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn refusal(code: Code) -> Refusal {
        Error::new(code, "why, for the log alone").into()
    }

    fn fields(refusal: &Refusal) -> Vec<String> {
        refusal.fields().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn what_is_sent_never_says_why() {
        for code in Code::ALL {
            let refusal = refusal(*code);
            let sent = format!("{:?}{}", fields(&refusal), refusal.body());
            assert!(!sent.contains("why"), "{code:?}");
            assert!(refusal.to_string().contains("why"), "the log has it: {code:?}");
            assert_eq!(refusal.error().code(), *code);
        }
    }

    #[test]
    fn each_class_has_its_fields() {
        let body = ["content-type: application/json", "cache-control: no-store"];
        assert_eq!(fields(&refusal(Code::Config)), body);
        assert_eq!(refusal(Code::Config).body(), r#"{"error":"server_error"}"#);
        let expired = refusal(Code::TokenExpired);
        assert!(fields(&expired)[0].starts_with("www-authenticate: Bearer realm=\"arcgate\", error=\"invalid_token\""));
        let outage = Refusal::from(Error::new(Code::JwksUnavailable, "").retry_after(Span::from_millis(2_500)));
        assert_eq!(fields(&outage)[0], "retry-after: 3");
        assert_eq!((outage.status(), outage.retry_after()), (503, Some(Duration::from_secs(3))));
        assert_eq!(outage.body(), r#"{"error":"temporarily_unavailable"}"#);
        assert_eq!(refusal(Code::InvalidRequest).body(), r#"{"error":"invalid_request"}"#);
        assert_eq!(refusal(Code::TokenScope).body(), r#"{"error":"insufficient_scope"}"#);
    }

    #[test]
    fn no_credentials_are_told_from_those_that_do_not_count() {
        assert!(Refusal::from(credentials::missing()).is_missing_credentials());
        assert!(
            !Refusal::of_token(credentials::missing()).is_missing_credentials(),
            "a function of the program's says so"
        );
        assert!(!refusal(Code::Unauthenticated).is_missing_credentials());
        assert!(!refusal(Code::TokenExpired).is_missing_credentials());
    }
}
