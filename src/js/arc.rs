//! The surface of the ARC gate: its configuration is read once, and a request is a call for its head, one for its body and one for
//! its answer. `npm/arc/gate/gate.ts` drives it.
//!
//! What is long crosses as it is, on lines of its own behind a line of JSON: a text in a text would be escaped and read again.
//! Nothing of a request stays here between two turns, so a request outlives the instance that admitted it.

use wasm_bindgen::prelude::*;

use super::{
    error::thrown,
    http::{credentials_of, object_of, seconds},
};
use crate::{
    arc::{
        origin::{Fields, OriginRules},
        run, Admission, Decision, Fresh, Gate, Head, Reply, Step,
    },
    auth::{
        challenge::stated,
        credential_status::{self, CredentialStatus},
        credentials::Credentials,
        custom::{self, principal_from_json},
    },
    config::Reader,
    error::{Code, Error},
    json::{self, Members, Object},
    principal::Kind,
    time::Span,
};

/// Throws what is wrong with the configuration of an endpoint.
#[wasm_bindgen(js_name = arcCheck)]
pub fn arc_check(config: &str) -> Result<(), JsValue> {
    Gate::from_json(config).map(drop).map_err(|error| thrown(&error))
}

/// One endpoint of ARC.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ArcGateCore {
    gate: Gate,
    /// Of the last head, until it is fetched.
    decision: String,
}

#[wasm_bindgen]
impl ArcGateCore {
    /// Throws what is wrong with the configuration.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str) -> Result<ArcGateCore, JsValue> {
        Ok(Self { gate: Gate::from_json(config).map_err(|error| thrown(&error))?, decision: String::new() })
    }

    /// A body may be so many bytes long.
    #[wasm_bindgen(getter, js_name = maxBodyBytes)]
    pub fn max_body_bytes(&self) -> f64 {
        self.gate.max_body_bytes() as f64
    }

    /// Decides on a request's head, whose parts are lines: method, scheme, host, path, query; and with a `+` before each that is there
    /// Origin, Content-Type, Content-Length, Content-Encoding, Accept, Authorization. Mostly what comes next is to verify a bearer
    /// token, and nothing is to be said to a browser: then this is where it begins in Authorization. Else it is 0, and `decision`
    /// says what comes.
    pub fn head(&mut self, head: &str) -> u32 {
        let head = head_of(head);
        let Admission { fields, step } = self.gate.head(&head);
        let decision = Members::new().raw("fields", &object_of(&fields));
        self.decision = match &step {
            Step::Reply(reply) => decision.raw("reply", &reply_json(reply)).end(),
            Step::Authenticate(credentials) => match token_place(&fields, credentials) {
                Some(place) => return place,
                None => credentials_of(decision, credentials).end(),
            },
        };
        0
    }

    /// What the last `head` decided: `{ fields, reply }` or `{ fields, scheme, token? }`.
    pub fn decision(&mut self) -> String {
        std::mem::take(&mut self.decision)
    }

    /// Decides on a body. The first line is `{ seen, needs, reply }`, `{ seen, needs, agent, stream, jobId, traceId }` or `{ seen, needs,
    /// forward }`; behind that of a run are the agent's input and the run's ticket, behind the last the ticket. `agent` is the agent's
    /// place in the configuration; `principal` is the verifier's, as JSON; `needs` are the scopes that it must have still while this
    /// runs.
    pub fn body(&self, principal: &str, id: String, now: String, body: &[u8]) -> Result<String, JsValue> {
        let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
        let (decision, seen) = self.gate.body(&principal, body, &Fresh { id, now });
        let seen_members = Members::new()
            .some_text("method", seen.method.as_deref())
            .some_text("requestAgent", seen.request_agent.as_deref())
            .some_text("targetAgent", seen.target_agent.as_deref())
            .some_text("traceId", seen.trace_id.as_deref());
        let members = Members::new().raw("seen", &seen_members.end());
        let members = members.texts("needs", seen.needs.iter().map(String::as_str));
        Ok(match decision {
            Decision::Reply(reply) => members.raw("reply", &reply_json(&reply)).end(),
            Decision::Run(run) => {
                let place = self.gate.agents().iter().position(|agent| agent == run.agent()).unwrap_or_default();
                let head = members
                    .integer("agent", place as i64)
                    .boolean("stream", matches!(run.kind(), run::Kind::Chat { stream: true, .. }))
                    .text("jobId", &run.job_id())
                    .text("traceId", run.trace_id())
                    .end();
                lines([&head, run.input(), &run.ticket()])
            }
            Decision::Forward(forward) => lines([&members.boolean("forward", true).end(), &forward.ticket()]),
        })
    }
}

/// Where the token begins in Authorization, if nothing else is to be known of a head: it is a bearer token, and no browser asks. One
/// space stands between the scheme and the token, or they were refused.
fn token_place(fields: &Fields, credentials: &Credentials) -> Option<u32> {
    let is_plain = fields.len() == 1 && credentials.scheme() == "bearer" && credentials.token().is_some();
    is_plain.then(|| credentials.scheme().len() as u32 + 1)
}

/// Texts that have no line breaks in them: JSON as it is written here has none.
fn lines<const N: usize>(parts: [&str; N]) -> String {
    parts.join("\n")
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
    custom::lacks_scopes(granted, needs)
}

pub(super) fn object(text: &str) -> Result<Object<'_>, JsValue> {
    json::parse_object(text.as_bytes())
        .map_err(|problem| thrown(&Error::new(Code::Internal, format!("an argument {problem}"))))
}

/// A request's head, of the lines of [`ArcGateCore::head`].
fn head_of(text: &str) -> Head<'_> {
    let mut lines = text.splitn(11, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let [method, scheme, host, path, query] = [line(), line(), line(), line(), line()];
    let mut field = || line().strip_prefix('+');
    let [origin, content_type, content_length] = [field(), field(), field()];
    let [content_encoding, accept, authorization] = [field(), field(), field()];
    Head {
        method,
        scheme,
        host,
        path,
        query,
        origin,
        authorization,
        content_type,
        content_length,
        content_encoding,
        accept,
        upgrade: None,
    }
}

/// An answer, for the driver: its status and the rest of it as JSON, and on the next line its body, where it has one.
pub(super) fn reply_text(reply: &Reply) -> String {
    let head = reply_head(reply).end();
    match &reply.body {
        Some(body) => lines([&head, body]),
        None => head,
    }
}

/// An answer, for the driver: status, headers, body, and what the audit log wants to know.
pub(super) fn reply_json(reply: &Reply) -> String {
    match &reply.body {
        Some(body) => reply_head(reply).text("body", body).end(),
        None => reply_head(reply).raw("body", "null").end(),
    }
}

fn reply_head(reply: &Reply) -> Members {
    let members = Members::new().integer("status", reply.status.into()).raw("headers", &object_of(&reply.headers));
    let members = members.text("reason", &reply.reason);
    match reply.code {
        Some(code) => members.integer("arcCode", code.number().into()),
        None => members,
    }
}
