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

/// The names of the client's header fields of which something goes on, as lines.
#[wasm_bindgen(js_name = arcForwardNames)]
pub fn arc_forward_names() -> String {
    Forward::names().collect::<Vec<_>>().join("\n")
}

/// The header fields of a request that is sent on, without `Authorization`. `given` are the client's: a line for each name, and
/// behind it one for its value.
#[wasm_bindgen(js_name = arcForwardHeaders)]
pub fn arc_forward_headers(ticket: &str, principal: &str, given: &str) -> Result<String, JsValue> {
    let forward = forward_of(ticket)?;
    let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
    let mut lines = given.split('\n');
    let pairs = std::iter::from_fn(|| lines.next().zip(lines.next()));
    Ok(object_of(&forward.headers(&principal, pairs)))
}

/// Decides on an upstream's answer: nothing where its body is to be read first, else `{ stream: headers }`, `{ slash }`, `{ status,
/// headers }` or `{ reply }`. `body` is what its body says of itself, once it has been read: `version`, `id`, `hasResult`,
/// `hasError`, `code`.
#[wasm_bindgen(js_name = arcJudge)]
#[allow(clippy::needless_pass_by_value, reason = "as it crosses")]
pub fn arc_judge(
    ticket: &str,
    status: u16,
    content_type: Option<String>,
    retry_after: Option<String>,
    body: Option<String>,
    is_passthrough: bool,
) -> Result<Option<String>, JsValue> {
    let forward = forward_of(ticket)?;
    let body = body.as_deref().map(object).transpose()?;
    let body = body.as_ref().map(|body| Body {
        version: body.get("version").and_then(Value::as_str),
        id: body.get("id").and_then(Value::as_str),
        has_result: body.get("hasResult").and_then(Value::as_bool).unwrap_or_default(),
        has_error: body.get("hasError").and_then(Value::as_bool).unwrap_or_default(),
        code: body.get("code").and_then(Value::as_number).map(json::Number::as_f64),
    });
    let answer = Answer { status, content_type: content_type.as_deref(), retry_after: retry_after.as_deref(), body };
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

fn verdict_json(verdict: &Verdict, forward: &Forward) -> Option<String> {
    let members = Members::new();
    let said = match verdict {
        Verdict::Read => return None,
        Verdict::Slash => members.boolean("slash", true),
        Verdict::Stream => members.raw("stream", &object_of(&fields("text/event-stream"))),
        Verdict::Pass(status, headers) => {
            members.integer("status", (*status).into()).raw("headers", &object_of(headers))
        }
        Verdict::Fail(failure) => members.raw("reply", &reply_json(&forward.reply(*failure))),
    };
    Some(said.end())
}
