//! The answer to a login: who answered what.

use super::rejected;
use crate::{
    error::{shown, Code, Error, Fact},
    secret::Secret,
    token::{denial::error_name, metadata::Endpoints},
};

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
            message.push_str(hint(&error));
            let rejected = Error::new(Code::LoginRejected, message).with("error", Fact::Text(error.clone()));
            return Err(rejected.about(error));
        }
        match self.code {
            Some(code) => Ok(Secret::new(code)),
            None => Err(rejected("the URL is not the answer to a login: it has no `code`")),
        }
    }
}

/// What to do about the provider's "no".
fn hint(error: &str) -> &'static str {
    match error {
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            ": somebody has to be asked, which `prompt` \"none\" forbids. Begin a login without it"
        }
        "invalid_scope" => ": may this client ask for that scope?",
        "unauthorized_client" => ": may this client log people in, and is its `redirectUri` registered?",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
