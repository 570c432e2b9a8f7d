//! A client's key, in WebCrypto's hands.

use arcgate::{
    tokens::{SigningKey, Source},
    Algorithm, Code, TokenManager,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array, JSON};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use super::World;

/// `crypto.subtle`, by its names.
async fn subtle(name: &str, arguments: &[JsValue]) -> JsValue {
    let member = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap();
    let subtle = member(&member(&js_sys::global(), "crypto"), "subtle");
    let function: Function = member(&subtle, name).unchecked_into();
    let promise: Promise = function.apply(&subtle, &arguments.iter().collect::<Array>()).unwrap().unchecked_into();
    JsFuture::from(promise).await.unwrap()
}

async fn claims_of(key: SigningKey, public: &JsValue, algorithm: &JsValue) -> String {
    let world = World::of(60);
    let source = Source::client_credentials_at("https://i.example/token", "c").private_key(key);
    let manager = TokenManager::new(source, world.options()).unwrap();
    assert_eq!(manager.token().await.unwrap(), "a1");
    // The next one is signed by the same key, which is imported no more.
    manager.invalidate("a1");
    assert_eq!(manager.token().await.unwrap(), "a2");
    let body = world.body(1);
    let assertion = body.split_once("client_assertion=").unwrap().1;
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let signature = Uint8Array::from(&URL_SAFE_NO_PAD.decode(signature).unwrap()[..]);
    let data = Uint8Array::from(signed.as_bytes());
    let verdict = subtle("verify", &[algorithm.clone(), public.clone(), signature.into(), data.into()]).await;
    assert_eq!(verdict.as_bool(), Some(true));
    signed.to_owned()
}

#[wasm_bindgen_test]
async fn every_kind_of_key_signs_as_jwk_as_pkcs8_and_as_cryptokey() {
    for (algorithm, generate, verify) in [
        (Algorithm::ES256, r#"{"name":"ECDSA","namedCurve":"P-256"}"#, r#"{"name":"ECDSA","hash":"SHA-256"}"#),
        (Algorithm::ES384, r#"{"name":"ECDSA","namedCurve":"P-384"}"#, r#"{"name":"ECDSA","hash":"SHA-384"}"#),
        (Algorithm::Ed25519, r#"{"name":"Ed25519"}"#, r#"{"name":"Ed25519"}"#),
        (Algorithm::RS256, r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#, r#"{"name":"RSASSA-PKCS1-v1_5"}"#),
        (Algorithm::PS256, r#"{"name":"RSA-PSS","hash":"SHA-256"}"#, r#"{"name":"RSA-PSS","saltLength":32}"#),
    ] {
        let generated: Object = JSON::parse(generate).unwrap().unchecked_into();
        if generate.contains("RSA") {
            Reflect::set(&generated, &"modulusLength".into(), &2048.into()).unwrap();
            let exponent = Uint8Array::from(&[1, 0, 1][..]);
            Reflect::set(&generated, &"publicExponent".into(), &exponent.into()).unwrap();
        }
        let usages = Array::of2(&"sign".into(), &"verify".into());
        let pair = subtle("generateKey", &[generated.into(), true.into(), usages.into()]).await;
        let [private, public] = ["privateKey", "publicKey"].map(|name| Reflect::get(&pair, &name.into()).unwrap());
        let jwk = subtle("exportKey", &["jwk".into(), private.clone()]).await;
        Reflect::set(&jwk, &"alg".into(), &algorithm.signing_name().into()).unwrap();
        // It was exported as one that signs.
        let jwk = String::from(JSON::stringify(&jwk).unwrap());
        let der = Uint8Array::new(&subtle("exportKey", &["pkcs8".into(), private.clone()]).await).to_vec();
        let verify = JSON::parse(verify).unwrap();
        for key in [
            SigningKey::from_jwk(&jwk),
            SigningKey::from_pkcs8(der, algorithm),
            SigningKey::from_crypto_key(private.unchecked_ref()),
        ] {
            let signed = claims_of(key, &public, &verify).await;
            let header = URL_SAFE_NO_PAD.decode(signed.split('.').next().unwrap()).unwrap();
            let name = format!(r#""alg":"{}""#, algorithm.signing_name());
            assert!(String::from_utf8(header).unwrap().contains(&name));
        }
        let error = TokenManager::new(
            Source::client_credentials("https://i.example", "c")
                .private_key(SigningKey::from_crypto_key(public.unchecked_ref())),
            World::of(60).options(),
        )
        .unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::Config, Some("private_key")));
    }
}

#[wasm_bindgen_test]
async fn a_key_that_webcrypto_refuses_is_told_and_nobody_is_asked() {
    let world = World::of(60);
    let key = SigningKey::from_pkcs8(*b"no DER", Algorithm::ES256);
    let source = Source::client_credentials_at("https://i.example/token", "c").private_key(key);
    let manager = TokenManager::new(source, world.options()).unwrap();
    let error = manager.token().await.unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::Config, Some("private_key")));
    assert_eq!(world.asked(), 0);
}
