//! One pass over the text; what is wrong ends it.

mod around;
mod string;

use std::borrow::Cow;

use super::{
    name::{mark_of, text_of},
    number::{value_of, Number},
    Object, Problem, Value, MAX_DEPTH, MAX_VALUES,
};

/// So many characters of a name are told.
const MAX_NAME: usize = 32;

/// Objects of more members are looked through for duplicates when they are whole.
const FEW: usize = 16;

/// Reads a text from its start to its end.
pub(super) struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
    /// How many values may still come.
    left: u32,
    /// Takes half a character, as U+FFFD.
    takes_halves: bool,
    /// Has taken one.
    has_halves: bool,
    /// Lets a member stand twice, and a number be of any size.
    is_clumsy: bool,
    /// Where it is, if that is asked for: names, and places in arrays.
    pub(super) trail: Option<Vec<String>>,
}

impl<'a> Parser<'a> {
    /// Reads the one value that fills the text.
    pub(super) fn whole(text: &'a str) -> Result<Value<'a>, Problem> {
        Self::new(text, false, false).read().map(|(value, _)| value)
    }

    /// As [`Self::whole`], but half a character is U+FFFD; and whether there was one.
    pub(super) fn with_halves(text: &'a str) -> Result<(Value<'a>, bool), Problem> {
        Self::new(text, true, false).read()
    }

    /// As [`Self::with_halves`]; a member may stand twice, and a number be of any size.
    pub(super) fn clumsy(text: &'a str) -> Result<Value<'a>, Problem> {
        Self::new(text, true, true).read().map(|(value, _)| value)
    }

    pub(super) const fn new(text: &'a str, takes_halves: bool, is_clumsy: bool) -> Self {
        let bytes = text.as_bytes();
        Self { text, bytes, at: 0, left: MAX_VALUES, takes_halves, has_halves: false, is_clumsy, trail: None }
    }

    fn read(mut self) -> Result<(Value<'a>, bool), Problem> {
        self.skip_space();
        let value = self.value(MAX_DEPTH)?;
        self.skip_space();
        if self.at == self.text.len() {
            Ok((value, self.has_halves))
        } else {
            Err(Problem::Syntax)
        }
    }

    /// As [`Self::value`], in the member or at the place that `step` tells.
    #[inline(always)]
    fn inner(&mut self, depth: u8, step: impl FnOnce() -> String) -> Result<Value<'a>, Problem> {
        if let Some(trail) = &mut self.trail {
            trail.push(step());
        }
        let value = self.value(depth)?;
        if let Some(trail) = &mut self.trail {
            trail.pop();
        }
        Ok(value)
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    pub(super) fn skip_space(&mut self) {
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
    pub(super) fn needs(&mut self, byte: u8) -> Result<(), Problem> {
        if self.takes(byte) {
            Ok(())
        } else {
            Err(Problem::Syntax)
        }
    }

    /// What stands from `start` up to here.
    #[inline(always)]
    pub(super) fn since(&self, start: usize) -> Result<&'a str, Problem> {
        self.text.get(start..self.at).ok_or(Problem::Syntax)
    }

    pub(super) fn value(&mut self, depth: u8) -> Result<Value<'a>, Problem> {
        self.left = self.left.checked_sub(1).ok_or(Problem::TooMany)?;
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
        if self.takes(b'}') {
            return Ok(Object::default());
        }
        // Room for a usual set of claims at once; for the objects in it, of which three bytes make one, hardly any: a text must
        // not take a hundred times its size.
        let mut object = Object(Vec::with_capacity(if depth + 1 == MAX_DEPTH { 12 } else { 2 }));
        let mut seen = 0_u64;
        loop {
            self.skip_space();
            let name = self.string()?;
            let mark = mark_of(text_of(&name));
            let may_be_known = seen & mark != 0 && object.0.len() <= FEW && !self.is_clumsy;
            if may_be_known && object.get(text_of(&name)).is_some() {
                return Err(Problem::DuplicateMember);
            }
            seen |= mark;
            self.skip_space();
            self.needs(b':')?;
            self.skip_space();
            let value = self.inner(depth, || format!(".{}", short(&name)))?;
            object.0.push((name, value));
            self.skip_space();
            if self.takes(b'}') {
                break;
            }
            self.needs(b',')?;
        }
        if object.0.len() > FEW && !self.is_clumsy && object.has_duplicate() {
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
            let place = items.len();
            items.push(self.inner(depth, || format!("[{place}]"))?);
            self.skip_space();
            if self.takes(b']') {
                return Ok(items);
            }
            self.needs(b',')?;
        }
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
        if is_small || self.is_clumsy || value_of(text).abs() < LARGEST {
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

/// A name as a path tells it: whoever has written it knows which one it is.
#[cold]
fn short(name: &str) -> String {
    name.chars().filter(|char| !char.is_control()).take(MAX_NAME).collect()
}
