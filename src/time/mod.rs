//! Time as an argument: the core never asks what time it is.

mod duration;
mod monotonic;

pub use monotonic::Monotonic;

use crate::{json::Number, text::digits};

/// An instant: milliseconds since the Unix epoch, as `Date.now()` counts them. On a host it is the standard library's `SystemTime`, there
/// and back.
///
/// ```
/// use arcgate::{Span, Time};
///
/// let time = Time::from_rfc3339("2026-05-13T19:42:13.020Z").unwrap();
/// assert_eq!(time.plus(Span::from_secs(60)).since(time), Span::from(std::time::Duration::from_secs(60)));
/// # #[cfg(not(target_arch = "wasm32"))]
/// assert_eq!(Time::from(std::time::SystemTime::from(time)), time);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// The last instant of the year 9999. A later NumericDate is a mistake (milliseconds, most often), not a date.
const LATEST_SEC: f64 = 253_402_300_799.0;

impl Time {
    /// The start of 1970.
    pub const EPOCH: Self = Self(0);

    /// An instant from milliseconds since the epoch. Values that a clock cannot show are brought into range. What is no number is the
    /// last instant: under a clock that is broken everything has ended.
    pub fn from_millis(millis: f64) -> Self {
        let latest = LATEST_SEC * 1000.0;
        Self(if millis.is_nan() { latest } else { millis.clamp(0.0, latest) } as i64)
    }

    /// A NumericDate (RFC 7519 §2): seconds since the epoch, fractions allowed. `None` when it is negative or
    /// past the year 9999.
    pub fn from_numeric_date(number: &Number<'_>) -> Option<Self> {
        let seconds = number.as_f64();
        (0.0..=LATEST_SEC).contains(&seconds).then_some(Self((seconds * 1000.0) as i64))
    }

