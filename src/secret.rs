//! Values that must not be seen.

use std::fmt;

#[cfg(feature = "gate")]
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes that no `Debug`, error or log shows, and that are compared in constant time.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes in.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes. Whoever calls this keeps them out of messages, logs and URLs.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether both hold the same bytes; takes as long when they don't.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.ct_eq(other).into()
    }

    /// What may be stored of it.
    #[cfg(feature = "gate")]
    pub fn hashed(&self) -> Hashed {
        Hashed(Sha256::digest(&self.0).into())
    }
}

/// The SHA-256 of a secret that can't be guessed, such as a resume token: enough to know it by, and of no use to who reads the storage
/// in which it stands. (What people make up, such as passwords, is guessed from it.)
#[cfg(feature = "gate")]
#[derive(Clone)]
pub struct Hashed([u8; 32]);

#[cfg(feature = "gate")]
impl Hashed {
    /// Whether both are of the same secret; takes as long when they aren't.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// As it is stored: lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    /// What [`Self::to_hex`] has written.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = digit(high)? << 4 | digit(low)?;
        }
        Some(Self(bytes))
    }
}

#[cfg(feature = "gate")]
impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed([redacted])")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret([redacted])");
    }

    #[test]
    fn matches_only_the_same_bytes() {
        let secret = Secret::new("abc");
        assert!(secret.matches(b"abc"));
        assert!(!secret.matches(b"abd"));
        assert!(!secret.matches(b"abcd"));
        assert!(!secret.matches(b""));
    }

    #[cfg(feature = "gate")]
    #[test]
    fn a_hash_is_known_by_its_secret_and_kept_as_hex() {
        let hashed = Secret::new("abc").hashed();
        // FIPS 180-2, appendix B.1.
        assert_eq!(hashed.to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(Hashed::from_hex(&hashed.to_hex()).is_some_and(|read| read.matches(&hashed)));
        assert!(!hashed.matches(&Secret::new("abd").hashed()));
        for damaged in ["", "ba", &"g".repeat(64), &"é".repeat(32)] {
            assert!(Hashed::from_hex(damaged).is_none(), "{damaged}");
        }
        assert_eq!(format!("{hashed:?}"), "Hashed([redacted])");
    }
}
