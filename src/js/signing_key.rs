//! What keys sign with. The keys themselves stay in JavaScript: this gets what they say of themselves, as JSON.

use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{
    config,
    error::Error,
    jose::{
        alg::Algorithm,
        signing_key::{self, CryptoKeyInfo},
    },
    json::{Members, Object, Value},
};

/// What a client's CryptoKey signs with, `wanted` if that is given: `{ name, algorithm }`, the algorithm by its number.
#[wasm_bindgen(js_name = clientSigningKey)]
pub fn client_signing_key(key: &str, wanted: Option<String>) -> Result<String, JsValue> {
    let read = || signing_key::of_client(&info(&config::object(key, "source.privateKey")?), wanted.as_deref());
    written(read())
}

/// What the gate's own CryptoKey signs with; `path` is where it stands in the options.
#[cfg(feature = "gate")]
#[wasm_bindgen(js_name = gateSigningKey)]
pub fn gate_signing_key(path: &str, key: &str) -> Result<String, JsValue> {
    let read = || signing_key::of_crypto_key(path, &info(&config::object(key, path)?));
    written(read())
}

/// What a private JWK signs with; `true` stands in the place of its `d`.
#[cfg(feature = "gate")]
#[wasm_bindgen(js_name = jwkSigningKey)]
pub fn jwk_signing_key(path: &str, jwk: &str) -> Result<String, JsValue> {
    let read = || signing_key::of_jwk(path, &config::object(jwk, path)?);
    written(read())
}

fn info<'a>(key: &'a Object<'_>) -> CryptoKeyInfo<'a> {
    let text = |name| key.get(name).and_then(Value::as_str);
    let flag = |name| key.get(name).and_then(Value::as_bool) == Some(true);
    CryptoKeyInfo {
        is_private: flag("isPrivate"),
        may_sign: flag("maySign"),
        name: text("name").unwrap_or_default(),
        hash: text("hash"),
        curve: text("curve"),
        bits: key.get("bits").and_then(Value::as_number).map(|bits| bits.as_f64() as u32),
    }
}

fn written(algorithm: Result<Algorithm, Error>) -> Result<String, JsValue> {
    let algorithm = algorithm.map_err(|error| thrown(&error))?;
    Ok(Members::new().text("name", algorithm.signing_name()).integer("algorithm", algorithm as i64).end())
}
