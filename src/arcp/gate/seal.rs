//! Resume tokens of a runtime behind, bound to the principal: those of some runtimes can be guessed, and some runtimes don't
//! ask whose a token is. `rg1.<its token, base64url>.<HMAC, base64url>`; the platform computes the HMAC.

use crate::{jose::base64url, json::write_string};

const MARK: &str = "rg1";

/// A runtime's token may be this long, in bytes.
const MAX_TOKEN: usize = 1024;

/// What is authenticated: an injective encoding (a JSON list) of whose session it is, which, and the runtime's token.
pub(super) fn input(principal_key: &str, session_id: &str, token: &str) -> String {
    let mut out = String::from("[\"arcgate resume 1\"");
    for part in [principal_key, session_id, token] {
        out.push(',');
        write_string(&mut out, part);
    }
    out.push(']');
    out
}

/// The token that the client gets.
pub(super) fn sealed(token: &str, mac: &str) -> String {
    let mut out = format!("{MARK}.");
    base64url::encode(token.as_bytes(), &mut out);
    out.push('.');
    out.push_str(mac);
    out
}

/// Whether a runtime's token can be sealed.
pub(super) fn fits(token: &str) -> bool {
    (1..=MAX_TOKEN).contains(&token.len())
}

/// The runtime's token and what should be its code, of a token that a client presents. Nothing of it is proven.
pub(super) fn opened(text: &str) -> Option<(String, &str)> {
    let (mark, rest) = text.split_once('.')?;
    let (token, mac) = rest.split_once('.')?;
    let token = String::from_utf8(base64url::decode(token)?).ok()?;
    (mark == MARK && fits(&token)).then_some((token, mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened() {
        let text = sealed("rtk_\u{e9}.x", "bWFj");
        assert_eq!(opened(&text), Some(("rtk_\u{e9}.x".to_owned(), "bWFj")));
        for odd in ["", "rg1", "rg1.", "rg1..", "rg1..bWFj", "rg2.cnQ.bWFj", "rg1.cn=.x", "rtk_01J", "rg1.cnR.x"] {
            assert_eq!(opened(odd), None, "{odd}");
        }
        assert_eq!(opened("rg1.cnQ."), Some(("rt".to_owned(), "")), "an empty code matches none");
    }

    #[test]
    fn no_two_triples_have_one_encoding() {
        assert_ne!(input("a\",\"b", "c", "d"), input("a", "b\",\"c", "d"));
        assert_ne!(input("a", "b,c", "d"), input("a,b", "c", "d"));
        assert_ne!(input("a", "", "bc"), input("a", "b", "c"));
    }
}
