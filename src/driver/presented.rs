//! What a request presents, and what it needs.

use std::borrow::Cow;

use crate::{
    auth::{
        credentials::{self, OTHER_SCHEME},
        custom::require_scopes,
    },
    error::{Code, Error},
};

/// What a request presents of credentials, and which scopes it needs: for
/// [`JwtVerifier::authenticate_request`](crate::JwtVerifier::authenticate_request).
///
/// ```
/// use arcgate::Presented;
///
/// # let authorization = Some("Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmVk");
/// let presented = Presented::new(authorization).url("https://api.example/reports?page=2").scopes(["read:reports"]);
/// # let _ = presented;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Presented<'a> {
    authorization: Option<Cow<'a, str>>,
    query: Cow<'a, str>,
    scopes: Vec<String>,
}

impl<'a> Presented<'a> {
    /// By the value of the `Authorization` field; of several fields their values, joined by `", "` as `fetch` joins them, which are
    /// refused.
    pub fn new(authorization: Option<&'a str>) -> Self {
        Self { authorization: authorization.map(Cow::Borrowed), query: Cow::Borrowed(""), scopes: Vec::new() }
    }

    /// With the request's URL, whole or from its path on. A request that has a token there (`access_token`) is refused with 400, even
    /// beside a good field: it has been written to logs on its way (RFC 6750 §2.3, §5.3).
    pub fn url(mut self, url: &'a str) -> Self {
        self.query = Cow::Borrowed(url.find('?').and_then(|start| url.get(start..)).unwrap_or_default());
        self
    }

    /// With scopes that it needs, all of them. A token that lacks one is refused with 403, and told all (RFC 6750 §3.1).
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// The same, which borrows nothing.
    #[cfg(feature = "tower")]
    pub(crate) fn into_owned(self) -> Presented<'static> {
        let authorization = self.authorization.map(|value| Cow::Owned(value.into_owned()));
        Presented { authorization, query: Cow::Owned(self.query.into_owned()), scopes: self.scopes }
    }

    /// The bearer token that it presents.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for none, or for another scheme's; [`Code::InvalidRequest`] and [`Code::TokenMalformed`] for what is
    /// not one token in one place; [`Code::Config`] where a scope is empty, which would ask for nothing.
    pub(crate) fn token(&self) -> Result<&str, Error> {
        if self.scopes.iter().any(String::is_empty) {
            return Err(Error::new(Code::Config, "`scopes` must be texts that are not empty").about("scopes"));
        }
        let query: &str = &self.query;
        let field = self.authorization.as_deref();
        let short = field.and_then(|field| credentials::bearer_token(field.as_bytes(), query.as_bytes()));
        if let Some(token) = short.filter(|token| credentials::is_b64token(token)) {
            // A b64token is ASCII.
            return str::from_utf8(token).map_err(|_| Error::new(Code::InvalidRequest, "the token is no text"));
        }
        // Had it been a bearer token, it would have been taken above.
        credentials::from_request(field, query)?;
        let message = "no verifier accepts the credentials, which are no bearer token";
        Err(Error::new(Code::Unauthenticated, message).about(OTHER_SCHEME))
    }

    /// Whether a token that grants these has all that it needs.
    ///
    /// # Errors
    /// [`Code::TokenScope`], about all that are needed.
    pub(crate) fn admit(&self, granted: &[String]) -> Result<(), Error> {
        if self.scopes.is_empty() {
            return Ok(());
        }
        let granted: Vec<_> = granted.iter().map(String::as_str).collect();
        let required: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        require_scopes(&granted, &required)
    }
}

// Without the credentials.
impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_field = self.authorization.is_some();
        f.debug_struct("Presented").field("has_authorization", &has_field).field("scopes", &self.scopes).finish()
    }
}

/// The fields and the URL of a request.
#[cfg(feature = "tower")]
impl<'a> From<&'a http::request::Parts> for Presented<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self::of(&parts.headers, &parts.uri)
    }
}

/// The fields and the URL of a request.
#[cfg(feature = "tower")]
impl<'a, B> From<&'a http::Request<B>> for Presented<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self::of(request.headers(), request.uri())
    }
}

