//! A clock that never goes back, made of one that may.

use super::{Span, Time};

/// So much may two callers' readings differ; it is no sign that somebody set the clock.
const JITTER: Span = Span::from_secs(1);

/// Turns readings of the wall clock into instants that never decrease.
///
/// When the clock is set back, what was measured before keeps its age. Comparing raw readings instead would make a key set
/// young again, or hold back fetches, for as long as the clock was set back by. A clock set forward can't be told from a
/// machine that slept: everything ages, which is the safe side.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic {
    latest: Option<Time>,
    /// What is added to a reading: the sum of all steps back.
    offset: Span,
}

impl Default for Monotonic {
    fn default() -> Self {
        Self::new()
    }
}

impl Monotonic {
    /// One that has not been read.
    pub const fn new() -> Self {
        Self { latest: None, offset: Span::ZERO }
    }

    /// The instant of a reading. A reading that is a little behind the latest one (two callers, one of them late) lets time
    /// stand still, so that such readings in turns don't add up to steps back and forward.
    pub fn read(&mut self, wall: Time) -> Time {
        let now = self.peek(wall);
        let back = now.since(self.instant(wall));
        if back > JITTER {
            self.offset = Span::from_millis(self.offset.as_millis().saturating_add(back.as_millis()));
        }
        self.latest = Some(now);
        now
    }

    /// The instant of a reading that is not the latest.
    pub fn peek(&self, wall: Time) -> Time {
        let instant = self.instant(wall);
        self.latest.map_or(instant, |latest| latest.max(instant))
    }

    /// The latest reading's instant.
    pub const fn latest(&self) -> Option<Time> {
        self.latest
    }

    /// The instant of something that happened, or will, at a time by the wall clock; it may lie before the latest reading.
    pub const fn instant(&self, wall: Time) -> Time {
        wall.plus(self.offset)
    }

    /// What the wall clock showed, or will show, at an instant.
    pub const fn wall(&self, instant: Time) -> Time {
        instant.minus(self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> Time {
        Time::from_millis(secs * 1000.0)
    }

    #[test]
    fn never_goes_back_and_keeps_ages() {
        let mut clock = Monotonic::new();
        assert_eq!(clock.read(at(10_000.0)), at(10_000.0));
        assert_eq!(clock.read(at(6_400.0)), at(10_000.0));
        assert_eq!(clock.read(at(6_401.0)), at(10_001.0));
        assert_eq!(clock.wall(at(10_001.0)), at(6_401.0));
        assert_eq!(clock.instant(at(6_402.0)), at(10_002.0));
        assert_eq!(clock.read(at(0.0)), at(10_001.0));
        assert_eq!(clock.read(at(5.0)), at(10_006.0));
    }

    #[test]
    fn late_readings_in_turns_do_not_add_up() {
        let mut clock = Monotonic::new();
        for _ in 0..1000 {
            clock.read(at(100.0));
            assert_eq!(clock.read(at(99.1)), at(100.0));
        }
        assert_eq!(clock.read(at(101.0)), at(101.0));
    }
}
