//! What is decided before the upgrade: everything that can be without a credential.

use super::Config;
use crate::{
    auth::credentials::{has_token, OF_GATES},
    http::head::Head,
};

/// Why a request is not upgraded: what it is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpgradeRefusal {
    /// The status code.
    pub status: u16,
    /// A stable name: for the body, and for the audit log.
    pub reason: &'static str,
    /// A header field that belongs to it.
    pub field: Option<(&'static str, &'static str)>,
}

impl Config {
    /// Decides on a request's head. There are no CORS fields: a socket's page can't read them.
    ///
    /// # Errors
    /// The answer to a request that is not upgraded.
    pub fn head(&self, head: &Head<'_>) -> Result<(), UpgradeRefusal> {
        let refusal = |status, reason| UpgradeRefusal { status, reason, field: None };
        if head.path.strip_prefix(self.base_path.as_str()) != Some("/arcp") {
            return Err(refusal(404, "not_found"));
        }
        if let Err(misdirected) = self.origins.decide(head.scheme, head.host, head.origin) {
            let (status, reason) = misdirected.answer();
            return Err(refusal(status, reason));
        }
        if head.method != "GET" {
            return Err(UpgradeRefusal { field: Some(("Allow", "GET")), ..refusal(405, "method_not_allowed") });
        }
        // Not even beside a good hello: the token in the URL has been written to logs on its way.
        if has_token(head.query, &OF_GATES) {
            return Err(refusal(400, "token_in_url"));
        }
        if !head.upgrade.is_some_and(|upgrade| upgrade.trim().eq_ignore_ascii_case("websocket")) {
            return Err(UpgradeRefusal { field: Some(("Upgrade", "websocket")), ..refusal(426, "upgrade_required") });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Head<'_> = Head {
        method: "GET",
        scheme: "http",
        host: "127.0.0.1:8787",
        path: "/arcp",
        query: "",
        origin: None,
        authorization: None,
        content_type: None,
        content_length: None,
        content_encoding: None,
        accept: None,
        upgrade: Some("websocket"),
    };

    #[test]
    fn each_refusal_has_its_status() {
        let config = Config::from_json("{}").unwrap();
        let status = |head: Head<'_>| config.head(&head).map_or_else(|refusal| refusal.status, |()| 101);
        for (head, expected) in [
            (GOOD, 101),
            (Head { upgrade: Some("WebSocket"), ..GOOD }, 101),
            (Head { query: "?a=token", origin: Some("http://127.0.0.1:8787"), ..GOOD }, 101),
            (Head { path: "/arcp/", ..GOOD }, 404),
            (Head { method: "POST", ..GOOD }, 405),
            (Head { upgrade: None, ..GOOD }, 426),
            (Head { upgrade: Some("h2c"), ..GOOD }, 426),
            (Head { query: "?access_token=x", ..GOOD }, 400),
            (Head { query: "?x=1&%74oken=x", ..GOOD }, 400),
            (Head { origin: Some("https://evil.example"), ..GOOD }, 403),
            (Head { origin: Some("null"), ..GOOD }, 403),
            (Head { host: "evil.example", origin: Some("http://evil.example"), ..GOOD }, 421),
            (Head { host: "evil.example", origin: Some("http://evil.example"), upgrade: None, ..GOOD }, 421),
            (Head { host: "", ..GOOD }, 400),
        ] {
            assert_eq!(status(head), expected, "{head:?}");
        }
    }

    #[test]
    fn the_base_path_is_part_of_the_path() {
        let config = Config::from_json(r#"{"basePath":"/api"}"#).unwrap();
        assert!(config.head(&Head { path: "/api/arcp", ..GOOD }).is_ok());
        assert_eq!(config.head(&GOOD).unwrap_err().status, 404);
    }

    #[test]
    fn a_refusal_says_what_would_be_taken() {
        let config = Config::from_json("{}").unwrap();
        let field = |head: Head<'_>| config.head(&head).unwrap_err().field;
        assert_eq!(field(Head { method: "POST", ..GOOD }), Some(("Allow", "GET")));
        assert_eq!(field(Head { upgrade: None, ..GOOD }), Some(("Upgrade", "websocket")));
        assert_eq!(field(Head { path: "/", ..GOOD }), None);
    }
}
