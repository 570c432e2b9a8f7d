//! Errors as JSON: what `ArcgateError` in `npm/errors.ts` is made of.

use wasm_bindgen::JsValue;

use crate::{
    error::{Error, Fact},
    json,
};

/// The error as the JSON text that `ArcgateError` reads.
pub fn to_json(error: &Error) -> String {
    let mut out = String::from("{\"code\":\"");
    out.push_str(error.code().as_str());
    out.push_str("\",\"message\":");
    json::write_string(&mut out, error.message());
    out.push_str(",\"retryable\":");
    out.push_str(if error.code().is_retryable() { "true" } else { "false" });
    out.push_str(",\"details\":{\"fault\":\"");
    out.push_str(error.code().fault().as_str());
    out.push('"');
    if let Some(subject) = error.subject() {
        out.push_str(",\"subject\":");
        json::write_string(&mut out, subject);
    }
    if let Some(delay) = error.retry_delay() {
        out.push_str(",\"retryAfterSec\":");
        out.push_str(&delay.as_secs_ceil().to_string());
    }
    for (name, fact) in error.facts() {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":");
        write_fact(&mut out, fact);
    }
    out.push_str("}}");
    out
}

fn write_fact(out: &mut String, fact: &Fact) {
    match fact {
        Fact::Number(number) => out.push_str(&number.to_string()),
        Fact::Text(text) => json::write_string(out, text),
        Fact::List(texts) => {
            out.push('[');
            for (place, text) in texts.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                json::write_string(out, text);
            }
            out.push(']');
        }
    }
}

/// The error as what a failing call throws: its JSON text, which `npm/errors.ts` turns into an `ArcgateError`.
pub fn thrown(error: &Error) -> JsValue {
    JsValue::from_str(&to_json(error))
}
