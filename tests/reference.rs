//! The verifier beside `jwt-compact`: tokens that it signs are accepted here, and no token is that it refuses.
//!
//! `jwt-compact` plays WebCrypto: it alone decides about signatures. See docs/decisions/0002-jwt-compact.md. RS256 is held
//! against `jose` (tests/node); the `rsa` crate that `jwt-compact` needs for it has an unresolved advisory.
#![cfg(not(target_arch = "wasm32"))]

use arcgate::sans_io::{
    error::{Code, Error},
    jose::{
        alg::Algorithm as Mine,
        options,
        verify::{Step, Verifier},
    },
    json,
    secret::Secret,
    time::{Span, Time},
};
use chrono::{DateTime, Duration, Utc};
use jwt_compact::{
    alg::{Ed25519, Es256, Hs256, Hs256Key, SigningKey as _},
    jwk::JsonWebKey,
    Algorithm, AlgorithmExt as _, Claims, Header, TimeOptions, Token, UntrustedToken,
};
use serde_json::{json, Map, Value};

const NOW: i64 = 1_800_000_000;
const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

/// An algorithm of jwt-compact's with a pair of keys, and a verifier of ours that has the public one.
struct Reference<A: Algorithm> {
    algorithm: A,
    signing: A::SigningKey,
    verifying: A::VerifyingKey,
    verifier: Verifier,
}

impl<A: Algorithm> Reference<A> {
    fn new(algorithm: A, signing: A::SigningKey, verifying: A::VerifyingKey, jwk: Option<&JsonWebKey<'_>>) -> Self {
        let mut provider = json!({ "issuer": "https://issuer.example", "audience": "api" });
        if let Some(jwk) = jwk {
            provider["jwks"] = json!({ "keys": [jwk] });
        }
        let options = json!({ "providers": { "one": provider }, "tokenCache": false }).to_string();
        let options = json::parse_object(options.as_bytes()).unwrap();
        let secret_of = |_: &str| jwk.is_none().then(|| Secret::new(SECRET));
        Self { algorithm, signing, verifying, verifier: options::verifier(&options, secret_of).unwrap() }
    }

    fn sign(&self, claims: &Value) -> String {
        let claims: Claims<Map<String, Value>> = serde_json::from_value(claims.clone()).unwrap();
        self.algorithm.token(&Header::empty().with_token_type("JWT"), &claims, &self.signing).unwrap()
    }

    /// What we make of a token: the claims' text, or why not.
    fn ours(&mut self, token: &str, now: i64) -> Result<String, Error> {
        let now = Time::EPOCH.plus(Span::from_secs(now));
        for _ in 0..3 {
            match self.verifier.begin(token.as_bytes(), now, now) {
                Step::Verified(_) => unreachable!("nothing is remembered"),
                Step::Refused(error) => return Err(error),
                Step::Fetch(..) | Step::Wait(..) => unreachable!("the keys are there"),
                Step::Import { key, algorithm, .. } => self.verifier.handle_imported(key, algorithm, true),
                Step::Check(check) => {
                    // As WebCrypto sees it: the bytes that we say are signed, and the signature that we decoded.
                    let signature = &self.verifier.signature()[..check.signature_len];
                    let signed = &token.as_bytes()[..check.signing_input_len];
                    let approved = jwt_compact::AlgorithmSignature::try_from_slice(signature)
                        .is_ok_and(|signature| self.algorithm.verify_signature(&signature, &self.verifying, signed));
                    let verified = self.verifier.finish(check.id, approved, now)?;
                    return Ok(verified.text()[..verified.parts().claims].to_owned());
                }
            }
        }
        panic!("no progress");
    }

    /// What jwt-compact makes of it.
    fn theirs(&self, token: &str, now: i64) -> Option<Value> {
        let untrusted = UntrustedToken::new(token).ok()?;
        let token: Token<Map<String, Value>> = self.algorithm.validator(&self.verifying).validate(&untrusted).ok()?;
        let options = TimeOptions::new(Duration::seconds(30), move || instant(now));
        token.claims().validate_expiration(&options).ok()?;
        if token.claims().not_before.is_some() {
            token.claims().validate_maturity(&options).ok()?;
        }
        Some(serde_json::to_value(token.claims()).unwrap())
    }
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example", "aud": ["api", "other"], "sub": "alice", "iat": NOW, "nbf": NOW, "exp": NOW + 600,
        "scope": "a b", "nested": { "list": [1, -2, null, true, "\u{e9}\u{1f600}\n"] }
    })
}

