//! What an agent says, as it is checked: `npm/worker/agent-run.ts` and `npm/worker/agent-output.ts` hand it in.

use wasm_bindgen::prelude::*;

use crate::{
    arc::agent_event,
    json::Members,
    output::{self, Flaw, Of},
};

/// Reads an agent's event, the `number`th: `{ memory, part?, isPiece? }`, or `{ flaw }`, the details of the error. `text` is what
/// JavaScript's writer made of it, of this `kind`; where it made nothing, `thrown` and `bytes` are as in npm/worker/agent-run.ts. `memory`
/// is the last event's.
#[wasm_bindgen(js_name = agentEvent)]
pub fn agent_event(
    text: Option<String>,
    kind: Option<String>,
    thrown: Option<String>,
    bytes: Option<f64>,
    number: f64,
    memory: &str,
) -> String {
    let number = number as u64;
    let read = match &text {
        Some(text) => agent_event::read(text, kind.as_deref(), number, memory),
        None => {
            let flaw = unwritten(thrown.as_deref(), bytes, agent_event::MAX_EVENT);
            Err(agent_event::flawed(Of::Event(number, kind.as_deref()), flaw))
        }
    };
    match read {
        Ok(event) => {
            let members = Members::new().text("memory", &event.memory).text("part", &event.part);
            members.boolean("isPiece", event.is_piece).end()
        }
        Err(flaw) => Members::new().raw("flaw", &flaw).end(),
    }
}

/// Reads what an agent returned: nothing where it goes on as it is, `{ text }` where it goes on as this, or `{ flaw }`. The
/// arguments are as for `agentEvent`; `most` is how many bytes there may be.
#[wasm_bindgen(js_name = agentResult)]
pub fn agent_result(text: Option<String>, thrown: Option<String>, bytes: Option<f64>, most: f64) -> Option<String> {
    let most = most as usize;
    let read = match &text {
        Some(text) => output::result(text, most),
        None => Err(unwritten(thrown.as_deref(), bytes, most)),
    };
    match read {
        Ok(mended) => mended.map(|text| Members::new().text("text", &text).end()),
        Err(flaw) => Some(Members::new().raw("flaw", &agent_event::flawed(Of::Result, flaw)).end()),
    }
}

fn unwritten(thrown: Option<&str>, bytes: Option<f64>, most: usize) -> Flaw {
    bytes.map_or_else(|| Flaw::of_writer(thrown), |bytes| Flaw::TooLarge { bytes: bytes as usize, most })
}

/// An event may be so many bytes long, as JSON.
#[wasm_bindgen(js_name = agentEventBytes)]
pub fn agent_event_bytes() -> f64 {
    agent_event::MAX_EVENT as f64
}

/// The part that stands for the half of a character that no piece completed; empty where none waits.
#[wasm_bindgen(js_name = agentRest)]
pub fn agent_rest(memory: &str) -> String {
    agent_event::rest(memory)
}

/// The details of the error about a result whose pieces have too many bytes together.
#[wasm_bindgen(js_name = agentTooLarge)]
pub fn agent_too_large(bytes: f64, most: f64) -> String {
    agent_event::flawed(Of::Result, Flaw::TooLarge { bytes: bytes as usize, most: most as usize })
}
