//! What is remembered of many strangers at once: so many of them, and the one that was heard of longest ago is forgotten first.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher},
    rc::Rc,
};

/// Values by key, `capacity` of them at most.
#[derive(Debug)]
pub struct LruMap<V> {
    capacity: usize,
    places: HashMap<Rc<str>, usize, KeyHash>,
    slots: Vec<Slot<V>>,
    /// The slot that was written longest ago, and the one that was written last.
    oldest: usize,
    newest: usize,
}

#[derive(Debug)]
struct Slot<V> {
    key: Rc<str>,
    value: V,
    older: usize,
    newer: usize,
}

impl<V> LruMap<V> {
    /// A map without values. `seed` is random: nobody chooses keys so that they collide.
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self {
            capacity: capacity.max(1),
            places: HashMap::with_hasher(KeyHash(seed)),
            slots: Vec::new(),
            oldest: 0,
            newest: 0,
        }
    }

    /// The value of a key, which stays as old as it is.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.slots.get(*self.places.get(key)?).map(|slot| &slot.value)
    }

    /// As [`Self::get`], to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.slots.get_mut(*self.places.get(key)?).map(|slot| &mut slot.value)
    }

    /// Sets the value of a key, which is the newest from now on.
    pub fn insert(&mut self, key: &str, value: V) {
        if let Some(place) = self.places.get(key).copied() {
            if let Some(slot) = self.slots.get_mut(place) {
                slot.value = value;
            }
            self.unlink(place);
            return self.append(place);
        }
        let key: Rc<str> = key.into();
        let (older, newer) = (self.newest, 0);
        if self.slots.len() < self.capacity {
            let place = self.slots.len();
            self.slots.push(Slot { key: key.clone(), value, older, newer });
            self.places.insert(key, place);
            return self.append(place);
        }
        let place = self.oldest;
        self.unlink(place);
        if let Some(slot) = self.slots.get_mut(place) {
            self.places.remove(&*slot.key);
            *slot = Slot { key: key.clone(), value, older, newer };
        }
        self.places.insert(key, place);
        self.append(place);
    }

    fn unlink(&mut self, place: usize) {
        let Some((older, newer)) = self.slots.get(place).map(|slot| (slot.older, slot.newer)) else { return };
        // What stands at an end has nobody on that side, and what its slot says there means nothing.
        if place == self.oldest {
            self.oldest = newer;
        } else if let Some(slot) = self.slots.get_mut(older) {
            slot.newer = newer;
        }
        if place == self.newest {
            self.newest = older;
        } else if let Some(slot) = self.slots.get_mut(newer) {
            slot.older = older;
        }
    }

    fn append(&mut self, place: usize) {
        if self.slots.len() == 1 {
            (self.oldest, self.newest) = (place, place);
            return;
        }
        let last = std::mem::replace(&mut self.newest, place);
        if let Some(slot) = self.slots.get_mut(last) {
            slot.newer = place;
        }
        if let Some(slot) = self.slots.get_mut(place) {
            slot.older = last;
        }
    }
}

/// Hashes keys that strangers may have a say in, from a random beginning.
#[derive(Clone, Copy, Debug)]
pub struct KeyHash(pub u64);

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(self.0)
    }
}

/// See [`KeyHash`].
#[derive(Clone, Copy, Debug)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let word = part.iter().fold(1, |word: u64, byte| word << 8 | u64::from(*byte));
            // Both halves of the product: what differs anywhere differs everywhere.
            let product = u128::from(self.0 ^ word) * 0xa076_1d64_78bd_642f_u128;
            self.0 = (product as u64 ^ (product >> 64) as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_one_that_was_written_longest_ago_goes() {
        let mut map = LruMap::new(2, 7);
        map.insert("a", 1);
        map.insert("b", 2);
        assert_eq!(map.get("a"), Some(&1), "reading makes nothing newer");
        map.insert("a", 3);
        map.insert("c", 4);
        assert_eq!((map.get("a"), map.get("b"), map.get("c")), (Some(&3), None, Some(&4)));
        *map.get_mut("a").unwrap() = 5;
        map.insert("d", 6);
        assert_eq!((map.get("a"), map.get("c"), map.get("d")), (None, Some(&4), Some(&6)));
    }

    #[test]
    fn it_is_a_list_that_is_cut() {
        let mut random = 1_u64;
        for round in 0..2_000 {
            let capacity = round % 5 + 1;
            let mut map = LruMap::new(capacity, 1);
            let mut list: Vec<(String, usize)> = Vec::new();
            for value in 0..40 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let key = (random >> 33).wrapping_rem(9).to_string();
                map.insert(&key, value);
                list.retain(|(other, _)| *other != key);
                list.push((key, value));
                if list.len() > capacity {
                    list.remove(0);
                }
                for key in (0..9).map(|key: u8| key.to_string()) {
                    let expected = list.iter().find(|(other, _)| *other == key).map(|(_, value)| value);
                    assert_eq!(map.get(&key), expected, "round {round}, {value}");
                }
            }
        }
    }

    #[test]
    fn keys_that_differ_hash_differently() {
        for seed in [0, 1, u64::MAX] {
            let hash = |key: &str| KeyHash(seed).hash_one(key);
            let all: HashSet<u64> = (0..50_000).map(|n| hash(&format!("jwt|https://idp.example|{n}"))).collect();
            assert_eq!(all.len(), 50_000);
            let low: HashSet<u64> = all.iter().map(|hash| hash & 0xffff).collect();
            assert!(low.len() > 30_000, "{}", low.len());
        }
        assert_ne!(KeyHash(1).hash_one("a"), KeyHash(2).hash_one("a"));
    }
}
