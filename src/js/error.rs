//! Errors as JSON: what `ArcgateError` in `npm/errors.ts` is made of.

use wasm_bindgen::JsValue;

use crate::{
    error::{Error, Fact},
    json::Members,
};

/// The error as the JSON text that `ArcgateError` reads.
pub fn to_json(error: &Error) -> String {
    let code = error.code();
    let mut details = Members::new().text("fault", code.fault().as_str()).some_text("subject", error.subject());
    if let Some(delay) = error.retry_delay() {
        details = details.integer("retryAfterSec", delay.as_secs_ceil());
    }
    for (name, fact) in error.facts() {
        details = match fact {
            Fact::Number(number) => details.raw(name, &number.to_string()),
            Fact::Text(text) => details.text(name, text),
            Fact::List(texts) => details.texts(name, texts.iter().map(|text| text.as_ref())),
        };
    }
    Members::new()
        .text("code", code.as_str())
        .text("message", error.message())
        .boolean("retryable", code.is_retryable())
        .raw("details", &details.end())
        .end()
}

/// The error as what a failing call throws: its JSON text, which `npm/errors.ts` turns into an `ArcgateError`.
pub fn thrown(error: &Error) -> JsValue {
    JsValue::from_str(&to_json(error))
}
