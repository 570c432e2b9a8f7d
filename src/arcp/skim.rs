//! A look at the members of a frame's outermost object that trips over nothing: for frames that can't be read, or not as a
//! whole, and for putting another value in one member's place without touching the rest.

use std::{borrow::Cow, ops::Range};

use crate::json;

const BYTES: &str = "x-vendor.arcgate.bytes";
const LIMIT: &str = "x-vendor.arcgate.limit";

/// The members of the outermost object, as far as they are whole: the name as it is written, and where its value stands.
pub fn members(text: &str) -> Members<'_> {
    let start = text.find('{').filter(|at| text[..*at].trim().is_empty());
    Members { text, at: start.map_or(text.len(), |at| at + 1) }
}

/// Where the value of this member stands; of the first, if there are several.
pub fn value_of(text: &str, name: &str) -> Option<Range<usize>> {
    members(text).find(|(raw, _)| is_named(raw, name)).map(|(_, range)| range)
}

/// The `event_seq` of a frame, or of a frame's beginning.
pub fn event_seq(text: &str) -> Option<i64> {
    number(text, "event_seq")
}

/// A member that is a whole number, not below zero.
pub fn number(text: &str, member: &str) -> Option<i64> {
    let number = text.get(value_of(text, member)?)?.parse().ok()?;
    (0..1 << 53).contains(&number).then_some(number)
}

/// What stands for a frame of which only this is known, as it is too large to be kept: it ends within its object, so it is no frame.
pub fn oversized(text: &str, event_seq: i64, limit: usize) -> String {
    let integer = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut head = json::Members::new()
        .integer("event_seq", event_seq)
        .some_text("type", name(text, "type").as_deref())
        .some_text("job_id", job_id(text).as_deref())
        .integer(BYTES, integer(text.len()))
        .integer(LIMIT, integer(limit))
        .end();
    head.pop();
    head.push(',');
    head
}

/// What [`oversized`] says of a frame: its size and the limit, in bytes.
pub fn size_of_oversized(head: &str) -> Option<(usize, usize)> {
    let size = |member| usize::try_from(number(head, member)?).ok();
    size(BYTES).zip(size(LIMIT))
}

/// A member that is a string of up to 256 bytes.
pub fn name<'t>(text: &'t str, member: &str) -> Option<Cow<'t, str>> {
    let raw = text.get(value_of(text, member)?)?.strip_prefix('"')?.strip_suffix('"')?;
    unescaped(raw).filter(|text| super::envelope::is_name(text))
}

/// The job that a frame, or a frame's beginning, is about: SDKs name it in the envelope, or in the payload.
pub fn job_id(text: &str) -> Option<Cow<'_, str>> {
    name(text, "job_id").or_else(|| name(text.get(value_of(text, "payload")?)?, "job_id"))
}

/// How many values there are in a JSON text, counted without reading it: by what opens and what parts them. It may be one too many
/// for something empty, and a few more in what is no JSON.
pub fn values(text: &str) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (1, false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
        } else {
            in_string = byte == b'"';
            count += usize::from(matches!(byte, b',' | b'[' | b'{'));
        }
    }
    count
}

/// The same text with another value, written as JSON, for one member of its outermost object: at its place, or at the end.
/// The text is one that was read.
pub fn with_member(text: &str, name: &str, value: &str) -> String {
    let mut out = String::with_capacity(text.len() + name.len() + value.len() + 4);
    if let Some(range) = value_of(text, name) {
        out.push_str(&text[..range.start]);
        out.push_str(value);
        out.push_str(&text[range.end..]);
        return out;
    }
    let end = text.rfind('}').unwrap_or(text.len());
    let before = text[..end].trim_end();
    out.push_str(before);
    if !before.ends_with('{') {
        out.push(',');
    }
    json::write_string(&mut out, name);
    out.push(':');
    out.push_str(value);
    out.push_str(&text[end..]);
    out
}

