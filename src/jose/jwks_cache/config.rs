//! The conditions under which keys are kept and fetched, and what a response says about its own life: Cache-Control (RFC 9111 §5.2.2),
//! Age (§5.1).

use crate::{
    text::{self, digits, replaced},
    time::Span,
};

/// A set is used for so long at least, whatever `Cache-Control` says: `no-store` must not mean a fetch for each token.
const MIN_AGE: Span = Span::from_secs(60);
/// A failing provider is asked at least so often, unless it asks for a longer pause.
const MAX_BACKOFF: Span = Span::from_secs(60);
/// A provider's `Retry-After` is honoured up to this.
const MAX_RETRY_AFTER: Span = Span::from_secs(300);
/// A caller waits for somebody else's fetch for so long; then it looks whether to fetch itself.
const PATIENCE: Span = Span::from_secs(2);

/// The conditions under which a provider's keys are kept and fetched. Values out of range are brought into it.
#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// How long keys are used after the request for them began, at most; so long a key that the provider removed may go on
    /// working. `Cache-Control` can shorten it (to a minute, or to this if it is less), never lengthen it. 10 minutes; at
    /// least 1 s.
    pub max_age: Span,
    /// The least time between two fetches, unless the first of them seems lost. 5 s; 1 s at least, `max_age` at most.
    pub cooldown: Span,
    /// How long beyond their age keys are used while the provider fails. 1 hour; none if zero.
    pub stale_if_error: Span,
    /// The time-out of one request, which its driver keeps. 5 s; 100 ms at least.
    pub timeout: Span,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            max_age: Span::from_secs(600),
            cooldown: Span::from_secs(5),
            stale_if_error: Span::from_secs(3600),
            timeout: Span::from_secs(5),
        }
    }
}

impl CacheConfig {
    /// The same with every value in range.
    pub(super) fn in_range(self) -> Self {
        let second = Span::from_secs(1);
        let max_age = self.max_age.max(second);
        Self {
            max_age,
            cooldown: self.cooldown.between(second, max_age),
            stale_if_error: self.stale_if_error.max(Span::ZERO),
            timeout: self.timeout.max(Span::from_millis(100)),
        }
    }

    /// How long a set may be used, of which the response's headers say `said`.
    pub(super) fn age_of(&self, said: Option<Span>) -> Span {
        said.unwrap_or(self.max_age).between(MIN_AGE.min(self.max_age), self.max_age)
    }

    /// The pause after so many failures in a row: doubled each time, up to a limit, and as long as the provider asks for
    /// within another.
    pub(super) fn pause(&self, failures: u32, asked: Option<Span>) -> Span {
        let doubled = self.cooldown.as_millis() << failures.saturating_sub(1).min(6);
        let backoff = Span::from_millis(doubled).min(MAX_BACKOFF.max(self.cooldown));
        asked.map_or(backoff, |asked| backoff.max(asked.min(MAX_RETRY_AFTER)))
    }

    /// So long after the end of a pause the provider still counts as failing, though nobody has tried again.
    pub(super) const fn memory_of_failure() -> Span {
        MAX_BACKOFF
    }

    /// How long a caller waits for somebody else's request.
    pub(super) fn patience(&self) -> Span {
        self.timeout.min(PATIENCE)
    }
}

/// How long the response may be used from the start of its request, as far as its headers say. `no-store` and `no-cache`
/// are no time at all.
pub(super) fn lifetime(cache_control: Option<&str>, age: Option<&str>) -> Option<Span> {
    let mut seconds = None;
    for directive in cache_control?.split(',') {
        let (name, value) = text::split_once(directive, "=").unwrap_or((directive, ""));
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(Span::ZERO);
        }
        if name.eq_ignore_ascii_case("max-age") {
            // Of several, or of one that is no number, the shortest reading (RFC 9111 §4.2.1).
            let value = seconds_of(&replaced(value.trim_ascii(), "\"", "")).unwrap_or(0);
            seconds = Some(seconds.map_or(value, |other: i64| other.min(value)));
        }
    }
    let age = age.and_then(|age| seconds_of(age.trim_ascii())).unwrap_or(0);
    Some(Span::from_secs(seconds?.saturating_sub(age).max(0)))
}

/// A number of seconds; what no i64 holds is as long as it gets.
fn seconds_of(text: &str) -> Option<i64> {
    digits(text).map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lifetimes() {
        let secs = |n| Some(Span::from_secs(n));
        for (cache_control, age, expected) in [
            ("max-age=300", None, secs(300)),
            ("public, Max-Age = 300 , must-revalidate", None, secs(300)),
            ("max-age=\"300\"", None, secs(300)),
            ("max-age=300", Some("100"), secs(200)),
            ("max-age=300", Some("301"), secs(0)),
            ("max-age=300", Some("x"), secs(300)),
            ("max-age=300, max-age=60", None, secs(60)),
            ("max-age=300, no-cache", None, secs(0)),
            ("no-store", None, secs(0)),
            ("max-age=-1", None, secs(0)),
            ("max-age=", None, secs(0)),
            ("max-age=99999999999999999999999", None, Some(Span::from_secs(i64::MAX))),
            ("s-maxage=5, public", None, None),
            ("", None, None),
        ] {
            assert_eq!(lifetime(Some(cache_control), age), expected, "{cache_control} {age:?}");
        }
        assert_eq!(lifetime(None, Some("5")), None);
    }
}
