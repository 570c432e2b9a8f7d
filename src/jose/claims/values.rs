//! Reading one claim: what it says, and what is wrong with it.

use crate::{
    error::{shown, Code, Error},
    json::{Object, Value},
    time::Time,
};

pub(super) fn date(claims: &Object<'_>, name: &'static str) -> Result<Option<Time>, Error> {
    let Some(value) = said(claims, name) else { return Ok(None) };
    let Some(number) = value.as_number() else { return Err(wrong_type(name, value, "a number of seconds")) };
    Time::from_numeric_date(number).map(Some).ok_or_else(|| {
        Error::new(Code::TokenClaim, format!("the claim `{name}` is out of range: it counts seconds since 1970"))
            .about(name)
    })
}

pub(super) fn string<'c>(claims: &'c Object<'_>, name: &str) -> Result<Option<&'c str>, Error> {
    match said(claims, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_ref())),
        Some(other) => Err(wrong_type(name, other, "a string")),
    }
}

/// A claim by its name, unless nothing is said by it: issuers write claims that they leave out as null, as an empty text or as
/// an empty list.
pub(super) fn said<'c, 't>(claims: &'c Object<'t>, name: &str) -> Option<&'c Value<'t>> {
    claims.get(name).filter(says_something)
}

pub(super) fn says_something(value: &&Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

/// Equality as JavaScript sees it: `1` and `1.0` are the same number.
pub(super) fn same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

/// A claim by its name; a name that starts with a slash is a path (`/realm_access/roles`).
pub(super) fn lookup<'c, 't>(claims: &'c Object<'t>, name: &str) -> Option<&'c Value<'t>> {
    let Some(path) = name.strip_prefix('/') else { return claims.get(name) };
    let mut names = path.split('/');
    let first = claims.get(names.next()?)?;
    names.try_fold(first, |value, name| value.as_object()?.get(name))
}

#[cold]
#[inline(never)]
pub(super) fn missing(name: &str, by_default: bool) -> Error {
    let fix = if by_default { "; if the provider never sends it, name it in `optionalClaims`" } else { "" };
    Error::new(Code::TokenClaim, format!("the token lacks the claim `{}`{fix}", shown(name))).about(name.to_owned())
}

#[cold]
#[inline(never)]
pub(super) fn wrong_type(name: &str, value: &Value<'_>, wanted: &str) -> Error {
    Error::new(Code::TokenClaim, format!("the claim `{}` is {}, not {wanted}", shown(name), value.kind()))
        .about(name.to_owned())
}
