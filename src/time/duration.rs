//! Instants and spans as the standard library has them.

use std::time::Duration;

use super::Span;

impl From<Duration> for Span {
    /// Whole milliseconds; what no `i64` holds is as long as it gets.
    fn from(duration: Duration) -> Self {
        Self::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<Span> for Duration {
    /// A span that is negative, for the clock was set back, is none.
    fn from(span: Span) -> Self {
        Self::from_millis(u64::try_from(span.as_millis()).unwrap_or(0))
    }
}

// With JavaScript there is no such clock: the type is there, and panics when it is asked.
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
mod clock {
    #![allow(clippy::disallowed_types, reason = "it is converted, and nobody is asked what time it is")]

    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use crate::time::Time;

    impl From<SystemTime> for Time {
        /// Whole milliseconds. What lies before 1970 is its beginning, and what lies behind the year 9999 its end.
        fn from(time: SystemTime) -> Self {
            Self::from_millis(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as f64)
        }
    }

    impl From<Time> for SystemTime {
        fn from(time: Time) -> Self {
            let since = Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(0));
            UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn there_and_back() {
            for millis in [0.0, 1.0, 1_778_701_333_020.0, 253_402_300_799_000.0] {
                let time = Time::from_millis(millis);
                assert_eq!(Time::from(SystemTime::from(time)), time);
            }
            assert_eq!(Time::from(UNIX_EPOCH - Duration::from_secs(1)), Time::EPOCH);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_durations() {
        assert_eq!(Span::from(Duration::from_micros(1_999)), Span::from_millis(1));
        assert_eq!(Span::from(Duration::MAX), Span::from_millis(i64::MAX));
        assert_eq!(Duration::from(Span::from_millis(1500)), Duration::from_millis(1500));
        assert_eq!(Duration::from(Span::from_millis(-1)), Duration::ZERO);
    }
}
