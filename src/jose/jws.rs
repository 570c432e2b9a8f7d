//! The compact serialisation of a JWS (RFC 7515 §7.1), read strictly.
//!
//! Strict means: exactly three segments, canonical base64url (no padding, no other alphabet, no spare bits), a JSON header
//! without duplicates, and nothing critical that we don't know. A token has one spelling here, so that a cache or a replay
//! list keyed by its text can't be walked around.

use std::borrow::Cow;

use super::{alg::Algorithm, base64url};
use crate::{
    error::{shown, Code, Error},
    json,
};

/// The longest token that is read, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;
/// The longest `kid`, in bytes.
pub const MAX_KID: usize = 256;

/// Where the segments of a token are decoded to: made once, used for each token, so that reading one allocates nothing.
#[derive(Debug)]
pub struct Scratch {
    header: Box<[u8]>,
    payload: Box<[u8]>,
    signature: Box<[u8]>,
}

/// A JWS of which nothing is verified.
#[derive(Debug)]
pub struct UntrustedJws<'b> {
    header: Header<'b>,
    payload: &'b [u8],
    signature: &'b [u8],
    signing_input_len: usize,
}

/// The protected header: what we act on, and its text.
#[derive(Debug)]
pub struct Header<'b> {
    algorithm: Algorithm,
    kid: Option<Cow<'b, str>>,
    typ: Option<Cow<'b, str>>,
    text: &'b [u8],
}

impl Default for Scratch {
    fn default() -> Self {
        let room = || vec![0; MAX_TOKEN].into_boxed_slice();
        Self { header: room(), payload: room(), signature: room() }
    }
}

impl Scratch {
    /// Where the signature of the last token begins; it stays at this address.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl<'b> UntrustedJws<'b> {
    /// Takes a compact JWS apart. Nothing is verified by that.
    ///
    /// # Errors
    /// `ERR_TOKEN_MALFORMED`, or `ERR_TOKEN_ALGORITHM` for an `alg` that is missing, `none` or unknown.
    pub fn parse(token: &[u8], scratch: &'b mut Scratch) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN {
            return Err(malformed("the token is longer than 16 kB"));
        }
        let Some(([header, payload, signature], signing_input_len)) = segments(token, scratch) else {
            return Err(wrapped(token).unwrap_or_else(|| no_segments(token)));
        };
        Ok(Self { header: Header::parse(header)?, payload, signature, signing_input_len })
    }

    /// The protected header, unverified.
    pub const fn header(&self) -> &Header<'b> {
        &self.header
    }

    /// The payload, unverified.
    pub const fn payload(&self) -> &'b [u8] {
        self.payload
    }

    /// The signature.
    pub const fn signature(&self) -> &'b [u8] {
        self.signature
    }

    /// How many bytes from the start of the token are signed.
    pub const fn signing_input_len(&self) -> usize {
        self.signing_input_len
    }
}

impl<'b> Header<'b> {
    fn parse(text: &'b [u8]) -> Result<Self, Error> {
        let members = json::parse_object(text).map_err(|problem| malformed(format!("the token's header {problem}")))?;
        // RFC 7515 §4.1.11: an extension that must be understood. We know none; `b64` (RFC 7797) must not be in a JWT.
        for name in ["crit", "b64"] {
            if members.get(name).is_some() {
                return Err(
                    malformed(format!("the token's header has `{name}`, and no extension is supported")).about(name)
                );
            }
        }
        let algorithm = match members.get("alg").and_then(json::Value::as_str) {
            Some(name) => Algorithm::from_name(name).ok_or_else(|| unknown_algorithm(name))?,
            None => return Err(Error::new(Code::TokenAlgorithm, "the token's header has no `alg`").about("alg")),
        };
        let kid = text_member(&members, "kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(malformed("the header's `kid` is longer than 256 bytes").about("kid"));
        }
        let typ = text_member(&members, "typ")?;
        Ok(Self { algorithm, kid, typ, text })
    }

    /// The algorithm that the header names. It is only ever compared with what the configuration and the key allow.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's name.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The kind of token.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The header as JSON; checked, so that every parser reads the same in it.
    pub const fn text(&self) -> &'b [u8] {
        self.text
    }
}

