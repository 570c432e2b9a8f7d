//! Signatures where there is no WebCrypto, by jwt-compact's algorithms: HMAC, ECDSA on P-256 and Ed25519. RSA is not among them, for the
//! crate that does it leaks time (RUSTSEC-2023-0071), nor are the larger curves.
//!
//! The verdicts are WebCrypto's, which the vectors of Wycheproof hold both to. So a point that is not on its curve is no key of ECDSA's,
//! and a key of Ed25519's under which nothing holds.

use std::sync::Arc;

use jwt_compact::{
    alg::{Ed25519, Es256, Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key},
    jwk::JsonWebKey,
    AlgorithmSignature,
};

use crate::jose::{alg::Algorithm, jwk::Jwk};

/// A key that signatures are checked with.
#[derive(Clone)]
pub(crate) struct Key(Arc<Material>);

enum Material {
    Hs256(Hs256Key),
    Hs384(Hs384Key),
    Hs512(Hs512Key),
    Es256(<Es256 as jwt_compact::Algorithm>::VerifyingKey),
    /// `None`: there is no such point.
    Ed25519(Option<<Ed25519 as jwt_compact::Algorithm>::VerifyingKey>),
}

/// Whether signatures of this algorithm can be checked.
pub(crate) const fn is_supported(algorithm: Algorithm) -> bool {
    use Algorithm as A;
    matches!(algorithm, A::HS256 | A::HS384 | A::HS512 | A::ES256 | A::Ed25519)
}

/// A key; `None` if it is refused.
pub(crate) fn import(algorithm: Algorithm, key: &Jwk) -> Option<Key> {
    let secret = || key.secret().map(|secret| secret.expose());
    let public = || key.to_import_jwk();
    let material = match algorithm {
        Algorithm::HS256 => Material::Hs256(Hs256Key::new(secret()?)),
        Algorithm::HS384 => Material::Hs384(Hs384Key::new(secret()?)),
        Algorithm::HS512 => Material::Hs512(Hs512Key::new(secret()?)),
        Algorithm::ES256 => Material::Es256((&read(&public()?)?).try_into().ok()?),
        Algorithm::Ed25519 => Material::Ed25519((&read(&public()?)?).try_into().ok()),
        _ => return None,
    };
    Some(Key(Arc::new(material)))
}

fn read(jwk: &str) -> Option<JsonWebKey<'_>> {
    serde_json::from_str(jwk).ok()
}

/// Whether a signature is the key's.
pub(crate) fn check(key: &Key, signature: &[u8], data: &[u8]) -> bool {
    match &*key.0 {
        Material::Hs256(key) => holds(&Hs256, key, signature, data),
        Material::Hs384(key) => holds(&Hs384, key, signature, data),
        Material::Hs512(key) => holds(&Hs512, key, signature, data),
        Material::Es256(key) => holds(&Es256, key, signature, data),
        Material::Ed25519(key) => key.as_ref().is_some_and(|key| holds(&Ed25519, key, signature, data)),
    }
}

fn holds<A: jwt_compact::Algorithm>(algorithm: &A, key: &A::VerifyingKey, signature: &[u8], data: &[u8]) -> bool {
    // jwt-compact takes the length for given.
    if A::Signature::LENGTH.is_none_or(|length| length.get() != signature.len()) {
        return false;
    }
    A::Signature::try_from_slice(signature).is_ok_and(|signature| algorithm.verify_signature(&signature, key, data))
}
