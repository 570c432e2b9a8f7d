//! The host of a URL, as text: never parsed into an address, so that no two parsers can disagree about one.

use crate::text::digits;

/// A host and its port, where it has one: what stands behind the last colon. In an IPv6 address the colons stand before the bracket.
pub fn split_port(authority: &str) -> (&str, Option<&str>) {
    let last = |text: &str, wanted: u8| text.bytes().rposition(|byte| byte == wanted);
    let after = last(authority, b']').map_or(0, |bracket| bracket + 1);
    match authority.get(after..).and_then(|rest| last(rest, b':')) {
        Some(colon) => (authority.get(..after + colon).unwrap_or_default(), authority.get(after + colon + 1..)),
        None => (authority, None),
    }
}

/// Whether a host without its port is this machine, and written plainly: `127.1` and `0x7f.0.0.1` are not.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "[::1]" || is_loopback_v4(host)
}

/// As [`is_loopback`], and names below `localhost`: browsers send them to this machine and nowhere else (RFC 6761 §6.3). `host` is in
/// lower case, as URLs have it.
pub fn is_localhost(host: &str) -> bool {
    is_loopback(host) || host.ends_with(".localhost")
}

fn is_loopback_v4(host: &str) -> bool {
    let is_octet = |part: &str| part == "0" || (!part.starts_with('0') && matches!(digits(part), Some(..=255)));
    host.starts_with("127.") && host.split('.').count() == 4 && host.split('.').all(is_octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_written_plainly() {
        for host in ["localhost", "LocalHost", "[::1]", "127.0.0.1", "127.255.0.9"] {
            assert!(is_loopback(host) && is_localhost(host), "{host}");
        }
        for host in [
            "",
            "127.1",
            "127.0.0.01",
            "127.0.0.256",
            "127.0.0.1.",
            "127.0.0.1.example",
            "0x7f.0.0.1",
            "128.0.0.1",
            "a.localhost",
            "localhost.",
            "::1",
            "[::1]:80",
            "127.0.0.+1",
        ] {
            assert!(!is_loopback(host), "{host}");
            assert_eq!(is_localhost(host), host == "a.localhost", "{host}");
        }
    }

    #[test]
    fn a_port_is_behind_the_last_bracket() {
        for (authority, host, port) in [
            ("a.example", "a.example", None),
            ("a.example:80", "a.example", Some("80")),
            ("a.example:", "a.example", Some("")),
            ("[::1]", "[::1]", None),
            ("[::1]:80", "[::1]", Some("80")),
            ("a.example:x:80", "a.example:x", Some("80")),
            ("", "", None),
        ] {
            assert_eq!(split_port(authority), (host, port), "{authority}");
        }
    }
}
