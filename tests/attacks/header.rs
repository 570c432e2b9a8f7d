//! Attacks through the header: 1, 8, 13, 14 and 15.

use arcgate::sans_io::error::Code;

use crate::bench::*;

#[test]
fn attack_01_alg_none_in_any_case_missing_or_of_another_type() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for alg in [
        r#""alg":"none""#,
        r#""alg":"None""#,
        r#""alg":"NONE""#,
        r#""alg":"nOnE""#,
        r#""alg":"none ""#,
        r#""alg":"none\u0000""#,
        r#""alg":"\u006eone""#,
        r#""alg":"""#,
        r#""alg":null"#,
        r#""alg":false"#,
        r#""alg":0"#,
        r#""alg":["none"]"#,
        r#""alg":["RS256"]"#,
        r#""alg":{"RS256":1}"#,
        r#""ALG":"RS256""#,
        r#""typ":"JWT""#,
    ] {
        for signature in [&[][..], &signature(256)] {
            let token = jws(&format!(r#"{{{alg},"kid":"rsa"}}"#), &claims(), signature);
            assert_eq!(bench.code_at_once(token), Code::TokenAlgorithm, "{alg}");
        }
    }
}

#[test]
fn attack_01_empty_or_absent_signature() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for alg in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] {
        let token = jws(&format!(r#"{{"alg":"{alg}","kid":"rsa"}}"#), &claims(), b"");
        assert_eq!(bench.code_at_once(&token), Code::TokenSignature, "{alg}");
        assert_eq!(bench.code_at_once(token.trim_end_matches('.')), Code::TokenMalformed, "{alg}");
    }
    let mut bench = Bench::shared().answering(Crypto::Unasked);
    for alg in ["HS256", "HS384", "HS512"] {
        assert_eq!(bench.code_at_once(jws(&format!(r#"{{"alg":"{alg}"}}"#), &claims(), b"")), Code::TokenSignature);
    }
}

#[test]
fn attack_01_algorithms_in_other_spellings_or_unknown() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for alg in [
        "rs256",
        "Rs256",
        "RS256 ",
        " RS256",
        "RS256\\u0000",
        "RS-256",
        "RS1",
        "ES256K",
        "Ed448",
        "eddsa",
        "HS1",
        "A",
        "RS256,HS256",
    ] {
        let token = jws(&format!(r#"{{"alg":"{alg}","kid":"rsa"}}"#), &claims(), &signature(256));
        assert_eq!(bench.code_at_once(token), Code::TokenAlgorithm, "{alg}");
    }
}

#[test]
fn attack_08_critical_extensions_and_b64() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for member in [
        r#""crit":["x-unknown"],"x-unknown":1"#,
        r#""crit":["x-absent"]"#,
        r#""crit":[]"#,
        r#""crit":["exp"],"exp":1900000000"#,
        r#""crit":["alg"]"#,
        r#""crit":["exp","exp"],"exp":1"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":["b64"],"b64":true"#,
        r#""crit":null"#,
        r#""crit":"b64""#,
        r#""crit":{}"#,
        r#""crit":0"#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""b64":"false""#,
        r#""b64":null"#,
        r#""\u0062\u0036\u0034":false"#,
        r#""cr\u0069t":["x"],"x":1"#,
    ] {
        assert_eq!(bench.code_at_once(rsa_token_with(member, &claims())), Code::TokenMalformed, "{member}");
    }
}

#[test]
fn attack_13_encrypted_tokens_in_the_place_of_signed_ones() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    let part = base64url(claims());
    for header in [
        r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#,
        r#"{"alg":"dir","enc":"A256GCM","cty":"JWT"}"#,
        r#"{"alg":"RS256","enc":"A256GCM","kid":"rsa"}"#,
        r#"{"alg":"none"}"#,
    ] {
        let header = base64url(header);
        let error = bench.verify(format!("{header}.{part}.{part}.{part}.{part}")).unwrap_err();
        assert_eq!(error.code(), Code::TokenMalformed);
        assert!(error.message().contains("JWE"));
        assert_eq!(bench.code_at_once(format!("{header}.{part}.{part}.{part}")), Code::TokenMalformed);
        assert_eq!(bench.code_at_once(format!("{header}....")), Code::TokenMalformed);
    }
    for alg in ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5", "dir", "A256KW", "ECDH-ES", "PBES2-HS256+A128KW", "A128GCMKW"] {
        let token = jws(&format!(r#"{{"alg":"{alg}","enc":"A256GCM","kid":"rsa"}}"#), &claims(), &signature(256));
        assert_eq!(bench.code_at_once(token), Code::TokenAlgorithm, "{alg}");
    }
    // A JWT in a JWS: the payload is no JSON object, whatever `cty` says of it.
    let inner = jws(r#"{"alg":"none"}"#, &claims(), b"");
    assert_eq!(bench.code_at_once(rsa_token_with(r#""cty":"JWT""#, &inner)), Code::TokenMalformed);
    assert_eq!(bench.code_at_once(rsa_token_with(r#""cty":"JWT""#, &format!("\"{inner}\""))), Code::TokenMalformed);
}

#[test]
fn attack_14_compression_and_password_iterations_are_not_there() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    let token =
        jws(r#"{"alg":"PBES2-HS512+A256KW","p2c":2147483647,"p2s":"AA","enc":"A256GCM"}"#, &claims(), &signature(64));
    assert_eq!(bench.code_at_once(token), Code::TokenAlgorithm);
    // `zip` is for JWE: the payload is read as it stands, so a compressed one is no JSON.
    let deflated = "\u{1}\u{2}";
    assert_eq!(bench.code_at_once(rsa_token_with(r#""zip":"DEF""#, deflated)), Code::TokenMalformed);
    let jwe = format!("{}.a.b.c.d", base64url(r#"{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}"#));
    assert_eq!(bench.code_at_once(jwe), Code::TokenMalformed);
}

#[test]
fn attack_15_other_kinds_of_token() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for typ in [
        "id_token",
        "id+jwt",
        "dpop+jwt",
        "application/dpop+jwt",
        "logout+jwt",
        "LOGOUT+JWT",
        "secevent+jwt",
        "oauth-authz-req+jwt",
        "token-introspection+jwt",
        "client-authentication+jwt",
        "kb+jwt",
        "entity-statement+jwt",
        "JOSE",
        "JWS",
        "JWE",
        "rt+jwt",
        "at+jwt ",
        "at jwt",
        "application/application/at+jwt",
        "application/",
        "text/at+jwt",
        "jwt\\u0000",
        "",
    ] {
        let code = bench.code_at_once(rsa_token_with(&format!(r#""typ":"{typ}""#), &claims()));
        // An empty `typ` says nothing, which is not the same as there being none.
        assert_eq!(code, Code::TokenType, "{typ:?}");
    }
    for typ in ["null", "1", "true", r#"["at+jwt"]"#, "{}"] {
        assert_eq!(
            bench.code_at_once(rsa_token_with(&format!(r#""typ":{typ}"#), &claims())),
            Code::TokenMalformed,
            "{typ}"
        );
    }
}

#[test]
fn attack_15_access_tokens_and_no_others() {
    let mut bench = Bench::remote();
    for typ in [
        r#""typ":"at+jwt""#,
        r#""typ":"AT+JWT""#,
        r#""typ":"application/at+jwt""#,
        r#""typ":"JWT""#,
        r#""typ":"jwt""#,
        "",
    ] {
        bench.accepts(rsa_token_with(typ, &claims()));
    }
    // RFC 7800: what is bound to a key is no bearer token, whatever else it says.
    for cnf in [r#"{"jkt":"x"}"#, r#"{"jwk":{}}"#, r#"{"x5t#S256":"x"}"#, "{}", "null", "[]"] {
        assert_eq!(bench.code(rsa_token(&claims_with(&format!(r#""cnf":{cnf}"#)))), Code::TokenClaim, "{cnf}");
    }
    let mut strict = Bench::new(&provider(&format!(r#""audience":"api","typ":["at+jwt"],"jwks":{}"#, jwks("one"))));
    strict.accepts(rsa_token_with(r#""typ":"application/AT+jwt""#, &claims()));
    for typ in [r#""typ":"JWT""#, r#""typ":"""#, ""] {
        assert_eq!(strict.code_at_once(rsa_token_with(typ, &claims())), Code::TokenType, "{typ}");
    }
}
