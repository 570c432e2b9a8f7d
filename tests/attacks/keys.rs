//! Attacks through keys: 2, 17 and 18.

use arcgate::sans_io::error::Code;

use crate::bench::*;

#[test]
fn attack_02_a_public_key_is_no_secret() {
    // HS256 "signed" with the public key: the algorithm is not one of the provider's, whatever the header says.
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for (alg, length) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        for kid in ["rsa", "p256", "ed", "unknown"] {
            let token = jws(&format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#), &claims(), &signature(length));
            assert_eq!(bench.code_at_once(token), Code::TokenAlgorithm, "{alg} {kid}");
        }
    }
    // Nobody can configure it either.
    for list in [r#"["HS256"]"#, r#"["RS256","HS256"]"#, r#"["none"]"#, r#"["None"]"#, "[]", r#"["*"]"#, "\"RS256\""] {
        let options = provider(&format!(r#""audience":"api","jwksUri":"{ISSUER}/keys","algorithms":{list}"#));
        assert_eq!(Bench::try_new(&options).map(drop).unwrap_err().code(), Code::Config, "{list}");
    }
    // And a secret takes no token of another kind.
    let mut bench = Bench::shared().answering(Crypto::Unasked);
    for (alg, length) in [("RS256", 256), ("ES256", 64), ("EdDSA", 64), ("none", 0)] {
        let token = jws(&format!(r#"{{"alg":"{alg}"}}"#), &claims(), &signature(length));
        assert_eq!(bench.code_at_once(token), Code::TokenAlgorithm, "{alg}");
    }
}

#[test]
fn attack_02_the_key_says_what_it_may_be_used_for() {
    // Each key with each algorithm: it works with its own, and with no other that has signatures of the same length.
    for (kid, own) in [
        ("rsa", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        ("p256", &["ES256"]),
        ("p384", &["ES384"]),
        ("p521", &["ES512"]),
        ("ed", &["EdDSA", "Ed25519"]),
    ] {
        for (alg, length) in [
            ("RS256", 256),
            ("RS384", 256),
            ("RS512", 256),
            ("PS256", 256),
            ("PS384", 256),
            ("PS512", 256),
            ("ES256", 64),
            ("ES384", 96),
            ("ES512", 132),
            ("EdDSA", 64),
            ("Ed25519", 64),
        ] {
            let token = jws(&format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#), &claims(), &signature(length));
            let mut bench = Bench::local();
            if own.contains(&alg) {
                bench.accepts(token);
            } else {
                assert_eq!(bench.code_at_once(token), Code::KeyNotFound, "{alg} {kid}");
            }
        }
    }
    // A key with `alg` is for that algorithm alone.
    let rs512 = jwk("one", "rsa").replacen('{', r#"{"alg":"RS512","#, 1);
    let mut bench = Bench::new(&provider(&format!(r#""audience":"api","jwks":{{"keys":[{rs512}]}}"#)));
    bench.accepts(jws(r#"{"alg":"RS512","kid":"rsa"}"#, &claims(), &signature(256)));
    for alg in ["RS256", "PS512"] {
        let token = jws(&format!(r#"{{"alg":"{alg}","kid":"rsa"}}"#), &claims(), &signature(256));
        assert_eq!(bench.code_at_once(token), Code::KeyNotFound, "{alg}");
    }
    // And the provider's list is another bound.
    let listed = provider(&format!(r#""audience":"api","algorithms":["ES256"],"jwks":{}"#, jwks("one")));
    assert_eq!(Bench::new(&listed).code_at_once(rsa_token(&claims())), Code::TokenAlgorithm);
}

#[test]
fn attack_02_published_secrets_are_not_used() {
    let oct = r#"{"kty":"oct","kid":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    let set = format!(r#"{{"keys":[{oct},{}]}}"#, jwk("one", "rsa"));
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    bench.answers = [Some((200, set))].into();
    assert_eq!(bench.code(jws(r#"{"alg":"HS256","kid":"oct"}"#, &claims(), &signature(32))), Code::TokenAlgorithm);
    assert_eq!(bench.code(jws(r#"{"alg":"RS256","kid":"oct"}"#, &claims(), &signature(256))), Code::KeyNotFound);
    // A provider that publishes nothing else has no keys.
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    bench.answers = [Some((200, format!(r#"{{"keys":[{oct}]}}"#)))].into();
    assert_eq!(bench.code(rsa_token(&claims())), Code::JwksUnavailable);
}

#[test]
fn attack_17_keys_never_cross_issuers() {
    // The same kids in both, so that a cache by kid alone would mix them up.
    let options = format!(
        r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":"api","jwksUri":"https://one.example/keys"}},
            "two":{{"issuer":"https://two.example","audience":"api","jwksUri":"https://two.example/keys"}}}}}}"#
    );
    let mut bench = Bench::new(&options);
    bench.answers = [Some((200, jwks("one"))), Some((200, jwks("other")))].into();
    let of_one = rsa_token(&claims());
    let of_two = rsa_token(&claims().replace(ISSUER, "https://two.example"));
    assert!(bench.accepts(&of_one).contains("jwt|https://one.example|alice"));
    assert_eq!(bench.fetched, ["https://one.example/keys"]);
    assert!(bench.accepts(&of_two).contains("jwt|https://two.example|alice"));
    assert_eq!(bench.fetched[1..], ["https://two.example/keys"]);
    assert_eq!(bench.imports, 2, "each issuer's key is imported for itself");
    // Which key WebCrypto is given is the issuer's own.
    for (token, set) in [(of_one, "one"), (of_two, "other")] {
        let mut fresh = Bench::new(&options);
        fresh.answers = [Some((200, jwks(set)))].into();
        fresh.accepts(&token);
        let used = match fresh.verifier.begin(rsa_token(&claims_and_issuer(set)).as_bytes(), fresh.now, fresh.now) {
            arcgate::sans_io::jose::verify::Step::Check(check) => check.key,
            other => panic!("{other:?}"),
        };
        let imported = fresh.verifier.key(used).unwrap().to_import_jwk().unwrap();
        let modulus = |text: &str| text.split("\"n\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_eq!(modulus(&imported), modulus(&jwk(set, "rsa")));
    }
}

/// Claims not seen before, of the issuer that the set belongs to.
fn claims_and_issuer(set: &str) -> String {
    let claims = claims_with(r#""jti":"another""#);
    if set == "one" {
        claims
    } else {
        claims.replace(ISSUER, "https://two.example")
    }
}

#[test]
fn attack_18_bad_keys_are_left_out_and_fail_nobody() {
    let good = jwk("one", "rsa");
    let with = |key: &str, more: &str| key.replacen('{', &format!("{{{more},"), 1);
    let without = |key: &str, member: &str| key.replacen(&format!("\"{member}\":"), &format!("\"no_{member}\":"), 1);
    let as_bad = |key: &str| key.replacen(r#""kid":""#, r#""kid":"bad "#, 1);
    let rsa = as_bad(&good);
    let p256 = as_bad(&jwk("one", "p256"));
    let ed = as_bad(&jwk("one", "ed"));
    let weak = with(&jwks("weak"), r#""kid":"bad rsa""#);
    let bad = [
        "7".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        weak,
        rsa.replace("\"AQAB\"", "\"AQ\""),
        rsa.replace("\"AQAB\"", "\"AA\""),
        rsa.replace("\"AQAB\"", "\"\""),
        rsa.replace("\"AQAB\"", "\"AQAA\""),
        rsa.replace("\"AQAB\"", "\"AQABAQAB\""),
        rsa.replace("\"AQAB\"", "65537"),
        rsa.replace("\"sig\"", "\"enc\""),
        without(&rsa, "n"),
        without(&rsa, "e"),
        with(&rsa, r#""key_ops":["sign"]"#),
        with(&rsa, r#""key_ops":["encrypt","wrapKey"]"#),
        with(&rsa, r#""key_ops":"verify""#),
        with(&rsa, r#""d":"AA""#),
        with(&rsa, r#""p":"AA""#),
        with(&rsa, r#""k":"AA""#),
        with(&rsa, r#""alg":"ES256""#),
        with(&rsa, r#""alg":"HS256""#),
        with(&rsa, r#""alg":"RSA-OAEP""#),
        with(&rsa, r#""alg":"none""#),
        with(&rsa, r#""alg":7"#),
        rsa.replace("\"RSA\"", "\"rsa\""),
        rsa.replace("\"RSA\"", "\"AKP\""),
        rsa.replacen("\"kid\":\"bad rsa\"", "\"kid\":7", 1),
        p256.replace("ES256", "ES384"),
        p256.replace("P-256", "P-384"),
        p256.replace("P-256", "secp256k1"),
        without(&p256, "y"),
        with(&p256, r#""d":"AA""#),
        ed.replace("Ed25519", "Ed448"),
        ed.replace("Ed25519", "X25519"),
        with(&ed, r#""d":"AA""#),
    ];
    for key in &bad {
        // Before and behind a good one.
        for set in [format!("[{key},{good}]"), format!("[{good},{key}]")] {
            let mut bench = Bench::remote();
            bench.answers = [Some((200, format!(r#"{{"keys":{set}}}"#)))].into();
            bench.accepts(rsa_token(&claims()));
            bench.crypto = Crypto::Unasked;
            for (alg, kid, length) in [
                ("RS256", "rsa", 128),
                ("RS256", "rsa", 256),
                ("ES256", "p256", 64),
                ("ES384", "p256", 96),
                ("EdDSA", "ed", 64),
            ] {
                let token = jws(&format!(r#"{{"alg":"{alg}","kid":"bad {kid}"}}"#), &claims(), &signature(length));
                // 128 bytes is a length that no key in use could have.
                let expected = if length == 128 { Code::TokenSignature } else { Code::KeyNotFound };
                assert_eq!(bench.code(token), expected, "{key}");
            }
        }
    }
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    bench.answers = [Some((200, format!(r#"{{"keys":[{}]}}"#, bad.join(","))))].into();
    assert_eq!(bench.code(rsa_token(&claims())), Code::JwksUnavailable);
}

#[test]
fn attack_18_a_kid_that_could_mean_two_keys_means_none() {
    let (good, other) = (jwk("one", "rsa"), jwk("other", "rsa"));
    for keys in [format!("{good},{other}"), format!("{other},{good}"), format!("{good},{other},{good}")] {
        let mut bench = Bench::remote().answering(Crypto::Unasked);
        bench.answers = [Some((200, format!(r#"{{"keys":[{keys}]}}"#)))].into();
        assert_eq!(bench.code(rsa_token(&claims())), Code::KeyNotFound);
        // Without a kid it is no clearer.
        assert_eq!(bench.code(jws(r#"{"alg":"RS256"}"#, &claims(), &signature(256))), Code::KeyNotFound);
    }
    // The same key twice is one key, and keys of other kinds under the same name don't disturb.
    let ec = jwk("one", "p256").replace("\"p256\"", "\"rsa\"");
    for keys in [format!("{good},{good}"), format!("{good},{ec}")] {
        let mut bench = Bench::remote();
        bench.answers = [Some((200, format!(r#"{{"keys":[{keys}]}}"#)))].into();
        bench.accepts(rsa_token(&claims()));
    }
}

#[test]
fn attack_18_what_is_said_in_two_ways_is_not_believed_and_harms_nothing_else() {
    // A clumsy set is a set. A key of which two things are said is left out, and the next one is used.
    let rsa = jwk("one", "rsa");
    let twice = rsa.replacen('{', r#"{"use":"enc","use":"sig","#, 1);
    let harmless = rsa.replacen('{', r#"{"x5t":"a","x5t":"b","kid":"rsa","#, 1);
    for (set, is_used) in [
        (format!(r#"{{"keys":[{twice}]}}"#), false),
        (format!(r#"{{"keys":[{harmless}]}}"#), true),
        (format!(r#"{{"a":1,"a":2,"keys":[{twice},{rsa}]}}"#), true),
        (format!("\u{feff}{{\"keys\":[{rsa}]}}"), true),
    ] {
        let mut bench = Bench::remote().answering(if is_used { Crypto::Approves } else { Crypto::Unasked });
        bench.answers = [Some((200, set.clone()))].into();
        assert_eq!(bench.verify(rsa_token(&claims())).is_ok(), is_used, "{set}");
    }
}

#[test]
fn attack_18_sets_that_are_none() {
    for (status, body) in [
        (200, String::new()),
        (200, "{}".to_owned()),
        (200, "[]".to_owned()),
        (200, r#"{"keys":{}}"#.to_owned()),
        (200, r#"{"keys":[]}"#.to_owned()),
        (200, "<!doctype html>".to_owned()),
        (200, format!(r#"{{"keys":[{}],"keys":[{}]}}"#, jwk("one", "rsa"), jwk("other", "rsa"))),
        (200, format!("\u{feff}\u{feff}{}", jwks("one"))),
        (200, format!("{}{}", jwks("one"), " ".repeat(300_000))),
        (204, jwks("one")),
        (206, jwks("one")),
        (302, jwks("one")),
        (304, jwks("one")),
        (401, jwks("one")),
        (404, jwks("one")),
        (500, jwks("one")),
    ] {
        let mut bench = Bench::remote().answering(Crypto::Unasked);
        bench.answers = [Some((status, body.clone()))].into();
        let error = bench.verify(rsa_token(&claims())).unwrap_err();
        assert_eq!(error.code(), Code::JwksUnavailable, "{status} {}", &body[..body.len().min(80)]);
        assert!(error.retry_delay().is_some());
        // And it is not asked again at once.
        for _ in 0..10 {
            assert_eq!(bench.code(rsa_token(&claims())), Code::JwksUnavailable);
        }
        assert_eq!(bench.fetched.len(), 1);
    }
}
