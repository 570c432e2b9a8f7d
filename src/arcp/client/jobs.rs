//! The jobs that somebody here holds: each event once, in order, and no more of them kept than is bearable.

use std::collections::VecDeque;

use super::{chunks::Chunks, fault::Fault, flow::Flow};
use crate::time::Time;

/// From so many unread events of a job on, the runtime is to hold the rest back.
const MARK: Bound = Bound { events: 256, bytes: 1 << 20 };
/// Read down to here, a job that was put off is taken up again.
const LOW: Bound = Bound { events: 128, bytes: 1 << 19 };
/// A runtime that doesn't hold back what isn't acknowledged: from here on the job is put off.
const HIGH: Bound = Bound { events: 3072, bytes: 12 << 20 };
/// More are not kept: those of a job that can be asked for again come later, of others the oldest are given up.
const CAP: Bound = Bound { events: 4096, bytes: 16 << 20 };
/// Events of jobs that are not accepted yet, as far as this side knows: a runtime may replay all of a job before it answers the
/// submit that was sent again, so as much is kept as of a job that nobody reads.
const UNCLAIMED: Bound = CAP;
/// Jobs that are not accepted yet, and for whom it is counted what was given up.
const MAX_UNCLAIMED: usize = 64;

#[derive(Clone, Copy)]
struct Bound {
    events: usize,
    bytes: usize,
}

impl Bound {
    const fn is_passed(self, events: usize, bytes: usize) -> bool {
        events > self.events || (bytes > self.bytes && events > 1)
    }
}

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
pub struct Job {
    /// Its number here.
    pub handle: u32,
    /// Its `job_id`.
    pub id: String,
    /// Whether this session submitted it; otherwise it is subscribed to.
    pub is_own: bool,
    /// What has come of a result in pieces.
    pub chunks: Option<Chunks>,
    /// Why the pieces are no result, if they aren't.
    pub broken: Option<&'static str>,
    /// The payload of its submit, when that has an idempotency key: it can be sent again.
    pub submit: Option<Box<str>>,
    /// Whether it was accepted for its key just now, and not heard of since: it may have ended before.
    pub is_fresh: bool,
    /// Whether anything came of it on this connection.
    pub has_arrived: bool,
    /// The last number of the session when its end was found to be on its way.
    pub late_at: Option<i64>,
    /// When such a job is looked for in the runtime's list, and how often it was.
    pub watch: Option<(Time, u32)>,
    /// Why its end may be one that can't be read, while nothing came after that.
    pub unread_end: Option<Box<Fault>>,
    /// Whether its events come, or are put off.
    pub flow: Flow,
    /// What was given up of it and not told yet: from and to which number.
    pub given_up: Option<(i64, i64)>,
    /// Whether events of it were lost before it was accepted.
    pub has_holes: bool,
    /// Whether nobody knows if it has ended: it wasn't heard of since something was lost.
    pub is_unconfirmed: bool,
    /// The highest number of it that counted as progress.
    most: i64,
    last: i64,
    reader: Reader,
    unread: VecDeque<(u32, i64)>,
    bytes: usize,
}

