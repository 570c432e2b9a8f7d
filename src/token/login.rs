//! Logging a person in: the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect Core 1.0 §3.1), the
//! check of who answered (RFC 9207), and logging out at the provider (OpenID Connect RP-Initiated Logout 1.0).

use std::borrow::Cow;

use super::{denial::error_name, grant::Form, metadata::Endpoints, persisted_state::text_of, source::Source};
use crate::{
    error::{shown, Code, Error},
    json::{self, write_string, Object, Value},
    secret::Secret,
    time::{Span, Time},
};

/// A login is given up after this.
const LONGEST: Span = Span::from_secs(600);
/// Logins that wait for their answers; the oldest gives way.
const MOST: usize = 5;
/// A longer ID token makes a URL that servers refuse; the provider then asks the person.
const LONGEST_HINT: usize = 4096;

/// A login that waits for its answer.
#[derive(Clone, Debug)]
pub struct PendingLogin {
    /// `state`: what the answer is recognised by.
    pub state: Secret,
    /// `nonce`: what its ID token is recognised by.
    pub nonce: String,
    /// `code_verifier`
    pub verifier: Secret,
    /// Where the page goes on afterwards.
    pub return_to: Option<String>,
    /// When it began, by the wall clock: the page that began it is gone.
    pub begun: Time,
}

/// The logins that wait, bounded in number and in time.
#[derive(Clone, Debug, Default)]
pub struct PendingLogins(Vec<PendingLogin>);

impl PendingLogins {
    /// Reads what [`PendingLogins::to_json`] wrote for the same source; anything else is as good as nothing.
    pub fn parse(text: &str, source: &str) -> Self {
        let Ok(read) = json::object_of(text) else { return Self::default() };
        if read.get("source").and_then(Value::as_str) != Some(source) {
            return Self::default();
        }
        let items = read.get("logins").and_then(Value::as_array).unwrap_or_default();
        Self(items.iter().take(MOST).filter_map(|item| PendingLogin::read(item.as_object()?)).collect())
    }

    /// The logins as JSON. This text is a secret.
    pub fn to_json(&self, source: &str) -> String {
        let mut out = String::from("{\"source\":");
        write_string(&mut out, source);
        out.push_str(",\"logins\":[");
        for (place, login) in self.0.iter().enumerate() {
            out.push_str(if place == 0 { "{\"begunAt\":" } else { ",{\"begunAt\":" });
            login.begun.write_seconds(&mut out);
            for (name, value) in [
                ("state", text_of(&login.state)),
                ("nonce", Some(login.nonce.as_str())),
                ("verifier", text_of(&login.verifier)),
                ("returnTo", login.return_to.as_deref()),
            ] {
                let Some(value) = value else { continue };
                out.push_str(",\"");
                out.push_str(name);
                out.push_str("\":");
                write_string(&mut out, value);
            }
            out.push('}');
        }
        out.push_str("]}");
        out
    }

    /// Adds a login.
    pub fn push(&mut self, login: PendingLogin) {
        self.prune(login.begun);
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(login);
    }

    /// The login that this is the answer to. It is no longer waited for: an answer counts once.
    pub fn take(&mut self, state: &str, now: Time) -> Option<PendingLogin> {
        self.prune(now);
        let place = self.0.iter().position(|login| login.state.matches(state.as_bytes()))?;
        Some(self.0.remove(place))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops what has become too old; a clock that was set back makes nothing younger.
    fn prune(&mut self, now: Time) {
        self.0.retain(|login| {
            let age = now.since(login.begun);
            age < LONGEST && age > Span::from_millis(-LONGEST.as_millis())
        });
    }
}

impl PendingLogin {
    fn read(item: &Object<'_>) -> Option<Self> {
        let text = |name| item.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            state: Secret::new(text("state")?),
            nonce: text("nonce")?,
            verifier: Secret::new(text("verifier")?),
            return_to: text("returnTo"),
            begun: item.get("begunAt").and_then(Value::as_number).and_then(Time::from_numeric_date)?,
        })
    }
}

/// Where the person is sent to log in. `challenge` is the SHA-256 of the verifier, in base64url. `parameters` are this login's
/// own: they stand in the place of the source's.
///
/// # Errors
/// `ERR_CONFIG` when the provider has no such place.
pub fn authorization_url(
    source: &Source,
    endpoints: &Endpoints,
    login: &PendingLogin,
    challenge: &str,
    parameters: &[(String, String)],
) -> Result<String, Error> {
    let Some(endpoint) = &endpoints.authorization else {
        return Err(Error::new(Code::Config, "the provider's metadata has no usable `authorization_endpoint`"));
    };
    let mut form = Form::default();
    form.push("response_type", "code");
    form.push("client_id", &source.client_id);
    form.push_some("redirect_uri", source.redirect_uri.as_deref());
    source.push_target(&mut form);
    form.push_secret("state", &login.state);
    form.push("nonce", &login.nonce);
    form.push("code_challenge", challenge);
    form.push("code_challenge_method", "S256");
    let is_replaced = |name: &String| parameters.iter().any(|(other, _)| other == name);
    for (name, value) in source.parameters.iter().filter(|(name, _)| !is_replaced(name)).chain(parameters) {
        form.push(name, value);
    }
    Ok(with_query(endpoint, form))
}

