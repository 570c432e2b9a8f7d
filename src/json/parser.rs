//! One pass over the text; what is wrong ends it.

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

    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Problem> {
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
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        while let [a, b, c, d, e, f, g, h, after @ ..] = rest {
            if let Some(end) = end_of_plain([*a, *b, *c, *d, *e, *f, *g, *h]) {
                self.at += end;
                return;
            }
            self.at += 8;
            rest = after;
        }
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
                    let after = self.at;
                    match self.low_half() {
                        Some(low) => code = 0x10000 + ((code - 0xd800) << 10 | low),
                        // What stands there instead is read as itself.
                        None => self.at = after,
                    }
                }
                match char::from_u32(code) {
                    Some(whole) => whole,
                    None if self.takes_halves => {
                        self.has_halves = true;
                        char::REPLACEMENT_CHARACTER
                    }
                    None => return Err(Problem::Syntax),
                }
            }
            _ => return Err(Problem::Syntax),
        })
    }

    /// What the second half of a surrogate pair adds, if it comes next.
    fn low_half(&mut self) -> Option<u32> {
        if !(self.takes(b'\\') && self.takes(b'u')) {
            return None;
        }
        let low = self.four_digits().ok()?.wrapping_sub(0xdc00);
        (low < 0x400).then_some(low)
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

/// Where in eight characters the first is that ends a string's plain stretch: a quote, a backslash, a control character.
/// `None` if there is none.
#[inline(always)]
fn end_of_plain(eight: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    const QUOTES: u64 = ONES * b'"' as u64;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    let eight = u64::from_le_bytes(eight);
    // The lowest bit that is set is right; those above it may be borrowed from it.
    let zero_in = |value: u64| value.wrapping_sub(ONES) & !value & HIGH;
    let control = eight.wrapping_sub(ONES * 0x20) & !eight & HIGH;
    let found = zero_in(eight ^ QUOTES) | zero_in(eight ^ BACKSLASHES) | control;
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}
