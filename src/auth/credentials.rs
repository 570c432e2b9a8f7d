//! What a caller presents: the `Authorization` field (RFC 9110 §11.6.2, RFC 6750 §2.1), read strictly.
//!
//! A token travels in this one place. Whatever two readers could understand differently (two fields, two spaces, a tab,
//! parameters) is refused, so that nothing between the client and this program can have seen another token.

use crate::{
    error::{Code, Error},
    jose::jws::MAX_TOKEN,
    secret::Secret,
};

/// A scheme's name may be this long, in bytes: `x-vendor.acme.key` and the like.
const MAX_SCHEME: usize = 64;

/// What somebody claims to be allowed with; nothing of it is verified.
#[derive(Clone, Debug)]
pub struct Credentials {
    scheme: String,
    token: Option<Secret>,
}

impl Credentials {
    /// The scheme's name in lower case: `bearer`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The token, for schemes that have one.
    pub const fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }
}

/// Reads the credentials of a request: `authorization` is the field's value (several values joined by commas, as `fetch`
/// joins them), `query` the URL's query with or without its `?`.
///
/// # Errors
/// [`Code::Unauthenticated`] when there are none, [`Code::TokenMalformed`] when the token is too long, and
/// [`Code::InvalidRequest`] for everything that is not one scheme and one token.
pub fn from_request(authorization: Option<&str>, query: &str) -> Result<Credentials, Error> {
    if has_token(query, &OF_ANY_API) {
        return Err(in_url());
    }
    from_header(authorization)
}

/// The same for a gate, whose URL has no use for any parameter that is named as tokens are.
///
/// # Errors
/// As [`from_request`].
pub fn from_gate_request(authorization: Option<&str>, query: &str) -> Result<Credentials, Error> {
    if has_token(query, &OF_GATES) {
        return Err(in_url());
    }
    from_header(authorization)
}

/// Not even beside a good header: the token in the URL has been written to logs on its way.
fn in_url() -> Error {
    invalid("a token in the URL is never accepted: send it in the Authorization header")
}

fn from_header(authorization: Option<&str>) -> Result<Credentials, Error> {
    let (scheme, token) = parts(authorization.ok_or_else(missing)?)?;
    Ok(Credentials { scheme: scheme.to_ascii_lowercase(), token: token.map(Secret::new) })
}

/// The token of a request that presents a bearer token, by its Authorization field and its query, as in [`from_request`]. Whether
/// it is of the form of one is asked by [`is_b64token`], where nobody has seen that it is: what a JWT is made of is of it.
pub fn bearer_token<'a>(authorization: &'a [u8], query: &[u8]) -> Option<&'a [u8]> {
    let (scheme, rest) = authorization.split_at_checked(b"bearer".len())?;
    let token = rest.strip_prefix(b" ")?;
    let has_place = scheme.eq_ignore_ascii_case(b"bearer") && token.len() <= MAX_TOKEN;
    let is_only_one = query.is_empty() || !has_token(str::from_utf8(query).ok()?, &OF_ANY_API);
    (has_place && is_only_one).then_some(token)
}

fn is_bearer(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer")
}

/// The scheme and the token of a field's value.
fn parts(value: &str) -> Result<(&str, Option<&str>), Error> {
    if value.is_empty() {
        return Err(invalid("the Authorization header is empty"));
    }
    if value.contains(',') {
        return Err(invalid("more than one Authorization header, or one with parameters"));
    }
    let (scheme, token) = match value.split_once(' ') {
        Some((scheme, token)) => (scheme, Some(token)),
        None => (value, None),
    };
    if scheme.is_empty() || scheme.len() > MAX_SCHEME || !scheme.bytes().all(is_tchar) {
        return Err(invalid("the Authorization header names no scheme"));
    }
    match token {
        None if is_bearer(scheme) => Err(invalid("the Authorization header has no token after Bearer")),
        None => Ok((scheme, None)),
        Some(token) if token.len() > MAX_TOKEN => {
            Err(Error::new(Code::TokenMalformed, "the token is longer than 16 kB"))
        }
        Some(token) if !is_b64token(token.as_bytes()) => {
            Err(invalid("the Authorization header must be the scheme, one space, and a token of the b64token form"))
        }
        Some(token) => Ok((scheme, Some(token))),
    }
}

