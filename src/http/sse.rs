//! Where the events of a stream of server-sent events end (WHATWG HTML §9.2), in whatever pieces it comes: what is put behind a
//! whole event is never taken for a part of another.

/// Looks at the bytes of a stream as they pass. It keeps none of them: who holds them is told where to cut.
#[derive(Clone, Copy, Debug)]
pub struct Splitter {
    is_line_start: bool,
    is_after_return: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// At the beginning of a stream.
    pub const fn new() -> Self {
        Self { is_line_start: true, is_after_return: false }
    }

    /// Behind the bytes after which another one had these [`Self::flags`].
    pub const fn resumed(flags: u8) -> Self {
        Self { is_line_start: flags & 1 == 0, is_after_return: flags & 2 != 0 }
    }

    /// All that is known of the bytes that have passed, in two bits; 0 at the beginning of a stream.
    pub const fn flags(&self) -> u8 {
        !self.is_line_start as u8 | (self.is_after_return as u8) << 1
    }

    /// How many of these bytes stand up to the end of the last whole event; 0 where none ends here.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let mut end = 0;
        for (index, byte) in bytes.iter().enumerate() {
            // The second half of a line's end that has been seen.
            let is_second = *byte == b'\n' && self.is_after_return;
            self.is_after_return = *byte == b'\r';
            if is_second {
                if end == index && end > 0 {
                    end += 1;
                }
            } else if matches!(byte, b'\r' | b'\n') {
                if self.is_line_start {
                    end = index + 1;
                }
                self.is_line_start = true;
            } else {
                self.is_line_start = false;
            }
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole events of a text that comes in pieces of a size, each piece's own.
    fn whole(text: &str, size: usize) -> Vec<String> {
        let (mut splitter, mut waiting, mut all) = (Splitter::new(), String::new(), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            // As the driver does it, whose instance of the module may be another one by now.
            splitter = Splitter::resumed(splitter.flags());
            let end = splitter.push(piece);
            let piece = std::str::from_utf8(piece).unwrap();
            waiting.push_str(&piece[..end]);
            if end > 0 {
                all.push(std::mem::take(&mut waiting));
            }
            waiting.push_str(&piece[end..]);
        }
        all
    }

    #[test]
    fn events_end_where_events_end_however_they_are_cut() {
        for newline in ["\n", "\r\n", "\r"] {
            let one = format!("event: a{newline}data: 1{newline}{newline}");
            let text = format!("{one}{newline}{one}: comment{newline}{newline}data: tail");
            for size in 1..=text.len() {
                let mut seen = String::new();
                for piece in whole(&text, size) {
                    seen.push_str(&piece);
                    let blank = seen.ends_with(&newline.repeat(2)) || seen.ends_with("\r\n\r");
                    assert!(blank, "{seen:?} of pieces of {size}");
                }
                let bare = |text: &str| text.replace(['\r', '\n'], "");
                assert_eq!(bare(&seen), bare(text.strip_suffix("data: tail").unwrap()));
            }
        }
    }
}
