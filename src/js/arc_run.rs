//! The surface of a run for a request of ARC: what of its agent goes on the wire. `npm/arc/gate/run.ts` drives it.
//!
//! A run comes as its ticket each time: nothing of it stays here while its agent works.

use wasm_bindgen::prelude::*;

use super::{arc::reply_text, error::thrown};
use crate::{
    arc::{Outcome, Run},
    error::{Code, Error},
    json, output,
};

/// The answer of a run whose agent returned this JSON, where it can be passed on: an agent's text may have `most` bytes. Nothing where it
/// can't, and `agentResult` says why.
#[wasm_bindgen(js_name = arcOutput)]
pub fn arc_output(ticket: &str, text: &str, most: f64, now: &str) -> Result<Option<String>, JsValue> {
    let Ok(mended) = output::result(text, most as usize) else { return Ok(None) };
    let text = mended.as_deref().unwrap_or(text);
    ended(ticket, "output", text, |run, outcome| Some(reply_text(&run.reply(outcome, now))))
}

/// The answer of a run. `outcome` is `output`, and `text` the agent's as JSON; `pieces`, and `text` the parts of its result;
/// `flawed`, and `text` the details of the error; or `failed`, `timeout`, `expired`, `revoked`, `revocation_unknown`.
#[wasm_bindgen(js_name = arcReply)]
pub fn arc_reply(ticket: &str, outcome: &str, text: &str, now: &str) -> Result<String, JsValue> {
    ended(ticket, outcome, text, |run, outcome| reply_text(&run.reply(outcome, now)))
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
