//! The surface of the ARC gate: JSON in, JSON out. `npm/arc/gate/gate.ts` drives it.
//!
//! Nothing of a request stays here between two calls, so a request outlives the instance that admitted it.

use wasm_bindgen::prelude::*;

use super::{
    error::thrown,
    http::{credentials_of, object_of, seconds},
};
use crate::{
    arc::{origin::OriginRules, run, Admission, Decision, Fresh, Gate, Head, Outcome, Reply, Run, Step},
    auth::{
        challenge::stated,
        credential_status::{self, CredentialStatus},
        custom::principal_from_json,
    },
    config::Reader,
    error::{Code, Error},
    jose::claims::missing_scopes,
    json::{self, Members, Object, Value},
    principal::Kind,
    time::Span,
};

/// Throws what is wrong with the configuration of an endpoint.
#[wasm_bindgen(js_name = arcCheck)]
pub fn arc_check(config: &str) -> Result<(), JsValue> {
    Gate::from_json(config).map(drop).map_err(|error| thrown(&error))
}

/// Decides on a request's head: `{ fields, reply }` or `{ fields, scheme, token?, limit }`.
#[wasm_bindgen(js_name = arcHead)]
pub fn arc_head(config: &str, head: &str) -> Result<String, JsValue> {
    let gate = Gate::from_json(config).map_err(|error| thrown(&error))?;
    let head = object(head)?;
    let Admission { fields, step } = gate.head(&head_of(&head));
    let decision = Members::new().raw("fields", &object_of(&fields));
    Ok(match step {
        Step::Reply(reply) => decision.raw("reply", &reply_json(&reply)).end(),
        Step::Authenticate(credentials) => {
            credentials_of(decision, &credentials).integer("limit", gate.max_body_bytes() as i64).end()
        }
    })
}

/// What a route besides the gates tells a request whose Host or Origin is not allowed: `{ status, reason }`, or nothing. `rules`
/// may have `allowedOrigins` and `allowedHosts`.
#[wasm_bindgen(js_name = misdirected)]
pub fn misdirected(rules: &str, scheme: &str, host: &str, origin: Option<String>) -> Result<Option<String>, JsValue> {
    let rules = object(rules)?;
    let mut reader = Reader::new("", &rules);
    let rules = OriginRules::read(&mut reader).map_err(|error| thrown(&error))?;
    Ok(rules.decide(scheme, host, origin.as_deref()).err().map(|misdirected| {
        let (status, reason) = misdirected.answer();
        Members::new().integer("status", status.into()).text("reason", reason).end()
    }))
}

/// The answer to credentials that a verifier refused; the arguments are the error's.
#[wasm_bindgen(js_name = arcRefused)]
pub fn arc_refused(code: &str, retryable: bool, subject: Option<String>, retry_after: Option<f64>) -> String {
    reply_json(&Reply::refused(&stated(code, retryable, subject.as_deref(), retry_after.map(seconds))))
}

/// The answer to a body that grew over the limit while it was read.
#[wasm_bindgen(js_name = arcTooLarge)]
pub fn arc_too_large() -> String {
    reply_json(&Reply::too_large())
}

/// The answer to a body that broke off.
#[wasm_bindgen(js_name = arcBroken)]
pub fn arc_broken() -> String {
    reply_json(&Reply::broken())
}

/// The answer to a body that did not come in time.
#[wasm_bindgen(js_name = arcSlow)]
pub fn arc_slow() -> String {
    reply_json(&Reply::slow())
}

/// The answer to a principal that has too much under way.
#[wasm_bindgen(js_name = arcTooMany)]
pub fn arc_too_many(reason: &str) -> String {
    reply_json(&Reply::too_many(reason))
}

/// What an answer about a credential means: nothing where all is well, else "revoked" or "revocation_unknown". `unknown` is how
/// many milliseconds ago the last answer was, for what runs; before anything begins it is absent.
#[wasm_bindgen(js_name = credentialStatus)]
pub fn credential_status(revoked: Option<bool>, unknown: Option<f64>) -> Option<String> {
    let status = match unknown {
        Some(millis) => CredentialStatus::during(revoked, Span::from_millis(millis as i64)),
        None => CredentialStatus::before(revoked),
    };
    status.name().map(str::to_owned)
}

/// What a verifier that is asked again says with this error: whether the credentials are taken back, or nothing where it can't
/// say. `has_end`: the principal says itself when its token ends.
#[wasm_bindgen(js_name = meansRevoked)]
pub fn means_revoked(code: &str, retryable: bool, has_end: bool) -> Option<bool> {
    // A verifier that says so says it for good.
    let retryable = retryable && code != Code::TokenRevoked.as_str();
    credential_status::means_revoked(stated(code, retryable, None, None).code(), has_end)
}

/// Whether credentials that were let in as `kind` and `key` mean somebody else now, by the key that the verifier gives them.
#[wasm_bindgen(js_name = isSomebodyElse)]
pub fn is_somebody_else(kind: &str, key: &str, key_now: &str) -> bool {
    Kind::from_name(kind).is_none_or(|kind| credential_status::is_somebody_else(kind, key, key_now))
}

/// Whether a scope of `needs` is not among those that are granted: both are lists as JSON.
#[wasm_bindgen(js_name = lacksScopes)]
pub fn lacks_scopes(granted: &str, needs: &str) -> bool {
    let [granted, needs] = [granted, needs].map(|list| json::parse(list.as_bytes()).ok());
    !missing_scopes(&texts_of(granted.as_ref()), texts_of(needs.as_ref()).into_iter()).is_empty()
}

