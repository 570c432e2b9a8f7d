//! What is wrong with a text that is no compact JWS, and what to do about it.

use std::borrow::Cow;

use crate::error::{Code, Error};

/// Where what was handed in is a token with something around it: what that is, and what to do.
#[cold]
pub(super) fn wrapped(token: &[u8]) -> Option<Error> {
    const SCHEMES: [&str; 4] = ["Bearer", "DPoP", "JWT", "Token"];
    let first = token.first()?;
    if first.is_ascii_whitespace() {
        return Some(malformed("the token begins with white space: hand over the token alone"));
    }
    if matches!(first, b'"' | b'\'') {
        return Some(malformed("the token begins with a quotation mark: hand over what stands between the quotes"));
    }
    if token.last()?.is_ascii_whitespace() {
        return Some(malformed("the token ends with white space, a line feed perhaps: hand over the token alone"));
    }
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b':';
    let name = token.get(..token.iter().take(16).position(is_end)?)?;
    if name.eq_ignore_ascii_case(b"authorization") {
        return Some(malformed("the token begins with the name of its header field: hand over the token alone"));
    }
    let scheme = SCHEMES.into_iter().find(|scheme| name.eq_ignore_ascii_case(scheme.as_bytes()))?;
    Some(malformed(format!(
        "the token begins with \"{scheme} \", the scheme of a header field: hand over what stands behind it"
    )))
}

fn is_padded(token: &[u8]) -> bool {
    token.split(|byte| *byte == b'.').any(|segment| segment.last() == Some(&b'='))
}

/// Why a token has not three segments of base64url. Counts at most one dot too many.
#[cold]
pub(super) fn no_segments(token: &[u8]) -> Error {
    malformed(match token.iter().filter(|byte| **byte == b'.').take(5).count() {
        0 => {
            "the token has one segment: it is opaque, not a JWT; with Auth0, ask for an `audience` to get a JWT; \
             with others, have the provider issue JWT access tokens for this API"
        }
        1 => {
            "the token has two segments: it is opaque, not a JWT; Google's access tokens are like that: send its ID token, \
             with your client ID as the `audience`"
        }
        2 if is_padded(token) => {
            "a segment of the token is not canonical base64url: it is padded with `=`, which RFC 7515 §2 forbids; AWS load \
             balancers' `x-amzn-oidc-data` is like that, and only a verifier of AWS's own format reads it"
        }
        2 => "a segment of the token is not canonical base64url without padding",
        4 => {
            "the token has five segments: it is encrypted (JWE), and only its own audience can read it; \
             with Auth0, ask for an `audience` to get a signed access token"
        }
        _ => "a token has three segments, this one has more",
    })
}

pub(super) fn malformed(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::TokenMalformed, message)
}
