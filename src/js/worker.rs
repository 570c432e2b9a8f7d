//! The surface of what the Worker decides besides its gates: what its log says, and whether a verifier for development may run.
//! `npm/worker/` drives it.

use wasm_bindgen::prelude::*;

use crate::{
    audit::{self, Outcome},
    auth::dev,
    http::sse,
    json::Members,
    redact,
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

/// Says where the events of a stream end.
#[wasm_bindgen]
#[derive(Debug)]
pub struct EventSplitter {
    splitter: sse::Splitter,
    limit: usize,
}

#[wasm_bindgen]
impl EventSplitter {
    /// An event may have so many bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(limit: f64) -> Self {
        Self { splitter: sse::Splitter::new(), limit: limit as usize }
    }

    /// How many of the bytes stand up to the end of the last whole event.
    pub fn push(&mut self, bytes: &[u8]) -> u32 {
        self.splitter.push(bytes) as u32
    }

    /// Whether the event that waits for its end is too long.
    #[wasm_bindgen(getter, js_name = isTooLong)]
    pub fn is_too_long(&self) -> bool {
        self.splitter.open_bytes() > self.limit
    }
}
