//! Attacks through the claims: 9 and 20.

use arcgate::sans_io::error::Code;

use crate::bench::*;

/// What says nothing: as good as a claim that isn't there.
const NOTHING: [&str; 3] = ["null", "\"\"", "[]"];

/// What is no NumericDate. 1e400 is no number that JSON can hold here.
const NO_DATES: [&str; 12] = [
    "\"1800000600\"",
    "true",
    "false",
    "[1800000600]",
    "{}",
    "-1",
    "-1e300",
    "1e300",
    "253402300800",
    "9223372036854775807",
    "18446744073709551615",
    "1800000600000",
];

#[test]
fn attack_09_dates_of_another_type_or_out_of_range() {
    for name in ["exp", "iat", "nbf"] {
        for value in NO_DATES {
            let mut bench = Bench::local();
            let code = bench.code(rsa_token(&claims_but(name, Some(value))));
            assert_eq!(code, Code::TokenClaim, "{name} {value}");
            assert_eq!(bench.checks, 1, "claims are judged once the signature is good");
        }
        for value in ["1e400", "-1e400", "NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x10", "1_000"] {
            let mut bench = Bench::local().answering(Crypto::Unasked);
            assert_eq!(
                bench.code_at_once(rsa_token(&claims_but(name, Some(value)))),
                Code::TokenMalformed,
                "{name} {value}"
            );
        }
    }
}

