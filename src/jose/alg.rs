//! Signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2): all of WebCrypto's that JWTs use, and no `none`.

use std::fmt;

/// A signature algorithm.
///
/// ```
/// use arcgate::Algorithm;
///
/// assert_eq!(Algorithm::from_name("EdDSA"), Some(Algorithm::Ed25519));
/// assert_eq!(Algorithm::from_name("none"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256
    HS256 = 0,
    /// HMAC with SHA-384
    HS384 = 1,
    /// HMAC with SHA-512
    HS512 = 2,
    /// RSASSA-PKCS1-v1_5 with SHA-256
    RS256 = 3,
    /// RSASSA-PKCS1-v1_5 with SHA-384
    RS384 = 4,
    /// RSASSA-PKCS1-v1_5 with SHA-512
    RS512 = 5,
    /// RSASSA-PSS with SHA-256
    PS256 = 6,
    /// RSASSA-PSS with SHA-384
    PS384 = 7,
    /// RSASSA-PSS with SHA-512
    PS512 = 8,
    /// ECDSA on P-256 with SHA-256
    ES256 = 9,
    /// ECDSA on P-384 with SHA-384
    ES384 = 10,
    /// ECDSA on P-521 with SHA-512
    ES512 = 11,
    /// Ed25519, by either of its names: `EdDSA` and `Ed25519`
    Ed25519 = 12,
}

/// What kind of key an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// A shared secret
    Hmac,
    /// An RSA key, PKCS#1 v1.5 padding
    RsaPkcs1,
    /// An RSA key, PSS padding
    RsaPss,
    /// A key on the NIST curve of this coordinate size in bytes
    Ecdsa {
        /// 32, 48 or 66
        coordinate: usize,
    },
    /// An Ed25519 key
    EdDsa,
}

impl Algorithm {
    /// Every algorithm, in the order of their numbers.
    pub const ALL: &[Self] = &[
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::Ed25519,
    ];

    /// Those that an RSA key can have.
    pub const RSA: [Self; 6] = [Self::RS256, Self::RS384, Self::RS512, Self::PS256, Self::PS384, Self::PS512];

    /// The algorithm of this exact name. `EdDSA` is taken for Ed25519, the only one of its curves that WebCrypto has.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Self::HS256,
            "HS384" => Self::HS384,
            "HS512" => Self::HS512,
            "RS256" => Self::RS256,
            "RS384" => Self::RS384,
            "RS512" => Self::RS512,
            "PS256" => Self::PS256,
            "PS384" => Self::PS384,
            "PS512" => Self::PS512,
            "ES256" => Self::ES256,
            "ES384" => Self::ES384,
            "ES512" => Self::ES512,
            "EdDSA" | "Ed25519" => Self::Ed25519,
            _ => return None,
        })
    }

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The name to sign under: of Ed25519's two the one that every verifier knows.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::Ed25519 => "EdDSA",
            other => other.name(),
        }
    }

    /// The kind of key that it needs.
    pub const fn family(self) -> Family {
        match self {
            Self::HS256 | Self::HS384 | Self::HS512 => Family::Hmac,
            Self::RS256 | Self::RS384 | Self::RS512 => Family::RsaPkcs1,
            Self::PS256 | Self::PS384 | Self::PS512 => Family::RsaPss,
            Self::ES256 => Family::Ecdsa { coordinate: 32 },
            Self::ES384 => Family::Ecdsa { coordinate: 48 },
            Self::ES512 => Family::Ecdsa { coordinate: 66 },
            Self::Ed25519 => Family::EdDsa,
        }
    }

    /// Whether it needs a shared secret.
    pub const fn is_symmetric(self) -> bool {
        matches!(self.family(), Family::Hmac)
    }

    /// The exact length of a signature in bytes; `None` for RSA, where it is that of the key's modulus.
    pub const fn signature_len(self) -> Option<usize> {
        match self {
            Self::HS256 => Some(32),
            Self::HS384 => Some(48),
            Self::HS512 => Some(64),
            _ => match self.family() {
                Family::Ecdsa { coordinate } => Some(2 * coordinate),
                Family::EdDsa => Some(64),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of algorithms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// Every algorithm with public keys.
    pub fn asymmetric() -> Self {
        Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric()).collect()
    }

    /// Every algorithm with a shared secret.
    pub fn symmetric() -> Self {
        Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_symmetric()).collect()
    }

    /// Whether the algorithm is in the set.
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u16) != 0
    }

    /// Adds one.
    pub const fn insert(&mut self, algorithm: Algorithm) {
        self.0 |= 1 << algorithm as u16;
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.iter().copied().filter(move |algorithm| self.contains(*algorithm))
    }
}

impl FromIterator<Algorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        let mut set = Self::default();
        for algorithm in algorithms {
            set.insert(algorithm);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact() {
        for &algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::from_name(&algorithm.name().to_lowercase()), None);
        }
        assert_eq!(Algorithm::from_name("EdDSA"), Some(Algorithm::Ed25519));
        for name in ["none", "None", "nOnE", "", "RS256 ", "ES256K", "Ed448", "HS1"] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn numbers_are_positions() {
        for (index, algorithm) in Algorithm::ALL.iter().copied().enumerate() {
            assert_eq!(algorithm as usize, index);
        }
    }

    #[test]
    fn the_default_has_no_shared_secret() {
        assert_eq!(AlgorithmSet::asymmetric().iter().count(), 10);
        assert!(!AlgorithmSet::asymmetric().contains(Algorithm::HS256));
        assert!(AlgorithmSet::asymmetric().intersection(AlgorithmSet::symmetric()).is_empty());
    }
}
