//! What a job has said, in its own order: for those who are behind, and for those who come later. Bounded; what had to go is
//! counted.

use std::{collections::VecDeque, rc::Rc};

use super::limits::Limits;

/// What an entry takes besides its text.
const OVERHEAD: usize = 64;

/// An event of a job.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// Its number in the submitting session, once it has one there.
    pub(super) seq: Option<i64>,
    pub(super) kind: Rc<str>,
    pub(super) payload: Rc<str>,
}

/// The events of a job.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    events: VecDeque<Past>,
    bytes: usize,
    /// How many are gone.
    gone: u64,
    /// The last number, in the submitting session, of what is gone.
    gone_seq: i64,
    /// So many events, those that are gone included, are in the storage with the numbers that they had then.
    settled: u64,
    /// Whether one of them has another number since.
    is_renumbered: bool,
}

/// Where somebody stands in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The next event, counted from the job's first.
    pub(super) next: u64,
    /// How many before it can't be had any more, and were not had.
    pub(super) lost: u64,
}

impl History {
    pub(super) fn push(&mut self, kind: &str, payload: &Rc<str>) {
        self.bytes += payload.len() + OVERHEAD;
        self.events.push_back(Past { seq: None, kind: kind.into(), payload: Rc::clone(payload) });
    }

    /// Takes the oldest out: which one it was, and what.
    pub(super) fn pop(&mut self) -> Option<(u64, Past)> {
        let past = self.events.pop_front()?;
        self.bytes = self.bytes.saturating_sub(past.payload.len() + OVERHEAD);
        self.gone_seq = past.seq.unwrap_or(self.gone_seq);
        self.gone += 1;
        Some((self.gone - 1, past))
    }

    pub(super) fn is_over(&self, limits: &Limits) -> bool {
        self.events.len() > limits.history_events || self.bytes > limits.history_bytes
    }

    /// How many events there were.
    pub(super) fn count(&self) -> u64 {
        self.gone + self.events.len() as u64
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, at: u64) -> Option<&Past> {
        self.events.get(self.index(at)?)
    }

    /// The event has this number in the submitting session now.
    pub(super) fn number(&mut self, at: u64, seq: i64) {
        let index = self.index(at);
        if let Some(past) = index.and_then(|index| self.events.get_mut(index)) {
            self.is_renumbered |= at < self.settled;
            past.seq = Some(seq);
        }
    }

    /// The last number, in the submitting session, that one of the events has or had.
    pub(super) fn last_seq(&self) -> i64 {
        self.events.iter().filter_map(|past| past.seq).max().map_or(self.gone_seq, |seq| seq.max(self.gone_seq))
    }

    /// How many are gone, and the last number of these.
    pub(super) const fn gone(&self) -> (u64, i64) {
        (self.gone, self.gone_seq)
    }

    /// The events after the first `count` ones, or what is left of them.
    pub(super) fn from(&self, count: u64) -> impl Iterator<Item = &Past> {
        self.events.iter().skip(self.index(count).unwrap_or(0))
    }

    /// The storage has everything, with these numbers.
    pub(super) fn settle(&mut self) {
        self.settled = self.count();
        self.is_renumbered = false;
    }

    /// Whether the storage has other numbers.
    pub(super) const fn is_renumbered(&self) -> bool {
        self.is_renumbered
    }

    /// Nothing is kept, and so many are gone.
    pub(super) fn restart(&mut self, gone: u64, gone_seq: i64) {
        *self = Self { gone, gone_seq, ..Self::default() };
    }

    /// The numbers of all events in rows of neighbours: which event, its number, how many.
    pub(super) fn numbers(&self) -> Vec<(u64, i64, u64)> {
        let mut runs: Vec<(u64, i64, u64)> = Vec::new();
        for (at, past) in (self.gone..).zip(&self.events) {
            let Some(seq) = past.seq else { continue };
            match runs.last_mut() {
                Some((first, number, count))
                    if *first + *count == at && number.saturating_add_unsigned(*count) == seq =>
                {
                    *count += 1;
                }
                _ => runs.push((at, seq, 1)),
            }
        }
        runs
    }

    fn index(&self, at: u64) -> Option<usize> {
        usize::try_from(at.checked_sub(self.gone)?).ok()
    }

    /// Whether what comes from there on is nearly more than is kept.
    pub(super) fn is_half_full_after(&self, at: u64, limits: &Limits) -> bool {
        let skip = self.index(at).unwrap_or(0);
        let bytes = self.events.iter().skip(skip).map(|past| past.payload.len() + OVERHEAD).sum::<usize>();
        self.events.len().saturating_sub(skip) * 2 >= limits.history_events || bytes * 2 >= limits.history_bytes
    }

    /// Where the events after `from` begin, which counts in the submitting session's numbers. What has no number there was not
    /// sent there yet, so it comes after all that was.
    pub(super) fn after(&self, from: i64) -> Position {
        let had = self.events.iter().rposition(|past| past.seq.is_some_and(|seq| seq <= from));
        match had {
            Some(index) => Position { next: self.gone + index as u64 + 1, lost: 0 },
            None if from <= 0 => Position { next: self.gone, lost: self.gone },
            None => {
                let most = u64::try_from(self.gone_seq.saturating_sub(from)).unwrap_or(0);
                Position { next: self.gone, lost: self.gone.min(most) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(numbers: &[Option<i64>]) -> History {
        let mut history = History::default();
        for (at, seq) in numbers.iter().enumerate() {
            history.push("k", &"{}".into());
            if let Some(seq) = seq {
                history.number(at as u64, *seq);
            }
        }
        history
    }

    #[test]
    fn from_a_number_on() {
        let history = filled(&[None, Some(3), Some(7), None, None]);
        for (from, next) in [(0, 0), (2, 0), (3, 2), (6, 2), (7, 3), (100, 3)] {
            assert_eq!(history.after(from), Position { next, lost: 0 }, "{from}");
        }
    }

    #[test]
    fn what_is_gone_is_counted() {
        let mut history = filled(&[Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(history.pop().map(|(at, past)| (at, past.seq)), Some((0, Some(1))));
        history.pop();
        for (from, lost) in [(0, 2), (1, 1), (2, 0), (3, 0)] {
            assert_eq!(history.after(from).lost, lost, "{from}");
        }
        assert_eq!((history.count(), history.get(1).is_none(), history.get(2).is_some()), (4, true, true));
        history.number(0, 9);
        history.pop();
        history.pop();
        assert_eq!((history.pop().is_none(), history.bytes(), history.count()), (true, 0, 4));
        assert_eq!(history.after(4), Position { next: 4, lost: 0 });
    }
}
