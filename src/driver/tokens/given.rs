//! Tokens that a program hands in: by its callback, or with `set_token`.

use std::{any::Any, error, fmt, time::Duration};

use crate::{
    driver::cause::cause,
    error::{Cause, Error},
    json::{self, Members},
    platform::{BoxError, MaybeSend, MaybeSync},
    time::Time,
};

/// Tokens from elsewhere, with the members of RFC 6749 §5.1. A string is an access token alone: how long it lasts is read out of it
/// if it is a JWT, and not known otherwise.
///
/// ```
/// use std::time::Duration;
///
/// use arcgate::tokens::Tokens;
///
/// let tokens = Tokens::new("an access token").expires_in(Duration::from_secs(3600)).scope("read");
/// let bare: Tokens = "an access token".into();
/// let answered = Tokens::from_json(r#"{"access_token":"an access token","expires_in":3600}"#);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Tokens(Given);

#[derive(Clone)]
enum Given {
    /// A token endpoint's answer as it came.
    Json(String),
    /// Boxed, for it is long beside the other.
    Members(Box<Answer>),
}

#[derive(Clone)]
struct Answer {
    access: String,
    refresh: Option<String>,
    id_token: Option<String>,
    scope: Option<String>,
    expires_in: Option<Duration>,
    expires_at: Option<Time>,
}

impl Tokens {
    /// An access token.
    pub fn new(access_token: impl Into<String>) -> Self {
        Self(Given::Members(Box::new(Answer {
            access: access_token.into(),
            refresh: None,
            id_token: None,
            scope: None,
            expires_in: None,
            expires_at: None,
        })))
    }

    /// A token endpoint's answer (RFC 6749 §5.1), as it came. What is no answer with a token is refused where it is handed in.
    pub fn from_json(answer: impl Into<String>) -> Self {
        Self(Given::Json(answer.into()))
    }

    fn with(mut self, set: impl FnOnce(&mut Answer)) -> Self {
        if let Given::Members(answer) = &mut self.0 {
            set(answer);
        }
        self
    }

    /// How long the access token lasts from now. Without effect on what [`Tokens::from_json`] gave, like the others here.
    pub fn expires_in(self, life: Duration) -> Self {
        self.with(|answer| answer.expires_in = Some(life))
    }

    /// When the access token ends.
    pub fn expires_at(self, end: Time) -> Self {
        self.with(|answer| answer.expires_at = Some(end))
    }

    /// The refresh token that belongs to it.
    pub fn refresh_token(self, token: impl Into<String>) -> Self {
        self.with(|answer| answer.refresh = Some(token.into()))
    }

    /// The ID token that came with it. It is kept, and nobody has verified it.
    pub fn id_token(self, token: impl Into<String>) -> Self {
        self.with(|answer| answer.id_token = Some(token.into()))
    }

    /// The scope that was granted.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.with(|answer| answer.scope = Some(scope.into()))
    }

    /// As the core reads it: the token as a string, or an object with the members of §5.1.
    pub(super) fn into_json(self) -> String {
        let answer = match self.0 {
            Given::Json(text) => return text,
            Given::Members(answer) => answer,
        };
        let Answer { access, refresh, id_token, scope, expires_in, expires_at } = *answer;
        let is_bare = refresh.is_none() && id_token.is_none() && scope.is_none();
        if is_bare && expires_in.is_none() && expires_at.is_none() {
            return json::string(&access);
        }
        let mut out = Members::new()
            .text("access_token", &access)
            .some_text("refresh_token", refresh.as_deref())
            .some_text("id_token", id_token.as_deref())
            .some_text("scope", scope.as_deref());
        if let Some(life) = expires_in {
            out = out.raw("expires_in", &life.as_secs_f64().to_string());
        }
        if let Some(end) = expires_at {
            out = out.raw("expires_at", &end.to_seconds());
        }
        out.end()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens([redacted])")
    }
}

impl From<String> for Tokens {
    fn from(token: String) -> Self {
        Self::new(token)
    }
}

