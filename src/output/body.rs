//! The bodies of events (ARCP 1.1 §8.2, §8.4): what an agent reports is checked, for a client may stop reading at what is wrong.

use super::Flaw;
use crate::json::{Number, Object, Value};

/// The longest kind of a vendor's event, in bytes.
const MAX_KIND: usize = 128;

/// The kinds that the protocol has for agents.
const KINDS: [&str; 9] =
    ["log", "thought", "tool_call", "tool_result", "status", "metric", "artifact_ref", "progress", "result_chunk"];

/// A body that can be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'v> {
    /// As JSON.
    Event(String),
    /// A piece of the result.
    Chunk(Chunk<'v>),
}

/// A piece of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'v> {
    /// As it came.
    pub data: &'v str,
    /// Whether it stands for bytes.
    pub is_base64: bool,
    /// Whether the agent says that there is no more.
    pub is_last: bool,
    /// Decoded.
    pub bytes: u64,
}

/// Reads a body.
///
/// # Errors
/// What is wrong with it.
pub fn check<'v>(kind: &str, body: Option<&'v Value<'_>>) -> Result<Body<'v>, Flaw> {
    let is_known = KINDS.contains(&kind) || is_vendors(kind);
    read(kind, body).ok_or(if is_known { Flaw::WrongBody } else { Flaw::UnknownKind })
}

/// Reads a body; nothing where it is not one of this kind, or where nobody knows the kind.
pub fn read<'v>(kind: &str, body: Option<&'v Value<'_>>) -> Option<Body<'v>> {
    let object = body?.as_object()?;
    let text = |name| object.get(name).and_then(Value::as_str).is_some();
    let optional = |name| !matches!(object.get(name), Some(value) if value.as_str().is_none());
    let is_there = |name| object.get(name).is_some();
    let is_sound = match kind {
        "log" => text("level") && text("message"),
        "thought" => text("text"),
        "tool_call" => text("tool") && text("call_id") && is_there("args"),
        "tool_result" => text("call_id") && (is_there("result") != is_there("error")),
        "status" => text("phase") && optional("message"),
        "metric" => {
            let value = object.get("value").and_then(Value::as_number).map(Number::as_f64);
            let is_cost = object.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with("cost."));
            // A cost below nothing would give budget back (ARCP 1.1 §9.6).
            text("name") && optional("unit") && value.is_some_and(|value| !is_cost || value >= 0.0)
        }
        "artifact_ref" => text("uri") && text("content_type") && optional("sha256"),
        "progress" => is_progress(object) && optional("units") && optional("message"),
        "result_chunk" => return chunk(object).map(Body::Chunk),
        _ => is_vendors(kind),
    };
    is_sound.then(|| {
        let mut out = String::new();
        Value::Object(object.clone()).write(&mut out);
        Body::Event(out)
    })
}

/// `current` is not negative (ARCP 1.1 §8.2.1). That it is at most `total` is a SHOULD, and the agent's affair.
fn is_progress(object: &Object<'_>) -> bool {
    let number = |name| object.get(name).and_then(Value::as_number).map(Number::as_f64);
    number("current").is_some_and(|current| current >= 0.0)
        && (object.get("total").is_none() || number("total").is_some_and(|total| total >= 0.0))
}

/// `x-vendor.<vendor>.<name>`
fn is_vendors(kind: &str) -> bool {
    let parts = kind.strip_prefix("x-vendor.").map(|rest| rest.split('.'));
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    };
    kind.len() <= MAX_KIND && parts.is_some_and(|parts| parts.clone().count() >= 2 && parts.clone().all(is_part))
}

/// `data`, `encoding?`, `more?`. Numbers and the result's id are the runtime's, whatever else the agent writes.
fn chunk<'v>(object: &'v Object<'_>) -> Option<Chunk<'v>> {
    let data = object.get("data")?.as_str()?;
    let is_base64 = match object.get("encoding") {
        None => false,
        Some(encoding) => match encoding.as_str()? {
            "utf8" => false,
            "base64" => true,
            _ => return None,
        },
    };
    let is_last = match object.get("more") {
        None => false,
        Some(more) => !more.as_bool()?,
    };
    let bytes = if is_base64 { decoded_length(data)? } else { data.len() };
    Some(Chunk { data, is_base64, is_last, bytes: bytes as u64 })
}

