//! Tokens at rest: what a storage keeps between two runs, or between two isolates.

use super::response::Facts;
use crate::{
    json::{self, Members, Value},
    secret::Secret,
    time::Time,
};

/// What is kept. Instants are by the wall clock.
#[derive(Clone, Debug)]
pub struct PersistedState {
    /// The access token, unless it is not worth keeping.
    pub access: Option<Secret>,
    /// The refresh token.
    pub refresh: Option<Secret>,
    /// The ID token.
    pub id_token: Option<Secret>,
    /// The scope that was granted.
    pub scope: Option<String>,
    /// When the tokens came.
    pub obtained: Time,
    /// When the access token was asked for, if that is known.
    pub asked: Option<Time>,
    /// When the access token ends, if that is known.
    pub expires: Option<Time>,
}

impl PersistedState {
    /// Reads what [`PersistedState::to_json`] wrote for the same source. Anything else is as good as nothing: another version, another
    /// client's tokens, or what somebody else put there.
    pub fn parse(text: &str, source: &str) -> Option<Self> {
        let stored = json::parse_object(text.as_bytes()).ok()?;
        if stored.get("source").and_then(Value::as_str) != Some(source) {
            return None;
        }
        let secret = |name| stored.get(name).and_then(Value::as_str).map(|text| Secret::new(text.as_bytes()));
        let date = |name| stored.get(name).and_then(Value::as_number).and_then(Time::from_numeric_date);
        Some(Self {
            access: secret("accessToken"),
            refresh: secret("refreshToken"),
            id_token: secret("idToken"),
            scope: stored.get("scope").and_then(Value::as_str).map(str::to_owned),
            obtained: date("obtainedAt")?,
            asked: date("askedAt"),
            expires: date("expiresAt"),
        })
    }

    /// The tokens as JSON. This text is a secret.
    pub fn to_json(&self, source: &str) -> String {
        fn text(secret: &Option<Secret>) -> Option<&str> {
            secret.as_ref().and_then(text_of)
        }
        let mut out = Members::new()
            .text("source", source)
            .some_text("accessToken", text(&self.access))
            .some_text("refreshToken", text(&self.refresh))
            .some_text("idToken", text(&self.id_token))
            .some_text("scope", self.scope.as_deref())
            .raw("obtainedAt", &self.obtained.to_seconds());
        for (name, time) in [("askedAt", self.asked), ("expiresAt", self.expires)] {
            if let Some(time) = time {
                out = out.raw(name, &time.to_seconds());
            }
        }
        out.end()
    }

    /// Whose tokens they are, as far as they say so.
    pub fn facts(&self) -> Facts {
        let token = self.id_token.as_ref().or(self.access.as_ref());
        token.map(|token| Facts::of(token.expose())).unwrap_or_default()
    }
}

/// The text of a secret that was made of text.
pub(super) fn text_of(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_for_the_same_source_only() {
        let stored = PersistedState {
            access: Some(Secret::new("a\"")),
            refresh: None,
            id_token: Some(Secret::new("i")),
            scope: Some("x".into()),
            obtained: Time::from_millis(1_800_000_000_250.0),
            asked: None,
            expires: None,
        };
        let text = stored.to_json("[\"one\"]");
        let read = PersistedState::parse(&text, "[\"one\"]").unwrap();
        assert!(read.access.unwrap().matches(b"a\"") && read.refresh.is_none());
        assert_eq!(read.obtained.as_millis(), 1_800_000_000_250);
        assert!(PersistedState::parse(&text, "[\"two\"]").is_none());
        for odd in ["", "null", "[]", "{}", r#"{"source":"[\"one\"]"}"#, r#"{"source":["one"],"obtainedAt":1}"#] {
            assert!(PersistedState::parse(odd, "[\"one\"]").is_none(), "{odd}");
        }
    }

    #[test]
    fn whose_they_are_the_id_token_says_or_else_the_access_token() {
        let token = |claims: &str| {
            let mut text = String::from("e30.");
            crate::jose::base64url::encode(claims.as_bytes(), &mut text);
            Some(Secret::new(text + ".c2ln"))
        };
        let subject = |access, id_token| {
            let (refresh, scope, obtained) = (None, None, Time::EPOCH);
            PersistedState { access, refresh, id_token, scope, obtained, asked: None, expires: None }.facts().subject
        };
        let [access, id_token] = [r#"{"sub":"a"}"#, r#"{"sub":"i"}"#].map(token);
        assert_eq!(subject(access.clone(), id_token).as_deref(), Some("i"));
        assert_eq!(subject(access, None).as_deref(), Some("a"));
        assert_eq!(subject(None, None), None);
    }
}
