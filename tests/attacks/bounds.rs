//! Attacks by size, and by configuration: 12 and 19.

use arcgate::sans_io::{
    error::Code,
    jose::jwks::{Jwks, KeyIds, MAX_BYTES, MAX_KEYS},
};

use crate::bench::*;

#[test]
fn attack_12_tokens_that_are_too_large() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for token in [
        "a".repeat(1 << 20),
        ".".repeat(1_000_000),
        "a.".repeat(500_000),
        format!("{}.{}", rsa_token(&claims()), "a".repeat(1 << 20)),
        rsa_token(&claims_with(&format!("\"x\":\"{}\"", "x".repeat(1 << 20)))),
        rsa_token_with(&format!("\"x\":\"{}\"", "x".repeat(1 << 20)), &claims()),
        rsa_token(&claims_but("aud", Some(&format!("[{}\"api\"]", "\"x\",".repeat(100_000))))),
        rsa_token(&claims_with(&format!("\"x\":{}{}", "[".repeat(10_000), "]".repeat(10_000)))),
        jws(r#"{"alg":"RS256","kid":"rsa"}"#, &claims(), &signature(1 << 20)),
    ] {
        assert!(token.len() > 16 * 1024);
        assert_eq!(bench.code_at_once(token), Code::TokenMalformed);
    }
}

#[test]
fn attack_12_the_largest_token() {
    // Exactly 16 kB are read, one byte more is not.
    let mut bench = Bench::local();
    let empty = rsa_token(&claims_with("\"x\":\"\"")).len();
    let mut accepted = 0;
    for pad in (16_384 - empty) * 3 / 4 - 8..(16_384 - empty) * 3 / 4 + 8 {
        let token = rsa_token(&claims_with(&format!("\"x\":\"{}\"", "x".repeat(pad))));
        if token.len() <= 16_384 {
            bench.accepts(&token);
            accepted += 1;
        } else {
            assert_eq!(bench.code_at_once(&token), Code::TokenMalformed);
        }
    }
    assert!((1..16).contains(&accepted), "{accepted}");
}

#[test]
fn attack_12_nesting_within_the_size() {
    let mut bench = Bench::local();
    let nested = |depth: usize| format!("\"x\":{}{}", "[".repeat(depth), "]".repeat(depth));
    bench.accepts(rsa_token(&claims_with(&nested(31))));
    for depth in [32, 33, 100, 5_000] {
        assert_eq!(bench.code_at_once(rsa_token(&claims_with(&nested(depth)))), Code::TokenMalformed, "{depth}");
        assert_eq!(bench.code_at_once(rsa_token_with(&nested(depth), &claims())), Code::TokenMalformed, "{depth}");
    }
    let objects = format!("{}1{}", "{\"a\":".repeat(2_000), "}".repeat(2_000));
    assert_eq!(bench.code_at_once(rsa_token(&objects)), Code::TokenMalformed);
}

#[test]
fn attack_12_many_members_within_the_size() {
    // As many as fit: the search for duplicates is no square.
    let many: Vec<String> = (0..1500).map(|index| format!("\"{index:x}\":1")).collect();
    let mut bench = Bench::local();
    bench.accepts(rsa_token(&claims_with(&many.join(","))));
    let audiences: Vec<String> = (0..2000).map(|index| format!("\"{index:x}\"")).collect();
    let token = rsa_token(&claims_but("aud", Some(&format!("[{},\"api\"]", audiences.join(",")))));
    bench.accepts(token);
    let scopes: Vec<String> = (0..2000).map(|index| format!("{index:x}")).collect();
    bench.accepts(rsa_token(&claims_with(&format!("\"scope\":\"{}\"", scopes.join(" ")))));
}

#[test]
fn attack_12_other_numbers_of_segments() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    let token = rsa_token(&claims());
    let (two, signature) = token.rsplit_once('.').unwrap();
    for other in [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "....".into(),
        ".....".into(),
        two.to_owned(),
        two.split('.').next().unwrap().to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{two}..{signature}"),
        format!("{token}.{token}"),
        format!("{two}\u{2024}{signature}"),
        ".".repeat(16_384),
    ] {
        assert_eq!(bench.code_at_once(&other), Code::TokenMalformed, "{}", &other[..other.len().min(40)]);
    }
}

