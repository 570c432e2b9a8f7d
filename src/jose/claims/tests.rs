use super::*;
use crate::json;

/// Why a token with these claims lacks the scope `a`.
fn why_lacking(options: &str, claims: &str) -> String {
    let options = format!(r#"{{"issuer":"https://i.example","audience":null,"requiredScopes":["a"]{options}}}"#);
    let provider = Provider::from_options(
        "p",
        &json::parse_object(options.as_bytes()).unwrap(),
        None,
        &crate::jose::url::PlainHosts::default(),
    )
    .unwrap();
    let claims = format!(r#"{{"iss":"https://i.example","sub":"s","iat":0,"exp":100{claims}}}"#);
    let claims = json::parse_object(claims.as_bytes()).unwrap();
    let error = check(&provider, &claims, Span::from_secs(0), Time::EPOCH).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::TokenScope, Some("a")));
    error.message().to_owned()
}

#[test]
fn a_lacking_scope_names_the_claim_that_may_hold_it() {
    assert_eq!(why_lacking("", r#","scope":"b""#), "the token lacks the scope a");
    assert!(why_lacking("", "").contains("no scope claim; ") && why_lacking("", "").contains("claims seen: iss, sub"));
    for (claims, name) in [
        (r#","permissions":["a"]"#, "\"permissions\""),
        (r#","scope":"email","roles":["a"]"#, "\"roles\""),
        (r#","scope":"email","realm_access":{"roles":["a"]}"#, "\"/realm_access/roles\""),
    ] {
        let message = why_lacking("", claims);
        assert!(message.contains("`scopeClaims`") && message.contains(name), "{message}");
    }
    assert_eq!(why_lacking(r#","scopeClaims":["roles"]"#, r#","roles":["b"]"#), "the token lacks the scope a");
}

#[test]
fn what_says_nothing_is_no_label_and_a_blank_name_is_nobody() {
    let options = r#"{"issuer":"https://i.example","audience":null,"principalClaim":["oid","sub"],"labelClaims":{"a":"a","b":"b","c":"c"}}"#;
    let options = json::parse_object(options.as_bytes()).unwrap();
    let provider = Provider::from_options("p", &options, None, &crate::jose::url::PlainHosts::default()).unwrap();
    let of = |more: &str| {
        let claims = format!(r#"{{"iss":"https://i.example","sub":"s","iat":0,"exp":100{more}}}"#);
        let claims = json::parse_object(claims.as_bytes()).unwrap();
        let candidate = check(&provider, &claims, Span::from_secs(0), Time::EPOCH)?;
        let labels = candidate.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        Ok::<_, Error>((candidate.subject.to_owned(), labels.join(",")))
    };
    assert_eq!(of(r#","oid":"","a":"","b":null,"c":"x""#).unwrap(), ("s".into(), "c=x".into()));
    for blank in [r#"" ""#, r#""\t\n""#, r#""\u00a0\u3000""#] {
        let error = of(&format!(r#","oid":{blank}"#)).unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::TokenClaim, Some("oid")), "{blank}");
    }
    // The subject is a claim's name, and the message says which others would do.
    let options =
        r#"{"issuer":"https://i.example","audience":null,"principalClaim":["oid","sub"],"optionalClaims":["sub"]}"#;
    let options = json::parse_object(options.as_bytes()).unwrap();
    let provider = Provider::from_options("p", &options, None, &crate::jose::url::PlainHosts::default()).unwrap();
    let claims = json::parse_object(br#"{"iss":"https://i.example","iat":0,"exp":100}"#).unwrap();
    let error = check(&provider, &claims, Span::from_secs(0), Time::EPOCH).unwrap_err();
    assert_eq!(error.subject(), Some("oid"));
    assert!(error.message().contains("`oid` or `sub`"), "{error}");
}
