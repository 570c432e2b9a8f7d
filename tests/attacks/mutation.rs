//! Attack 27: no input makes the core panic, which would be a trap, and a trap poisons the module.
//!
//! Seeded, so that a failure comes back. `ARCGATE_MUTATIONS` sets how many inputs there are; a million by default.

use arcgate::sans_io::{
    error::Code,
    jose::{
        jwks::{Jwks, KeyIds},
        jwks_cache::Response,
        jws_verify::JwsVerification,
        verify::Step,
    },
    json,
    machine::Machine,
};

use crate::{bench::*, random::Random};

/// Of all inputs, so many parts are tokens, JSON, and key sets with other answers of a provider.
const SHARES: [usize; 3] = [6, 3, 1];

fn inputs(share: usize) -> usize {
    let all = std::env::var("ARCGATE_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    all * SHARES[share] / SHARES.iter().sum::<usize>()
}

#[test]
fn attack_27_mutated_tokens() {
    let mut random = Random(27);
    let mut bench = Bench::local();
    // Options that look at as much of the claims as there is to look at.
    let mut picky = Bench::new(&provider(&format!(
        r#""audience":["api","b"],"requiredScopes":["a","c"],"scopeClaims":["scope","scp","/r/s"],"optionalClaims":["iat"],
           "requiredClaims":{{"client_id":["me",7,null],"/r/s":"a"}},"labelClaims":{{"team":"/r/team","sub":"sub"}},
           "principalClaim":"client_id","maxTokenAgeSec":3600,"maxLifetimeSec":7200,"jwks":{}"#,
        jwks("one")
    )));
    let seeds = token_seeds();
    let (mut accepted, mut refused) = (0_usize, std::collections::BTreeMap::<&str, usize>::new());
    for _ in 0..inputs(0) {
        let token = random.token(&seeds);
        let bench = if random.below(2) == 0 { &mut bench } else { &mut picky };
        bench.crypto = if random.below(4) == 0 { Crypto::Refuses } else { Crypto::Approves };
        match bench.verify(&token) {
            Ok(text) => {
                accepted += 1;
                assert!(text.starts_with("jwt|"), "{text}");
            }
            Err(error) => {
                *refused.entry(error.code().as_str()).or_default() += 1;
                if random.below(64) == 0 {
                    leaks_nothing(&error, &token);
                }
            }
        }
    }
    // Not all died at the first gate: each was reached by many.
    assert!(accepted > inputs(0) / 200, "{accepted} {refused:?}");
    for code in [
        Code::TokenMalformed,
        Code::TokenAlgorithm,
        Code::TokenSignature,
        Code::TokenIssuer,
        Code::TokenAudience,
        Code::TokenClaim,
        Code::TokenScope,
        Code::TokenExpired,
        Code::TokenNotYetValid,
        Code::TokenType,
        Code::KeyNotFound,
    ] {
        assert!(
            refused.get(code.as_str()).is_some_and(|count| *count > inputs(0) / 20_000),
            "{} {refused:?}",
            code.as_str()
        );
    }
    assert!(!refused.contains_key(Code::Internal.as_str()), "{refused:?}");
}

#[test]
fn attack_27_mutated_json_and_bytes() {
    let mut random = Random(28);
    let seeds: Vec<Vec<u8>> = json_seeds().into_iter().map(String::into_bytes).collect();
    let mut parsed = 0_usize;
    for _ in 0..inputs(1) {
        let mut text = random.pick(&seeds).clone();
        for _ in 0..random.below(6) {
            random.mutate(&mut text);
        }
        if let Ok(value) = json::parse(&text) {
            parsed += 1;
            let mut out = String::new();
            value.write(&mut out);
            assert!(json::parse(out.as_bytes()).is_ok(), "what is written can be read: {out}");
        }
        if random.below(8) == 0 {
            let _ = JwsVerification::new(b"eyJhbGciOiJFUzI1NiJ9.e30.AA", &text, br#"["ES256"]"#);
            let _ = JwsVerification::new(&text, jwks("one").as_bytes(), &text);
        }
    }
    assert!(parsed > inputs(1) / 20, "{parsed}");
}

#[test]
fn attack_27_mutated_answers_of_a_provider() {
    let mut random = Random(29);
    let seeds: Vec<Vec<u8>> = [
        jwks("one"),
        jwks("other"),
        format!(r#"{{"keys":[{}]}}"#, jwk("one", "p256")),
        format!(r#"{{"keys":[{},{}]}}"#, jwk("one", "ed"), jwk("other", "p521")),
        format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{ISSUER}/keys"}}"#),
        format!(r#"[{{"issuer":"{ISSUER}","jwks":{},"fetchedAt":{NOW},"expiresAt":{}}}]"#, jwks("one"), NOW + 300),
    ]
    .map(String::into_bytes)
    .into();
    let headers = [
        None,
        Some("max-age=1"),
        Some("max-age=99999999999999999999"),
        Some("no-store, max-age=\"x\""),
        Some("="),
        Some("-1"),
    ];
    let mut bench = Bench::new(&provider(r#""audience":"api""#));
    let mut used = 0_usize;
    for _ in 0..inputs(2) {
        let mut text = random.pick(&seeds).clone();
        for _ in 0..random.below(4) {
            random.mutate(&mut text);
        }
        bench.later(random.below(7) as i64);
        match random.below(4) {
            0 => {
                if let Ok(snapshots) = json::parse(&text) {
                    let _ = bench.verifier.handle_snapshots(&snapshots, bench.now);
                }
            }
            1 => drop(Jwks::parse(&text, &mut KeyIds::default())),
            _ => {
                let (alg, kid, length) =
                    *random.pick(&[("RS256", "rsa", 256), ("ES256", "p256", 64), ("EdDSA", "new", 64)]);
                let token = jws(
                    &format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#),
                    &claims_with(&format!("\"jti\":\"{}\"", random.next())),
                    &signature(length),
                );
                match bench.verifier.begin(token.as_bytes(), bench.now, bench.now) {
                    Step::Fetch(provider, fetch) => {
                        while bench.request(provider, fetch).is_some() {
                            let response = Response {
                                status: *random.pick(&[200, 200, 200, 200, 503, 0, 65535]),
                                cache_control: *random.pick(&headers),
                                age: *random.pick(&headers),
                                retry_after: arcgate::sans_io::http::retry_after::read(
                                    *random.pick(&headers),
                                    *random.pick(&headers),
                                    bench.now,
                                ),
                                body: &text,
                            };
                            bench.verifier.handle_response(provider, fetch, &response, bench.now);
                            text.clone_from(random.pick(&seeds));
                        }
                    }
                    Step::Import { key, algorithm, .. } => {
                        used += 1;
                        assert!(bench.verifier.key(key).is_some());
                        bench.verifier.handle_imported(key, algorithm, random.below(8) != 0);
                    }
                    Step::Check(check) => {
                        used += 1;
                        let _ = bench.verifier.finish(check.id, random.below(2) == 0, bench.now);
                    }
                    _ => {}
                }
                let _ = bench.verifier.drain_actions();
                let exported = bench.verifier.snapshots();
                assert!(json::parse(exported.as_bytes()).is_ok(), "{exported}");
            }
        }
    }
    assert!(used > inputs(2) / 100, "{used}");
}

/// Tokens from which the mutations start, as header, payload and signature.
fn token_seeds() -> Vec<(String, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let payloads = [
        claims(),
        claims_with(r#""scope":"a b c","client_id":"me","nbf":1799999999,"jti":"x","r":{"s":["a"],"team":"red"}"#),
        claims_with(r#""scp":["a","b"],"client_id":"me","r":{"s":"a"},"azp":"\u00e9\ud83d\ude00\n""#),
        claims_but("aud", Some(r#"["x","api","b"]"#)),
        claims_but("exp", Some("1800000600.25")),
        claims_but("exp", Some("1")),
        claims_but("nbf", Some("1900000000")),
        claims_but("iss", Some("\"https://two.example\"")),
    ];
    for payload in &payloads {
        for (header, length) in [
            (r#"{"alg":"RS256","kid":"rsa","typ":"at+jwt"}"#, 256),
            (r#"{"typ":"JWT","alg":"ES256","kid":"p256"}"#, 64),
            (r#"{"alg":"EdDSA","kid":"ed","x":{"y":[1,2.5e3,true,null]}}"#, 64),
            (r#"{"alg":"ES512","kid":"p521"}"#, 132),
            (r#"{"alg":"PS384"}"#, 256),
        ] {
            seeds.push((header.to_owned(), payload.clone(), signature(length)));
        }
    }
    seeds
}

fn json_seeds() -> Vec<String> {
    vec![
        claims(),
        jwk("one", "p256"),
        r#"{"a":[1,-2,0.5e-3,"x\u0041\ud83d\ude00\\\"\/",true,false,null,{}],"b":{"c":{"d":[[[]]]}}}"#.into(),
        r#"[1e308,-1e308,1e-400,0,-0,18446744073709551615,-9223372036854775808,123456789012345678901234567890]"#.into(),
        "{}".into(),
        "\"é\u{2028}\u{7f}\"".into(),
        rsa_token(&claims()),
        "[".repeat(40),
        (0..20).map(|index| format!("{{\"{index}\":")).collect(),
    ]
}

impl Random {
    /// A token: one of the seeds, its JSON, its bytes or its text changed, or nothing at all.
    fn token(&mut self, seeds: &[(String, String, Vec<u8>)]) -> Vec<u8> {
        let (header, payload, mut signature) = self.pick(seeds).clone();
        let (mut header, mut payload) = (header.into_bytes(), payload.into_bytes());
        for _ in 0..self.below(4) {
            match self.below(8) {
                0 | 1 => self.mutate(&mut header),
                2..=5 => self.mutate(&mut payload),
                6 => self.mutate(&mut signature),
                // A part of another token.
                _ => payload = self.pick(seeds).1.clone().into_bytes(),
            }
        }
        let mut token = format!("{}.{}.{}", base64url(header), base64url(payload), base64url(signature)).into_bytes();
        if self.below(8) == 0 {
            for _ in 0..=self.below(3) {
                self.mutate(&mut token);
            }
        }
        token
    }
}
