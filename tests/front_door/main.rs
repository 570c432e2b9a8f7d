//! What a program on a host has in its hands: verifiers of keys that are fixed, and tokens that they accept, by each algorithm that
//! there is without WebCrypto.
#![cfg(all(not(target_arch = "wasm32"), feature = "jwt-compact"))]

use std::{
    future::Future,
    pin::pin,
    ptr,
    task::{Context, Poll, Waker},
};

use arcgate::{Algorithm, Code, Error, JwtVerifier, Provider, Time, VerifiedToken};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use jwt_compact::{
    alg::{Ed25519, Es256, Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key, SigningKey},
    jwk::JsonWebKey,
    AlgorithmExt, Claims, Header,
};
use serde_json::{json, Value};

const ISSUER: &str = "https://issuer.example";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("with fixed keys there is nothing to wait for");
}

fn claims(more: Value) -> Claims<Value> {
    let mut claims =
        json!({ "iss": ISSUER, "aud": "api", "sub": "ann", "iat": 1000, "exp": 2000.5, "scope": "read write" });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Claims::new(claims)
}

fn built(provider: Provider) -> JwtVerifier {
    let provider = provider.audience("api");
    JwtVerifier::builder().provider("main", provider).clock(|| Time::from_millis(1_500_000.0)).build().unwrap()
}

fn verified(provider: fn(Provider) -> Provider, more: Value) -> Result<VerifiedToken, Error> {
    let token = Hs256.token(&Header::empty().with_key_id("k"), &claims(more), &Hs256Key::new([7; 32])).unwrap();
    block_on(built(provider(Provider::secret(ISSUER, [7; 32]))).verify(&token))
}

/// A set of one public key.
fn set<'a>(key: impl Into<JsonWebKey<'a>>) -> String {
    json!({ "keys": [key.into()] }).to_string()
}