/// Where the person is sent to be logged out at the provider too, if it has such a place.
pub fn logout_url(source: &Source, endpoints: &Endpoints, id_token: Option<&Secret>) -> Option<String> {
    let mut form = Form::default();
    form.push("client_id", &source.client_id);
    form.push_some("post_logout_redirect_uri", source.post_logout_redirect_uri.as_deref());
    if let Some(token) = id_token.filter(|token| token.expose().len() <= LONGEST_HINT) {
        form.push_secret("id_token_hint", token);
    }
    Some(with_query(endpoints.end_session.as_deref()?, form))
}

/// The answer to a login, as far as it can be trusted.
#[derive(Debug)]
pub struct Response<'a> {
    /// `state`
    pub state: &'a str,
    issuer: Option<&'a str>,
    error: Option<&'a str>,
    code: Option<&'a str>,
}

impl<'a> Response<'a> {
    /// Reads the query of the URL that the provider sent the person back to.
    ///
    /// # Errors
    /// `ERR_LOGIN_REJECTED` when it is no answer.
    pub fn read(query: &'a [(&'a str, &'a str)]) -> Result<Self, Error> {
        let one = |wanted: &str| {
            let mut values = query.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value);
            match (values.next(), values.next()) {
                (value, None) => Ok(value.filter(|value| !value.is_empty())),
                _ => Err(rejected("the URL has a parameter twice")),
            }
        };
        let Some(state) = one("state")? else {
            return Err(rejected("the URL is not the answer to a login: it has no `state`"));
        };
        Ok(Self { state, issuer: one("iss")?, error: one("error")?, code: one("code")? })
    }

    /// The code, once it is clear who answered what. RFC 9207 §2.4: an answer that names another issuer, or none though the
    /// provider promises to name itself, may be one that an attacker passes on from elsewhere.
    ///
    /// # Errors
    /// `ERR_LOGIN_REJECTED`; with the provider's own name of the error as the subject, if it is the provider that refuses.
    pub fn code(&self, issuer: Option<&str>, endpoints: &Endpoints) -> Result<Secret, Error> {
        match self.issuer {
            Some(_) if self.issuer == issuer => {}
            Some(named) => {
                let message = format!(
                    "another provider answered than the one that was asked: the answer's `iss` is \"{}\", and \"{}\" is configured as \
                     `issuer`",
                    shown(named),
                    shown(issuer.unwrap_or_default())
                );
                return Err(rejected(message).about("iss"));
            }
            None if endpoints.names_issuer => {
                return Err(
                    rejected("the answer does not say which provider it is from, though this one does").about("iss")
                )
            }
            None => {}
        }
        if let Some(error) = self.error {
            let error = error_name(error);
            let mut message = String::from("the provider did not log the person in: ");
            message.push_str(&error);
            return Err(Error::new(Code::LoginRejected, message).about(error));
        }
        match self.code {
            Some(code) => Ok(Secret::new(code)),
            None => Err(rejected("the URL is not the answer to a login: it has no `code`")),
        }
    }
}

/// What the claims of a login's ID token must say beyond what every JWT's must: OpenID Connect Core 1.0 §3.1.3.7.
///
/// # Errors
/// `ERR_LOGIN_REJECTED` with the claim as the subject.
pub fn check_claims(claims: &str, client_id: &str, nonce: &str) -> Result<(), Error> {
    let claims = json::object_of(claims).map_err(|_| rejected("the ID token has no claims"))?;
    let text = |name| claims.get(name).and_then(Value::as_str);
    if !text("nonce").is_some_and(|said| Secret::new(said).matches(nonce.as_bytes())) {
        return Err(rejected("the ID token is not the answer to this login").about("nonce"));
    }
    let audiences = claims.get("aud").and_then(Value::as_array).map_or(1, <[_]>::len);
    match claims.get("azp") {
        // Some write the member always.
        None | Some(Value::Null) if audiences == 1 => Ok(()),
        Some(Value::String(party)) if audiences == 1 && party.is_empty() => Ok(()),
        Some(Value::String(party)) if party == client_id => Ok(()),
        _ => Err(rejected("the ID token was made for another client").about("azp")),
    }
}

