//! Writing JSON.

use super::Value;

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // What needs no escape is copied in one piece.
    while let Some((plain, after)) = first_escaped(rest).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(plain);
        let mut after = after.chars();
        match after.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            other => {
                let code = other.map_or(0, u32::from);
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    out.push(char::from_digit(code >> shift & 0xf, 16).unwrap_or('0'));
                }
            }
        }
        rest = after.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Where the first character stands that is escaped: besides those that JSON wants, DEL and the two separators that JavaScript once
/// took for line ends, so that a JSON text can stand in a log or a script. Looked for by bytes: characters would have to be decoded.
fn first_escaped(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let is_candidate = |byte: &u8| matches!(byte, 0..=0x1f | b'"' | b'\\' | 0x7f | 0xe2);
        let at = from + bytes.get(from..)?.iter().position(is_candidate)?;
        if bytes.get(at) != Some(&0xe2) || matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// `text` as a JSON string.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}

impl Value<'_> {
    /// Appends the value to `out` as compact JSON.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number.text()),
            Self::String(text) => write_string(out, text),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                for (index, (name, value)) in object.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(out, name);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}
