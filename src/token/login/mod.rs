//! Logging a person in: the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636, OpenID Connect Core 1.0 §3.1), the
//! check of who answered (RFC 9207), and logging out at the provider (OpenID Connect RP-Initiated Logout 1.0).

mod answer;
mod pending;

use std::borrow::Cow;

pub use answer::Response;
pub use pending::{PendingLogin, PendingLogins};

use super::{grant::Form, metadata::Endpoints, source::Source};
use crate::{
    error::{Code, Error},
    json::{self, Value},
    secret::Secret,
    time::{Span, Time},
};

/// A longer ID token makes a URL that servers refuse; the provider then asks the person.
const LONGEST_HINT: usize = 4096;

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
    // It is OpenID Connect's, and some providers refuse it without that scope.
    if source.wants_id_token() {
        form.push("nonce", &login.nonce);
    }
    form.push("code_challenge", challenge);
    form.push("code_challenge_method", "S256");
    let is_replaced = |name: &String| parameters.iter().any(|(other, _)| other == name);
    for (name, value) in source.parameters.iter().filter(|(name, _)| !is_replaced(name)).chain(parameters) {
        form.push(name, value);
    }
    Ok(with_query(endpoint, form))
}

/// Where the page goes on after a login: a path of its own origin. Anything else would make the login send people to strangers
/// (RFC 9700 §4.11). `url` is as the platform's parser writes it, absolute and without odd slashes; `origin` is that of
/// `redirect_uri`.
///
/// # Errors
/// `ERR_CONFIG` for a URL of another origin, and for a path that a browser would take for a host.
pub fn return_path<'u>(url: &'u str, origin: &str) -> Result<&'u str, Error> {
    match url.strip_prefix(origin) {
        Some(path) if path.starts_with('/') && !path.starts_with("//") => Ok(path),
        _ => {
            let message = "`returnTo` must be a URL of the same origin as `source.redirectUri`";
            Err(Error::new(Code::Config, message).about("returnTo"))
        }
    }
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

/// How long ago the person may have been asked who they are, in a login with these parameters.
///
/// # Errors
/// `ERR_CONFIG` for a `max_age` that is no number of seconds.
pub fn max_age(source: &Source, parameters: &[(String, String)]) -> Result<Option<Span>, Error> {
    // A login's own stand in the place of the source's.
    let named = |(name, _): &&(String, String)| name == "max_age";
    let Some((_, text)) = parameters.iter().find(named).or_else(|| source.parameters.iter().find(named)) else {
        return Ok(None);
    };
    match text.parse::<u32>() {
        Ok(seconds) => Ok(Some(Span::from_secs(seconds.into()))),
        Err(_) => {
            let message = "`authorizationParams.max_age` must be a number of seconds, as text";
            Err(Error::new(Code::Config, message).about("authorizationParams"))
        }
    }
}

/// What the claims of a login's ID token must say beyond what every JWT's must: OpenID Connect Core 1.0 §3.1.3.7.
///
/// # Errors
/// `ERR_LOGIN_REJECTED` with the claim as the subject. `max_auth_age` is how long before the token was issued the person may have been
/// asked: both times are by the provider's clock, and no other is needed.
pub fn check_claims(claims: &str, client_id: &str, nonce: &str, max_auth_age: Option<Span>) -> Result<(), Error> {
    let claims = json::object_of(claims).map_err(|_| rejected("the ID token has no claims"))?;
    let text = |name| claims.get(name).and_then(Value::as_str);
    if !text("nonce").is_some_and(|said| Secret::new(said).matches(nonce.as_bytes())) {
        return Err(rejected("the ID token is not the answer to this login").about("nonce"));
    }
    if let Some(most) = max_auth_age {
        let date = |name| claims.get(name).and_then(Value::as_number).and_then(Time::from_numeric_date);
        let age = date("iat").zip(date("auth_time")).map(|(issued, asked)| issued.since(asked));
        if age.is_none_or(|age| age > most) {
            return Err(rejected("the provider did not ask the person anew, as `max_age` wants it").about("auth_time"));
        }
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

    #[test]
    fn attack_24_nobody_is_sent_to_a_stranger_after_a_login() {
        let origin = "https://page.example";
        for (url, path) in [
            ("https://page.example/", Some("/")),
            ("https://page.example/inbox?a=1#b", Some("/inbox?a=1#b")),
            ("https://page.example/a//b", Some("/a//b")),
            ("https://page.example//evil.example/", None),
            ("https://page.example", None),
            ("https://page.example.evil.example/", None),
            ("https://page.example:8443/", None),
            ("https://page.example@evil.example/", None),
            ("https://user@page.example/", None),
            ("http://page.example/", None),
            ("https://evil.example/?https://page.example/", None),
            ("javascript:alert(1)", None),
            ("", None),
        ] {
            let found = return_path(url, origin);
            assert_eq!(found.as_ref().ok().copied(), path, "{url}");
            if let Err(error) = found {
                assert_eq!((error.code(), error.subject()), (Code::Config, Some("returnTo")), "{url}");
            }
        }
        // An app's own scheme has no origin that a page could be of.
        assert!(return_path("com.example.app:/inbox", "null").is_err());
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
            assert_eq!(check_claims(claims, "c", "n", None).is_ok(), good, "{claims}");
        }
    }

    #[test]
    fn whoever_was_asked_too_long_ago_is_not_logged_in() {
        for (times, good) in [
            (r#""iat":1000,"auth_time":940"#, true),
            (r#""iat":1000,"auth_time":939"#, false),
            (r#""iat":1000,"auth_time":1001"#, true),
            (r#""iat":1000"#, false),
            (r#""auth_time":1000"#, false),
            (r#""iat":1000,"auth_time":"940""#, false),
        ] {
            let claims = format!(r#"{{"nonce":"n","aud":"c",{times}}}"#);
            let checked = check_claims(&claims, "c", "n", Some(Span::from_secs(60)));
            assert_eq!(checked.is_ok(), good, "{times}");
            assert_eq!(checked.err().as_ref().and_then(Error::subject), (!good).then_some("auth_time"));
            assert!(check_claims(&claims, "c", "n", None).is_ok());
        }
    }
}
