//! Verifiers for development prove nothing. They run where the deployment says so, on this machine, for pages of this machine.

use crate::http::host::is_localhost;

/// Whether a principal of such a verifier may be let in. `dev_mode` is the variable `DEV_MODE`; `host` is the request's, and `origin`
/// that of the page that made it (empty where it is none), both as a URL's host in its one form; `is_proxied`: somebody has passed
/// the request on.
pub fn may_run(dev_mode: Option<&str>, host: &str, origin: Option<&str>, is_proxied: bool) -> bool {
    dev_mode == Some("true") && !is_proxied && is_localhost(host) && origin.is_none_or(is_localhost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_the_deployment_says_so() {
        for (mode, expected) in
            [(Some("true"), true), (Some("1"), false), (Some(""), false), (Some("TRUE"), false), (None, false)]
        {
            assert_eq!(may_run(mode, "localhost", None, false), expected, "{mode:?}");
        }
    }

    #[test]
    fn only_on_this_machine_and_for_its_pages() {
        let at = |host, origin, is_proxied| may_run(Some("true"), host, origin, is_proxied);
        for host in ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(at(host, None, false) && at("localhost", Some(host), false), "{host}");
            assert!(!at(host, None, true), "somebody has passed it on");
        }
        for host in [
            "",
            "localhost.evil",
            "evil",
            "notlocalhost",
            "127.0.0",
            "127.0.0.1.evil",
            "127.a.0.1",
            "128.0.0.1",
            "127..0.1",
        ] {
            assert!(!at(host, None, false) && !at("localhost", Some(host), false), "{host}");
        }
    }
}
