//! The surface of what stands between the gate and an upstream. `npm/worker/upstream-auth.ts` and
//! `npm/arc/gate/upstream.ts` drive it.

use wasm_bindgen::prelude::*;

use super::{
    arc::{object, reply_json},
    error::thrown,
    http::object_of,
};
use crate::{
    arc::{
        forward::{Answer, Body, Failure, Verdict},
        reply::fields,
        Forward,
    },
    auth::{assertion, custom::principal_from_json},
    error::{Code, Error},
    json::{self, Members, Value},
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
    let mut seconds = String::new();
    end.write_seconds(&mut seconds);
    Ok(Members::new().text("input", &input).raw("expiresAt", &seconds).end())
}

/// The header fields of a request that is sent on, without `Authorization`. `given` are the client's: a list of name, value,
/// name, value, …
#[wasm_bindgen(js_name = arcForwardHeaders)]
pub fn arc_forward_headers(ticket: &str, principal: &str, given: &str) -> Result<String, JsValue> {
    let forward = forward_of(ticket)?;
    let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
    let given = json::parse(given.as_bytes()).map_err(|_| damaged())?;
    let given: Vec<&str> = given.as_array().unwrap_or_default().iter().filter_map(Value::as_str).collect();
    let pairs = given.chunks_exact(2).filter_map(|pair| match pair {
        [name, value] => Some((*name, *value)),
        _ => None,
    });
    Ok(object_of(&forward.headers(&principal, pairs)))
}

/// Decides on an upstream's answer: `{ read }`, `{ stream: headers }`, `{ slash }`, `{ status, headers }` or `{ reply }`.
/// `answer` has `status`, `contentType`, `retryAfter`, and once it has been read `body`: `version`, `id`, `hasResult`, `hasError`,
/// `code`.
#[wasm_bindgen(js_name = arcJudge)]
pub fn arc_judge(ticket: &str, answer: &str, is_passthrough: bool) -> Result<String, JsValue> {
    let forward = forward_of(ticket)?;
    let answer = object(answer)?;
    let text = |name| answer.get(name).and_then(Value::as_str);
    let body = answer.get("body").and_then(Value::as_object).map(|body| Body {
        version: body.get("version").and_then(Value::as_str),
        id: body.get("id").and_then(Value::as_str),
        has_result: body.get("hasResult").and_then(Value::as_bool).unwrap_or_default(),
        has_error: body.get("hasError").and_then(Value::as_bool).unwrap_or_default(),
        code: body.get("code").and_then(Value::as_number).map(json::Number::as_f64),
    });
    let status = answer.get("status").and_then(Value::as_number).map_or(0.0, json::Number::as_f64) as u16;
    let answer = Answer { status, content_type: text("contentType"), retry_after: text("retryAfter"), body };
    Ok(verdict_json(&forward.judge(&answer, is_passthrough), &forward))
}

/// The answer in the place of an upstream's that failed so.
#[wasm_bindgen(js_name = arcForwardReply)]
pub fn arc_forward_reply(ticket: &str, failure: &str) -> Result<String, JsValue> {
    let failure = Failure::from_name(failure).ok_or_else(damaged)?;
    Ok(reply_json(&forward_of(ticket)?.reply(failure)))
}

/// What of an upstream's credential failed, by the code of the error and whether that may pass: a failure's name.
#[wasm_bindgen(js_name = arcCredentialFailure)]
pub fn arc_credential_failure(code: &str, is_retryable: bool) -> String {
    Failure::of_credential(code, is_retryable).name().to_owned()
}

/// The events in the place of the rest of an upstream's stream that failed so.
#[wasm_bindgen(js_name = arcForwardEvents)]
pub fn arc_forward_events(ticket: &str, failure: &str) -> Result<String, JsValue> {
    let failure = Failure::from_name(failure).ok_or_else(damaged)?;
    Ok(forward_of(ticket)?.last_events(failure))
}

fn forward_of(ticket: &str) -> Result<Forward, JsValue> {
    Forward::from_ticket(ticket).ok_or_else(damaged)
}

fn damaged() -> JsValue {
    thrown(&Error::new(Code::Internal, "what came back about a request that was sent on is damaged"))
}

fn verdict_json(verdict: &Verdict, forward: &Forward) -> String {
    match verdict {
        Verdict::Read => Members::new().boolean("read", true).end(),
        Verdict::Slash => Members::new().boolean("slash", true).end(),
        Verdict::Stream => Members::new().raw("stream", &object_of(&fields("text/event-stream"))).end(),
        Verdict::Pass(status, headers) => {
            Members::new().integer("status", (*status).into()).raw("headers", &object_of(headers)).end()
        }
        Verdict::Fail(failure) => Members::new().raw("reply", &reply_json(&forward.reply(*failure))).end(),
    }
}
