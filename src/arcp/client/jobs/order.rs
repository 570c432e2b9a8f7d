//! The order of what has a number (ARCP 1.1 §8.3), and whose count a number is of.

use super::Jobs;

/// What an `event_seq` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeqOrder {
    /// It is the next one.
    Next,
    /// It has been there before.
    Duplicate,
    /// Others are missing before it, from this number on.
    Gap(i64),
    /// By which count it is one, nobody knows.
    Unknown,
}

impl Jobs {
    /// The last number that was processed; what a resume and an acknowledgement name.
    pub(crate) fn last_seq(&self) -> i64 {
        self.seq.max(0)
    }

    /// Where this number stands. A number that stands next is taken.
    pub(crate) fn order(&mut self, id: &str, seq: i64) -> SeqOrder {
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
    pub(crate) fn has_passed(&self, id: &str, seq: i64) -> bool {
        match self.list.iter().find(|job| job.id == id) {
            Some(job) if job.last >= 0 || !job.is_own => seq <= job.last,
            Some(_) => seq <= self.seq && !self.has_subscribed,
            None => seq <= self.seq && !self.counts_apart,
        }
    }

    /// A replay that was counted for itself is over: whatever comes under the numbers of it has been there.
    pub(crate) fn replayed_apart(&mut self, handle: u32) {
        let seq = self.seq;
        if let Some(job) = self.get(handle) {
            job.last = job.last.max(seq);
        }
    }

    /// What is missing before this number is given up.
    pub(crate) fn skip_to(&mut self, seq: i64) {
        self.seq = seq - 1;
        self.own_seq = self.seq;
    }

    /// A claimed frame's number: whether it is new to its job.
    pub(crate) fn claimed(&mut self, id: &str, seq: i64) -> bool {
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
}
