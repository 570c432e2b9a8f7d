use super::*;
use crate::json;

/// Why a token with these claims lacks the scope `a`.
fn why_lacking(options: &str, claims: &str) -> String {
    let options = format!(r#"{{"issuer":"https://i.example","audience":null,"requiredScopes":["a"]{options}}}"#);
    let provider = Provider::read(
        "p",
        crate::config::Reader::new("providers.p", &json::parse_object(options.as_bytes()).unwrap()),
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
    let provider = Provider::read(
        "p",
        crate::config::Reader::new("providers.p", &options),
        None,
        &crate::jose::url::PlainHosts::default(),
    )
    .unwrap();
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
    let provider = Provider::read(
        "p",
        crate::config::Reader::new("providers.p", &options),
        None,
        &crate::jose::url::PlainHosts::default(),
    )
    .unwrap();
    let claims = json::parse_object(br#"{"iss":"https://i.example","iat":0,"exp":100}"#).unwrap();
    let error = check(&provider, &claims, Span::from_secs(0), Time::EPOCH).unwrap_err();
    assert_eq!(error.subject(), Some("oid"));
    assert!(error.message().contains("`oid` or `sub`"), "{error}");
}

/// What a provider with these options says of these claims at an instant, with 30 s of tolerance.
fn judged<T>(options: &str, claims: &str, at: f64, see: impl Fn(&Candidate<'_>) -> T) -> Result<T, Error> {
    let options = format!(r#"{{"issuer":"https://i.example","audience":null{options}}}"#);
    let options = json::parse_object(options.as_bytes()).unwrap();
    let provider = Provider::read(
        "p",
        crate::config::Reader::new("providers.p", &options),
        None,
        &crate::jose::url::PlainHosts::default(),
    )
    .unwrap();
    let claims = format!(r#"{{"iss":"https://i.example"{claims}}}"#);
    let claims = json::parse_object(claims.as_bytes()).unwrap();
    check(&provider, &claims, Span::from_secs(30), Time::from_millis(at * 1000.0)).map(|candidate| see(&candidate))
}

fn refusal(options: &str, claims: &str, at: f64) -> Error {
    judged(options, claims, at, |_| ()).unwrap_err()
}

#[test]
fn a_lifetime_is_bounded_to_the_millisecond_and_needs_a_beginning() {
    let options = r#","maxLifetimeSec":600,"optionalClaims":["iat"]"#;
    let of = |claims: &str| judged(options, &format!(r#","sub":"s"{claims}"#), 1000.0, |_| ());
    assert!(of(r#","iat":1000,"exp":1600"#).is_ok());
    let error = of(r#","iat":1000,"exp":1600.001"#).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::TokenClaim, Some("exp")));
    assert!(error.message().contains("`maxLifetimeSec`"));
    let error = of(r#","exp":1600"#).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::TokenClaim, Some("iat")));
    // The age ends a token sooner, and its lifetime with it.
    let both = r#","maxLifetimeSec":600,"maxTokenAgeSec":600"#;
    assert!(judged(both, r#","sub":"s","iat":1000,"exp":9000"#, 1000.0, |_| ()).is_ok());
}

#[test]
fn an_age_ends_a_token_when_exp_does_not() {
    let options = r#","maxTokenAgeSec":600,"optionalClaims":["exp","iat"]"#;
    let ends = |claims: &str| {
        judged(options, &format!(r#","sub":"s"{claims}"#), 1000.0, |candidate| {
            (candidate.expires_at.as_seconds(), candidate.window.closes().as_seconds())
        })
    };
    assert_eq!(ends(r#","iat":900"#).unwrap(), (1500.0, 1530.0));
    assert_eq!(ends(r#","iat":900,"exp":1499"#).unwrap(), (1499.0, 1529.0));
    assert_eq!(ends(r#","iat":900,"exp":1501"#).unwrap(), (1500.0, 1530.0));
    let error = ends(r#","exp":1500"#).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::TokenClaim, Some("iat")));
    assert_eq!(error.message(), "the token lacks the claim `iat`");
}

#[test]
fn a_window_holds_its_first_instant_and_not_its_last() {
    let good = |claims: &str, at: f64| judged("", &format!(r#","sub":"s"{claims}"#), at, |_| ());
    let claims = r#","iat":1000,"nbf":1010,"exp":2000"#;
    assert!(good(claims, 980.0).is_ok() && good(claims, 2029.999).is_ok());
    let early = good(claims, 979.0).unwrap_err();
    assert_eq!((early.code(), early.subject()), (Code::TokenNotYetValid, Some("nbf")));
    assert_eq!(early.retry_delay(), Some(Span::from_secs(1)));
    let late = good(claims, 2030.0).unwrap_err();
    assert_eq!((late.code(), late.subject()), (Code::TokenExpired, Some("exp")));
    // The later of both says when it begins.
    assert!(good(r#","iat":1010,"nbf":1000,"exp":2000"#, 979.999).is_err());
    assert!(good(r#","iat":1010,"exp":2000"#, 980.0).is_ok());
}

#[test]
fn more_than_an_hour_is_long() {
    let is_long = |exp: f64| {
        let claims = format!(r#","sub":"s","iat":1000,"exp":{exp}"#);
        judged("", &claims, 1000.0, |candidate| candidate.is_long_lived).unwrap()
    };
    assert!(!is_long(4600.0) && is_long(4600.001));
    let without = judged(r#","optionalClaims":["iat"]"#, r#","sub":"s","exp":99999"#, 1000.0, |c| c.is_long_lived);
    assert!(!without.unwrap(), "of what has no beginning nobody knows");
}

#[test]
fn a_missing_claim_says_how_to_do_without_where_that_helps() {
    const HINT: &str = "; if the provider never sends it, name it in `optionalClaims`";
    for (options, claims, name, has_hint) in [
        ("", r#","sub":"s","iat":0"#, "exp", true),
        ("", r#","sub":"s","exp":100"#, "iat", true),
        ("", r#","sub":"s","exp":100,"iat":null"#, "iat", true),
        // Without a subject somebody has to say who the principal is.
        ("", r#","exp":100,"iat":0"#, "sub", false),
        (r#","requiredClaims":["org"]"#, r#","sub":"s","exp":100,"iat":0"#, "org", false),
        (r#","requiredClaims":["org"]"#, r#","sub":"s","exp":100,"iat":0,"org":"""#, "org", false),
        (r#","principalClaim":"oid""#, r#","sub":"s","exp":100,"iat":0"#, "oid", false),
    ] {
        let error = refusal(options, claims, 1.0);
        assert_eq!((error.code(), error.subject()), (Code::TokenClaim, Some(name)), "{claims}");
        let hint = if has_hint { HINT } else { "" };
        assert_eq!(error.message(), format!("the token lacks the claim `{name}`{hint}"));
    }
}

#[test]
fn integers_that_one_double_stands_for_are_told_apart() {
    let same = |one: &str, other: &str| {
        let (one, other) = (json::parse(one.as_bytes()).unwrap(), json::parse(other.as_bytes()).unwrap());
        super::values::same(&one, &other)
    };
    for (one, other) in [("1", "1.0"), ("1e3", "1000"), ("-0", "0")] {
        assert!(same(one, other) && same(other, one), "{one} {other}");
    }
    for (one, other) in [
        ("9007199254740992", "9007199254740993"),
        ("-9007199254740992", "-9007199254740993"),
        ("9223372036854775807", "9223372036854775806"),
        ("18446744073709551615", "18446744073709551614"),
        ("9007199254740991", "9007199254740992"),
    ] {
        assert!(!same(one, other) && !same(other, one), "{one} {other}");
        assert!(same(one, one) && same(other, other));
    }
}
