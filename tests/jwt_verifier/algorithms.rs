//! Each algorithm, by a token that jose signed (tests/vectors/algorithms.json).

use std::sync::OnceLock;

use arcgate::{Code, JwtVerifier, Provider, Time};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use serde_json::Value;

use crate::world::World;

fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| serde_json::from_str(include_str!("../vectors/algorithms.json")).unwrap())
}

/// A verifier that trusts the key of this algorithm's token, the token, and the world around.
fn trusting(alg: &str) -> (JwtVerifier, String, World) {
    let text = |name: &str| vectors()[name].as_str().unwrap();
    let vector = vectors()["algorithms"].as_array().unwrap().iter().find(|vector| vector["alg"] == alg).unwrap();
    let key = &vector["key"];
    let provider = match key["k"].as_str() {
        Some(secret) => Provider::secret(text("issuer"), URL_SAFE_NO_PAD.decode(secret).unwrap()),
        None => Provider::jwks(text("issuer"), format!(r#"{{"keys":[{key}]}}"#)),
    };
    let world = World::new(vectors()["now"].as_f64().unwrap(), []);
    let builder = JwtVerifier::builder().provider("one", provider.audience(text("audience")));
    (world.around(builder).build().unwrap(), vector["token"].as_str().unwrap().to_owned(), world)
}

async fn is_accepted(alg: &str) {
    let (verifier, token, _) = trusting(alg);
    let verified = verifier.verify(&token).await.unwrap();
    let claims: Value = serde_json::from_str(verified.claims_json()).unwrap();
    assert_eq!(claims["n"], 42);
    assert_eq!(claims["nested"]["deep"], serde_json::json!(["ü", null, true]));
    assert_eq!(verified.scopes(), ["read", "write"]);
    assert_eq!(verified.principal().id(), "user-1");
    assert_eq!(verified.provider(), "one");
    let now = vectors()["now"].as_f64().unwrap();
    assert_eq!(verified.expires_at(), Time::from_millis((now + 300.0) * 1000.0));
}

/// The token with one bit of each of some bytes of its signature turned.
async fn no_other_signature(alg: &str) {
    let (verifier, token, _) = trusting(alg);
    let (head, signature) = token.rsplit_once('.').unwrap();
    let good = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for at in [0, 1, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        let forged = format!("{head}.{}", URL_SAFE_NO_PAD.encode(&bytes));
        assert_eq!(verifier.verify(&forged).await.unwrap_err().code(), Code::TokenSignature, "byte {at}");
    }
}

async fn no_other_claims(alg: &str) {
    let (verifier, token, _) = trusting(alg);
    let mut parts = token.split('.');
    let (head, payload, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap().replace("user-1", "user-2");
    let forged = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims));
    assert_eq!(verifier.verify(&forged).await.unwrap_err().code(), Code::TokenSignature);
    // Before the good one and after it.
    verifier.verify(&token).await.unwrap();
    assert_eq!(verifier.verify(&forged).await.unwrap_err().code(), Code::TokenSignature);
}

async fn no_longer_than_it_lives(alg: &str) {
    let (verifier, token, world) = trusting(alg);
    world.sleep(329.0);
    verifier.verify(&token).await.unwrap();
    world.sleep(1.0);
    assert_eq!(verifier.verify(&token).await.unwrap_err().code(), Code::TokenExpired);
}

macro_rules! each {
    ($($(#[$only:meta])? $name:ident $alg:literal),+ $(,)?) => {
        $($(#[$only])? mod $name {
            crate::tests! {
                async fn is_accepted() { super::is_accepted($alg).await }
                async fn no_other_signature() { super::no_other_signature($alg).await }
                async fn no_other_claims() { super::no_other_claims($alg).await }
                async fn no_longer_than_it_lives() { super::no_longer_than_it_lives($alg).await }
            }
        })+
        const ALL: &[&str] = &[$($alg),+];
    };
}

each! {
    #[cfg(target_arch = "wasm32")] rs256 "RS256",
    #[cfg(target_arch = "wasm32")] rs384 "RS384",
    #[cfg(target_arch = "wasm32")] rs512 "RS512",
    #[cfg(target_arch = "wasm32")] ps256 "PS256",
    #[cfg(target_arch = "wasm32")] ps384 "PS384",
    #[cfg(target_arch = "wasm32")] ps512 "PS512",
    es256 "ES256",
    #[cfg(target_arch = "wasm32")] es384 "ES384",
    #[cfg(target_arch = "wasm32")] es512 "ES512",
    eddsa "EdDSA",
    ed25519 "Ed25519",
    hs256 "HS256",
    hs384 "HS384",
    hs512 "HS512",
}

crate::tests! {
    async fn every_algorithm_has_its_vector() {
        let vectors: Vec<_> = vectors()["algorithms"].as_array().unwrap().iter().map(|one| &one["alg"]).collect();
        assert_eq!(vectors, ALL);
    }
}
