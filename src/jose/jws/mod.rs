//! The compact serialisation of a JWS (RFC 7515 §7.1), read strictly.
//!
//! Strict means: exactly three segments, canonical base64url (no padding, no other alphabet, no spare bits), a JSON header
//! without duplicates, and nothing critical that we don't know. A token has one spelling here, so that a cache or a replay
//! list keyed by its text can't be walked around.

mod known_header;
mod malformed;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::{
    known_header::KnownHeader,
    malformed::{malformed, no_segments, wrapped},
};
use super::{alg::Algorithm, base64url};
use crate::{
    error::{shown, Code, Error},
    json,
};

/// The longest token that is read, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;
/// Where the segments of a token are decoded to: made once, used for each token, so that reading one allocates nothing.
#[derive(Debug)]
pub struct Scratch {
    header: Box<[u8]>,
    payload: Box<[u8]>,
    signature: Box<[u8]>,
    known: KnownHeader,
}

/// A JWS of which nothing is verified.
#[derive(Debug)]
pub struct UntrustedJws<'b> {
    header: Header<'b>,
    payload: &'b [u8],
    signature: &'b [u8],
    signing_input_len: usize,
}

impl Default for Scratch {
    fn default() -> Self {
        let room = || vec![0; MAX_TOKEN].into_boxed_slice();
        Self { header: room(), payload: room(), signature: room(), known: KnownHeader::default() }
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
        let Scratch { header, payload, signature, known } = scratch;
        let begins = known.begins(token);
        let Some(segments) = Segments::decode(token, begins, [header, payload, signature]) else {
            return Err(wrapped(token).unwrap_or_else(|| no_segments(token)));
        };
        let Segments { header: text, payload, signature, signing_input_len } = segments;
        let header = match begins {
            Some(_) => known.header().ok_or_else(|| malformed("the token's header is not known"))?,
            None => {
                let header = Header::parse(text)?;
                known.set(token, &header);
                header
            }
        };
        Ok(Self { header, payload, signature, signing_input_len })
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

/// The three segments, decoded one after the other, and how many bytes are signed.
struct Segments<'b> {
    header: &'b [u8],
    payload: &'b [u8],
    signature: &'b [u8],
    signing_input_len: usize,
}

impl<'b> Segments<'b> {
    /// `None` unless it is exactly three. `begins` is how long the first one is where it is known: then it is not decoded.
    fn decode(token: &[u8], begins: Option<usize>, rooms: [&'b mut [u8]; 3]) -> Option<Self> {
        let [header, payload, signature] = rooms;
        let (header, read) = match begins {
            Some(read) => (&[][..], read),
            None => segment(token, header)?,
        };
        let rest = after_dot(token, read)?;
        let (payload, read) = segment(rest, payload)?;
        let rest = after_dot(rest, read)?;
        let (signature, read) = segment(rest, signature)?;
        let signing_input_len = token.len() - rest.len() - 1;
        (read == rest.len()).then_some(Self { header, payload, signature, signing_input_len })
    }
}

/// A segment, decoded, and how many characters it has.
fn segment<'b>(text: &[u8], room: &'b mut [u8]) -> Option<(&'b [u8], usize)> {
    let (len, read) = base64url::decode_start(text, room)?;
    Some((room.get(..len)?, read))
}

fn after_dot(text: &[u8], at: usize) -> Option<&[u8]> {
    match text.get(at..)? {
        [b'.', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// The longest `kid`, in bytes.
pub const MAX_KID: usize = 256;

/// The protected header: what we act on, and its text.
#[derive(Debug)]
pub struct Header<'b> {
    algorithm: Algorithm,
    kid: Option<Cow<'b, str>>,
    typ: Option<Cow<'b, str>>,
    text: &'b [u8],
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
