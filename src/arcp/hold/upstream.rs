//! Where a session's upstream is, and what its numbers mean.

use std::collections::VecDeque;

use crate::{
    arcp::heartbeat::Heartbeat,
    time::{Span, Time},
};

/// Where the upstream of a session is.
#[derive(Debug)]
pub(super) enum Upstream {
    /// Nothing can be shown there before the client comes again: its credential has ended, or was never known here.
    AwaitingClient,
    /// A socket is being opened.
    Dialling {
        link: u32,
        /// When that has taken too long.
        until: Time,
    },
    /// Our hello is there; its welcome is waited for.
    Greeting {
        link: u32,
        /// As above.
        until: Time,
    },
    /// Frames go both ways.
    Open {
        link: u32,
        heartbeat: Option<Heartbeat>,
        /// Since when.
        since: Time,
    },
    /// It is tried again then.
    Backoff { at: Time },
    /// It has said goodbye, or doesn't take the session up again. What came before is given to the client.
    Over,
}

impl Upstream {
    /// Its socket.
    pub(super) const fn link(&self) -> Option<u32> {
        match self {
            Self::Dialling { link, .. } | Self::Greeting { link, .. } | Self::Open { link, .. } => Some(*link),
            Self::AwaitingClient | Self::Backoff { .. } | Self::Over => None,
        }
    }

    /// Its socket, where frames may be sent.
    pub(super) const fn open_link(&self) -> Option<u32> {
        match self {
            Self::Open { link, .. } => Some(*link),
            _ => None,
        }
    }

    /// A frame came.
    pub(super) fn received(&mut self, now: Time) {
        if let Self::Open { heartbeat: Some(heartbeat), .. } = self {
            heartbeat.received(now);
        }
    }

    /// A frame was sent.
    pub(super) fn sent(&mut self, now: Time) {
        if let Self::Open { heartbeat: Some(heartbeat), .. } = self {
            heartbeat.sent(now);
        }
    }

    /// When it is worth looking at again.
    pub(super) fn deadline(&self) -> Option<Time> {
        match self {
            Self::Dialling { until, .. } | Self::Greeting { until, .. } => Some(*until),
            Self::Open { heartbeat, .. } => heartbeat.as_ref().map(Heartbeat::deadline),
            Self::Backoff { at } => Some(*at),
            Self::AwaitingClient | Self::Over => None,
        }
    }
}

/// Pauses before a lost upstream is tried again; the last one is that of all later tries.
const PAUSES: [i64; 8] = [0, 200, 500, 1000, 2000, 5000, 10_000, 30_000];
/// Among so many frames one that comes a second time is found.
const RECENT: usize = 64;
/// After so many numbers the upstream is told that they are had.
const ACK_AFTER: i64 = 64;

/// What is known of the upstream's numbers. The Python SDK's runtime counts each subscription from 1 (docs/arcp-peers.md); a client is
/// promised one sequence a session (ARCP 1.1 §7.6), so from where a number comes again the hold counts for itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// The greatest that came.
    pub(super) last: i64,
    /// The greatest of the session's own jobs.
    pub(super) own: i64,
    /// Whether a number came again.
    pub(super) repeats: bool,
    /// After a resume from one number lower: what comes again up to here, the session had.
    pub(super) has_seen: Option<i64>,
    /// After a resume, until something new has come.
    pub(super) is_replaying: bool,
    /// Whether the client has asked for jobs of others since the upstream's welcome: what is numbered anew is theirs.
    pub(super) has_asked: bool,
    /// So many that came were not the client's to have: what comes later is numbered as if they had not come.
    pub(super) withheld: i64,
    /// Whether that is still to be stored.
    pub(super) withholds: bool,
    /// The latest that came, each with the `id` of its frame.
    recent: VecDeque<(i64, Box<str>)>,
    /// What the upstream knows that is had.
    acked: i64,
    /// Whether the upstream was lost without a word: it may not know yet.
    pub(super) is_silent: bool,
    /// Since when the upstream is away, and how often it was tried.
    pub(super) lost_since: Option<Time>,
    tries: usize,
    /// How often it has refused the session; and whether it was asked from one number lower.
    pub(super) refusals: usize,
    pub(super) was_lowered: bool,
}

