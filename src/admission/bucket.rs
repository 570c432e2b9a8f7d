//! A leaky bucket: it fills with what comes, and leaks with time. And of two of them, how fast frames may come: so many, and so
//! many bytes, a second, with some seconds' worth at once.

use crate::time::Time;

/// One bucket. What it may hold, and how fast it leaks, is its owner's to say.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    level: f64,
    at: Time,
}

impl Bucket {
    /// An empty one.
    pub const fn new(now: Time) -> Self {
        Self { level: 0.0, at: now }
    }

    /// How full it is now. A clock that was set back leaks nothing.
    pub fn level(&self, per_sec: f64, now: Time) -> f64 {
        let seconds = (now.since(self.at).as_millis() as f64 / 1000.0).max(0.0);
        (self.level - seconds * per_sec).max(0.0)
    }

    /// Lets it leak until now; how full it is.
    pub fn leak(&mut self, per_sec: f64, now: Time) -> f64 {
        self.set(self.level(per_sec, now), now);
        self.level
    }

    /// Takes out what was not meant to be in it.
    pub fn remove(&mut self, amount: f64) {
        self.level = (self.level - amount).max(0.0);
    }

    /// Sets how full it is.
    pub fn set(&mut self, level: f64, now: Time) {
        (self.level, self.at) = (level.max(0.0), now);
    }
}

/// So many seconds' worth of frames may come at once.
const BURST_FRAMES: f64 = 10.0;

/// Two buckets.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    frames_per_sec: f64,
    bytes_per_sec: f64,
    burst_bytes: f64,
    frames: Bucket,
    bytes: Bucket,
}

impl Rate {
    /// So many frames and bytes a second; `burst_bytes` may come at once.
    pub const fn new(frames_per_sec: f64, bytes_per_sec: f64, burst_bytes: f64, now: Time) -> Self {
        Self { frames_per_sec, bytes_per_sec, burst_bytes, frames: Bucket::new(now), bytes: Bucket::new(now) }
    }

    /// Counts a frame by what `weigh` says it weighs; whether it is within the rate. What is larger than all that may come at once
    /// comes alone: else it never would. Of what is too long already by its bytes nobody asks how much it weighs: whoever says so
    /// much makes work of the refusals.
    #[must_use]
    pub fn takes(&mut self, bytes: usize, weigh: impl FnOnce() -> usize, now: Time) -> bool {
        let frames = self.counts(1.0, now);
        let before = self.bytes.leak(self.bytes_per_sec, now);
        let burst = self.burst_bytes;
        let fits = |bytes: usize| before == 0.0 || before + bytes as f64 <= burst;
        let cost = if fits(bytes) { weigh() } else { bytes };
        self.bytes.set(before + cost as f64, now);
        frames <= self.burst_frames() && fits(cost)
    }

    /// Counts what costs as much as so many frames; whether it is within the rate.
    #[must_use]
    pub fn takes_as(&mut self, frames: f64, now: Time) -> bool {
        self.counts(frames, now) <= self.burst_frames()
    }

    /// So many may come at once.
    pub const fn burst_frames(&self) -> f64 {
        self.frames_per_sec * BURST_FRAMES
    }

    // What is too much is counted as well, up to as much again: whoever goes on gains nothing by it, and whoever stops is soon
    // taken again.
    fn counts(&mut self, frames: f64, now: Time) -> f64 {
        let before = self.frames.leak(self.frames_per_sec, now);
        let all = before + frames;
        self.frames.set(all.min(before.max(self.burst_frames() * 2.0)), now);
        all
    }

