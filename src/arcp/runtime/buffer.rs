//! The events that a session may have to be sent again (ARCP 1.1 §6.3, §6.5), and how far they were sent.

use std::{collections::VecDeque, rc::Rc};

/// What an entry takes besides its text.
const OVERHEAD: usize = 48;

/// Events and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl Load {
    const fn add(&mut self, bytes: usize) {
        self.events += 1;
        self.bytes += bytes;
    }

    const fn take(&mut self, bytes: usize) {
        self.events = self.events.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) frame: Rc<str>,
    pub(super) job: Rc<str>,
    /// Which of the job's events it is; none where it is its end, or tells what is lost.
    pub(super) event: Option<u64>,
}

impl Entry {
    fn size(&self) -> usize {
        self.frame.len() + OVERHEAD
    }
}

/// What is kept of one job.
#[derive(Clone, Debug)]
struct Share {
    job: Rc<str>,
    load: Load,
    /// Whether the job is another principal's.
    is_others: bool,
}

/// Frames by their `event_seq`, which has no gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    entries: VecDeque<Entry>,
    all: Load,
    unsent: Load,
    /// What of it is which job's.
    shares: Vec<Share>,
    /// Everything up to here is gone: acknowledged, or dropped.
    freed: i64,
}

impl Buffer {
    /// Takes the next event's frame in. `is_others` says whether the job is another principal's, where that isn't known yet.
    pub(super) fn push(&mut self, job: &str, event: Option<u64>, frame: Rc<str>, is_others: impl FnOnce() -> bool) {
        let at = self.shares.iter().position(|share| *share.job == *job).unwrap_or_else(|| {
            self.shares.push(Share { job: job.into(), load: Load::default(), is_others: is_others() });
            self.shares.len() - 1
        });
        let Some(share) = self.shares.get_mut(at) else { return };
        let entry = Entry { frame, job: Rc::clone(&share.job), event };
        share.load.add(entry.size());
        self.all.add(entry.size());
        self.unsent.add(entry.size());
        self.entries.push_back(entry);
    }

    /// Drops the oldest.
    pub(super) fn drop_oldest(&mut self) {
        let is_unsent = self.unsent.events >= self.entries.len();
        let Some(entry) = self.entries.pop_front() else { return };
        let size = entry.size();
        self.freed += 1;
        self.all.take(size);
        if is_unsent {
            self.unsent.take(size);
        }
        let Some(at) = self.shares.iter().position(|share| Rc::ptr_eq(&share.job, &entry.job)) else { return };
        let Some(share) = self.shares.get_mut(at) else { return };
        share.load.take(size);
        if share.load.events == 0 {
            self.shares.swap_remove(at);
        }
    }

    /// Drops what is acknowledged, as far as it was sent.
    pub(super) fn free(&mut self, up_to: i64) {
        while self.freed < up_to && self.unsent.events < self.entries.len() {
            self.drop_oldest();
        }
    }

    /// Drops the oldest that was sent; false where all that there is still has to be.
    pub(super) fn drop_sent(&mut self) -> bool {
        let has_sent = self.unsent.events < self.entries.len();
        if has_sent {
            self.drop_oldest();
        }
        has_sent
    }

    /// Whether what comes after `seq` is still there.
    pub(super) fn covers(&self, seq: i64) -> bool {
        (self.freed..=self.last()).contains(&seq)
    }

    /// What comes after `seq` is to be sent, again.
    pub(super) fn rewind(&mut self, seq: i64) {
        let skip = usize::try_from(seq - self.freed).unwrap_or(0);
        self.unsent = Load::default();
        for entry in self.entries.iter().skip(skip) {
            self.unsent.add(entry.size());
        }
    }

    /// The next frame that was not sent yet; from now on it was.
    pub(super) fn next_unsent(&mut self) -> Option<Rc<str>> {
        let at = self.entries.len().checked_sub(self.unsent.events)?;
        let entry = self.entries.get(at)?;
        self.unsent.take(entry.size());
        Some(Rc::clone(&entry.frame))
    }

    /// The last `event_seq`.
    pub(super) fn last(&self) -> i64 {
        self.freed + i64::try_from(self.entries.len()).unwrap_or(0)
    }

    /// Everything up to here is gone.
    pub(super) const fn freed(&self) -> i64 {
        self.freed
    }

    /// The last that was sent.
    pub(super) fn sent(&self) -> i64 {
        self.last() - i64::try_from(self.unsent.events).unwrap_or(0)
    }

    /// What comes after `seq`, or is left of it.
    pub(super) fn after(&self, seq: i64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().skip(usize::try_from(seq - self.freed).unwrap_or(0))
    }

    /// Nothing is kept, and everything up to here is gone.
    pub(super) fn restart(&mut self, freed: i64) {
        *self = Self { freed, ..Self::default() };
    }

