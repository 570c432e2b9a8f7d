//! What of an address is counted.

/// An address as it is counted: IPv6 by its first 64 bits, which are one customer's, however they are written. `None` without one.
pub fn address_key(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    if !text.contains(':') {
        return Some(text.to_owned());
    }
    if let Some(mapped) = mapped(text) {
        return Some(mapped.to_owned());
    }
    let text = text.to_lowercase();
    let text = text.split('%').next().unwrap_or_default();
    let mut parts = text.split("::");
    let mut all = groups(parts.next().unwrap_or_default());
    if let Some(tail) = parts.next() {
        let rest = groups(tail);
        while all.len() + rest.len() < 8 {
            all.push("0");
        }
        all.extend(rest);
    }
    let mut key = String::new();
    for (index, group) in all.into_iter().take(4).enumerate() {
        if index > 0 {
            key.push(':');
        }
        let significant = group.trim_start_matches('0');
        key.push_str(if significant.is_empty() && !group.is_empty() { "0" } else { significant });
    }
    key.push_str("::/64");
    Some(key)
}

/// The IPv4 address of `::ffff:192.0.2.1`.
fn mapped(text: &str) -> Option<&str> {
    const PREFIX: &str = "::ffff:";
    let rest = text
        .get(PREFIX.len()..)
        .filter(|_| text.get(..PREFIX.len()).is_some_and(|p| p.eq_ignore_ascii_case(PREFIX)))?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (rest.split('.').count() == 4 && rest.split('.').all(is_number)).then_some(rest)
}

fn groups(part: &str) -> Vec<&str> {
    if part.is_empty() {
        return Vec::new();
    }
    part.split(':').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_counts_by_its_first_64_bits_however_it_is_written() {
        for text in
            ["2001:db8:0:1::1", "2001:DB8::1:0:0:0:3", "2001:0db8:0000:0001:ffff:ffff:ffff:ffff", "2001:db8:0:1::%eth0"]
        {
            assert_eq!(address_key(text).as_deref(), Some("2001:db8:0:1::/64"), "{text}");
        }
        for (text, key) in [
            ("::1", "0:0:0:0::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::FFFF:192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2", "0:0:0:0::/64"),
            ("::ffff:192.0.2.x", "0:0:0:0::/64"),
            ("192.0.2.1", "192.0.2.1"),
            (":b:c:d", ":b:c:d::/64"),
        ] {
            assert_eq!(address_key(text).as_deref(), Some(key), "{text}");
        }
        assert_eq!(address_key(""), None);
        for odd in [":", "::::", "x:y", &":".repeat(1000), "é:", "::ffff:é"] {
            assert!(address_key(odd).is_some(), "{odd}");
        }
    }
}
