//! What a response says about its own life: Cache-Control (RFC 9111 §5.2.2), Age (§5.1).

use crate::time::Span;

/// How long the response may be used from the start of its request, as far as its headers say. `no-store` and `no-cache`
/// are no time at all.
pub(super) fn lifetime(cache_control: Option<&str>, age: Option<&str>) -> Option<Span> {
    let mut seconds = None;
    for directive in cache_control?.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(Span::ZERO);
        }
        if name.eq_ignore_ascii_case("max-age") {
            // Of several, or of one that is no number, the shortest reading (RFC 9111 §4.2.1).
            let value = seconds_of(value.trim().trim_matches('"')).unwrap_or(0);
            seconds = Some(seconds.map_or(value, |other: i64| other.min(value)));
        }
    }
    let age = age.and_then(|age| seconds_of(age.trim())).unwrap_or(0);
    Some(Span::from_secs(seconds?.saturating_sub(age).max(0)))
}

/// A number of seconds; what no i64 holds is as long as it gets.
fn seconds_of(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(i64::MAX))
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
