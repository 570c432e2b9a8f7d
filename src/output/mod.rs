//! What an agent says, before it is passed on, over ARC as over ARCP: untrusted, with one check on every way out of here.
//!
//! The rule (docs/embedded-runtime.md): text is kept whole, whatever pieces it comes in; half a character that stays alone is
//! U+FFFD; what can't be written otherwise is a [`Flaw`], which ends the job as one that will not be better the next time.

pub mod body;

use std::fmt;

use crate::json::{self, Members, Object, Problem, Value};

/// How deep a result or an event's body may be nested: with the envelope and the payload around it, whoever gets it must still be
/// able to read it ([`json::MAX_DEPTH`]).
pub const MAX_DEPTH: usize = json::MAX_DEPTH as usize - 2;

/// The longest kind that is quoted, in characters.
const MAX_KIND: usize = 64;

/// Why something that an agent says can't be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// JSON has no integers of this kind.
    BigInt,
    /// It contains itself.
    Cycle,
    /// Its `toJSON`, or a getter in it, throws.
    Throws,
    /// It is nothing that JSON has: `undefined`, a function, a symbol.
    Nothing,
    /// More bytes than there may be.
    TooLarge {
        /// How many there are, as JSON.
        bytes: usize,
        /// How many there may be.
        most: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More values than [`json::MAX_VALUES`].
    TooMany,
    /// It is no strict JSON: a member twice, a number that is none.
    NotJson,
    /// It is no object with a `kind`.
    NotAnEvent,
    /// Nobody knows the kind.
    UnknownKind,
    /// The body is not one of its kind.
    WrongBody,
    /// It comes after the piece that said to be the last.
    AfterTheLast,
}

impl Flaw {
    /// What JavaScript's writer says when it gives up; nothing where it only had nothing to say.
    pub fn of_writer(message: Option<&str>) -> Self {
        let Some(message) = message else { return Self::Nothing };
        let has = |word: &str| message.to_ascii_lowercase().contains(word);
        if has("bigint") {
            Self::BigInt
        } else if has("circular") || has("cyclic") {
            Self::Cycle
        } else if has("call stack") || has("recursion") {
            Self::TooDeep
        } else {
            Self::Throws
        }
    }

    /// A stable name, for logs and for `details.reason`.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BigInt => "bigint",
            Self::Cycle => "cycle",
            Self::Throws => "throws",
            Self::Nothing => "no_value",
            Self::TooLarge { .. } => "too_large",
            Self::TooDeep => "too_deep",
            Self::TooMany => "too_many_values",
            Self::NotJson => "not_json",
            Self::NotAnEvent => "not_an_event",
            Self::UnknownKind => "unknown_kind",
            Self::WrongBody => "wrong_body",
            Self::AfterTheLast => "after_the_last",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BigInt => f.write_str("has a BigInt, which JSON can't hold"),
            Self::Cycle => f.write_str("contains itself"),
            Self::Throws => f.write_str("has a toJSON or a getter that throws"),
            Self::Nothing => f.write_str("is no value that JSON has"),
            Self::TooLarge { bytes, most } => write!(f, "has {bytes} bytes as JSON; at most {most} are allowed"),
            Self::TooDeep => write!(f, "is nested deeper than {MAX_DEPTH} levels"),
            Self::TooMany => write!(f, "has more than {} values", json::MAX_VALUES),
            Self::NotJson => f.write_str("is not strict JSON"),
            Self::NotAnEvent => f.write_str("is no object with a `kind` and a `body`"),
            Self::UnknownKind => f.write_str("is of a kind that the protocol doesn't have"),
            Self::WrongBody => f.write_str("has not the body of its kind"),
            Self::AfterTheLast => f.write_str("comes after the last piece of the result"),
        }
    }
}

impl From<Problem> for Flaw {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::TooDeep => Self::TooDeep,
            Problem::TooMany => Self::TooMany,
            Problem::NotAnObject => Self::NotAnEvent,
            _ => Self::NotJson,
        }
    }
}

/// What a flaw is found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'k> {
    /// The event of this number, the first being 1, and of this kind if it has one.
    Event(u64, Option<&'k str>),
    /// What the agent returned.
    Result,
}

/// The sentence that the client and the log are told.
pub fn message(of: Of<'_>, flaw: Flaw) -> String {
    match of {
        Of::Result => format!("The agent's result {flaw}"),
        Of::Event(number, None) => format!("The agent's event {number} {flaw}"),
        Of::Event(number, Some(kind)) => format!("The agent's event {number} ({}) {flaw}", quoted(kind)),
    }
}

/// The `details` of the error, as JSON.
pub fn details(of: Of<'_>, flaw: Flaw) -> String {
    let mut details = Members::new().text("reason", flaw.reason());
    if let Of::Event(number, kind) = of {
        details = details.integer("event", i64::try_from(number).unwrap_or(i64::MAX));
        if let Some(kind) = kind {
            details = details.text("kind", &quoted(kind));
        }
    }
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    match flaw {
        Flaw::TooLarge { bytes, most } => details.integer("bytes", number(bytes)).integer("limit", number(most)).end(),
        Flaw::TooDeep => details.integer("limit", number(MAX_DEPTH)).end(),
        _ => details.end(),
    }
}

