//! Which URLs keys may be fetched from. No parser: what is odd in a URL is refused, so that no two parsers can disagree
//! about it.

use std::sync::Arc;

use crate::{
    config::Reader,
    error::{shown, Error},
    http::host::{is_loopback, split_port},
    text,
};

/// Hosts in a private network that may be asked in plain text, by the option `insecureHosts`: exactly these, with exactly these
/// ports. Nobody by default.
#[derive(Clone, Debug, Default)]
pub struct PlainHosts(Option<Arc<[String]>>);

impl PlainHosts {
    /// Reads `insecureHosts`.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn read(reader: &mut Reader<'_, '_>) -> Result<Self, Error> {
        const KEY: &str = "insecureHosts";
        let Some(hosts) = reader.strings(KEY)? else { return Ok(Self::default()) };
        Self::of(&hosts).map_err(|problem| reader.wrong(KEY, problem))
    }

    /// Those of a list.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub fn of(hosts: &[String]) -> Result<Self, &'static str> {
        let is_authority = |text: &String| {
            let (host, port) = split_port(text);
            is_host(host) && port.is_none_or(is_port)
        };
        if !hosts.iter().all(is_authority) {
            return Err("must list hosts as they stand in the URLs, with their ports, such as \"keycloak:8080\": no scheme, no path, no *");
        }
        Ok(if hosts.is_empty() { Self::default() } else { Self(Some(hosts.iter().map(|host| plain(host)).collect())) })
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn has(&self, authority: &str) -> bool {
        self.0.as_ref().is_some_and(|hosts| hosts.contains(&plain(authority)))
    }
}

/// An authority as it is compared: 80 is the port that a plain URL has without one.
fn plain(authority: &str) -> String {
    let (host, port) = split_port(authority);
    let mut out = host.to_ascii_lowercase();
    if let Some(port) = port.filter(|port| text::digits(port) != Some(80)) {
        out.push(':');
        out.push_str(port.trim_start_matches('0'));
    }
    out
}

/// As [`check_with`], without exceptions.
///
/// # Errors
/// As there.
pub fn check(url: &str) -> Result<(), &'static str> {
    check_with(url, &PlainHosts::default())
}

/// Checks a URL that keys are fetched from: `https`, or `http` on this machine and to the `hosts` that are named; nothing in it
/// that two parsers could read differently; no user, password or fragment.
///
/// # Errors
/// What is wrong and how to put it right, to be put behind the name of what holds the URL.
pub fn check_with(url: &str, hosts: &PlainHosts) -> Result<(), &'static str> {
    let (rest, secure) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (_, Some(rest)) => (rest, false),
        _ => return Err("must be a URL that begins with https://"),
    };
    if url.len() > 2048 {
        return Err("is longer than 2048 characters");
    }
    if text::contains(rest, "#") {
        return Err("must not have a fragment (#…)");
    }
    if !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Err("holds a character that no URL may hold: percent-encode it");
    }
    let authority = text::before(rest, b"/?");
    if text::contains(authority, "@") {
        return Err("must not hold a user name or password");
    }
    let (host, port) = split_port(authority);
    if !is_host(host) {
        return Err("has no plain host name after https://");
    }
    if port.is_some_and(|port| !is_port(port)) {
        return Err("has a port that is none");
    }
    if !secure && !is_loopback(host) && !hosts.has(authority) {
        return Err(
            "must begin with https:// (http:// is for localhost, 127.0.0.1, [::1] and hosts in `insecureHosts` only)",
        );
    }
    Ok(())
}

/// A URL as it may stand in a message or a log: without user and query, where keys of an API stand, and cut to a length.
pub fn without_secrets(url: &str) -> String {
    let url = text::before(url, b"?#");
    let start = text::find(url, "://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at_checked(start).unwrap_or_default();
    let user = text::before(rest, b"/").bytes().rposition(|byte| byte == b'@').map_or(0, |at| at + 1);
    shown(&format!("{scheme}{}", rest.get(user..).unwrap_or_default()))
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
    matches!(text::digits(port), Some(1..=0xffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_url_holds_no_secret() {
        for (url, expected) in [
            ("https://i.example/keys?apikey=SECRET", "https://i.example/keys"),
            ("https://i.example?SECRET", "https://i.example"),
            ("https://u:SECRET@i.example:8443/a@b#SECRET", "https://i.example:8443/a@b"),
            ("https://u@SECRET@i.example", "https://i.example"),
            ("https://i.example", "https://i.example"),
            ("u:SECRET@x", "x"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(url), expected);
        }
        assert_eq!(without_secrets(&format!("https://i.example/{}", "x".repeat(200))).chars().count(), 81);
    }

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
    fn plain_http_goes_to_exactly_the_hosts_that_are_named() {
        let hosts = |list: &[&str]| PlainHosts::of(&list.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>());
        let named = hosts(&["Keycloak:8080", "idp", "10.0.0.7:80", "[fd00::1]:8080"]).unwrap();
        for url in [
            "http://keycloak:8080",
            "http://KEYCLOAK:8080/realms/x?y",
            "http://keycloak:08080/",
            "http://idp/",
            "http://idp:80/",
            "http://10.0.0.7",
            "http://[fd00::1]:8080/",
            "https://keycloak:8443/",
            "http://localhost:1",
        ] {
            assert_eq!(check_with(url, &named), Ok(()), "{url}");
        }
        for url in [
            "http://keycloak",
            "http://keycloak:8081",
            "http://keycloak.evil.example:8080",
            "http://evil.example/keycloak:8080",
            "http://keycloak:8080@evil.example/",
            "http://keycloak:8080.evil.example/",
            "http://a.idp/",
            "http://idp:443/",
            "http://idp./",
            "ws://keycloak:8080",
            "http://keycloak:8080/#x",
        ] {
            assert!(check_with(url, &named).is_err(), "{url}");
        }
        assert!(hosts(&[]).unwrap().is_empty());
        for odd in
            ["", "*", "*.internal", "http://keycloak:8080", "keycloak:8080/", "a b", "u@h", "h:0", "h:x", ":80", "h,i"]
        {
            assert!(hosts(&[odd]).is_err(), "{odd}");
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
