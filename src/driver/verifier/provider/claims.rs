//! Claims that a provider's tokens must have, and those that they need not have.

use std::fmt;

use super::Provider;
use crate::json;

impl Provider {
    /// A claim that every token needs beside `iss`, `exp`, `iat`, `aud` and `sub`, whatever it says. A name that begins with a slash is
    /// a path.
    pub fn required_claim(mut self, claim: impl AsRef<str>) -> Self {
        self.draft.add_member("requiredClaims", claim.as_ref(), "[]".to_owned());
        self
    }

    /// A claim that every token needs, with this value. A claim that is a list has it if one of its items is that value.
    pub fn required_claim_value(self, claim: impl AsRef<str>, value: impl Into<ClaimValue>) -> Self {
        self.required_claim_values(claim, [value])
    }

    /// A claim that every token needs, with one of these values.
    pub fn required_claim_values(
        mut self,
        claim: impl AsRef<str>,
        values: impl IntoIterator<Item = impl Into<ClaimValue>>,
    ) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.into().0).collect();
        // To the core no value means any: a list that turned out empty must not.
        if values.is_empty() {
            let what = format!(
                "has no value for `{}`: where any will do, it is `required_claim`",
                crate::error::shown(claim.as_ref())
            );
            self.draft.refuse("requiredClaims", what);
        }
        self.draft.add_member("requiredClaims", claim.as_ref(), json::list(&values));
        self
    }

    /// Takes claims away from those that every token needs: `iat`; `exp`, if [`max_token_age`](Self::max_token_age) ends such tokens;
    /// `sub`, if [`principal_claim`](Self::principal_claim) names another.
    pub fn optional_claims(mut self, claims: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.draft.add_texts("optionalClaims", claims);
        self
    }
}

/// A value that a claim must have: a text, a number or a boolean.
///
/// ```
/// use arcgate::{verifier::ClaimValue, Provider};
///
/// let provider = Provider::discovery("https://issuer.example")
///     .audience("https://api.example")
///     .required_claim_value("email_verified", true)
///     .required_claim_values("azp", ["https://shop.example", "https://desk.example"]);
/// # let _: (Provider, ClaimValue) = (provider, 7.into());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimValue(String);

impl fmt::Debug for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ClaimValue {
    fn from(text: &str) -> Self {
        Self(json::string(text))
    }
}

impl From<String> for ClaimValue {
    fn from(text: String) -> Self {
        Self(json::string(&text))
    }
}

impl From<bool> for ClaimValue {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

impl From<i64> for ClaimValue {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<u64> for ClaimValue {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl From<i32> for ClaimValue {
    fn from(number: i32) -> Self {
        Self(number.to_string())
    }
}

impl From<u32> for ClaimValue {
    fn from(number: u32) -> Self {
        Self(number.to_string())
    }
}
