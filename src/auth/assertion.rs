//! What the gate tells an upstream of a caller: a JWT of its own for each principal (RFC 7519, in the form of RFC 9068), and
//! for HTTP the header fields beside it.
//!
//! The subject is the principal's key and not its id: 42 of two issuers are two users behind the gate, too.

use crate::{
    jose::base64url,
    json::Members,
    principal::Principal,
    time::{Span, Time},
};

/// An assertion says that it was made so long ago: upstreams without any tolerance refuse a token from the future.
const BACKDATED: Span = Span::from_secs(5);

/// It is good for so long from now on, and so for 60 s altogether.
const LIFE: Span = Span::from_secs(55);

/// A caller whose own token has ended, within the tolerance, keeps this much.
const LEAST_LIFE: Span = Span::from_secs(5);

/// What the gate signs assertions as.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// `alg`
    pub algorithm: &'a str,
    /// `kid`
    pub key_id: Option<&'a str>,
    /// `iss`, and `client_id`: towards the upstream the gate is the client.
    pub issuer: &'a str,
    /// `aud`
    pub audience: &'a str,
}

/// What is signed for a principal, and the instant at which the assertion ends.
///
/// It does not outlive the caller's own token by more than that token's tolerance lets it.
pub fn input(signer: &Signer<'_>, principal: &Principal, jti: &str, now: Time) -> (String, Time) {
    let own_end = principal.expires_at().unwrap_or(now.plus(LIFE)).max(now.plus(LEAST_LIFE));
    // Whole seconds, as some readers take no others.
    let end = Time::from_millis((own_end.min(now.plus(LIFE)).as_millis() / 1000 * 1000) as f64);
    let issued = now.minus(BACKDATED).as_millis() / 1000;

    let header =
        Members::new().text("alg", signer.algorithm).text("typ", "at+jwt").some_text("kid", signer.key_id).end();
    let scope = principal.scopes().map(scope_text);
    let payload = Members::new()
        .text("iss", signer.issuer)
        .text("aud", signer.audience)
        .text("client_id", signer.issuer)
        .text("sub", &principal.key())
        .integer("iat", issued)
        .integer("exp", end.as_millis() / 1000)
        .text("jti", jti)
        .some_text("scope", scope.as_deref())
        .end();

    let mut out = String::new();
    base64url::encode(header.as_bytes(), &mut out);
    out.push('.');
    base64url::encode(payload.as_bytes(), &mut out);
    (out, end)
}

/// Scopes as RFC 6749 §3.3 writes them. A scope that holds a space is one scope here and would be two at the upstream, which
/// nobody granted: it is left out.
fn scope_text(scopes: &[String]) -> String {
    let is_scope = |scope: &&String| {
        !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    scopes.iter().filter(is_scope).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// The header fields that tell an HTTP upstream who calls. Values are base64url of UTF-8: no identity can end a field, and
/// none reads differently on the other side.
pub fn headers(principal: &Principal) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("x-arcgate-principal", encoded(&principal.key())),
        ("x-arcgate-kind", encoded(principal.kind().as_str())),
        ("x-arcgate-id", encoded(principal.id())),
    ];
    fields.extend(principal.issuer().map(|issuer| ("x-arcgate-issuer", encoded(issuer))));
    fields.extend(principal.scopes().map(|scopes| ("x-arcgate-scopes", encoded(&scope_text(scopes)))));
    fields
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    base64url::encode(text.as_bytes(), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{json, principal::Kind};

    const SIGNER: Signer<'static> =
        Signer { algorithm: "ES256", key_id: Some("k\""), issuer: "https://gate", audience: "agents" };
    const NOW: Time = Time::EPOCH.plus(Span::from_millis(1_000_999));

    fn payload(input: &str) -> String {
        let part = input.split('.').nth(1).unwrap();
        String::from_utf8(base64url::decode(part).unwrap()).unwrap()
    }

    fn jwt(id: &str) -> Principal {
        Principal::new(Kind::Jwt, Some("https://idp"), id)
    }

    #[test]
    fn it_says_who_for_whom_and_how_long() {
        let (text, end) = input(&SIGNER, &jwt("al|ice").with_scopes(vec!["a".into(), "b".into()]), "j", NOW);
        let header = base64url::decode(text.split('.').next().unwrap()).unwrap();
        assert_eq!(String::from_utf8(header).unwrap(), r#"{"alg":"ES256","typ":"at+jwt","kid":"k\""}"#);
        assert_eq!(
            payload(&text),
            concat!(
                r#"{"iss":"https://gate","aud":"agents","client_id":"https://gate","sub":"jwt|https://idp|al%7Cice","#,
                r#""iat":995,"exp":1055,"jti":"j","scope":"a b"}"#
            )
        );
        assert_eq!(end.as_millis(), 1_055_000);
    }

    #[test]
    fn it_lives_sixty_seconds_at_most_and_ends_with_the_callers_token() {
        for (own, expected) in
            [(None, 1055), (Some(5000), 1055), (Some(1020), 1020), (Some(1003), 1005), (Some(900), 1005)]
        {
            let mut principal = jwt("a");
            if let Some(own) = own {
                principal = principal.with_expiry(Time::EPOCH.plus(Span::from_secs(own)));
            }
            let (text, end) = input(&SIGNER, &principal, "j", NOW);
            assert_eq!(end.as_millis(), expected * 1000, "{own:?}");
            let payload = payload(&text);
            let claims = json::parse_object(payload.as_bytes()).unwrap();
            let number = |name| claims.get(name).unwrap().as_number().unwrap().as_i64().unwrap();
            assert!(number("exp") - number("iat") <= 60, "{own:?}");
            assert!(number("iat") * 1000 < NOW.as_millis(), "{own:?}");
        }
    }

    #[test]
    fn no_scope_becomes_two() {
        let principal = jwt("a").with_scopes(vec!["read".into(), "a admin".into(), String::new(), "q\"".into()]);
        assert!(payload(&input(&SIGNER, &principal, "j", NOW).0).ends_with(r#""scope":"read"}"#));
        assert!(!payload(&input(&SIGNER, &jwt("a"), "j", NOW).0).contains("scope"), "none are none, not an empty list");
        assert!(headers(&principal).contains(&("x-arcgate-scopes", encoded("read"))));
    }

    #[test]
    fn header_values_are_base64url() {
        let principal = Principal::new(Kind::Custom, None, "a\r\nx-admin: 1é");
        for (name, value) in headers(&principal) {
            assert!(name.starts_with("x-arcgate-"));
            assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{value}");
        }
        assert_eq!(headers(&principal).len(), 3, "what is not known is not said");
        let named = headers(&Principal::new(Kind::Custom, None, "a"));
        assert!(
            named.contains(&("x-arcgate-id", "YQ".into())) && named.contains(&("x-arcgate-kind", "Y3VzdG9t".into()))
        );
    }
}
