//! Attacks through what chooses the key: 3, 4 and 5.

use arcgate::sans_io::error::Code;

use crate::bench::*;

#[test]
fn attack_03_keys_that_the_token_brings_along_or_points_to() {
    let evil = jwk("other", "rsa");
    let members = [
        format!(r#""jwk":{evil}"#),
        r#""jku":"https://evil.example/keys""#.to_owned(),
        r#""x5u":"https://evil.example/cert""#.to_owned(),
        r#""x5c":["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"]"#.to_owned(),
        r#""x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA""#.to_owned(),
        r#""iss":"https://evil.example","jwks_uri":"https://evil.example/keys""#.to_owned(),
    ];
    for member in &members {
        // Under a kid that the provider doesn't have: nothing helps it.
        let token = jws(&format!(r#"{{"alg":"RS256","kid":"evil",{member}}}"#), &claims(), &signature(256));
        let mut bench = Bench::remote().answering(Crypto::Unasked);
        assert_eq!(bench.code(&token), Code::KeyNotFound, "{member}");
        assert_eq!(bench.fetched, [format!("{ISSUER}/keys")], "{member}");
        // Under a kid that it has: the provider's own key decides, and says no.
        let token = rsa_token_with(member, &claims());
        let mut bench = Bench::remote().answering(Crypto::Refuses);
        assert_eq!(bench.code(&token), Code::TokenSignature, "{member}");
        assert_eq!(bench.fetched, [format!("{ISSUER}/keys")], "{member}");
    }
}

#[test]
fn attack_04_the_token_chooses_no_url() {
    // An unknown issuer is not asked, and what the token says is not part of any URL.
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for iss in [
        "https://evil.example",
        "https://one.example/",
        "https://ONE.example",
        "http://one.example",
        "https://one.example@evil.example",
        "https://one.example.evil.example",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "",
    ] {
        let token = rsa_token(&claims_but("iss", Some(&format!("\"{iss}\""))));
        assert_eq!(bench.code_at_once(token), Code::TokenIssuer, "{iss}");
    }
    for kid in ["https://evil.example/keys", "../../evil", "rsa?x=1", "rsa#x", "{issuer}", "%2e%2e/", "..%5cevil"] {
        let mut bench = Bench::remote().answering(Crypto::Unasked);
        let token = jws(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#), &claims(), &signature(256));
        assert_eq!(bench.code(token), Code::KeyNotFound, "{kid}");
        assert_eq!(bench.fetched, [format!("{ISSUER}/keys")], "{kid}");
    }
}

#[test]
fn attack_04_discovery_leads_nowhere_else() {
    let discovering = || Bench::new(&provider(r#""audience":"api""#)).answering(Crypto::Unasked);
    for document in [
        r#"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/keys"}"#.to_owned(),
        r#"{"issuer":"https://one.example/","jwks_uri":"https://one.example/keys"}"#.to_owned(),
        format!(r#"{{"issuer":"{ISSUER}"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"http://one.example/keys"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"file:///etc/passwd"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"https://a:b@one.example/keys"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":["{ISSUER}/keys"]}}"#),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{ISSUER}/keys","jwks_uri":"https://evil.example/keys"}}"#),
        format!(r#"{{"issuer":"https://evil.example","issuer":"{ISSUER}","jwks_uri":"{ISSUER}/keys"}}"#),
    ] {
        // The same at both places: neither leads to keys.
        let mut bench = discovering();
        bench.answers = [Some((200, document.clone())), Some((200, document.clone())), Some((200, jwks("one")))].into();
        assert_eq!(bench.code(rsa_token(&claims())), Code::JwksUnavailable, "{document}");
        let places = ["openid-configuration", "oauth-authorization-server"];
        assert_eq!(bench.fetched, places.map(|place| format!("{ISSUER}/.well-known/{place}")), "{document}");
    }
    let mut bench = discovering().answering(Crypto::Approves);
    bench.answers =
        [Some((200, format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{ISSUER}/k"}}"#))), Some((200, jwks("one")))].into();
    bench.accepts(rsa_token(&claims()));
    assert_eq!(bench.fetched[1..], [format!("{ISSUER}/k")]);
}

#[test]
fn attack_04_configured_urls_are_https() {
    for uri in [
        "http://one.example/keys",
        "ftp://one.example/keys",
        "//one.example/keys",
        "file:///etc/passwd",
        "data:application/json,{}",
        "https://u:p@one.example/keys",
        "http://localhost.evil.example/keys",
    ] {
        let options = provider(&format!(r#""audience":"api","jwksUri":"{uri}""#));
        let error = Bench::try_new(&options).map(drop).unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::Config, Some("providers.one.jwksUri")), "{uri}");
    }
    let options = r#"{"providers":{"one":{"issuer":"http://one.example","audience":"api"}}}"#;
    assert_eq!(Bench::try_new(options).map(drop).unwrap_err().code(), Code::Config);
}

#[test]
fn attack_05_kid_is_a_name_and_nothing_else() {
    for kid in [
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "../../../../etc/passwd",
        "/dev/null",
        "rsa' OR '1'='1",
        "rsa' UNION SELECT 'key",
        "rsa; cat /etc/passwd",
        "rsa\\u0000",
        "rsa\\n",
        "RSA",
        " rsa",
        "rsa ",
        "",
        "0",
        "*",
        ".*",
    ] {
        let mut bench = Bench::remote().answering(Crypto::Unasked);
        let token = jws(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#), &claims(), &signature(256));
        assert_eq!(bench.code(token), Code::KeyNotFound, "{kid}");
        assert_eq!(bench.fetched.len(), 1, "{kid}");
    }
}

#[test]
fn attack_05_kid_of_another_type_or_too_long() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for kid in ["0", "1.5", "null", "true", "[]", r#"["rsa"]"#, "{}", r#"{"rsa":1}"#] {
        let token = jws(&format!(r#"{{"alg":"RS256","kid":{kid}}}"#), &claims(), &signature(256));
        assert_eq!(bench.code_at_once(token), Code::TokenMalformed, "{kid}");
    }
    for length in [257, 1000, 10_000, 1_000_000] {
        let token = jws(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(length)), &claims(), &signature(256));
        assert_eq!(bench.code_at_once(token), Code::TokenMalformed, "{length}");
    }
    // A multi-byte kid is measured in bytes, and cut in the message without breaking a character.
    let token = jws(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "é".repeat(128)), &claims(), &signature(256));
    assert_eq!(bench.code(token), Code::KeyNotFound);
}

#[test]
fn attack_05_unknown_kids_cause_no_storm() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for index in 0..1000 {
        let token = jws(&format!(r#"{{"alg":"RS256","kid":"unknown {index}"}}"#), &claims(), &signature(256));
        assert!(matches!(bench.code(token), Code::KeyNotFound | Code::JwksUnavailable));
    }
    assert_eq!(bench.fetched.len(), 1);
    // And they hold no key back: the provider's own go on working beside them.
    bench.crypto = Crypto::Approves;
    bench.accepts(rsa_token(&claims()));
}
