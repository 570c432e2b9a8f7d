//! Time that never goes backwards, out of a clock that may be set.

use crate::time::{Span, Time};

/// The driver's clock, corrected.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    last: f64,
    lag: f64,
}

impl Clock {
    /// The instant that the driver's clock shows as `millis`.
    pub fn read(&mut self, millis: f64) -> Time {
        let millis = if millis.is_finite() { millis } else { self.last };
        if millis < self.last {
            self.lag += self.last - millis;
        }
        self.last = millis;
        Time::from_millis(millis + self.lag)
    }

    /// What the driver's clock shows at `time`, if nobody sets it.
    pub fn raw(&self, time: Time) -> f64 {
        time.as_millis() as f64 - self.lag
    }

    /// How long it is from now to an instant of the driver's clock.
    pub fn until(&self, millis: f64) -> Span {
        Span::from_millis((millis - self.last) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_loses_no_time() {
        let mut clock = Clock::default();
        let one = clock.read(10_000.0);
        let two = clock.read(4_000.0);
        let three = clock.read(5_000.0);
        assert_eq!(two.since(one), Span::ZERO);
        assert_eq!(three.since(two), Span::from_secs(1));
        assert!((clock.raw(three) - 5_000.0).abs() < 1.0);
        assert_eq!(clock.until(6_000.0), Span::from_secs(1));
        assert_eq!(clock.read(f64::NAN), three);
    }
}
