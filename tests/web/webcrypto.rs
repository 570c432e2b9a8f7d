//! The package's own JavaScript, which gives WebCrypto key, signature and data.

use arcgate::sans_io::jose::{alg::Algorithm, jwk::Jwk};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::vectors::Signatures;

#[wasm_bindgen(module = "/npm/verify/webcrypto.js")]
extern "C" {
    #[wasm_bindgen(js_name = importKey, catch)]
    pub(crate) fn import_key(algorithm: u32, jwk: Option<String>, secret: Option<Vec<u8>>) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = checkSignature, catch)]
    pub(crate) fn check_signature(
        algorithm: u32,
        key: &JsValue,
        signature: &[u8],
        data: &[u8],
    ) -> Result<Promise, JsValue>;
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The package.
pub(crate) struct Package;

impl Signatures for Package {
    type Key = JsValue;

    async fn import(&self, algorithm: Algorithm, key: &Jwk) -> Option<JsValue> {
        let secret = key.secret().map(|secret| secret.expose().to_vec());
        match import_key(algorithm as u32, key.to_import_jwk(), secret) {
            Ok(promise) => JsFuture::from(promise).await.ok(),
            Err(_) => None,
        }
    }

    async fn check(&self, algorithm: Algorithm, key: &JsValue, signature: &[u8], data: &[u8]) -> bool {
        let answer = check_signature(algorithm as u32, key, signature, data).unwrap();
        JsFuture::from(answer).await.unwrap().as_bool().unwrap()
    }
}
