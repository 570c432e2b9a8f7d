//! Tokens at rest: what a storage keeps between two runs, or between two isolates.

use super::{id_token::IdToken, response::Facts};
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
    pub id_token: Option<IdToken>,
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
        let is_said = |name| stored.get(name).and_then(Value::as_bool) == Some(true);
        let date = |name| stored.get(name).and_then(Value::as_number).and_then(Time::from_numeric_date);
        Some(Self {
            access: secret("accessToken"),
            refresh: secret("refreshToken"),
            id_token: secret("idToken").map(|token| IdToken { token, is_verified: is_said("idTokenVerified") }),
            scope: stored.get("scope").and_then(Value::as_str).map(str::to_owned),
            obtained: date("obtainedAt")?,
            asked: date("askedAt"),
            expires: date("expiresAt"),
        })
    }

    /// The tokens as JSON. This text is a secret.
    pub fn to_json(&self, source: &str) -> String {
        fn text(secret: Option<&Secret>) -> Option<&str> {
            secret.and_then(text_of)
        }
        let id_token = self.id_token.as_ref();
        let mut out = Members::new()
            .text("source", source)
            .some_text("accessToken", text(self.access.as_ref()))
            .some_text("refreshToken", text(self.refresh.as_ref()))
            .some_text("idToken", text(id_token.map(|id_token| &id_token.token)))
            .some_text("scope", self.scope.as_deref())
            .raw("obtainedAt", &self.obtained.to_seconds());
        if id_token.is_some_and(|id_token| id_token.is_verified) {
            out = out.boolean("idTokenVerified", true);
        }
        for (name, time) in [("askedAt", self.asked), ("expiresAt", self.expires)] {
            if let Some(time) = time {
                out = out.raw(name, &time.to_seconds());
            }
        }
        out.end()
    }

    /// Whose tokens they are, as far as they say so.
    pub fn facts(&self) -> Facts {
        let token = self.id_token.as_ref().map(|id_token| &id_token.token).or(self.access.as_ref());
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
            id_token: Some(IdToken { token: Secret::new("i"), is_verified: true }),
            scope: Some("x".into()),
            obtained: Time::from_millis(1_800_000_000_250.0),
            asked: None,
            expires: None,
        };
        let text = stored.to_json("[\"one\"]");
        let read = PersistedState::parse(&text, "[\"one\"]").unwrap();
        assert!(read.access.unwrap().matches(b"a\"") && read.refresh.is_none());
        assert_eq!(read.obtained.as_millis(), 1_800_000_000_250);
        assert!(read.id_token.is_some_and(|id_token| id_token.is_verified && id_token.token.matches(b"i")));
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
            let id_token = Option::map(id_token, IdToken::unverified);
            PersistedState { access, refresh, id_token, scope, obtained, asked: None, expires: None }.facts().subject
        };
        let [access, id_token] = [r#"{"sub":"a"}"#, r#"{"sub":"i"}"#].map(token);
        assert_eq!(subject(access.clone(), id_token).as_deref(), Some("i"));
        assert_eq!(subject(access, None).as_deref(), Some("a"));
        assert_eq!(subject(None, None), None);
    }
}
