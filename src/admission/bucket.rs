//! A leaky bucket: it fills with what comes, and leaks with time.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn it_leaks_with_time_and_never_below_nothing() {
        let at = |millis: i64| Time::EPOCH.plus(Span::from_millis(millis));
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
