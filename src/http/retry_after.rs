//! When a server wants to be asked again (RFC 9110 §10.2.3): in seconds, or at a date.

use super::date;
use crate::{
    text::digits,
    time::{Span, Time},
};

/// Nobody means more than this; whoever acts on it has a shorter limit of its own.
const LONGEST: i64 = 365 * 24 * 3600;

/// Reads a `Retry-After`. A date is by the server's clock: that is what its `Date` shows, or else ours.
pub fn read(value: Option<&str>, server_date: Option<&str>, now: Time) -> Option<Span> {
    let value = value?.trim_ascii();
    if let Some(seconds) = digits(value) {
        return Some(Span::from_secs(i64::try_from(seconds).unwrap_or(LONGEST).min(LONGEST)));
    }
    let at = date::parse(value)?;
    let server_now = server_date.and_then(|text| date::parse(text.trim_ascii())).unwrap_or(now);
    Some(at.since(server_now).between(Span::ZERO, Span::from_secs(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(value: &str, server_date: Option<&str>) -> Option<i64> {
        let now = date::parse("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        read(Some(value), server_date, now).map(|span| span.as_millis() / 1000)
    }

    #[test]
    fn reads_seconds() {
        assert_eq!((secs("120", None), secs(" 0 ", None)), (Some(120), Some(0)));
        assert_eq!(secs("99999999999999999999999", None), Some(LONGEST));
        for value in ["", "-1", "+5", "1.5", "1e3", "120, 120", "soon", "١٢"] {
            assert_eq!(secs(value, None), None, "{value}");
        }
        assert_eq!(read(None, None, Time::EPOCH), None);
    }

    #[test]
    fn reads_dates_by_the_servers_clock() {
        assert_eq!(secs("Wed, 21 Oct 2026 07:30:00 GMT", None), Some(120));
        assert_eq!(secs("Wed Oct 21 07:30:00 2026", None), Some(120));
        // One that is past is now; and a server whose clock is an hour ahead means two minutes all the same.
        assert_eq!(secs("Wed, 21 Oct 2026 07:27:00 GMT", None), Some(0));
        let ahead = Some("Wed, 21 Oct 2026 08:28:00 GMT");
        assert_eq!(secs("Wed, 21 Oct 2026 08:30:00 GMT", ahead), Some(120));
        assert_eq!(secs("Wed, 21 Oct 2026 07:30:00 GMT", Some("yesterday")), Some(120));
        assert_eq!(secs("Fri, 31 Dec 9999 23:59:59 GMT", None), Some(LONGEST));
    }
}