/// The error of a request without credentials. Its subject sets it apart from credentials that were refused: RFC 6750
/// §3.1 wants a challenge without an error code for it.
pub fn missing() -> Error {
    Error::new(Code::Unauthenticated, "no credentials: send Authorization: Bearer <token>").about(MISSING)
}

/// The subject of [`missing`]'s error.
pub(crate) const MISSING: &str = "authorization";

/// The subject of a refusal of credentials of another scheme than Bearer, which to RFC 6750 §3.1 are as good as none.
pub(crate) const OTHER_SCHEME: &str = "scheme";

fn invalid(message: &'static str) -> Error {
    Error::new(Code::InvalidRequest, message)
}

/// RFC 9110 §5.6.2
const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// RFC 6750 §2.1: one or more of these, then any number of `=`.
pub fn is_b64token(token: &[u8]) -> bool {
    let is_of_body =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    let end = token.iter().position(|byte| !is_of_body(byte)).unwrap_or(token.len());
    end > 0 && token.iter().skip(end).all(|byte| *byte == b'=')
}

/// The parameters under which clients put a token into a gate's URL, where nothing else has a use for them.
pub const OF_GATES: [&str; 5] = ["access_token", "token", "bearer", "auth", "authorization"];

/// RFC 6750 §2.3: the one that is a token in any API's URL. There, `token` may be the next page's.
const OF_ANY_API: [&str; 1] = ["access_token"];

