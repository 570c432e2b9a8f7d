//! From where a browser may call: the Host and Origin rules, and the CORS fields that follow from them.
//!
//! The Host is checked as well as the Origin, because a page whose name is made to point at this machine (DNS rebinding)
//! is "the same origin" as we are.

use crate::{
    config::Reader,
    error::{shown, Error},
    http::host::{is_localhost, split_port},
};

/// Which hosts and origins a deployment knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginRules {
    /// Besides the same origin.
    origins: Vec<String>,
    /// `None`: not configured.
    hosts: Option<Vec<String>>,
}

/// Why a request is refused before anything else of it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdirected {
    /// The request's `Host` is none that a URL can have.
    Malformed,
    /// The host is none of ours, or hosts are not configured and a browser asks.
    Host,
    /// The page's origin is not allowed.
    Origin,
}

impl Misdirected {
    /// Its status and its stable name: one for every front, in answers and in the audit log.
    pub const fn answer(self) -> (u16, &'static str) {
        match self {
            Self::Malformed => (400, "host_malformed"),
            Self::Host => (421, "host_not_allowed"),
            Self::Origin => (403, "origin_not_allowed"),
        }
    }
}

/// Header fields.
pub type Fields = Vec<(&'static str, String)>;

impl OriginRules {
    /// Takes `allowedOrigins` and `allowedHosts` out of the options.
    ///
    /// # Errors
    /// `ERR_CONFIG` naming the key and the fix.
    pub fn read(options: &mut Reader<'_, '_>) -> Result<Self, Error> {
        let mut rules = Self::default();
        for origin in options.strings("allowedOrigins")?.unwrap_or_default() {
            rules.origins.push(normal_origin(&origin).ok_or_else(|| {
                let problem = "is not an origin: write it as https://app.example, without a path or `*`";
                options.wrong("allowedOrigins", format!("has `{}`, which {problem}", shown(&origin)))
            })?);
        }
        if let Some(hosts) = options.strings("allowedHosts")? {
            for host in &hosts {
                if !is_host(host) {
                    let problem =
                        "is not a host: write it as gate.example or gate.example:8787, without https:// or `*`";
                    return Err(options.wrong("allowedHosts", format!("has `{}`, which {problem}", shown(host))));
                }
            }
            rules.hosts = Some(hosts.iter().map(|host| host.to_ascii_lowercase()).collect());
        }
        Ok(rules)
    }

    /// Decides, and says which CORS fields the answer gets. `scheme` and `host` (with its port, where it has one) are those
    /// of the request's URL; the host is empty where what the client sent as its `Host` makes no URL.
    ///
    /// # Errors
    /// What is wrong with the request; its answer gets no CORS fields, so that the page can't read it.
    pub fn decide(&self, scheme: &str, host: &str, origin: Option<&str>) -> Result<Fields, Misdirected> {
        if host.is_empty() {
            return Err(Misdirected::Malformed);
        }
        let host = host.to_ascii_lowercase();
        let known = match &self.hosts {
            Some(hosts) => hosts.iter().any(|allowed| *allowed == host || *allowed == split_port(&host).0),
            // Without configuration: what runs on this machine, and callers that are no browsers, which no page can drive.
            None => is_localhost(split_port(&host).0) || origin.is_none(),
        };
        if !known {
            return Err(Misdirected::Host);
        }
        let Some(origin) = origin else { return Ok(Fields::new()) };
        // Browsers write it in lower case; whoever doesn't is no other page for that.
        let page = origin.to_ascii_lowercase();
        let same = page.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")) == Some(host.as_str());
        if !same && !self.origins.contains(&page) {
            return Err(Misdirected::Origin);
        }
        Ok(vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After".to_owned()),
        ])
    }
}

/// An origin as browsers write it, or `None` for what none is. `null` is not one: every sandboxed frame has it.
fn normal_origin(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, host) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if !is_scheme || !is_host(host) {
        return None;
    }
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "\0",
    };
    Some(format!("{scheme}://{}", host.strip_suffix(default_port).unwrap_or(host)))
}

