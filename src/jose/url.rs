//! Which URLs keys may be fetched from. No parser: what is odd in a URL is refused, so that no two parsers can disagree
//! about it.

/// Checks a URL that keys are fetched from: `https`, or `http` on this machine alone; nothing in it that two parsers could
/// read differently; no user, password or fragment.
///
/// # Errors
/// What is wrong and how to put it right, to be put behind the name of what holds the URL.
pub fn check(url: &str) -> Result<(), &'static str> {
    let (rest, secure) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (_, Some(rest)) => (rest, false),
        _ => return Err("must be a URL that begins with https://"),
    };
    if url.len() > 2048 {
        return Err("is longer than 2048 characters");
    }
    if rest.contains('#') {
        return Err("must not have a fragment (#…)");
    }
    if !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Err("holds a character that no URL may hold: percent-encode it");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("must not hold a user name or password");
    }
    let (host, port) = split_port(authority);
    if !is_host(host) {
        return Err("has no plain host name after https://");
    }
    if port.is_some_and(|port| !is_port(port)) {
        return Err("has a port that is none");
    }
    if !secure && !is_loopback(host) {
        return Err("must begin with https:// (http:// is for localhost, 127.0.0.1 and [::1] only)");
    }
    Ok(())
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    // In an IPv6 address the colons stand before the bracket.
    let after = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[after..].find(':') {
        Some(colon) => (&authority[..after + colon], Some(&authority[after + colon + 1..])),
        None => (authority, None),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.contains(':') && address.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
    }
    !host.is_empty()
        && !host.starts_with(['.', '-'])
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && matches!(port.parse::<u16>(), Ok(1..))
}

/// Whether the host is this machine, and written plainly: `127.1` and `0x7f.0.0.1` are refused.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "[::1]" || is_loopback_v4(host)
}

fn is_loopback_v4(host: &str) -> bool {
    let is_octet = |part: &str| part == "0" || (!part.starts_with('0') && part.parse::<u8>().is_ok());
    host.starts_with("127.")
        && host.split('.').count() == 4
        && host.split('.').all(|part| part.bytes().all(|byte| byte.is_ascii_digit()) && is_octet(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_https_and_loopback() {
        for url in [
            "https://issuer.example",
            "https://issuer.example/",
            "https://ISSUER.example:8443/a/b%20c?p=1&q=2",
            "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
            "https://[2001:db8::1]:8443/keys",
            "https://10.0.0.1/keys",
            "https://my_idp/keys",
            "http://localhost:9000",
            "http://LOCALHOST/",
            "http://127.0.0.1:9000/keys",
            "http://127.255.0.3",
            "http://[::1]:9000/keys",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn refuses_plain_http_off_this_machine() {
        for url in [
            "http://issuer.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.1/",
            "http://127.0.0.256",
            "http://127.0.0.01",
            "http://0x7f.0.0.1",
            "http://2130706433",
            "http://128.0.0.1",
            "http://[::2]",
            "http://[::ffff:127.0.0.1]",
            "http://0.0.0.0",
            "http://localhost.",
        ] {
            assert!(check(url).unwrap_err().contains("https://"), "{url}");
        }
    }

    #[test]
    fn refuses_what_two_parsers_could_read_differently() {
        for url in [
            "",
            "issuer.example",
            "//issuer.example",
            "ftp://issuer.example",
            "HTTPS://issuer.example",
            " https://issuer.example",
            "https://issuer.example ",
            "https:issuer.example",
            "https:///issuer.example",
            "https://",
            "https://?x",
            "https://:443/",
            "https://user@issuer.example",
            "https://user:password@issuer.example/",
            "https://issuer.example@evil.example/",
            "https://issuer.example\\@evil.example/",
            "https://issuer.example#@evil.example/",
            "https://issuer.example/keys#x",
            "https://issuer.example/a\tb",
            "https://issuer.example/a\nb",
            "https://issuer.example/é",
            "https://issu%65r.example/",
            "https://exämple.org",
            "https://issuer.example:",
            "https://issuer.example:0",
            "https://issuer.example:65536",
            "https://issuer.example:+443",
            "https://issuer.example:44a",
            "https://issuer.example:443:443",
            "https://[::1",
            "https://::1]/",
            "https://[::1]x/",
            "https://a[::1]/",
            "https://[]/",
            "https://[v1.x]/",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
        assert!(check("https://user:password@issuer.example/").unwrap_err().contains("user name"));
        assert!(check(&format!("https://issuer.example/{}", "a".repeat(2048))).is_err());
    }
}
