//! What a JWT says of itself, before anybody has verified it.

use crate::{
    jose::base64url,
    json::{self, Value},
    time::{Span, Time},
};

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
