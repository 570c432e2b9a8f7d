//! Idempotency keys (ARCP 1.1 §7.2): the same key of the same principal is the same job.

use std::rc::Rc;

use super::changes::{Row, Rows};
use crate::{
    json::{write_string, Value},
    secret::{Hashed, Secret},
    time::{Span, Time},
};

/// Keys that one principal, and that all, may have at a time; the oldest goes first.
const MAX_OF_ONE: usize = 1024;
const MAX_OF_ALL: usize = 2048;

/// What a key stands for.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) owner: Rc<str>,
    pub(super) key: String,
    /// Of the parameters.
    pub(super) fingerprint: Hashed,
    pub(super) job: String,
    /// The payload of `job.accepted`, which outlives the job.
    pub(super) accepted: Rc<str>,
    pub(super) at: Time,
    pub(super) is_stored: bool,
}

impl Known {
    /// Bytes that it keeps.
    pub(super) fn bytes(&self) -> usize {
        256 + self.owner.len() + self.key.len() + self.accepted.len()
    }
}

/// The keys that were used, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: Vec<Known>,
    is_watched: bool,
    /// Whether there are some that the storage doesn't have.
    has_new: bool,
    /// What the storage still has: as JSON, what rows are found by.
    dropped: Vec<String>,
}

impl Keys {
    pub(super) fn get(&self, owner: &Rc<str>, key: &str) -> Option<&Known> {
        self.known.iter().find(|known| known.key == key && known.owner == *owner)
    }

