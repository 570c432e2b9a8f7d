//! Verified tokens, remembered: the second use of a token costs no signature check.
//!
//! Only tokens that passed every check get in, so nobody without a valid token can fill it or push others out of it.
//! Two generations bound it: new entries and entries in use go to the young one; when that is full it becomes the old one,
//! and what the old one still held is dropped. That keeps what is used, without a list to maintain on each hit.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
    mem,
    sync::Arc,
};

use super::token::VerifiedToken;
use crate::time::{Span, Time};

/// The bounds of the cache.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Entries at most.
    pub max_entries: usize,
    /// Bytes of tokens and claims at most.
    pub max_bytes: usize,
    /// How long an entry lives at most.
    pub max_age: Span,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { max_entries: 1000, max_bytes: 4 << 20, max_age: Span::from_secs(300) }
    }
}

/// The cache, keyed by the exact token.
#[derive(Debug)]
pub(super) struct TokenCache {
    bounds: Bounds,
    young: Generation,
    young_bytes: usize,
    old: Generation,
}

type Generation = HashMap<Key, Life, BuildHasherDefault<TailHasher>>;

/// A verified token, found by its own bytes.
#[derive(Debug)]
struct Key(Arc<VerifiedToken>);

/// When an entry is good.
#[derive(Clone, Copy, Debug)]
struct Life {
    until: Time,
    since: Time,
}

