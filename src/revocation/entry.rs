//! One entry: made of what an operator asks for, and of two about the same name.

use crate::{
    config::{Reader, Required},
    error::Error,
    json::{Members, Object, Value},
    time::{Span, Time},
};

/// How many entries a store may have; every isolate holds a replica of them.
pub const MAX_ENTRIES: usize = 20_000;
/// How many of them an answer has.
pub const PAGE: usize = 2000;
/// Longer ones are no names.
const MAX_NAME: usize = 1024;
/// An entry outlives the last token that it is about by the largest clock tolerance.
const TOLERANCE: Span = Span::from_secs(300);

/// What an entry says of the tokens of its name. Instants are seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Tokens issued until then are revoked; `None`: whenever they were issued.
    pub before: Option<f64>,
    /// When no token is left that it is about.
    pub expires: f64,
}

impl Entry {
    /// What the store is told, as JSON (`name`, `before`, `expires`), when an operator asks for this to be revoked. `max_lifetime`
    /// is that of the tokens that are let in.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the member of `entry` and the fix.
    pub fn requested(options: &Object<'_>, max_lifetime: Span, now: Time) -> Result<String, Error> {
        let mut reader = Reader::new("entry", options);
        let issuer = name(&mut reader, "issuer", Required::Yes)?.unwrap_or_default();
        let jti = name(&mut reader, "jti", Required::No)?;
        let sub = name(&mut reader, "sub", Required::No)?;
        let before = before(&mut reader, now)?;
        reader.finish()?;
        let members = Members::new().text("name", &name_of(&issuer, jti.as_deref(), sub.as_deref()));
        let members = match (before, &jti) {
            (Some(text), _) => members.raw("before", text),
            // One token is revoked whenever it was issued; of a subject or an issuer, what was issued until now.
            (None, Some(_)) => members.raw("before", "null"),
            (None, None) => members.raw("before", &seconds(now)),
        };
        Ok(members.raw("expires", &seconds(now.plus(max_lifetime).plus(TOLERANCE))).end())
    }

    /// Of two entries about one name the later instant holds, and the longer life.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let before = self.before.zip(other.before).map(|(one, other)| one.max(other));
        Self { before, expires: self.expires.max(other.expires) }
    }

    /// Whether a token that was issued at `iat` is revoked. One that does not say when it was issued may be as old as any.
    pub fn covers(&self, iat: Option<f64>) -> bool {
        match (self.before, iat) {
            (Some(before), Some(iat)) => iat <= before,
            _ => true,
        }
    }

    /// From the members of an object: `before` (a number or null) and `expires`.
    pub(super) fn read(object: &Object<'_>) -> Option<Self> {
        let number = |value: &Value<'_>| value.as_number().map(crate::json::Number::as_f64);
        let before = match object.get("before")? {
            Value::Null => None,
            value => Some(number(value)?),
        };
        Some(Self { before, expires: number(object.get("expires")?)? })
    }
}

/// What an entry is about, as one name. Stores keep it for weeks: it is written as `JSON.stringify` writes it.
pub(super) fn name_of(issuer: &str, jti: Option<&str>, sub: Option<&str>) -> String {
    let mut out = String::from("[");
    quote(&mut out, issuer);
    for part in [jti, sub] {
        out.push(',');
        match part {
            Some(part) => quote(&mut out, part),
            None => out.push_str("null"),
        }
    }
    out.push(']');
    out
}

// The crate's own writer escapes more, for logs and scripts.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    out.push(char::from_digit(u32::from(control) >> shift & 0xf, 16).unwrap_or('0'));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn name(reader: &mut Reader<'_, '_>, key: &'static str, required: Required) -> Result<Option<String>, Error> {
    // What is there and no text is null here: else it would revoke more than is meant, everything of the issuer.
    let found = match reader.take_verbatim(key) {
        None if required == Required::No => return Ok(None),
        Some(Value::String(text)) => Some(text.as_ref().to_owned()),
        // An integer subject is its digits.
        Some(Value::Number(number)) if key == "sub" => safe_integer(number.text()),
        _ => None,
    };
    found
        .filter(|text| !text.is_empty() && text.encode_utf16().count() <= MAX_NAME)
        .map(Some)
        .ok_or_else(|| reader.wrong(key, format!("must be a string of 1 to {MAX_NAME} characters")))
}

fn safe_integer(text: &str) -> Option<String> {
    const MAX_SAFE: i64 = (1 << 53) - 1;
    let value: i64 = text.parse().ok()?;
    (-MAX_SAFE..=MAX_SAFE).contains(&value).then(|| value.to_string())
}

/// The instant, as it was written.
fn before<'o>(reader: &mut Reader<'o, '_>, now: Time) -> Result<Option<&'o str>, Error> {
    let latest = now.plus(TOLERANCE).as_seconds();
    match reader.take_verbatim("before") {
        Some(Value::Number(number)) if (0.0..=latest).contains(&number.as_f64()) => Ok(Some(number.text())),
        None => Ok(None),
        Some(_) => Err(reader.wrong("before", "must be an instant that is not in the future: seconds since 1970")),
    }
}

