//! No signatures: what there is without WebCrypto comes with the feature `jwt-compact`.

use crate::jose::{alg::Algorithm, jwk::Jwk};

/// A key, of which there is none.
#[derive(Clone)]
pub(crate) enum Key {}

/// Whether signatures of this algorithm can be checked.
pub(crate) const fn is_supported(_algorithm: Algorithm) -> bool {
    false
}

/// A key; `None` if it is refused.
pub(crate) fn import(_algorithm: Algorithm, _key: &Jwk) -> Option<Key> {
    None
}

/// Whether a signature is the key's.
pub(crate) fn check(key: &Key, _signature: &[u8], _data: &[u8]) -> bool {
    match *key {}
}
