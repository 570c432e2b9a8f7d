//! The vectors of Wycheproof, through the code that verifies tokens: which keys are fit, how long a signature must be, and then whoever
//! checks signatures. Every vector of the chosen sets is tried; what is refused although it is valid is counted with its reason, so
//! that nothing is left out without a word.
//!
//! It is compiled for tests only: `src/web` has them, and `tests/web` for what the package's JavaScript does. Whoever has it as a
//! module says in its own `super::vocabulary` where the core's types are.

mod sets;
mod tally;

pub(crate) use self::{
    sets::{ecdsa, eddsa, hmac, rsa_pkcs1, rsa_pss},
    tally::Tally,
};

use super::vocabulary::{Algorithm, Jwk, KeyProblem};

/// Whoever imports keys and checks signatures.
pub(crate) trait Signatures {
    /// A key in its hands.
    type Key;

    /// A key for an algorithm. `None`: it is refused.
    async fn import(&self, algorithm: Algorithm, key: &Jwk) -> Option<Self::Key>;

    /// Whether a signature is good.
    async fn check(&self, algorithm: Algorithm, key: &Self::Key, signature: &[u8], data: &[u8]) -> bool;
}

/// What became of a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Accepted,
    /// By whoever checks signatures.
    Refused,
    /// Not as long as the key's signatures are: nobody was asked.
    Length,
    /// The key is not used.
    Key(KeyProblem),
    /// The key is fit for other algorithms only.
    Unfit,
    /// It is not taken by whoever checks signatures.
    Import,
}

/// A key as a provider publishes it, ready to check signatures with.
enum Ready<K> {
    Key(Jwk, K),
    Not(Verdict),
}

async fn ready<S: Signatures>(by: &S, algorithm: Algorithm, jwk: Result<Jwk, KeyProblem>) -> Ready<S::Key> {
    let jwk = match jwk {
        Ok(jwk) => jwk,
        Err(problem) => return Ready::Not(Verdict::Key(problem)),
    };
    if !jwk.algorithms().contains(algorithm) {
        return Ready::Not(Verdict::Unfit);
    }
    match by.import(algorithm, &jwk).await {
        Some(key) => Ready::Key(jwk, key),
        None => Ready::Not(Verdict::Import),
    }
}

async fn verdict<S: Signatures>(by: &S, algorithm: Algorithm, key: &Ready<S::Key>, sig: &[u8], data: &[u8]) -> Verdict {
    let (jwk, key) = match key {
        Ready::Key(jwk, key) => (jwk, key),
        Ready::Not(verdict) => return *verdict,
    };
    if jwk.signature_len(algorithm) != sig.len() {
        return Verdict::Length;
    }
    if by.check(algorithm, key, sig, data).await {
        Verdict::Accepted
    } else {
        Verdict::Refused
    }
}
