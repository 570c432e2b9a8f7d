//! Identifiers: ULIDs in upper-case Crockford base32, which the Python SDK insists on.

use crate::{random::Random, time::Time};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Gives ULIDs, each greater than the one before. They are unique and sortable, and no secrets: what must not be guessed is
/// drawn from the platform's generator and passed in.
#[derive(Clone, Debug)]
pub struct Ids {
    millis: u64,
    /// The lower 80 bits.
    tail: u128,
    random: Random,
}

impl Ids {
    /// Ids from a random seed.
    pub const fn new(seed: u64) -> Self {
        Self { millis: 0, tail: 0, random: Random::new(seed) }
    }

    /// The next ULID.
    pub fn next(&mut self, now: Time) -> String {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        if millis > self.millis {
            self.millis = millis;
            // The top bit stays clear, so that counting up within a millisecond doesn't overflow.
            self.tail = (u128::from(self.random.draw()) << 64 | u128::from(self.random.draw())) & ((1 << 79) - 1);
        } else {
            self.tail += 1;
        }
        let whole = u128::from(self.millis) << 80 | self.tail;
        #[expect(clippy::indexing_slicing, reason = "five bits of an alphabet of 32")]
        (0..26).rev().map(|place| char::from(ALPHABET[(whole >> (place * 5)) as usize & 31])).collect()
    }

    /// The next ones are greater than this one, too.
    pub fn go_on_after(&mut self, id: &str) {
        let digit = |whole: Option<u128>, byte: u8| {
            let digit = ALPHABET.iter().position(|own| *own == byte)?;
            whole?.checked_mul(32)?.checked_add(digit as u128)
        };
        let Some(whole) = id.bytes().fold(Some(0), digit).filter(|_| id.len() == 26) else { return };
        let (millis, tail) = (u64::try_from(whole >> 80).unwrap_or(0), whole & ((1 << 80) - 1));
        // One that can't be counted on from was not made here.
        if (millis, tail) > (self.millis, self.tail) && tail >> 79 == 0 {
            (self.millis, self.tail) = (millis, tail);
        }
    }

    /// A trace id (W3C Trace Context), never all zero. Unique, and no secret either.
    pub fn trace_id(&mut self) -> [u8; 16] {
        ((u128::from(self.random.draw()) << 64 | u128::from(self.random.draw())) | 1).to_be_bytes()
    }

    /// A number from 0 up to 1: for the length of a pause.
    pub fn unit(&mut self) -> f64 {
        self.random.unit()
    }
}

/// Random bytes as lower-case hex: for resume tokens and the like.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from_digit(nibble.into(), 16).unwrap_or('0'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_does_not() {
        let mut ids = Ids::new(7);
        let times = [1_000.0, 1_000.0, 999.0, 1_001.0, 1e12, 1e12];
        let all: Vec<String> = times.into_iter().map(|millis| ids.next(Time::from_millis(millis))).collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
        assert!(all.iter().all(|id| id.len() == 26 && id.bytes().all(|byte| ALPHABET.contains(&byte))));
    }

    #[test]
    fn ids_go_on_after_those_of_another() {
        let last = (0..3).map(|_| Ids::new(7).next(Time::from_millis(5000.0))).next().unwrap();
        let mut ids = Ids::new(8);
        ids.go_on_after(&last);
        // The clock may have been set back since.
        assert!(ids.next(Time::from_millis(1000.0)) > last);
        let before = ids.clone().next(Time::EPOCH);
        for other in ["", "x", "01ARYZ6S41", &"Z".repeat(26), &"0".repeat(26), &"U".repeat(26)] {
            ids.go_on_after(other);
            assert_eq!(ids.clone().next(Time::EPOCH), before, "{other}");
        }
    }

    #[test]
    fn the_time_stands_in_front() {
        // The specification's own example of a timestamp.
        assert!(Ids::new(1).next(Time::from_millis(1_469_918_176_385.0)).starts_with("01ARYZ6S41"));
    }

    #[test]
    fn hex_is_hex() {
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
    }
}
