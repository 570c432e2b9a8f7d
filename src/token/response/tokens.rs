//! The tokens of an answer, member by member (RFC 6749 §5.1); and what a JWT says of itself, before anybody has verified it.

use crate::{
    jose::{base64url, jws::MAX_TOKEN},
    json::{self, Object, Value},
    secret::Secret,
    time::{Span, Time},
};

/// No token is believed to live longer than a year: what is said beyond that is a mistake, or means "for ever".
pub(super) const LONGEST_SEC: f64 = 31_536_000.0;
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
pub(super) fn token_of(answer: &Object<'_>, name: &str) -> Result<Option<Secret>, ()> {
    match answer.get(name) {
        _ if answer.is_ambiguous(name) => Err(()),
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token)) if token.is_empty() => Ok(None),
        Some(Value::String(token)) if is_token(token) => Ok(Some(Secret::new(token.as_bytes()))),
        Some(_) => Err(()),
    }
}

/// What names the only type that there is; the last is Apigee's.
const BEARER: [&str; 3] = ["", "bearer", "bearertoken"];

/// The token's type, as it may be shown, unless it is the one that there is.
fn odd_type(answer: &Object<'_>) -> Option<String> {
    match answer.get("token_type") {
        _ if answer.is_ambiguous("token_type") => Some("given twice".to_owned()),
        None | Some(Value::Null) => None,
        Some(Value::String(kind)) if BEARER.iter().any(|name| kind.trim().eq_ignore_ascii_case(name)) => None,
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
            access_token_only(&token).ok_or_else(|| "is no token: it holds a character that none may hold".to_owned())
        }
        Ok(Value::Object(answer)) => tokens(&answer).map_err(|unusable| unusable.problem),
        _ => Err("must be a token, or an object with `access_token`".to_owned()),
    }
}

/// Tokens of which only the access token is known.
pub fn access_token_only(token: &str) -> Option<Tokens> {
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

#[cfg(test)]
mod tests {
    use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

    use super::*;

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
    fn a_life_has_a_length_and_somebody_is_a_subject_of_an_issuer() {
        let at = |secs: i64| Some(Time::EPOCH.plus(Span::from_secs(secs)));
        assert_eq!(Facts { issued: at(9), expires: at(9), ..Facts::default() }.life(), None);
        let (issuer, subject) = (Some("i".to_owned()), Some("s".to_owned()));
        for (issuer, subject, names) in [(&issuer, &subject, true), (&issuer, &None, false), (&None, &subject, false)] {
            let facts = Facts { issuer: issuer.clone(), subject: subject.clone(), ..Facts::default() };
            assert_eq!(facts.names_somebody(), names);
        }
    }
}
