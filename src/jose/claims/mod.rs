//! Claims (RFC 7519 §4, RFC 9068 §2.2): what a provider's tokens must say.
//!
//! The check runs before the signature's result is known, and its outcome stays closed up until then
//! ([`super::verify`]), so that nobody can learn from the order of errors what a token would be good for.

#[cfg(test)]
mod tests;
mod values;

use std::borrow::Cow;

pub(crate) use values::lookup;
pub use values::Window;

use self::values::{missing, said, same, says_something, string, times, wrong_type};
use super::provider::Provider;
use crate::{
    error::{shown, Code, Error},
    json::{Number, Object, Value},
    text::joined,
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
            shown(&joined(named.iter().copied(), "\", \"")),
            shown(&provider.name),
            shown(&joined(audiences.iter().map(String::as_str), "\", \""))
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

/// The longest principal id or label that is taken over, in bytes.
const MAX_ID: usize = 1024;

/// `sub` is a string (RFC 7519 §4.1.2). Some issuers number their users: that will do where another claim is the principal.
fn subject_is_a_name(provider: &Provider, claims: &Object<'_>) -> Result<(), Error> {
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
fn principal_id<'c>(provider: &'c Provider, claims: &'c Object<'_>) -> Result<&'c str, Error> {
    let found = |name: &'c String| Some((name, lookup(claims, name).filter(says_something)?));
    match provider.principal_claims.iter().find_map(found) {
        Some((name, Value::String(id))) if id.chars().all(char::is_whitespace) => {
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
            Err(missing(&joined(provider.principal_claims.iter().map(String::as_str), "` or `"), false).about(first))
        }
    }
}

fn labels<'c>(provider: &'c Provider, claims: &'c Object<'_>) -> Vec<(&'c str, Cow<'c, str>)> {
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

/// Which of `wanted` is not among `granted`.
pub fn missing_scopes<'w>(granted: &[&str], wanted: impl Iterator<Item = &'w str>) -> Vec<&'w str> {
    missing_of(granted, &mut { wanted })
}

// Once for every kind of list.
fn missing_of<'w>(granted: &[&str], wanted: &mut dyn Iterator<Item = &'w str>) -> Vec<&'w str> {
    wanted.filter(|scope| !granted.contains(scope)).collect()
}

/// The refusal of a token that lacks these scopes.
#[cold]
#[inline(never)]
pub fn missing_scopes_error(missing: &[&str]) -> Error {
    let missing = joined(missing.iter().copied(), " ");
    Error::new(Code::TokenScope, format!("the token lacks the scope {}", shown(&missing))).about(missing)
}

/// The scopes of all scope claims together, in their order, each once.
fn scopes<'c>(provider: &Provider, claims: &'c Object<'_>) -> Result<Vec<&'c str>, Error> {
    let mut scopes: Vec<&str> = Vec::new();
    let mut add = |scope: &'c str| {
        if !scope.is_empty() && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    };
    for name in &provider.scope_claims {
        let Some(value) = lookup(claims, name).filter(says_something) else { continue };
        let wrong = || wrong_type(name, value, "a string or a list of strings");
        match value {
            Value::String(text) => text.split(' ').for_each(&mut add),
            Value::Array(items) => items.iter().try_for_each(|item| item.as_str().map(&mut add)).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        }
    }
    Ok(scopes)
}

/// Where some providers put what others call scopes, by the name that `scopeClaims` has for it.
const ELSEWHERE: [&str; 5] = ["scope", "scp", "permissions", "roles", "/realm_access/roles"];

#[cold]
#[inline(never)]
fn missing_with_hint(provider: &Provider, missing: &[&str], claims: &Object<'_>, none_found: bool) -> Error {
    let other =
        |name: &&str| lookup(claims, name).is_some() && !provider.scope_claims.iter().any(|known| known == name);
    let elsewhere = ELSEWHERE.into_iter().find(other);
    if !none_found && elsewhere.is_none() {
        return missing_scopes_error(missing);
    }
    let missing = joined(missing.iter().copied(), " ");
    let mut message = format!("the token lacks the scope {}", shown(&missing));
    if none_found {
        message.push_str(": it has no scope claim");
    }
    message.push_str("; if the provider puts scopes elsewhere, name the claim in `scopeClaims` (");
    match elsewhere {
        Some(name) => message.push_str(&format!("such as \"{name}\", which the token has)")),
        None => {
            let seen = claims.iter().map(|(name, _)| name);
            message.push_str(&format!("claims seen: {})", shown(&joined(seen, ", "))));
        }
    }
    Error::new(Code::TokenScope, message).about(missing)
}
