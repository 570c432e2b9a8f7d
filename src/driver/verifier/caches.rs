//! How verified tokens and the providers' keys are remembered.

use std::time::Duration;

use crate::driver::draft::Draft;

/// The cache of verified tokens: the second use of a token costs no signature. Time, scopes and the checks of your own are looked at all
/// the same, and nothing gets in that did not pass all of them.
///
/// ```
/// use std::time::Duration;
/// use arcgate::verifier::TokenCache;
///
/// let small = TokenCache::new().max_entries(100).max_age(Duration::from_secs(60));
/// # let _ = small;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TokenCache {
    pub(super) draft: Draft,
}

impl TokenCache {
    /// The default one: 1000 tokens, 4 MiB, five minutes.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many tokens at most, from 2 to a million.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.draft.set("maxEntries", entries.to_string());
        self
    }

    /// So many bytes of tokens and claims at most, from 1024 to 10⁹.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.draft.set("maxBytes", bytes.to_string());
        self
    }

    /// A token is verified anew after so long.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.draft.set_seconds("maxAgeSec", age);
        self
    }
}

/// The cache of the providers' keys.
///
/// ```
/// use std::time::Duration;
/// use arcgate::verifier::JwksCache;
///
/// let patient = JwksCache::new().max_age(Duration::from_secs(3600)).timeout(Duration::from_secs(10));
/// # let _ = patient;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct JwksCache {
    pub(super) draft: Draft,
    pub(super) timeout: Option<Duration>,
}

impl JwksCache {
    /// The default one.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long keys are used after the request for them, at most: so long a key that the provider has removed may go on working.
    /// `Cache-Control` can shorten it, never lengthen it. 10 minutes; from a second to a day.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.draft.set_seconds("maxAgeSec", age);
        self
    }

    /// The least time between two fetches that unknown keys cause. 5 seconds; from one to an hour.
    pub fn cooldown(mut self, pause: Duration) -> Self {
        self.draft.set_seconds("cooldownSec", pause);
        self
    }

    /// How long known keys go on working while the provider is out of reach. An hour; a day at most, and zero for not at all.
    pub fn stale_if_error(mut self, span: Duration) -> Self {
        self.draft.set_seconds("staleIfErrorSec", span);
        self
    }

    /// How long one request to the provider may take, and each of a verifier's functions
    /// ([`is_revoked`](super::Builder::is_revoked), [`check_claims`](super::Builder::check_claims)). 5 seconds; from 10 milliseconds to
    /// a minute.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self.draft.set("timeoutMs", timeout.as_millis().to_string());
        self
    }
}