impl Numbers {
    /// What a number of the upstream's is to the client, whose last one is `last`; none where it was had.
    pub(super) fn take(&mut self, up: i64, is_own: bool, last: i64) -> Option<i64> {
        if self.has_seen.is_some_and(|seen| up <= seen) {
            return None;
        }
        if up <= self.last {
            if self.is_replaying && (is_own || !(self.repeats || self.has_asked)) {
                return None;
            }
            self.repeats = true;
        } else {
            (self.last, self.is_replaying) = (up, false);
        }
        if is_own {
            self.own = self.own.max(up);
        }
        Some(if self.repeats { last + 1 } else { up.saturating_sub(self.withheld).max(last + 1) })
    }

    /// What was just taken is not the client's to have; the next one has its number.
    pub(super) fn withhold(&mut self) {
        self.withheld += i64::from(!self.repeats);
        self.withholds = true;
    }

    /// Whether the very same frame came a moment ago.
    pub(super) fn is_again(&mut self, up: i64, id: &str) -> bool {
        if self.recent.iter().any(|(own, its)| *own == up && **its == *id) {
            return true;
        }
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((up, id.into()));
        false
    }

    /// The client asks for a job of somebody else: what came before may come again.
    pub(super) fn asked(&mut self) {
        self.has_asked = true;
        self.recent.clear();
    }

    /// The number after which the upstream is asked to go on.
    pub(super) const fn resumes_after(&self) -> i64 {
        if self.repeats {
            self.own
        } else {
            self.last
        }
    }

    /// The number that the upstream is told that is had, when it is worth a frame.
    pub(super) fn ack(&mut self, is_end: bool) -> Option<i64> {
        let had = self.resumes_after();
        let is_due = had >= self.acked.saturating_add(ACK_AFTER) || (is_end && had > self.acked);
        is_due.then(|| {
            self.acked = had;
            had
        })
    }

    /// How long to wait before the next try.
    pub(super) fn pause(&mut self) -> Span {
        let pause = PAUSES.get(self.tries).or(PAUSES.last()).copied().unwrap_or_default();
        self.tries += 1;
        Span::from_millis(pause)
    }

    /// The upstream has welcomed the session.
    pub(super) fn welcomed(&mut self) {
        (self.lost_since, self.refusals) = (None, 0);
        (self.was_lowered, self.has_asked, self.is_silent) = (false, false, false);
        self.acked = self.resumes_after();
        self.recent.clear();
    }

    /// The upstream was there for a while, or a client has come and waits: pauses begin anew.
    pub(super) fn tried_anew(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_long_as_they_grow() {
        let mut numbers = Numbers::default();
        assert_eq!([1, 2, 5].map(|up| numbers.take(up, true, up - 1)), [Some(1), Some(2), Some(5)]);
        assert_eq!(numbers.resumes_after(), 5);
    }

    #[test]
    fn a_subscription_that_counts_for_itself_is_counted_on() {
        let mut numbers = Numbers::default();
        let mut last = 0;
        let mut take = |up, is_own| {
            last = numbers.take(up, is_own, last).unwrap();
            last
        };
        assert_eq!([take(1, true), take(2, true), take(1, false), take(3, true), take(2, false)], [1, 2, 3, 4, 5]);
        assert_eq!(numbers.resumes_after(), 3, "the session's own");
    }

    #[test]
    fn what_was_had_before_a_resume_does_not_come_again() {
        let mut numbers = Numbers { last: 4, own: 4, is_replaying: true, ..Numbers::default() };
        assert_eq!(
            [numbers.take(3, true, 4), numbers.take(4, true, 4), numbers.take(5, true, 4)],
            [None, None, Some(5)]
        );
        let mut lowered = Numbers { last: 4, has_seen: Some(4), ..Numbers::default() };
        assert_eq!([lowered.take(4, false, 4), lowered.take(5, false, 4)], [None, Some(5)]);
    }

    #[test]
    fn a_subscription_that_is_asked_for_after_a_resume_counts_anew() {
        let mut numbers = Numbers { last: 5, is_replaying: true, has_asked: true, ..Numbers::default() };
        assert_eq!(
            (1..=7).filter_map(|up| numbers.take(up, false, up + 4)).collect::<Vec<_>>(),
            [6, 7, 8, 9, 10, 11, 12]
        );
        assert_eq!(
            Numbers { last: 5, is_replaying: true, ..Numbers::default() }.take(5, false, 5),
            None,
            "nobody asked"
        );
    }

    #[test]
    fn what_is_had_is_told_now_and_then_and_at_an_end() {
        let mut numbers = Numbers { last: 63, ..Numbers::default() };
        assert_eq!(numbers.ack(false), None);
        assert_eq!((numbers.ack(true), numbers.ack(true)), (Some(63), None));
    }
}
