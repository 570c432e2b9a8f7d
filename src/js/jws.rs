//! `verifyJws`: one JWS, keys that the caller hands over, no claims.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{jose::jws_verify::JwsVerification, json};

/// A JWS with the keys that fit it, ready for WebCrypto.
#[wasm_bindgen]
#[derive(Debug)]
pub struct JwsCheck {
    check: JwsVerification,
}

#[wasm_bindgen]
impl JwsCheck {
    /// Reads a JWS and chooses the key. `keys` is a JWK or a JWKS as JSON, `algorithms` a list as JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(jws: &str, keys: &str, algorithms: &str) -> Result<JwsCheck, JsValue> {
        let check = JwsVerification::new(jws.as_bytes(), keys.as_bytes(), algorithms.as_bytes())
            .map_err(|error| thrown(&error))?;
        Ok(Self { check })
    }

    /// The algorithm's number.
    pub fn algorithm(&self) -> u32 {
        self.check.algorithm() as u32
    }

    /// How many keys there are to try, in their order.
    pub fn keys(&self) -> u32 {
        self.check.keys().len() as u32
    }

    /// A key as a JWK for WebCrypto; `undefined` for a secret.
    pub fn jwk(&self, index: u32) -> Option<String> {
        self.check.keys().get(index as usize)?.to_import_jwk()
    }

    /// The bytes of a secret key.
    pub fn secret(&self, index: u32) -> Option<Uint8Array> {
        self.check.keys().get(index as usize)?.secret().map(|secret| Uint8Array::from(secret.expose()))
    }

    /// The signature.
    pub fn signature(&self) -> Vec<u8> {
        self.check.signature().to_vec()
    }

    /// How many bytes of the JWS are signed.
    #[wasm_bindgen(js_name = signingInputLen)]
    pub fn signing_input_len(&self) -> u32 {
        self.check.signing_input_len() as u32
    }

    /// The header as JSON; to be shown only once the signature was approved.
    pub fn header(&self) -> String {
        let mut out = String::new();
        if let Ok(header) = json::parse(self.check.header_text()) {
            header.write(&mut out);
        }
        out
    }

    /// The payload; to be shown only once the signature was approved.
    pub fn payload(&self) -> Vec<u8> {
        self.check.payload().to_vec()
    }
}
