//! Server-sent events, read piece by piece as the WHATWG specification has it: any of the three line ends, a byte order mark,
//! data of several lines, comments. More is bounded here than there, and bytes that are not UTF-8 are refused.

use crate::error::{Code, Error, Fact};

/// How much is read, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of one event, and so of one line.
    pub event: usize,
    /// Of the whole stream.
    pub total: u64,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty when it has none.
    pub name: String,
    /// Its data, lines joined by a line feed.
    pub data: String,
}

/// Turns the bytes of a stream into events.
///
/// [`Self::push`] takes a piece; [`Self::next_event`] is then asked until it gives none; [`Self::finish`] is asked at the end.
#[derive(Debug)]
pub struct EventReader {
    limits: Limits,
    total: u64,
    buffer: Vec<u8>,
    /// Where the line that is being read begins.
    start: usize,
    /// How far it has been looked at.
    seen: usize,
    /// The last line ended with a carriage return: a line feed now belongs to it.
    after_return: bool,
    is_begun: bool,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
}

impl EventReader {
    /// A reader at the beginning of a stream.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            total: 0,
            buffer: Vec::new(),
            start: 0,
            seen: 0,
            after_return: false,
            is_begun: false,
            name: Vec::new(),
            data: Vec::new(),
            has_data: false,
        }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// The stream is longer than it may be.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.total = self.total.saturating_add(bytes.len() as u64);
        if self.total > self.limits.total {
            let most = self.limits.total;
            return Err(too_large("the stream is longer than `limits.maxStreamBytes`", self.total, most));
        }
        self.buffer.drain(..self.start);
        self.seen -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next event that is complete.
    ///
    /// # Errors
    /// An event is larger than it may be, or not UTF-8. The stream is of no use after that.
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            if self.after_return && self.start < self.buffer.len() {
                self.after_return = false;
                if self.buffer.get(self.start) == Some(&b'\n') {
                    self.start += 1;
                    self.seen = self.start;
                }
            }
            let unseen = self.buffer.get(self.seen..).unwrap_or_default();
            let Some(length) = unseen.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.seen = self.buffer.len();
                self.check_size(self.seen - self.start)?;
                return Ok(None);
            };
            let end = self.seen + length;
            self.after_return = self.buffer.get(end) == Some(&b'\r');
            let line = self.start..end;
            self.start = end + 1;
            self.seen = self.start;
            if self.line(line)? {
                if let Some(event) = self.dispatch()? {
                    return Ok(Some(event));
                }
            }
        }
    }

    /// The event that the end of the stream completes: servers forget the empty line behind the last one.
    ///
    /// # Errors
    /// As [`Self::next_event`].
    pub fn finish(&mut self) -> Result<Option<Event>, Error> {
        let line = self.start..self.buffer.len();
        self.start = line.end;
        self.seen = line.end;
        self.line(line)?;
        self.dispatch()
    }

    /// Reads a line; `true` when it is empty, and so ends an event.
    fn line(&mut self, line: std::ops::Range<usize>) -> Result<bool, Error> {
        self.check_size(line.len())?;
        let mut line = self.buffer.get(line).unwrap_or_default();
        if !self.is_begun {
            self.is_begun = true;
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(true);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default()),
            None => (line, <&[u8]>::default()),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            // Comments, which begin with the colon; `id` and `retry`, for an ARC stream can't be resumed; what is not known.
            _ => {}
        }
        Ok(false)
    }

    /// The event that has been read. One without data is none, but for a `done`, which needs none.
    fn dispatch(&mut self) -> Result<Option<Event>, Error> {
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        if !std::mem::take(&mut self.has_data) && name != b"done" {
            return Ok(None);
        }
        match (String::from_utf8(name), String::from_utf8(data)) {
            (Ok(name), Ok(data)) => Ok(Some(Event { name, data })),
            _ => Err(broken("the stream is not UTF-8")),
        }
    }

    fn check_size(&self, line: usize) -> Result<(), Error> {
        // Each line of data costs a line feed, too: many empty ones are not free.
        let (size, most) = (line.saturating_add(self.data.len()), self.limits.event);
        if size > most {
            let message = "an event of the stream is larger than `limits.maxEventBytes`";
            return Err(too_large(message, size as u64, most as u64));
        }
        Ok(())
    }
}

/// With the size, as far as it has been seen, and the limit.
fn too_large(message: &str, bytes: u64, limit: u64) -> Error {
    let error =
        Error::new(Code::Protocol, format!("{message}: it has {bytes} bytes at least, and {limit} are allowed"));
    error.with("bytes", Fact::Number(bytes)).with("limit", Fact::Number(limit))
}

fn broken(message: &'static str) -> Error {
    Error::new(Code::Protocol, message)
}
