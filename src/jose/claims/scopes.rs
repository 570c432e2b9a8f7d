//! What a token allows: the scopes that it has, and those that it lacks.

use super::values::{lookup, says_something, wrong_type};
use crate::{
    error::{shown, Code, Error},
    jose::provider::Provider,
    json::{Object, Value},
};

/// Which of `wanted` is not among `granted`.
pub fn missing_scopes<'w>(granted: &[&str], wanted: impl Iterator<Item = &'w str>) -> Vec<&'w str> {
    wanted.filter(|scope| !granted.contains(scope)).collect()
}

/// The refusal of a token that lacks these scopes.
#[cold]
#[inline(never)]
pub fn missing_scopes_error(missing: &[&str]) -> Error {
    let missing = missing.join(" ");
    Error::new(Code::TokenScope, format!("the token lacks the scope {}", shown(&missing))).about(missing)
}

/// The scopes of all scope claims together, in their order, each once.
pub(super) fn scopes<'c>(provider: &Provider, claims: &'c Object<'_>) -> Result<Vec<&'c str>, Error> {
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
pub(super) fn missing_with_hint(provider: &Provider, missing: &[&str], claims: &Object<'_>, none_found: bool) -> Error {
    let other =
        |name: &&str| lookup(claims, name).is_some() && !provider.scope_claims.iter().any(|known| known == name);
    let elsewhere = ELSEWHERE.into_iter().find(other);
    if !none_found && elsewhere.is_none() {
        return missing_scopes_error(missing);
    }
    let missing = missing.join(" ");
    let mut message = format!("the token lacks the scope {}", shown(&missing));
    if none_found {
        message.push_str(": it has no scope claim");
    }
    message.push_str("; if the provider puts scopes elsewhere, name the claim in `scopeClaims` (");
    match elsewhere {
        Some(name) => message.push_str(&format!("such as \"{name}\", which the token has)")),
        None => {
            let seen: Vec<_> = claims.iter().map(|(name, _)| name).collect();
            message.push_str(&format!("claims seen: {})", shown(&seen.join(", "))));
        }
    }
    Error::new(Code::TokenScope, message).about(missing)
}