#[test]
fn attack_09_types_are_checked_where_a_claim_is_optional() {
    let optional = r#""audience":"api","optionalClaims":["iat","exp"],"maxTokenAgeSec":600"#;
    for name in ["exp", "nbf"] {
        for value in NO_DATES {
            let mut bench = Bench::new(&provider(&format!(r#"{optional},"jwks":{}"#, jwks("one"))));
            assert_eq!(bench.code(rsa_token(&claims_but(name, Some(value)))), Code::TokenClaim, "{name} {value}");
        }
    }
    for (name, value) in [
        ("sub", "42"),
        ("sub", "null"),
        ("sub", "[]"),
        ("jti", "7"),
        ("jti", "{}"),
        ("scope", "7"),
        ("scope", "{}"),
        ("scp", "[7]"),
        ("scp", "[null]"),
    ] {
        let mut bench = Bench::local();
        assert_eq!(bench.code(rsa_token(&claims_but(name, Some(value)))), Code::TokenClaim, "{name} {value}");
    }
}

#[test]
fn attack_09_a_claim_that_says_nothing_is_absent_and_no_more() {
    // Where it may be absent, it is; where it may not, the token lacks it.
    let with = |more: &str| Bench::new(&provider(&format!(r#""audience":"api"{more},"jwks":{}"#, jwks("one"))));
    for nothing in NOTHING {
        for name in ["nbf", "jti", "scope", "scp", "email"] {
            with("").accepts(rsa_token(&claims_but(name, Some(nothing))));
        }
        let optional = r#","optionalClaims":["iat","sub"],"principalClaim":["email","azp"]"#;
        for name in ["iat", "sub"] {
            let claims = claims_but(name, Some(nothing)).replacen('{', r#"{"email":"e","#, 1);
            with(optional).accepts(rsa_token(&claims));
        }
        for name in ["exp", "iat", "sub"] {
            let error = with("").verify(rsa_token(&claims_but(name, Some(nothing)))).unwrap_err();
            assert_eq!(error.code(), Code::TokenClaim);
            assert!(error.message().starts_with(&format!("the token lacks the claim `{name}`")), "{error}");
        }
        // Without `exp` the age ends it, and without both nothing would.
        let aged = r#","optionalClaims":["exp"],"maxTokenAgeSec":600"#;
        with(aged).accepts(rsa_token(&claims_but("exp", Some(nothing))));
        let both = claims_but("exp", Some(nothing)).replacen(&format!("\"iat\":{NOW}"), "\"iat\":null", 1);
        assert_eq!(with(aged).code(rsa_token(&both)), Code::TokenClaim, "{both}");
        // A claim that is required says something, unless the configuration names exactly that.
        let required = r#","requiredClaims":["email"]"#;
        assert_eq!(with(required).code(rsa_token(&claims_but("email", Some(nothing)))), Code::TokenClaim);
        let named = format!(r#","requiredClaims":{{"email":[{nothing}]}}"#);
        with(&named).accepts(rsa_token(&claims_but("email", Some(nothing))));
        // And no audience is none of ours.
        let error = with("").verify(rsa_token(&claims_but("aud", Some(nothing)))).unwrap_err();
        assert_eq!(error.code(), Code::TokenAudience);
        assert!(error.message().starts_with("the token names no audience"), "{error}");
    }
}

#[test]
fn attack_09_the_first_claim_that_says_something_is_the_principal() {
    let list = r#""audience":"api","optionalClaims":["sub"],"principalClaim":["oid","/user/id","sub"]"#;
    let mut bench = Bench::new(&provider(&format!(r#"{list},"jwks":{}"#, jwks("one"))));
    let of = |more: &str| claims_but("sub", None).replacen('{', &format!("{{{more},"), 1);
    for (more, id) in [
        (r#""oid":"o","user":{"id":"u"},"sub":"s""#, "o"),
        (r#""oid":"","user":{"id":"u"},"sub":"s""#, "u"),
        (r#""oid":null,"user":{"id":null},"sub":"s""#, "s"),
        (r#""user":[],"sub":"s""#, "s"),
    ] {
        assert!(bench.accepts(rsa_token(&of(more))).contains(&format!("jwt|{ISSUER}|{id}")), "{more}");
    }
    // One that can't be an id is no reason to take the next.
    for more in
        [r#""oid":7,"sub":"s""#, r#""oid":["o"],"sub":"s""#, r#""oid":true,"sub":"s""#, r#""sub":7"#, r#""x":1"#]
    {
        assert_eq!(bench.code(rsa_token(&of(more))), Code::TokenClaim, "{more}");
    }
    // Numbered users, where another claim is the principal.
    let numbered = r#""audience":"api","principalClaim":"email""#;
    let mut bench = Bench::new(&provider(&format!(r#"{numbered},"jwks":{}"#, jwks("one"))));
    for sub in ["7", "-7", "12345678901234567890", "7.0", "7e2"] {
        bench.accepts(rsa_token(&of(&format!(r#""email":"e","sub":{sub}"#))));
    }
    for sub in ["7.5", "true", "{}", "[7]"] {
        assert_eq!(bench.code(rsa_token(&of(&format!(r#""email":"e","sub":{sub}"#)))), Code::TokenClaim, "{sub}");
    }
}

#[test]
fn attack_09_zero_is_a_date_and_absence_is_none() {
    let mut bench = Bench::local();
    for zero in ["0", "-0", "0.0", "-0.0", "0e5", "1e-400"] {
        assert_eq!(bench.code(rsa_token(&claims_but("exp", Some(zero)))), Code::TokenExpired, "{zero}");
    }
    bench.accepts(rsa_token(&claims_but("iat", Some("0"))));
    bench.accepts(rsa_token(&claims_but("nbf", Some("0"))));
    for name in ["exp", "iat", "sub"] {
        assert_eq!(bench.code(rsa_token(&claims_but(name, None))), Code::TokenClaim, "{name}");
    }
}

#[test]
fn attack_09_the_ends_of_a_tokens_life() {
    // The tolerance of 30 s is added once, and fractions count.
    for (name, value, expected) in [
        ("exp", format!("{}", NOW - 29), None),
        ("exp", format!("{}", NOW - 30), Some(Code::TokenExpired)),
        ("exp", format!("{}.5", NOW - 30), None),
        ("exp", format!("{}.001", NOW - 30), None),
        ("nbf", format!("{}", NOW + 30), None),
        ("nbf", format!("{}", NOW + 31), Some(Code::TokenNotYetValid)),
        ("nbf", format!("{}.5", NOW + 30), Some(Code::TokenNotYetValid)),
        ("iat", format!("{}", NOW + 30), None),
        ("iat", format!("{}", NOW + 31), Some(Code::TokenNotYetValid)),
        ("iat", "253402300799".to_owned(), Some(Code::TokenNotYetValid)),
        ("exp", "253402300799".to_owned(), None),
        ("exp", "1.8000006e9".to_owned(), None),
    ] {
        let result = Bench::local().verify(rsa_token(&claims_but(name, Some(&value))));
        assert_eq!(result.err().map(|error| error.code()), expected, "{name} {value}");
    }
}

#[test]
fn attack_20_a_bad_signature_is_all_that_is_said() {
    let configuration = format!(
        r#""audience":"api","requiredScopes":["arc"],"requiredClaims":{{"client_id":"me"}},"maxLifetimeSec":3600,"jwks":{}"#,
        jwks("one")
    );
    let good = claims_with(r#""scope":"arc","client_id":"me""#);
    Bench::new(&provider(&configuration)).accepts(rsa_token(&good));
    let mut messages = std::collections::BTreeSet::new();
    for (payload, really) in [
        (good.clone(), None),
        (claims_but("exp", Some("1")), Some(Code::TokenExpired)),
        (claims_but("exp", Some("\"x\"")), Some(Code::TokenClaim)),
        (claims_but("exp", None), Some(Code::TokenClaim)),
        (claims_but("nbf", Some("1900000000")), Some(Code::TokenNotYetValid)),
        (claims_but("aud", Some("\"other\"")), Some(Code::TokenAudience)),
        (claims_but("sub", None), Some(Code::TokenClaim)),
        (claims_with(r#""cnf":{"jkt":"x"}"#), Some(Code::TokenClaim)),
        (claims_with(r#""client_id":"me","scope":"other""#), Some(Code::TokenScope)),
        (claims_with(r#""client_id":"you","scope":"arc""#), Some(Code::TokenClaim)),
        (claims_but("exp", Some("1900000000")), Some(Code::TokenClaim)),
    ] {
        let token = rsa_token(&payload);
        let mut bench = Bench::new(&provider(&configuration)).answering(Crypto::Refuses);
        let error = bench.verify(&token).unwrap_err();
        assert_eq!(error.code(), Code::TokenSignature, "{payload}");
        assert_eq!((error.subject(), error.retry_delay()), (None, None));
        messages.insert(error.message().to_owned());
        // The bench would have told it apart: with a good signature each has its own code.
        bench.crypto = Crypto::Approves;
        assert_eq!(bench.verify(&token).err().map(|error| error.code()), really, "{payload}");
    }
    assert_eq!(messages.len(), 1, "{messages:?}");
}
