//! The surface of what stands between the gate and an upstream. `npm/upstream-auth.js` drives it.

use wasm_bindgen::prelude::*;

use super::{arc::object, error::thrown};
use crate::{
    auth::{assertion, custom::principal_from_json},
    json::{write_string, Value},
    time::Time,
};

/// What the gate signs for a principal: `{ input, expiresAt }`. `signer` has `algorithm`, `keyId`, `issuer` and `audience`.
#[wasm_bindgen(js_name = upstreamAssertion)]
pub fn upstream_assertion(signer: &str, principal: &str, jti: &str, now: f64) -> Result<String, JsValue> {
    let signer = object(signer)?;
    let text = |name| signer.get(name).and_then(Value::as_str);
    let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
    let signer = assertion::Signer {
        algorithm: text("algorithm").unwrap_or_default(),
        key_id: text("keyId"),
        issuer: text("issuer").unwrap_or_default(),
        audience: text("audience").unwrap_or_default(),
    };
    let (input, end) = assertion::input(&signer, &principal, jti, Time::from_millis(now));
    let mut out = String::from("{\"input\":");
    write_string(&mut out, &input);
    out.push_str(",\"expiresAt\":");
    end.write_seconds(&mut out);
    out.push('}');
    Ok(out)
}
