//! Heartbeats of one side (ARCP 1.1 §6.4): one message at least in each direction each interval, and an end after two silent ones.

use crate::time::{Span, Time};

/// When a side was heard of, and when it was told something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    interval: Span,
    heard: Time,
    told: Time,
    pinged: Time,
}

/// What the time has come for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing.
    None,
    /// To say something that needs an answer.
    Ping,
    /// To give the side up.
    Lost,
}

impl Pulse {
    pub(super) const fn new(interval: Span, now: Time) -> Self {
        Self { interval, heard: now, told: now, pinged: now }
    }

    pub(super) fn hear(&mut self, now: Time) {
        self.heard = self.heard.max(now);
    }

    pub(super) fn tell(&mut self, now: Time) {
        self.told = self.told.max(now);
    }

    fn lost_at(&self) -> Time {
        self.heard.plus(self.interval).plus(self.interval)
    }

    fn ping_at(&self) -> Time {
        self.heard.min(self.told).max(self.pinged).plus(self.interval)
    }

    /// When to look again.
    pub(super) fn deadline(&self) -> Time {
        self.lost_at().min(self.ping_at())
    }

    /// A ping counts as sent once it was asked for.
    pub(super) fn beat(&mut self, now: Time) -> Beat {
        if now >= self.lost_at() {
            Beat::Lost
        } else if now >= self.ping_at() {
            self.pinged = now;
            self.told = now;
            Beat::Ping
        } else {
            Beat::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::EPOCH.plus(Span::from_secs(seconds))
    }

    #[test]
    fn a_side_that_answers_is_asked_once_an_interval() {
        let mut pulse = Pulse::new(Span::from_secs(30), at(0));
        for round in 1..10 {
            assert_eq!(pulse.deadline(), at(30 * round));
            assert_eq!(pulse.beat(at(30 * round - 1)), Beat::None);
            assert_eq!(pulse.beat(at(30 * round)), Beat::Ping);
            pulse.hear(at(30 * round));
        }
    }

    #[test]
    fn a_silent_side_is_lost_after_two() {
        let mut pulse = Pulse::new(Span::from_secs(30), at(0));
        assert_eq!(pulse.beat(at(31)), Beat::Ping);
        assert_eq!(pulse.beat(at(32)), Beat::None);
        assert_eq!(pulse.deadline(), at(60));
        assert_eq!(pulse.beat(at(60)), Beat::Lost);
    }

    #[test]
    fn a_busy_side_is_not_asked() {
        let mut pulse = Pulse::new(Span::from_secs(30), at(0));
        for second in 1..300 {
            pulse.hear(at(second));
            pulse.tell(at(second));
            assert_eq!(pulse.beat(at(second)), Beat::None);
        }
        // One that only listens is: or it would not be missed.
        pulse.tell(at(329));
        assert_eq!(pulse.beat(at(329)), Beat::Ping);
    }
}