/// Decides on a body: `{ seen, needs, reply }`, `{ seen, needs, agent, input, stream, ticket }`, or `{ seen, needs, forward }`.
/// `principal` is the verifier's, as JSON; `needs` are the scopes that it must have still while this runs.
#[wasm_bindgen(js_name = arcBody)]
pub fn arc_body(config: &str, principal: &str, id: String, now: String, body: &[u8]) -> Result<String, JsValue> {
    let gate = Gate::from_json(config).map_err(|error| thrown(&error))?;
    let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
    let (decision, seen) = gate.body(&principal, body, &Fresh { id, now });
    let seen_members = Members::new()
        .some_text("method", seen.method.as_deref())
        .some_text("requestAgent", seen.request_agent.as_deref())
        .some_text("targetAgent", seen.target_agent.as_deref())
        .some_text("traceId", seen.trace_id.as_deref());
    let members = Members::new().raw("seen", &seen_members.end());
    let members = members.texts("needs", seen.needs.iter().map(String::as_str));
    Ok(match decision {
        Decision::Reply(reply) => members.raw("reply", &reply_json(&reply)).end(),
        Decision::Run(run) => members
            .text("agent", run.agent())
            .raw("input", run.input())
            .boolean("stream", matches!(run.kind(), run::Kind::Chat { stream: true, .. }))
            .text("ticket", &run.ticket())
            .end(),
        Decision::Forward(forward) => members.text("forward", &forward.ticket()).end(),
    })
}

/// The answer of a run. `outcome` is `output`, and `text` the agent's as JSON; `pieces`, and `text` the parts of its result;
/// `flawed`, and `text` the details of the error; or `failed`, `timeout`, `expired`, `revoked`, `revocation_unknown`.
#[wasm_bindgen(js_name = arcReply)]
pub fn arc_reply(ticket: &str, outcome: &str, text: &str, now: &str) -> Result<String, JsValue> {
    ended(ticket, outcome, text, |run, outcome| reply_json(&run.reply(outcome, now)))
}

/// The events that end a stream; the arguments are those of `arcReply`.
#[wasm_bindgen(js_name = arcLastEvents)]
pub fn arc_last_events(ticket: &str, outcome: &str, text: &str) -> Result<String, JsValue> {
    ended(ticket, outcome, text, |run, outcome| run.last_events(outcome))
}

/// The event of a stream that carries this part; empty for none.
#[wasm_bindgen(js_name = arcEvent)]
pub fn arc_event(ticket: &str, part: &str) -> Result<String, JsValue> {
    Ok(run_of(ticket)?.event(part))
}

fn ended<T>(
    ticket: &str,
    outcome: &str,
    text: &str,
    then: impl FnOnce(Run, Outcome<'_, '_>) -> T,
) -> Result<T, JsValue> {
    let run = run_of(ticket)?;
    let value = match outcome {
        "output" => json::parse(text.as_bytes()).ok(),
        _ => None,
    };
    let outcome = match (&value, outcome) {
        (Some(value), _) => Outcome::Output(value),
        (None, "pieces") => Outcome::Pieces(text),
        (None, "flawed") => Outcome::Flawed(text),
        (None, "timeout") => Outcome::TimedOut,
        (None, "expired") => Outcome::TokenExpired,
        (None, "revoked") => Outcome::TokenRevoked,
        (None, "revocation_unknown") => Outcome::Unknown,
        (None, _) => Outcome::Failed,
    };
    Ok(then(run, outcome))
}

fn run_of(ticket: &str) -> Result<Run, JsValue> {
    Run::from_ticket(ticket).ok_or_else(|| thrown(&Error::new(Code::Internal, "a run's ticket is damaged")))
}

pub(super) fn object(text: &str) -> Result<Object<'_>, JsValue> {
    json::parse_object(text.as_bytes())
        .map_err(|problem| thrown(&Error::new(Code::Internal, format!("an argument {problem}"))))
}

/// A request's head, of an object that has its parts.
pub(super) fn head_of<'a>(head: &'a Object<'_>) -> Head<'a> {
    let text = |name| head.get(name).and_then(Value::as_str);
    Head {
        method: text("method").unwrap_or_default(),
        scheme: text("scheme").unwrap_or_default(),
        host: text("host").unwrap_or_default(),
        path: text("path").unwrap_or_default(),
        query: text("query").unwrap_or_default(),
        origin: text("origin"),
        authorization: text("authorization"),
        content_type: text("contentType"),
        content_length: text("contentLength"),
        content_encoding: text("contentEncoding"),
        accept: text("accept"),
        upgrade: text("upgrade"),
    }
}

/// An answer, for the driver: status, headers, body, and what the audit log wants to know.
pub(super) fn reply_json(reply: &Reply) -> String {
    let members = Members::new().integer("status", reply.status.into()).raw("headers", &object_of(&reply.headers));
    let members = match &reply.body {
        Some(body) => members.text("body", body),
        None => members.raw("body", "null"),
    };
    let members = members.text("reason", &reply.reason);
    match reply.code {
        Some(code) => members.integer("arcCode", code.number().into()).end(),
        None => members.end(),
    }
}

/// The texts of a list.
fn texts_of<'v>(list: Option<&'v Value<'_>>) -> Vec<&'v str> {
    list.and_then(Value::as_array).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}