/// Whether a query has a parameter of one of these names, in any case, percent-encoded spellings included.
pub fn has_token(query: &str, names: &[&str]) -> bool {
    query.strip_prefix('?').unwrap_or(query).split(['&', ';']).any(|pair| {
        let name = percent_decoded(pair.split('=').next().unwrap_or_default());
        let name = name.trim_ascii();
        names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    })
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let hex = |at: usize| bytes.get(at).and_then(|digit| (*digit as char).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, hex(index + 1), hex(index + 2)) {
            out.push((high * 16 + low) as u8);
            index += 3;
        } else {
            out.push(if byte == b'+' { b' ' } else { byte });
            index += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(value: &str) -> Code {
        from_request(Some(value), "").unwrap_err().code()
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        for value in ["Bearer a.b-c_d~e+f/g==", "bearer a.b-c_d~e+f/g==", "BEARER a.b-c_d~e+f/g=="] {
            let credentials = from_request(Some(value), "").unwrap();
            assert_eq!(credentials.scheme(), "bearer");
            assert_eq!(credentials.token().unwrap().expose(), b"a.b-c_d~e+f/g==");
        }
        assert_eq!(from_request(Some("X-Vendor.Acme.Key k1"), "").unwrap().scheme(), "x-vendor.acme.key");
        assert!(from_request(Some("None"), "").unwrap().token().is_none());
    }

    #[test]
    fn none_at_all_is_told_from_bad_ones() {
        let error = from_request(None, "").unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::Unauthenticated, Some(MISSING)));
    }

    /// Attack class: two headers, two spaces, tabs, a token in the query.
    #[test]
    fn ambiguous_ways_to_present_a_token_are_refused() {
        for value in [
            "",
            "Bearer",
            "Bearer  two-spaces",
            "Bearer\ta",
            "Bearer a\t",
            "Bearer a b",
            "Bearer a, Bearer b",
            "Bearer a,Bearer b",
            "Bearer a,",
            ", Bearer a",
            " Bearer a",
            "Bearer ",
            "Bearer =",
            "Bearer a=b",
            "Bearer é",
            "Bearer \"a\"",
            "Bearer a\0",
            "Digest username=x",
            "Bea(rer a",
            "a",
        ] {
            if value == "a" {
                assert!(from_request(Some(value), "").is_ok(), "a scheme without a token is the verifier's matter");
            } else {
                assert_eq!(code(value), Code::InvalidRequest, "{value:?}");
            }
        }
    }

    #[test]
    fn a_bearer_token_is_taken_the_short_way_exactly_where_the_long_way_takes_one() {
        let long = |value: &str, query: &str| {
            let credentials = from_request(Some(value), query).ok()?;
            (credentials.scheme() == "bearer").then(|| credentials.token().map(|token| token.expose().to_vec()))?
        };
        let pieces = ["Bearer", "bEARER", "Basic", " ", "\t", "a.b-c_~+/", "=", "é", ",", "\"", "\0", ""];
        for index in 0..pieces.len().pow(4) {
            let piece = |place: u32| pieces[index / pieces.len().pow(place) % pieces.len()];
            let value = [piece(0), piece(1), piece(2), piece(3)].concat();
            for query in ["", "?a=1", "?access_token=x", "?%61ccess_token", "?token=x"] {
                let short = bearer_token(value.as_bytes(), query.as_bytes()).filter(|token| is_b64token(token));
                let short = short.map(<[u8]>::to_vec);
                assert_eq!(short, long(&value, query), "{value:?} {query}");
            }
        }
        let longest = format!("Bearer {}", "a".repeat(MAX_TOKEN));
        assert!(bearer_token(longest.as_bytes(), b"").is_some());
        assert!(bearer_token(format!("{longest}a").as_bytes(), b"").is_none());
        assert!(!is_b64token(b"\xff") && !is_b64token(b"") && !is_b64token(b"a=b"));
        assert!(bearer_token(b"Bearer a", b"\xff").is_none());
    }

    #[test]
    fn two_headers_are_named_as_such() {
        let error = from_request(Some("Bearer a, Bearer b"), "").unwrap_err();
        assert!(error.message().starts_with("more than one"), "{error}");
    }

    #[test]
    fn a_token_in_the_query_is_refused_even_beside_a_header() {
        let both = |query: &str| [from_request(Some("Bearer a"), query), from_gate_request(None, query)];
        for query in ["?access_token=x", "access_token=x", "a=1&access_token", "?%61ccess%5Ftoken=x", "?Access_Token=x"]
        {
            for refused in both(query) {
                assert_eq!(refused.unwrap_err().code(), Code::InvalidRequest, "{query}");
            }
        }
        for query in ["", "?", "?a=access_token", "?xaccess_token=1", "?%zz&%6", "?%", "?author=x", "?a=auth"] {
            assert!(from_request(Some("Bearer a"), query).is_ok(), "{query}");
            assert!(from_gate_request(Some("Bearer a"), query).is_ok(), "{query}");
        }
    }

    #[test]
    fn a_gate_refuses_every_name_of_a_token_and_another_api_may_use_the_short_ones() {
        for name in ["token", "TOKEN", "bearer", "%61uth", "Authorization", "+token", "a=1;token", "a=1&bearer"] {
            let query = format!("?{name}=x");
            assert_eq!(from_gate_request(Some("Bearer a"), &query).unwrap_err().code(), Code::InvalidRequest, "{name}");
            assert!(from_request(Some("Bearer a"), &query).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_token_has_a_longest_length() {
        assert!(from_request(Some(&format!("Bearer {}", "a".repeat(MAX_TOKEN))), "").is_ok());
        assert_eq!(code(&format!("Bearer {}", "a".repeat(MAX_TOKEN + 1))), Code::TokenMalformed);
        assert_eq!(code(&format!("{} a", "s".repeat(65))), Code::InvalidRequest);
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_token() {
        let credentials = from_request(Some("Bearer hunter2"), "").unwrap();
        assert!(!format!("{credentials:?}").contains("hunter2"));
        for value in ["Bearer  hunter2", "Bearer hunter2,", "Bearer hunter2 x"] {
            let error = from_request(Some(value), "access_token=hunter2").unwrap_err();
            assert!(!format!("{error:?} {error}").contains("hunter2"));
        }
    }
}
