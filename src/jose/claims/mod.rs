//! Claims (RFC 7519 §4, RFC 9068 §2.2): what a provider's tokens must say.
//!
//! The check runs before the signature's result is known, and its outcome stays closed up until then
//! ([`super::verify`]), so that nobody can learn from the order of errors what a token would be good for.

mod principal;
mod scopes;
#[cfg(test)]
mod tests;
mod times;
mod values;

use std::borrow::Cow;

pub use scopes::{missing_scopes, missing_scopes_error};
pub use times::Window;

use self::{
    principal::{labels, principal_id, subject_is_a_name},
    scopes::{missing_with_hint, scopes},
    times::times,
    values::{lookup, missing, said, same, says_something, string},
};
use super::provider::Provider;
use crate::{
    error::{shown, Code, Error},
    json::{Object, Value},
    time::{Span, Time},
};

/// What the claims say, if their signature holds.
#[derive(Debug)]
pub struct Candidate<'c> {
    /// The principal's id.
    pub subject: &'c str,
    /// The principal's labels: name and value.
    pub labels: Vec<(&'c str, Cow<'c, str>)>,
    /// The granted scopes, each once.
    pub scopes: Vec<&'c str>,
    /// When the token is good, tolerance included.
    pub window: Window,
    /// The instant that the token itself names as its end.
    pub expires_at: Time,
    /// Whether it lives for more than an hour.
    pub is_long_lived: bool,
}

/// Checks all that the provider's configuration asks for, and takes out what the rest of the program needs.
///
/// # Errors
/// `ERR_TOKEN_CLAIM`, `ERR_TOKEN_AUDIENCE`, `ERR_TOKEN_EXPIRED`, `ERR_TOKEN_NOT_YET_VALID`, `ERR_TOKEN_SCOPE`.
pub fn check<'c>(
    provider: &'c Provider,
    claims: &'c Object<'_>,
    tolerance: Span,
    now: Time,
) -> Result<Candidate<'c>, Error> {
    // RFC 7800: a token bound to a key is worth nothing without a proof of that key, and a bearer has none. An empty binding is
    // no less one.
    if claims.get("cnf").is_some() {
        return Err(Error::new(
            Code::TokenClaim,
            "the token is bound to a key (`cnf`) and can't be used as a bearer token: ask the provider for one that isn't",
        )
        .about("cnf"));
    }
    string(claims, "jti")?;
    subject_is_a_name(provider, claims)?;
    for name in provider.mandatory_claims() {
        if said(claims, name).is_none() {
            return Err(missing(name, name != "sub"));
        }
    }
    audience(provider, claims)?;
    let (window, expires_at, is_long_lived) = times(provider, claims, tolerance)?;
    window.check(now)?;
    required_claims(provider, claims)?;
    let scopes = scopes(provider, claims)?;
    let missing = missing_scopes(&scopes, provider.required_scopes.iter().map(String::as_str));
    if !missing.is_empty() {
        return Err(missing_with_hint(provider, &missing, claims, scopes.is_empty()));
    }
    let subject = principal_id(provider, claims)?;
    Ok(Candidate { subject, labels: labels(provider, claims), scopes, window, expires_at, is_long_lived })
}

fn audience(provider: &Provider, claims: &Object<'_>) -> Result<(), Error> {
    let wrong_type =
        || Error::new(Code::TokenAudience, "the claim `aud` is not a string or a list of strings").about("aud");
    let named: &[Value<'_>] = match said(claims, "aud") {
        None => &[],
        Some(one @ Value::String(_)) => std::slice::from_ref(one),
        Some(Value::Array(several)) => several,
        Some(_) => return Err(wrong_type()),
    };
    if !named.iter().all(|name| matches!(name, Value::String(_))) {
        return Err(wrong_type());
    }
    let Some(audiences) = &provider.audiences else { return Ok(()) };
    let named = named.iter().filter_map(Value::as_str);
    if named.clone().any(|name| audiences.iter().any(|audience| audience == name)) {
        return Ok(());
    }
    Err(other_audience(provider, &named.collect::<Vec<_>>(), audiences))
}

#[cold]
#[inline(never)]
fn other_audience(provider: &Provider, named: &[&str], audiences: &[String]) -> Error {
    let message = if named.is_empty() {
        "the token names no audience: ask the provider for one; where it never sends `aud` (Cognito), set `audience: null` \
         and fix another claim with `requiredClaims`, such as `client_id`"
            .to_owned()
    } else {
        format!(
            "the token is meant for \"{}\", and the provider \"{}\" is configured for \"{}\"",
            shown(&named.join("\", \"")),
            shown(&provider.name),
            shown(&audiences.join("\", \""))
        )
    };
    Error::new(Code::TokenAudience, message).about("aud")
}

fn required_claims(provider: &Provider, claims: &Object<'_>) -> Result<(), Error> {
    for required in &provider.required_claims {
        let value = lookup(claims, &required.name).ok_or_else(|| missing(&required.name, false))?;
        if !says_something(&value) && !required.values.iter().any(|wanted| same(value, wanted)) {
            return Err(missing(&required.name, false));
        }
        // A claim that is a list holds a required value if one of its items is that value.
        let fits = |wanted: &Value<'_>| {
            same(value, wanted) || value.as_array().is_some_and(|items| items.iter().any(|item| same(item, wanted)))
        };
        if !required.values.is_empty() && !required.values.iter().any(fits) {
            return Err(Error::new(
                Code::TokenClaim,
                format!("the claim `{}` has none of the values that `requiredClaims` allows", shown(&required.name)),
            )
            .about(required.name.clone()));
        }
    }
    Ok(())
}
