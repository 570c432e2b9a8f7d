//! The surface of what the Worker decides besides its gates: what its log says, and whether a verifier for development may run.
//! `npm/worker/` drives it.

use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{
    arc::scopes,
    audit::{self, Outcome},
    auth::dev,
    http::sse,
    json::Members,
    redact,
    worker_variables::{check_name, is_named_by_id, kind_of, Mode, Principals},
};

/// A text for the log: without the token, where it is known, and without anything that looks like one.
#[wasm_bindgen(js_name = withoutTokens)]
pub fn without_tokens(text: &str, token: Option<String>) -> String {
    redact::without_tokens(text, token.as_deref())
}

/// An error for the log.
#[wasm_bindgen(js_name = loggedError)]
pub fn logged_error(
    kind: &str,
    message: &str,
    cause_kind: Option<String>,
    cause_message: Option<String>,
    token: Option<String>,
) -> String {
    redact::error(kind, message, cause_kind.as_deref().zip(cause_message.as_deref()), token.as_deref())
}

/// What became of a request that got this answer instead of what it asked for.
#[wasm_bindgen(js_name = refusalOutcome)]
pub fn refusal_outcome(status: u16) -> String {
    Outcome::of_refusal(status).as_str().to_owned()
}

/// What became of something that ended so: `{ outcome, reason }`.
#[wasm_bindgen(js_name = endingOutcome)]
pub fn ending_outcome(ending: &str) -> String {
    let (outcome, reason) = audit::ended(ending);
    Members::new().text("outcome", outcome.as_str()).text("reason", reason).end()
}

/// Whether a principal of a verifier for development may be let in; the arguments are those of `auth::dev::may_run`.
#[wasm_bindgen(js_name = mayRunDev)]
pub fn may_run_dev(dev_mode: Option<String>, host: &str, origin: Option<String>, is_proxied: bool) -> bool {
    dev::may_run(dev_mode.as_deref(), host, origin.as_deref(), is_proxied)
}

/// The method of ARC's that a name in ARC_SCOPES was probably meant to be.
#[wasm_bindgen(js_name = methodMeantBy)]
pub fn method_meant_by(name: &str) -> Option<String> {
    scopes::method_meant_by(name).map(str::to_owned)
}

/// How the upstreams know each user, by the names of the Worker's variables that are set and the value of UPSTREAM_AUTH; nothing
/// where there is no upstream. Throws what is wrong with them.
#[wasm_bindgen(js_name = upstreamMode)]
#[allow(clippy::needless_pass_by_value, reason = "as it crosses")]
pub fn upstream_mode(set: Vec<String>, mode: Option<String>) -> Result<Option<String>, JsValue> {
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let mode = Mode::of_variables(&set, mode.as_deref()).map_err(|error| thrown(&error))?;
    Ok(mode.map(|mode| mode.as_str().to_owned()))
}

/// Throws what is wrong with a name in UPSTREAM_TOKENS; `is_static`: it stands in STATIC_TOKENS, beside so many providers.
#[wasm_bindgen(js_name = checkTokenName)]
pub fn check_token_name(name: &str, is_static: bool, providers: u32) -> Result<(), JsValue> {
    check_name(name, Principals { is_static, providers: providers as usize }).map_err(|error| thrown(&error))
}

/// Whether the token that stands at an id is that of the principal of this kind.
#[wasm_bindgen(js_name = isNamedById)]
pub fn js_is_named_by_id(id: &str, kind: &str, is_static: bool, providers: u32) -> bool {
    let known = Principals { is_static, providers: providers as usize };
    kind_of(kind).is_some_and(|kind| is_named_by_id(id, kind, known))
}

/// How many of these bytes stand up to the end of the last whole event of their stream, times four; and in the two lowest bits the
/// `flags` that the next bytes are given with, 0 for the first. Nothing of a stream stays here: it outlives an instance of the module.
#[wasm_bindgen(js_name = splitEvents)]
pub fn split_events(flags: u8, bytes: &[u8]) -> u32 {
    let mut splitter = sse::Splitter::resumed(flags);
    let end = splitter.push(bytes) as u32;
    end << 2 | u32::from(splitter.flags())
}
