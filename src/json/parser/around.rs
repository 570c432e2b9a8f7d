//! An object of which one member is only looked over: whoever passes a text on must know that it is sound, and has no use for most
//! of what it says.

use std::borrow::Cow;

use super::{Parser, FEW};
use crate::json::{
    name::{is_same, mark_of},
    Object, Value, MAX_DEPTH,
};

impl<'a> Parser<'a> {
    /// The object that fills the text, and whether half a character stands in it. Its member `name` is an object, empty there, and
    /// its text is given beside. Nothing where something is wrong, or isn't plainly right: then the text is to be read as any other,
    /// and that says what it is. So a text is read twice at most, whoever wrote it.
    pub(in crate::sans_io::json) fn around(text: &'a str, name: &str) -> Option<(Object<'a>, bool, &'a str)> {
        let mut parser = Self::new(text, true, false);
        let (mut object, mut seen, mut beside) = (Object(Vec::with_capacity(12)), 0, None);
        parser.left = parser.left.checked_sub(1)?;
        parser.skip_space();
        parser.needs(b'{').ok()?;
        loop {
            let key = parser.plain_name()?;
            let mark = mark_of(key);
            if object.0.len() == FEW || (seen & mark != 0 && object.get(key).is_some()) {
                return None;
            }
            seen |= mark;
            let start = parser.at;
            let value = if is_same(key, name) && parser.peek() == Some(b'{') {
                parser.look_over(MAX_DEPTH - 1)?;
                beside = parser.since(start).ok();
                Value::Object(Object::default())
            } else {
                parser.value(MAX_DEPTH - 1).ok()?
            };
            object.0.push((Cow::Borrowed(key), value));
            if parser.is_last(b'}')? {
                break;
            }
        }
        parser.skip_space();
        (parser.at == text.len()).then_some((object, parser.has_halves, beside?))
    }

    /// As [`Self::value`], and keeps nothing.
    fn look_over(&mut self, depth: u8) -> Option<()> {
        let end = match self.peek()? {
            b'{' => b'}',
            b'[' => b']',
            _ => return self.value(depth).ok().map(drop),
        };
        self.left = self.left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        self.at += 1;
        self.skip_space();
        if self.takes(end) {
            return Some(());
        }
        let (mut names, mut seen) = ([""; FEW], 0);
        for count in 0.. {
            if end == b'}' {
                let name = self.plain_name()?;
                let mark = mark_of(name);
                if seen & mark != 0 && names.get(..count)?.iter().any(|other| is_same(other, name)) {
                    return None;
                }
                seen |= mark;
                *names.get_mut(count)? = name;
            }
            self.skip_space();
            self.look_over(depth)?;
            if self.is_last(end)? {
                break;
            }
        }
        Some(())
    }

    /// A member's name without an escape, and what stands before its value.
    fn plain_name(&mut self) -> Option<&'a str> {
        self.skip_space();
        let Ok(Cow::Borrowed(name)) = self.string() else { return None };
        self.skip_space();
        self.needs(b':').ok()?;
        self.skip_space();
        Some(name)
    }

    /// Goes past what comes after a value: whether that is the end.
    fn is_last(&mut self, end: u8) -> Option<bool> {
        self.skip_space();
        let is_last = self.takes(end);
        if !is_last {
            self.needs(b',').ok()?;
        }
        Some(is_last)
    }
}
