//! Sockets by a key: an address, a principal.

use std::collections::HashMap;

use crate::lru::KeyHash;

/// How many there are of each key. There is no more to it than there are sockets.
#[derive(Debug)]
pub(super) struct Counts(HashMap<Box<str>, usize, KeyHash>);

impl Counts {
    pub(super) fn new(seed: u64) -> Self {
        Self(HashMap::with_hasher(KeyHash(seed)))
    }

    pub(super) fn of(&self, key: &str) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, key: &str) {
        *self.0.entry(key.into()).or_default() += 1;
    }

    pub(super) fn remove(&mut self, key: &str) {
        match self.0.get_mut(key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.0.remove(key)),
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
