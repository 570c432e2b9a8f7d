//! Attacks through whom the claims name, and through JSON that reads in two ways: 10 and 11.

use arcgate::sans_io::error::Code;

use crate::bench::*;

#[test]
fn attack_10_iss_is_one_string_and_the_same_string() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for iss in [
        r#"["https://one.example"]"#,
        r#"["https://evil.example","https://one.example"]"#,
        r#"{"https://one.example":true}"#,
        "null",
        "true",
        "0",
        r#""https://one.example/""#,
        r#""https://One.example""#,
        r#""https://one.example ""#,
        r#"" https://one.example""#,
        r#""https://one.example\u0000""#,
        r#""https://one.example\n""#,
        r#""https://one.exampl\u0435""#,
        r#""https://one.example?""#,
    ] {
        assert_eq!(bench.code_at_once(rsa_token(&claims_but("iss", Some(iss)))), Code::TokenIssuer, "{iss}");
    }
    assert_eq!(bench.code_at_once(rsa_token(&claims_but("iss", None))), Code::TokenIssuer);
    // Another spelling in JSON of the same string is the same string.
    Bench::remote().accepts(rsa_token(&claims_but("iss", Some(r#""https:\/\/\u006fne.example""#))));
}

#[test]
fn attack_10_aud_names_us_exactly() {
    let mut bench = Bench::local();
    for aud in [
        "[]",
        "{}",
        "null",
        "0",
        "true",
        "\"\"",
        r#""API""#,
        r#""api ""#,
        r#"" api""#,
        r#""api,other""#,
        r#""other api""#,
        r#""api/""#,
        r#"{"api":true}"#,
        r#"["other"]"#,
        r#"["api",7]"#,
        r#"["api",null]"#,
        r#"[["api"]]"#,
        r#"["api",["api"]]"#,
        r#"["other","API"]"#,
    ] {
        assert_eq!(bench.code(rsa_token(&claims_but("aud", Some(aud)))), Code::TokenAudience, "{aud}");
    }
    assert_eq!(bench.code(rsa_token(&claims_but("aud", None))), Code::TokenAudience);
    for aud in [r#""api""#, r#"["api"]"#, r#"["other","api"]"#] {
        bench.accepts(rsa_token(&claims_but("aud", Some(aud))));
    }
    // "Any audience, or none" does not mean any type.
    let mut any = Bench::new(&provider(&format!(r#""audience":null,"jwks":{}"#, jwks("one"))));
    for aud in ["{}", "0", "true", r#"["api",7]"#, "[null]"] {
        assert_eq!(any.code(rsa_token(&claims_but("aud", Some(aud)))), Code::TokenAudience, "{aud}");
    }
    for none in [None, Some("[]"), Some("null"), Some("\"\"")] {
        any.accepts(rsa_token(&claims_but("aud", none)));
    }
}

#[test]
fn attack_10_each_issuer_has_its_own_audience() {
    let mut bench = Bench::new(&format!(
        r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":"api","jwks":{}}},
            "two":{{"issuer":"https://two.example","audience":"other","jwks":{}}}}}}}"#,
        jwks("one"),
        jwks("other")
    ));
    let of_two = |aud: &str| claims().replace(ISSUER, "https://two.example").replace("\"api\"", aud);
    bench.accepts(rsa_token(&of_two("\"other\"")));
    assert_eq!(bench.code(rsa_token(&of_two("\"api\""))), Code::TokenAudience);
    assert_eq!(bench.code(rsa_token(&claims_but("aud", Some("\"other\"")))), Code::TokenAudience);
}

#[test]
fn attack_11_members_that_stand_twice() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for more in [
        r#""exp":1900000000"#,
        r#""\u0065xp":1900000000"#,
        r#""\u0065\u0078\u0070":1900000000"#,
        r#""aud":"api""#,
        r#""iss":"https://one.example""#,
        r#""sub":"root""#,
        r#""x":1,"x":1"#,
        r#""deep":{"a":[{"b":1,"\u0062":2}]}"#,
        r#""":1,"":2"#,
        r#""__proto__":{},"__proto__":{}"#,
        r#""é":1,"\u00e9":1"#,
        r#""😀":1,"\ud83d\ude00":1"#,
    ] {
        assert_eq!(bench.code_at_once(rsa_token(&claims_with(more))), Code::TokenMalformed, "{more}");
    }
    for more in [
        r#""alg":"RS256""#,
        r#""alg":"none""#,
        r#""\u0061lg":"HS256""#,
        r#""kid":"rsa""#,
        r#""k\u0069d":"other""#,
        r#""x":{"y":1,"y":1}"#,
        r#""typ":"JWT","typ":"at+jwt""#,
    ] {
        assert_eq!(bench.code_at_once(rsa_token_with(more, &claims())), Code::TokenMalformed, "{more}");
    }
    // The same name in different objects is no duplicate.
    Bench::local().accepts(rsa_token(&claims_with(r#""act":{"sub":"x","act":{"sub":"y"}}"#)));
}

#[test]
fn attack_11_text_around_or_beside_the_object() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for payload in [
        String::new(),
        "null".into(),
        "\"claims\"".into(),
        "[]".into(),
        format!("[{}]", claims()),
        format!("{}{}", claims(), claims()),
        format!("{}x", claims()),
        format!("{},", claims()),
        format!("\u{feff}{}", claims()),
        format!("{}\0", claims()),
        format!("// c\n{}", claims()),
        claims().replace('"', "'"),
        claims().replace('}', ",}"),
        claims_with(r#""x":"\ud800""#),
        claims_with("\"x\":\"a\nb\""),
        claims_with("\"x\":undefined"),
    ] {
        assert_eq!(bench.code_at_once(rsa_token(&payload)), Code::TokenMalformed, "{payload}");
    }
    let mut not_utf8 = claims_with(r#""x":"?""#).into_bytes();
    let at = not_utf8.iter().position(|byte| *byte == b'?').unwrap();
    for byte in [0x80, 0xc0, 0xff, 0xed] {
        not_utf8[at] = byte;
        let token = format!(
            "{}.{}.{}",
            base64url(r#"{"alg":"RS256","kid":"rsa"}"#),
            base64url(&not_utf8),
            base64url(signature(256))
        );
        assert_eq!(bench.code_at_once(token), Code::TokenMalformed, "{byte:x}");
    }
}
