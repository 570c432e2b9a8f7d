//! What a session's client has not acknowledged yet, and how far its connection was given it.
//!
//! Frames with a number are kept until the client has them (ARCP 1.1 §6.3, §6.5). Answers have none: they are kept until the client has
//! a number that came after them. What it may not have it is given when it is back, answers first: who waits for one may be cut off
//! again soon. What would do harm when it comes twice, or is asked for again anyway, is given once.

use std::{collections::VecDeque, rc::Rc};

use crate::arcp::skim;

/// What an entry takes besides its text.
const OVERHEAD: usize = 64;

/// A frame that is kept.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its place: they count on for as long as the session lives.
    pub(super) at: i64,
    /// Its number; none of an answer.
    pub(super) seq: Option<i64>,
    /// The number that the upstream gave it; of an answer, the last number before it.
    pub(super) up: i64,
    pub(super) text: Rc<str>,
    /// An answer that is not given again. (Some runtimes don't say whose it is, and the Python SDK's client fails all that it waits for
    /// at any `session.error`.)
    is_once: bool,
}

impl Entry {
    pub(super) fn new(at: i64, seq: Option<i64>, up: i64, text: Rc<str>) -> Self {
        let is_once = seq.is_none() && !may_come_twice(&text);
        Self { at, seq, up, text, is_once }
    }

    /// Whether a client that has this number has it, where answers up to a place were given. Who has a number that came later was given
    /// what may come twice before.
    pub(super) fn is_had(&self, seq: i64, answered: i64) -> bool {
        match self.seq {
            Some(own) => own <= seq,
            None if self.is_once => self.at <= answered,
            None => self.up < seq,
        }
    }

    fn size(&self) -> usize {
        self.text.len() + OVERHEAD
    }
}

/// Whether an answer does no harm to who has it already: it says which request it answers, and is no failure.
fn may_come_twice(answer: &str) -> bool {
    let payload = skim::value_of(answer, "payload").and_then(|range| answer.get(range)).unwrap_or_default();
    let is_named = skim::name(payload, "request_id").is_some();
    is_named && !matches!(skim::name(answer, "type").as_deref(), Some("session.error" | "session.jobs"))
}

/// Frames in their order.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// How many of the entries the connection was given.
    given: usize,
    /// What the client said that it has, when the connection came; and the last place then.
    from: i64,
    came_at: i64,
    /// Answers that the connection is given before all else.
    again: VecDeque<(i64, Rc<str>)>,
    /// The last number.
    pub(super) last: i64,
    /// The last place.
    pub(super) at: i64,
    /// Numbers up to this one are gone.
    pub(super) freed: i64,
    /// Answers up to this place were given.
    pub(super) answered: i64,
    /// Places up to this one are stored.
    pub(super) stored: i64,
    /// What was stored can't be read from here on, until something is numbered again.
    is_broken: bool,
    /// Places up to this one were dropped, and those up to the other are dropped in storage as well.
    pub(super) dropped: i64,
    /// See `dropped`.
    pub(super) dropped_stored: i64,
}

impl Buffer {
    /// Takes a frame in. With a number it must be greater than the last one.
    pub(super) fn push(&mut self, seq: Option<i64>, up: i64, text: Rc<str>) {
        let up = if seq.is_some() { up } else { self.last };
        self.restore(Entry::new(self.at + 1, seq, up, text));
        // What was given and is not given again is kept for nobody. From the front alone: what is gone here and not there stays in
        // storage. All else that was not given is owed, however much it is: the bounds of all frames end the session by name.
        while self.given > 0 && self.entries.front().is_some_and(|first| first.is_once && first.at <= self.answered) {
            self.drop_first();
        }
    }

    /// Something that was stored can't be read: nobody can be given what came before it, for there would be a gap.
    pub(super) const fn broken(&mut self) {
        self.is_broken = true;
    }