fn agree<A: Algorithm>(mut reference: Reference<A>, name: &str) {
    let token = reference.sign(&claims());
    assert_eq!(Mine::from_name(&reference.algorithm.name()).map(Mine::name), Some(name));
    agree_in_time(&mut reference, &token, name);
    agree_on_changed_tokens(&mut reference, &token);
    look_at_more(&mut reference);
}

/// The same claims, at every instant around those at which the token begins and ends.
fn agree_in_time<A: Algorithm>(reference: &mut Reference<A>, token: &str, name: &str) {
    for around in [NOW, NOW + 600] {
        for now in around - 40..around + 40 {
            // To the second of the tolerance itself, of which each side has its own opinion.
            if (now - around).abs() == 30 {
                continue;
            }
            match (reference.ours(token, now), reference.theirs(token, now)) {
                (Ok(ours), Some(theirs)) => {
                    let ours: Value = serde_json::from_str(&ours).unwrap();
                    for (claim, value) in theirs.as_object().unwrap() {
                        assert_eq!(ours.get(claim), Some(value), "{claim}");
                    }
                }
                (Err(error), None) => {
                    assert!(matches!(error.code(), Code::TokenExpired | Code::TokenNotYetValid), "{error}");
                }
                (ours, theirs) => panic!("{name} at {}: {ours:?}, {theirs:?}", now - around),
            }
        }
    }
}

/// Another character anywhere: both refuse.
fn agree_on_changed_tokens<A: Algorithm>(reference: &mut Reference<A>, token: &str) {
    let (mut both, mut strict) = (0, 0);
    for at in 0..token.len() {
        for character in ['A', '_', '='] {
            let mut other = token.to_owned();
            other.replace_range(at..=at, &character.to_string());
            if other == token {
                continue;
            }
            match (reference.ours(&other, NOW), reference.theirs(&other, NOW)) {
                (Ok(_), None) => panic!("only we take {other}"),
                (Ok(_), Some(_)) => panic!("a changed token is taken: {other}"),
                (Err(_), Some(_)) => strict += 1,
                (Err(_), None) => both += 1,
            }
        }
    }
    assert_eq!(strict, 0);
    assert!(both > 2 * token.len());
}

/// What jwt-compact doesn't look at, and we do.
fn look_at_more<A: Algorithm>(reference: &mut Reference<A>) {
    for (claim, value, code) in [
        ("iss", json!("https://other.example"), Code::TokenIssuer),
        ("aud", json!("other"), Code::TokenAudience),
        ("sub", json!(7), Code::TokenClaim),
        ("cnf", json!({ "jkt": "x" }), Code::TokenClaim),
    ] {
        let mut claims = claims();
        claims[claim] = value;
        let token = reference.sign(&claims);
        assert!(reference.theirs(&token, NOW).is_some());
        assert_eq!(reference.ours(&token, NOW).unwrap_err().code(), code);
    }
}

#[test]
fn es256() {
    let signing = <Es256 as Algorithm>::SigningKey::from_slice(&[7; 32]).unwrap();
    let verifying = signing.to_verifying_key();
    agree(Reference::new(Es256, signing, verifying, Some(&JsonWebKey::from(&verifying))), "ES256");
}

#[test]
fn eddsa() {
    let signing = <Ed25519 as Algorithm>::SigningKey::from_slice(&[7; 32]).unwrap();
    let verifying = signing.to_verifying_key();
    agree(Reference::new(Ed25519, signing.clone(), verifying, Some(&JsonWebKey::from(&verifying))), "Ed25519");
}

#[test]
fn hs256() {
    let key = Hs256Key::new(SECRET);
    agree(Reference::new(Hs256, key.clone(), key, None), "HS256");
}
