//! The surface of the ARC client: JSON in, JSON out, and one object for each stream. `npm/arc/client/client.ts` drives it.

use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{
    arc::client::{decode, events, request, Event, Expected, Failure, Head, Limits, Meaning, Seen},
    config::Reader,
    jose::url::PlainHosts,
    json,
};

/// Throws what is wrong with where requests go, or in whose name. `options` has `insecureHosts`, as JSON.
#[wasm_bindgen(js_name = arcClientCheck)]
pub fn arc_client_check(endpoint: &str, request_agent: &str, options: &str) -> Result<(), JsValue> {
    let options = json::object_of(options).unwrap_or_default();
    let mut reader = Reader::new("", &options);
    PlainHosts::read(&mut reader)
        .and_then(|hosts| request::check(endpoint, request_agent, &hosts))
        .and_then(|()| reader.finish())
        .map_err(|error| thrown(&error))
}

/// The body of a request; `params` is a JSON object as text.
#[wasm_bindgen(js_name = arcRequest)]
pub fn arc_request(
    method: &str,
    id: &str,
    request_agent: &str,
    target_agent: &str,
    trace_id: Option<String>,
    params: &str,
) -> Result<String, JsValue> {
    let trace_id = trace_id.as_deref();
    request::write(&request::Call { method, id, request_agent, target_agent, trace_id, params })
        .map_err(|error| thrown(&error))
}

/// What an answer means: nothing when it succeeded, otherwise the failure. `body` is the answer as JSON; of its result only
/// what kind of value it is needs to be there.
#[wasm_bindgen(js_name = arcAnswer)]
pub fn arc_answer(id: &str, request_agent: &str, status: u16, challenge: Option<String>, body: &str) -> Option<String> {
    let body = json::parse_object(body.as_bytes()).ok();
    let head = Head { status, challenge: challenge.as_deref() };
    decode(&Expected { id, request_agent }, &head, body.as_ref()).err().map(|failure| failure.to_json())
}

/// The failure that an event tells of; `data` is its data as JSON.
#[wasm_bindgen(js_name = arcEventFailure)]
pub fn arc_event_failure(data: &str) -> String {
    Failure::of_event(&json::parse_object(data.as_bytes()).unwrap_or_default()).to_json()
}

/// What an event means: `message`, `done`, `other`, `error`, `failed` or `broken`; the arguments are those of `Seen`.
#[wasm_bindgen(js_name = arcEventMeaning)]
pub fn arc_event_meaning(
    name: &str,
    is_json: bool,
    has_error: bool,
    says_done: bool,
    has_message: bool,
    is_failed: bool,
) -> String {
    Meaning::of(Seen { name, is_json, has_error, says_done, has_message, is_failed }).as_str().to_owned()
}

/// The events of one stream.
#[wasm_bindgen]
#[derive(Debug)]
pub struct EventReader(events::EventReader);

#[wasm_bindgen]
impl EventReader {
    /// A reader with these bounds, in bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(event: u32, total: f64) -> Self {
        Self(events::EventReader::new(Limits { event: event as usize, total: total as u64 }))
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        self.0.push(bytes).map_err(|error| thrown(&error))
    }

    /// The next complete event: its name, a line feed, its data.
    #[wasm_bindgen(js_name = nextEvent)]
    pub fn next_event(&mut self) -> Result<Option<String>, JsValue> {
        self.0.next_event().map(|event| event.map(joined)).map_err(|error| thrown(&error))
    }

    /// The event that the end of the stream completes, if it does.
    pub fn finish(&mut self) -> Result<Option<String>, JsValue> {
        self.0.finish().map(|event| event.map(joined)).map_err(|error| thrown(&error))
    }
}

fn joined(event: Event) -> String {
    let mut text = event.name;
    text.push('\n');
    text.push_str(&event.data);
    text
}