/// A name or address with an optional port; IPv6 in brackets.
fn is_host(text: &str) -> bool {
    let (name, port) = split_port(text);
    let port_is_sound = match port {
        None => true,
        Some(digits) => digits.parse::<u16>().is_ok() && digits.bytes().all(|byte| byte.is_ascii_digit()),
    };
    let name_is_sound = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => {
            !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
        }
        None => !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')),
    };
    port_is_sound && name_is_sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn rules(text: &str) -> Result<OriginRules, Error> {
        let options = json::parse_object(text.as_bytes()).unwrap();
        OriginRules::read(&mut Reader::new("", &options))
    }

    #[test]
    fn without_configuration_only_the_same_origin_on_loopback() {
        let rules = OriginRules::default();
        for host in ["127.0.0.1:8787", "localhost", "LOCALHOST:1", "[::1]:8787", "a.localhost", "127.9.9.9"] {
            assert!(rules.decide("http", host, None).is_ok(), "{host}");
            let same = format!("http://{}", host.to_ascii_lowercase());
            assert!(rules.decide("http", host, Some(&same)).is_ok(), "{host}");
            assert_eq!(rules.decide("http", host, Some("https://evil.example")), Err(Misdirected::Origin));
            assert_eq!(rules.decide("https", host, Some(&same)), Err(Misdirected::Origin), "another scheme");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "128.0.0.1", "[::2]", "x/y?"] {
            assert!(rules.decide("http", host, None).is_ok(), "{host}: no browser");
            let same = format!("http://{host}");
            assert_eq!(rules.decide("http", host, Some(&same)), Err(Misdirected::Host), "{host}: rebinding");
        }
    }

    #[test]
    fn a_host_that_is_none_is_refused_before_anything_else() {
        for rules in [OriginRules::default(), rules(r#"{"allowedHosts":["gate.example"]}"#).unwrap()] {
            for origin in [None, Some("null"), Some("http://")] {
                assert_eq!(rules.decide("http", "", origin), Err(Misdirected::Malformed));
            }
        }
    }

    #[test]
    fn every_front_calls_a_refusal_by_one_name() {
        let names = [Misdirected::Malformed, Misdirected::Host, Misdirected::Origin].map(Misdirected::answer);
        assert_eq!(names, [(400, "host_malformed"), (421, "host_not_allowed"), (403, "origin_not_allowed")]);
    }

    #[test]
    fn configured_hosts_hold_for_everybody() {
        let rules = rules(r#"{"allowedHosts":["Gate.Example","127.0.0.1:8787"]}"#).unwrap();
        for host in ["gate.example", "gate.example:444", "127.0.0.1:8787"] {
            assert!(rules.decide("https", host, None).is_ok(), "{host}");
        }
        for host in ["127.0.0.1", "127.0.0.1:8788", "localhost", "x.gate.example", "gate.example.", "gate.example:x:1"]
        {
            assert_eq!(rules.decide("https", host, None), Err(Misdirected::Host), "{host}");
        }
    }

    #[test]
    fn configured_origins_are_exact() {
        let rules = rules(
            r#"{"allowedHosts":["gate.example"],"allowedOrigins":["https://App.example:443","http://localhost:5173"]}"#,
        )
        .unwrap();
        let decide = |origin| rules.decide("https", "gate.example", Some(origin));
        for origin in [
            "https://app.example",
            "https://App.Example",
            "http://localhost:5173",
            "https://gate.example",
            "HTTPS://Gate.example",
        ] {
            assert_eq!(decide(origin).unwrap()[0], ("Access-Control-Allow-Origin", origin.to_owned()));
        }
        for origin in [
            "null",
            "",
            "http://app.example",
            "https://app.example:444",
            "https://app.example.evil",
            "https://xapp.example",
        ] {
            assert_eq!(decide(origin), Err(Misdirected::Origin), "{origin}");
        }
    }

    #[test]
    fn wrong_configuration_is_named() {
        for origin in [
            "*",
            "null",
            "https://*.example",
            "https://a/",
            "https://a/b",
            "app.example",
            "https://",
            "https://a b",
            "://a",
        ] {
            assert!(rules(&format!("{{\"allowedOrigins\":[\"{origin}\"]}}")).is_err(), "{origin}");
        }
        for host in ["*", "", "https://a", "a/b", "a:b", "a:99999", "a:+1", "[::1", "::1"] {
            let error = rules(&format!("{{\"allowedHosts\":[\"{host}\"]}}")).unwrap_err();
            assert!(error.message().contains("allowedHosts"), "{host}");
        }
    }
}