fn seconds(time: Time) -> String {
    let mut out = String::new();
    time.write_seconds(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    const NOW: f64 = 1_800_000_000_000.0;

    fn requested(text: &str) -> Result<String, String> {
        let options = json::object_of(text).unwrap();
        Entry::requested(&options, Span::from_secs(3600), Time::from_millis(NOW)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_names_a_token_a_subject_or_an_issuer() {
        for (entry, told) in [
            (r#"{"issuer":"i"}"#, r#"{"name":"[\"i\",null,null]","before":1800000000,"expires":1800003900}"#),
            (r#"{"issuer":"i","jti":"t"}"#, r#"{"name":"[\"i\",\"t\",null]","before":null,"expires":1800003900}"#),
            (
                r#"{"issuer":"i","sub":"s"}"#,
                r#"{"name":"[\"i\",null,\"s\"]","before":1800000000,"expires":1800003900}"#,
            ),
            (
                r#"{"issuer":"i","jti":"t","sub":-7,"before":1.5}"#,
                r#"{"name":"[\"i\",\"t\",\"-7\"]","before":1.5,"expires":1800003900}"#,
            ),
            (
                r#"{"issuer":"i","jti":"\u0000a function","sub":"\u0000"}"#,
                r#"{"name":"[\"i\",\"\\u0000a function\",\"\\u0000\"]","before":null,"expires":1800003900}"#,
            ),
            (
                r#"{"issuer":"i","sub":"s","before":1800000300}"#,
                r#"{"name":"[\"i\",null,\"s\"]","before":1800000300,"expires":1800003900}"#,
            ),
        ] {
            assert_eq!(requested(entry).as_deref(), Ok(told));
        }
    }

    #[test]
    fn what_would_revoke_more_than_is_meant_is_refused() {
        let long = format!(r#"{{"issuer":"i","sub":"{}"}}"#, "x".repeat(1025));
        for (entry, key) in [
            ("{}", "issuer"),
            (r#"{"issuer":7}"#, "issuer"),
            (r#"{"issuer":""}"#, "issuer"),
            (r#"{"issuer":null}"#, "issuer"),
            (r#"{"issuer":"i","jti":null}"#, "jti"),
            (r#"{"issuer":"i","jti":7}"#, "jti"),
            (r#"{"issuer":"i","sub":1.5}"#, "sub"),
            (r#"{"issuer":"i","sub":9007199254740992}"#, "sub"),
            (&long, "sub"),
            (r#"{"issuer":"i","before":-1}"#, "before"),
            (r#"{"issuer":"i","before":1800000301}"#, "before"),
            (r#"{"issuer":"i","before":"now"}"#, "before"),
            (r#"{"issuer":"i","before":null}"#, "before"),
            (r#"{"issuer":"i","subject":"s"}"#, "subject"),
        ] {
            let problem = requested(entry).unwrap_err();
            assert!(problem.starts_with(&format!("`entry.{key}` ")), "{entry}: {problem}");
        }
        let longest = format!(r#"{{"issuer":"i","sub":"{}"}}"#, "x".repeat(1024));
        assert!(requested(&longest).is_ok());
        let named =
            |character: &str, count| requested(&format!(r#"{{"issuer":"i","sub":"{}"}}"#, character.repeat(count)));
        assert!(named("ü", 1024).is_ok() && named("ü", 1025).is_err(), "characters, and not bytes");
        assert!(named("😀", 512).is_ok() && named("😀", 513).is_err(), "as JavaScript counts them");
    }

    #[test]
    fn of_two_the_later_instant_and_the_longer_life_hold() {
        let entry = |before, expires| Entry { before, expires };
        for (one, other, both) in [
            (entry(Some(1.0), 9.0), entry(Some(2.0), 8.0), entry(Some(2.0), 9.0)),
            (entry(None, 1.0), entry(Some(2.0), 8.0), entry(None, 8.0)),
            (entry(None, 1.0), entry(None, 1.0), entry(None, 1.0)),
        ] {
            assert_eq!((one.merged(other), other.merged(one)), (both, both));
        }
    }

    #[test]
    fn an_instant_covers_what_was_issued_until_then_and_what_does_not_say() {
        let entry = Entry { before: Some(10.0), expires: 20.0 };
        assert!(entry.covers(Some(10.0)) && entry.covers(Some(9.5)) && entry.covers(None));
        assert!(!entry.covers(Some(10.5)));
        assert!(Entry { before: None, expires: 20.0 }.covers(Some(15.0)));
    }

    #[test]
    fn a_name_is_written_as_javascript_writes_it() {
        let odd = "a\"\\\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}\u{2028}é😀";
        let written = "[\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}\u{2028}é😀\",null,\"\"]";
        assert_eq!(name_of(odd, None, Some("")), written);
    }

    #[test]
    fn a_space_is_a_space() {
        assert_eq!(name_of("a b", None, None), r#"["a b",null,null]"#);
    }
}
