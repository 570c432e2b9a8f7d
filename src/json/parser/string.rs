//! Strings: plain stretches as they stand, escapes one by one.

use std::borrow::Cow;

use super::Parser;
use crate::json::Problem;

impl<'a> Parser<'a> {
    pub(in crate::sans_io::json) fn string(&mut self) -> Result<Cow<'a, str>, Problem> {
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
