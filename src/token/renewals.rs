//! Whether a fresh token is asked for on a server's account. Not for one that refuses the fresh ones, too: it has a reason of its own, and
//! the others get along with the token. The drivers of both languages keep what is known, and ask here.

use super::attached::renewal_pause;
use crate::time::Span;

/// A token that another server has refused at first sight is not renewed again on its account, for this long.
const YOUNG: Span = Span::from_secs(30);

/// What a token that was refused is to the last fresh one of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Nothing, or the server that it came for is this one.
    None,
    /// The fresh one came in its place.
    Replaced,
    /// It is the fresh one, and came for another server.
    FreshForAnother,
}

/// How often in a row a server has refused fresh tokens, and how long ago it did so last.
#[derive(Clone, Copy, Debug)]
pub struct Futile {
    /// How often.
    pub times: u32,
    /// How long ago.
    pub passed: Span,
}

impl Futile {
    /// A server that has refused none.
    pub const NEVER: Self = Self { times: 0, passed: Span::ZERO };

    /// Whether none is asked for on its account now.
    pub fn is_paused(self) -> bool {
        is_within(renewal_pause(self.times), self.passed)
    }

    /// How often it is when one was in vain again. In a pause it is no oftener: sessions at the same time have tried the same.
    pub fn again(self) -> u32 {
        match self.is_paused() {
            true => self.times,
            false => self.times.saturating_add(1),
        }
    }
}

/// What to do about a token that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Another one is to be asked for.
    Ask,
    /// It has come already.
    Known,
    /// None would help there.
    Futile,
    /// As that, which was found out just now: it counts.
    FoundFutile,
}

/// What to do about a token that was refused. `passed`: since the fresh one came.
pub fn renewal(relation: Relation, passed: Span, futile: Futile) -> Renewal {
    let is_young = is_within(YOUNG, passed);
    match relation {
        Relation::Replaced if is_young => Renewal::Known,
        _ if futile.is_paused() => Renewal::Futile,
        Relation::FreshForAnother if is_young => Renewal::FoundFutile,
        _ => Renewal::Ask,
    }
}

/// A clock that was set back makes nobody wait longer.
fn is_within(span: Span, passed: Span) -> bool {
    passed >= Span::ZERO && passed < span
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: i64) -> Span {
        Span::from_secs(seconds)
    }

    #[test]
    fn a_fresh_token_is_given_to_whoever_had_the_old_one_and_is_no_use_to_others() {
        let (now, paused) = (secs(0), Futile { times: 1, passed: secs(59) });
        for (relation, passed, futile, expected) in [
            (Relation::None, now, Futile::NEVER, Renewal::Ask),
            (Relation::Replaced, secs(29), Futile::NEVER, Renewal::Known),
            (Relation::Replaced, secs(29), paused, Renewal::Known),
            (Relation::Replaced, secs(30), Futile::NEVER, Renewal::Ask),
            (Relation::Replaced, secs(-1), Futile::NEVER, Renewal::Ask),
            (Relation::FreshForAnother, secs(29), Futile::NEVER, Renewal::FoundFutile),
            (Relation::FreshForAnother, secs(29), paused, Renewal::Futile),
            (Relation::FreshForAnother, secs(30), Futile::NEVER, Renewal::Ask),
            (Relation::None, now, paused, Renewal::Futile),
            (Relation::None, now, Futile { times: 1, passed: secs(60) }, Renewal::Ask),
            (Relation::None, now, Futile { times: 1, passed: secs(-1) }, Renewal::Ask),
        ] {
            assert_eq!(renewal(relation, passed, futile), expected, "{relation:?} {passed:?} {futile:?}");
        }
    }

    #[test]
    fn what_is_in_vain_counts_once_a_pause() {
        for (times, passed, again) in [(0, 0, 1), (1, 59, 1), (1, 60, 2), (2, 119, 2), (2, 120, 3), (2, -1, 3)] {
            assert_eq!(Futile { times, passed: secs(passed) }.again(), again);
        }
        assert_eq!(Futile { times: u32::MAX, passed: secs(600) }.again(), u32::MAX);
    }
}
