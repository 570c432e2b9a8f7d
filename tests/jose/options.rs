//! Options of providers: what is accepted, and what is said of the rest.

use super::{claims, is_remembered, made, of, outcomes::outcome, refusal, token, wrong, ISSUER, SECRET};

#[test]
fn a_secret_has_32_bytes_or_more() {
    assert!(of("", Some(&SECRET)).is_ok());
    assert!(wrong(of("", Some(&SECRET[..31]))).contains("shorter than 32 bytes"));
}

#[test]
fn the_text_of_a_key_is_no_secret() {
    for key in [
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n",
        " {\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
    ] {
        assert!(wrong(of("", Some(key.as_bytes()))).contains("a key as PEM or JSON"), "{key}");
    }
    assert!(of("", Some(b"{ not a key, but a phrase that somebody has thought of }")).is_ok());
}

#[test]
fn the_algorithms_that_are_listed_are_those_that_are_accepted() {
    let mut only = of(r#","algorithms":["HS384"]"#, Some(&SECRET)).unwrap();
    let error = refusal(&mut only, &token(r#"{"alg":"HS256"}"#, &claims(""))).unwrap();
    assert_eq!(error.code().as_str(), "ERR_TOKEN_ALGORITHM");
    assert!(wrong(of(r#","algorithms":[]"#, Some(&SECRET))).contains("is empty"));
    assert!(wrong(of(r#","algorithms":["HS257"]"#, Some(&SECRET))).contains("\"HS257\", which is not supported"));
}

#[test]
fn a_shared_algorithm_needs_a_secret_and_a_public_one_needs_keys() {
    assert!(wrong(of(r#","algorithms":["HS256"]"#, None)).contains("which needs a shared `secret`"));
    assert!(of(r#","algorithms":["HS256"]"#, Some(&SECRET)).is_ok());
    assert!(wrong(of(r#","algorithms":["ES256"]"#, Some(&SECRET))).contains("ES256, which needs a public key"));
    let both = r#","algorithms":["HS256","ES256"],"jwksUri":"https://one.example/keys""#;
    assert!(of(both, Some(&SECRET)).is_ok(), "for a migration");
}

#[test]
fn tenants_are_listed_or_any_and_an_empty_list_is_neither() {
    let with = |tenants: &str| {
        let issuer = format!("{ISSUER}/{{tenantid}}");
        made(
            &format!(r#"{{"providers":{{"one":{{"issuer":"{issuer}","audience":"api","tenants":{tenants}}}}}}}"#),
            None,
        )
    };
    assert!(with(r#"["t1"]"#).is_ok());
    assert!(with(r#""any""#).is_ok());
    for tenants in ["[]", r#""all""#, "{}", "7"] {
        assert!(wrong(with(tenants)).contains("must be a list of tenants, or \"any\""), "{tenants}");
    }
}

#[test]
fn an_audience_is_a_text_or_some_texts_or_null() {
    let with = |audience: &str| {
        made(&format!(r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":{audience}}}}}}}"#), None)
    };
    for audience in [r#""api""#, r#"["api"]"#, r#"["api","other"]"#, "null"] {
        assert!(with(audience).is_ok(), "{audience}");
    }
    for audience in [r#""""#, "[]", r#"[""]"#, "[7]", "7", "true"] {
        assert!(wrong(with(audience)).contains("audience"), "{audience}");
    }
}

#[test]
fn what_may_be_left_out_of_a_token_is_bounded() {
    let with = |members: &str| of(&format!(",{members}"), None);
    assert!(with(r#""optionalClaims":["iat"]"#).is_ok());
    assert!(wrong(with(r#""optionalClaims":["sub"]"#)).contains("takes `sub` away"));
    assert!(with(r#""optionalClaims":["sub"],"principalClaim":"client_id""#).is_ok());
    assert!(wrong(with(r#""optionalClaims":["sub"],"principalClaim":"sub""#)).contains("takes `sub` away"));
    assert!(wrong(with(r#""optionalClaims":["exp"]"#)).contains("takes `exp` away"));
    assert!(with(r#""optionalClaims":["exp"],"maxTokenAgeSec":600"#).is_ok());
}

#[test]
fn a_token_cache_can_be_left_out_and_its_bounds_are_read() {
    let with = |cache: &str| {
        let options =
            format!(r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":"api"}}}},"tokenCache":{cache}}}"#);
        made(&options, Some(&SECRET))
    };
    let remembers = |cache: &str| {
        let mut verifier = with(cache).unwrap();
        let good = token(r#"{"alg":"HS256"}"#, &claims(""));
        outcome(&mut verifier, &good).unwrap();
        // Whether it is a token that was seen before.
        is_remembered(&mut verifier, &good)
    };
    assert!(!remembers("false") && remembers(r#"{"maxEntries":2}"#) && remembers("{}"));
    for wrong_cache in ["true", "7", r#""x""#, r#"{"maxEntries":1}"#, r#"{"entries":2}"#, r#"{"maxBytes":10}"#] {
        assert!(wrong(with(wrong_cache)).contains("tokenCache"), "{wrong_cache}");
    }
}

#[test]
fn of_four_tokens_that_may_be_remembered_the_last_three_are() {
    let options = format!(
        r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":"api"}}}},"tokenCache":{{"maxEntries":4}}}}"#
    );
    let mut verifier = made(&options, Some(&SECRET)).unwrap();
    let of = |user: &str| token(r#"{"alg":"HS256"}"#, &claims("").replace("alice", user));
    for user in ["a", "b", "c"] {
        outcome(&mut verifier, &of(user)).unwrap();
    }
    for user in ["a", "b", "c"] {
        assert!(is_remembered(&mut verifier, &of(user)), "{user}");
    }
}

#[test]
fn what_remembered_tokens_take_of_memory_is_bounded() {
    let options = format!(
        r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":"api"}}}},"tokenCache":{{"maxBytes":8192}}}}"#
    );
    let mut verifier = made(&options, Some(&SECRET)).unwrap();
    let of = |user: &str, pad: usize| {
        let more = format!(r#","pad":"{}""#, "x".repeat(pad));
        token(r#"{"alg":"HS256"}"#, &claims(&more).replace("alice", user))
    };
    // One that would take more than half is not remembered at all.
    let large = of("large", 3000);
    outcome(&mut verifier, &large).unwrap();
    assert!(!is_remembered(&mut verifier, &large));
    // Of many that take about a tenth each, the first give way.
    for user in 0..20 {
        outcome(&mut verifier, &of(&format!("user {user}"), 200)).unwrap();
    }
    assert!(is_remembered(&mut verifier, &of("user 19", 200)));
    assert!(!is_remembered(&mut verifier, &of("user 0", 200)));
}