impl TokenCache {
    /// An empty cache.
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, young: Generation::default(), young_bytes: 0, old: Generation::default() }
    }

    /// The verified token of exactly these bytes, if its entry has not ended.
    pub(super) fn get(&mut self, token: &[u8], now: Time) -> Option<Arc<VerifiedToken>> {
        if let Some((key, life)) = self.young.get_key_value(token) {
            return life.covers(now).then(|| Arc::clone(&key.0));
        }
        let (key, life) = self.old.remove_entry(token)?;
        if !life.covers(now) {
            return None;
        }
        let verified = Arc::clone(&key.0);
        self.insert_entry(key, life);
        Some(verified)
    }

    /// Remembers a verified token.
    pub(super) fn insert(&mut self, verified: &Arc<VerifiedToken>, now: Time) {
        let until = now.plus(self.bounds.max_age).min(verified.window().closes());
        self.remove(verified.token());
        self.insert_entry(Key(Arc::clone(verified)), Life { until, since: now });
    }

    /// Forgets one token.
    pub(super) fn remove(&mut self, token: &[u8]) {
        if let Some((key, _)) = self.young.remove_entry(token) {
            self.young_bytes -= key.0.size();
        }
        self.old.remove(token);
    }

    /// Puts an entry into the young generation, which does not hold its token.
    fn insert_entry(&mut self, key: Key, life: Life) {
        let bytes = key.0.size();
        if bytes > self.bounds.max_bytes / 2 || self.bounds.max_entries < 2 {
            return;
        }
        if self.young.len() + 1 > self.bounds.max_entries / 2 || self.young_bytes + bytes > self.bounds.max_bytes / 2 {
            // Their tables are used again, at the size that they have grown to.
            self.old.clear();
            mem::swap(&mut self.old, &mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young.insert(key, life);
    }
}

impl Life {
    /// A clock that was set back behind the entry's start ends it too.
    fn covers(self, now: Time) -> bool {
        now < self.until && now >= self.since
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.0.token()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.token() == other.0.token()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.token().hash(hasher);
    }
}

/// Hashes the last bytes of a token only. They belong to a signature that was checked, so they differ from token to token, and
/// nobody but the provider can choose them: this needs neither a secret nor a strong hash. Equality compares all bytes.
#[derive(Debug, Default)]
struct TailHasher(u64);

impl Hasher for TailHasher {
    fn write(&mut self, bytes: &[u8]) {
        let [.., a, b, c, d, e, f, g, h] = bytes else { return };
        let tail = u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The table looks at the upper bits and at the lower ones.
        self.0 = tail ^ tail >> 32;
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl TokenCache {
        fn len(&self) -> usize {
            self.young.len() + self.old.len()
        }
    }

    const START: Time = Time::EPOCH;

    fn at(secs: i64) -> Time {
        START.plus(Span::from_secs(secs))
    }

    fn bounds(max_entries: usize, max_bytes: usize) -> Bounds {
        Bounds { max_entries, max_bytes, max_age: Span::from_secs(300) }
    }

    fn put(cache: &mut TokenCache, token: &str, closes: Time, now: Time) {
        let verified = VerifiedToken::for_tests(token, closes);
        cache.insert(&Arc::new(verified), now);
    }

    #[test]
    fn gives_back_what_was_put_and_nothing_else() {
        let mut cache = TokenCache::new(bounds(100, 1 << 20));
        put(&mut cache, "a.b.c", at(1000), at(0));
        assert_eq!(cache.get(b"a.b.c", at(1)).unwrap().token(), b"a.b.c");
        for other in ["a.b.d", "a.b.c.", "x.b.c", ""] {
            assert!(cache.get(other.as_bytes(), at(1)).is_none());
        }
        // The same tail, another token: attack 16.
        let tail = "s".repeat(40);
        put(&mut cache, &format!("alice.{tail}"), at(1000), at(0));
        assert!(cache.get(format!("bob__.{tail}").as_bytes(), at(1)).is_none());
    }

    #[test]
    fn an_entry_ends_with_the_token_its_age_or_a_clock_set_back() {
        let mut cache = TokenCache::new(bounds(100, 1 << 20));
        put(&mut cache, "short", at(60), at(10));
        put(&mut cache, "long", at(10_000), at(10));
        assert!(cache.get(b"short", at(59)).is_some());
        assert!(cache.get(b"short", at(60)).is_none());
        assert!(cache.get(b"long", at(309)).is_some());
        assert!(cache.get(b"long", at(310)).is_none());
        assert!(cache.get(b"long", at(9)).is_none());
    }

    #[test]
    fn a_token_that_is_put_again_takes_no_more_room() {
        let mut cache = TokenCache::new(bounds(100, 20_000));
        put(&mut cache, "another", at(1000), at(0));
        for _ in 0..10_000 {
            put(&mut cache, "the same", at(1000), at(0));
        }
        assert_eq!((cache.len(), cache.old.len()), (2, 0));
    }

    #[test]
    fn room_is_counted_to_the_byte_and_is_free_again() {
        let size = VerifiedToken::for_tests("a token", at(1000)).size();
        let mut cache = TokenCache::new(bounds(100, size * 4));
        put(&mut cache, "token 1", at(1000), at(0));
        put(&mut cache, "token 2", at(1000), at(0));
        assert_eq!((cache.young.len(), cache.young_bytes, cache.old.len()), (2, size * 2, 0), "just two fit");
        cache.remove(b"token 1");
        assert_eq!(cache.young_bytes, size);
        put(&mut cache, "token 3", at(1000), at(0));
        assert_eq!((cache.young.len(), cache.old.len()), (2, 0));
        put(&mut cache, "token 4", at(1000), at(0));
        assert_eq!((cache.young.len(), cache.old.len()), (1, 2));
        // One that takes just the half is remembered.
        let mut small = TokenCache::new(bounds(100, size * 2));
        put(&mut small, "token 1", at(1000), at(0));
        assert_eq!(small.len(), 1);
    }

    #[test]
    fn stays_within_its_bounds_and_keeps_what_is_used() {
        let mut cache = TokenCache::new(bounds(100, 1 << 20));
        put(&mut cache, "used", at(1000), at(0));
        for index in 0..10_000 {
            put(&mut cache, &format!("token {index}"), at(1000), at(0));
            assert!(cache.get(b"used", at(1)).is_some());
            assert!(cache.len() <= 100);
        }
        let mut small = TokenCache::new(bounds(1000, 10_000));
        for index in 0..1000 {
            put(&mut small, &format!("{index:01000}"), at(1000), at(0));
        }
        assert!((1..10).contains(&small.len()), "{}", small.len());
        put(&mut small, &"x".repeat(6000), at(1000), at(0));
        assert!(small.get("x".repeat(6000).as_bytes(), at(0)).is_none());
    }
}