#[test]
fn attack_12_key_sets_that_are_too_large() {
    let good = jwk("one", "rsa");
    // 256 kB are read; the verifier refuses more even if the platform hands it over.
    let padded = |length: usize| {
        let set = format!(r#"{{"keys":[{good}],"x":""}}"#);
        set.replace(r#""x":"""#, &format!(r#""x":"{}""#, "x".repeat(length - set.len())))
    };
    let mut bench = Bench::remote();
    bench.answers = [Some((200, padded(MAX_BYTES)))].into();
    bench.accepts(rsa_token(&claims()));
    for length in [MAX_BYTES + 1, 10 << 20] {
        let mut bench = Bench::remote().answering(Crypto::Unasked);
        bench.answers = [Some((200, padded(length)))].into();
        assert_eq!(bench.code(rsa_token(&claims())), Code::JwksUnavailable);
    }
}

#[test]
fn attack_12_many_keys_in_a_small_set() {
    // Ten thousand unusable keys, and the good one behind them: it is found, and what is remembered of the others is bounded.
    let keys = format!(r#"{{"keys":[{}{}]}}"#, "{},".repeat(10_000), jwk("one", "rsa"));
    let set = Jwks::parse(keys.as_bytes(), &mut KeyIds::default()).unwrap();
    assert_eq!((set.iter().count(), set.dropped().len()), (1, MAX_KEYS));
    // As many good ones as fit: the first are kept.
    let ed = jwk("one", "ed");
    let many: Vec<String> = (0..1500).map(|index| ed.replace("\"ed\"", &format!("\"{index}\""))).collect();
    let set = format!(r#"{{"keys":[{}]}}"#, many.join(","));
    assert!(set.len() < MAX_BYTES);
    let set = Jwks::parse(set.as_bytes(), &mut KeyIds::default()).unwrap();
    assert_eq!((set.iter().count(), set.dropped().len()), (MAX_KEYS, MAX_KEYS));
    assert_eq!(set.iter().next().unwrap().1.kid(), Some("0"));
    // Nesting in a set is bounded as everywhere.
    let deep = format!(r#"{{"keys":[{}],"x":{}{}}}"#, jwk("one", "rsa"), "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(Jwks::parse(deep.as_bytes(), &mut KeyIds::default()).unwrap_err().code(), Code::JwksUnavailable);
}

#[test]
fn attack_12_checks_that_nobody_finishes() {
    // Requests that are cancelled while WebCrypto works leave their checks behind: they are bounded, and make room in time.
    let mut bench = Bench::local();
    bench.accepts(rsa_token(&claims()));
    let mut begun = 0;
    let refused = loop {
        let token = rsa_token(&claims_with(&format!("\"jti\":\"{begun}\"")));
        match bench.verifier.begin(token.as_bytes(), bench.now, bench.now) {
            arcgate::sans_io::jose::verify::Step::Check(_) => begun += 1,
            arcgate::sans_io::jose::verify::Step::Refused(error) => break error,
            other => panic!("{other:?}"),
        }
        assert!(begun < 100_000, "not bounded");
    };
    assert!(refused.code().is_retryable());
    bench.later(31);
    bench.accepts(rsa_token(&claims_with("\"jti\":\"later\"")));
}

#[test]
fn attack_19_patterns_are_not_options() {
    // What would match with a pattern is compared as it stands.
    let options = |members: &str| provider(&format!(r#"{members},"jwks":{}"#, jwks("one")));
    for audience in ["a.i", ".*", "^api$", "/api/", "api|x", "*"] {
        let mut bench = Bench::new(&options(&format!(r#""audience":"{audience}""#)));
        assert_eq!(bench.code(rsa_token(&claims())), Code::TokenAudience, "{audience}");
    }
    for wrong in [
        r#""audience":{}"#,
        r#""audience":{"source":"api"}"#,
        r#""audience":[{}]"#,
        r#""audience":["api",{}]"#,
        r#""audience":true"#,
        r#""audience":"""#,
        r#""audience":[]"#,
        r#""audience":[""]"#,
        r#""audience":"api","typ":{}"#,
        r#""audience":"api","typ":[{}]"#,
        r#""audience":"api","algorithms":[{}]"#,
        r#""audience":"api","requiredScopes":{}"#,
        r#""audience":"api","requiredClaims":"client_id""#,
        r#""issuerPattern":".*","audience":"api""#,
    ] {
        assert_eq!(Bench::try_new(&options(wrong)).map(drop).unwrap_err().code(), Code::Config, "{wrong}");
    }
    let options = format!(r#"{{"providers":{{"one":{{"issuer":{{}},"audience":"api","jwks":{}}}}}}}"#, jwks("one"));
    assert_eq!(Bench::try_new(&options).map(drop).unwrap_err().code(), Code::Config);
}