    /// An instant as RFC 3339 writes it in UTC: `2026-05-13T23:42:00Z`, with or without a fraction. `None` for any other offset
    /// (ARCP 1.1 §9.5 wants `Z`), for a day that is not in the calendar, and for a leap second.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let is_fraction = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let millis = fraction.bytes().chain(*b"00").take(3).fold(0, |all, digit| all * 10 + i64::from(digit & 0xf));
        Self::from_civil([year, month, day, hour, minute, second], millis).filter(|_| is_fraction)
    }

    /// An instant of the calendar, in UTC: year, month, day, hour, minute, second. `None` for what is none, a leap second included.
    pub(crate) fn from_civil([year, month, day, hour, minute, second]: [i64; 6], millis: i64) -> Option<Self> {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + i64::from(is_leap),
            _ => return None,
        };
        if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 || year < 1970 {
            return None;
        }
        // Years that begin in March have their leap day at their end.
        let year = if month <= 2 { year - 1 } else { year };
        let from_march = (month + 9) % 12;
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day - 1 - 719_468;
        Some(Self((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis))
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, as a NumericDate.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The instant as [`Self::write_seconds`] writes it.
    pub fn to_seconds(self) -> String {
        let mut out = String::new();
        self.write_seconds(&mut out);
        out
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

    /// The instant as RFC 3339 writes it, in UTC and with milliseconds: `2026-05-13T19:42:13.020Z`.
    pub fn to_rfc3339(self) -> String {
        let (days, millis) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        // Years that begin in March have their leap day at their end; 400 of them are one era.
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
        let (second, milli) = (millis / 1000 % 60, millis % 1000);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }

    // Out of line: a sum that saturates is ten times a call's size, and there are dozens of them.

    /// This instant, `span` later.
    #[must_use]
    #[inline(never)]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant, `span` earlier.
    #[must_use]
    #[inline(never)]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; negative when the clock has been set back.
    #[inline(never)]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// A number of few digits.
pub(crate) fn number(text: &str) -> Option<i64> {
    digits(text).and_then(|number| i64::try_from(number).ok()).filter(|_| text.len() <= 9)
}

/// Numbers of exactly so many digits with a separator between them.
pub(crate) fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut found = [0; 3];
    for (place, length) in found.iter_mut().zip(lengths) {
        *place = parts.next().filter(|part| part.len() == length).and_then(number)?;
    }
    parts.next().is_none().then_some(found)
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

    /// The nearest that is no shorter and no longer than these. `clamp` would bring a panic along, where `most` is not known to be the
    /// longer one; here it counts for more.
    pub(crate) fn between(self, least: Self, most: Self) -> Self {
        self.max(least).min(most)
    }

    /// Whole seconds, rounded up: what `Retry-After` wants.
    pub const fn as_secs_ceil(self) -> i64 {
        self.0.saturating_add(999).div_euclid(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_a_clock_that_is_broken_everything_has_ended() {
        let last = Time::from_millis(f64::INFINITY);
        assert_eq!(Time::from_millis(f64::NAN), last);
        assert!(Time::EPOCH < last && Time::from_millis(-1.0) == Time::EPOCH);
    }

    #[test]
    #[cfg(not(target_arch = "wasm32"))]
    fn instants_are_written_as_chrono_writes_them() {
        for millis in [951_782_399_999, 1_709_164_800_001, 1_778_701_333_020, 253_402_214_399_999] {
            let expected = format!("{:?}Z", chrono::DateTime::from_timestamp_millis(millis).unwrap().naive_utc());
            assert_eq!(Time::from_millis(millis as f64).to_rfc3339(), expected);
        }
        assert_eq!(Time::EPOCH.to_rfc3339(), "1970-01-01T00:00:00.000Z");
        for day in 0..80_000 {
            let millis = day * 86_400_000;
            let expected = chrono::DateTime::from_timestamp_millis(millis).unwrap().date_naive().to_string();
            assert!(Time::from_millis(millis as f64).to_rfc3339().starts_with(&expected), "{expected}");
        }
    }

    #[test]
    fn instants_are_read_as_they_are_written_and_in_no_other_form() {
        for millis in [0.0, 951_782_399_999.0, 951_782_400_000.0, 1_709_164_800_001.0, 253_402_300_799_000.0] {
            let instant = Time::from_millis(millis);
            assert_eq!(Time::from_rfc3339(&instant.to_rfc3339()), Some(instant));
        }
        for day in 0..80_000 {
            let instant = Time::from_millis(f64::from(day) * 86_400_000.0);
            assert_eq!(Time::from_rfc3339(&instant.to_rfc3339()), Some(instant));
        }
        assert_eq!(Time::from_rfc3339("1970-01-01T00:00:01Z"), Some(Time(1000)));
        assert_eq!(Time::from_rfc3339("1970-01-01T00:00:00.5Z"), Some(Time(500)));
        assert_eq!(Time::from_rfc3339("1970-01-01T00:00:00.123456789Z"), Some(Time(123)));
        let wrong = " | Z | 1970-01-01 | 1970-01-01T00:00:00 | 1970-01-01T00:00:00+00:00 | 1970-01-01T00:00:00z | \
             1970-01-01t00:00:00Z | 1970-01-01 00:00:00Z | 1970-1-01T00:00:00Z | 1970-02-29T00:00:00Z | \
             1900-01-01T00:00:00Z | 1970-13-01T00:00:00Z | 1970-01-00T00:00:00Z | 1970-01-32T00:00:00Z | \
             1970-01-01T24:00:00Z | 1970-01-01T00:60:00Z | 2016-12-31T23:59:60Z | 1970-01-01T00:00:00.Z | \
             1970-01-01T00:00:00.1234567890Z | 1970-01-01T00:00:00.+1Z | 1970-01-01T00:00:00:00Z | \
             +970-01-01T00:00:00Z";
        for wrong in wrong.split(" | ") {
            assert_eq!(Time::from_rfc3339(wrong), None, "{wrong}");
        }
    }
}
