//! Reading configuration: every key is known or an error, and every error names the key and the fix.

mod nearest;
#[cfg(test)]
mod tests;

pub use self::nearest::nearest;

use crate::{
    error::{shown, Code, Error},
    json::{self, Object, Problem, Value},
    text::joined,
    time::Span,
};

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// It must.
    Yes,
    /// It may be left out.
    No,
}

/// What `npm/platform/json.ts` puts in the place of a value that JSON would drop or change, with what the value is behind it. Nothing
/// behind it: it is undefined, as good as not there.
const MARK: char = '\0';

/// The options that a text holds; `name` is what the whole is called, or empty. Where JSON is refused that JavaScript writes (half
/// a character in a text, depth), the option is named that has it.
///
/// # Errors
/// `ERR_CONFIG`.
pub fn object<'t>(text: &'t str, name: &str) -> Result<Object<'t>, Error> {
    json::object_of(text).map_err(|problem| {
        let (path, problem) = json::blame(text).unwrap_or((String::new(), problem));
        let dot = if name.is_empty() || path.is_empty() { "" } else { "." };
        let path = match format!("{name}{dot}{path}") {
            path if path.is_empty() => "options".to_owned(),
            path => path,
        };
        let what = match problem {
            Problem::Syntax => "holds half a character (a text that was cut within one), or what else JSON can't hold",
            Problem::TooDeep => "is nested too deeply",
            Problem::TooMany => "has too many values",
            Problem::DuplicateMember | Problem::NotAnObject => "is no object whose members stand once",
        };
        Error::new(Code::Config, format!("`{path}` {what}")).about(path)
    })
}

/// Takes the options out of an object one by one, and knows at the end which were not asked for.
#[derive(Debug)]
pub struct Reader<'o, 't> {
    path: String,
    options: &'o Object<'t>,
    /// For options that somebody has written. Behind a pointer: a program whose options are all a builder's has no code of it.
    foreign: Option<&'static Foreign>,
    known: Vec<&'static str>,
    /// Where there is no data, and what there is.
    odd: Option<(String, String)>,
}

impl<'o, 't> Reader<'o, 't> {
    /// A reader of the options at `path`, such as `providers.auth0`; empty for the outermost.
    pub fn new(path: &str, options: &'o Object<'t>) -> Self {
        Self { foreign: Some(&FOREIGN), ..Self::sound(path, options) }
    }

    /// A reader of options that this program has written itself: each name is known, and each value data.
    pub fn sound(path: &str, options: &'o Object<'t>) -> Self {
        Self { path: path.to_owned(), options, foreign: None, known: Vec::new(), odd: None }
    }

    /// A reader of options within these, as strict as this one.
    pub fn within<'i, 'j>(&self, path: &str, options: &'i Object<'j>) -> Reader<'i, 'j> {
        Reader { foreign: self.foreign, ..Reader::sound(path, options) }
    }

    /// The value of a key, `null` included.
    pub fn take(&mut self, key: &'static str) -> Option<&'o Value<'t>> {
        match self.foreign {
            Some(foreign) => (foreign.take)(self, key),
            None => self.options.get(key),
        }
    }

    /// The value of a key as it stands, in options that hold no marks: a text may begin with anything.
    pub fn take_verbatim(&mut self, key: &'static str) -> Option<&'o Value<'t>> {
        self.known.push(key);
        self.options.get(key)
    }

