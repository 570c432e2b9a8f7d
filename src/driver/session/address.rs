//! The address of a runtime, as the core wants to see it: in one spelling, with its query taken apart.

use crate::{
    arcp::client::address,
    error::{Code, Error},
};

/// Checks an address, and gives it in small letters where case means nothing. `plain_hosts` are those in networks of one's own to
/// which plain text may go.
///
/// What is no visible ASCII, or read in more than one way by those who read URLs (a backslash, a percent sign in a host), is
/// refused: two readers may not disagree about where a token goes.
pub(super) fn checked(given: &str, plain_hosts: &[String]) -> Result<String, Error> {
    let wrong = |problem: &str| Error::new(Code::Config, format!("`url` {problem}")).about("url");
    if !given.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>' | b'`')) {
        return Err(wrong("must be an absolute URL of visible ASCII, such as wss://agents.example/arcp"));
    }
    let Some((scheme, rest)) = given.split_once("://") else {
        return Err(wrong("must be an absolute URL, such as wss://agents.example/arcp"));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() || host.starts_with(':') || host.contains('%') {
        return Err(wrong("must have a host"));
    }
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let slash = if path.starts_with('/') { "" } else { "/" };
    let url = format!("{scheme}://{authority}{slash}{path}");
    let query = path.split('#').next().and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let hosts: Vec<&str> = plain_hosts.iter().map(String::as_str).collect();
    address::check(&url, pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())), &hosts)?;
    Ok(url)
}

/// Hosts to which plain text may go, checked: as they stand in URLs, with their ports.
pub(super) fn plain_hosts(given: Vec<String>) -> Result<Vec<String>, Error> {
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_' || first == '-')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    };
    let is_v6 = |host: &str| {
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).is_some_and(|host| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
        })
    };
    let is_host = |host: &String| {
        let (name, port) = crate::http::host::split_port(host);
        port.is_none_or(is_port) && (is_v6(name) || is_name(name))
    };
    if given.iter().all(is_host) {
        // A URL has no port where that is the scheme's own.
        return Ok(given
            .into_iter()
            .map(|host| host.to_ascii_lowercase())
            .map(|host| host.strip_suffix(":80").map_or(host.clone(), str::to_owned))
            .collect());
    }
    let message = "`insecure_hosts` must list hosts as they stand in the URLs, with their ports, such as \"runtime:8080\": no scheme, no path, no *";
    Err(Error::new(Code::Config, message).about("insecure_hosts"))
}

/// A part of a query as forms write it: with `+` for a blank and percent signs. What is no such sign stays as it is.
fn decoded(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let escaped = match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        out.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for (given, url) in [
            ("WSS://Agents.Example", "wss://agents.example/"),
            ("wss://agents.example?tenant=A", "wss://agents.example/?tenant=A"),
            ("ws://LOCALHOST:9000/Arcp", "ws://localhost:9000/Arcp"),
            ("ws://runtime:8080/", "ws://runtime:8080/"),
        ] {
            assert_eq!(checked(given, &["runtime:8080".to_owned()]).unwrap(), url);
        }
    }

    #[test]
    fn what_two_readers_read_differently_or_holds_a_secret_is_refused() {
        for given in [
            "",
            "agents.example",
            "https://agents.example/",
            "ws://agents.example/",
            "ws://runtime/",
            "wss:\\\\agents.example",
            "wss://agents.example\\@localhost/",
            "ws://localhost%2eevil.example/",
            "wss://a b/",
            "wss://agents.example/\n",
            "wss:///arcp",
            "wss://user:password@agents.example/",
            "wss://agents.example/#x",
            "wss://agents.example/?access_token=x",
            "wss://agents.example/?access%5Ftoken=x",
            "wss://agents.example/?x=eyJhbGciOiJub25lIn0.eyJ9.",
        ] {
            let error = checked(given, &["runtime:8080".to_owned()]).unwrap_err();
            assert_eq!((error.code(), error.subject()), (Code::Config, Some("url")), "{given}");
        }
    }

    #[test]
    fn insecure_hosts_are_hosts() {
        let hosts = |host: &str| plain_hosts(vec![host.to_owned()]);
        assert_eq!(hosts("Runtime:80").unwrap(), ["runtime"]);
        assert_eq!(hosts("[fd00::1]:81").unwrap(), ["[fd00::1]:81"]);
        for wrong in ["", "*", "http://a", "a/b", "a:b", "a:123456", "[]", "a b", "[fd00::1"] {
            assert_eq!(hosts(wrong).unwrap_err().subject(), Some("insecure_hosts"), "{wrong}");
        }
    }
}
