//! Resume tokens of an upstream runtime, bound to the principal: those of some runtimes can be guessed, and some runtimes don't
//! ask whose a token is. `rg1.<session and its token, base64url>.<HMAC, base64url>`; the platform computes the HMAC.

use crate::{
    jose::base64url,
    json::{self, Value},
};

const MARK: &str = "rg1";

/// A runtime's token may be this long, in bytes.
const MAX_UPSTREAM_TOKEN: usize = 1024;

/// What is authenticated: an injective encoding (a JSON list) of whose session it is, which, and the runtime's token.
pub(super) fn input(principal_key: &str, session_id: &str, token: &str) -> String {
    json::list(["arcgate resume 1", principal_key, session_id, token].map(json::string))
}

/// The token that the client gets. It names its session, since the clients of some SDKs show nothing else.
pub(super) fn sealed(session_id: &str, token: &str, mac: &str) -> String {
    let inner = json::list([session_id, token].map(json::string));
    let mut out = format!("{MARK}.");
    base64url::encode(inner.as_bytes(), &mut out);
    out.push('.');
    out.push_str(mac);
    out
}

/// Whether a runtime's token is one.
pub(super) fn fits(token: &str) -> bool {
    (1..=MAX_UPSTREAM_TOKEN).contains(&token.len())
}

/// What a token that a client presents says of itself. Nothing of it is proven.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened<'t> {
    /// The session; tokens of older versions don't say.
    pub(super) session_id: Option<String>,
    /// The runtime's token.
    pub(super) token: String,
    /// What should be its code.
    pub(super) code: &'t str,
}

pub(super) fn opened(text: &str) -> Option<Opened<'_>> {
    let (mark, rest) = text.split_once('.')?;
    let (inner, code) = rest.split_once('.')?;
    let inner = String::from_utf8(base64url::decode(inner)?).ok()?;
    let pair = json::parse(inner.as_bytes()).ok();
    let (session_id, token) = match pair.as_ref().and_then(Value::as_array) {
        Some([Value::String(session_id), Value::String(token)]) => (Some(session_id.to_string()), token.to_string()),
        _ => (None, inner.clone()),
    };
    (mark == MARK && fits(&token)).then_some(Opened { session_id, token, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened() {
        let text = sealed("sess_\"1", "rtk_\u{e9}.x", "bWFj");
        let (session_id, token) = (Some("sess_\"1".to_owned()), "rtk_\u{e9}.x".to_owned());
        assert_eq!(opened(&text), Some(Opened { session_id, token, code: "bWFj" }));
        for odd in ["", "rg1", "rg1.", "rg1..", "rg1..bWFj", "rg2.cnQ.bWFj", "rg1.cn=.x", "rtk_01J", "rg1.cnR.x"] {
            assert_eq!(opened(odd), None, "{odd}");
        }
        let older = Opened { session_id: None, token: "rt".to_owned(), code: "" };
        assert_eq!(opened("rg1.cnQ."), Some(older), "an empty code matches none");
    }

    #[test]
    fn no_two_triples_have_one_encoding() {
        assert_ne!(input("a\",\"b", "c", "d"), input("a", "b\",\"c", "d"));
        assert_ne!(input("a", "b,c", "d"), input("a,b", "c", "d"));
        assert_ne!(input("a", "", "bc"), input("a", "b", "c"));
    }
}
