//! The table in which sessions and jobs stand, by their ids: a few hundred of each. (A `BTreeMap` for each kind of them would be a
//! tenth of the module.)
//!
//! It notes which of them somebody may have changed, and which are gone: whoever writes what changed to the storage looks at these
//! alone, and nobody who changes something has to say so. What they count for is added up in the same way.

use std::rc::Rc;

use super::ledger::{Ledger, Part};

/// What has an id that doesn't change, and knows what the storage has of it.
pub(super) trait Kept {
    /// What the storage has.
    type Stored;

    fn id(&self) -> &str;

    /// The key of the principal whose it is.
    fn owner(&self) -> &Rc<str>;

    /// What the storage has of it; none where it was not written yet.
    fn take_stored(&mut self) -> Option<Self::Stored>;
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    is_touched: bool,
    /// What it counts for in the ledger, and whose; none where somebody may have changed it since.
    counted: Option<(Rc<str>, Part)>,
}

/// In the order of their ids, which is that in which they came. Boxed: the oldest goes first, and all others move up.
#[derive(Debug)]
pub(super) struct Table<T: Kept> {
    entries: Vec<Box<Entry<T>>>,
    is_watched: bool,
    touched: Vec<String>,
    removed: Vec<(String, T::Stored)>,
    ledger: Ledger,
    /// What is to be counted anew.
    uncounted: Vec<String>,
}

impl<T: Kept> Default for Table<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            is_watched: false,
            touched: Vec::new(),
            removed: Vec::new(),
            ledger: Ledger::default(),
            uncounted: Vec::new(),
        }
    }
}

