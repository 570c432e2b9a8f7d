//! Claims as jwt-compact has them, for those who have code on its types.

use ::jwt_compact::{Claims, Empty};
use serde::de::DeserializeOwned;

use super::{typed, VerifiedToken};
use crate::{
    error::Error,
    json::{self, Members},
    time::Time,
};

/// The claims that jwt-compact has fields of its own for.
const TIMES: [&str; 3] = ["exp", "nbf", "iat"];

impl VerifiedToken {
    /// The claims as jwt-compact's: `exp`, `nbf` and `iat` in fields of its own, to the second, and all others as `T`. They hold already: its
    /// `validate_expiration` and `validate_maturity` have nothing to add.
    ///
    /// ```
    /// # use arcgate::{Error, VerifiedToken};
    /// #[derive(serde::Deserialize)]
    /// struct Custom {
    ///     sub: String,
    /// }
    ///
    /// fn subject(token: &VerifiedToken) -> Result<String, Error> {
    ///     let claims: jwt_compact::Claims<Custom> = token.to_jwt_compact()?;
    ///     Ok(claims.custom.sub)
    /// }
    /// ```
    ///
    /// # Errors
    /// `ERR_TOKEN_CLAIM` where the claims don't fit the type, as [`claims`](Self::claims) has it.
    pub fn to_jwt_compact<T: DeserializeOwned>(&self) -> Result<Claims<T>, Error> {
        read(self.claims_json())
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<Claims<T>, Error> {
    let claims = json::object_of(text).unwrap_or_default();
    let others = claims.iter().filter(|(name, _)| !TIMES.contains(name));
    let others = others.fold(Members::with_capacity(text.len()), |written, (name, value)| written.value(name, value));
    let seconds = |name| Some(Time::from_numeric_date(claims.get(name)?.as_number()?)?.as_millis() / 1000);
    let times = TIMES.into_iter().filter_map(|name| Some((name, seconds(name)?)));
    let times = times.fold(Members::new(), |written, (name, seconds)| written.integer(name, seconds));
    let times: Claims<Empty> = typed::read(&times.end())?;
    let mut all = Claims::new(typed::read(&others.end())?);
    (all.expiration, all.not_before, all.issued_at) = (times.expiration, times.not_before, times.issued_at);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    #[test]
    fn as_jwt_compact_reads_them() {
        for text in [
            r#"{"exp":1300819380,"iat":1300819000,"nbf":1300819001,"iss":"joe","http://example.com/is_root":true}"#,
            r#"{"exp":1300819380.75,"sub":"a\"b","n":1.0,"list":[1,{"a":null}]}"#,
            r#"{}"#,
        ] {
            let expected: Claims<BTreeMap<String, Value>> = serde_json::from_str(text).unwrap();
            assert_eq!(read::<BTreeMap<String, Value>>(text).unwrap(), expected, "{text}");
        }
        // What says nothing is not there; jwt-compact would refuse it.
        assert_eq!(read::<Empty>(r#"{"exp":null,"nbf":""}"#).unwrap(), Claims::empty());
    }

    #[test]
    fn a_misfit_names_the_claim() {
        #[derive(Debug, serde::Deserialize)]
        struct Custom {
            #[serde(rename = "sub")]
            _sub: u8,
        }
        assert_eq!(read::<Custom>(r#"{"sub":"hunter2"}"#).unwrap_err().subject(), Some("sub"));
    }
}