/// The token with one bit of its signature turned.
fn bent(token: &str) -> String {
    let (head, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[9] ^= 4;
    format!("{head}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn each_algorithm_verifies_its_own_tokens_and_no_others() {
    let (claims, header) = (claims(json!({})), Header::empty());
    let es256 = <Es256 as jwt_compact::Algorithm>::SigningKey::from_slice(&[9; 32]).unwrap();
    let ed25519 = <Ed25519 as jwt_compact::Algorithm>::SigningKey::from_slice(&[9; 32]).unwrap();
    let es256_set = set(&SigningKey::<Es256>::to_verifying_key(&es256));
    let ed25519_set = set(&SigningKey::<Ed25519>::to_verifying_key(&ed25519));
    let secret = [7; 64];
    let tokens = [
        (Algorithm::HS256, Hs256.token(&header, &claims, &Hs256Key::new(secret)).unwrap()),
        (Algorithm::HS384, Hs384.token(&header, &claims, &Hs384Key::new(secret)).unwrap()),
        (Algorithm::HS512, Hs512.token(&header, &claims, &Hs512Key::new(secret)).unwrap()),
        (Algorithm::ES256, Es256.token(&header, &claims, &es256).unwrap()),
        (Algorithm::Ed25519, Ed25519.token(&header, &claims, &ed25519).unwrap()),
    ];
    for (at, (algorithm, token)) in tokens.iter().enumerate() {
        let provider = match at {
            0..=2 => Provider::secret(ISSUER, secret),
            3 => Provider::jwks(ISSUER, &es256_set),
            _ => Provider::jwks(ISSUER, &ed25519_set),
        };
        let verifier = built(provider.algorithms([*algorithm]));
        for _ in 0..2 {
            let verified = block_on(verifier.verify(token)).unwrap();
            assert_eq!(verified.header().algorithm, Some(*algorithm));
        }
        assert_eq!(block_on(verifier.verify(&bent(token))).unwrap_err().code(), Code::TokenSignature, "{algorithm}");
        for (other, token) in tokens.iter().filter(|(other, _)| other != algorithm) {
            let code = block_on(verifier.verify(token)).unwrap_err().code();
            assert_eq!(code, Code::TokenAlgorithm, "{other} for {algorithm}");
        }
    }
}

#[test]
fn what_a_token_says() {
    let more = json!({ "tid": "t-1", "level": 2, "groups": ["a", 7, "b"], "address": { "country": "AT" } });
    let token = verified(|p| p.label("tenant", "tid").label("level", "level").label("none", "x"), more).unwrap();
    assert_eq!((token.provider(), token.principal().id(), token.principal().issuer()), ("main", "ann", Some(ISSUER)));
    let labels = [("tenant".to_owned(), "t-1".to_owned()), ("level".to_owned(), "2".to_owned())];
    assert_eq!(token.principal().labels(), labels);
    assert_eq!(token.scopes(), ["read", "write"]);
    assert!(token.has_scopes(&["write"]) && !token.has_scopes(&["write", "admin"]));
    assert_eq!(token.require_scopes(&["write", "admin"]).unwrap_err().subject(), Some("admin"));
    assert!(token.require_scopes(&["read"]).is_ok());
    assert_eq!(token.expires_at(), Time::from_millis(2_000_500.0));
    assert_eq!(token.principal().expires_at(), Some(token.expires_at()));
    assert_eq!(token.claim_str("/address/country").as_deref(), Some("AT"));
    assert_eq!((token.claim_str("level"), token.claim_str("nothing")), (None, None));
    assert_eq!(
        (token.claim_list("groups"), token.claim_list("tid")),
        (vec!["a".into(), "b".into()], vec!["t-1".into()])
    );
    let header = token.header();
    assert_eq!((header.key_id.as_deref(), header.typ), (Some("k"), None));
    assert!(!token.is_long_lived());
    let read: Value = token.claims().unwrap();
    assert_eq!((&read["address"]["country"], &read["exp"]), (&json!("AT"), &json!(2000.5)));
    let compact = token.to_jwt_compact::<Value>().unwrap();
    assert_eq!(compact.expiration.map(|end| end.timestamp()), Some(2000));
    assert_eq!((compact.custom["sub"].as_str(), compact.custom.get("exp")), (Some("ann"), None));
    #[derive(Debug, serde::Deserialize)]
    struct Wanted {
        #[serde(rename = "groups")]
        _groups: Vec<String>,
    }
    let misfit = token.claims::<Wanted>().unwrap_err();
    assert_eq!((misfit.code(), misfit.subject()), (Code::TokenClaim, Some("groups[1]")));
    let shown = format!("{token:?}");
    assert!(shown.contains("main") && !shown.contains("t-1") && !shown.contains("AT"), "{shown}");
}

#[test]
fn a_token_s_principal_is_made_once() {
    let verifier = built(Provider::secret(ISSUER, [7; 32]));
    let token = Hs256.token(&Header::empty(), &claims(json!({})), &Hs256Key::new([7; 32])).unwrap();
    let (one, other) = (block_on(verifier.verify(&token)).unwrap(), block_on(verifier.clone().verify(&token)).unwrap());
    assert!(ptr::eq(one.principal(), other.principal()));
    assert_eq!(one.principal().key(), format!("jwt|{ISSUER}|ann"));
}

#[test]
fn a_tenant_s_principal_has_the_tenant_s_issuer() {
    let template = "https://login.example/{tenantid}/v2.0";
    let provider = Provider::secret(template, [7; 32]).tenants(["t-1"]);
    let more = json!({ "iss": "https://login.example/t-1/v2.0", "tid": "t-1", "sub": "a|b" });
    let token = Hs256.token(&Header::empty(), &claims(more), &Hs256Key::new([7; 32])).unwrap();
    let verified = block_on(built(provider).verify(&token)).unwrap();
    assert_eq!(verified.principal().issuer(), Some("https://login.example/t-1/v2.0"));
    assert_eq!(verified.principal().key(), "jwt|https://login.example/t-1/v2.0|a%7Cb");
}

#[test]
fn refusals_name_the_builder_s_methods() {
    for (more, code, hint) in [
        (json!({ "aud": null }), Code::TokenAudience, "`any_audience`"),
        (json!({ "iat": null }), Code::TokenClaim, "`optional_claims`"),
        (json!({ "scope": null, "roles": ["read"] }), Code::TokenScope, "`scope_claims`"),
    ] {
        let error = verified(|provider| provider.required_scopes(["read"]), more).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(hint), "{error}");
    }
}
