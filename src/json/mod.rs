//! Strict JSON (RFC 8259): what two parsers could read differently is refused.
//!
//! Beyond the grammar: no duplicate member at any depth (escapes are resolved before names are compared; RFC 7515 §4 allows
//! the refusal), bounds on depth and number, no half of a surrogate pair, no number that is not finite as a double, and nothing after
//! the value. Numbers keep their text, so that what is written again is what was read.
//!
//! Why this is not serde_json: docs/decisions/0004-small-parsers.md. The tests hold it against serde_json on what is generated.

use std::{borrow::Cow, collections::BinaryHeap, fmt};

use name::{is_same, text_of};
use parser::Parser;

pub use members::{list, Members};
pub use number::Number;
pub use write::{string, write_string};

mod find;
mod members;
mod name;
mod number;
mod parser;
#[cfg(test)]
mod tests;
mod write;

/// Objects and arrays may stand this deep in each other.
pub const MAX_DEPTH: u8 = 32;

/// Values that one text may have, those in arrays and objects included: read, each takes several times the bytes that it is
/// written with.
pub const MAX_VALUES: u32 = 1_000_000;

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
    /// More values than [`MAX_VALUES`].
    TooMany,
    /// The value is no object where one is needed.
    NotAnObject,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not valid JSON",
            Self::DuplicateMember => "has the same member twice in one object",
            Self::TooDeep => "is nested too deeply",
            Self::TooMany => "has too many values",
            Self::NotAnObject => "is not a JSON object",
        })
    }
}

/// Reads one JSON value that fills `text` entirely.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn parse(text: &[u8]) -> Result<Value<'_>, Problem> {
    Parser::whole(std::str::from_utf8(text).map_err(|_| Problem::Syntax)?)
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
    match Parser::whole(text)? {
        Value::Object(object) => Ok(object),
        _ => Err(Problem::NotAnObject),
    }
}

/// As [`object_of`], for what is passed on as it is: half of a surrogate pair, which JavaScript's and Python's writers leave in a
/// text that was cut, is U+FFFD here. Also tells whether there was one.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn relayed(text: &str) -> Result<(Object<'_>, bool), Problem> {
    match Parser::with_halves(text)? {
        (Value::Object(object), has_halves) => Ok((object, has_halves)),
        _ => Err(Problem::NotAnObject),
    }
}

/// As [`relayed`], for whoever seldom looks into the member `name`: where that is an object and the text is plainly sound, its text
/// is given beside, and in its place stands an empty one.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn relayed_around<'t>(text: &'t str, name: &str) -> Result<(Object<'t>, bool, Option<&'t str>), Problem> {
    match Parser::around(text, name) {
        Some((object, has_halves, beside)) => Ok((object, has_halves, Some(beside))),
        None => relayed(text).map(|(object, has_halves)| (object, has_halves, None)),
    }
}

/// As [`parse`], of what an agent wrote: half a character is U+FFFD. Also tells whether there was one.
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn mended(text: &str) -> Result<(Value<'_>, bool), Problem> {
    Parser::with_halves(text)
}

/// Where in a text the first thing stands for which it can't be read, as a path of names and places, and what it is. For whoever
/// has written it; the path is cut to a length.
pub fn blame(text: &str) -> Option<(String, Problem)> {
    Parser::blame(text)
}

/// The text of a member of the object that fills `text`, as it is written: quotes and escapes included.
pub fn raw_member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    Parser::member(text, name)
}

/// Reads the JSON of a provider's public document (metadata, keys), which is as its software happens to write it: a byte
/// order mark before it, a member that stands twice and half a character in a display name are no reason to do without the
/// provider; nor is a number of any size (its value may be infinite), or text that is in Latin-1. What is acted on must still be
/// said once: ask [`Object::is_ambiguous`].
///
/// # Errors
/// A [`Problem`], of which none quotes the text.
pub fn provided(text: &[u8]) -> Result<Value<'_>, Problem> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match std::str::from_utf8(text) {
        Ok(text) => Parser::clumsy(text),
        // Of such a text the ASCII counts: keys, and where they are.
        Err(_) => {
            let shown = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
            Parser::clumsy(&text.iter().map(shown).collect::<String>()).map(|value| value.to_static())
        }
    }
}

impl<'a> Value<'a> {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text_of(text)),
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
}

impl<'a> Object<'a> {
    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(key, _)| is_same(text_of(key), name)).map(|(_, value)| value)
    }

    /// Whether a member stands here more than once, with different values: only after [`provided`].
    pub fn is_ambiguous(&self, name: &str) -> bool {
        let mut said = self.0.iter().filter(|(key, _)| is_same(text_of(key), name)).map(|(_, value)| value);
        let first = said.next();
        said.any(|other| Some(other) != first)
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
