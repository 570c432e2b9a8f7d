//! Heartbeats with one peer (ARCP 1.1 §6.4): one message at least in each direction each interval, and an end after two silent
//! ones. Any frame counts; a ping is sent where there was none.

use crate::time::{Span, Time};

/// When a peer was last heard of, and when it was last sent something.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    interval: Span,
    received: Time,
    sent: Time,
    pinged: Time,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Send a ping.
    Ping,
    /// Give the peer up.
    Lost,
}

impl Heartbeat {
    /// Heartbeats of this interval, from now on.
    pub const fn new(interval: Span, now: Time) -> Self {
        Self { interval, received: now, sent: now, pinged: now }
    }

    /// A frame came.
    pub fn received(&mut self, now: Time) {
        self.received = self.received.max(now);
    }

    /// A frame was sent.
    pub fn sent(&mut self, now: Time) {
        self.sent = self.sent.max(now);
    }

    /// When the peer counts as lost, if nothing comes before.
    pub fn lost_at(&self) -> Time {
        self.received.plus(self.interval).plus(self.interval)
    }

    /// When the next ping is due.
    pub fn ping_at(&self) -> Time {
        self.received.min(self.sent).max(self.pinged).plus(self.interval)
    }

    /// When to look again.
    pub fn deadline(&self) -> Time {
        self.lost_at().min(self.ping_at())
    }

    /// What is due now. A ping that it asks for counts as sent.
    pub fn due(&mut self, now: Time) -> Due {
        if now >= self.lost_at() {
            Due::Lost
        } else if now >= self.ping_at() {
            self.pinged = now;
            self.sent = now;
            Due::Ping
        } else {
            Due::Nothing
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
    fn a_peer_that_answers_is_asked_once_an_interval() {
        let mut heartbeat = Heartbeat::new(Span::from_secs(30), at(0));
        for round in 1..10 {
            assert_eq!(heartbeat.deadline(), at(30 * round));
            assert_eq!(heartbeat.due(at(30 * round - 1)), Due::Nothing);
            assert_eq!(heartbeat.due(at(30 * round)), Due::Ping);
            heartbeat.received(at(30 * round));
        }
    }

    #[test]
    fn a_silent_peer_is_lost_after_two() {
        let mut heartbeat = Heartbeat::new(Span::from_secs(30), at(0));
        assert_eq!(heartbeat.due(at(31)), Due::Ping);
        assert_eq!(heartbeat.due(at(32)), Due::Nothing);
        assert_eq!(heartbeat.deadline(), at(60));
        assert_eq!(heartbeat.due(at(60)), Due::Lost);
    }

    #[test]
    fn a_busy_peer_is_not_asked() {
        let mut heartbeat = Heartbeat::new(Span::from_secs(30), at(0));
        for second in 1..300 {
            heartbeat.received(at(second));
            heartbeat.sent(at(second));
            assert_eq!(heartbeat.due(at(second)), Due::Nothing);
        }
        // One that only listens is: or it would not be missed.
        heartbeat.sent(at(329));
        assert_eq!(heartbeat.due(at(329)), Due::Ping);
    }
}