    /// All that is kept.
    pub(super) const fn all(&self) -> Load {
        self.all
    }

    /// What was not sent yet.
    pub(super) const fn unsent(&self) -> Load {
        self.unsent
    }

    /// What is kept of one job.
    pub(super) fn share(&self, job: &str) -> Load {
        self.shares.iter().find(|share| *share.job == *job).map_or(Load::default(), |share| share.load)
    }

    /// Whether this entry is of another principal's job.
    pub(super) fn is_of_others(&self, entry: &Entry) -> bool {
        self.shares.iter().any(|share| Rc::ptr_eq(&share.job, &entry.job) && share.is_others)
    }

    /// The jobs of other principals of which something is still to be sent.
    pub(super) fn unsent_of_others(&self) -> Vec<Rc<str>> {
        let first = self.entries.len().saturating_sub(self.unsent.events);
        let is_unsent = |share: &&Share| {
            share.is_others && self.entries.iter().skip(first).any(|entry| Rc::ptr_eq(&entry.job, &share.job))
        };
        self.shares.iter().filter(is_unsent).map(|share| Rc::clone(&share.job)).collect()
    }

    /// Puts others in the place of the frames of a job that were not sent yet; `replace` is given each with its number.
    pub(super) fn replace_unsent(&mut self, job: &str, mut replace: impl FnMut(i64, &str) -> Rc<str>) {
        let Some(share) = self.shares.iter_mut().find(|share| *share.job == *job) else { return };
        let first = self.entries.len().saturating_sub(self.unsent.events);
        for (at, entry) in self.entries.iter_mut().enumerate().skip(first) {
            if !Rc::ptr_eq(&entry.job, &share.job) {
                continue;
            }
            let before = entry.size();
            let seq = self.freed.saturating_add(i64::try_from(at).unwrap_or(i64::MAX)).saturating_add(1);
            entry.frame = replace(seq, &entry.frame);
            for load in [&mut self.all, &mut self.unsent, &mut share.load] {
                load.bytes = load.bytes.saturating_sub(before) + entry.size();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(buffer: &mut Buffer) -> Vec<String> {
        std::iter::from_fn(|| buffer.next_unsent()).map(|frame| frame.as_ref().to_owned()).collect()
    }

    #[test]
    fn what_is_not_freed_is_sent_again() {
        let mut buffer = Buffer::default();
        assert!(buffer.covers(0) && !buffer.covers(1) && !buffer.covers(-1));
        for (job, frame) in [("a", "1"), ("a", "2"), ("b", "3"), ("a", "4")] {
            buffer.push(job, None, frame.into(), || false);
        }
        buffer.free(2);
        assert_eq!(buffer.all().events, 4, "nobody has what was never sent");
        assert_eq!(texts(&mut buffer), ["1", "2", "3", "4"]);
        assert_eq!((buffer.unsent(), buffer.share("a").events, buffer.share("b").events), (Load::default(), 3, 1));
        buffer.rewind(3);
        assert_eq!(texts(&mut buffer), ["4"]);
        assert!(buffer.covers(4) && !buffer.covers(5));
        buffer.free(2);
        assert!(!buffer.covers(1) && buffer.covers(2));
        assert_eq!((buffer.share("a").events, buffer.share("b").events), (1, 1));
        buffer.rewind(2);
        assert_eq!(texts(&mut buffer), ["3", "4"]);
        buffer.free(100);
        assert_eq!((buffer.last(), buffer.all(), buffer.shares.len()), (4, Load::default(), 0));
        buffer.push("a", None, "5".into(), || false);
        assert!(!buffer.drop_sent(), "it is still to be sent");
        assert_eq!(texts(&mut buffer), ["5"]);
        assert!(buffer.drop_sent() && buffer.unsent() == Load::default());
    }

    #[test]
    fn loads_agree_whatever_is_dropped() {
        let mut buffer = Buffer::default();
        for number in 0..10 {
            buffer.push(if number % 3 == 0 { "a" } else { "b" }, None, "x".repeat(number).into(), || number % 3 == 0);
        }
        buffer.next_unsent();
        buffer.replace_unsent("a", |seq, frame| {
            assert_eq!((seq % 3, frame.len() as i64), (1, seq - 1));
            "longer than it was".into()
        });
        assert_eq!(buffer.unsent_of_others().iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["a"]);
        for _ in 0..12 {
            buffer.drop_oldest();
            let sum = |loads: &[Load]| loads.iter().map(|load| load.bytes).sum::<usize>();
            assert_eq!(buffer.all().bytes, sum(&[buffer.share("a"), buffer.share("b")]));
            assert_eq!(buffer.all(), buffer.unsent(), "only the first was sent");
        }
        assert_eq!(buffer.last(), 10);
    }
}