    /// The frame was an acknowledgement: some clients send one for each event (ARCP 1.1 §6.5), as fast as they come. Ten are one.
    pub fn was_ack(&mut self) {
        self.frames.remove(0.9);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn at(millis: i64) -> Time {
        Time::EPOCH.plus(Span::from_millis(millis))
    }

    fn takes(rate: &mut Rate, bytes: usize, millis: i64) -> bool {
        rate.takes(bytes, || bytes, at(millis))
    }

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let new = || Rate::new(10.0, 1e6, 2e6, at(0));
        let mut rate = new();
        assert!((0..100).all(|_| takes(&mut rate, 1, 0)));
        assert!(!takes(&mut rate, 1, 0));
        assert!(takes(&mut rate, 1, 1000));
        let mut rate = new();
        assert!((0..10_000).all(|n| takes(&mut rate, 1, n * 100)), "as much as the rate, for ever");
        let mut rate = new();
        assert!(!(0..10_000).all(|n| takes(&mut rate, 1, n * 90)), "a little more, not for ever");
    }

    #[test]
    fn ten_acknowledgements_are_one_frame() {
        let mut rate = Rate::new(10.0, 1e6, 2e6, at(0));
        let count = (0..2000)
            .take_while(|_| {
                let is_within = takes(&mut rate, 1, 0);
                rate.was_ack();
                is_within
            })
            .count();
        assert!((980..=1000).contains(&count), "{count}");
    }

    #[test]
    fn what_is_too_much_is_counted_up_to_as_much_again() {
        let mut rate = Rate::new(10.0, 1e6, 2e6, at(0));
        assert!(rate.takes_as(100.0, at(0)) && !rate.takes_as(1.0, at(0)));
        assert!(!takes(&mut rate, 1, 0) && !rate.takes_as(1e9, at(0)));
        assert!(!rate.takes_as(1.0, at(10_000)), "whoever has gone on waits twice as long");
        assert!(rate.takes_as(1.0, at(10_200)), "and no longer");
    }

    #[test]
    fn bytes_count_as_frames_do_and_time_never_runs_backwards() {
        let mut rate = Rate::new(10.0, 1000.0, 4000.0, at(0));
        assert!(takes(&mut rate, 4000, 0) && !takes(&mut rate, 1, 0));
        assert!(!takes(&mut rate, 0, -1000), "a clock that was set back leaks nothing");
        assert!(takes(&mut rate, 0, 3000));
        let mut rate = Rate::new(10.0, 100.0, 200.0, at(0));
        assert!(takes(&mut rate, 200, 0) && takes(&mut rate, 200, 2_000));
        assert!(takes(&mut rate, 5_000, 4_000) && !takes(&mut rate, 1, 4_000), "larger than a burst: alone");
    }

    #[test]
    fn what_it_weighs_counts_and_what_is_too_long_is_not_weighed() {
        let mut rate = Rate::new(10.0, 1000.0, 4000.0, at(0));
        assert!(takes(&mut rate, 10, 0) && rate.takes(10, || 3990, at(0)));
        assert!(!takes(&mut rate, 1, 0));
        let mut rate = Rate::new(10.0, 1000.0, 4000.0, at(0));
        assert!(takes(&mut rate, 9000, 0));
        assert!(!rate.takes(1, || panic!("it is too long whatever it weighs"), at(0)));
    }

    #[test]
    fn it_leaks_with_time_and_never_below_nothing() {
        let mut bucket = Bucket::new(at(5_000));
        bucket.set(3.0, at(5_000));
        assert_eq!(bucket.level(2.0, at(5_500)), 2.0);
        assert_eq!(bucket.level(2.0, at(0)), 3.0, "a clock that was set back");
        assert_eq!(bucket.leak(2.0, at(0)), 3.0);
        assert_eq!(bucket.leak(2.0, at(1_000)), 1.0);
        assert_eq!(bucket.leak(2.0, at(9_000)), 0.0);
        bucket.set(1.0, at(9_000));
        bucket.remove(0.25);
        assert_eq!(bucket.level(1.0, at(9_000)), 0.75);
        bucket.remove(1.0);
        assert_eq!(bucket.level(1.0, at(0)), 0.0);
        bucket.set(-1.0, at(9_000));
        assert_eq!(bucket.level(1.0, at(0)), 0.0);
    }
}
