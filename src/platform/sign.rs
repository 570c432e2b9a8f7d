//! Keys that sign, as a program has them.

use crate::secret::Secret;

/// A private key.
#[allow(dead_code, reason = "nothing signs on a host without `jwt-compact`, and JavaScript alone has keys already")]
#[derive(Clone, Debug)]
pub(crate) enum PrivateKey {
    /// A JWK (RFC 7517).
    Jwk(Secret),
    /// PKCS #8 (RFC 5208), as DER.
    Pkcs8(Secret),
    /// The platform has it already.
    Imported,
}
