//! Nothing signs: what there is without WebCrypto comes with the feature `jwt-compact`.

use crate::{jose::alg::Algorithm, platform::sign::PrivateKey};

/// A key that signs, of which there is none.
#[derive(Clone)]
pub(crate) enum Signer {}

/// A key; `None` where it is refused, or nothing signs so.
pub(crate) fn import(_key: &PrivateKey, _algorithm: Algorithm) -> Option<Signer> {
    None
}

/// A signature.
pub(crate) fn sign(key: &Signer, _data: &[u8]) -> Vec<u8> {
    match *key {}
}
