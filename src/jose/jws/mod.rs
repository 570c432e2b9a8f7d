//! The compact serialisation of a JWS (RFC 7515 §7.1), read strictly.
//!
//! Strict means: exactly three segments, canonical base64url (no padding, no other alphabet, no spare bits), a JSON header
//! without duplicates, and nothing critical that we don't know. A token has one spelling here, so that a cache or a replay
//! list keyed by its text can't be walked around.

mod header;
mod malformed;
#[cfg(test)]
mod tests;

pub use header::{Header, MAX_KID};

use self::malformed::{malformed, no_segments, wrapped};
use super::base64url;
use crate::error::Error;

/// The longest token that is read, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;
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
