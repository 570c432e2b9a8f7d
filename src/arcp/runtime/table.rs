//! A few hundred things by their id. (A `BTreeMap` for each kind of them would be a tenth of the module.)

/// What has an id that doesn't change.
pub(super) trait Identified {
    fn id(&self) -> &str;
}

/// In the order of their ids, which is that in which they came.
#[derive(Debug)]
pub(super) struct Table<T>(Vec<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Identified> Table<T> {
    fn position(&self, id: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|entry| entry.id().cmp(id))
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.0.get(self.position(id).ok()?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let at = self.position(id).ok()?;
        self.0.get_mut(at)
    }

    /// Takes one in; another with its id goes.
    pub(super) fn insert(&mut self, entry: T) {
        let at = match self.position(entry.id()) {
            Ok(at) => {
                self.0.remove(at);
                at
            }
            Err(at) => at,
        };
        self.0.insert(at, entry);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<T> {
        self.position(id).ok().map(|at| self.0.remove(at))
    }

    pub(super) fn values(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub(super) fn values_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Identified for (String, u8) {
        fn id(&self) -> &str {
            &self.0
        }
    }

    #[test]
    fn by_id_and_in_order() {
        let mut table = Table::default();
        for (id, value) in [("c", 1), ("a", 2), ("b", 3), ("a", 4)] {
            table.insert((id.to_owned(), value));
        }
        let values = |table: &Table<(String, u8)>| table.values().map(|(_, value)| *value).collect::<Vec<_>>();
        assert_eq!(values(&table), [4, 3, 1]);
        assert_eq!(table.get("b").map(|(_, value)| *value), Some(3));
        assert!(table.get("d").is_none() && table.get_mut("").is_none());
        assert!(table.remove("a").is_some() && table.remove("a").is_none());
        assert_eq!((values(&table), table.len()), (vec![3, 1], 2));
    }
}