/// An answer that is not believed.
pub fn rejected(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::LoginRejected, message)
}

fn with_query(endpoint: &str, form: Form) -> String {
    // A fragment has no place in an endpoint (RFC 6749 §3.1); a query may have.
    let endpoint = endpoint.split('#').next().unwrap_or_default();
    let mut out = endpoint.to_owned();
    out.push(if endpoint.contains('?') { '&' } else { '?' });
    out.push_str(&form.into_query());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(state: &str, begun: f64) -> PendingLogin {
        PendingLogin {
            state: Secret::new(state),
            nonce: format!("n-{state}"),
            verifier: Secret::new("v"),
            return_to: Some("/x".into()),
            begun: Time::from_millis(begun),
        }
    }

    #[test]
    fn an_answer_counts_once_for_ten_minutes_and_few_are_waited_for() {
        let now = Time::from_millis(1e12);
        let mut waiting = PendingLogins::default();
        for number in 0..7 {
            waiting.push(pending(&number.to_string(), 1e12));
        }
        let mut waiting = PendingLogins::parse(&waiting.to_json("s"), "s");
        assert!(waiting.take("1", now).is_none());
        assert_eq!(waiting.take("2", now).unwrap().nonce, "n-2");
        assert!(waiting.take("2", now).is_none() && waiting.take("", now).is_none());
        assert!(waiting.clone().take("3", now.plus(Span::from_secs(599))).is_some());
        assert!(waiting.clone().take("3", now.plus(Span::from_secs(600))).is_none());
        assert!(waiting.clone().take("3", now.minus(Span::from_secs(600))).is_none());
        assert!(PendingLogins::parse(&waiting.to_json("s"), "other").is_empty());
        for odd in ["", "[]", "{}", r#"{"source":"s"}"#, r#"{"source":"s","logins":[1,{},{"state":"x"}]}"#] {
            assert!(PendingLogins::parse(odd, "s").is_empty(), "{odd}");
        }
    }

    #[test]
    fn attack_24_the_issuer_is_compared_and_missed() {
        let endpoints = |names_issuer| Endpoints { names_issuer, ..Endpoints::default() };
        let code = |query: &[(&str, &str)], names_issuer| {
            Response::read(query)?.code(Some("https://i"), &endpoints(names_issuer)).map(|_| ())
        };
        let subject = |outcome: Result<(), Error>| outcome.unwrap_err().subject().map(str::to_owned);
        let good = [("state", "s"), ("code", "c"), ("iss", "https://i")];
        assert!(code(&good, true).is_ok() && code(&good, false).is_ok() && code(&good[..2], false).is_ok());
        assert_eq!(subject(code(&good[..2], true)).as_deref(), Some("iss"));
        let odd = [("state", "s"), ("code", "c"), ("iss", "https://i/")];
        assert_eq!(subject(code(&odd, false)).as_deref(), Some("iss"));
        let twice = [("state", "s"), ("code", "c"), ("code", "d")];
        assert!(code(&twice, false).is_err() && code(&good[1..], false).is_err() && code(&good[..1], false).is_err());
        let denied = [("state", "s"), ("error", "access_denied")];
        assert_eq!(subject(code(&denied, false)).as_deref(), Some("access_denied"));
        let odd = [("state", "s"), ("error", "<script>")];
        assert_eq!(subject(code(&odd, false)).as_deref(), Some("unnamed"));
    }

    #[test]
    fn an_id_token_is_for_this_login_and_this_client() {
        for (claims, good) in [
            (r#"{"nonce":"n","aud":"c"}"#, true),
            (r#"{"nonce":"n","aud":["c"],"azp":"c"}"#, true),
            (r#"{"nonce":"n","aud":["c","d"],"azp":"c"}"#, true),
            (r#"{"nonce":"n","aud":["c","d"]}"#, false),
            (r#"{"nonce":"n","aud":"c","azp":"d"}"#, false),
            (r#"{"nonce":"n","aud":"c","azp":null}"#, true),
            (r#"{"nonce":"n","aud":"c","azp":""}"#, true),
            (r#"{"nonce":"n","aud":"c","azp":7}"#, false),
            (r#"{"nonce":"n","aud":["c","d"],"azp":null}"#, false),
            (r#"{"nonce":"n","aud":["c","d"],"azp":""}"#, false),
            (r#"{"nonce":"m","aud":"c"}"#, false),
            (r#"{"aud":"c"}"#, false),
            (r#"{"nonce":["n"],"aud":"c"}"#, false),
            ("", false),
        ] {
            assert_eq!(check_claims(claims, "c", "n").is_ok(), good, "{claims}");
        }
    }
}
