//! One key to verify with (RFC 7517, RFC 7518 §6, RFC 8037 §2): which keys are fit for it, and for which algorithms.
//!
//! Everything here is off the hot path: it runs once for each key that a provider publishes.

mod material;
mod problem;
#[cfg(test)]
mod tests;

use material::Material;
pub use problem::KeyProblem;

use super::{
    alg::{Algorithm, AlgorithmSet},
    issuer::may_sign,
};
use crate::{
    json::{write_string, Object, Value},
    secret::Secret,
};

/// A `kid` may be this many bytes long.
pub const MAX_KID: usize = 256;

/// An `issuer` of a key may be this many bytes long.
const MAX_ISSUER: usize = 2048;

/// Members that only a private key has (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Members that say what a key is and may do: each once.
const READ: [&str; 12] = ["kty", "kid", "use", "key_ops", "alg", "issuer", "crv", "x", "y", "n", "e", "k"];

/// A key that is fit to verify with.
#[derive(Clone, Debug)]
pub struct Jwk {
    kid: Option<String>,
    /// The issuer whose tokens alone it signs.
    issuer: Option<String>,
    algorithms: AlgorithmSet,
    material: Material,
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
        let material = Material::shared(secret)?;
        Ok(Self { kid: None, issuer: None, algorithms: material.algorithms(), material })
    }

    fn read(value: &Value<'_>, given: bool) -> Result<Self, KeyProblem> {
        let members = value.as_object().ok_or(KeyProblem::NotAnObject)?;
        if let Some(name) = READ.into_iter().find(|name| members.is_ambiguous(name)) {
            return Err(KeyProblem::Twice(name));
        }
        let kid = match members.get("kid") {
            None | Some(Value::Null) => None,
            Some(Value::String(kid)) if kid.len() <= MAX_KID => Some(kid.to_string()),
            Some(_) => return Err(KeyProblem::KeyId),
        };
        if let Some(name) = PRIVATE.into_iter().find(|name| members.get(name).is_some()) {
            return Err(KeyProblem::Private(name));
        }
        check_purpose(members)?;
        let material = match members.get("kty").and_then(Value::as_str).ok_or(KeyProblem::Type)? {
            "oct" if given => Material::secret(members)?,
            "oct" => return Err(KeyProblem::Published),
            _ if members.get("k").is_some() => return Err(KeyProblem::Private("k")),
            kty => Material::public(kty, members)?,
        };
        let issuer = match said(members, "issuer") {
            Some(Value::String(issuer)) if issuer.len() <= MAX_ISSUER => Some(issuer.to_string()),
            None => None,
            Some(_) => return Err(KeyProblem::Issuer),
        };
        Ok(Self { kid, issuer, algorithms: narrow(members, &material)?, material })
    }

    /// Its `kid`, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The issuer whose tokens alone it signs. Only Entra's keys name one.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Whether it may sign for this issuer: any key may that names none. `is_own` says that the issuer is its provider's only one.
    pub fn may_sign(&self, issuer: &str, is_own: bool) -> bool {
        self.issuer().is_none_or(|of| may_sign(of, issuer, is_own))
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
        self.material.write(&mut out)?;
        out.push('}');
        Some(out)
    }

    /// Appends the public key as a JWK with its `kid` and, if it was narrowed to one, its `alg`; nothing for a secret.
    pub(in crate::sans_io::jose) fn write_public(&self, out: &mut String) {
        let mut members = String::new();
        if self.material.write(&mut members).is_none() {
            return;
        }
        out.push('{');
        out.push_str(&members);
        if let Some(kid) = &self.kid {
            out.push_str(",\"kid\":");
            write_string(out, kid);
        }
        if let Some(issuer) = &self.issuer {
            out.push_str(",\"issuer\":");
            write_string(out, issuer);
        }
        let mut algorithms = self.algorithms.iter();
        if let (Some(only), None) = (algorithms.next(), algorithms.next()) {
            out.push_str(",\"alg\":");
            write_string(out, only.name());
        }
        out.push('}');
    }

    /// Whether both are the same key, whatever they are called and may be used for.
    pub fn same_material(&self, other: &Self) -> bool {
        self.material == other.material
    }

    /// Whether both are the same key under the same name for the same algorithms.
    pub(in crate::sans_io::jose) fn same(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.issuer == other.issuer
            && self.algorithms == other.algorithms
            && self.same_material(other)
    }
}

/// An optional member, unless nothing is said by it: some write those that they leave out as null, as an empty text or list.
fn said<'m, 't>(members: &'m Object<'t>, name: &str) -> Option<&'m Value<'t>> {
    members.get(name).filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    })
}

/// `use` and `key_ops` (RFC 7517 §4.2, §4.3), each if present, must be for verifying.
fn check_purpose(members: &Object<'_>) -> Result<(), KeyProblem> {
    if said(members, "use").is_some_and(|purpose| purpose.as_str() != Some("sig")) {
        return Err(KeyProblem::Use);
    }
    let verifies = |operations: &Value<'_>| {
        operations.as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some("verify")))
    };
    if said(members, "key_ops").is_some_and(|operations| !verifies(operations)) {
        return Err(KeyProblem::Operations);
    }
    Ok(())
}

/// The algorithms that fit, narrowed to `alg` if there is one (RFC 7517 §4.4).
fn narrow(members: &Object<'_>, material: &Material) -> Result<AlgorithmSet, KeyProblem> {
    let fitting = material.algorithms();
    let Some(alg) = said(members, "alg") else { return Ok(fitting) };
    let algorithm = alg.as_str().and_then(Algorithm::from_name).ok_or(KeyProblem::Algorithm)?;
    if fitting.contains(algorithm) {
        return Ok(AlgorithmSet::from_iter([algorithm]));
    }
    Err(match material {
        Material::Shared(_) if algorithm.is_symmetric() => KeyProblem::SecretTooShort,
        _ => KeyProblem::AlgorithmMismatch,
    })
}
