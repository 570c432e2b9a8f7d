//! Dates in header fields (RFC 9110 §5.6.7): the form that is written today, and the two that must still be read.

use crate::time::{number, numbers, Time};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// A date is no longer than this.
const LONGEST: usize = 64;

/// Reads a date: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
pub fn parse(text: &str) -> Option<Time> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parts = text.split([' ', ',', '-']).filter(|part| !part.is_empty());
    let mut six: [&str; 6] = [""; 6];
    for place in &mut six {
        *place = parts.next().unwrap_or_default();
    }
    if parts.next().is_some() {
        return None;
    }
    let (day, month, year, clock) = match six {
        [_, day, month, year, clock, "GMT"] => (day, month, year, clock),
        [_, month, day, clock, year, ""] => (day, month, year, clock),
        _ => return None,
    };
    if !six[0].bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year = match (year.len(), number(year)?) {
        (4, year) => year,
        // Nobody asks for patience until the seventies.
        (2, year) => year + if year < 70 { 2000 } else { 1900 },
        _ => return None,
    };
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let day = number(day).filter(|_| day.len() <= 2)?;
    Time::from_civil([year, month, day, hour, minute, second], 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(text).map(Time::as_millis), Some(784_111_777_000), "{text}");
        }
        assert_eq!(
            parse("Wed, 21 Oct 2026 07:28:00 GMT").map(Time::to_rfc3339).as_deref(),
            Some("2026-10-21T07:28:00.000Z")
        );
        assert_eq!(parse("Thursday, 01-Jan-70 00:00:00 GMT"), Some(Time::EPOCH));
        assert!(parse("Sat, 29 Feb 2028 00:00:00 GMT").is_some());
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "120",
            "Wed, 21 Oct 2026 07:28:00",
            "Wed, 21 Oct 2026 07:28:00 CET",
            "Wed, 21 Oct 2026 07:28:00 +0200",
            "Wed, 21 Okt 2026 07:28:00 GMT",
            "Wed, 32 Oct 2026 07:28:00 GMT",
            "Wed, 21 Oct 2026 24:28:00 GMT",
            "Wed, 21 Oct 2026 07:28:00 GMT GMT",
            "Wed, 21 Oct 202 07:28:00 GMT",
            "Sat, 29 Feb 2027 00:00:00 GMT",
            "2026-10-21T07:28:00Z",
            "Wed, é1 Oct 2026 07:28:00 GMT",
            "1 2 3 4 5 6",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"Wed, ".repeat(1000)), None);
    }
}