    /// When the oldest came.
    pub(super) fn oldest(&self) -> Option<Time> {
        self.known.iter().map(|known| known.at).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Known> {
        self.known.iter()
    }

    pub(super) fn put(
        &mut self,
        owner: &Rc<str>,
        key: String,
        fingerprint: Hashed,
        job: &str,
        accepted: &Rc<str>,
        now: Time,
    ) {
        let own = self.known.iter().filter(|known| known.owner == *owner);
        if own.count() >= MAX_OF_ONE {
            let oldest = self.known.iter().position(|known| known.owner == *owner);
            oldest.into_iter().for_each(|at| self.remove(at));
        } else if self.known.len() >= MAX_OF_ALL {
            let greediest = self.greediest();
            let oldest = self.known.iter().position(|known| Some(&known.owner) == greediest.as_ref());
            oldest.into_iter().for_each(|at| self.remove(at));
        }
        let (owner, job, accepted) = (Rc::clone(owner), job.to_owned(), Rc::clone(accepted));
        self.known.push(Known { owner, key, fingerprint, job, accepted, at: now, is_stored: false });
        self.has_new = true;
    }

    fn remove(&mut self, at: usize) {
        let known = self.known.remove(at);
        if self.is_watched && known.is_stored {
            self.dropped.push(found_by(&known));
        }
    }

    /// Who has most of them.
    fn greediest(&self) -> Option<Rc<str>> {
        let mut counts: Vec<(&Rc<str>, usize)> = Vec::new();
        for known in &self.known {
            match counts.iter_mut().find(|(owner, _)| **owner == known.owner) {
                Some((_, count)) => *count += 1,
                None => counts.push((&known.owner, 1)),
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(owner, _)| Rc::clone(owner))
    }

    /// Drops what is older than `age`.
    pub(super) fn expire(&mut self, age: Span, now: Time) {
        while let Some(at) = self.known.iter().position(|known| now.since(known.at) >= age) {
            self.remove(at);
        }
    }

    /// From now on it is noted what is dropped.
    pub(super) fn watch(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
        // The storage gives them in no order.
        self.known.sort_by(|one, other| (one.at, &one.job).cmp(&(other.at, &other.job)));
    }

    pub(super) fn has_changed(&self) -> bool {
        self.is_watched && (self.has_new || !self.dropped.is_empty())
    }

    /// What has changed since this was last asked.
    pub(super) fn changes(&mut self) -> Rows {
        let mut rows = Rows { put: Vec::new(), dropped: std::mem::take(&mut self.dropped) };
        if std::mem::take(&mut self.has_new) {
            for known in self.known.iter_mut().filter(|known| !known.is_stored) {
                known.is_stored = true;
                rows.put.push(row(known));
            }
        }
        rows
    }

    /// None of them came later than this.
    pub(super) fn came_before(&mut self, now: Time) {
        for known in &mut self.known {
            known.at = known.at.min(now);
        }
    }

    /// One that the storage has.
    pub(super) fn restore(&mut self, known: Known) {
        self.known.push(known);
    }
}

/// What a row is found by.
fn found_by(known: &Known) -> String {
    Row::new().text(&known.owner).text(&known.key).end()
}

fn row(known: &Known) -> String {
    let Known { owner, key, fingerprint, job, accepted, at, .. } = known;
    let row = Row::new().text(owner).text(key).text(&fingerprint.to_hex()).text(job).text(accepted);
    row.integer(at.as_millis()).end()
}

/// The fingerprint of the parameters of a submit, members in any order: it outlives the program that made it.
pub(super) fn fingerprint(values: &[Option<&Value<'_>>]) -> Hashed {
    let mut text = String::new();
    for value in values {
        write(value.unwrap_or(&Value::Null), &mut text);
        text.push('\n');
    }
    Secret::new(text).hashed()
}

/// As JSON, members by their names.
fn write(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in members {
                write_string(out, name);
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
        plain => plain.write(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn of(text: &str) -> String {
        fingerprint(&[Some(&json::parse(text.as_bytes()).unwrap())]).to_hex()
    }

    #[test]
    fn parameters_are_the_same_in_any_order_of_members_and_only_then() {
        assert_eq!(of(r#"{"a":1,"b":[{"c":null,"d":true}]}"#), of(r#"{"b":[{"d":true,"c":null}],"a":1}"#));
        let all =
            ["{}", "[]", "[[]]", "\"\"", "0", "\"0\"", "null", r#"{"a":1}"#, r#"{"a":"1"}"#, "[1,2]", "[2,1]", "[12]"];
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(of(one), of(other), "{one} {other}");
            }
        }
        assert!(fingerprint(&[None]).matches(&fingerprint(&[Some(&Value::Null)])));
        assert!(!fingerprint(&[None]).matches(&fingerprint(&[None, None])));
        // What an earlier build has stored must still be known.
        let stored = "47f5eecee0ba8ec3526cba7d67c0b992d17d65ac709f4cc5056a5edfe23c20aa";
        assert_eq!(of(r#"{"b":[1,"2"],"a":null}"#), stored);
    }

    #[test]
    fn keys_are_bounded_and_end() {
        let mut keys = Keys::default();
        let (alice, bob): (Rc<str>, Rc<str>) = ("alice".into(), "bob".into());
        let at = |second: i64| Time::EPOCH.plus(Span::from_secs(second));
        keys.put(&bob, "k".into(), fingerprint(&[]), "job", &"{}".into(), at(0));
        for second in 0..2 * MAX_OF_ONE {
            keys.put(&alice, format!("k{second}"), fingerprint(&[]), "job", &"{}".into(), at(second as i64 + 1));
        }
        assert_eq!(keys.known.len(), MAX_OF_ONE + 1);
        assert!(keys.get(&bob, "k").is_some(), "one principal's keys cost another nothing");
        assert!(keys.get(&alice, "k0").is_none() && keys.get(&alice, "k2047").is_some());
        let carol: Rc<str> = "carol".into();
        for second in 0..MAX_OF_ONE {
            keys.put(&carol, format!("c{second}"), fingerprint(&[]), "job", &"{}".into(), at(2048));
        }
        assert_eq!(keys.known.len(), MAX_OF_ALL);
        assert!(keys.get(&bob, "k").is_some(), "two of them cost a third one nothing either");
        keys.expire(Span::from_secs(10), at(2050));
        assert!(keys.get(&bob, "k").is_none() && keys.get(&alice, "k2047").is_some());
        assert!(keys.get(&bob, "k2047").is_none(), "keys are the principal's own");
    }

    #[test]
    fn the_storage_has_what_is_known() {
        let mut keys = Keys::default();
        let alice: Rc<str> = "alice".into();
        let at = |second: i64| Time::EPOCH.plus(Span::from_secs(second));
        let put = |keys: &mut Keys, key: &str, second| {
            keys.put(&alice, key.to_owned(), fingerprint(&[]), "job", &"{}".into(), at(second));
        };
        put(&mut keys, "a", 1);
        assert!(!keys.has_changed(), "nobody writes");
        keys.watch(true);
        let rows = keys.changes();
        assert_eq!((rows.put.len(), rows.dropped.len(), keys.has_changed()), (1, 0, false));
        assert!(
            rows.put[0].starts_with(r#"["alice","a",""#) && rows.put[0].ends_with(r#"","job","{}",1000]"#),
            "{rows:?}"
        );
        put(&mut keys, "b", 2);
        keys.expire(Span::from_secs(1), at(3));
        let rows = keys.changes();
        assert_eq!(
            (rows.put.len(), rows.dropped),
            (0, vec![r#"["alice","a"]"#.to_owned()]),
            "what came and went is none"
        );
        assert_eq!((keys.is_empty(), keys.oldest()), (true, None));
    }
}