impl Job {
    /// An event of this size arrives: whether it is kept, and how many of the oldest are given up for it.
    pub fn arrives(&mut self, size: usize, seq: i64) -> (bool, u32) {
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
    pub fn read(&mut self, count: u32) {
        for _ in 0..count {
            let Some((size, _)) = self.unread.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(size as usize);
        }
    }

    /// Whether one more event of this size has no place.
    pub fn is_full(&self, size: usize) -> bool {
        CAP.is_passed(self.unread.len() + 1, self.bytes + size)
    }

    /// Whether the runtime sends on, although nothing is acknowledged.
    pub fn is_flooded(&self) -> bool {
        self.waits() && HIGH.is_passed(self.unread.len(), self.bytes)
    }

    /// Whether there is room for what was put off; who reads no more has room for everything.
    pub fn has_room(&self) -> bool {
        !self.waits() || !LOW.is_passed(self.unread.len(), self.bytes)
    }

    /// The last number of it that came.
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// Whether this number is one that the job has never come to: what is said again on each connection is no progress.
    pub fn advances(&mut self, seq: i64) -> bool {
        let advances = seq > self.most;
        self.most = self.most.max(seq);
        advances
    }

    /// Whether nobody reads its events any more.
    pub fn is_left(&self) -> bool {
        self.reader == Reader::Gone
    }

    fn waits(&self) -> bool {
        matches!(self.reader, Reader::None | Reader::Events)
    }

    /// The job is asked for from the last event on that was kept: what comes after it is new, whatever else has passed.
    pub fn resume(&mut self) {
        self.flow.resume();
        self.last = self.last.min(self.flow.kept);
    }

    /// What the application does from now on.
    pub fn set_reader(&mut self, reader: Reader) {
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
    pub fn is_backlogged(&self) -> bool {
        self.waits() && self.flow.is_live() && MARK.is_passed(self.unread.len(), self.bytes)
    }
}

/// What an `event_seq` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeqOrder {
    /// It is the next one.
    Next,
    /// It has been there before.
    Duplicate,
    /// Others are missing before it, from this number on.
    Gap(i64),
    /// By which count it is one, nobody knows.
    Unknown,
}

/// All jobs of a session.
#[derive(Debug)]
pub struct Jobs {
    list: Vec<Job>,
    handles: u32,
    /// The last number of the session; -1 before the first.
    seq: i64,
    /// The same, without those of subscriptions.
    own_seq: i64,
    /// The Python runtime counts each subscription for itself (§7.6 wants one count a session).
    counts_apart: bool,
    has_subscribed: bool,
    unclaimed: VecDeque<(String, String)>,
    unclaimed_bytes: usize,
    /// Jobs of whom something of that was given up, and how much.
    evicted: Vec<(String, u32)>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            handles: 0,
            seq: -1,
            own_seq: -1,
            counts_apart: false,
            has_subscribed: false,
            unclaimed: VecDeque::new(),
            unclaimed_bytes: 0,
            evicted: Vec::new(),
        }
    }
}

impl Jobs {
    /// Takes a job in.
    pub fn add(&mut self, id: &str, is_own: bool, submit: Option<Box<str>>) -> u32 {
        self.handles += 1;
        self.has_subscribed |= !is_own;
        self.list.push(Job {
            handle: self.handles,
            id: id.to_owned(),
            is_own,
            chunks: None,
            broken: None,
            submit,
            is_fresh: false,
            has_arrived: false,
            late_at: None,
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
        });
        self.handles
    }

