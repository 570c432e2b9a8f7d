//! A client that shows who it is by what it signs (RFC 7523), where there is no WebCrypto.
#![cfg(feature = "jwt-compact")]

use arcgate::{
    fetch::Response,
    tokens::{SigningKey, Source},
    Algorithm, Code, TokenManager,
};
use base64::{
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    Engine as _,
};
use jwt_compact::{
    alg::{Ed25519, Es256},
    jwk::JsonWebKey,
    AlgorithmSignature as _,
};

use super::world::{token, World};

// RFC 7515 §A.3.1, and RFC 8037 §A.1.
const P256: &str = r#"{"kty":"EC","crv":"P-256","kid":"of the key","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn source(key: SigningKey) -> Source {
    Source::client_credentials_at("https://i.example/token", "c").private_key(key)
}

/// The assertion of a client whose key this is.
fn assertion(world: &World, source: Source) -> String {
    let manager = TokenManager::new(source, world.options()).unwrap();
    world.end(manager.token()).unwrap();
    let body = world.requests().pop().unwrap().body.unwrap();
    assert!(body.contains("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"));
    body.split_once("client_assertion=").unwrap().1.to_owned()
}

/// What stands in an assertion, once its signature is found good.
fn opened<A: jwt_compact::Algorithm>(algorithm: &A, key: &A::VerifyingKey, assertion: &str) -> (String, String) {
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let signature = A::Signature::try_from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    assert!(algorithm.verify_signature(&signature, key, signed.as_bytes()));
    let mut parts = signed.split('.').map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap());
    (parts.next().unwrap(), parts.next().unwrap())
}

#[test]
fn a_clients_key_signs_for_the_endpoint_and_once() {
    let world = World::default();
    let jwk: JsonWebKey<'_> = serde_json::from_str(P256).unwrap();
    let key: <Es256 as jwt_compact::Algorithm>::VerifyingKey = (&jwk).try_into().unwrap();
    let (header, claims) = opened(&Es256, &key, &assertion(&world, source(SigningKey::from_jwk(P256))));
    assert_eq!(header, r#"{"typ":"JWT","alg":"ES256","kid":"of the key"}"#);
    let claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
    assert_eq!((&claims["iss"], &claims["sub"]), (&"c".into(), &"c".into()));
    assert_eq!(claims["aud"], "https://i.example/token");
    assert_eq!((&claims["iat"], &claims["exp"]), (&1_800_000_000.into(), &1_800_000_060.into()));
    assert_eq!(claims["jti"].as_str().unwrap().len(), 22);

    let named = source(SigningKey::from_jwk(P256)).key_id("k").assertion_audience("urn:x").certificate_sha256("AAA");
    let (header, second) = opened(&Es256, &key, &assertion(&world, named));
    assert_eq!(header, r#"{"typ":"JWT","alg":"ES256","kid":"k","x5t#S256":"AAA"}"#);
    let second: serde_json::Value = serde_json::from_str(&second).unwrap();
    assert_eq!(second["aud"], "urn:x");
    assert_ne!(second["jti"], claims["jti"]);
}

#[test]
fn keys_in_pkcs8_sign_as_their_jwks_do() {
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let mut ed25519 = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    ed25519.extend(decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
    let lines = STANDARD.encode(&ed25519).replace('B', "B\n");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n");
    let jwk: JsonWebKey<'_> = serde_json::from_str(ED25519).unwrap();
    let key: <Ed25519 as jwt_compact::Algorithm>::VerifyingKey = (&jwk).try_into().unwrap();
    for signing in [
        SigningKey::from_jwk(ED25519),
        SigningKey::from_pkcs8(ed25519.clone(), Algorithm::Ed25519),
        SigningKey::from_pem(&pem, Algorithm::Ed25519),
        SigningKey::from_pem(&pem.replace('\n', "\\n"), Algorithm::Ed25519),
    ] {
        let (header, _) = opened(&Ed25519, &key, &assertion(&World::default(), source(signing)));
        assert_eq!(header, r#"{"typ":"JWT","alg":"EdDSA"}"#);
    }

    // With the public key behind it, as openssl writes it.
    let mut p256 = vec![0x30, 0x81, 0x87, 2, 1, 0, 0x30, 0x13];
    p256.extend([6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    p256.extend([4, 0x6d, 0x30, 0x6b, 2, 1, 1, 4, 0x20]);
    p256.extend(decoded("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"));
    p256.extend([0xa1, 0x44, 3, 0x42, 0, 4]);
    p256.extend(decoded("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"));
    p256.extend(decoded("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
    let jwk: JsonWebKey<'_> = serde_json::from_str(P256).unwrap();
    let key: <Es256 as jwt_compact::Algorithm>::VerifyingKey = (&jwk).try_into().unwrap();
    let signing = SigningKey::from_pkcs8(p256.clone(), Algorithm::ES256);
    opened(&Es256, &key, &assertion(&World::default(), source(signing)));
    // Each cut of it is refused, and so is another kind of key.
    for length in 0..p256.len() {
        refused(SigningKey::from_pkcs8(&p256[..length], Algorithm::ES256));
    }
    refused(SigningKey::from_pkcs8(ed25519, Algorithm::ES256));
}

fn refused(key: SigningKey) {
    let world = World::default();
    let error = world.end(TokenManager::new(source(key), world.options()).unwrap().token()).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::Config, Some("private_key")), "{error}");
    assert_eq!(world.asked(), 0);
}

#[test]
fn what_can_not_sign_here_says_so() {
    let n = "n".repeat(342);
    refused(SigningKey::from_jwk(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB","d":"AA"}}"#)));
    refused(SigningKey::from_pkcs8(*b"no DER", Algorithm::RS256));
}

#[test]
fn a_provider_that_tells_the_endpoint_is_named_itself() {
    let world = World::default();
    let metadata = r#"{"issuer":"https://i.example","token_endpoint":"https://i.example/t"}"#;
    world.answer(Response::new(200, metadata));
    world.answer(token("a", 60));
    let source = Source::client_credentials("https://i.example", "c").private_key(SigningKey::from_jwk(ED25519));
    let assertion = assertion(&world, source);
    let claims = assertion.split('.').nth(1).unwrap();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert!(claims.contains(r#""aud":"https://i.example""#), "{claims}");
}
