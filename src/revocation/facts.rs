//! What a verified token says of itself, as far as revocation is concerned.

use std::borrow::Cow;

use crate::{
    jose::base64url,
    json::{self, Members, Object, Value},
};

/// A stand-in's claims have no more bytes.
const LONGEST_STAND_IN: usize = 2048;

/// What entries are matched against. Instants are seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts<'p> {
    /// The issuer, as the principal has it.
    pub issuer: &'p str,
    /// The subject.
    pub sub: String,
    /// The token's id.
    pub jti: Option<String>,
    /// When it was issued.
    pub iat: Option<f64>,
    /// When it ends.
    pub exp: Option<f64>,
}

impl<'p> Facts<'p> {
    /// The facts about a principal and the token that it was verified by. Where the credential is not the token that was verified
    /// (a verifier that found it elsewhere), only what the principal says is known.
    ///
    /// No principal carries `jti` and `iat`, so they are read from the token, which is trusted already. It is read as leniently as
    /// verifiers of other people's may have read it.
    pub fn of(issuer: &'p str, id: &str, expires_at: Option<f64>, token: Option<&str>) -> Self {
        let bytes = token.and_then(payload_of);
        let claims = bytes.as_deref().and_then(|bytes| json::provided(bytes).ok());
        let claims = claims.as_ref().and_then(Value::as_object);
        let own = claims.filter(|claims| said(claims, "iss").and_then(Value::as_str) == Some(issuer));
        let Some(claims) = own else {
            return Self { issuer, sub: id.to_owned(), jti: None, iat: None, exp: expires_at };
        };
        let number = |name| said(claims, name).and_then(Value::as_number).map(json::Number::as_f64);
        Self {
            issuer,
            sub: said(claims, "sub").and_then(subject).unwrap_or_else(|| id.to_owned()),
            jti: said(claims, "jti").and_then(Value::as_str).filter(|jti| !jti.is_empty()).map(str::to_owned),
            iat: number("iat"),
            exp: number("exp").or(expires_at),
        }
    }
}

impl Facts<'_> {
    /// What stands for the token where it must not be kept: a text that [`Self::of`] reads the same facts from, and that is no token,
    /// for nothing is signed. None where the principal says as much itself, or where it would be long.
    pub fn stand_in(&self) -> Option<String> {
        if self.jti.is_none() && self.iat.is_none() {
            return None;
        }
        let number = |members: Members, name, number: Option<f64>| match number.filter(|number| number.is_finite()) {
            Some(number) => members.raw(name, &number.to_string()),
            None => members,
        };
        let claims =
            Members::new().text("iss", self.issuer).text("sub", &self.sub).some_text("jti", self.jti.as_deref());
        let claims = number(number(claims, "iat", self.iat), "exp", self.exp).end();
        if claims.len() > LONGEST_STAND_IN {
            return None;
        }
        let mut text = String::from("e30.");
        base64url::encode(claims.as_bytes(), &mut text);
        text.push('.');
        Some(text)
    }
}

/// The last member of a name, which is the one that JavaScript's parser keeps.
fn said<'o, 't>(claims: &'o Object<'t>, name: &str) -> Option<&'o Value<'t>> {
    claims.iter().filter(|(key, _)| *key == name).last().map(|(_, value)| value)
}

/// A subject that says nothing is not one: Cloudflare's service tokens have an empty `sub`, and are named by another claim. An
/// integer is its digits: every other way to write it is the same user.
fn subject(value: &Value<'_>) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.as_ref().to_owned()),
        Value::Number(number) => integer(number),
        _ => None,
    }
}

fn integer(number: &json::Number<'_>) -> Option<String> {
    const MAX_SAFE: f64 = 9_007_199_254_740_991.0;
    let text = number.text();
    let digits = text.strip_prefix('-').unwrap_or(text);
    // A number may have more digits than a double keeps.
    if !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    let value = number.as_f64();
    (value.abs() <= MAX_SAFE && value.trunc() == value).then(|| (value as i64).to_string())
}