#[cfg(feature = "tower")]
impl<'a> Presented<'a> {
    fn of(headers: &'a http::HeaderMap, uri: &'a http::Uri) -> Self {
        // Bytes that are no text stand in no token: what takes their place is refused as they are.
        let mut fields = headers.get_all(http::header::AUTHORIZATION).iter();
        let first = fields.next().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let authorization = first.map(|first| {
            fields.fold(first, |joined, value| {
                Cow::Owned(format!("{joined}, {}", String::from_utf8_lossy(value.as_bytes())))
            })
        });
        Self { authorization, query: Cow::Borrowed(uri.query().unwrap_or_default()), scopes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(authorization: Option<&str>, url: &str) -> Result<String, (Code, Option<String>)> {
        let presented = Presented::new(authorization).url(url);
        let token = presented.token().map(str::to_owned);
        token.map_err(|error| (error.code(), error.subject().map(str::to_owned)))
    }

    #[test]
    fn a_bearer_token_in_its_one_place_is_taken() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c"] {
            assert_eq!(code(Some(value), "").as_deref(), Ok("a.b.c"));
            assert_eq!(code(Some(value), "/path?page=access_token").as_deref(), Ok("a.b.c"));
        }
    }

    #[test]
    fn anything_else_is_refused_as_its_class_is() {
        let invalid = Err((Code::InvalidRequest, None));
        for value in
            ["", "Bearer", "Bearer ", "Bearer  a", "Bearer\ta", " Bearer a", "Bearer a b", "Bearer é", "Bearer a=b"]
        {
            assert_eq!(code(Some(value), ""), invalid, "{value:?}");
        }
        for value in ["Bearer a, Bearer b", "Bearer a,", ", Bearer a"] {
            assert_eq!(code(Some(value), ""), invalid, "{value:?}");
        }
        let other = Err((Code::Unauthenticated, Some(OTHER_SCHEME.to_owned())));
        for value in ["Basic YTpi", "DPoP a.b.c", "a", "None"] {
            assert_eq!(code(Some(value), ""), other, "{value:?}");
        }
        assert_eq!(code(None, ""), Err((Code::Unauthenticated, Some(credentials::MISSING.to_owned()))));
        let long = format!("Bearer {}", "a".repeat(20_000));
        assert_eq!(code(Some(&long), ""), Err((Code::TokenMalformed, None)));
        for url in ["https://a.example/?access_token=x", "/?a=1&%61ccess_token"] {
            assert_eq!(code(Some("Bearer a"), url), invalid, "{url}");
            assert_eq!(code(None, url), invalid, "{url}");
        }
    }

    #[test]
    fn all_scopes_are_needed_and_all_are_named() {
        let presented = Presented::new(None).scopes(["read", "write"]);
        let granted = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
        assert!(presented.admit(&granted(&["write", "read", "more"])).is_ok());
        let error = presented.admit(&granted(&["read"])).unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::TokenScope, Some("read write")));
        assert_eq!(Presented::new(Some("Bearer a")).scopes([""]).token().unwrap_err().code(), Code::Config);
        assert!(Presented::new(None).admit(&[]).is_ok());
    }

    #[test]
    fn debug_shows_no_token() {
        let presented = Presented::new(Some("Bearer hunter2")).url("/?access_token=hunter2");
        assert!(!format!("{presented:?} {:?}", presented.token()).contains("hunter2"));
    }

    #[cfg(feature = "tower")]
    #[test]
    fn fields_of_a_request_are_joined_and_bytes_are_no_text() {
        let of = |values: &[&[u8]]| {
            let mut request = http::Request::builder().uri("https://a.example/x?y=1");
            for value in values {
                request = request.header("authorization", http::HeaderValue::from_bytes(value).unwrap());
            }
            let request = request.body(()).unwrap();
            let (parts, ()) = request.clone().into_parts();
            let told = |presented: Presented<'_>| presented.token().map(str::to_owned).map_err(|error| error.code());
            assert_eq!(told((&parts).into()), told((&request).into()));
            told((&parts).into())
        };
        assert_eq!(of(&[b"Bearer a.b.c"]).as_deref(), Ok("a.b.c"));
        assert_eq!(of(&[]), Err(Code::Unauthenticated));
        assert_eq!(of(&[b"Bearer a", b"Bearer a"]), Err(Code::InvalidRequest));
        assert_eq!(of(&[b"Bearer a", b""]), Err(Code::InvalidRequest));
        assert_eq!(of(&[b"Bearer a\xff"]), Err(Code::InvalidRequest));
        assert_eq!(of(&[b"Bearer \xc3\xa9"]), Err(Code::InvalidRequest));
    }
}
