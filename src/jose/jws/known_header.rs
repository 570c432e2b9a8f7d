//! The last header that was read, and what it says: most tokens of an issuer have one header, byte for byte, and what was read
//! once needs no reading again.

use std::{borrow::Cow, ops::Range};

use super::Header;
use crate::jose::alg::Algorithm;

/// A longer one is read each time.
const LONGEST: usize = 512;

/// A header that was read, by the segment that it came in.
#[derive(Debug, Default)]
pub(super) struct KnownHeader {
    /// Empty before there is one.
    segment: Vec<u8>,
    text: Vec<u8>,
    algorithm: Option<Algorithm>,
    kid: Option<Range<usize>>,
    typ: Option<Range<usize>>,
}

impl KnownHeader {
    /// How long its segment is, if the token begins with exactly that one.
    pub(super) fn begins(&self, token: &[u8]) -> Option<usize> {
        let rest = token.strip_prefix(self.segment.as_slice())?;
        (self.algorithm.is_some() && rest.first() == Some(&b'.')).then_some(self.segment.len())
    }

    /// The header.
    pub(super) fn header(&self) -> Option<Header<'_>> {
        let part = |place: &Option<Range<usize>>| {
            let part = self.text.get(place.clone()?)?;
            std::str::from_utf8(part).ok().map(Cow::Borrowed)
        };
        Some(Header { algorithm: self.algorithm?, kid: part(&self.kid), typ: part(&self.typ), text: &self.text })
    }

    /// Remembers the header of a token in place of the last one, unless it is long, or has escapes in what we act on.
    pub(super) fn set(&mut self, token: &[u8], header: &Header<'_>) {
        let segment = token.split(|byte| *byte == b'.').next().unwrap_or_default();
        let part = |said: &Option<Cow<'_, str>>| match said {
            Some(Cow::Borrowed(text)) => place_of(header.text, text).map(Some),
            Some(Cow::Owned(_)) => None,
            None => Some(None),
        };
        let (Some(kid), Some(typ), true) = (part(&header.kid), part(&header.typ), segment.len() <= LONGEST) else {
            return;
        };
        self.segment.clear();
        self.segment.extend_from_slice(segment);
        self.text.clear();
        self.text.extend_from_slice(header.text);
        (self.algorithm, self.kid, self.typ) = (Some(header.algorithm), kid, typ);
    }
}

/// Where in `text` a part of it stands.
fn place_of(text: &[u8], part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    (start + part.len() <= text.len()).then_some(start..start + part.len())
}
