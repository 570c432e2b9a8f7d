//! How far the times of a fleet lie apart.

use crate::random::Random;

/// Numbers from 0 up to 1, for the lengths of pauses: they guard nothing.
#[derive(Clone, Debug)]
pub enum Jitter {
    /// Those of a seed.
    Seeded(Random),
    /// Always this one: for time lines that can be foretold.
    Fixed(f64),
}

impl Jitter {
    /// From a random seed.
    pub const fn new(seed: u64) -> Self {
        Self::Seeded(Random::new(seed))
    }

    /// The next number.
    pub fn draw(&mut self) -> f64 {
        match self {
            Self::Seeded(random) => random.unit(),
            Self::Fixed(number) => *number,
        }
    }
}
