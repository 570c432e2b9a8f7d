//! Options that are a value of JavaScript's, as JSON for the core. JSON has no place for some values, and would drop or change them
//! without a word: here they are marked, and the core names what is marked (`src/config` has the same mark). Secrets stand beside.

use std::fmt;

use js_sys::{Array, JsString, Object, Reflect, Uint8Array};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    error::{shown, Code, Error},
    json::write_string,
    secret::Secret,
};

/// Before what stands in the place of data.
const MARK: char = '\0';
/// Deeper than anything that is looked at.
const MOST_DEPTH: usize = 30;
/// Functions of the package's options, and what gives them in Rust.
const FUNCTIONS: [(&str, &str); 6] = [
    ("isRevoked", "is_revoked"),
    ("checkClaims", "check_claims"),
    ("fetch", "fetch"),
    ("now", "clock"),
    ("onEvent", "on_event"),
    ("jwksCache.store", "jwks_store"),
];

/// Options as the core takes them.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Those that are data.
    pub(crate) json: String,
    /// The secrets of providers, by their names.
    pub(crate) secrets: Vec<(String, Secret)>,
}

/// The options that an object holds.
///
/// # Errors
/// `ERR_CONFIG` for what is no record, for functions, and for secrets that are no bytes.
pub(crate) fn read(options: &JsValue) -> Result<Options, Error> {
    let mut walk = Walk::default();
    if !is_record(options) {
        return Err(wrong("options", "must be an object with `providers`"));
    }
    walk.value(options)?;
    Ok(Options { json: walk.out, secrets: walk.secrets })
}

#[derive(Default)]
struct Walk {
    out: String,
    path: Vec<String>,
    secrets: Vec<(String, Secret)>,
}

impl Walk {
    fn value(&mut self, value: &JsValue) -> Result<(), Error> {
        if value.is_null() {
            self.out.push_str("null");
        } else if let Some(value) = value.as_bool() {
            self.out.push_str(if value { "true" } else { "false" });
        } else if let Some(number) = value.as_f64() {
            if !number.is_finite() {
                return Err(self.wrong("is no finite number"));
            }
            self.out.push_str(&number.to_string());
        } else if let Some(text) = value.dyn_ref::<JsString>() {
            if !text.is_valid_utf16() {
                return Err(self.wrong("has half of a character in it"));
            }
            let text = String::from(text);
            if text.starts_with(MARK) {
                return Err(self.wrong("begins with a character that no option begins with"));
            }
            write_string(&mut self.out, &text);
        } else if let Some(items) = value.dyn_ref::<Array>() {
            self.members('[', ']', items.iter().map(|item| (None, item)))?;
        } else if is_record(value) {
            let members = Members::of(value).ok_or_else(|| self.wrong("can't be read"))?;
            self.members('{', '}', members.0.into_iter().map(|(name, member)| (Some(name), member)))?;
        } else {
            let what = if value.is_undefined() { "undefined".to_owned() } else { kind_of(value) };
            write_string(&mut self.out, &format!("{MARK}{what}"));
        }
        Ok(())
    }

    fn members(
        &mut self,
        begin: char,
        end: char,
        members: impl Iterator<Item = (Option<String>, JsValue)>,
    ) -> Result<(), Error> {
        if self.path.len() > MOST_DEPTH {
            return Err(self.wrong("is nested too deeply"));
        }
        self.out.push(begin);
        let mut is_first = true;
        for (at, (name, member)) in members.enumerate() {
            let is_named = name.is_some();
            self.path.push(name.unwrap_or_else(|| at.to_string()));
            if !self.is_taken(&member)? {
                if !std::mem::take(&mut is_first) {
                    self.out.push(',');
                }
                if let (true, Some(name)) = (is_named, self.path.last()) {
                    write_string(&mut self.out, name);
                    self.out.push(':');
                }
                self.value(&member)?;
            }
            self.path.pop();
        }
        self.out.push(end);
        Ok(())
    }

    /// Whether a member doesn't go into the text: a secret, or an option that is undefined, as good as not there.
    fn is_taken(&mut self, member: &JsValue) -> Result<bool, Error> {
        let path = self.path.join(".");
        if let Some((_, method)) = FUNCTIONS.iter().find(|(name, _)| *name == path && !member.is_undefined()) {
            return Err(self.wrong(&format!("is a matter of Rust's here: give it by `{method}`")));
        }
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["providers", name, "secret"] if !member.is_undefined() => {
                let bytes = member.dyn_ref::<Uint8Array>().ok_or_else(|| self.wrong("must be a Uint8Array"))?;
                self.secrets.push(((*name).to_owned(), Secret::new(bytes.to_vec())));
                Ok(true)
            }
            // What would be a requirement that is gone without a word is marked.
            ["providers", _, "requiredScopes" | "requiredClaims"] => Ok(false),
            [_] | ["providers", _, _] | ["jwksCache" | "tokenCache", _] => Ok(member.is_undefined()),
            _ => Ok(false),
        }
    }

    fn wrong(&self, problem: &str) -> Error {
        wrong(&shown(&self.path.join(".")), problem)
    }
}

fn wrong(path: &str, problem: &str) -> Error {
    Error::new(Code::Config, format!("`{path}` {problem}")).about(path.to_owned())
}

/// Whether it is a plain object: what is inherited would count in JavaScript, and isn't seen here.
fn is_record(value: &JsValue) -> bool {
    if !value.is_object() || Array::is_array(value) {
        return false;
    }
    let prototype = Object::get_prototype_of(value.unchecked_ref());
    prototype.is_null() || Object::get_prototype_of(&prototype).is_null()
}

fn kind_of(value: &JsValue) -> String {
    if !value.is_object() {
        return format!("a {}", value.js_typeof().as_string().unwrap_or_default());
    }
    let name = Reflect::get(value, &"constructor".into()).and_then(|made_by| Reflect::get(&made_by, &"name".into()));
    match name.ok().and_then(|name| name.as_string()).filter(|name| !name.is_empty()) {
        Some(name) => format!("a {}", shown(&name)),
        None => "no data".to_owned(),
    }
}

/// The members of an object as they are.
struct Members(Vec<(String, JsValue)>);

impl Members {
    fn of(value: &JsValue) -> Option<Self> {
        // What is hidden, or has a symbol as its name, would be gone without a word.
        let all = Reflect::own_keys(value).ok()?.length() as usize;
        serde_wasm_bindgen::from_value(value.clone()).ok().filter(|Self(members)| members.len() == all)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, Kept(member))) = map.next_entry()? {
                    members.push((name, member));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(All)
    }
}

/// A value that stays JavaScript's.
struct Kept(JsValue);

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_wasm_bindgen::preserve::deserialize(deserializer).map(Self)
    }
}
