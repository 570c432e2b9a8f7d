//! Claims as the program's own types.

use serde::de::DeserializeOwned;

use super::VerifiedToken;
use crate::error::{shown, Code, Error};

impl VerifiedToken {
    /// The claims as a type of the program's own, registered ones included. They have the types that the token gives them: what is there
    /// beyond the registered claims nobody has looked at before.
    ///
    /// ```
    /// # use arcgate::{Error, VerifiedToken};
    /// #[derive(serde::Deserialize)]
    /// struct Access {
    ///     sub: String,
    ///     email: Option<String>,
    ///     #[serde(default)]
    ///     roles: Vec<String>,
    /// }
    ///
    /// fn is_admin(token: &VerifiedToken) -> Result<bool, Error> {
    ///     let access: Access = token.claims()?;
    ///     Ok(access.roles.iter().any(|role| role == "admin"))
    /// }
    /// ```
    ///
    /// # Errors
    /// `ERR_TOKEN_CLAIM` where the claims don't fit the type. It names the claim, and never says what the token has there.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(self.claims_json())
    }
}

/// A value of JSON text that is known to be sound.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        misfit(&path, &error.into_inner().to_string())
    })
}

/// serde's own message quotes the value, and is looked at only for whether anything is missing: that name is the type's.
#[cold]
fn misfit(path: &str, message: &str) -> Error {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let parent = if matches!(path, "." | "?") { "" } else { path };
    let (claim, problem) = match missing {
        Some(name) => (if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }, "is missing"),
        None => (parent.to_owned(), "is not what the program's type takes it for"),
    };
    if claim.is_empty() {
        return Error::new(Code::TokenClaim, "the claims are not what the program's type takes them for");
    }
    let claim = shown(&claim);
    Error::new(Code::TokenClaim, format!("the claim `{claim}` {problem}")).about(claim)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "what is read is that it can be read")]
    struct Access {
        sub: String,
        level: Option<u8>,
        address: Option<Address>,
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "what is read is that it can be read")]
    struct Address {
        country: String,
        lines: Vec<String>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        #[default]
        Person,
        Machine,
    }

    #[test]
    fn a_misfit_names_the_claim_and_no_value() {
        for (text, subject, problem) in [
            (r#"{"level":1}"#, Some("sub"), "is missing"),
            (r#"{"sub":"a","address":{"lines":[]}}"#, Some("address.country"), "is missing"),
            (r#"{"sub":"a","address":{"country":"hunter2","lines":["b",7]}}"#, Some("address.lines[1]"), "is not what"),
            (r#"{"sub":"a","level":"hunter2"}"#, Some("level"), "is not what"),
            (r#"{"sub":"a","level":256}"#, Some("level"), "is not what"),
            (r#"{"sub":"a","kind":"hunter2"}"#, Some("kind"), "is not what"),
        ] {
            let error = read::<Access>(text).unwrap_err();
            assert_eq!((error.code(), error.subject()), (Code::TokenClaim, subject), "{error}");
            assert!(error.message().contains(problem) && !format!("{error:?}").contains("hunter2"), "{error}");
        }
        let error = read::<Vec<u8>>(r#"{"hunter2":1}"#).unwrap_err();
        assert_eq!((error.subject(), error.message().contains("hunter2")), (None, false));
        let access: Access =
            read(r#"{"sub":"a","kind":"machine","address":{"country":"b","lines":["c"]},"other":{}}"#).unwrap();
        assert!(matches!(access.kind, Kind::Machine));
    }
}