    /// Knows these too where they are undefined, as good as not there: options of another variant of the same object.
    pub fn forgive(&mut self, keys: &[&'static str]) {
        let is_undefined = |key: &str| self.options.get(key).and_then(Value::as_str).is_some_and(|text| text == "\0");
        self.known.extend(keys.iter().filter(|key| is_undefined(key)));
    }

    /// What was found in the place of data.
    fn not_data(&self) -> Option<Error> {
        let (place, what) = self.odd.as_ref()?;
        Some(self.about(place, format!("is {what}, and must be plain data")))
    }

    fn about(&self, key: &str, problem: impl std::fmt::Display) -> Error {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Error::new(Code::Config, format!("`{path}` {problem}")).about(path)
    }

    /// A non-empty string.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn string(&mut self, key: &'static str, required: Required) -> Result<Option<&'o str>, Error> {
        match self.take(key) {
            None if required == Required::No => Ok(None),
            None => Err(self.missing(key, "is missing")),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.as_ref())),
            Some(_) => Err(self.wrong(key, "must be a non-empty string")),
        }
    }

    /// A list of strings.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn strings(&mut self, key: &'static str) -> Result<Option<Vec<String>>, Error> {
        let Some(value) = self.take(key) else { return Ok(None) };
        value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>())
            .map(Some)
            .ok_or_else(|| self.wrong(key, "must be a list of strings"))
    }

    /// A list of scopes. An empty one is what a list out of an empty text has: nobody has it, and nobody means it.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn scopes(&mut self, key: &'static str) -> Result<Option<Vec<String>>, Error> {
        let scopes = self.strings(key)?;
        if scopes.iter().flatten().any(String::is_empty) {
            return Err(self.wrong(key, "has a scope that is empty"));
        }
        Ok(scopes)
    }

    /// A record of strings.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn string_record(&mut self, key: &'static str) -> Result<Vec<(String, String)>, Error> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let member = |(name, value): (&str, &Value<'_>)| Some((name.to_owned(), value.as_str()?.to_owned()));
        let Some(record) = value.as_object() else { return Err(self.wrong(key, "must be a record of strings")) };
        let wrong = |name: &str| self.wrong(key, format_args!("must be a record of strings, and `{name}` is none"));
        record.iter().map(|(name, value)| member((name, value)).ok_or_else(|| wrong(name))).collect()
    }

    /// A number from 0 up to ten years' worth of seconds.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn seconds(&mut self, key: &'static str) -> Result<Option<Span>, Error> {
        Ok(self.number(key, 0.0, 315_360_000.0)?.map(|seconds| Span::from_millis((seconds * 1000.0) as i64)))
    }

    /// A number within bounds.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn number(&mut self, key: &'static str, least: f64, most: f64) -> Result<Option<f64>, Error> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.as_number().map(crate::json::Number::as_f64) {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(self.wrong(key, format!("must be a number from {} to {}", least as usize, most as usize))),
        }
    }

    /// An error about one key. Where there is no data, that is what is wrong with it.
    pub fn wrong(&self, key: &str, problem: impl std::fmt::Display) -> Error {
        let odd = self.foreign.and_then(|foreign| (foreign.odd)(self, key));
        odd.unwrap_or_else(|| self.about(key, problem))
    }

    /// An error about a key that must be there and is not. Where one of nearly that name is, it is the one that is wrong.
    pub fn missing(&self, key: &'static str, problem: impl std::fmt::Display) -> Error {
        let misspelt = self.foreign.and_then(|foreign| (foreign.misspelt)(self, key));
        misspelt.unwrap_or_else(|| self.wrong(key, problem))
    }

    /// Refuses what was not asked for.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the nearest known key.
    pub fn finish(self) -> Result<(), Error> {
        self.foreign.map_or(Ok(()), |foreign| (foreign.finish)(&self))
    }
}

/// What is asked of options that somebody has written, by hand or in JavaScript.
struct Foreign {
    take: for<'o, 't> fn(&mut Reader<'o, 't>, &'static str) -> Option<&'o Value<'t>>,
    /// The error where a key has no data.
    odd: fn(&Reader<'_, '_>, &str) -> Option<Error>,
    /// The error where a key is not there, and one of nearly that name is, or no data anywhere.
    misspelt: fn(&Reader<'_, '_>, &'static str) -> Option<Error>,
    finish: fn(&Reader<'_, '_>) -> Result<(), Error>,
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Foreign")
    }
}

static FOREIGN: Foreign = Foreign { take, odd, misspelt, finish };

fn take<'o, 't>(reader: &mut Reader<'o, 't>, key: &'static str) -> Option<&'o Value<'t>> {
    reader.known.push(key);
    let value = reader.options.get(key)?;
    if let Some((place, what)) = odd_in(value) {
        reader.odd.get_or_insert_with(|| (key.to_owned() + &place, what.to_owned()));
    }
    let is_data = value.as_str().is_none_or(|text| !text.starts_with(MARK));
    is_data.then_some(value)
}

fn odd(reader: &Reader<'_, '_>, key: &str) -> Option<Error> {
    let (place, _) = reader.odd.as_ref()?;
    if place.split(['.', '[']).next() == Some(key) {
        reader.not_data()
    } else {
        None
    }
}

fn misspelt(reader: &Reader<'_, '_>, key: &'static str) -> Option<Error> {
    reader.not_data().or_else(|| {
        let mut others = reader.options.iter().map(|(other, _)| other).filter(|other| !reader.known.contains(other));
        let meant = others.find(|other| nearest(other, &[key]).is_some())?;
        Some(reader.wrong(&shown(meant), format!("is not an option; did you mean `{key}`?")))
    })
}

fn finish(reader: &Reader<'_, '_>) -> Result<(), Error> {
    for (key, _) in reader.options.iter() {
        if !reader.known.contains(&key) {
            let problem = match nearest(key, &reader.known) {
                Some(known) => format!("is not an option; did you mean `{known}`?"),
                None => format!("is not an option; there are {}", joined(reader.known.iter().copied(), ", ")),
            };
            return Err(reader.wrong(&shown(key), problem));
        }
    }
    reader.not_data().map_or(Ok(()), Err)
}

/// The first place in a value where no data is, as a path behind the value's own, and what is there.
fn odd_in<'v>(value: &'v Value<'_>) -> Option<(String, &'v str)> {
    // Where nothing is odd, nothing is written.
    match value {
        // In an option of its own it is the name alone that counts.
        Value::String(text) => match text.strip_prefix(MARK) {
            None | Some("") => None,
            Some(what) => Some((String::new(), what)),
        },
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let (place, what) = odd_in(item)?;
            Some((format!("[{index}]{place}"), what))
        }),
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            let (place, what) = odd_in(member)?;
            Some((format!(".{}{place}", shown(key)), what))
        }),
        _ => None,
    }
}
