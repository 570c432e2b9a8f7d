//! What a token endpoint answers: RFC 6749 §5.1 and §5.2.

use super::denial::Denial;
use crate::{
    jose::{base64url, jws::MAX_TOKEN},
    json::{self, Object, Value},
    secret::Secret,
    time::{Span, Time},
};

/// An answer may be this many bytes long.
pub const MAX_BYTES: usize = 64 * 1024;
/// No token is believed to live longer than a year: what is said beyond that is a mistake, or means "for ever".
const LONGEST_SEC: f64 = 31_536_000.0;
/// The end of the year 9999: what lies behind it is no NumericDate (milliseconds, most often).
const LATEST_SEC: f64 = 253_402_300_799.0;

/// The tokens of an answer.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// A new refresh token; without one the old one stays.
    pub refresh: Option<Secret>,
    /// The ID token.
    pub id_token: Option<Secret>,
    /// The scope that was granted, where it is said.
    pub scope: Option<String>,
    /// `expires_in`, unless it is missing or no number. At most a year, and negative where the answer says so.
    pub expires_in: Option<Span>,
    /// `expires_at`, which is not in the standard, but in what some libraries hand over.
    pub expires_at: Option<Time>,
    /// What the access token says of itself, if it is a JWT. Nobody has verified it.
    pub facts: Facts,
}

/// What a JWT says of itself, unverified: good enough to know when it ends, and not to take somebody else's for one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `iss`
    pub issuer: Option<String>,
    /// `sub`
    pub subject: Option<String>,
    /// `iat`
    pub issued: Option<Time>,
    /// `exp`
    pub expires: Option<Time>,
}

impl Facts {
    /// Those of a token that may be a JWT.
    pub fn of(token: &[u8]) -> Self {
        Self::read(token).unwrap_or_default()
    }

    fn read(token: &[u8]) -> Option<Self> {
        let mut segments = token.split(|byte| *byte == b'.');
        let (_, payload, _) = (segments.next()?, segments.next()?, segments.next()?);
        if segments.next().is_some() {
            return None;
        }
        let payload = base64url::decode(std::str::from_utf8(payload).ok()?)?;
        let claims = json::parse_object(&payload).ok()?;
        let text = |name| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let date = |name| claims.get(name).and_then(Value::as_number).and_then(Time::from_numeric_date);
        Some(Self { issuer: text("iss"), subject: text("sub"), issued: date("iat"), expires: date("exp") })
    }

    /// How long the token lives, if it says when it begins and ends.
    pub fn life(&self) -> Option<Span> {
        Some(self.expires?.since(self.issued?)).filter(|life| *life > Span::ZERO)
    }

    /// Takes over who is named; what is not said stays as it was.
    pub fn learn(&mut self, new: &Self) {
        for (old, new) in [(&mut self.issuer, &new.issuer), (&mut self.subject, &new.subject)] {
            if new.is_some() {
                old.clone_from(new);
            }
        }
    }

    /// Whether a subject of an issuer is named: who it is.
    pub const fn names_somebody(&self) -> bool {
        self.issuer.is_some() && self.subject.is_some()
    }

    /// Whether both name a subject of an issuer, and not the same.
    pub fn contradicts(&self, other: &Self) -> bool {
        let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
        differ(&self.issuer, &other.issuer) || differ(&self.subject, &other.subject)
    }
}

/// An answer, as far as it is one.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Tokens.
    Tokens(Box<Tokens>),
    /// The request was carried out, and what came can't be used.
    Unusable(Unusable),
    /// No. And what came with it all the same: the refresh token that was sent may count no more.
    Refused(Denial, Option<Secret>),
    /// Neither: what it was. Whether the request was carried out is unknown.
    Unknown(&'static str),
}

/// Tokens that can't be used, but for what can't be had again.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// What is wrong, to stand behind the name of what gave them.
    pub problem: String,
    /// The refresh token that came with them: the one that was sent may count no more.
    pub refresh: Option<Secret>,
    /// Whether the next answer will be the same.
    pub is_permanent: bool,
}

/// Reads the answer of a token endpoint.
pub fn parse(status: u16, body: &[u8]) -> Answer {
    if body.len() > MAX_BYTES {
        return Answer::Unknown("answered with more than is read");
    }
    match status {
        200..=299 => {}
        408 | 425 | 429 => return Answer::Unknown("asks for patience"),
        // Whatever the body is: this request is not going to be answered otherwise.
        400..=499 => return Answer::Refused(Denial::of(body), None),
        300..=399 => return Answer::Unknown("answered with a redirect, which is not followed"),
        _ => return Answer::Unknown("is out of order"),
    }
    let value = json::provided(body).ok();
    let Some(answer) = value.as_ref().and_then(Value::as_object) else {
        return Answer::Unknown("answered with something that is not the JSON of RFC 6749");
    };
    // Some answer 200 with an error in it.
    if answer.get("error").is_some_and(says_something) {
        return Answer::Refused(Denial::read(answer), token_of(answer, "refresh_token").ok().flatten());
    }
    match tokens(answer) {
        Ok(tokens) => Answer::Tokens(Box::new(tokens)),
        Err(unusable) => Answer::Unusable(unusable),
    }
}

