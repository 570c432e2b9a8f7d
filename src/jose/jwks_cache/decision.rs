//! What somebody with a token does about its key.

use std::borrow::Cow;

use super::{FailedRequest, FetchId};
use crate::{
    jose::jwks::{KeyId, Selection},
    time::{Span, Time},
};

/// What a caller with a token does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Uses this key.
    Use {
        /// The key.
        key: KeyId,
        /// Whether there is another to try, should the signature not be this one's.
        has_next: bool,
        /// A fetch that this caller performs beside, without waiting for it. One that doesn't, hands in
        /// [`super::FetchFailure::Abandoned`].
        refresh: Option<FetchId>,
    },
    /// Performs this fetch, then asks again.
    Fetch(FetchId),
    /// Waits for this fetch, which another caller performs, but not past the given instant; then asks again.
    Wait {
        /// The other's fetch.
        fetch: FetchId,
        /// By the wall clock.
        until: Time,
    },
    /// Gives up for now, which is the provider's fault or prudence and not the token's: a 503.
    Unavailable {
        /// When asking again makes sense.
        retry_after: Span,
        /// What keeps the keys away, to stand after a colon.
        reason: Cow<'static, str>,
        /// What failed, if anybody was asked.
        failed: Option<FailedRequest>,
    },
    /// The provider has no such key: it was asked after the token came.
    NotFound,
    /// The provider has several keys that could be meant.
    Ambiguous,
}

impl Decision {
    /// What keys mean that never change.
    pub(super) const fn of_fixed(selection: Selection) -> Self {
        match selection {
            Selection::Key(key) => Self::Use { key, has_next: false, refresh: None },
            Selection::OneOf(key) => Self::Use { key, has_next: true, refresh: None },
            Selection::None => Self::NotFound,
            Selection::Ambiguous => Self::Ambiguous,
        }
    }
}
