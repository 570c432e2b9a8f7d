//! An isolate's replica of the store's entries: how old it may be, what is asked for, and whether it names a token.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::{
    entry::{name_of, Entry, MAX_ENTRIES},
    facts::Facts,
};
use crate::{
    error::{Code, Error},
    json::{self, Value},
    time::{Span, Time},
};

/// From this age on it is brought up to date beside a request, so that the next one need not wait.
const REFRESH: Span = Span::from_millis(1000);
/// Entries that have ended are dropped when an update is through, or no more fit: meanwhile there may be more than a store has.
const MAX_HELD: usize = 2 * MAX_ENTRIES;

/// Whether a replica may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It may.
    Fresh,
    /// It may, and is worth an update beside it.
    Aging,
    /// Not before it is up to date.
    Stale,
}

/// The entries of a store, as of an instant.
#[derive(Debug)]
pub struct Replica {
    max_lifetime: Span,
    as_of: Option<Time>,
    refreshed_at: Time,
    epoch: String,
    seq: String,
    entries: HashMap<Box<str>, Entry, BuildHasherDefault<NameHasher>>,
}

impl Replica {
    /// A replica that holds nothing yet. Entries outlast tokens that live for `max_lifetime`, and no others.
    pub fn new(max_lifetime: Span) -> Self {
        Self {
            max_lifetime,
            as_of: None,
            refreshed_at: Time::EPOCH,
            epoch: String::new(),
            seq: String::from("0"),
            entries: HashMap::default(),
        }
    }

    /// Whether it may answer a question now; `can_refresh`: an update beside the request is possible, and who hears
    /// [`Freshness::Aging`] begins one.
    pub fn freshness(&mut self, now: Time, max_age: Span, can_refresh: bool) -> Freshness {
        // A clock that was set back says nothing about age.
        let Some(as_of) = self.as_of.filter(|as_of| *as_of <= now) else { return Freshness::Stale };
        let age = now.since(as_of);
        if age > max_age {
            return Freshness::Stale;
        }
        if can_refresh && age > REFRESH && now.since(self.refreshed_at) > REFRESH {
            self.refreshed_at = now;
            return Freshness::Aging;
        }
        Freshness::Fresh
    }

    /// Whether it has ever held all that the store has. One that has not says nothing, of whatever age.
    pub const fn is_whole(&self) -> bool {
        self.as_of.is_some()
    }

    /// What was heard of last: the store's epoch, and the number of its last change.
    pub fn cursor(&self) -> (&str, &str) {
        (&self.epoch, &self.seq)
    }

    /// The store's answer to a question that was asked at `asked_at`, as JSON. Gives whether there is more to ask for: until there is
    /// not, the replica is as old as it was.
    ///
    /// # Errors
    /// `ERR_VERIFIER_UNAVAILABLE` where this is no answer of a store's.
    pub fn handle_changes(&mut self, changes: &str, asked_at: Time) -> Result<bool, Error> {
        let is_more = self.take(changes, asked_at).ok_or_else(broke_off)?;
        if !is_more {
            self.drop_ended(asked_at);
            self.as_of = Some(self.as_of.map_or(asked_at, |as_of| as_of.max(asked_at)));
        }
        Ok(is_more)
    }

    fn drop_ended(&mut self, now: Time) {
        let now = now.as_seconds();
        self.entries.retain(|_, entry| entry.expires > now);
    }

    // Entries that are held, and then more than fit, are no store's: it begins anew, and is as old as none until it is whole again.
    fn forget(&mut self) {
        self.epoch.clear();
        "0".clone_into(&mut self.seq);
        self.entries.clear();
        self.as_of = None;
    }

    fn take(&mut self, changes: &str, now: Time) -> Option<bool> {
        let changes = json::object_of(changes).ok()?;
        let epoch = changes.get("epoch")?.as_str()?;
        let seq = changes.get("seq")?.as_number()?;
        let entries = changes.get("entries")?.as_array()?;
        if epoch != self.epoch {
            epoch.clone_into(&mut self.epoch);
            "0".clone_into(&mut self.seq);
            self.entries.clear();
        }
        for entry in entries {
            let entry = entry.as_object()?;
            let name = entry.get("name")?.as_str()?;
            if !self.has_room_for(name, now) {
                self.forget();
                return None;
            }
            self.entries.insert(name.into(), Entry::read(entry)?);
        }
        // Answers to questions that were asked beside each other may come in any order.
        if self.seq.parse::<i64>().unwrap_or(0) < seq.as_i64()? {
            seq.text().clone_into(&mut self.seq);
        }
        Some(changes.get("more").and_then(Value::as_bool) == Some(true))
    }

    fn has_room_for(&mut self, name: &str, now: Time) -> bool {
        if self.entries.len() < MAX_HELD || self.entries.contains_key(name) {
            return true;
        }
        self.drop_ended(now);
        self.entries.len() < MAX_HELD
    }

    /// Whether a token is revoked, by what the replica holds.
    ///
    /// # Errors
    /// `ERR_TOKEN_CLAIM` where the token lives longer than entries are kept.
    pub fn is_revoked(&self, facts: &Facts<'_>, now: Time) -> Result<bool, Error> {
        self.check_lifetime(facts, now)?;
        let Facts { issuer, sub, jti, iat, .. } = facts;
        let (jti, sub) = (jti.as_deref(), sub.as_str());
        let names =
            [Some((None, None)), Some((None, Some(sub))), jti.map(|_| (jti, None)), jti.map(|_| (jti, Some(sub)))];
        Ok(names.into_iter().flatten().any(|(jti, sub)| {
            let entry = self.entries.get(name_of(issuer, jti, sub).as_str());
            entry.is_some_and(|entry| entry.covers(*iat))
        }))
    }

    /// # Errors
    /// As [`Self::is_revoked`]; it needs no entries.
    pub fn check_lifetime(&self, facts: &Facts<'_>, now: Time) -> Result<(), Error> {
        let since = facts.iat.unwrap_or_else(|| now.as_seconds());
        if facts.exp.is_some_and(|exp| exp - since > self.max_lifetime.as_millis() as f64 / 1000.0) {
            let problem = "the token lives longer than `limits.maxTokenLifetimeSec`";
            return Err(Error::new(Code::TokenClaim, problem).about("exp"));
        }
        Ok(())
    }
}

fn broke_off() -> Error {
    Error::new(Code::VerifierUnavailable, "the store of revocations broke off")
}

/// Names are an operator's own: nobody chooses them so that they collide.
#[derive(Debug, Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests;