/// The bytes of a JWT's second segment, whatever its padding and its last bits.
fn payload_of(token: &str) -> Option<Cow<'_, [u8]>> {
    let text = token.split('.').nth(1)?.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
        Engine as _,
    };

    fn of(payload: &str) -> (String, Option<String>, Option<f64>, Option<f64>) {
        let token = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(payload));
        let Facts { sub, jti, iat, exp, .. } = Facts::of("i", "id", Some(9.0), Some(&token));
        (sub, jti, iat, exp)
    }

    #[test]
    fn a_token_says_what_its_claims_say() {
        let all = of(r#"{"iss":"i","sub":"s","jti":"t","iat":1.5,"exp":2}"#);
        assert_eq!(all, ("s".into(), Some("t".into()), Some(1.5), Some(2.0)));
        let none = of(r#"{"iss":"i","sub":"","jti":"","iat":"1","exp":null}"#);
        assert_eq!(none, ("id".into(), None, None, Some(9.0)));
        let last = of(r#"{"iss":"x","iss":"i","jti":"a","jti":"b"}"#);
        assert_eq!(last, ("id".into(), Some("b".into()), None, Some(9.0)));
    }

    #[test]
    fn a_subject_that_is_an_integer_is_its_digits() {
        for (sub, digits) in [
            ("42", "42"),
            ("-42", "-42"),
            ("42.0", "42"),
            ("4.2e1", "42"),
            ("0", "0"),
            ("-0", "0"),
            ("12345678901234567891", "12345678901234567891"),
            ("4.25", "id"),
            ("1e300", "id"),
            ("[]", "id"),
            ("true", "id"),
        ] {
            assert_eq!(of(&format!(r#"{{"iss":"i","sub":{sub}}}"#)).0, digits, "{sub}");
        }
    }

    #[test]
    fn what_is_not_the_token_that_was_verified_says_nothing() {
        let otherwise = Facts { issuer: "i", sub: "id".into(), jti: None, iat: None, exp: None };
        let token = |payload: &str| format!("e30.{}.s", URL_SAFE_NO_PAD.encode(payload));
        let others = [r#"{"iss":"j","jti":"t"}"#, r#"{"jti":"t"}"#, "[]", "{", r#"{"iss":7}"#].map(token);
        for token in others.iter().map(String::as_str).chain(["opaque", "", "a.b.c", "a.*.c", ".."]) {
            assert_eq!(Facts::of("i", "id", None, Some(token)), otherwise, "{token}");
        }
        assert_eq!(Facts::of("i", "id", None, None), otherwise);
    }

    #[test]
    fn what_stands_for_a_token_says_the_same() {
        for claims in [r#"{"iss":"i","sub":"\"s","jti":"t","iat":1.5,"exp":2}"#, r#"{"iss":"i","jti":"ü"}"#] {
            let token = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims));
            let facts = Facts::of("i", "id", Some(9.0), Some(&token));
            let stand_in = facts.stand_in().unwrap();
            assert_eq!(Facts::of("i", "id", Some(9.0), Some(&stand_in)), facts);
            assert!(stand_in.ends_with('.') && stand_in.matches('.').count() == 2, "no signature");
        }
        let nothing = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(r#"{"iss":"i","sub":"s"}"#));
        let long =
            format!("e30.{}.s", URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":"i","jti":"{}"}}"#, "x".repeat(4096))));
        for token in [nothing, long, "opaque".to_owned()] {
            assert_eq!(Facts::of("i", "id", None, Some(&token)).stand_in(), None);
        }
    }

    #[test]
    fn other_spellings_of_base64_are_read() {
        let payload = r#"{"iss":"i","jti":"~~~???"}"#;
        let token = format!("e30.{}.s", STANDARD.encode(payload));
        assert!(token.contains(['+', '/', '=']));
        assert_eq!(Facts::of("i", "id", None, Some(&token)).jti.as_deref(), Some("~~~???"));
    }
}
