//! Time as an argument: the core never asks what time it is.

use crate::json::Number;

/// An instant: milliseconds since the Unix epoch, as `Date.now()` counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// The last instant of the year 9999. A later NumericDate is a mistake (milliseconds, most often), not a date.
const LATEST_SEC: f64 = 253_402_300_799.0;

impl Time {
    /// The start of 1970.
    pub const EPOCH: Self = Self(0);

    /// An instant from milliseconds since the epoch. Values that a clock cannot show are brought into range.
    pub fn from_millis(millis: f64) -> Self {
        Self(millis.clamp(0.0, LATEST_SEC * 1000.0) as i64)
    }

    /// A NumericDate (RFC 7519 §2): seconds since the epoch, fractions allowed. `None` when it is negative or
    /// past the year 9999.
    pub fn from_numeric_date(number: &Number<'_>) -> Option<Self> {
        let seconds = number.as_f64();
        (0.0..=LATEST_SEC).contains(&seconds).then_some(Self((seconds * 1000.0) as i64))
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, as a NumericDate.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Appends the instant to `out` as a NumericDate, with milliseconds only where there are any.
    pub fn write_seconds(self, out: &mut String) {
        use std::fmt::Write as _;
        // Writing to a String can't fail.
        let _ = match self.0 % 1000 {
            0 => write!(out, "{}", self.0 / 1000),
            millis => write!(out, "{}.{millis:03}", self.0 / 1000),
        };
    }

    /// This instant, `span` later.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant, `span` earlier.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; negative when the clock has been set back.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of so many milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// A span of so many seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded up: what `Retry-After` wants.
    pub const fn as_secs_ceil(self) -> i64 {
        self.0.saturating_add(999).div_euclid(1000)
    }
}
