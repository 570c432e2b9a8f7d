//! What a verifier did, for logs and measurements.

use super::verified::VerifiedToken;
use crate::error::Error;

/// What a verifier did. None of them holds a token's text, and `Debug` shows none.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A token was accepted.
    #[non_exhaustive]
    TokenAccepted {
        /// It.
        token: &'e VerifiedToken,
    },
    /// A token was refused, or nobody could say whether it is good.
    #[non_exhaustive]
    TokenRefused {
        /// Why.
        error: &'e Error,
    },
    /// A provider issues tokens that live for more than an hour; told once.
    #[non_exhaustive]
    TokenLongLived {
        /// The provider's name in the configuration.
        provider: &'e str,
    },
    /// A fetch of a provider's keys is over, whether it brought some or not.
    #[non_exhaustive]
    KeysFetched {
        /// The provider's name in the configuration.
        provider: &'e str,
    },
}
