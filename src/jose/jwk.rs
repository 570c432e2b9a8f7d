//! One key to verify with (RFC 7517, RFC 7518 §6, RFC 8037 §2): which keys are fit for it, and for which algorithms.
//!
//! Everything here is off the hot path: it runs once for each key that a provider publishes.

use std::fmt;

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

use super::{
    alg::{Algorithm, AlgorithmSet, Family},
    rsa,
};
use crate::{
    json::{write_string, Object, Value},
    secret::Secret,
};

/// A `kid` may be this many bytes long.
pub const MAX_KID: usize = 256;

/// Members that only a private key has (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// A key that is fit to verify with.
#[derive(Clone, Debug)]
pub struct Jwk {
    kid: Option<String>,
    algorithms: AlgorithmSet,
    material: Material,
}

/// What the key is made of.
#[derive(Clone)]
enum Material {
    /// Both without leading zero bytes.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Ec {
        curve: &'static str,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
    Shared(Secret),
}

/// Why a key is not used. None of them quotes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyProblem {
    /// Not a JSON object.
    NotAnObject,
    /// `kid` is no string, or longer than [`MAX_KID`] bytes.
    KeyId,
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
    /// The secret is shorter than the hash of its algorithm (RFC 7518 §3.2).
    SecretTooShort,
    /// Further back in the set than as many usable keys as are kept.
    TooMany,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "it is not a JSON object",
            Self::KeyId => "`kid` is not a string of at most 256 bytes",
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
            Self::SecretTooShort => {
                "the secret is shorter than its algorithm's hash: 32 bytes for HS256, 48 for HS384, 64 for HS512"
            }
            Self::TooMany => "the set has more usable keys than are kept",
        })
    }
}

impl Jwk {
    /// A member of a set that somebody publishes: public keys only.
    ///
    /// `x5c`, `x5t` and `x5u` are not read: who serves the set vouches for the key.
    ///
    /// # Errors
    /// The [`KeyProblem`] that keeps the key from being used.
    pub fn from_value(value: &Value<'_>) -> Result<Self, KeyProblem> {
        Self::read(value, false)
    }

    /// A key that the user hands over: a public one, or a shared secret (`kty` `oct`).
    ///
    /// A private key is refused rather than cut down: whoever passes it here by mistake should hear of it.
    ///
    /// # Errors
    /// The [`KeyProblem`] that keeps the key from being used.
    pub fn from_given_value(value: &Value<'_>) -> Result<Self, KeyProblem> {
        Self::read(value, true)
    }

    /// A shared secret, for those of HS256, HS384 and HS512 for which it is long enough (RFC 7518 §3.2).
    ///
    /// # Errors
    /// [`KeyProblem::SecretTooShort`] under 32 bytes.
    pub fn from_secret(secret: Secret) -> Result<Self, KeyProblem> {
        let length = secret.expose().len();
        let fits = |algorithm: &Algorithm| algorithm.signature_len().is_some_and(|hash| length >= hash);
        let algorithms: AlgorithmSet = AlgorithmSet::symmetric().iter().filter(fits).collect();
        if algorithms.is_empty() {
            return Err(KeyProblem::SecretTooShort);
        }
        Ok(Self { kid: None, algorithms, material: Material::Shared(secret) })
    }

