//! Strict JSON (RFC 8259): what two parsers could read differently is refused.
//!
//! Beyond the grammar: no duplicate member at any depth (escapes are resolved before names are compared; RFC 7515 §4 allows
//! the refusal), a bound on depth, no half of a surrogate pair, no number that is not finite as a double, and nothing after
//! the value. Numbers keep their text, so that what is written again is what was read.
//!
//! Why this is not serde_json: docs/decisions/0004-small-parsers.md. The tests hold it against serde_json on what is generated.

use std::{borrow::Cow, collections::BinaryHeap, fmt};

/// Objects and arrays may stand this deep in each other.
pub const MAX_DEPTH: u8 = 32;

/// A JSON value that borrows from the text it was read from where it can.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A finite number
    Number(Number<'a>),
    /// A string, its escapes resolved
    String(Cow<'a, str>),
    /// An array
    Array(Vec<Value<'a>>),
    /// An object
    Object(Object<'a>),
}

/// A JSON object: members in the order of the text, no name twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// A number, as its text; finite as a double.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number<'a>(Cow<'a, str>);

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Not JSON, not UTF-8, a number out of range, or something after the value.
    Syntax,
    /// A member stands twice in one object.
    DuplicateMember,
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
    /// The value is no object where one is needed.
    NotAnObject,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not valid JSON",
            Self::DuplicateMember => "has the same member twice in one object",
            Self::TooDeep => "is nested too deeply",
            Self::NotAnObject => "is not a JSON object",
        })
    }
}

/// Reads one JSON value that fills `text` entirely.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn parse(text: &[u8]) -> Result<Value<'_>, Problem> {
    parse_str(std::str::from_utf8(text).map_err(|_| Problem::Syntax)?)
}

fn parse_str(text: &str) -> Result<Value<'_>, Problem> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
    parser.skip_space();
    let value = parser.value(MAX_DEPTH)?;
    parser.skip_space();
    if parser.at == text.len() {
        Ok(value)
    } else {
        Err(Problem::Syntax)
    }
}

/// Reads one JSON object that fills `text` entirely.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn parse_object(text: &[u8]) -> Result<Object<'_>, Problem> {
    object_of(std::str::from_utf8(text).map_err(|_| Problem::Syntax)?)
}

