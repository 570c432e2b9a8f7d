//! Looking for something in a text: a member's value as it is written, and where what is wrong stands.

use super::{parser::Parser, Problem, MAX_DEPTH};

/// So much of a path is told: names and places.
const MAX_TRAIL: usize = 8;

impl<'a> Parser<'a> {
    /// Where in the text what is wrong with it stands.
    pub(super) fn blame(text: &'a str) -> Option<(String, Problem)> {
        let mut parser = Self::new(text, false, false);
        parser.trail = Some(Vec::new());
        parser.skip_space();
        let problem = parser.value(MAX_DEPTH).err()?;
        let trail = parser.trail.unwrap_or_default();
        let mut path = trail.iter().take(MAX_TRAIL).cloned().collect::<String>();
        if trail.len() > MAX_TRAIL {
            path.push('…');
        }
        Some((path.trim_start_matches('.').to_owned(), problem))
    }

    /// The text of one member's value, found without what stands before it being kept.
    pub(super) fn member(text: &'a str, name: &str) -> Option<&'a str> {
        let mut parser = Self::new(text, true, false);
        parser.skip_space();
        parser.needs(b'{').ok()?;
        loop {
            parser.skip_space();
            let key = parser.string().ok()?;
            parser.skip_space();
            parser.needs(b':').ok()?;
            parser.skip_space();
            let start = parser.at;
            parser.value(MAX_DEPTH).ok()?;
            if key == name {
                return parser.since(start).ok();
            }
            parser.skip_space();
            parser.needs(b',').ok()?;
        }
    }
}
