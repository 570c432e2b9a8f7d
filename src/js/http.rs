//! The surface of what verifiers and every HTTP front need. `npm/verify/request.ts` and `npm/verify/verifiers.ts` drive it.

use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{
    auth::{
        challenge::{stated, HttpRefusal},
        credentials::{self, Credentials},
        custom::{admit, principal_from_json, required_scopes},
        first_of,
    },
    json::Members,
    secret::Secret,
    time::{Span, Time},
};

/// The credentials of a request as `{ scheme, token? }`; throws what becomes a 400 or 401.
#[wasm_bindgen(js_name = readCredentials)]
pub fn read_credentials(authorization: Option<String>, query: &str) -> Result<String, JsValue> {
    let credentials = credentials::from_request(authorization.as_deref(), query).map_err(|error| thrown(&error))?;
    Ok(credentials_of(Members::new(), &credentials).end())
}

/// What a refused request is told over HTTP: `{ status, headers }`; the arguments are the error's.
#[wasm_bindgen(js_name = httpRefusal)]
pub fn http_refusal(code: &str, retryable: bool, subject: Option<String>, retry_after: Option<f64>) -> String {
    let refusal = HttpRefusal::of(&stated(code, retryable, subject.as_deref(), retry_after.map(seconds)));
    let mut fields = Vec::new();
    fields.extend(refusal.challenge.map(|challenge| ("WWW-Authenticate", challenge)));
    fields.extend(refusal.retry_after.map(|seconds| ("Retry-After", seconds.to_string())));
    Members::new().integer("status", refusal.status.into()).raw("headers", &object_of(&fields)).end()
}

/// The principal that a verifier returned, in the form that everything behind it relies on. With `now` it is let in, or what
/// refuses it is thrown: that it has ended, or lacks a scope of `required`, a list as JSON.
#[wasm_bindgen(js_name = toPrincipal)]
pub fn to_principal(principal: &str, now: Option<f64>, required: Option<String>) -> Result<String, JsValue> {
    let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
    if let Some(now) = now {
        let required =
            required.map_or(Ok(Vec::new()), |list| required_scopes(&list)).map_err(|error| thrown(&error))?;
        let required: Vec<&str> = required.iter().map(String::as_str).collect();
        admit(&principal, &required, Time::from_millis(now)).map_err(|error| thrown(&error))?;
    }
    let mut out = String::new();
    principal.write_json(&mut out);
    Ok(out)
}

/// How much a verifier's error says among those of several; nothing where it ends the asking.
#[wasm_bindgen(js_name = refusalWeight)]
pub fn refusal_weight(code: &str, retryable: bool) -> Option<u8> {
    first_of::weight(code, retryable)
}

/// The hashes of known tokens.
#[wasm_bindgen]
#[derive(Debug)]
pub struct KnownHashes(Vec<Secret>);

#[wasm_bindgen]
impl KnownHashes {
    /// Of hashes that are all of this length and stand one behind the other.
    #[wasm_bindgen(constructor)]
    pub fn new(hashes: &[u8], length: usize) -> Self {
        Self(hashes.chunks_exact(length.max(1)).map(Secret::new).collect())
    }

    /// The place of `needle` among the hashes. Every one is compared, and in constant time.
    pub fn find(&self, needle: &[u8]) -> Option<u32> {
        let mut found = None;
        for (index, hash) in (0..).zip(&self.0) {
            if hash.matches(needle) {
                found = Some(index);
            }
        }
        found
    }
}

pub(super) fn credentials_of(written: Members, credentials: &Credentials) -> Members {
    let token = credentials.token().and_then(|token| std::str::from_utf8(token.expose()).ok());
    written.text("scheme", credentials.scheme()).some_text("token", token)
}

pub(super) fn seconds(seconds: f64) -> Span {
    Span::from_millis((seconds * 1000.0) as i64)
}

/// Header fields as a JSON object.
pub(super) fn object_of(fields: &[(&'static str, String)]) -> String {
    Members::new().all(fields.iter().map(|(name, value)| (*name, value.as_str()))).end()
}
