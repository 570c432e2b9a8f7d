//! Idempotency keys (ARCP 1.1 §7.2): the same key of the same principal is the same job.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
};

use crate::{
    json::Value,
    time::{Span, Time},
};

/// Keys that one principal, and that all, may have at a time; the oldest goes first.
const MAX_OF_ONE: usize = 1024;
const MAX_OF_ALL: usize = 2048;

/// What a key stands for.
#[derive(Clone, Debug)]
pub(super) struct Known {
    owner: Rc<str>,
    key: String,
    /// Of the parameters.
    pub(super) fingerprint: Fingerprint,
    pub(super) job: String,
    /// The payload of `job.accepted`, which outlives the job.
    pub(super) accepted: Rc<str>,
    at: Time,
}

/// The keys that were used, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Known>);

impl Keys {
    pub(super) fn get(&self, owner: &Rc<str>, key: &str) -> Option<&Known> {
        self.0.iter().find(|known| known.key == key && known.owner == *owner)
    }

    pub(super) fn put(
        &mut self,
        owner: &Rc<str>,
        key: String,
        fingerprint: Fingerprint,
        job: &str,
        accepted: &Rc<str>,
        now: Time,
    ) {
        let own = self.0.iter().filter(|known| known.owner == *owner);
        if own.count() >= MAX_OF_ONE {
            let oldest = self.0.iter().position(|known| known.owner == *owner);
            oldest.map(|at| self.0.remove(at));
        } else if self.0.len() >= MAX_OF_ALL {
            self.0.remove(0);
        }
        let (owner, job, accepted) = (Rc::clone(owner), job.to_owned(), Rc::clone(accepted));
        self.0.push(Known { owner, key, fingerprint, job, accepted, at: now });
    }

    /// Drops what is older than `age`.
    pub(super) fn expire(&mut self, age: Span, now: Time) {
        self.0.retain(|known| now.since(known.at) < age);
    }
}

/// 128 bits over the parameters of a submit. Whoever finds two that collide gets their own first job twice.
pub(super) type Fingerprint = (u64, u64);

/// The fingerprint of values, members in any order.
pub(super) fn fingerprint(values: &[Option<&Value<'_>>]) -> Fingerprint {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        for value in values {
            match value {
                None | Some(Value::Null) => 0_u8.hash(&mut hasher),
                Some(value) => feed(value, &mut hasher),
            }
        }
        hasher.finish()
    };
    (hash(1), hash(2))
}

fn feed(value: &Value<'_>, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 1_u8.hash(hasher),
        Value::Bool(value) => (2_u8, value).hash(hasher),
        Value::Number(number) => (3_u8, number.text()).hash(hasher),
        Value::String(text) => (4_u8, text.as_ref()).hash(hasher),
        Value::Array(items) => {
            (5_u8, items.len()).hash(hasher);
            for item in items {
                feed(item, hasher);
            }
        }
        Value::Object(object) => {
            // A sum has no order.
            let member = |(name, value): (&str, &Value<'_>)| {
                let mut own = hasher.clone();
                name.hash(&mut own);
                feed(value, &mut own);
                own.finish()
            };
            let sum = object.iter().map(member).fold(0, u64::wrapping_add);
            (6_u8, object.len(), sum).hash(hasher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn of(text: &str) -> Fingerprint {
        fingerprint(&[Some(&json::parse(text.as_bytes()).unwrap())])
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
        assert_eq!(fingerprint(&[None]), fingerprint(&[Some(&Value::Null)]));
    }

    #[test]
    fn keys_are_bounded_and_end() {
        let mut keys = Keys::default();
        let (alice, bob): (Rc<str>, Rc<str>) = ("alice".into(), "bob".into());
        let at = |second: i64| Time::EPOCH.plus(Span::from_secs(second));
        keys.put(&bob, "k".into(), (0, 0), "job", &"{}".into(), at(0));
        for second in 0..2 * MAX_OF_ONE {
            keys.put(&alice, format!("k{second}"), (0, 0), "job", &"{}".into(), at(second as i64 + 1));
        }
        assert_eq!(keys.0.len(), MAX_OF_ONE + 1);
        assert!(keys.get(&bob, "k").is_some(), "one principal's keys cost another nothing");
        assert!(keys.get(&alice, "k0").is_none() && keys.get(&alice, "k2047").is_some());
        keys.expire(Span::from_secs(10), at(2050));
        assert!(keys.get(&bob, "k").is_none() && keys.get(&alice, "k2047").is_some());
        assert!(keys.get(&bob, "k2047").is_none(), "keys are the principal's own");
    }
}
