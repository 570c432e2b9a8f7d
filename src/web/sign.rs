//! WebCrypto: private keys, and what they sign. Called once for each token that a client's key is shown for.

use std::future::Future;

use js_sys::{Array, Promise, Uint8Array, JSON};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{
    scope::member,
    subtle::{unavailable, with, Key},
};
use crate::{
    error::{Code, Error},
    jose::{alg::Algorithm, signing_key},
    platform::sign::PrivateKey,
    tokens::SigningKey,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn sign(algorithm: &JsValue, key: &JsValue, data: &[u8]) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        key: &JsValue,
        algorithm: &JsValue,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;
}

/// See [`crate::platform::Platform::import_private`].
pub(super) fn import_private(
    key: &PrivateKey,
    algorithm: Algorithm,
) -> impl Future<Output = Result<Key, Error>> + Send + use<> {
    let begun = with(algorithm, |parameters| {
        let (format, material) = match key {
            PrivateKey::Jwk(text) => ("jwk", JSON::parse(std::str::from_utf8(text.expose()).unwrap_or_default())?),
            PrivateKey::Pkcs8(der) => ("pkcs8", Uint8Array::from(der.expose()).into()),
            PrivateKey::Imported => ("raw", JsValue::UNDEFINED),
        };
        let usages = Array::of1(&JsValue::from_str("sign"));
        import_key(format, &material, &parameters.import, false, &usages)
    });
    SendWrapper::new(async move {
        let Some(Ok(promise)) = begun else { return Err(unavailable()) };
        let key = JsFuture::from(promise).await.map_err(|_| {
            let message =
                format!("`source.privateKey` is no key that WebCrypto takes for {}", algorithm.signing_name());
            Error::new(Code::Config, message).about("source.privateKey")
        })?;
        Ok(Key::of(key))
    })
}

/// See [`crate::platform::Platform::sign`].
pub(super) fn sign_with(
    key: &Key,
    algorithm: Algorithm,
    data: &[u8],
) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + use<> {
    let begun = with(algorithm, |parameters| sign(&parameters.verify, key.handle(), data));
    SendWrapper::new(async move {
        let Some(Ok(promise)) = begun else { return Err(unavailable()) };
        let signature = JsFuture::from(promise)
            .await
            .map_err(|_| Error::new(Code::Config, "`source.privateKey` does not sign").about("source.privateKey"))?;
        Ok(Uint8Array::new(&signature).to_vec())
    })
}

impl SigningKey {
    /// A CryptoKey, which may be one that can't be exported. It says by itself what it signs.
    pub fn from_crypto_key(key: &web_sys::CryptoKey) -> Self {
        let key: &JsValue = key.as_ref();
        let algorithm = member(key, "algorithm").unwrap_or_default();
        let text = |object: &JsValue, name: &str| member(object, name).and_then(|text| text.as_string());
        let name = text(&algorithm, "name").unwrap_or_default();
        let hash = member(&algorithm, "hash").and_then(|hash| text(&hash, "name"));
        let curve = text(&algorithm, "namedCurve");
        let usages = member(key, "usages").map(|usages| Array::from(&usages)).unwrap_or_default();
        let info = signing_key::CryptoKeyInfo {
            is_private: text(key, "type").as_deref() == Some("private"),
            may_sign: usages.includes(&JsValue::from_str("sign"), 0),
            name: &name,
            hash: hash.as_deref(),
            curve: curve.as_deref(),
            bits: member(&algorithm, "modulusLength").and_then(|bits| bits.as_f64()).map(|bits| bits as u32),
        };
        Self::of_platform(Key::of(key.clone()), signing_key::of_client(&info, None))
    }
}
