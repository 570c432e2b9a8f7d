//! A job that somebody here holds: what of its events is not read yet, and no more of that than is bearable.

use std::collections::VecDeque;

use super::{
    bound::{CAP, HIGH, LOW, MARK},
    chunks::Chunks,
    flow::Flow,
};
use crate::{arcp::client::fault::Fault, time::Time};

/// What the application does with a job's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Nothing yet.
    None,
    /// It waits for the result, and has not begun to read.
    Result,
    /// It reads.
    Events,
    /// It has stopped reading.
    Gone,
}

/// A job.
#[derive(Debug)]
pub(crate) struct Job {
    /// Its number here.
    pub(crate) handle: u32,
    /// Its `job_id`.
    pub(crate) id: String,
    /// Whether this session submitted it; otherwise it is subscribed to.
    pub(crate) is_own: bool,
    /// What has come of a result in pieces.
    pub(crate) chunks: Option<Chunks>,
    /// Why the pieces are no result, if they aren't.
    pub(crate) broken: Option<&'static str>,
    /// The payload of its submit, when that has an idempotency key: it can be sent again.
    pub(crate) submit: Option<Box<str>>,
    /// Whether it was asked for once more by its key: what has come of its result may come again.
    pub(crate) is_asked_again: bool,
    /// Whether it was accepted for its key just now, and nothing came of it since: it may have ended before.
    pub(crate) is_fresh: bool,
    /// Whether anything came of it on this connection.
    pub(crate) has_arrived: bool,
    /// Whether a connection was lost under it, and the runtime's list was not looked at since.
    pub(crate) was_cut: bool,
    /// The last number of the session when its end was found to be on its way.
    pub(crate) late_at: Option<i64>,
    /// Its last number in the list by which it is watched: what comes up to there is a replay.
    pub(crate) listed: Option<i64>,
    /// When such a job is looked for in the runtime's list, and how often it was.
    pub(crate) watch: Option<(Time, u32)>,
    /// Why its end may be one that can't be read, while nothing came after that.
    pub(crate) unread_end: Option<Fault>,
    /// Whether its events come, or are paused.
    pub(crate) flow: Flow,
    /// What was given up of it and not reported yet: from and to which number.
    pub(crate) given_up: Option<(i64, i64)>,
    /// Whether events of it were lost before it was accepted.
    pub(crate) has_holes: bool,
    /// Whether nobody knows if it has ended: nothing came of it since something was lost.
    pub(crate) is_unconfirmed: bool,
    /// The highest number of it that counted as progress.
    most: i64,
    pub(super) last: i64,
    reader: Reader,
    unread: VecDeque<(u32, i64)>,
    pub(super) bytes: usize,
}

impl Job {
    /// A job that nothing has come of yet.
    pub(crate) fn new(handle: u32, id: &str, is_own: bool, submit: Option<Box<str>>) -> Self {
        Self {
            handle,
            id: id.to_owned(),
            is_own,
            chunks: None,
            broken: None,
            submit,
            is_asked_again: false,
            is_fresh: false,
            has_arrived: false,
            was_cut: false,
            late_at: None,
            listed: None,
            watch: None,
            unread_end: None,
            flow: Flow::default(),
            given_up: None,
            has_holes: false,
            is_unconfirmed: false,
            most: -1,
            last: -1,
            reader: Reader::None,
            unread: VecDeque::new(),
            bytes: 0,
        }
    }

    /// An event of this size arrives: whether it is kept, and how many of the oldest are given up for it.
    pub(crate) fn arrives(&mut self, size: usize, seq: i64) -> (bool, u32) {
        if self.reader == Reader::Gone {
            return (false, 0);
        }
        self.unread.push_back((u32::try_from(size).unwrap_or(u32::MAX), seq));
        self.bytes += size;
        let bound = if self.reader == Reader::Result { MARK } else { CAP };
        let mut given_up = 0;
        while bound.is_passed(self.unread.len(), self.bytes) {
            let Some((_, seq)) = self.unread.front().copied() else { break };
            if self.reader != Reader::Result {
                let (from, _) = self.given_up.unwrap_or((seq, seq));
                self.given_up = Some((from, seq));
            }
            self.read(1);
            given_up += 1;
        }
        (true, given_up)
    }

    /// The application has taken so many.
    pub(crate) fn read(&mut self, count: u32) {
        for _ in 0..count {
            let Some((size, _)) = self.unread.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(size as usize);
        }
    }

    /// Whether one more event of this size has no place.
    pub(crate) fn is_full(&self, size: usize) -> bool {
        CAP.is_passed(self.unread.len() + 1, self.bytes + size)
    }

    /// Whether the runtime sends on, although nothing is acknowledged.
    pub(crate) fn is_flooded(&self) -> bool {
        self.waits() && HIGH.is_passed(self.unread.len(), self.bytes)
    }

    /// Whether there is room for what was paused; who reads no more has room for everything.
    pub(crate) fn has_room(&self) -> bool {
        !self.waits() || !LOW.is_passed(self.unread.len(), self.bytes)
    }

    /// The last number of it that came.
    pub(crate) const fn last(&self) -> i64 {
        self.last
    }

    /// Whether this number is one that the job has never come to: what is said again on each connection is no progress.
    pub(crate) fn advances(&mut self, seq: i64) -> bool {
        let advances = seq > self.most;
        self.most = self.most.max(seq);
        advances
    }

    /// Whether nobody reads its events any more.
    pub(crate) fn is_left(&self) -> bool {
        self.reader == Reader::Gone
    }

    fn waits(&self) -> bool {
        matches!(self.reader, Reader::None | Reader::Events)
    }

    /// The job is asked for from the last event on that was kept: what comes after it is new, whatever else has passed.
    pub(crate) fn resume(&mut self) {
        self.flow.resume();
        self.last = self.last.min(self.flow.kept);
    }

    /// What the application does from now on.
    pub(crate) fn set_reader(&mut self, reader: Reader) {
        // Who waits for the result may read too; who has stopped doesn't begin again.
        if self.reader == Reader::Gone || (reader == Reader::Result && self.reader == Reader::Events) {
            return;
        }
        self.reader = reader;
        if reader == Reader::Gone {
            self.unread.clear();
            self.bytes = 0;
        }
    }

    /// Whether it keeps the runtime from sending more.
    pub(crate) fn is_backlogged(&self) -> bool {
        self.waits() && self.flow.is_live() && MARK.is_passed(self.unread.len(), self.bytes)
    }
}