    /// The job of that id.
    pub fn by_id(&mut self, id: &str) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.id == id)
    }

    /// The job of that number.
    pub fn get(&mut self, handle: u32) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.handle == handle)
    }

    /// A job goes on under another id.
    pub fn rename(&mut self, handle: u32, id: &str) {
        if let Some(job) = self.get(handle) {
            id.clone_into(&mut job.id);
            (job.chunks, job.broken) = (None, None);
        }
    }

    /// A job's numbers begin again: it comes by a subscription that counts for itself.
    pub fn begin_again(&mut self, handle: u32) {
        self.has_subscribed = true;
        if let Some(job) = self.get(handle) {
            job.is_own = false;
            job.last = -1;
        }
    }

    /// Forgets a job: it has ended, or nobody wants it.
    pub fn remove(&mut self, handle: u32) -> Option<Job> {
        let at = self.list.iter().position(|job| job.handle == handle)?;
        Some(self.list.swap_remove(at))
    }

    /// Forgets the session: all jobs, and where it was.
    pub fn clear(&mut self) -> Vec<Job> {
        let list = std::mem::take(&mut self.list);
        *self = Self { handles: self.handles, ..Self::default() };
        list
    }

    /// The jobs.
    pub fn iter(&self) -> impl Iterator<Item = &Job> {
        self.list.iter()
    }

    /// The last number that was processed; what a resume and an acknowledgement name.
    pub fn last_seq(&self) -> i64 {
        self.seq.max(0)
    }

    /// The jobs, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.list.iter_mut()
    }

    /// Whether the runtime is to hold events back.
    pub fn withholds_acks(&self) -> bool {
        self.list.iter().any(Job::is_backlogged)
    }

    /// Where this number stands. A number that stands next is taken.
    pub fn order(&mut self, id: &str, seq: i64) -> SeqOrder {
        let (session, counts_apart) = (self.seq, self.counts_apart);
        let Some(job) = self.list.iter_mut().find(|job| job.id == id) else {
            return match seq {
                _ if counts_apart && seq != session + 1 => SeqOrder::Unknown,
                _ if seq <= session => SeqOrder::Duplicate,
                _ if is_after(session, seq) => SeqOrder::Gap(session.max(0) + 1),
                _ => {
                    self.seq = seq;
                    self.own_seq = seq;
                    SeqOrder::Next
                }
            };
        };
        if seq <= job.last {
            return SeqOrder::Duplicate;
        }
        if counts_apart && !job.is_own {
            job.last = seq;
            return SeqOrder::Next;
        }
        if seq <= session && job.flow.is_again() {
            // It was asked for again, and comes under the number that it had.
            job.last = seq;
            return SeqOrder::Next;
        }
        if seq <= session {
            // The same number for another job. Where something was subscribed to, the session's number is from here on that of
            // its own jobs; elsewhere this one is late, after a gap that was given up.
            job.last = seq;
            let own = if job.is_own { self.own_seq.max(seq) } else { self.own_seq };
            if !counts_apart && self.has_subscribed {
                self.counts_apart = true;
                self.seq = own;
            }
            self.own_seq = own;
            return SeqOrder::Next;
        }
        if is_after(session, seq) {
            return SeqOrder::Gap(session.max(0) + 1);
        }
        // What will come again may do so under this number, or an earlier one.
        if !job.flow.comes_again(seq) {
            job.last = seq;
        }
        self.seq = seq;
        if job.is_own {
            self.own_seq = seq;
        }
        SeqOrder::Next
    }

    /// Whether this number, of a job that may not be known, has been there or was given up.
    pub fn has_passed(&self, id: &str, seq: i64) -> bool {
        match self.list.iter().find(|job| job.id == id) {
            Some(job) if job.last >= 0 || !job.is_own => seq <= job.last,
            Some(_) => seq <= self.seq && !self.has_subscribed,
            None => seq <= self.seq && !self.counts_apart,
        }
    }

    /// A replay that was counted for itself is over: whatever comes under the numbers of it has been there.
    pub fn replayed_apart(&mut self, handle: u32) {
        let seq = self.seq;
        if let Some(job) = self.get(handle) {
            job.last = job.last.max(seq);
        }
    }

    /// What is missing before this number is given up.
    pub fn skip_to(&mut self, seq: i64) {
        self.seq = seq - 1;
        self.own_seq = self.seq;
    }

    /// Keeps a frame of a job that may be accepted in a moment.
    pub fn keep(&mut self, id: &str, frame: &str) {
        self.unclaimed_bytes += frame.len();
        self.unclaimed.push_back((id.to_owned(), frame.to_owned()));
        while UNCLAIMED.is_passed(self.unclaimed.len(), self.unclaimed_bytes) {
            let Some((id, frame)) = self.unclaimed.pop_front() else { return };
            self.unclaimed_bytes -= frame.len();
            match self.evicted.iter_mut().find(|(of, _)| *of == id) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => {
                    if self.evicted.len() >= MAX_UNCLAIMED {
                        self.evicted.remove(0);
                    }
                    self.evicted.push((id, 1));
                }
            }
        }
    }

    /// The frames that were kept for a job, in their order, and how many before them were given up.
    pub fn claim(&mut self, id: &str) -> (Vec<String>, u32) {
        let at = self.evicted.iter().position(|(of, _)| of == id);
        let evicted = at.map_or(0, |at| self.evicted.swap_remove(at).1);
        let (mine, others) = std::mem::take(&mut self.unclaimed).into_iter().partition::<Vec<_>, _>(|(of, _)| of == id);
        self.unclaimed = others.into();
        self.unclaimed_bytes = self.unclaimed.iter().map(|(_, frame)| frame.len()).sum();
        (mine.into_iter().map(|(_, frame)| frame).collect(), evicted)
    }

    /// Forgets what nobody can claim.
    pub fn forget_unclaimed(&mut self) {
        self.unclaimed.clear();
        self.unclaimed_bytes = 0;
        self.evicted.clear();
    }

    /// A claimed frame's number: whether it is new to its job.
    pub fn claimed(&mut self, id: &str, seq: i64) -> bool {
        let Some(job) = self.list.iter_mut().find(|job| job.id == id && job.last < seq) else { return false };
        job.last = seq;
        true
    }
}

