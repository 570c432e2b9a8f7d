//! Writing an object member by member.

use super::{write_string, Value};

/// An object that is being written. Names are the caller's own and not checked for repetition.
///
/// Boxed: each member takes the object and gives it back, and a single pointer goes in and out without a copy on the stack. There
/// are hundreds of such calls, and so it is kilobytes of the module.
#[derive(Clone, Debug)]
#[allow(clippy::box_collection, reason = "a single pointer is what it is for")]
pub struct Members(Box<String>);

impl Default for Members {
    fn default() -> Self {
        Self::new()
    }
}

impl Members {
    /// An object without members.
    pub fn new() -> Self {
        Self(Box::new(String::from("{")))
    }

    /// An object without members, with room for so many bytes: worth it where one of them is long.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Self(Box::new(text))
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        write_string(&mut self.0, name);
        self.0.push(':');
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        write_string(&mut self.0, value);
        self
    }

    /// A member that is a string, where there is one.
    #[must_use]
    pub fn some_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Members that are strings.
    #[must_use]
    pub fn all<'s>(self, members: impl IntoIterator<Item = (&'s str, &'s str)>) -> Self {
        members.into_iter().fold(self, |written, (name, value)| written.text(name, value))
    }

    /// A member that is an integer.
    #[must_use]
    pub fn integer(mut self, name: &str, value: i64) -> Self {
        self.name(name);
        self.0.push_str(&value.to_string());
        self
    }

    /// A member that is a boolean.
    #[must_use]
    pub fn boolean(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.0.push_str(if value { "true" } else { "false" });
        self
    }

    /// A member whose value is JSON already.
    #[must_use]
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.0.push_str(json);
        self
    }

    /// A member that was read.
    #[must_use]
    pub fn value(mut self, name: &str, value: &Value<'_>) -> Self {
        self.name(name);
        value.write(&mut self.0);
        self
    }

    /// A list of strings.
    #[must_use]
    pub fn texts<'s>(mut self, name: &str, values: impl IntoIterator<Item = &'s str>) -> Self {
        self.name(name);
        self.0.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            write_string(&mut self.0, value);
        }
        self.0.push(']');
        self
    }

    /// A list of what is JSON already.
    #[must_use]
    pub fn list(mut self, name: &str, items: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.name(name);
        self.0.push_str(&list(items));
        self
    }

    /// The object's text.
    #[must_use]
    pub fn end(mut self) -> String {
        self.0.push('}');
        *self.0
    }
}

/// A list of what is JSON already.
pub fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut out = String::from("[");
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(item.as_ref());
    }
    out.push(']');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::string;

    #[test]
    fn members_in_their_order() {
        assert_eq!(Members::new().end(), "{}");
        let text =
            Members::new().text("a", "\"").integer("b", -1).boolean("c", true).raw("d", "[]").texts("e", ["x", "y"]);
        let text = text.some_text("f", None).some_text("g", Some("h"));
        assert_eq!(text.end(), r#"{"a":"\"","b":-1,"c":true,"d":[],"e":["x","y"],"g":"h"}"#);
        let text = Members::new().all([("c", "\n")]).list("d", ["1", "{}"]);
        assert_eq!(text.end(), r#"{"c":"\n","d":[1,{}]}"#);
        assert_eq!(Members::with_capacity(64).text("a", "b").end(), Members::new().text("a", "b").end());
        assert_eq!((list([""; 0]), list([string("\"")])), ("[]".to_owned(), r#"["\""]"#.to_owned()));
    }
}
