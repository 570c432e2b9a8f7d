//! Options on their way to the core: what a builder was told, as the JSON that the core reads. There is one place where options are
//! checked, whoever gives them and in whatever form.

use std::time::Duration;

use crate::{
    error::shown,
    json::{self, Members},
};

/// Options by their names in JSON, each as it stands so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// In the order in which they came: there are few, and a map would be two kilobytes of code.
    members: Vec<(String, Value)>,
    /// What no JSON could say: the option, and what is wrong with it.
    problem: Option<(String, String)>,
}

#[derive(Clone, Debug)]
enum Value {
    /// JSON.
    Json(String),
    /// A list of texts that grows.
    Texts(Vec<String>),
    /// A record of JSON values that grows.
    Record(Vec<(String, String)>),
}

impl Draft {
    /// The first problem that there was, told with the option that has it.
    pub(crate) fn problem(&self) -> Option<(&str, &str)> {
        self.problem.as_ref().map(|(option, what)| (option.as_str(), what.as_str()))
    }

    /// Notes a problem that the core would not see.
    pub(crate) fn refuse(&mut self, option: &str, what: impl Into<String>) {
        self.problem.get_or_insert_with(|| (option.to_owned(), what.into()));
    }

    /// The names of the options that were given.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// What was set as JSON; empty for a list or a record that grows.
    pub(crate) fn get(&self, option: &str) -> Option<&str> {
        self.members.iter().find(|(name, _)| name == option).map(|(_, value)| match value {
            Value::Json(json) => json.as_str(),
            Value::Texts(_) | Value::Record(_) => "",
        })
    }

    /// The option's value is this JSON, whatever it was before.
    pub(crate) fn set(&mut self, option: &str, json: impl Into<String>) {
        self.put(option, Value::Json(json.into()));
    }

    /// The option's value is this text.
    pub(crate) fn set_text(&mut self, option: &str, text: &str) {
        self.check(option, text);
        self.set(option, json::string(text));
    }

    /// The option's value is so many seconds.
    pub(crate) fn set_seconds(&mut self, option: &str, span: Duration) {
        self.set(option, format!("{}.{:03}", span.as_secs(), span.subsec_millis()));
    }

    /// Adds texts to the option's list; an empty list is one, too.
    pub(crate) fn add_texts(&mut self, option: &str, texts: impl IntoIterator<Item = impl Into<String>>) {
        let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        for text in &texts {
            self.check(option, text);
        }
        if let Some(Value::Texts(list)) = self.find(option) {
            list.extend(texts);
        } else {
            self.put(option, Value::Texts(texts));
        }
    }

    /// Adds a member to the option's record, with a value that is JSON already. One that it has is a problem.
    pub(crate) fn add_member(&mut self, option: &str, name: &str, json: String) {
        self.check(option, name);
        let Some(Value::Record(members)) = self.find(option) else {
            self.put(option, Value::Record(vec![(name.to_owned(), json)]));
            return;
        };
        if members.iter().any(|(known, _)| known == name) {
            self.refuse(option, format!("is given twice for `{}`", shown(name)));
        } else {
            members.push((name.to_owned(), json));
        }
    }

    /// The options as JSON.
    pub(crate) fn to_json(&self) -> String {
        self.members
            .iter()
            .fold(Members::new(), |written, (name, value)| match value {
                Value::Json(json) => written.raw(name, json),
                Value::Texts(texts) => written.texts(name, texts.iter().map(String::as_str)),
                Value::Record(members) => {
                    let record = members.iter().fold(Members::new(), |all, (name, json)| all.raw(name, json));
                    written.raw(name, &record.end())
                }
            })
            .end()
    }

    /// The core's reader takes a text that begins with NUL for what JavaScript left undefined: none of ours may be one.
    pub(crate) fn check(&mut self, option: &str, text: &str) {
        if text.starts_with('\0') {
            self.refuse(option, "begins with a NUL");
        }
    }

    fn find(&mut self, option: &str) -> Option<&mut Value> {
        self.members.iter_mut().find(|(name, _)| name == option).map(|(_, value)| value)
    }

    fn put(&mut self, option: &str, value: Value) {
        match self.find(option) {
            Some(place) => *place = value,
            None => self.members.push((option.to_owned(), value)),
        }
    }
}
