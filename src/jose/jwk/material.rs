//! What keys are made of (RFC 7518 §6, RFC 8037 §2), read and written.

use std::fmt;

use super::KeyProblem;
use crate::{
    jose::{
        alg::{Algorithm, AlgorithmSet, Family},
        base64url, ed25519, rsa,
    },
    json::{Object, Value},
    secret::Secret,
};

/// The stuff of a key that is fit to verify with.
#[derive(Clone)]
pub(super) enum Material {
    /// Both without leading zero bytes.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// Coordinates of the curve's full size.
    Ec {
        curve: &'static str,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
    /// 32 bytes or more.
    Shared(Secret),
}

impl Material {
    /// The public key of kind `kty` that these members describe.
    pub(super) fn public(kty: &str, members: &Object<'_>) -> Result<Self, KeyProblem> {
        match kty {
            "RSA" => rsa_key(members),
            "EC" => ec_key(members),
            "OKP" => okp_key(members),
            _ => Err(KeyProblem::Type),
        }
    }

    /// The shared secret that these members hold.
    pub(super) fn secret(members: &Object<'_>) -> Result<Self, KeyProblem> {
        Self::shared(Secret::new(bytes(members, "k")?))
    }

    /// A secret that is long enough for HS256 at least.
    pub(super) fn shared(secret: Secret) -> Result<Self, KeyProblem> {
        let material = Self::Shared(secret);
        if material.algorithms().is_empty() {
            return Err(KeyProblem::SecretTooShort);
        }
        Ok(material)
    }

    /// Every algorithm that it fits.
    pub(super) fn algorithms(&self) -> AlgorithmSet {
        let fits = |algorithm: &Algorithm| match (self, algorithm.family()) {
            (Self::Rsa { .. }, Family::RsaPkcs1 | Family::RsaPss) | (Self::Ed25519 { .. }, Family::EdDsa) => true,
            (Self::Ec { x, .. }, Family::Ecdsa { coordinate }) => x.len() == coordinate,
            // RFC 7518 §3.2: as long as the hash, at least.
            (Self::Shared(secret), Family::Hmac) => {
                algorithm.signature_len().is_some_and(|hash| secret.expose().len() >= hash)
            }
            _ => false,
        };
        Algorithm::ALL.iter().copied().filter(fits).collect()
    }

    /// Appends the members of the public key to `out`, without braces and in the order of RFC 7638 §3.2. `None` for a
    /// secret, of which nothing is written.
    pub(super) fn write(&self, out: &mut String) -> Option<()> {
        match self {
            Self::Rsa { modulus, exponent } => {
                write_bytes(out, "\"e\":\"", exponent);
                write_bytes(out, "\",\"kty\":\"RSA\",\"n\":\"", modulus);
            }
            Self::Ec { curve, x, y } => {
                out.push_str("\"crv\":\"");
                out.push_str(curve);
                write_bytes(out, "\",\"kty\":\"EC\",\"x\":\"", x);
                write_bytes(out, "\",\"y\":\"", y);
            }
            Self::Ed25519 { x } => write_bytes(out, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"", x),
            Self::Shared(_) => return None,
        }
        out.push('"');
        Some(())
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

/// A member in canonical base64url without padding (RFC 7515 §2); spare bits that are set are refused.
fn bytes(members: &Object<'_>, name: &'static str) -> Result<Vec<u8>, KeyProblem> {
    let text = members.get(name).and_then(Value::as_str).ok_or(KeyProblem::Member(name))?;
    base64url::decode(text).ok_or(KeyProblem::Member(name))
}

fn write_bytes(out: &mut String, before: &str, bytes: &[u8]) {
    out.push_str(before);
    base64url::encode(bytes, out);
}

fn rsa_key(members: &Object<'_>) -> Result<Material, KeyProblem> {
    let number = |name| bytes(members, name).map(|value| rsa::stripped(&value).to_vec());
    let (modulus, exponent) = (number("n")?, number("e")?);
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
    Ok(Material::Rsa { modulus, exponent })
}

fn ec_key(members: &Object<'_>) -> Result<Material, KeyProblem> {
    let (curve, coordinate) = match members.get("crv").and_then(Value::as_str) {
        Some("P-256") => ("P-256", 32),
        Some("P-384") => ("P-384", 48),
        Some("P-521") => ("P-521", 66),
        _ => return Err(KeyProblem::Curve),
    };
    // Always the full size (RFC 7518 §6.2.1.2). That the point lies on the curve, WebCrypto checks when it imports the key.
    let sized = |name| bytes(members, name).and_then(|value| exactly(coordinate, name, value));
    Ok(Material::Ec { curve, x: sized("x")?, y: sized("y")? })
}

fn okp_key(members: &Object<'_>) -> Result<Material, KeyProblem> {
    if members.get("crv").and_then(Value::as_str) != Some("Ed25519") {
        return Err(KeyProblem::Curve);
    }
    let x = exactly(32, "x", bytes(members, "x")?)?;
    if !ed25519::may_be_key(&x) {
        return Err(KeyProblem::Point);
    }
    Ok(Material::Ed25519 { x })
}

fn exactly(length: usize, name: &'static str, value: Vec<u8>) -> Result<Vec<u8>, KeyProblem> {
    if value.len() == length {
        Ok(value)
    } else {
        Err(KeyProblem::Length(name))
    }
}
