//! A source whose tokens are looked at, and which token of its a connection is to have.

use std::{pin::pin, sync::Arc, time::Duration};

use super::source::{Kind, Token, TokenRequest};
use crate::{
    driver::{
        environment::Environment,
        renewals::{Renewal, Renewals},
    },
    error::{Code, Error},
    json::{self, Value},
    platform::race::{race, First},
    time::Time,
};

/// The longest credential of a scheme of somebody's own, in characters.
const LONGEST: usize = 16_384;
/// A source may take so long.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A source whose tokens are looked at before they go anywhere.
#[derive(Clone)]
pub(super) struct Bearer {
    token: Token,
    /// Whether it is a bearer token (RFC 6750 §2.1); another scheme's credential is whatever the scheme says.
    is_bearer: bool,
}

/// Which token the next connection is to have.
#[derive(Clone, Debug)]
pub(super) struct Next {
    /// The one before.
    pub(super) last: Option<String>,
    /// When that one ends.
    pub(super) last_ends: Option<Time>,
    /// Whether it must be another one.
    pub(super) fresh: bool,
    /// Where it is to last longer than the last: how long that has left.
    pub(super) outlast: Option<Duration>,
    /// For which runtime.
    pub(super) place: String,
    /// Whose clock it goes by.
    pub(super) environment: Environment,
}

impl Bearer {
    /// Checks what can be checked before anybody is asked.
    pub(super) fn new(token: Token, is_bearer: bool) -> Result<Self, Error> {
        if let Kind::Text(text) = &token.0 {
            if !is_sound(text, is_bearer) {
                let message = if is_bearer {
                    "`token` is no bearer token (RFC 6750 §2.1): give it without `Bearer ` and without spaces"
                } else {
                    "`token` must be text of up to 16384 characters without control characters"
                };
                return Err(Error::new(Code::Config, message).about("token"));
            }
        }
        Ok(Self { token, is_bearer })
    }

    pub(super) fn can_renew(&self) -> bool {
        match &self.token.0 {
            Kind::Text(_) => false,
            Kind::Source(source, _) => source.can_renew(),
        }
    }

    /// When a token ends, as far as that can be known.
    pub(super) fn end_of(&self, token: &str) -> Option<Time> {
        let told = match &self.token.0 {
            Kind::Text(_) => None,
            Kind::Source(source, _) => source.expires_at(),
        };
        told.or_else(|| expiry_of(token))
    }

    /// The token for the next connection; none where there is none that lasts longer than the last.
    pub(super) async fn next(self, next: Next) -> Result<Option<String>, Error> {
        let environment = next.environment.clone();
        match race(pin!(self.chosen(next)), environment.sleep(LONGEST_WAIT)).await {
            First::One(given) => given,
            First::Other(()) => {
                Err(Error::new(Code::RefreshUnavailable, "the source of tokens gave none within a minute"))
            }
        }
    }

    async fn chosen(self, next: Next) -> Result<Option<String>, Error> {
        let is_last = |token: &String| Some(token) == next.last.as_ref();
        if let Some(left) = next.outlast {
            // A second more than what is left; the present token goes on being good until then.
            let enough = TokenRequest { min_validity: Some(left + Duration::from_secs(1)), ..TokenRequest::default() };
            let mut token = self.get(enough).await?;
            if is_last(&token) && self.can_renew() {
                // Who keeps tokens may still find the last one good enough.
                token = self.get(TokenRequest { is_forced: true, ..TokenRequest::default() }).await?;
            }
            let lasts = || match (self.end_of(&token), next.last_ends) {
                (Some(ends), Some(last)) => ends > last,
                _ => true,
            };
            return Ok((!is_last(&token) && lasts()).then_some(token));
        }
        let present = self.get(TokenRequest::default()).await?;
        // Who was refused before has brought another one already, perhaps.
        if !next.fresh || !is_last(&present) {
            return Ok(Some(present));
        }
        let Kind::Source(source, renewals) = &self.token.0 else { return Ok(Some(present)) };
        match renewals.begin(&present, &next.place, next.environment.now()) {
            Renewal::Known(token) => return Ok(Some(token)),
            // It is taken from nobody else.
            Renewal::Futile => return Ok(Some(present)),
            Renewal::Ask => source.invalidate(&present),
        }
        let token = self.get(TokenRequest { is_forced: true, ..TokenRequest::default() }).await?;
        renewals.came(&token, &present, &next.place, next.environment.now());
        Ok(Some(token))
    }

    /// What is known of those who refuse its tokens.
    pub(super) fn renewals(&self) -> Option<Arc<Renewals>> {
        match &self.token.0 {
            Kind::Text(_) => None,
            Kind::Source(_, renewals) => Some(Arc::clone(renewals)),
        }
    }

    async fn get(&self, request: TokenRequest) -> Result<String, Error> {
        let token = match &self.token.0 {
            Kind::Text(text) => return Ok(text.clone()),
            Kind::Source(source, _) => source.token(request),
        };
        let token = token.await?;
        if is_sound(&token, self.is_bearer) {
            return Ok(token);
        }
        let message = "`token`: the source of tokens gave a string that is no token of its scheme";
        Err(Error::new(Code::Config, message).about("token"))
    }
}

/// Whether a text is of the form that a header, or a hello, can take.
fn is_sound(token: &str, is_bearer: bool) -> bool {
    if !is_bearer {
        return !token.is_empty() && token.chars().count() <= LONGEST && !token.contains(char::is_control);
    }
    let body = token.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
}

/// `exp` of a JWT. Nobody has verified it: it says when to ask for another one, and no more.
fn expiry_of(token: &str) -> Option<Time> {
    let claims = crate::jose::base64url::decode(token.split('.').nth(1)?)?;
    let claims = json::parse_object(&claims).ok()?;
    let ends = claims.get("exp").and_then(Value::as_number).and_then(Time::from_numeric_date)?;
    (ends > Time::EPOCH).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_form_and_is_shown_nowhere() {
        for (token, is_bearer) in [("a.b-c_d~e+f/==", true), ("{\"any\": \"text\"}", false)] {
            assert!(Bearer::new(token.into(), is_bearer).is_ok(), "{token}");
        }
        for (token, is_bearer) in
            [("", true), ("Bearer a", true), ("a=b", true), ("=", true), ("", false), ("a\nb", false)]
        {
            let error = Bearer::new(token.into(), is_bearer).err().unwrap();
            assert_eq!((error.code(), error.subject()), (Code::Config, Some("token")), "{token}");
        }
        assert_eq!(format!("{:?}", Token::from("secret")), "Token([redacted])");
    }

    #[test]
    fn the_end_of_a_jwt_is_read() {
        assert_eq!(expiry_of("e30.eyJleHAiOjE3MDAwMDAwMDB9.x"), Some(Time::from_millis(1.7e12)));
        for token in ["", "a", "e30.e30.x", "e30.eyJleHAiOjB9.x", "e30.%.x"] {
            assert_eq!(expiry_of(token), None, "{token}");
        }
    }
}