    /// All that was stored is there.
    pub(super) fn restored(&mut self) {
        if std::mem::take(&mut self.is_broken)
            && self.last > self.entries.iter().filter_map(|entry| entry.seq).max().unwrap_or(0)
        {
            self.restart(self.last);
        }
    }

    /// What is numbered up to here is gone.
    fn restart(&mut self, seq: i64) {
        self.entries.clear();
        (self.bytes, self.freed) = (0, self.freed.max(seq));
    }

    /// Puts back what was stored, in its order.
    pub(super) fn restore(&mut self, entry: Entry) {
        if let Some(seq) = entry.seq.filter(|_| self.is_broken) {
            self.restart(seq - 1);
            self.is_broken = false;
        }
        self.at = self.at.max(entry.at);
        self.last = self.last.max(entry.seq.unwrap_or(0));
        self.bytes += entry.size();
        self.entries.push_back(entry);
    }

    /// Frames and bytes that are kept.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }

    /// Whether what comes after this number is still there.
    pub(super) fn covers(&self, seq: i64) -> bool {
        (self.freed..=self.last).contains(&seq)
    }

    /// Whether nothing is left for a client that has this number, where nothing more will come: an answer that was given once is, too,
    /// for no number behind it will ever say that it has arrived.
    pub(super) fn has_nothing_after(&self, seq: i64) -> bool {
        self.entries.iter().all(|entry| entry.seq.map_or(entry.at <= self.answered, |own| own <= seq))
    }

    /// A connection has come, and has what was numbered up to here.
    pub(super) fn rewind(&mut self, seq: i64) {
        (self.from, self.given, self.came_at) = (seq, 0, self.at);
        let answers = self.entries.iter().filter(|entry| entry.seq.is_none() && !entry.is_had(seq, self.answered));
        self.again = answers.map(|entry| (entry.at, Rc::clone(&entry.text))).collect();
    }

    /// The next frame for the connection; from now on it was given.
    pub(super) fn next(&mut self) -> Option<Rc<str>> {
        if let Some((at, text)) = self.again.pop_front() {
            self.answered = self.answered.max(at);
            return Some(text);
        }
        while let Some(entry) = self.entries.get(self.given) {
            self.given += 1;
            match entry.seq {
                Some(seq) if seq > self.from => return Some(Rc::clone(&entry.text)),
                None if entry.at > self.came_at => {
                    self.answered = entry.at;
                    return Some(Rc::clone(&entry.text));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the connection was given all.
    pub(super) fn is_given(&self) -> bool {
        self.again.is_empty() && self.given >= self.entries.len()
    }

    /// The client has what is numbered up to here.
    pub(super) fn free(&mut self, up_to: i64) {
        while self.given > 0 && self.entries.front().is_some_and(|entry| entry.is_had(up_to, self.answered)) {
            self.drop_first();
        }
    }

    /// Drops the oldest that was given; false where there is none.
    pub(super) fn drop_given(&mut self) -> bool {
        let has_given = self.given > 0 && !self.entries.is_empty();
        if has_given {
            self.drop_first();
        }
        has_given
    }

    fn drop_first(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        self.given = self.given.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(entry.size());
        self.dropped = entry.at;
        self.freed = self.freed.max(entry.seq.unwrap_or(0));
    }

    /// What is not stored yet. Answers that a connection was given at once need not be, if they are not given again.
    pub(super) fn unstored(&mut self) -> Vec<Entry> {
        let after = self.stored.max(self.dropped);
        let skip = self.entries.partition_point(|entry| entry.at <= after);
        let answered = self.answered;
        self.stored = self.at;
        let entries = self.entries.iter().skip(skip);
        entries.filter(|entry| entry.seq.is_some() || !entry.is_once || entry.at > answered).cloned().collect()
    }

    /// What the connection was given, or had.
    pub(super) fn given(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().take(self.given)
    }
}

#[cfg(test)]
mod tests;