impl From<&str> for Tokens {
    fn from(token: &str) -> Self {
        Self::new(token)
    }
}

/// What a function that gives tokens says when it has none: whether a retry may help, and by which name OAuth or OpenID Connect knows
/// the reason. Any [`std::error::Error`] turns into one (`?`), and counts as an outage that passes. Its message is shown nowhere, for it could hold a
/// token: it is the [`source`](error::Error::source) of the [`Error`] that whoever asks is told.
///
/// ```
/// use arcgate::tokens::CallbackError;
///
/// // What is no `std::error::Error` (a text, a boxed error, `anyhow`'s, a `JsValue`) is wrapped by hand: `.map_err(failed)?`.
/// fn failed(message: String) -> CallbackError {
///     CallbackError::temporary().caused_by(message)
/// }
/// ```
#[derive(Clone)]
#[must_use]
pub struct CallbackError {
    pub(crate) name: Option<String>,
    pub(crate) is_permanent: bool,
    /// An error of ours, which says all of that by itself.
    pub(crate) own: Option<Error>,
    pub(crate) cause: Cause,
}

impl CallbackError {
    /// It may work later: the callback is asked again, with growing pauses.
    pub fn temporary() -> Self {
        Self::of(None, false)
    }

    /// No retry helps: whoever asks is told `ERR_REFRESH_REJECTED`.
    pub fn permanent() -> Self {
        Self::of(None, true)
    }

    /// The reason by its name. `login_required`, `invalid_grant`, `consent_required` and their like are permanent by themselves.
    pub fn named(name: impl Into<String>) -> Self {
        Self::of(Some(name.into()), false)
    }

    fn of(name: Option<String>, is_permanent: bool) -> Self {
        Self { name, is_permanent, own: None, cause: Cause::default() }
    }

    /// With the error that it came of.
    pub fn caused_by(mut self, error: impl Into<BoxError>) -> Self {
        self.cause = cause(error);
        self
    }
}

impl fmt::Debug for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackError")
            .field("name", &self.name)
            .field("is_permanent", &self.is_permanent)
            .finish_non_exhaustive()
    }
}

impl<E: error::Error + MaybeSend + MaybeSync + 'static> From<E> for CallbackError {
    fn from(error: E) -> Self {
        let own = (&error as &dyn Any).downcast_ref::<Error>().cloned();
        let name = own.as_ref().and_then(Error::subject).map(str::to_owned);
        let is_permanent = own.as_ref().is_some_and(|own| !own.is_retryable());
        let boxed: BoxError = Box::new(error);
        Self { own, ..Self::of(name, is_permanent).caused_by(boxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn what_is_handed_in_is_what_the_core_reads() {
        assert_eq!(Tokens::from("a\"b").into_json(), r#""a\"b""#);
        let full = Tokens::new("a")
            .expires_in(Duration::from_millis(1500))
            .expires_at(Time::from_millis(5000.0))
            .refresh_token("r")
            .id_token("i")
            .scope("s");
        assert_eq!(
            full.clone().into_json(),
            r#"{"access_token":"a","refresh_token":"r","id_token":"i","scope":"s","expires_in":1.5,"expires_at":5}"#
        );
        assert_eq!(format!("{full:?}"), "Tokens([redacted])");
        assert_eq!(Tokens::from_json("{}").scope("s").into_json(), "{}");
    }

    #[test]
    fn an_error_of_ours_says_whether_a_retry_helps() {
        let of = |code| CallbackError::from(Error::new(code, "hunter2").about("invalid_grant"));
        assert!(of(Code::RefreshRejected).is_permanent && !of(Code::RefreshUnavailable).is_permanent);
        assert_eq!(of(Code::RefreshRejected).name.as_deref(), Some("invalid_grant"));
        let other = CallbackError::from(fmt::Error);
        assert!(!other.is_permanent && other.name.is_none());
        assert!(!format!("{:?}", of(Code::Config)).contains("hunter2"));
        assert!(other.cause.error().is_some_and(|cause| cause.is::<fmt::Error>()));
    }
}
