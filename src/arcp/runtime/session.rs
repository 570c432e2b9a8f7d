//! A session: who it is, on which connection, and what it was sent. And the table in which sessions and jobs stand, by their ids:
//! a few hundred of each. (A `BTreeMap` for each kind of them would be a tenth of the module.)

use std::rc::Rc;

use super::buffer::Buffer;
use crate::{
    arcp::{features::Features, message::Resume},
    secret::Secret,
    time::Time,
};

/// So often a token may bring a session back without the client being heard of, its welcome lost each time. Whoever races with
/// one token gets no further.
const MOST_SHOWN: u8 = 4;

/// Who a session or a job belongs to. Agents never see it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// The principal's key: what is compared.
    pub(super) key: Rc<str>,
    /// The principal as JSON: what a policy sees.
    pub(super) json: Rc<str>,
}

/// A session, connected or not.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) owner: Owner,
    pub(super) conn: Option<u32>,
    pub(super) features: Features,
    /// Whether the client is the Python SDK's (docs/arcp-peers.md).
    pub(super) is_python: bool,
    /// What brings it back.
    pub(super) token: Secret,
    /// What brought it back the last time: good until something comes over the new connection, for the welcome may have been lost.
    pub(super) previous: Option<Secret>,
    /// How often that one was shown since something came from the client.
    pub(super) shown: u8,
    pub(super) buffer: Buffer,
    /// Without a connection: when it can't be resumed any more.
    pub(super) ends_at: Option<Time>,
    /// Whether the client said goodbye.
    pub(super) is_over: bool,
}

impl Identified for Session {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Session {
    /// Whether this is a token that brings it back. Both are compared, in constant time.
    pub(super) fn accepts(&self, token: &[u8]) -> bool {
        let is_previous = self.previous.as_ref().is_some_and(|previous| previous.matches(token));
        self.token.matches(token) || is_previous
    }

    /// Whether the session can be shown an event of this kind (ARCP 1.1 §6.2).
    pub(super) fn takes(&self, kind: &str) -> bool {
        !matches!(kind, "progress" | "result_chunk") || self.features.has(kind)
    }

    /// Whether the client has agreed to acknowledge what it was sent (ARCP 1.1 §6.5): then that is what it has, from the start.
    /// Otherwise it has what has left for it.
    pub(super) fn acknowledges(&self) -> bool {
        self.features.has("ack")
    }

    /// Whether a principal may have this session back with what it shows; the reason why not is for the audit log.
    pub(super) fn count_resume(&mut self, owner: &Owner, resume: &Resume) -> Result<(), &'static str> {
        if self.owner.key != owner.key {
            return Err("another_principal");
        }
        if !self.accepts(resume.token.expose()) {
            return Err("wrong_token");
        }
        if !self.buffer.covers(resume.last_event_seq) {
            return Err("not_covered");
        }
        let is_again = self.previous.as_ref().is_some_and(|token| token.matches(resume.token.expose()));
        if is_again && self.shown >= MOST_SHOWN {
            return Err("token_shown_too_often");
        }
        self.shown = if is_again { self.shown + 1 } else { 1 };
        Ok(())
    }
}

/// What has an id that doesn't change.
pub(super) trait Identified {
    fn id(&self) -> &str;
}

/// In the order of their ids, which is that in which they came. Boxed: the oldest goes first, and all others move up.
#[derive(Debug)]
pub(super) struct Table<T>(Vec<Box<T>>);

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
        self.0.get(self.position(id).ok()?).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let at = self.position(id).ok()?;
        self.0.get_mut(at).map(Box::as_mut)
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
        self.0.insert(at, Box::new(entry));
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Box<T>> {
        self.position(id).ok().map(|at| self.0.remove(at))
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.0.iter().map(Box::as_ref)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(Box::as_mut)
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
