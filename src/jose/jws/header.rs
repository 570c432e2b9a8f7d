//! The protected header (RFC 7515 §4.1): what we act on, and its text.

use std::borrow::Cow;

use super::malformed::malformed;
use crate::{
    error::{shown, Code, Error},
    jose::alg::Algorithm,
    json,
};

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
    pub(super) fn parse(text: &'b [u8]) -> Result<Self, Error> {
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
