//! Who is measured: arcgate's Rust API, in the two ways in which programs call it, and jsonwebtoken, which does without WebCrypto.

#![allow(clippy::expect_used, reason = "a bench that can't begin has nothing to measure")]

use std::rc::Rc;

use arcgate::JwtVerifier;
use js_sys::Promise;
use jsonwebtoken::{decode, jwk::Jwk, Algorithm, DecodingKey, Validation};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

/// A verifier and the tokens that it is given.
#[wasm_bindgen]
pub struct Verifying {
    verifier: JwtVerifier,
    tokens: Rc<Vec<String>>,
}

#[wasm_bindgen]
impl Verifying {
    /// With options as JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, tokens: Vec<String>) -> Self {
        let verifier = JwtVerifier::from_json(options).expect("options");
        let tokens = Rc::new(tokens);
        Self { verifier, tokens }
    }

    /// One token, a promise for it: as a request comes to a Worker, its token a string of JavaScript's.
    pub fn one(&self, token: String) -> Promise {
        let verifier = self.verifier.clone();
        future_to_promise(async move {
            let verified = verifier.verify(&token).await.map_err(told)?;
            Ok(JsValue::from(verified.principal().id().len()))
        })
    }

    /// Many tokens in one future.
    pub fn many(&self, from: usize, to: usize) -> Promise {
        let (verifier, tokens) = (self.verifier.clone(), Rc::clone(&self.tokens));
        future_to_promise(async move {
            let mut read = 0;
            for token in tokens.iter().take(to).skip(from) {
                read += verifier.verify(token).await.map_err(told)?.principal().id().len();
            }
            Ok(JsValue::from(read))
        })
    }
}

/// jsonwebtoken with `rust_crypto`: keys and their choice are its user's.
#[wasm_bindgen]
pub struct Decoding {
    key: DecodingKey,
    validation: Validation,
}

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
}

#[wasm_bindgen]
impl Decoding {
    /// With a JWK as JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(jwk: &str, algorithm: &str, issuer: &str, audience: &str) -> Self {
        let jwk: Jwk = serde_json::from_str(jwk).expect("a JWK");
        let mut validation = Validation::new(algorithm.parse::<Algorithm>().expect("an algorithm"));
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        let key = DecodingKey::from_jwk(&jwk).expect("a key");
        Self { key, validation }
    }

    /// One token.
    pub fn one(&self, token: &str) -> Result<usize, JsValue> {
        let decoded = decode::<Claims>(token, &self.key, &self.validation).map_err(|error| told(&error))?;
        Ok(decoded.claims.sub.len())
    }
}

fn told(error: impl std::fmt::Display) -> JsValue {
    JsValue::from(error.to_string())
}