impl<T: Kept> Table<T> {
    fn position(&self, id: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.value.id().cmp(id))
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.entries.get(self.position(id).ok()?).map(|entry| &entry.value)
    }

    /// To change it.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.open(id, self.is_watched)
    }

    /// To change nothing but what is known of the storage.
    pub(super) fn peek_mut(&mut self, id: &str) -> Option<&mut T> {
        self.open(id, false)
    }

    fn open(&mut self, id: &str, is_noted: bool) -> Option<&mut T> {
        let at = self.position(id).ok()?;
        let entry = self.entries.get_mut(at)?;
        if is_noted && !entry.is_touched {
            entry.is_touched = true;
            self.touched.push(id.to_owned());
        }
        if let Some((owner, part)) = entry.counted.take() {
            self.ledger.take(&owner, part);
            self.uncounted.push(id.to_owned());
        }
        Some(&mut entry.value)
    }

    /// Takes one in; another with its id goes.
    pub(super) fn insert(&mut self, value: T) {
        let at = match self.position(value.id()) {
            Ok(at) => {
                let entry = self.entries.remove(at);
                self.count_no_more(&entry);
                at
            }
            Err(at) => at,
        };
        if self.is_watched {
            self.touched.push(value.id().to_owned());
        }
        self.uncounted.push(value.id().to_owned());
        self.entries.insert(at, Box::new(Entry { value, is_touched: self.is_watched, counted: None }));
    }

    fn count_no_more(&mut self, entry: &Entry<T>) {
        if let Some((owner, part)) = &entry.counted {
            self.ledger.take(owner, *part);
        }
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<T> {
        let at = self.position(id).ok()?;
        let entry = self.entries.remove(at);
        self.count_no_more(&entry);
        let mut value = entry.value;
        if let Some(stored) = value.take_stored() {
            self.removed.push((id.to_owned(), stored));
        }
        Some(value)
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.entries.iter().map(|entry| &entry.value)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What all of it counts for: each as `part` says, always the same.
    pub(super) fn counted(&mut self, part: fn(&T) -> Part) -> &Ledger {
        for id in std::mem::take(&mut self.uncounted) {
            let Ok(at) = self.position(&id) else { continue };
            let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.counted.is_none()) else { continue };
            let (owner, part) = (Rc::clone(entry.value.owner()), part(&entry.value));
            self.ledger.add(&owner, part);
            entry.counted = Some((owner, part));
        }
        &self.ledger
    }

    /// From now on it is noted what is touched.
    pub(super) fn watch(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    pub(super) fn is_touched(&self) -> bool {
        !self.touched.is_empty() || !self.removed.is_empty()
    }

    /// The ids of what was touched since this was last asked, some of which may be gone; and what the storage has of those that
    /// are gone.
    pub(super) fn take_touched(&mut self) -> (Vec<String>, Vec<(String, T::Stored)>) {
        let touched = std::mem::take(&mut self.touched);
        for id in &touched {
            if let Ok(at) = self.position(id) {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.is_touched = false;
                }
            }
        }
        (touched, std::mem::take(&mut self.removed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arcp::runtime::limits::Usage;

    fn part((_, worth, _): &(String, u8, Rc<str>)) -> Part {
        Part { usage: usage((*worth).into()), count: 1, ..Part::default() }
    }

    fn usage(bytes: usize) -> Usage {
        Usage { rows: 0, bytes }
    }

    impl Kept for (String, u8, Rc<str>) {
        type Stored = u8;

        fn id(&self) -> &str {
            &self.0
        }

        fn owner(&self) -> &Rc<str> {
            &self.2
        }

        fn take_stored(&mut self) -> Option<u8> {
            (self.1 > 2).then_some(self.1)
        }
    }

    fn filled(values: &[(&str, u8)], is_watched: bool) -> Table<(String, u8, Rc<str>)> {
        let mut table = Table::default();
        table.watch(is_watched);
        for (id, value) in values {
            table.insert(((*id).to_owned(), *value, "one".into()));
        }
        table
    }

    #[test]
    fn by_id_and_in_order() {
        let mut table = filled(&[("c", 1), ("a", 2), ("b", 3), ("a", 4)], false);
        let values =
            |table: &Table<(String, u8, Rc<str>)>| table.values().map(|(_, value, _)| *value).collect::<Vec<_>>();
        assert_eq!(values(&table), [4, 3, 1]);
        assert_eq!(table.get("b").map(|(_, value, _)| *value), Some(3));
        assert!(table.get("d").is_none() && table.get_mut("").is_none());
        assert!(table.remove("a").is_some() && table.remove("a").is_none());
        assert_eq!((values(&table), table.len()), (vec![3, 1], 2));
    }

    #[test]
    fn what_is_touched_is_known_once() {
        let mut table = filled(&[("a", 1), ("b", 2), ("c", 3)], true);
        assert_eq!(table.take_touched(), (["a", "b", "c"].map(str::to_owned).to_vec(), Vec::new()));
        assert!(!table.is_touched());
        table.get("a");
        table.peek_mut("a");
        assert!(!table.is_touched());
        table.get_mut("b");
        table.get_mut("b");
        // What the storage doesn't have is not missed.
        table.remove("a");
        table.remove("c");
        assert_eq!(table.take_touched(), (vec!["b".to_owned()], vec![("c".to_owned(), 3)]));
        table.watch(false);
        table.get_mut("b");
        assert!(!table.is_touched());
    }

    #[test]
    fn what_is_changed_is_counted_anew() {
        let mut table = filled(&[("a", 1), ("b", 2), ("c", 4)], false);
        let kept = |table: &mut Table<(String, u8, Rc<str>)>| table.counted(part).usage("one").0.bytes;
        assert_eq!((kept(&mut table), kept(&mut table)), (7, 7));
        table.get_mut("a").unwrap().1 = 8;
        table.peek_mut("b").unwrap().1 = 16;
        assert_eq!(kept(&mut table), 28);
        // Whatever becomes of it before it is counted.
        table.get_mut("a").unwrap().1 = 32;
        table.remove("a");
        table.remove("b");
        table.insert(("c".to_owned(), 64, "one".into()));
        table.insert(("d".to_owned(), 128, "another".into()));
        assert_eq!((kept(&mut table), table.counted(part).usage("another")), (64, (usage(128), usage(192))));
    }
}
