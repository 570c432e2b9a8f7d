//! Where a session gets its credentials: a text, a function, or whatever gives tokens; asked for anew at each connection.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use crate::{
    driver::{boxed, renewals::Renewals, tokens::CallbackError, Shared},
    error::Error,
    platform::{BoxFuture, MaybeSend, MaybeSync},
    time::Time,
    token::denial::source_failure,
};

/// Something that gives tokens: a token manager, or a cache of somebody's own.
pub trait TokenSource: MaybeSend + MaybeSync + 'static {
    /// The token of this moment, or another one where the request asks for it.
    fn token(&self, request: TokenRequest) -> BoxFuture<'static, Result<String, Error>>;

    /// A runtime has refused this token: nobody is to get it any more.
    fn invalidate(&self, token: &str) {
        let _ = token;
    }

    /// When the token that was given last ends, where that is known. Otherwise `exp` of a JWT says when to ask for another one.
    fn expires_at(&self) -> Option<Time> {
        None
    }

    /// Whether another token may be had when one is refused.
    fn can_renew(&self) -> bool {
        true
    }
}

/// What kind of token is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// Whether it must be another one than the last: that one was refused, or lasts no longer.
    pub is_forced: bool,
    /// How long it is to be good for at least.
    pub min_validity: Option<Duration>,
}

/// A token, or where tokens come from: made from a text or a [`TokenManager`](crate::TokenManager), [`with`](Self::with) a function, or [`of`](Self::of) a
/// source.
#[derive(Clone)]
pub struct Token(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Text(String),
    Source(Arc<Shared<Box<dyn TokenSource>>>, Arc<Renewals>),
}

impl Token {
    /// Tokens of this function's. It is asked at each connection, and before the token ends. An error of its own is taken for an outage
    /// (`ERR_REFRESH_UNAVAILABLE`), and asked about again as often as a connection is tried, unless a [`CallbackError`] says that no
    /// retry helps; an [`Error`] is told as it is. It may take a minute.
    ///
    /// ```
    /// # use arcgate::session::Token;
    /// # async fn token_of_mine() -> Result<String, std::io::Error> { Ok("token".to_owned()) }
    /// let token = Token::with(|_request| token_of_mine());
    /// ```
    pub fn with<F, W, E>(give: F) -> Self
    where
        F: Fn(TokenRequest) -> W + MaybeSend + MaybeSync + 'static,
        W: Future<Output = Result<String, E>> + MaybeSend + 'static,
        E: Into<CallbackError>,
    {
        Self::of(Function(move |request| {
            let given = give(request);
            boxed(async move { given.await.map_err(|error| own_error(error.into())) })
        }))
    }

    /// Tokens of this source's.
    pub fn of(source: impl TokenSource) -> Self {
        Self::shared(source, Arc::default())
    }

    /// Of a source whose renewals are others' as well.
    pub(super) fn shared(source: impl TokenSource, renewals: Arc<Renewals>) -> Self {
        Self(Kind::Source(Arc::new(Shared::new(Box::new(source))), renewals))
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self(Kind::Text(text.to_owned()))
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(Kind::Text(text))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Text(_) => "Token([redacted])",
            Kind::Source(..) => "Token(source)",
        })
    }
}

struct Function<F>(F);

impl<F> TokenSource for Function<F>
where
    F: Fn(TokenRequest) -> BoxFuture<'static, Result<String, Error>> + MaybeSend + MaybeSync + 'static,
{
    fn token(&self, request: TokenRequest) -> BoxFuture<'static, Result<String, Error>> {
        (self.0)(request)
    }
}

/// What a function of the program's has failed with. What it says may hold a secret, and is not quoted.
fn own_error(error: CallbackError) -> Error {
    let CallbackError { name, is_permanent, own, cause } = error;
    let told = || source_failure("the source of tokens", name.as_deref().unwrap_or_default(), is_permanent);
    own.unwrap_or_else(|| told().because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn what_a_function_fails_with_is_an_outage_unless_it_says_what_it_is() {
        use std::error::Error as _;
        let outage = own_error(fmt::Error.into());
        assert_eq!((outage.code(), outage.is_retryable()), (Code::RefreshUnavailable, true));
        assert!(outage.source().is_some_and(|cause| cause.is::<fmt::Error>()));
        let told = own_error(Error::new(Code::RefreshRejected, "invalid_grant").into());
        assert_eq!((told.code(), told.message()), (Code::RefreshRejected, "invalid_grant"));
        for (thrown, code) in [
            (CallbackError::permanent(), Code::RefreshRejected),
            (CallbackError::named("login_required"), Code::RefreshRejected),
            (CallbackError::named("temporarily_unavailable"), Code::RefreshUnavailable),
            (CallbackError::temporary().caused_by("hunter2"), Code::RefreshUnavailable),
        ] {
            let error = own_error(thrown);
            assert_eq!((error.code(), error.is_retryable()), (code, code == Code::RefreshUnavailable));
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