/// How many bytes a base64 text stands for (RFC 4648 §4), if it is one.
fn decoded_length(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_base64 = text.len().is_multiple_of(4)
        && padding <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
    is_base64.then(|| text.len() / 4 * 3 - padding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn is_sound(kind: &str, body: &str) -> bool {
        read(kind, Some(&json::parse(body.as_bytes()).unwrap())).is_some()
    }

    #[test]
    fn an_unknown_kind_is_told_from_a_wrong_body() {
        let body = json::parse(b"{}").unwrap();
        for kind in KINDS {
            assert_eq!(check(kind, Some(&body)), Err(Flaw::WrongBody), "{kind}");
        }
        assert_eq!(check("x-vendor.acme.thing", None), Err(Flaw::WrongBody));
        assert_eq!(check("thinking", Some(&body)), Err(Flaw::UnknownKind));
        assert!(check("x-vendor.acme.thing", Some(&body)).is_ok());
    }

    #[test]
    fn bodies_have_what_their_kind_needs() {
        for (kind, body) in [
            ("log", r#"{"level":"info","message":"m","more":1}"#),
            ("thought", r#"{"text":"t"}"#),
            ("tool_call", r#"{"tool":"t","args":null,"call_id":"c"}"#),
            ("tool_result", r#"{"call_id":"c","result":1}"#),
            ("tool_result", r#"{"call_id":"c","error":{}}"#),
            ("status", r#"{"phase":"p"}"#),
            ("metric", r#"{"name":"n","value":-1}"#),
            ("metric", r#"{"name":"cost.usd","value":0.5}"#),
            ("artifact_ref", r#"{"uri":"u","content_type":"c"}"#),
            ("progress", r#"{"current":0}"#),
            ("progress", r#"{"current":2,"total":1,"units":"files"}"#),
            ("x-vendor.acme.thing", "{}"),
        ] {
            assert!(is_sound(kind, body), "{kind} {body}");
        }
        for (kind, body) in [
            ("log", r#"{"level":"info"}"#),
            ("log", r#"{"level":1,"message":"m"}"#),
            ("log", "[]"),
            ("thought", "{}"),
            ("tool_call", r#"{"tool":"t","call_id":"c"}"#),
            ("tool_result", r#"{"call_id":"c"}"#),
            ("tool_result", r#"{"call_id":"c","result":1,"error":2}"#),
            ("status", r#"{"phase":"p","message":7}"#),
            ("metric", r#"{"name":"n","value":"1"}"#),
            ("metric", r#"{"name":"cost.usd","value":-0.5}"#),
            ("artifact_ref", r#"{"uri":"u"}"#),
            ("progress", r#"{"current":-1}"#),
            ("progress", r#"{"current":1,"total":null}"#),
            ("progress", "{}"),
            ("delegate", r#"{"delegate_id":"d"}"#),
            ("unknown", "{}"),
            ("", "{}"),
            ("x-vendor.acme", "{}"),
            ("x-vendor..thing", "{}"),
            ("x-vendor.Acme.thing", "{}"),
        ] {
            assert!(!is_sound(kind, body), "{kind} {body}");
        }
    }

    #[test]
    fn chunks_are_counted_decoded() {
        let of = |body: &str| {
            let value = json::parse(body.as_bytes()).unwrap();
            let found = read("result_chunk", Some(&value));
            found.map(|body| match body {
                Body::Chunk(chunk) => (chunk.bytes, chunk.is_base64, chunk.is_last),
                Body::Event(_) => panic!("no chunk"),
            })
        };
        assert_eq!(of(r#"{"data":"äb"}"#), Some((3, false, false)));
        assert_eq!(of(r#"{"data":"YWI=","encoding":"base64","more":false}"#), Some((2, true, true)));
        assert_eq!(of(r#"{"data":"","encoding":"base64"}"#), Some((0, true, false)));
        for wrong in [
            "{}",
            r#"{"data":1}"#,
            r#"{"data":"","encoding":"hex"}"#,
            r#"{"data":"YWI","encoding":"base64"}"#,
            r#"{"data":"====","encoding":"base64"}"#,
            r#"{"data":"YW-_","encoding":"base64"}"#,
            r#"{"data":"","more":1}"#,
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