/// Iterates over members.
#[derive(Clone, Debug)]
pub struct Members<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Members<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Goes past a string, whose quote comes next. `None` where it doesn't end.
    fn string(&mut self) -> Option<&'t str> {
        let start = self.at + 1;
        let mut is_escaped = false;
        for (index, byte) in self.text.as_bytes().iter().enumerate().skip(start) {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    self.at = index + 1;
                    return self.text.get(start..index);
                }
                _ => {}
            }
        }
        None
    }

    /// Goes to the end of a value: the comma or the bracket after it.
    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b',' if depth == 0 => break,
                b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        let end = start + self.text.get(start..self.at)?.trim_end().len();
        Some(start..end)
    }
}

impl<'t> Iterator for Members<'t> {
    type Item = (&'t str, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_space();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.skip_space();
        }
        if self.peek()? != b'"' {
            return None;
        }
        let name = self.string()?;
        self.skip_space();
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        self.skip_space();
        Some((name, self.value()?))
    }
}

fn is_named(raw: &str, name: &str) -> bool {
    raw == name || (raw.contains('\\') && unescaped(raw).as_deref() == Some(name))
}

fn unescaped(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('\\') {
        return Some(Cow::Borrowed(raw));
    }
    let quoted = format!("\"{raw}\"");
    let value = json::parse(quoted.as_bytes()).ok()?;
    value.as_str().map(|text| Cow::Owned(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_without_reading_them() {
        for (text, least) in
            [("[0,0,0]", 4), (r#"{"a":1,"b":[2,3]}"#, 5), (r#""a,b[c{\",,\\""#, 1), (r#"["\\",1]"#, 3), ("7", 1)]
        {
            assert!((least..=least + 1).contains(&values(text)), "{text}: {}", values(text));
        }
        assert_eq!(values(r#"",,,,"#), 1, "a text without an end");
    }

    #[test]
    fn a_sequence_is_found_in_what_cannot_be_read() {
        for (text, expected) in [
            (r#"{"event_seq":7,"payload":{"x":"\ud83d"}}"#, Some(7)),
            (r#" { "payload" : {"event_seq":1,"b":[{"event_seq":2}]} , "event_seq" : 9 } "#, Some(9)),
            (r#"{"payload":{"text":"\",\"event_seq\":3,"},"event_seq":4}"#, Some(4)),
            (r#"{"event\u005fseq":5}"#, Some(5)),
            (r#"{"event_seq":6,"payload":{"x":"it never ends"#, Some(6)),
            (r#"{"event_seq":6"#, None),
            (r#"{"event_seq":"6"}"#, None),
            (r#"{"event_seq":1.5}"#, None),
            (r#"{"event_seq":-1}"#, None),
            (r#"{"event_seq":9007199254740992}"#, None),
            (r#"{"payload":{"event_seq":6}}"#, None),
            ("", None),
            ("{", None),
            ("]", None),
            ("[{\"event_seq\":1}]", None),
            (r#"{"a":"#, None),
            (r#"{"a":}]]]}}}"#, None),
        ] {
            assert_eq!(event_seq(text), expected, "{text}");
        }
    }

    #[test]
    fn one_member_is_replaced_and_no_other_byte() {
        let text = r#" {"a" : 1.50e+1, "session_id":"x\ud83d" ,"p":{"session_id":2}} "#;
        assert_eq!(
            with_member(text, "session_id", "\"y\""),
            r#" {"a" : 1.50e+1, "session_id":"y" ,"p":{"session_id":2}} "#
        );
        assert_eq!(with_member(r#"{"a":1} "#, "b", "2"), r#"{"a":1,"b":2} "#);
        assert_eq!(with_member("{ }", "b", "2"), r#"{"b":2}"#);
        assert_eq!(with_member(r#"{"\u0062":1}"#, "b", "2"), r#"{"\u0062":2}"#);
    }

    #[test]
    fn names_are_read() {
        let text = r#"{"id":"01\u004a","type":7,"long":"#;
        assert_eq!(name(text, "id").as_deref(), Some("01J"));
        assert_eq!((name(text, "type"), name(text, "long")), (None, None));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn nothing_trips_it(text in "[{}\\[\\]\",:\\\\a-c0-9 é]{0,60}") {
            let _ = (event_seq(&text), name(&text, "a"), with_member(&text, "a", "1"));
        }
    }
}
