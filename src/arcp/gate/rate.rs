//! How much one session may say: frames and bytes a second, with some seconds' worth at once.

use crate::time::Time;

/// So many seconds' worth of frames, and of bytes, may come at once.
const BURST_FRAMES: f64 = 10.0;
const BURST_BYTES: f64 = 2.0;

/// Two buckets that fill with what comes and leak with time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    frames_per_sec: f64,
    bytes_per_sec: f64,
    frames: f64,
    bytes: f64,
    at: Time,
}

impl Rate {
    pub(super) const fn new(frames_per_sec: f64, bytes_per_sec: f64, now: Time) -> Self {
        Self { frames_per_sec, bytes_per_sec, frames: 0.0, bytes: 0.0, at: now }
    }

    /// Counts a frame; whether it is within the rate. A clock that was set back leaks nothing.
    #[must_use]
    pub(super) fn takes(&mut self, bytes: usize, now: Time) -> bool {
        let seconds = (now.since(self.at).as_millis() as f64 / 1000.0).max(0.0);
        self.at = now;
        self.frames = (self.frames - seconds * self.frames_per_sec).max(0.0) + 1.0;
        let before = (self.bytes - seconds * self.bytes_per_sec).max(0.0);
        self.bytes = before + bytes as f64;
        // What is larger than all that may come at once comes alone: else it never would.
        let fits = before == 0.0 || self.bytes <= self.bytes_per_sec * BURST_BYTES;
        self.frames <= self.frames_per_sec * BURST_FRAMES && fits
    }

    /// The frame was an acknowledgement: some clients send one for each event (ARCP 1.1 §6.5), as fast as they come. Ten are one.
    pub(super) fn was_ack(&mut self) {
        self.frames = (self.frames - 0.9).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn at(millis: i64) -> Time {
        Time::EPOCH.plus(Span::from_millis(millis))
    }

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let mut rate = Rate::new(10.0, 1e6, at(0));
        assert!((0..100).all(|_| rate.takes(1, at(0))));
        assert!(!rate.takes(1, at(0)));
        let mut rate = Rate::new(10.0, 1e6, at(0));
        assert!((0..10_000).all(|n| rate.takes(1, at(n * 100))), "as much as the rate, for ever");
        let mut rate = Rate::new(10.0, 1e6, at(0));
        assert!(!(0..10_000).all(|n| rate.takes(1, at(n * 90))), "a little more, not for ever");
    }

    #[test]
    fn ten_acknowledgements_are_one_frame() {
        let mut rate = Rate::new(10.0, 1e6, at(0));
        let count = (0..2000)
            .take_while(|_| {
                let is_within = rate.takes(1, at(0));
                rate.was_ack();
                is_within
            })
            .count();
        assert!((980..=1000).contains(&count), "{count}");
    }

    #[test]
    fn bytes_count_as_frames_do_and_time_never_runs_backwards() {
        let mut rate = Rate::new(10.0, 100.0, at(5_000));
        assert!(rate.takes(100, at(5_000)));
        assert!(rate.takes(100, at(0)));
        assert!(!rate.takes(1, at(0)));
        let mut rate = Rate::new(10.0, 100.0, at(0));
        assert!(rate.takes(200, at(0)) && rate.takes(200, at(2_000)));
        assert!(rate.takes(5_000, at(4_000)) && !rate.takes(1, at(4_000)), "larger than a burst: alone");
    }
}
