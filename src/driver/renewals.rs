//! The renewals of one source of tokens, whichever sessions it has: what is known of them. What to do about it is said by
//! [`crate::token::renewals`].

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    time::Time,
    token::renewals::{self, Futile, Relation},
};

/// So many servers are remembered; of more, those that refused last.
const MOST: usize = 64;

/// One source's.
#[derive(Debug, Default)]
pub(crate) struct Renewals(Mutex<State>);

#[derive(Default)]
struct State {
    fresh: Option<Fresh>,
    /// Servers that have refused fresh tokens: how many in a row, and when the last one.
    futile: BTreeMap<String, (u32, Time)>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("futile", &self.futile).finish_non_exhaustive()
    }
}

/// What came in the place of a token that was refused.
struct Fresh {
    token: String,
    instead_of: String,
    /// The server that the first one was refused by.
    place: String,
    came: Time,
}

/// What to do about a token that was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// Another one is to be asked for.
    Ask,
    /// It has come already.
    Known(String),
    /// None would help there.
    Futile,
}

impl Renewals {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do about a token that this place has refused.
    pub(crate) fn begin(&self, refused: &str, place: &str, now: Time) -> Renewal {
        let mut state = self.lock();
        let fresh = state.fresh.as_ref();
        let relation = match fresh {
            Some(fresh) if fresh.instead_of == refused => Relation::Replaced,
            Some(fresh) if fresh.token == refused && fresh.place != place => Relation::FreshForAnother,
            _ => Relation::None,
        };
        let came = fresh.map_or(now, |fresh| fresh.came);
        match renewals::renewal(relation, now.since(came), state.futile(place, now)) {
            renewals::Renewal::Ask => Renewal::Ask,
            renewals::Renewal::Known => fresh.map_or(Renewal::Ask, |fresh| Renewal::Known(fresh.token.clone())),
            renewals::Renewal::Futile => Renewal::Futile,
            renewals::Renewal::FoundFutile => {
                state.tried(place, false, now);
                Renewal::Futile
            }
        }
    }

    /// What was asked for has come. Whether it is another one.
    pub(crate) fn came(&self, token: &str, instead_of: &str, place: &str, now: Time) -> bool {
        let mut state = self.lock();
        if token == instead_of {
            state.tried(place, false, now);
            return false;
        }
        let [token, instead_of, place] = [token, instead_of, place].map(str::to_owned);
        state.fresh = Some(Fresh { token, instead_of, place, came: now });
        true
    }

    /// Whether the fresh token was any better there.
    pub(crate) fn tried(&self, place: &str, has_helped: bool, now: Time) {
        self.lock().tried(place, has_helped, now);
    }
}

impl State {
    fn futile(&self, place: &str, now: Time) -> Futile {
        self.futile
            .get(place)
            .map_or(Futile::NEVER, |(times, since)| Futile { times: *times, passed: now.since(*since) })
    }

    fn tried(&mut self, place: &str, has_helped: bool, now: Time) {
        let futile = self.futile(place, now);
        if has_helped {
            self.futile.remove(place);
        } else if futile.again() != futile.times {
            self.futile.insert(place.to_owned(), (futile.again(), now));
            if self.futile.len() > MOST {
                let oldest = self.futile.iter().min_by_key(|(_, (_, since))| *since).map(|(place, _)| place.clone());
                oldest.map(|place| self.futile.remove(&place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::attached::renewal_pause;

    fn at(seconds: f64) -> Time {
        Time::from_millis(1.8e12 + seconds * 1000.0)
    }

    #[test]
    fn a_server_that_refuses_each_token_costs_one_renewal_a_pause() {
        let renewals = Renewals::default();
        assert_eq!(renewals.begin("1", "a", at(0.0)), Renewal::Ask);
        assert!(renewals.came("2", "1", "a", at(0.0)));
        assert_eq!(renewals.begin("1", "b", at(1.0)), Renewal::Known("2".to_owned()), "whoever had the old one");
        renewals.tried("a", false, at(1.0));
        assert_eq!(renewals.begin("2", "a", at(2.0)), Renewal::Futile);
        assert_eq!(renewals.begin("2", "b", at(2.0)), Renewal::Futile, "it is young, and good for others");
        let pause = renewal_pause(1).as_millis() as f64 / 1000.0;
        assert_eq!(renewals.begin("2", "a", at(1.0 + pause + 30_000.0)), Renewal::Ask);
        renewals.tried("a", true, at(2.0));
        assert_eq!(renewals.begin("2", "a", at(2.0)), Renewal::Ask);
        assert_eq!(renewals.begin("2", "a", at(-5.0)), Renewal::Ask, "a clock that was set back");
        assert!(!renewals.came("2", "2", "a", at(3.0)), "the same one again is no help");
        assert_eq!(renewals.begin("2", "a", at(3.0)), Renewal::Futile);
    }

    #[test]
    fn servers_without_number_are_not_remembered() {
        let renewals = Renewals::default();
        for at_second in 0..200 {
            renewals.tried(&at_second.to_string(), false, at(at_second.into()));
        }
        let futile = renewals.lock().futile.len();
        assert!(futile == MOST && renewals.lock().futile.contains_key("199"));
        assert!(!format!("{renewals:?}").contains("token"));
    }
}
