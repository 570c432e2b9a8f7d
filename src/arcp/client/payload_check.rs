//! What an application asks for and no runtime could read: found before it is sent, and named by its path.

use crate::json::{MAX_DEPTH, MAX_VALUES};

/// Levels that a payload may have: the envelope around it is one.
const LEVELS: usize = MAX_DEPTH as usize - 1;
/// The longest path that is shown, in bytes.
const LONGEST_PATH: usize = 80;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InvalidPayload {
    /// As JavaScript would write it, from the payload's member on: `input.items[3].text`.
    pub(super) path: String,
    /// What is wrong there.
    pub(super) problem: &'static str,
    /// A stable name for it.
    pub(super) reason: &'static str,
}

/// An object or an array that is open, and where in it the text stands.
enum Level<'t> {
    Object(&'t str),
    Array(usize),
}

/// Looks through a payload as JavaScript writes it. What is no JSON at all is none of this.
pub(super) fn find(payload: &str) -> Option<InvalidPayload> {
    let bytes = payload.as_bytes();
    let mut levels: Vec<Level<'_>> = Vec::new();
    let (mut at, mut values, mut is_name) = (0, 0_u32, false);
    while let Some(byte) = bytes.get(at).copied() {
        at += 1;
        match byte {
            b'{' | b'[' if levels.len() >= LEVELS => {
                return Some(invalid(&levels, "is nested too deeply: 30 levels are allowed", "too_deep"));
            }
            b'{' => levels.push(Level::Object("")),
            b'[' => levels.push(Level::Array(0)),
            b'}' | b']' => drop(levels.pop()),
            b',' => {
                if let Some(Level::Array(index)) = levels.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let end = end_of_string(bytes, at);
                let text = payload.get(at..end).unwrap_or_default();
                at = end + 1;
                is_name = bytes.get(at) == Some(&b':');
                if let (true, Some(Level::Object(name))) = (is_name, levels.last_mut()) {
                    *name = text;
                }
                if has_half(text) {
                    let problem = "has half a character (a surrogate without the other one): text was cut inside it";
                    return Some(invalid(&levels, problem, "half_character"));
                }
            }
            _ => {}
        }
        if !is_name && !matches!(byte, b':' | b'}' | b']') && matches!(byte, b'"' | b'{' | b'[' | b',') {
            values += 1;
        }
        is_name = false;
        if values > MAX_VALUES {
            return Some(invalid(levels.get(..1).unwrap_or_default(), "has too many values", "too_many_values"));
        }
    }
    None
}

/// Where the string that begins at `at` has its closing quote.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

/// Whether half a surrogate pair is escaped in it.
fn has_half(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at..];
        let Some(code) = code_of(escape) else {
            // A backslash, and what it escapes.
            rest = escape.get(2..).unwrap_or_default();
            continue;
        };
        let after = &escape[6..];
        rest = match code {
            0xd800..0xdc00 if code_of(after).is_some_and(|low| (0xdc00..0xe000).contains(&low)) => &after[6..],
            0xd800..0xe000 => return true,
            _ => after,
        };
    }
    false
}

/// The code of an escape `\uXXXX` at the beginning of the text.
fn code_of(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

fn invalid(levels: &[Level<'_>], problem: &'static str, reason: &'static str) -> InvalidPayload {
    let mut path = String::new();
    for level in levels {
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$".contains(&byte));
        let step = match level {
            Level::Array(index) => format!("[{index}]"),
            Level::Object(name) if !is_plain(name) => {
                let name: String = name.chars().take(32).collect();
                format!("[\"{name}\"]")
            }
            Level::Object(name) if path.is_empty() => as_asked(name).to_owned(),
            Level::Object(name) => format!(".{name}"),
        };
        if path.len() + step.len() > LONGEST_PATH {
            path.push('…');
            break;
        }
        path.push_str(&step);
    }
    InvalidPayload { path, problem, reason }
}

/// What the application calls a member of a payload.
fn as_asked(name: &str) -> &str {
    match name {
        "lease_request" => "leaseRequest",
        "lease_constraints" => "leaseConstraints",
        "idempotency_key" => "idempotencyKey",
        "job_id" => "jobId",
        "created_after" => "createdAfter",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(payload: &str) -> Option<(String, &'static str)> {
        find(payload).map(|invalid| (invalid.path, invalid.reason))
    }

    #[test]
    fn half_a_character_is_named_by_its_path() {
        for (payload, path) in [
            (r#"{"agent":"a","input":"\ud83d"}"#, "input"),
            (r#"{"agent":"a","input":{"items":[1,{"a b":"x"},{"text":"\\\ude00x"}]}}"#, "input.items[2].text"),
            (r#"{"input":[["ok \ud83d\ude00","\ud83d\ud83d\ude00"]]}"#, "input[0][1]"),
            (r#"{"input":{"\ud83d":1}}"#, r#"input["\ud83d"]"#),
            (r#"{"idempotency_key":"\udfff"}"#, "idempotencyKey"),
        ] {
            assert_eq!(found(payload), Some((path.to_owned(), "half_character")), "{payload}");
        }
        for payload in [
            r#"{"input":"\ud83d\ude00 \\ud83d é \u00e9 \" "}"#,
            "{}",
            "",
            "\"",
            r#"{"a":"\"#,
            r#"{"a":"\u12"#,
            "]]}}",
            r#"["é\ud8"]"#,
        ] {
            assert_eq!(found(payload), None, "{payload}");
        }
    }

    #[test]
    fn depth_is_that_of_the_frame() {
        let nested = |levels: usize| format!(r#"{{"input":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert_eq!(found(&nested(30)), None);
        let frame = |payload: &str| crate::arcp::Frame::new("job.submit", "01J", payload).write();
        assert!(crate::arcp::Envelope::parse(&frame(&nested(30))).is_ok());
        assert!(crate::arcp::Envelope::parse(&frame(&nested(31))).is_err());
        let (path, reason) = found(&nested(80)).unwrap();
        assert_eq!(reason, "too_deep");
        assert!(path.starts_with("input[0][0]") && path.len() < 256, "{path}");
    }

    #[test]
    fn so_many_values() {
        let values = |count: usize| format!(r#"{{"input":[{}0]}}"#, "0,".repeat(count));
        assert_eq!(found(&values(900_000)), None);
        assert_eq!(found(&values(1_100_000)), Some(("input".to_owned(), "too_many_values")));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn nothing_trips_it(text in "[{}\\[\\]\",:\\\\ud8c0-9 é]{0,60}") {
            let _ = find(&text);
        }

        #[test]
        fn what_passes_can_be_read(text in "(\\\\u[dD][89cdCD][0-9]{2}|[a-z\\\\]{0,2}){0,6}") {
            let payload = format!(r#"{{"input":"{text}"}}"#);
            let is_json = serde_json::from_str::<serde_json::Value>(&payload).is_ok();
            if is_json {
                proptest::prop_assert!(find(&payload).is_none());
            }
        }
    }
}
