//! Messages and their parts, and how an agent's input and output travel in them.
//!
//! An agent takes and gives any JSON value. One `DataPart` is the value itself; text is a string; anything else reaches the
//! agent as `{ parts: [...] }`, as it came.

use crate::json::{self, write_string, Members, Object, Value};

const ROLES: [&str; 3] = ["user", "agent", "system"];

/// The JSON text of what the agent gets for a message; `None` when the message is none.
pub fn input_of(message: &Value<'_>) -> Option<String> {
    let message = message.as_object()?;
    let role = message.get("role")?.as_str()?;
    let parts = message.get("parts")?.as_array()?;
    if !ROLES.contains(&role) || parts.is_empty() {
        return None;
    }
    let parts: Vec<Part<'_, '_>> = parts.iter().map(Part::read).collect::<Option<_>>()?;
    let mut out = String::new();
    if let [Part::Data { content, is_json }] = parts[..] {
        write_data(&mut out, content, is_json)?;
    } else if let Some(texts) = parts.iter().map(Part::as_text).collect::<Option<Vec<_>>>() {
        write_string(&mut out, &texts.concat());
    } else {
        out.push_str(&Members::new().value("parts", message.get("parts")?).end());
    }
    Some(out)
}

/// Appends the parts in which an agent's output travels; none for `null`.
pub fn write_parts(out: &mut String, output: &Value<'_>) {
    out.push('[');
    write_output(out, output);
    out.push(']');
}

/// Appends the one part in which an output travels; nothing for `null`.
pub(crate) fn write_output(out: &mut String, output: &Value<'_>) {
    match output {
        Value::Null => {}
        Value::String(text) => write_text_part(out, text),
        value => {
            let mut content = String::new();
            value.write(&mut content);
            out.push_str(&typed_part("DataPart", &content, "application/json"));
        }
    }
}

/// Appends one `FilePart` of bytes that are base64 already.
pub(crate) fn write_file_part(out: &mut String, base64: &str) {
    out.push_str(&typed_part("FilePart", base64, "application/octet-stream"));
}

/// Appends one `TextPart`.
pub(crate) fn write_text_part(out: &mut String, text: &str) {
    out.push_str(&Members::new().text("type", "TextPart").text("content", text).end());
}

fn typed_part(kind: &str, content: &str, media_type: &str) -> String {
    Members::new().text("type", kind).text("content", content).text("mimeType", media_type).end()
}

enum Part<'o, 'b> {
    Text(&'o str),
    Data { content: &'o Value<'b>, is_json: bool },
    Binary,
}

impl<'o, 'b> Part<'o, 'b> {
    fn read(part: &'o Value<'b>) -> Option<Self> {
        let part = part.as_object()?;
        let content = part.get("content")?;
        match part.get("type")?.as_str()? {
            "TextPart" => content.as_str().map(Self::Text),
            "DataPart" => Some(Self::Data { content, is_json: is_json(mime_type(part)?) }),
            "FilePart" | "ImagePart" | "AudioPart" => {
                mime_type(part)?;
                content.as_str().map(|_| Self::Binary)
            }
            _ => None,
        }
    }

    const fn as_text(&self) -> Option<&'o str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn mime_type<'o>(part: &'o Object<'_>) -> Option<&'o str> {
    part.get("mimeType")?.as_str()
}

fn is_json(mime_type: &str) -> bool {
    let essence = mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// The specification has `content` as a string of JSON; senders that put the value itself there are understood too.
fn write_data(out: &mut String, content: &Value<'_>, is_json: bool) -> Option<()> {
    match content {
        Value::String(text) if is_json => json::parse(text.as_bytes()).ok()?.write(out),
        value => value.write(out),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(parts: &str) -> Option<String> {
        let text = format!("{{\"role\":\"user\",\"parts\":{parts}}}");
        input_of(&json::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn an_agents_input() {
        for (parts, expected) in [
            (r#"[{"type":"TextPart","content":"hi"}]"#, r#""hi""#),
            (r#"[{"type":"TextPart","content":"a"},{"type":"TextPart","content":"b"}]"#, r#""ab""#),
            (r#"[{"type":"DataPart","content":"{\"to\":3}","mimeType":"application/json"}]"#, r#"{"to":3}"#),
            (r#"[{"type":"DataPart","content":{"to":3},"mimeType":"application/json"}]"#, r#"{"to":3}"#),
            (r#"[{"type":"DataPart","content":"{\"to\":3}","mimeType":"text/csv"}]"#, r#""{\"to\":3}""#),
            (
                r#"[{"type":"TextPart","content":"a"},{"type":"FilePart","content":"eA==","mimeType":"x/y"}]"#,
                r#"{"parts":[{"type":"TextPart","content":"a"},{"type":"FilePart","content":"eA==","mimeType":"x/y"}]}"#,
            ),
        ] {
            assert_eq!(input(parts).as_deref(), Some(expected), "{parts}");
        }
    }

    #[test]
    fn what_is_no_message() {
        for parts in [
            "[]",
            "{}",
            "[1]",
            r#"[{"type":"text","content":"hi"}]"#,
            r#"[{"type":"TextPart"}]"#,
            r#"[{"type":"TextPart","content":1}]"#,
            r#"[{"type":"DataPart","content":"{}"}]"#,
            r#"[{"type":"DataPart","content":"{\"a\":1,\"a\":2}","mimeType":"application/json"}]"#,
            r#"[{"type":"DataPart","content":"nope","mimeType":"application/json"}]"#,
            r#"[{"type":"FilePart","content":{},"mimeType":"x/y"}]"#,
        ] {
            assert_eq!(input(parts), None, "{parts}");
        }
        for message in
            [r#"{"role":"root","parts":[{"type":"TextPart","content":"x"}]}"#, r#"{"role":"user"}"#, "[]", "null"]
        {
            assert_eq!(input_of(&json::parse(message.as_bytes()).unwrap()), None, "{message}");
        }
    }

    #[test]
    fn an_agents_output() {
        for (output, expected) in [
            ("null", "[]"),
            (r#""a\"b""#, r#"[{"type":"TextPart","content":"a\"b"}]"#),
            ("3", r#"[{"type":"DataPart","content":"3","mimeType":"application/json"}]"#),
            (r#"{"a":"b"}"#, r#"[{"type":"DataPart","content":"{\"a\":\"b\"}","mimeType":"application/json"}]"#),
        ] {
            let mut out = String::new();
            write_parts(&mut out, &json::parse(output.as_bytes()).unwrap());
            assert_eq!(out, expected);
        }
    }
}