/// Reads the members of §5.1. Where `token_type` is missing it is Bearer: some providers leave it out, and it is the only kind
/// that anybody has.
///
/// # Errors
/// What is wrong. The refresh token is read before all else: what is wrong with the rest must not cost it.
pub fn tokens(answer: &Object<'_>) -> Result<Tokens, Unusable> {
    let text = |name| token_of(answer, name);
    let refresh = text("refresh_token");
    let kept = refresh.as_ref().ok().and_then(Clone::clone);
    let unusable = |problem: String, is_permanent| Unusable { problem, refresh: kept.clone(), is_permanent };
    if let Some(kind) = odd_type(answer) {
        let problem = "gave a token whose `token_type` is ".to_owned() + &kind + ", and not Bearer";
        return Err(unusable(problem, true));
    }
    let Ok(Some(access)) = text("access_token") else {
        return Err(unusable("gave no usable `access_token`".to_owned(), false));
    };
    let (Ok(refresh), Ok(id_token)) = (refresh, text("id_token")) else {
        return Err(unusable("gave a refresh or ID token that is none".to_owned(), false));
    };
    let number = |name| answer.get(name).filter(|_| !answer.is_ambiguous(name)).and_then(number);
    let facts = Facts::of(access.expose());
    Ok(Tokens {
        refresh,
        id_token,
        scope: answer.get("scope").and_then(Value::as_str).map(str::to_owned),
        expires_in: number("expires_in").map(|seconds| {
            let seconds = if seconds.is_nan() { 0.0 } else { seconds.clamp(-1.0, LONGEST_SEC) };
            Span::from_millis((seconds * 1000.0) as i64)
        }),
        expires_at: number("expires_at")
            .filter(|seconds| (0.0..=LATEST_SEC).contains(seconds))
            .map(|seconds| Time::from_millis(seconds * 1000.0)),
        access,
        facts,
    })
}

/// A token among the members. `Err`: what stands there is none.
fn token_of(answer: &Object<'_>, name: &str) -> Result<Option<Secret>, ()> {
    match answer.get(name) {
        _ if answer.is_ambiguous(name) => Err(()),
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token)) if token.is_empty() => Ok(None),
        Some(Value::String(token)) if is_token(token) => Ok(Some(Secret::new(token.as_bytes()))),
        Some(_) => Err(()),
    }
}

/// Whether an `error` is one: some write the member always, and say nothing with it.
fn says_something(error: &Value<'_>) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(name) => !name.trim().is_empty(),
        Value::Number(number) => number.as_f64() != 0.0,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => members.iter().next().is_some(),
        Value::Bool(true) => true,
    }
}

/// The token's type, as it may be shown, unless it is the one that there is.
fn odd_type(answer: &Object<'_>) -> Option<String> {
    match answer.get("token_type") {
        _ if answer.is_ambiguous("token_type") => Some("given twice".to_owned()),
        None | Some(Value::Null) => None,
        Some(Value::String(kind)) if kind.trim().is_empty() || kind.trim().eq_ignore_ascii_case("bearer") => None,
        // What is longer or holds anything else is no type; it could be anything, a secret too.
        Some(kind) if [answer.get("access_token"), answer.get("refresh_token")].contains(&Some(kind)) => {
            Some("no name".to_owned())
        }
        Some(Value::String(kind)) if kind.len() <= 40 && kind.bytes().all(|b| b.is_ascii_graphic() || b == b' ') => {
            let mut out = String::new();
            json::write_string(&mut out, kind);
            Some(out)
        }
        Some(Value::String(_)) => Some("no name".to_owned()),
        Some(_) => Some("no string".to_owned()),
    }
}

/// Reads tokens that somebody hands in, as JSON: the access token, or an object with the members of §5.1.
///
/// # Errors
/// What is wrong, to stand behind a name for what was given.
pub fn given(text: &[u8]) -> Result<Tokens, String> {
    match json::parse(text) {
        Ok(Value::String(token)) => {
            bare(&token).ok_or_else(|| "is no token: it holds a character that none may hold".to_owned())
        }
        Ok(Value::Object(answer)) => tokens(&answer).map_err(|unusable| unusable.problem),
        _ => Err("must be a token, or an object with `access_token`".to_owned()),
    }
}

