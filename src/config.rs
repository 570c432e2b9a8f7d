//! Reading configuration: every key is known or an error, and every error names the key and the fix.

use crate::{
    error::{shown, Code, Error},
    json::{Object, Value},
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

/// Takes the options out of an object one by one, and knows at the end which were not asked for.
#[derive(Debug)]
pub struct Reader<'o, 't> {
    path: String,
    options: &'o Object<'t>,
    known: Vec<&'static str>,
}

impl<'o, 't> Reader<'o, 't> {
    /// A reader of the options at `path`, such as `providers.auth0`; empty for the outermost.
    pub fn new(path: &str, options: &'o Object<'t>) -> Self {
        Self { path: path.to_owned(), options, known: Vec::new() }
    }

    /// The value of a key, `null` included.
    pub fn take(&mut self, key: &'static str) -> Option<&'o Value<'t>> {
        self.known.push(key);
        self.options.get(key)
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

    /// A record of strings.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn string_record(&mut self, key: &'static str) -> Result<Vec<(String, String)>, Error> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let member = |(name, value): (&str, &Value<'_>)| Some((name.to_owned(), value.as_str()?.to_owned()));
        value
            .as_object()
            .and_then(|record| record.iter().map(member).collect::<Option<Vec<_>>>())
            .ok_or_else(|| self.wrong(key, "must be a record of strings"))
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
            _ => Err(self.wrong(key, format!("must be a number from {} to {}", least as u64, most as u64))),
        }
    }

    /// An error about one key.
    pub fn wrong(&self, key: &str, problem: impl std::fmt::Display) -> Error {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Error::new(Code::Config, format!("`{path}` {problem}")).about(path)
    }

    /// An error about a key that must be there and is not. Where one of nearly that name is, it is the one that is wrong.
    pub fn missing(&self, key: &'static str, problem: impl std::fmt::Display) -> Error {
        let mut others = self.options.iter().map(|(other, _)| other).filter(|other| !self.known.contains(other));
        match others.find(|other| nearest(other, &[key]).is_some()) {
            Some(meant) => self.wrong(&shown(meant), format!("is not an option; did you mean `{key}`?")),
            None => self.wrong(key, problem),
        }
    }

    /// Refuses what was not asked for.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the nearest known key.
    pub fn finish(self) -> Result<(), Error> {
        for (key, _) in self.options.iter() {
            if !self.known.contains(&key) {
                let problem = match nearest(key, &self.known) {
                    Some(known) => format!("is not an option; did you mean `{known}`?"),
                    None => format!("is not an option; there are {}", self.known.join(", ")),
                };
                return Err(self.wrong(&shown(key), problem));
            }
        }
        Ok(())
    }
}

/// The known name that needs the fewest edits, when it is near enough to be meant. Case, `_` and `-` don't count.
pub fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars().take(64).filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
    };
    let name = plain(name);
    known
        .iter()
        .map(|candidate| (edits(&name, &plain(candidate)), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn edits(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn unknown_keys_name_the_nearest() {
        let options = json::parse_object(br#"{"jwks_uri":"x"}"#).unwrap();
        let mut reader = Reader::new("providers.auth0", &options);
        reader.string("jwksUri", Required::No).unwrap();
        let error = reader.finish().unwrap_err();
        assert_eq!(error.code(), Code::Config);
        assert_eq!(error.message(), "`providers.auth0.jwks_uri` is not an option; did you mean `jwksUri`?");
    }

    #[test]
    fn a_missing_key_under_nearly_its_name_is_named() {
        let options = json::parse_object(br#"{"isuer":"x","audience":"y"}"#).unwrap();
        let mut reader = Reader::new("providers.auth0", &options);
        let error = reader.string("issuer", Required::Yes).unwrap_err();
        assert_eq!(error.message(), "`providers.auth0.isuer` is not an option; did you mean `issuer`?");
        assert_eq!(
            reader.string("clientId", Required::Yes).unwrap_err().message(),
            "`providers.auth0.clientId` is missing"
        );
    }

    #[test]
    fn nearest_is_near() {
        let known = ["audience", "issuer", "clockToleranceSec"];
        assert_eq!(nearest("audiences", &known), Some("audience"));
        assert_eq!(nearest("clock_tolerance_sec", &known), Some("clockToleranceSec"));
        assert_eq!(nearest("banana", &known), None);
    }

    #[test]
    fn types_are_checked() {
        let options = json::parse_object(br#"{"a":"1","b":[1],"c":-1,"d":{"x":1}}"#).unwrap();
        let mut reader = Reader::new("", &options);
        assert_eq!(reader.seconds("a").unwrap_err().message(), "`a` must be a number from 0 to 315360000");
        assert!(reader.strings("b").is_err());
        assert!(reader.seconds("c").is_err());
        assert!(reader.string_record("d").is_err());
        assert!(reader.string("e", Required::Yes).is_err());
        assert!(reader.finish().is_ok());
    }
}