    fn read(value: &Value<'_>, given: bool) -> Result<Self, KeyProblem> {
        let members = value.as_object().ok_or(KeyProblem::NotAnObject)?;
        let kid = match members.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.len() <= MAX_KID => Some(kid.to_string()),
            Some(_) => return Err(KeyProblem::KeyId),
        };
        if let Some(name) = PRIVATE.into_iter().find(|name| members.get(name).is_some()) {
            return Err(KeyProblem::Private(name));
        }
        check_purpose(members)?;
        let key = match (members.get("kty").and_then(Value::as_str), given) {
            (Some("oct"), true) => Self::from_secret(Secret::new(bytes(members, "k")?))?,
            (Some("oct"), false) => return Err(KeyProblem::Published),
            _ if members.get("k").is_some() => return Err(KeyProblem::Private("k")),
            (Some("RSA"), _) => rsa_key(members)?,
            (Some("EC"), _) => ec_key(members)?,
            (Some("OKP"), _) => okp_key(members)?,
            _ => return Err(KeyProblem::Type),
        };
        Ok(Self { kid, algorithms: narrow(members, &key)?, ..key })
    }

    /// Its `kid`, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithms that it may be used with: one if it has an `alg`, else all that fit what it is made of.
    pub const fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    /// The exact length in bytes of a signature by this key; the modulus's for RSA.
    pub fn signature_len(&self, algorithm: Algorithm) -> usize {
        match &self.material {
            Material::Rsa { modulus, .. } => modulus.len(),
            _ => algorithm.signature_len().unwrap_or(0),
        }
    }

    /// The shared secret, if it is one, to be imported as raw bytes.
    pub const fn secret(&self) -> Option<&Secret> {
        match &self.material {
            Material::Shared(secret) => Some(secret),
            _ => None,
        }
    }

    /// The public key as the smallest JWK that `subtle.importKey` takes, its members in the order of RFC 7638 §3.2.
    /// `None` for a shared secret.
    pub fn to_import_jwk(&self) -> Option<String> {
        let mut out = String::from("{");
        self.write_material(&mut out)?;
        out.push('}');
        Some(out)
    }

    /// Appends the public key as a JWK with its `kid` and, if it was narrowed to one, its `alg`; nothing for a secret.
    pub(super) fn write_public(&self, out: &mut String) {
        let mut members = String::new();
        if self.write_material(&mut members).is_none() {
            return;
        }
        out.push('{');
        out.push_str(&members);
        if let Some(kid) = &self.kid {
            out.push_str(",\"kid\":");
            write_string(out, kid);
        }
        let mut algorithms = self.algorithms.iter();
        if let (Some(only), None) = (algorithms.next(), algorithms.next()) {
            out.push_str(",\"alg\":");
            write_string(out, only.name());
        }
        out.push('}');
    }

    /// The members that make up the key, without braces.
    fn write_material(&self, out: &mut String) -> Option<()> {
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                write_bytes(out, "\"e\":\"", exponent);
                write_bytes(out, "\",\"kty\":\"RSA\",\"n\":\"", modulus);
            }
            Material::Ec { curve, x, y } => {
                out.push_str("\"crv\":\"");
                out.push_str(curve);
                write_bytes(out, "\",\"kty\":\"EC\",\"x\":\"", x);
                write_bytes(out, "\",\"y\":\"", y);
            }
            Material::Ed25519 { x } => write_bytes(out, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"", x),
            Material::Shared(_) => return None,
        }
        out.push('"');
        Some(())
    }

    /// Whether both are the same key, whatever they are called and may be used for.
    pub fn same_material(&self, other: &Self) -> bool {
        self.material == other.material
    }

    /// Whether both are the same key under the same name for the same algorithms.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.kid == other.kid && self.algorithms == other.algorithms && self.same_material(other)
    }
}

impl PartialEq for Material {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rsa { modulus, exponent }, Self::Rsa { modulus: n, exponent: e }) => modulus == n && exponent == e,
            (Self::Ec { curve, x, y }, Self::Ec { curve: c, x: x2, y: y2 }) => curve == c && x == x2 && y == y2,
            (Self::Ed25519 { x }, Self::Ed25519 { x: x2 }) => x == x2,
            (Self::Shared(secret), Self::Shared(other)) => secret.matches(other.expose()),
            _ => false,
        }
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { modulus, .. } => write!(f, "RSA-{}", rsa::bits(modulus)),
            Self::Ec { curve, .. } => f.write_str(curve),
            Self::Ed25519 { .. } => f.write_str("Ed25519"),
            Self::Shared(secret) => secret.fmt(f),
        }
    }
}

/// `use` and `key_ops` (RFC 7517 §4.2, §4.3), each if present, must be for verifying.
fn check_purpose(members: &Object<'_>) -> Result<(), KeyProblem> {
    if members.get("use").is_some_and(|purpose| purpose.as_str() != Some("sig")) {
        return Err(KeyProblem::Use);
    }
    let verifies = |operations: &Value<'_>| {
        operations.as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some("verify")))
    };
    if members.get("key_ops").is_some_and(|operations| !verifies(operations)) {
        return Err(KeyProblem::Operations);
    }
    Ok(())
}