/// As [`parse_object`], of what is known to be UTF-8.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn object_of(text: &str) -> Result<Object<'_>, Problem> {
    match parse_str(text)? {
        Value::Object(object) => Ok(object),
        _ => Err(Problem::NotAnObject),
    }
}

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // What needs no escape is copied in one piece. DEL and the two separators that JavaScript once took for line ends are
    // escaped too, so that a JSON text can stand in a log or a script.
    while let Some(at) = rest.find(|c: char| c < ' ' || matches!(c, '"' | '\\' | '\u{7f}' | '\u{2028}' | '\u{2029}')) {
        out.push_str(&rest[..at]);
        let mut after = rest[at..].chars();
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

impl<'a> Value<'a> {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub const fn as_number(&self) -> Option<&Number<'a>> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub const fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The same value, borrowing from nothing.
    pub fn to_static(&self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(Number(Cow::Owned(number.text().to_owned()))),
            Self::String(text) => Value::String(Cow::Owned(text.as_ref().to_owned())),
            Self::Array(items) => Value::Array(items.iter().map(Value::to_static).collect()),
            Self::Object(object) => Value::Object(Object(
                object.iter().map(|(name, value)| (Cow::Owned(name.to_owned()), value.to_static())).collect(),
            )),
        }
    }

    /// What kind of value it is, for messages that must not quote it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

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

impl<'a> Object<'a> {
    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The members in the order of the text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has_duplicate(&self) -> bool {
        const FEW: usize = 16;
        if self.0.len() <= FEW {
            return (1..self.0.len()).any(|index| self.0[..index].iter().any(|(name, _)| *name == self.0[index].0));
        }
        // A heap hands the names out in order; sorting them would take more code.
        let mut names: BinaryHeap<&str> = self.0.iter().map(|(name, _)| name.as_ref()).collect();
        while let Some(name) = names.pop() {
            if names.peek() == Some(&name) {
                return true;
            }
        }
        false
    }
}

impl Number<'_> {
    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Its value: the nearest double where all digits fit into one, and within a few units in the last place elsewhere.
    pub fn as_f64(&self) -> f64 {
        value_of(&self.0)
    }

    /// Its value, if it is written as an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

/// The value of a number's text, whose grammar was checked.
fn value_of(text: &str) -> f64 {
    let (mut digits, mut exponent, mut written) = (0_u64, 0_i32, 0_i32);
    let (mut in_fraction, mut in_exponent, mut is_down) = (false, false, false);
    for byte in text.bytes() {
        match byte {
            b'.' => in_fraction = true,
            b'e' | b'E' => in_exponent = true,
            b'-' => is_down = in_exponent,
            b'+' => {}
            digit if in_exponent => written = written.saturating_mul(10).saturating_add(i32::from(digit - b'0')),
            digit if digits < u64::MAX / 10 - 1 => {
                digits = digits * 10 + u64::from(digit - b'0');
                exponent -= i32::from(in_fraction);
            }
            // More digits than a double has: they count for their places only.
            _ => exponent += i32::from(!in_fraction),
        }
    }
    let value = scaled(digits as f64, exponent.saturating_add(if is_down { -written } else { written }));
    if text.starts_with('-') {
        -value
    } else {
        value
    }
}

/// `value` times ten to the power of `exponent`. Powers up to 22 are exact, so one of them rounds once.
fn scaled(mut value: f64, mut exponent: i32) -> f64 {
    const STEP: i32 = 22;
    if value == 0.0 {
        return 0.0;
    }
    // Whatever the digits are, these are far outside.
    exponent = exponent.clamp(-400, 400);
    while exponent != 0 {
        let step = exponent.abs().min(STEP);
        let power = (0..step).fold(1.0, |power, _| power * 10.0);
        if exponent > 0 {
            value *= power;
            exponent -= step;
        } else {
            value /= power;
            exponent += step;
        }
    }
    value
}

/// Reads a text from its start to its end.
struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        if self.at < self.bytes.len() {
            Some(self.bytes[self.at])
        } else {
            None
        }
    }

    #[inline(always)]
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Goes past `byte`, if it comes next.
    #[inline(always)]
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    #[inline(always)]
    fn needs(&mut self, byte: u8) -> Result<(), Problem> {
        if self.takes(byte) {
            Ok(())
        } else {
            Err(Problem::Syntax)
        }
    }

    /// What stands from `start` up to here.
    #[inline(always)]
    fn since(&self, start: usize) -> Result<&'a str, Problem> {
        self.text.get(start..self.at).ok_or(Problem::Syntax)
    }

    fn value(&mut self, depth: u8) -> Result<Value<'a>, Problem> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => self.object(depth.checked_sub(1).ok_or(Problem::TooDeep)?).map(Value::Object),
            Some(b'[') => self.array(depth.checked_sub(1).ok_or(Problem::TooDeep)?).map(Value::Array),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(Problem::Syntax),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Problem> {
        let start = self.at;
        self.at += word.len();
        if self.since(start)? == word {
            Ok(value)
        } else {
            Err(Problem::Syntax)
        }
    }

    fn object(&mut self, depth: u8) -> Result<Object<'a>, Problem> {
        self.at += 1;
        self.skip_space();
        // Room for a usual set of claims at once.
        let mut object = Object(Vec::with_capacity(8));
        if self.takes(b'}') {
            return Ok(object);
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.needs(b':')?;
            self.skip_space();
            object.0.push((name, self.value(depth)?));
            self.skip_space();
            if self.takes(b'}') {
                break;
            }
            self.needs(b',')?;
        }
        if object.has_duplicate() {
            return Err(Problem::DuplicateMember);
        }
        Ok(object)
    }

    fn array(&mut self, depth: u8) -> Result<Vec<Value<'a>>, Problem> {
        self.at += 1;
        self.skip_space();
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(items);
        }
        loop {
            self.skip_space();
            items.push(self.value(depth)?);
            self.skip_space();
            if self.takes(b']') {
                return Ok(items);
            }
            self.needs(b',')?;
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Problem> {
        self.needs(b'"')?;
        let start = self.at;
        self.skip_plain();
        let plain = self.since(start)?;
        if self.takes(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut out = String::from(plain);
        while !self.takes(b'"') {
            self.needs(b'\\')?;
            out.push(self.escape()?);
            let start = self.at;
            self.skip_plain();
            out.push_str(self.since(start)?);
        }
        Ok(Cow::Owned(out))
    }

    /// Goes past what stands for itself in a string.
    fn skip_plain(&mut self) {
        while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let escape = self.peek();
        self.at += 1;
        Ok(match escape {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut code = self.four_digits()?;
                if let 0xd800..0xdc00 = code {
                    self.needs(b'\\')?;
                    self.needs(b'u')?;
                    let low = self.four_digits()?.wrapping_sub(0xdc00);
                    if low >= 0x400 {
                        return Err(Problem::Syntax);
                    }
                    code = 0x10000 + ((code - 0xd800) << 10 | low);
                }
                char::from_u32(code).ok_or(Problem::Syntax)?
            }
            _ => return Err(Problem::Syntax),
        })
    }

    fn four_digits(&mut self) -> Result<u32, Problem> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code << 4 | digit.ok_or(Problem::Syntax)?;
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<Number<'a>, Problem> {
        const LARGEST: f64 = 1.797e308;
        let start = self.at;
        self.takes(b'-');
        // No digit may follow a zero at the start.
        if !self.takes(b'0') {
            self.digits()?;
        }
        let integer = self.at;
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let text = self.since(start)?;
        // What JavaScript would make Infinity of. So many digits need no look, if they are all.
        let is_small = self.at == integer && text.len() < 300;
        if is_small || value_of(text).abs() < LARGEST {
            return Ok(Number(Cow::Borrowed(text)));
        }
        Err(Problem::Syntax)
    }

    /// One digit or more.
    #[inline(always)]
    fn digits(&mut self) -> Result<(), Problem> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(Problem::Syntax)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_value() {
        let value = parse(br#" {"a":[1,-2,0.5,"x\u0041",true,null],"b":{}} "#).unwrap();
        let object = value.as_object().unwrap();
        let items = object.get("a").unwrap().as_array().unwrap();
        assert_eq!(items[3].as_str(), Some("xA"));
        assert_eq!(items[2].as_number().unwrap().as_f64(), 0.5);
        assert!(object.get("b").unwrap().as_object().unwrap().is_empty());
        assert_eq!(object.len(), 2);
    }

    #[test]
    fn refuses_a_duplicate_at_any_depth_and_through_escapes() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"x":[{"exp":1,"\u0065xp":2}]}"#,
            r#"{"":1,"":2}"#,
            r#"{"__proto__":1,"__proto__":2}"#,
        ] {
            assert_eq!(parse(text.as_bytes()), Err(Problem::DuplicateMember), "{text}");
        }
        let mut many = String::from("{");
        for index in 0..1000 {
            many.push_str(&format!("\"k{index}\":0,"));
        }
        assert!(parse(format!("{many}\"z\":0}}").as_bytes()).is_ok());
        assert_eq!(parse(format!("{many}\"k17\":0}}").as_bytes()), Err(Problem::DuplicateMember));
    }

    #[test]
    fn refuses_what_is_too_deep() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(32).as_bytes()).is_ok());
        assert_eq!(parse(nested(33).as_bytes()), Err(Problem::TooDeep));
        assert_eq!(parse(nested(10_000).as_bytes()), Err(Problem::TooDeep));
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            &b""[..],
            b"{",
            b"{} x",
            b"{}{}",
            b"\xef\xbb\xbf{}",
            b"\"\xff\"",
            b"\"\\ud800\"",
            b"1e400",
            b"NaN",
            b"01",
            b"'a'",
            b"[1,]",
            b"{\"a\":1,}",
            b"\"a\nb\"",
        ] {
            assert_eq!(parse(text), Err(Problem::Syntax), "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn writes_what_it_read() {
        let text = r#"{"a":[1,-2,0.5,"x\"\\\n\u0007é",true,null],"b":{}}"#;
        let mut out = String::new();
        parse(text.as_bytes()).unwrap().write(&mut out);
        assert_eq!(out, text);
        assert_eq!(parse(out.as_bytes()).unwrap(), parse(text.as_bytes()).unwrap());
    }
}
