//! WebCrypto: keys and signatures. `npm/verify/webcrypto.js` is its like for the package.
//!
//! What is called for each token builds no object and reads no member: `crypto.subtle` is in the binding, the algorithms' parameters
//! are made once, and signature and text are views of this module's memory, which WebCrypto copies before it returns.

use std::{
    cell::OnceCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use js_sys::{Array, Promise, JSON};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::verdict::{Promised, Verdict};
use crate::{
    error::{Code, Error},
    jose::{
        alg::{Algorithm, Family},
        jwk::Jwk,
    },
    json::Members,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn verify(algorithm: &JsValue, key: &JsValue, signature: &[u8], data: &[u8]) -> Result<Promised, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_jwk(
        format: &str,
        key: &JsValue,
        algorithm: &JsValue,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_raw(
        format: &str,
        key: &[u8],
        algorithm: &JsValue,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;
}

/// A CryptoKey.
#[derive(Clone)]
pub(crate) struct Key(SendWrapper<JsValue>);

impl Key {
    /// One that WebCrypto gave.
    pub(super) fn of(handle: JsValue) -> Self {
        Self(SendWrapper::new(handle))
    }

    /// The handle.
    pub(super) fn handle(&self) -> &JsValue {
        &self.0
    }
}

/// A check that was begun.
pub(crate) struct Check(SendWrapper<Result<Verdict, Option<Error>>>);

impl Future for Check {
    type Output = Result<bool, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self.0 {
            Ok(verdict) => Pin::new(verdict).poll(context).map(|verdict| verdict.ok_or_else(failed)),
            Err(error) => Poll::Ready(Err(error.take().unwrap_or_else(failed))),
        }
    }
}

/// See [`crate::platform::Platform::check`].
pub(super) fn check(key: &Key, algorithm: Algorithm, signature: &[u8], data: &[u8]) -> Check {
    let begun = with(algorithm, |parameters| verify(&parameters.verify, &key.0, signature, data));
    Check(SendWrapper::new(match begun {
        Some(Ok(promised)) => Ok(Verdict::of(&promised)),
        _ => Err(Some(unavailable())),
    }))
}

/// See [`crate::platform::Platform::import`].
pub(super) fn import(
    key: &Jwk,
    algorithm: Algorithm,
) -> impl Future<Output = Result<Option<Key>, Error>> + Send + use<> {
    let begun = with(algorithm, |parameters| {
        let usages = Array::of1(&JsValue::from_str("verify"));
        match key.secret() {
            Some(secret) => import_raw("raw", secret.expose(), &parameters.import, false, &usages),
            None => {
                let jwk = JSON::parse(&key.to_import_jwk().unwrap_or_default())?;
                import_jwk("jwk", &jwk, &parameters.import, false, &usages)
            }
        }
    });
    SendWrapper::new(async move {
        // What can't even be called is not there. A key that is not good is a promise's refusal.
        let Some(Ok(promise)) = begun else { return Err(unavailable()) };
        Ok(JsFuture::from(promise).await.ok().map(Key::of))
    })
}

pub(super) fn unavailable() -> Error {
    let message = "there is no WebCrypto here (`crypto.subtle`): pages have it on https and on localhost only";
    Error::new(Code::Config, message)
}

fn failed() -> Error {
    Error::new(Code::Internal, "WebCrypto did not check the signature")
}

/// An algorithm in WebCrypto's terms.
pub(super) struct Parameters {
    /// What a key is imported for.
    pub(super) import: JsValue,
    /// What a signature is made and checked with.
    pub(super) verify: JsValue,
}

thread_local! {
    static PARAMETERS: [OnceCell<Parameters>; Algorithm::ALL.len()] = const { [const { OnceCell::new() }; Algorithm::ALL.len()] };
}

/// With the parameters of an algorithm, which are made once.
pub(super) fn with<T>(algorithm: Algorithm, work: impl FnOnce(&Parameters) -> T) -> Option<T> {
    PARAMETERS.with(|all| all.get(algorithm as usize).map(|own| work(own.get_or_init(|| Parameters::of(algorithm)))))
}

impl Parameters {
    fn of(algorithm: Algorithm) -> Self {
        let (name, rest) = algorithm.name().split_at_checked(2).unwrap_or_default();
        let hash = match rest {
            "384" => "SHA-384",
            "512" => "SHA-512",
            _ => "SHA-256",
        };
        let with_hash = |name: &str| object(name, "hash", hash);
        match algorithm.family() {
            Family::Hmac => Self { import: with_hash("HMAC"), verify: "HMAC".into() },
            Family::RsaPkcs1 => Self { import: with_hash("RSASSA-PKCS1-v1_5"), verify: "RSASSA-PKCS1-v1_5".into() },
            Family::RsaPss => {
                // RFC 7518 §3.5: the salt is as long as the hash.
                let salt = match hash {
                    "SHA-384" => "48",
                    "SHA-512" => "64",
                    _ => "32",
                };
                let verify = Members::new().text("name", "RSA-PSS").raw("saltLength", salt).end();
                Self { import: with_hash("RSA-PSS"), verify: parsed(&verify) }
            }
            Family::Ecdsa { coordinate } => {
                debug_assert_eq!(name, "ES");
                let curve = match coordinate {
                    48 => "P-384",
                    66 => "P-521",
                    _ => "P-256",
                };
                Self { import: object("ECDSA", "namedCurve", curve), verify: with_hash("ECDSA") }
            }
            Family::EdDsa => Self { import: "Ed25519".into(), verify: "Ed25519".into() },
        }
    }
}

fn object(name: &str, other: &str, value: &str) -> JsValue {
    parsed(&Members::new().text("name", name).text(other, value).end())
}

fn parsed(json: &str) -> JsValue {
    // It is ours, and sound.
    JSON::parse(json).unwrap_or_default()
}
