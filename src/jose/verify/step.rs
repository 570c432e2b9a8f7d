//! What a caller with a token does next, and what the platform does for the keys.

use std::sync::Arc;

use super::token::{CheckId, VerifiedToken};
use crate::{
    error::Error,
    jose::{
        alg::Algorithm,
        jwks::KeyId,
        jwks_cache::{FetchId, Request},
    },
    time::Time,
};

/// What a caller with a token does next.
#[derive(Debug)]
pub enum Step {
    /// The token was seen before, and is good.
    Verified(Arc<VerifiedToken>),
    /// The token is refused.
    Refused(Error),
    /// Perform this fetch of the provider's keys ([`Action::Fetch`]), then begin again.
    Fetch(usize, FetchId),
    /// Somebody is fetching the provider's keys: wait for that, but not past the given instant; then begin again.
    Wait(usize, FetchId, Time),
    /// Import the key ([`super::Verifier::key`], [`super::Verifier::handle_imported`]), then begin again.
    Import {
        /// The key.
        key: KeyId,
        /// What it is to be used for.
        algorithm: Algorithm,
        /// As [`SignatureCheck::refresh`].
        refresh: Option<(usize, FetchId)>,
    },
    /// Check the signature, then finish.
    Check(SignatureCheck),
}

/// What the platform does for the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Performs a request for a provider's keys, and hands in what comes of it: [`super::Verifier::handle_response`], or
    /// [`super::Verifier::handle_failure`].
    Fetch {
        /// The provider's index.
        provider: usize,
        /// What to GET.
        request: Request,
    },
    /// Forgets the CryptoKeys of a key that is gone.
    Forget(KeyId),
}

/// A signature to be checked.
#[derive(Debug)]
pub struct SignatureCheck {
    /// What to give to [`super::Verifier::finish`].
    pub id: CheckId,
    /// The key.
    pub key: KeyId,
    /// The algorithm, fixed by the provider's configuration and the key.
    pub algorithm: Algorithm,
    /// How long the signature is, which stands at [`super::Verifier::signature`]: exactly as long as the key asks for.
    pub signature_len: usize,
    /// How many bytes from the token's start are signed.
    pub signing_input_len: usize,
    /// A fetch that this caller should begin without waiting for it: the keys are getting old.
    pub refresh: Option<(usize, FetchId)>,
    /// Where the signature is not this key's and the token may mean another: what to begin again with ([`super::Verifier::begin_with`]).
    pub next: Option<usize>,
}
