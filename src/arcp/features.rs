//! Features (ARCP 1.1 §6.2): used only where both sides name them.

use crate::json::Value;

/// What the specification names.
pub const KNOWN: [&str; 11] = [
    "heartbeat",
    "ack",
    "list_jobs",
    "subscribe",
    "lease_expires_at",
    "cost.budget",
    "model.use",
    "provisioned_credentials",
    "progress",
    "result_chunk",
    "agent_versions",
];

/// More than these, or longer ones, are not looked at.
const MAX_FEATURES: usize = 64;
const MAX_LENGTH: usize = 64;

/// A set of features, in the order in which they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(Vec<String>);

impl Features {
    /// A set of these names.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut set = Self::default();
        for name in names {
            let is_sound = (1..=MAX_LENGTH).contains(&name.len()) && set.0.len() < MAX_FEATURES;
            if is_sound && !set.has(name) {
                set.0.push(name.to_owned());
            }
        }
        set
    }

    /// From a list in a message; what is no list, or no string in it, counts as nothing.
    pub fn read(value: Option<&Value<'_>>) -> Self {
        let items = value.and_then(Value::as_array).unwrap_or_default();
        Self::new(items.iter().filter_map(Value::as_str))
    }

    /// Whether the feature is in it.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|feature| feature == name)
    }

    /// What both have.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|name| other.has(name)).cloned().collect())
    }

    /// With this one besides.
    #[must_use]
    pub fn with(mut self, name: &str) -> Self {
        if !self.has(name) {
            self.0.push(name.to_owned());
        }
        self
    }

    /// Without this one.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|feature| feature != name);
        self
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn what_both_have() {
        let one = Features::new(["ack", "heartbeat", "x-vendor.a.b", "ack"]);
        let other = Features::new(["progress", "x-vendor.a.b", "ack"]);
        assert_eq!(one.both(&other).iter().collect::<Vec<_>>(), ["ack", "x-vendor.a.b"]);
    }

    #[test]
    fn odd_lists_are_read_as_far_as_they_go() {
        let read = |text: &str| Features::read(Some(&json::parse(text.as_bytes()).unwrap())).0;
        assert_eq!(read(r#"["ack",1,"",null,"progress"]"#), ["ack", "progress"]);
        assert!(read("{}").is_empty());
        assert!(Features::read(None).0.is_empty());
        let many = format!("[{}]", (0..1000).map(|n| format!("\"f{n}\"")).collect::<Vec<_>>().join(","));
        assert_eq!(read(&many).len(), MAX_FEATURES);
    }
}