/// The algorithms of `key`, narrowed to `alg` if there is one (RFC 7517 §4.4).
fn narrow(members: &Object<'_>, key: &Jwk) -> Result<AlgorithmSet, KeyProblem> {
    let Some(alg) = members.get("alg") else { return Ok(key.algorithms) };
    let algorithm = alg.as_str().and_then(Algorithm::from_name).ok_or(KeyProblem::Algorithm)?;
    if key.algorithms.contains(algorithm) {
        return Ok(AlgorithmSet::from_iter([algorithm]));
    }
    Err(match key.material {
        Material::Shared(_) if algorithm.is_symmetric() => KeyProblem::SecretTooShort,
        _ => KeyProblem::AlgorithmMismatch,
    })
}

/// A member in canonical base64url without padding (RFC 7515 §2); spare bits that are set are refused.
fn bytes(members: &Object<'_>, name: &'static str) -> Result<Vec<u8>, KeyProblem> {
    let text = members.get(name).and_then(Value::as_str).ok_or(KeyProblem::Member(name))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyProblem::Member(name))
}

fn rsa_key(members: &Object<'_>) -> Result<Jwk, KeyProblem> {
    let (modulus, exponent) = (bytes(members, "n")?, bytes(members, "e")?);
    let (modulus, exponent) = (rsa::stripped(&modulus).to_vec(), rsa::stripped(&exponent).to_vec());
    let bits = rsa::bits(&modulus);
    if !(rsa::MIN_BITS..=rsa::MAX_BITS).contains(&bits) {
        return Err(KeyProblem::ModulusSize(bits));
    }
    if !rsa::exponent_is_sound(&exponent) {
        return Err(KeyProblem::Exponent);
    }
    if rsa::has_small_factor(&modulus) {
        return Err(KeyProblem::Modulus);
    }
    if rsa::has_roca_fingerprint(&modulus) {
        return Err(KeyProblem::Roca);
    }
    let algorithms = of_families(&[Family::RsaPkcs1, Family::RsaPss]);
    Ok(Jwk { kid: None, algorithms, material: Material::Rsa { modulus, exponent } })
}

fn ec_key(members: &Object<'_>) -> Result<Jwk, KeyProblem> {
    let (curve, coordinate) = match members.get("crv").and_then(Value::as_str) {
        Some("P-256") => ("P-256", 32),
        Some("P-384") => ("P-384", 48),
        Some("P-521") => ("P-521", 66),
        _ => return Err(KeyProblem::Curve),
    };
    // RFC 7518 §6.2.1.2: always the full size. That the point lies on the curve, WebCrypto checks when it imports the key.
    let sized = |name| bytes(members, name).and_then(|value| exactly(coordinate, name, value));
    let material = Material::Ec { curve, x: sized("x")?, y: sized("y")? };
    Ok(Jwk { kid: None, algorithms: of_families(&[Family::Ecdsa { coordinate }]), material })
}

fn okp_key(members: &Object<'_>) -> Result<Jwk, KeyProblem> {
    if members.get("crv").and_then(Value::as_str) != Some("Ed25519") {
        return Err(KeyProblem::Curve);
    }
    let x = exactly(32, "x", bytes(members, "x")?)?;
    Ok(Jwk { kid: None, algorithms: of_families(&[Family::EdDsa]), material: Material::Ed25519 { x } })
}

fn exactly(length: usize, name: &'static str, value: Vec<u8>) -> Result<Vec<u8>, KeyProblem> {
    if value.len() == length {
        Ok(value)
    } else {
        Err(KeyProblem::Length(name))
    }
}

fn write_bytes(out: &mut String, before: &str, bytes: &[u8]) {
    out.push_str(before);
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

fn of_families(families: &[Family]) -> AlgorithmSet {
    Algorithm::ALL.into_iter().filter(|algorithm| families.contains(&algorithm.family())).collect()
}
