//! The events that a session may have to be sent again (ARCP 1.1 §6.3, §6.5).

use std::{collections::VecDeque, rc::Rc};

/// What an entry takes besides its text.
const OVERHEAD: usize = 48;

/// Frames by their `event_seq`, which has no gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    frames: VecDeque<Rc<str>>,
    bytes: usize,
    /// Everything up to here is gone: acknowledged, or dropped.
    freed: i64,
}

impl Buffer {
    /// Takes the next event's frame in.
    pub(super) fn push(&mut self, frame: Rc<str>) {
        self.bytes += frame.len() + OVERHEAD;
        self.frames.push_back(frame);
    }

    /// Drops the oldest.
    pub(super) fn drop_oldest(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.bytes = self.bytes.saturating_sub(frame.len() + OVERHEAD);
            self.freed += 1;
        }
    }

    /// Drops what is acknowledged.
    pub(super) fn free(&mut self, up_to: i64) {
        while self.freed < up_to && !self.frames.is_empty() {
            self.drop_oldest();
        }
    }

    /// Whether what comes after `seq` is still there.
    pub(super) fn covers(&self, seq: i64) -> bool {
        (self.freed..=self.last()).contains(&seq)
    }

    /// What comes after `seq`.
    pub(super) fn after(&self, seq: i64) -> impl Iterator<Item = Rc<str>> + '_ {
        let skip = usize::try_from(seq - self.freed).unwrap_or(0);
        self.frames.iter().skip(skip).cloned()
    }

    /// The last `event_seq`.
    pub(super) fn last(&self) -> i64 {
        self.freed + i64::try_from(self.frames.len()).unwrap_or(0)
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(buffer: &Buffer, seq: i64) -> Vec<String> {
        buffer.after(seq).map(|frame| frame.as_ref().to_owned()).collect()
    }

    #[test]
    fn what_is_not_freed_is_replayed() {
        let mut buffer = Buffer::default();
        assert!(buffer.covers(0) && !buffer.covers(1) && !buffer.covers(-1));
        for frame in ["1", "2", "3", "4"] {
            buffer.push(frame.into());
        }
        assert_eq!(texts(&buffer, 0), ["1", "2", "3", "4"]);
        assert_eq!(texts(&buffer, 3), ["4"]);
        assert!(buffer.covers(4) && !buffer.covers(5));
        buffer.free(2);
        assert!(!buffer.covers(1) && buffer.covers(2));
        assert_eq!(texts(&buffer, 2), ["3", "4"]);
        buffer.free(100);
        assert_eq!((buffer.last(), buffer.len(), buffer.bytes()), (4, 0, 0));
        buffer.push("5".into());
        assert_eq!(texts(&buffer, 4), ["5"]);
    }
}