/// Tokens of which only the access token is known.
pub fn bare(token: &str) -> Option<Tokens> {
    is_token(token).then(|| Tokens {
        access: Secret::new(token.as_bytes()),
        refresh: None,
        id_token: None,
        scope: None,
        expires_in: None,
        expires_at: None,
        facts: Facts::of(token.as_bytes()),
    })
}

/// A token can stand in a header field: visible characters of ASCII (RFC 6749, appendix A).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A number, or a string that is one in decimal.
fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number.as_f64()),
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                && digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.len() <= 24;
            // JSON's own parser: another one would be code for nothing.
            let parsed = if is_decimal { json::parse(text.as_bytes()).ok()? } else { return None };
            Some(parsed.as_number()?.as_f64())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

    use super::*;

    fn answer(text: &str) -> Tokens {
        match parse(200, text.as_bytes()) {
            Answer::Tokens(tokens) => *tokens,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn attack_23_every_odd_expires_in_has_a_meaning() {
        let year = Some(Span::from_secs(31_536_000));
        for (member, expected) in [
            ("3600", Some(Span::from_secs(3600))),
            ("\"3600\"", Some(Span::from_secs(3600))),
            ("\" 3600 \"", Some(Span::from_secs(3600))),
            ("3599.5", Some(Span::from_millis(3_599_500))),
            ("\"3599.5\"", Some(Span::from_millis(3_599_500))),
            ("0", Some(Span::ZERO)),
            ("-5", Some(Span::from_secs(-1))),
            ("\"-5\"", Some(Span::from_secs(-1))),
            ("1e12", year),
            ("\"1000000000000\"", year),
            ("1e300", year),
            ("null", None),
            ("true", None),
            ("\"\"", None),
            ("\"soon\"", None),
            ("\"1e9\"", None),
            ("\"+5\"", None),
            ("\"NaN\"", None),
            ("[3600]", None),
        ] {
            let text = r#"{"access_token":"a","token_type":"Bearer","expires_in":"#.to_owned() + member + "}";
            assert_eq!(answer(&text).expires_in, expected, "{member}");
        }
        assert_eq!(answer(r#"{"access_token":"a","token_type":"bearer"}"#).expires_in, None);
    }

    #[test]
    fn reads_what_it_needs_and_no_more() {
        let tokens = answer(
            r#"{"access_token":"a","token_type":"BEARER","refresh_token":"r","id_token":"i","scope":"x y","expires_at":"1800000000","x":1}"#,
        );
        assert!(tokens.access.matches(b"a") && tokens.refresh.is_some_and(|token| token.matches(b"r")));
        assert_eq!(tokens.scope.as_deref(), Some("x y"));
        assert_eq!(tokens.expires_at, Some(Time::from_millis(1.8e12)));
        assert!(answer(r#"{"access_token":"a","token_type":"bearer","refresh_token":""}"#).refresh.is_none());
        // Milliseconds are no NumericDate.
        assert!(answer(r#"{"access_token":"a","token_type":"bearer","expires_at":1800000000000}"#)
            .expires_at
            .is_none());
    }

    #[test]
    fn what_is_no_answer_is_unknown() {
        for (status, body) in [
            (200, ""),
            (200, "[]"),
            (200, "<html>"),
            (302, r#"{"access_token":"a","token_type":"Bearer"}"#),
            (408, r#"{"error":"invalid_grant"}"#),
            (425, ""),
            (429, r#"{"error":"invalid_grant"}"#),
            (500, r#"{"error":"invalid_grant"}"#),
            (503, r#"{"access_token":"a","token_type":"Bearer"}"#),
        ] {
            assert!(matches!(parse(status, body.as_bytes()), Answer::Unknown(_)), "{status} {body}");
        }
        let long = r#"{"access_token":"a","token_type":"Bearer","x":""#.to_owned() + &"x".repeat(MAX_BYTES) + "\"}";
        assert!(matches!(parse(200, long.as_bytes()), Answer::Unknown(_)));
    }

    #[test]
    fn every_other_4xx_is_a_no_whatever_its_form() {
        for (status, body) in [(400, "<html>"), (401, ""), (403, "{}"), (404, "not found"), (418, "[1]"), (499, "null")]
        {
            assert!(matches!(parse(status, body.as_bytes()), Answer::Refused(..)), "{status} {body}");
        }
    }

    #[test]
    fn an_error_that_says_nothing_is_none_and_one_that_does_costs_no_refresh_token() {
        for error in ["\"\"", "\" \"", "null", "false", "0", "{}", "[]"] {
            let text = r#"{"access_token":"a","refresh_token":"r","error":"#.to_owned() + error + "}";
            assert!(answer(&text).refresh.is_some_and(|token| token.matches(b"r")), "{error}");
        }
        for error in ["\"slow\"", "true", "7", r#"{"a":1}"#, "[1]"] {
            let text = r#"{"access_token":"a","refresh_token":"r","error":"#.to_owned() + error + "}";
            let Answer::Refused(_, refresh) = parse(200, text.as_bytes()) else { panic!("{text}") };
            assert!(refresh.is_some_and(|token| token.matches(b"r")), "{error}");
        }
    }

    #[test]
    fn a_missing_token_type_is_bearer() {
        for kind in ["", r#","token_type":null"#, r#","token_type":"""#, r#","token_type":" bearer ""#] {
            assert!(answer(&(r#"{"access_token":"a""#.to_owned() + kind + "}")).access.matches(b"a"), "{kind}");
        }
    }

    #[test]
    fn the_refresh_token_is_taken_out_of_what_is_refused_otherwise() {
        for (members, is_permanent, shown) in [
            (r#""access_token":"a","token_type":"DPoP""#, true, "\"DPoP\""),
            (r#""access_token":"a","token_type":"BearerToken""#, true, "\"BearerToken\""),
            (r#""access_token":"a","token_type":7"#, true, "no string"),
            (r#""access_token":"a","token_type":"a""#, true, "no name"),
            (r#""access_token":"a","token_type":"new""#, true, "no name"),
            (r#""access_token":"a","token_type":"Bearer","token_type":"DPoP""#, true, "twice"),
            (r#""token_type":"Bearer""#, false, "access_token"),
            (r#""access_token":"","token_type":"Bearer""#, false, "access_token"),
            (r#""access_token":"a b","token_type":"Bearer""#, false, "access_token"),
            (r#""access_token":"a\r\nX: y","token_type":"Bearer""#, false, "access_token"),
            (r#""access_token":["a"],"token_type":"Bearer""#, false, "access_token"),
            (r#""access_token":"a","access_token":"b","token_type":"Bearer""#, false, "access_token"),
            (r#""access_token":"a","token_type":"Bearer","id_token":"a b""#, false, "ID token"),
            (r#""access_token":"a","token_type":"Bearer","id_token":{}"#, false, "ID token"),
        ] {
            let body = "{".to_owned() + members + r#","refresh_token":"new"}"#;
            let Answer::Unusable(unusable) = parse(200, body.as_bytes()) else { panic!("{body}") };
            assert!(unusable.refresh.is_some_and(|token| token.matches(b"new")), "{body}");
            assert_eq!(unusable.is_permanent, is_permanent, "{body}");
            assert!(unusable.problem.contains(shown) && !unusable.problem.contains("new"), "{}", unusable.problem);
        }
        for refresh in ["7", "\"a b\"", "\"one\",\"refresh_token\":\"two\""] {
            let body = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"#.to_owned() + refresh + "}";
            let Answer::Unusable(unusable) = parse(200, body.as_bytes()) else { panic!("{body}") };
            assert!(unusable.refresh.is_none(), "{body}");
        }
    }

    #[test]
    fn what_a_provider_writes_clumsily_is_read() {
        let clumsy = "\u{feff}{\"scope\":\"a\",\"scope\":\"b\",\"access_token\":\"a\",\"token_type\":\"Bearer\",\"name\":\"\\ud83d\"}";
        assert!(answer(clumsy).access.matches(b"a"));
        let body = b"{\"expires_in\":1e999,\"x\":[-1E400],\"name\":\"caf\xe9\",\"access_token\":\"a\",\"refresh_token\":\"new\"}";
        let Answer::Tokens(tokens) = parse(200, body) else { panic!("refused") };
        assert!(tokens.refresh.is_some_and(|token| token.matches(b"new")));
        assert_eq!(tokens.expires_in, Some(Span::from_millis((LONGEST_SEC * 1000.0) as i64)));
    }

    #[test]
    fn facts_are_those_of_a_jwt() {
        let token = |payload: &str| "e30.".to_owned() + &URL_SAFE_NO_PAD.encode(payload) + ".c2ln";
        let facts = Facts::of(token(r#"{"iss":"i","sub":"s","iat":100,"exp":160}"#).as_bytes());
        assert_eq!((facts.issuer.as_deref(), facts.subject.as_deref()), (Some("i"), Some("s")));
        assert_eq!(facts.life(), Some(Span::from_secs(60)));
        for odd in ["opaque", "a.b", "a.b.c", "a.b.c.d", &token("[]"), &token(r#"{"exp":"1"}"#)] {
            assert_eq!(Facts::of(odd.as_bytes()), Facts::default(), "{odd}");
        }
        assert_eq!(Facts::of(token(r#"{"iat":160,"exp":100}"#).as_bytes()).life(), None);
        assert!(facts.contradicts(&Facts { subject: Some("t".into()), ..Facts::default() }));
        assert!(!facts.contradicts(&Facts::default()));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let tokens = answer(r#"{"access_token":"hunter2","token_type":"bearer","refresh_token":"hunter3"}"#);
        assert!(!format!("{tokens:?}").contains("hunter"));
    }
}
