//! Strict JSON (RFC 8259): what two parsers could read differently is refused.
//!
//! `serde_json` does the parsing. This adds what a security decision needs and a general parser leaves out: no duplicate
//! member at any depth (escapes are resolved before names are compared; RFC 7515 §4 allows the refusal), a bound on depth,
//! and nothing after the value.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
pub use serde_json::Number;

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
    Number(Number),
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
    let problem = Cell::new(Problem::Syntax);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0, problem: &problem }.deserialize(&mut deserializer).map_err(|_| problem.get())?;
    deserializer.end().map_err(|_| Problem::Syntax)?;
    Ok(value)
}

/// Reads one JSON object that fills `text` entirely.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn parse_object(text: &[u8]) -> Result<Object<'_>, Problem> {
    match parse(text)? {
        Value::Object(object) => Ok(object),
        _ => Err(Problem::NotAnObject),
    }
}

/// Reads a value that another data format holds, such as a JavaScript object, under the same rules.
///
/// # Errors
/// The deserializer's own.
pub fn from_deserializer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value<'de>, D::Error> {
    let problem = Cell::new(Problem::Syntax);
    Strict { depth: 0, problem: &problem }.deserialize(deserializer)
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
    pub const fn as_number(&self) -> Option<&Number> {
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
            Self::Number(number) => Value::Number(number.clone()),
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
            Self::Number(number) => out.push_str(&number.to_string()),
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
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// Builds a [`Value`] out of what serde_json reads, and carries the reason of a refusal past serde's error type.
#[derive(Clone, Copy)]
struct Strict<'p> {
    depth: u8,
    problem: &'p Cell<Problem>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, problem: Problem) -> E {
        self.problem.set(problem);
        E::custom("")
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(Problem::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(""))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Value::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Value::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let inner = self.deeper()?;
        // Room for a usual set of claims at once.
        let mut object = Object(Vec::with_capacity(8));
        while let Some(name) = access.next_key_seed(Name)? {
            object.0.push((name, access.next_value_seed(inner)?));
        }
        if object.has_duplicate() {
            return Err(self.refuse(Problem::DuplicateMember));
        }
        Ok(Value::Object(object))
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
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
        assert_eq!(items[2].as_number().unwrap().as_f64(), Some(0.5));
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
