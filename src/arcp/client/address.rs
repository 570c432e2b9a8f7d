//! The address of a runtime. It is logged and remembered, so it holds no secret; and no token goes to it in plain text.

use crate::{
    error::{Code, Error},
    http::host::{is_loopback, split_port},
    text,
};

/// A shorter token may stand in a URL by chance.
const SHORTEST_TOKEN: usize = 6;

/// Checks a URL, as the platform's parser writes it, with the names and values of its query as that parser reads them. Plain text
/// goes to this machine and to `plain_hosts`, which are written by the same parser.
///
/// # Errors
/// `ERR_CONFIG`.
pub fn check<'q>(
    url: &str,
    query: impl IntoIterator<Item = (&'q str, &'q str)>,
    plain_hosts: &[&str],
) -> Result<(), Error> {
    let (rest, is_plain) = match (url.strip_prefix("wss://"), url.strip_prefix("ws://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => return Err(wrong("must begin with wss://")),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (credentials, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if is_plain && !may_be_plain(host, plain_hosts) {
        return Err(wrong(
            "must begin with wss://: a token goes unencrypted to this machine and to `insecureHosts` only",
        ));
    }
    if !credentials.is_empty() {
        return Err(wrong("must hold no credentials: they belong into `auth`"));
    }
    if rest.split_once('#').is_some_and(|(_, fragment)| !fragment.is_empty()) {
        return Err(wrong("must have no fragment"));
    }
    if query.into_iter().any(|(name, value)| is_secret_name(name) || is_jwt(value)) {
        return Err(wrong("must hold no secret: URLs are logged and remembered"));
    }
    Ok(())
}

/// Refuses a URL that holds this token, wherever it stands in it.
///
/// # Errors
/// `ERR_CONFIG`.
pub fn check_holds_not(url: &str, token: &str) -> Result<(), Error> {
    if token.len() >= SHORTEST_TOKEN && text::contains(url, token) {
        return Err(wrong("holds the token: URLs are logged and remembered"));
    }
    Ok(())
}

fn wrong(problem: &str) -> Error {
    Error::new(Code::Config, format!("`url` {problem}")).about("url")
}

fn may_be_plain(authority: &str, plain_hosts: &[&str]) -> bool {
    let (host, _) = split_port(authority);
    is_loopback(host) || host.ends_with(".localhost") || plain_hosts.contains(&authority)
}

// As a whole: `next_token` is the next page's.
fn is_secret_name(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().replace('-', "_").as_str(),
        "access_token"
            | "accesstoken"
            | "id_token"
            | "idtoken"
            | "token"
            | "api_key"
            | "apikey"
            | "key"
            | "auth"
            | "authorization"
            | "bearer"
            | "jwt"
            | "secret"
            | "password"
    )
}

/// Whether a text begins like a signed or an encrypted token.
fn is_jwt(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let Some((header, rest)) = text.strip_prefix("eyJ").and_then(|text| text.split_once('.')) else { return false };
    is_part(header) && rest.split_once('.').is_some_and(|(payload, _)| is_part(payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(url: &str, query: &[(&str, &str)]) -> Option<String> {
        let error = check(url, query.iter().copied(), &["runtime:8080", "[fd00::1]:81"]).err()?;
        assert_eq!((error.code(), error.subject()), (Code::Config, Some("url")));
        Some(error.message().to_owned())
    }

    #[test]
    fn plain_text_goes_to_this_machine_and_to_hosts_that_are_named() {
        for url in [
            "wss://agents.example/arcp",
            "wss://agents.example:8443/arcp?tenant=a",
            "wss://agents.example/#",
            "ws://localhost:9000/",
            "ws://a.localhost/",
            "ws://127.0.0.1:9000/arcp",
            "ws://[::1]/",
            "ws://runtime:8080/arcp",
            "ws://[fd00::1]:81/",
        ] {
            assert_eq!(problem(url, &[]), None, "{url}");
        }
        for url in [
            "ws://agents.example/arcp",
            "ws://runtime/",
            "ws://runtime:8081/",
            "ws://runtime:8080.example/",
            "ws://localhost.example/",
            "ws://127.0.0.1.example/",
            "ws://example/localhost",
            "ws://example/?@localhost",
            "ws://128.0.0.1/",
            "ws://localhost@agents.example/",
            "ws://runtime:8080@agents.example/",
        ] {
            assert!(problem(url, &[]).is_some_and(|why| why.contains("goes unencrypted")), "{url}");
        }
        for url in ["https://agents.example/", "http://localhost/", "wss:agents.example", "mailto:a@b", ""] {
            assert_eq!(problem(url, &[]).as_deref(), Some("`url` must begin with wss://"), "{url}");
        }
    }

    #[test]
    fn what_is_logged_and_remembered_holds_no_secret() {
        for url in ["wss://user@a.example/", "wss://user:pass@a.example/", "wss://:pass@a.example/?x"] {
            assert!(problem(url, &[]).is_some_and(|why| why.contains("no credentials")), "{url}");
        }
        assert_eq!(problem("wss://a.example/?x#y", &[]).as_deref(), Some("`url` must have no fragment"));
        assert_eq!(problem("wss://a.example/a@b?c@d", &[]), None);
        let query = |name: &str, value: &str| problem("wss://a.example/", &[("v", "1"), (name, value)]);
        for name in [
            "access_token",
            "Access-Token",
            "accessToken",
            "ID_TOKEN",
            "token",
            "api-key",
            "apikey",
            "key",
            "auth",
            "Authorization",
            "bearer",
            "jwt",
            "secret",
            "password",
        ] {
            assert!(query(name, "x").is_some_and(|why| why.contains("no secret")), "{name}");
        }
        for name in ["", "tokens", "next_token", "page_key", "access__token", "to_ken", "keys"] {
            assert_eq!(query(name, "x"), None, "{name}");
        }
        for value in ["eyJhbGciOiJub25lIn0.eyJ9.", "eyJ_-.a.b.c.d"] {
            assert!(query("x", value).is_some(), "{value}");
        }
        for value in ["", "eyJ", "eyJ.a.b", "eyJx.a", "eyJx..", "eyJx.a b.", "xeyJx.a.b"] {
            assert_eq!(query("x", value), None, "{value}");
        }
    }

    #[test]
    fn a_token_stands_nowhere_in_the_url() {
        let url = "wss://a.example/tok-alice?next=tok";
        assert!(check_holds_not(url, "tok-alice").unwrap_err().message().contains("holds the token"));
        assert!(check_holds_not(url, "tok-al").is_err() && check_holds_not(url, "tok-a").is_ok());
        assert!(check_holds_not(url, "tok-bob").is_ok());
    }
}
