//! Signature checks that are pending: what is known of a token while WebCrypto looks at its signature.

use super::token::Sealed;
use crate::{
    error::{Code, Error},
    time::{Span, Time},
};

/// Checks pending at once. WebCrypto answers within milliseconds; what is older than [`GIVEN_UP`] never will.
const MOST: usize = 4096;
const GIVEN_UP: Span = Span::from_secs(30);

/// Names a check that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckId(pub u32);

/// A token of which everything but the signature was checked.
#[derive(Debug)]
pub(super) struct PendingCheck {
    /// The provider's index.
    pub(super) provider: usize,
    /// The generation of the provider's keys that the check began with.
    pub(super) generation: u32,
    /// What to say once the signature is approved, errors of the claims included.
    pub(super) outcome: Result<Sealed, Error>,
}

/// All that are pending.
#[derive(Debug, Default)]
pub(super) struct PendingChecks {
    slots: Vec<Slot>,
    free: Vec<u16>,
}

/// A place for a check. `turn` counts its uses, so that an old id means nothing.
#[derive(Debug)]
struct Slot {
    turn: u16,
    begun: Time,
    check: Option<PendingCheck>,
}

impl PendingChecks {
    /// Takes a check in. Bounded: those that nobody came back for make room.
    pub(super) fn add(&mut self, check: PendingCheck, now: Time) -> Result<CheckId, Error> {
        let at = match self.free.pop() {
            Some(at) => at,
            None if self.slots.len() < MOST => {
                self.slots.push(Slot { turn: 0, begun: now, check: None });
                (self.slots.len() - 1) as u16
            }
            None => self.given_up(now)?,
        };
        let slot =
            self.slots.get_mut(usize::from(at)).ok_or_else(|| Error::new(Code::Internal, "no place for the check"))?;
        *slot = Slot { turn: slot.turn.wrapping_add(1), begun: now, check: Some(check) };
        Ok(CheckId(u32::from(slot.turn) << 16 | u32::from(at)))
    }

    /// Gives a check back, once.
    pub(super) fn take(&mut self, id: CheckId) -> Result<PendingCheck, Error> {
        let (turn, at) = ((id.0 >> 16) as u16, id.0 as u16);
        let slot = self.slots.get_mut(usize::from(at)).filter(|slot| slot.turn == turn);
        let check = slot.and_then(|slot| slot.check.take()).ok_or_else(|| {
            Error::new(Code::Internal, "the signature check took too long and was given up: try again")
        })?;
        self.free.push(at);
        Ok(check)
    }

    fn given_up(&self, now: Time) -> Result<u16, Error> {
        let at = self.slots.iter().position(|slot| now.since(slot.begun) > GIVEN_UP);
        at.map(|at| at as u16).ok_or_else(|| {
            Error::new(Code::Internal, "too many signature checks are under way").retry_after(Span::from_secs(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> PendingCheck {
        PendingCheck { provider: 0, generation: 0, outcome: Err(Error::new(Code::TokenExpired, "x")) }
    }

    #[test]
    fn a_check_is_taken_once() {
        let mut checks = PendingChecks::default();
        let one = checks.add(check(), Time::EPOCH).unwrap();
        assert!(checks.take(one).is_ok());
        assert!(checks.take(one).is_err());
        let other = checks.add(check(), Time::EPOCH).unwrap();
        assert_ne!(one, other);
        assert!(checks.take(one).is_err());
        assert!(checks.take(CheckId(77)).is_err());
    }

    #[test]
    fn checks_that_nobody_finishes_make_room() {
        let mut checks = PendingChecks::default();
        let first = checks.add(check(), Time::EPOCH).unwrap();
        for _ in 1..MOST {
            checks.add(check(), Time::EPOCH).unwrap();
        }
        assert!(checks.add(check(), Time::EPOCH).is_err());
        let later = Time::EPOCH.plus(Span::from_secs(31));
        for _ in 0..10_000 {
            let id = checks.add(check(), later).unwrap();
            checks.take(id).unwrap();
        }
        assert!(checks.take(first).is_err());
        assert_eq!(checks.slots.len(), MOST);
    }
}