/// A kind as it may stand in a message: an agent can say anything.
fn quoted(kind: &str) -> String {
    let mut kind: String = kind.chars().filter(|char| !char.is_control()).take(MAX_KIND + 1).collect();
    if kind.chars().count() > MAX_KIND {
        kind.pop();
        kind.push('…');
    }
    kind
}

/// What an agent returned, written by JavaScript; `None` where the text may be passed on as it is.
///
/// # Errors
/// Its [`Flaw`].
pub fn result(text: &str, most: usize) -> Result<Option<String>, Flaw> {
    within(text.len(), most)?;
    let (value, has_halves) = json::mended(text)?;
    shallow(&value, MAX_DEPTH)?;
    if !has_halves {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    value.write(&mut out);
    within(out.len(), most)?;
    Ok(Some(out))
}

/// An event, written by JavaScript: an object with a kind. Half a character in it is U+FFFD; pieces of a text are joined by
/// [`Pieces`].
///
/// # Errors
/// Its [`Flaw`].
pub fn event(text: &str, most: usize) -> Result<Object<'_>, Flaw> {
    within(text.len(), most)?;
    let (value, _) = json::mended(text)?;
    let Value::Object(event) = value else { return Err(Flaw::NotAnEvent) };
    event.get("kind").and_then(Value::as_str).ok_or(Flaw::NotAnEvent)?;
    event.get("body").map_or(Ok(()), |body| shallow(body, MAX_DEPTH))?;
    Ok(event)
}

/// Whether that many bytes may be.
///
/// # Errors
/// [`Flaw::TooLarge`]
pub const fn within(bytes: usize, most: usize) -> Result<(), Flaw> {
    if bytes > most {
        return Err(Flaw::TooLarge { bytes, most });
    }
    Ok(())
}

fn shallow(value: &Value<'_>, most: usize) -> Result<(), Flaw> {
    let mut inner: Box<dyn Iterator<Item = &Value<'_>>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(object) => Box::new(object.iter().map(|(_, value)| value)),
        _ => return Ok(()),
    };
    let most = most.checked_sub(1).ok_or(Flaw::TooDeep)?;
    inner.try_for_each(|value| shallow(value, most))
}

/// A text that comes in pieces, of which each is cut where JavaScript cuts: between the halves of a character, too. The first
/// half waits here for the other one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// The escape of the half that waits.
    held: String,
}

impl Pieces {
    /// As [`Self::held`] said.
    pub fn holding(held: &str) -> Self {
        Self { held: if is_high(held) { held.to_owned() } else { String::new() } }
    }

    /// The half that waits, as JSON writes it; empty where none does.
    pub fn held(&self) -> &str {
        &self.held
    }

    /// The next piece: what of the text is whole now. `event` is the event that it stands in, as JavaScript wrote it; with
    /// `is_last` nothing is waited for.
    ///
    /// # Errors
    /// [`Flaw::WrongBody`] where the event has no text.
    pub fn take(&mut self, event: &str, is_last: bool) -> Result<String, Flaw> {
        let literal = json::raw_member(event, "body").and_then(|body| json::raw_member(body, "data"));
        let literal = literal.and_then(|data| data.strip_prefix('"')?.strip_suffix('"')).ok_or(Flaw::WrongBody)?;
        let mut literal = format!("{}{literal}", std::mem::take(&mut self.held));
        if let Some(at) = waiting(&literal).filter(|_| !is_last) {
            self.held = literal.split_off(at);
        }
        let literal = format!("\"{literal}\"");
        match json::mended(&literal)? {
            (Value::String(text), _) => Ok(text.into_owned()),
            _ => Err(Flaw::WrongBody),
        }
    }

    /// What of the text goes on with the next piece of a result: in its place, or before it where it is bytes, for no other half
    /// comes among those.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn with(&mut self, event: &str, chunk: &body::Chunk<'_>) -> Result<String, Flaw> {
        match chunk.is_base64 {
            true => Ok(self.end().unwrap_or_default().to_owned()),
            false => self.take(event, chunk.is_last),
        }
    }

    /// No other half comes any more: what stands for the one that waits.
    pub fn end(&mut self) -> Option<&'static str> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then_some("\u{fffd}")
    }
}

/// Where at the end of a string's inside the escape of a first half stands.
fn waiting(literal: &str) -> Option<usize> {
    let at = literal.len().checked_sub(6)?;
    let last = literal.get(at..)?;
    // A backslash that is escaped itself escapes nothing.
    let before = literal.as_bytes().get(..at)?.iter().rev().take_while(|byte| **byte == b'\\').count();
    (is_high(last) && before.is_multiple_of(2)).then_some(at)
}

/// Whether it is the escape of a first half: `\ud800` to `\udbff`.
fn is_high(escape: &str) -> bool {
    let code = escape.strip_prefix("\\u").filter(|digits| digits.len() == 4);
    code.and_then(|digits| u32::from_str_radix(digits, 16).ok()).is_some_and(|code| (0xd800..0xdc00).contains(&code))
}

// Its properties are the host's: proptest is not there on wasm32.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
