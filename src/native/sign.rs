//! Private keys where there is no WebCrypto, by jwt-compact's algorithms: ECDSA on P-256, and Ed25519.

use std::sync::Arc;

use jwt_compact::{
    alg::{Ed25519, Es256, SigningKey},
    jwk::JsonWebKey,
    Algorithm as _, AlgorithmSignature,
};

use crate::{jose::alg::Algorithm, platform::sign::PrivateKey};

type KeyOf<A> = <A as jwt_compact::Algorithm>::SigningKey;

/// A key that signs.
#[derive(Clone)]
pub(crate) enum Signer {
    Es256(Arc<KeyOf<Es256>>),
    Ed25519(Arc<KeyOf<Ed25519>>),
}

/// A key; `None` where it is refused, or nothing signs so.
pub(crate) fn import(key: &PrivateKey, algorithm: Algorithm) -> Option<Signer> {
    match algorithm {
        Algorithm::ES256 => of::<Es256>(key, P256).map(|key| Signer::Es256(Arc::new(key))),
        Algorithm::Ed25519 => of::<Ed25519>(key, ED25519).map(|key| Signer::Ed25519(Arc::new(key))),
        _ => None,
    }
}

/// A signature. One of ECDSA is both numbers, one behind the other.
pub(crate) fn sign(key: &Signer, data: &[u8]) -> Vec<u8> {
    match key {
        Signer::Es256(key) => Es256.sign(key, data).as_bytes().into_owned(),
        Signer::Ed25519(key) => Ed25519.sign(key, data).as_bytes().into_owned(),
    }
}

fn of<A: jwt_compact::Algorithm>(key: &PrivateKey, kind: &[u8]) -> Option<A::SigningKey>
where
    A::SigningKey: SigningKey<A> + for<'k> TryFrom<&'k JsonWebKey<'k>>,
{
    match key {
        PrivateKey::Jwk(text) => {
            let jwk: JsonWebKey<'_> = serde_json::from_slice(text.expose()).ok()?;
            A::SigningKey::try_from(&jwk).ok()
        }
        PrivateKey::Pkcs8(der) => A::SigningKey::from_slice(secret(der.expose(), kind)?).ok(),
        PrivateKey::Imported => None,
    }
}

/// `id-ecPublicKey` on P-256 (RFC 5480), and `id-Ed25519` (RFC 8410), as algorithms stand in PKCS #8.
const P256: &[u8] =
    &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The 32 bytes of a private key in PKCS #8 (RFC 5958 §2): a version, the algorithm, and an octet string. In that stands one more for
/// Ed25519 (RFC 8410 §7), and for ECDSA a sequence with a version and it (RFC 5915 §3).
fn secret<'d>(der: &'d [u8], kind: &[u8]) -> Option<&'d [u8]> {
    let (all, _) = element(der, SEQUENCE)?;
    let (_, rest) = element(all, INTEGER)?;
    let (algorithm, rest) = element(rest, SEQUENCE)?;
    let (key, _) = element(rest, OCTETS)?;
    let key = match element(key, SEQUENCE) {
        Some((ec, _)) => element(element(ec, INTEGER)?.1, OCTETS)?.0,
        None => element(key, OCTETS)?.0,
    };
    (algorithm == kind && key.len() == 32).then_some(key)
}

/// The first element of DER, if it is of this type: what is in it, and what stands behind it.
fn element(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (kind, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        _ => return None,
    };
    (*kind == wanted && length <= rest.len()).then(|| rest.split_at(length))
}