/// The three segments, decoded one after the other, and how many bytes are signed. `None` unless it is exactly three.
fn segments<'b>(token: &[u8], scratch: &'b mut Scratch) -> Option<([&'b [u8]; 3], usize)> {
    let (header_len, read) = base64url::decode_start(token, &mut scratch.header)?;
    let rest = after_dot(token, read)?;
    let (payload_len, read) = base64url::decode_start(rest, &mut scratch.payload)?;
    let rest = after_dot(rest, read)?;
    let (signature_len, read) = base64url::decode_start(rest, &mut scratch.signature)?;
    if read != rest.len() {
        return None;
    }
    let signed = token.len() - rest.len() - 1;
    let Scratch { header, payload, signature } = scratch;
    Some(([header.get(..header_len)?, payload.get(..payload_len)?, signature.get(..signature_len)?], signed))
}

fn after_dot(text: &[u8], at: usize) -> Option<&[u8]> {
    match text.get(at..)? {
        [b'.', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Where what was handed in is a token with something around it: what that is, and what to do.
#[cold]
fn wrapped(token: &[u8]) -> Option<Error> {
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
fn no_segments(token: &[u8]) -> Error {
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

fn text_member<'b>(members: &json::Object<'b>, name: &'static str) -> Result<Option<Cow<'b, str>>, Error> {
    match members.get(name) {
        None => Ok(None),
        Some(json::Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(malformed(format!("the header's `{name}` is {}, not a string", other.kind())).about(name)),
    }
}

#[cold]
#[inline(never)]
fn unknown_algorithm(name: &str) -> Error {
    let message = if name.eq_ignore_ascii_case("none") {
        "the token is not signed (`alg` is none)".to_owned()
    } else {
        format!("the token's `alg` \"{}\" is not one that is supported", shown(name))
    };
    Error::new(Code::TokenAlgorithm, message).about("alg")
}

fn malformed(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::TokenMalformed, message)
}

#[cfg(test)]
mod tests {
    use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload),
            URL_SAFE_NO_PAD.encode("signature")
        )
    }

    fn code(token: &str) -> Code {
        UntrustedJws::parse(token.as_bytes(), &mut Scratch::default()).unwrap_err().code()
    }

    #[test]
    fn takes_a_token_apart() {
        let token = token(r#"{"alg":"RS256","kid":"k","typ":"at+jwt"}"#, "payload");
        let mut scratch = Scratch::default();
        let jws = UntrustedJws::parse(token.as_bytes(), &mut scratch).unwrap();
        assert_eq!(jws.header().algorithm(), Algorithm::RS256);
        assert_eq!((jws.header().kid(), jws.header().typ()), (Some("k"), Some("at+jwt")));
        assert_eq!((jws.payload(), jws.signature()), (&b"payload"[..], &b"signature"[..]));
        assert_eq!(&token[..jws.signing_input_len()], token.rsplit_once('.').unwrap().0);
    }

    #[test]
    fn refuses_other_numbers_of_segments() {
        for text in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "a.b.c.d.e.f", &".".repeat(16_000), &".".repeat(1_000_000)]
        {
            assert_eq!(code(text), Code::TokenMalformed);
        }
        let message =
            |token: &[u8]| UntrustedJws::parse(token, &mut Scratch::default()).unwrap_err().message().to_owned();
        assert!(message(b"a.b.c.d.e").contains("JWE"));
        assert!(message(b"opaque").contains("audience"));
        assert!(message(b"ya29.opaque").contains("ID token"));
    }

    #[test]
    fn refuses_other_spellings_of_base64url() {
        let good = token(r#"{"alg":"RS256"}"#, "x");
        assert!(UntrustedJws::parse(good.as_bytes(), &mut Scratch::default()).is_ok());
        let (head, signature) = good.rsplit_once('.').unwrap();
        for bad in [
            format!("{head}.{signature}="),
            format!("{head}.{signature}\n"),
            format!("{head}. {signature}"),
            format!("{head}.+/8"),
            // "signature" is 9 bytes; one byte more leaves spare bits in the last character.
            format!("{head}.eB"),
            format!("{head}.e"),
        ] {
            assert_eq!(code(&bad), Code::TokenMalformed, "{bad}");
        }
    }

    #[test]
    fn says_what_stands_around_a_token() {
        let message = |token: &str| {
            UntrustedJws::parse(token.as_bytes(), &mut Scratch::default()).unwrap_err().message().to_owned()
        };
        let good = token(r#"{"alg":"RS256"}"#, "x");
        for (wrapped, told) in [
            (format!("Bearer {good}"), "the token begins with \"Bearer \""),
            (format!("bearer\t{good}"), "the token begins with \"Bearer \""),
            (format!("BEARER: {good}"), "the token begins with \"Bearer \""),
            (format!("JWT {good}"), "the token begins with \"JWT \""),
            ("Bearer ".to_owned(), "the token ends with white space"),
            ("Bearer opaque".to_owned(), "the token begins with \"Bearer \""),
            (format!("Authorization: Bearer {good}"), "the token begins with the name of its header field"),
            (format!(" {good}"), "the token begins with white space"),
            (format!("\"{good}\""), "the token begins with a quotation mark"),
            (format!("{good}\n"), "the token ends with white space"),
            (
                format!("{good}=="),
                "a segment of the token is not canonical base64url: it is padded with `=`, which RFC 7515 §2 forbids",
            ),
            (
                good.replacen('.', "=.", 1),
                "a segment of the token is not canonical base64url: it is padded with `=`, which RFC 7515 §2 forbids",
            ),
            (format!("{good}%"), "a segment of the token is not canonical base64url"),
        ] {
            assert!(message(&wrapped).starts_with(told), "{wrapped}: {}", message(&wrapped));
        }
    }

    #[test]
    fn refuses_headers_that_could_be_read_two_ways() {
        for header in [
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"alg":"RS256","\u0061lg":"none"}"#,
            r#"{"alg":"RS256"} "x""#,
            r#"["alg"]"#,
            r#"{"alg":"RS256","kid":7}"#,
            r#"{"alg":"RS256","kid":null}"#,
            r#"{"alg":"RS256","typ":["JWT"]}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":["exp"]}"#,
            r#"{"alg":"RS256","b64":true}"#,
        ] {
            assert_eq!(code(&token(header, "x")), Code::TokenMalformed, "{header}");
        }
        let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257));
        assert_eq!(code(&token(&long, "x")), Code::TokenMalformed);
    }

    #[test]
    fn refuses_algorithms_that_are_none_or_unknown() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"nOnE"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":"rs256"}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":null}"#,
            r#"{}"#,
        ] {
            assert_eq!(code(&token(header, "x")), Code::TokenAlgorithm, "{header}");
        }
    }
}