/// Whether numbers are missing between the two; a session begins with 0 or 1.
const fn is_after(last: i64, seq: i64) -> bool {
    if last < 0 {
        seq > 1
    } else {
        seq > last + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs() -> Jobs {
        let mut jobs = Jobs::default();
        jobs.add("a", true, None);
        jobs.add("b", false, None);
        jobs
    }

    #[test]
    fn one_count_for_a_session() {
        let mut jobs = jobs();
        assert_eq!(jobs.order("a", 1), SeqOrder::Next);
        assert_eq!(jobs.order("b", 2), SeqOrder::Next);
        assert_eq!(jobs.order("unknown", 3), SeqOrder::Next);
        assert_eq!(jobs.order("a", 3), SeqOrder::Next, "the same number for another job");
        assert_eq!(jobs.order("a", 3), SeqOrder::Duplicate);
        assert_eq!(jobs.order("a", 5), SeqOrder::Gap(4));
        assert_eq!(jobs.last_seq(), 3);
        jobs.skip_to(5);
        assert_eq!(jobs.order("a", 5), SeqOrder::Next);
    }

    #[test]
    fn a_session_begins_with_zero_or_one() {
        assert_eq!(jobs().order("a", 2), SeqOrder::Gap(1));
        let mut jobs = jobs();
        assert_eq!(jobs.order("a", 0), SeqOrder::Next);
        assert_eq!(jobs.order("a", 0), SeqOrder::Duplicate);
        assert_eq!(jobs.order("a", 1), SeqOrder::Next);
    }

    #[test]
    fn subscriptions_that_count_for_themselves() {
        let mut jobs = jobs();
        for seq in 1..=5 {
            assert_eq!(jobs.order("a", seq), SeqOrder::Next);
        }
        for seq in 1..=9 {
            assert_eq!(jobs.order("b", seq), SeqOrder::Next);
        }
        assert_eq!(jobs.order("b", 4), SeqOrder::Duplicate);
        assert_eq!(jobs.last_seq(), 5, "what a resume names is the session's own");
        assert_eq!(jobs.order("a", 6), SeqOrder::Next);
        assert_eq!(jobs.order("a", 8), SeqOrder::Gap(7));
        // And the other way round.
        let mut jobs = self::jobs();
        for seq in 1..=5 {
            assert_eq!(jobs.order("b", seq), SeqOrder::Next);
        }
        assert_eq!(jobs.order("a", 1), SeqOrder::Next);
        assert_eq!(jobs.last_seq(), 1);
        assert_eq!(jobs.order("b", 6), SeqOrder::Next);
        assert_eq!(jobs.order("a", 2), SeqOrder::Next);
    }

    #[test]
    fn what_nobody_reads_is_bounded() {
        let mut jobs = jobs();
        let job = jobs.by_id("a").unwrap();
        for _ in 0..256 {
            assert_eq!(job.arrives(10, 1), (true, 0));
        }
        assert!(!jobs.withholds_acks());
        let job = jobs.by_id("a").unwrap();
        assert_eq!(job.arrives(10, 2), (true, 0));
        assert!(jobs.withholds_acks());
        let job = jobs.by_id("a").unwrap();
        for _ in 257..4096 {
            assert_eq!(job.arrives(10, 3), (true, 0));
        }
        assert!(job.is_flooded() && job.is_full(10) && job.given_up.is_none());
        assert_eq!(job.arrives(10, 4), (true, 1), "the cap");
        assert_eq!(job.given_up, Some((1, 1)));
        job.set_reader(Reader::Result);
        assert_eq!(job.arrives(10, 5), (true, 4096 - 256 + 1), "who waits for the result doesn't stop the rest");
        assert!(!jobs.withholds_acks());
        let job = jobs.by_id("a").unwrap();
        job.set_reader(Reader::Events);
        assert_eq!(job.arrives(17 << 20, 6), (true, 256), "one is always kept");
        job.set_reader(Reader::Gone);
        assert_eq!((job.arrives(10, 7), job.bytes), ((false, 0), 0));
        job.set_reader(Reader::Events);
        assert_eq!(job.arrives(10, 8), (false, 0));
    }

    #[test]
    fn what_is_not_claimed_is_bounded() {
        let mut jobs = Jobs::default();
        for n in 0..5000 {
            jobs.keep(if n % 2 == 0 { "a" } else { "b" }, "frame");
        }
        let (frames, given_up) = jobs.claim("a");
        assert_eq!((frames.len(), given_up), (2048, 452), "what is given up is counted");
        assert_eq!(jobs.claim("a"), (Vec::new(), 0), "and told once");
        assert_eq!((jobs.unclaimed.len(), jobs.unclaimed_bytes), (2048, 10_240));
        for n in 0..200 {
            jobs.keep(&n.to_string(), &"x".repeat(17 << 20));
        }
        assert_eq!(jobs.evicted.len(), MAX_UNCLAIMED);
        jobs.keep("c", &"x".repeat(17 << 20));
        assert_eq!(jobs.unclaimed.len(), 1, "one frame, however large, as far as frames may be");
        jobs.forget_unclaimed();
        assert_eq!(jobs.unclaimed_bytes, 0);
    }
}
