//! Why a key is not used.

use std::fmt;

use crate::jose::rsa;

/// Why a key is not used. None of them quotes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyProblem {
    /// Not a JSON object.
    NotAnObject,
    /// This member stands in it twice, with different values.
    Twice(&'static str),
    /// `kid` is no string, or longer than [`super::MAX_KID`] bytes.
    KeyId,
    /// `issuer` is no string, or too long.
    Issuer,
    /// `kty` is missing or none of RSA, EC, OKP.
    Type,
    /// `kty` is `oct`: a shared secret in a published set is everybody's.
    Published,
    /// It holds this member, which belongs to a private key.
    Private(&'static str),
    /// `crv` is missing, or not a curve that WebCrypto and JWTs share.
    Curve,
    /// `use` says something else than `sig`.
    Use,
    /// `key_ops` is there without `verify`.
    Operations,
    /// `alg` is not a signature algorithm that is known here.
    Algorithm,
    /// `alg` needs another kind of key than this one.
    AlgorithmMismatch,
    /// This member is missing, or not canonical base64url without padding.
    Member(&'static str),
    /// This member has another length than its curve gives it.
    Length(&'static str),
    /// The RSA modulus has this many bits, fewer than [`rsa::MIN_BITS`] or more than [`rsa::MAX_BITS`].
    ModulusSize(usize),
    /// The RSA modulus has a small factor.
    Modulus,
    /// The RSA modulus has the fingerprint of CVE-2017-15361 (ROCA).
    Roca,
    /// The RSA exponent is 1, even, or over 2^32.
    Exponent,
    /// The Ed25519 point has a small order, so that signatures hold under it that nobody made, or its number is not under the field's
    /// size (RFC 8032 §5.1.3).
    Point,
    /// The secret is shorter than the hash of its algorithm (RFC 7518 §3.2).
    SecretTooShort,
    /// Further back in the set than as many usable keys as are kept.
    TooMany,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "it is not a JSON object",
            Self::Twice(name) => return write!(f, "`{name}` is in it twice, with different values"),
            Self::KeyId => "`kid` is not a string of at most 256 bytes",
            Self::Issuer => "`issuer` is not a string of at most 2048 bytes",
            Self::Type => "`kty` is none of RSA, EC and OKP",
            Self::Published => "`kty` is \"oct\": a shared secret can't be published; configure it as `secret`",
            Self::Private(name) => {
                return write!(f, "it holds `{name}`, a part of the private key: give the public key alone")
            }
            Self::Curve => "`crv` is none of P-256, P-384, P-521 (EC) and Ed25519 (OKP)",
            Self::Use => "`use` is not \"sig\"",
            Self::Operations => "`key_ops` is not a list with \"verify\" in it",
            Self::Algorithm => "`alg` is not a signature algorithm that is supported",
            Self::AlgorithmMismatch => "`alg` needs another kind of key",
            Self::Member(name) => return write!(f, "`{name}` is missing or not base64url without padding"),
            Self::Length(name) => return write!(f, "`{name}` has the wrong length for its curve"),
            Self::ModulusSize(bits) => {
                return write!(
                    f,
                    "the RSA modulus has {bits} bits; {} to {} are accepted",
                    rsa::MIN_BITS,
                    rsa::MAX_BITS
                )
            }
            Self::Modulus => "the RSA modulus has a small factor",
            Self::Roca => "the RSA modulus can be factored (CVE-2017-15361, ROCA): make a new key",
            Self::Exponent => "the RSA exponent is 1, even, or over 2^32",
            Self::Point => "`x` is a point of small order, or not canonical: make a new key",
            Self::SecretTooShort => {
                "the secret is shorter than its algorithm's hash: 32 bytes for HS256, 48 for HS384, 64 for HS512"
            }
            Self::TooMany => "the set has more usable keys than are kept",
        })
    }
}
