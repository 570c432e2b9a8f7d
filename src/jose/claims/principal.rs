//! Who the token speaks for: the principal's id and its labels.

use std::borrow::Cow;

use super::values::{lookup, missing, said, says_something, string, wrong_type};
use crate::{
    error::{shown, Code, Error},
    jose::provider::Provider,
    json::{Number, Object, Value},
};

/// The longest principal id or label that is taken over, in bytes.
const MAX_ID: usize = 1024;

/// `sub` is a string (RFC 7519 §4.1.2). Some issuers number their users: that will do where another claim is the principal.
pub(super) fn subject_is_a_name(provider: &Provider, claims: &Object<'_>) -> Result<(), Error> {
    let is_whole = |number: &Number<'_>| number.as_f64().fract() == 0.0;
    let names_principal = provider.principal_claims.iter().any(|name| name == "sub");
    match said(claims, "sub") {
        Some(Value::Number(number)) if is_whole(number) && !names_principal => Ok(()),
        Some(number @ Value::Number(_)) => Err(wrong_type(
            "sub",
            number,
            "a string; where the issuer numbers its users, name another claim in `principalClaim`",
        )),
        _ => string(claims, "sub").map(drop),
    }
}

/// The first of the principal's claims that is there and not empty. One that is there and can't be an id is no reason to take
/// the next: then it would be up to the token whose id it is.
pub(super) fn principal_id<'c>(provider: &'c Provider, claims: &'c Object<'_>) -> Result<&'c str, Error> {
    let found = |name: &'c String| Some((name, lookup(claims, name).filter(says_something)?));
    match provider.principal_claims.iter().find_map(found) {
        Some((name, Value::String(id))) if id.trim().is_empty() => {
            Err(Error::new(Code::TokenClaim, format!("the claim `{}` is blank, and names nobody", shown(name)))
                .about(name.clone()))
        }
        Some((_, Value::String(id))) if id.len() <= MAX_ID => Ok(id),
        Some((name, Value::String(_))) => {
            Err(Error::new(Code::TokenClaim, format!("the claim `{}` is over 1 kB", shown(name))).about(name.clone()))
        }
        Some((name, other)) => Err(wrong_type(name, other, "a string")),
        None => {
            let first = provider.principal_claims.first().cloned().unwrap_or_default();
            Err(missing(&provider.principal_claims.join("` or `"), false).about(first))
        }
    }
}

pub(super) fn labels<'c>(provider: &'c Provider, claims: &'c Object<'_>) -> Vec<(&'c str, Cow<'c, str>)> {
    let text = |value: &'c Value<'_>| match value {
        Value::String(text) if text.len() <= MAX_ID => Some(Cow::Borrowed(text.as_ref())),
        Value::Number(number) => Some(Cow::Borrowed(number.text())),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        _ => None,
    };
    let label = |(label, claim): &'c (String, String)| {
        Some((label.as_str(), text(lookup(claims, claim).filter(says_something)?)?))
    };
    provider.label_claims.iter().filter_map(label).collect()
}
