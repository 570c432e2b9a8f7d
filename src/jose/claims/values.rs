//! Reading one claim: what it says, and what is wrong with it. And those that say when a token is good (RFC 7519 §4.1.4 to
//! §4.1.6), and how long it may live.

use crate::{
    error::{shown, Code, Error},
    jose::provider::Provider,
    json::{Object, Value},
    time::{Span, Time},
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

/// From here on several integers are one double: 2^53.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// Equality: `1` and `1.0` are the same number. Where a double can't tell integers apart, the text decides.
pub(super) fn same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(two)) if one.as_f64().abs() < INEXACT => one.as_f64() == two.as_f64(),
        _ => one == other,
    }
}

/// A claim by its name; a name that starts with a slash is a path (`/realm_access/roles`).
pub(crate) fn lookup<'c, 't>(claims: &'c Object<'t>, name: &str) -> Option<&'c Value<'t>> {
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

/// A lifetime above this is worth a warning in the audit log.
const LONG_LIFETIME: Span = Span::from_secs(3600);

/// The time in which a token is good, clock tolerance included.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    opens: Time,
    closes: Time,
}

impl Window {
    /// Whether the token is good now.
    ///
    /// # Errors
    /// `ERR_TOKEN_EXPIRED`, `ERR_TOKEN_NOT_YET_VALID`.
    pub fn check(self, now: Time) -> Result<(), Error> {
        if now >= self.closes {
            return Err(Error::new(Code::TokenExpired, "the token has expired").about("exp"));
        }
        if now < self.opens {
            let wait = self.opens.since(now);
            return Err(Error::new(
                Code::TokenNotYetValid,
                "the token is not valid yet (`nbf` or `iat` lies in the future): compare the clocks of both machines",
            )
            .about("nbf")
            .retry_after(wait));
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) const fn for_tests(closes: Time) -> Self {
        Self { opens: Time::EPOCH, closes }
    }

    /// When it ends.
    pub const fn closes(self) -> Time {
        self.closes
    }
}

pub(super) fn times(provider: &Provider, claims: &Object<'_>, tolerance: Span) -> Result<(Window, Time, bool), Error> {
    let (expiry, issued, not_before) = (date(claims, "exp")?, date(claims, "iat")?, date(claims, "nbf")?);
    let aged = match (provider.max_token_age, issued) {
        (Some(age), Some(issued)) => Some(issued.plus(age)),
        (Some(_), None) => return Err(missing("iat", false)),
        (None, _) => None,
    };
    // The configuration makes sure that a token without `exp` has an age that ends it.
    let expires_at = match (expiry, aged) {
        (Some(expiry), Some(aged)) => expiry.min(aged),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => return Err(missing("exp", false)),
    };
    let lifetime = issued.map(|issued| expires_at.since(issued));
    if let (Some(longest), Some(lifetime)) = (provider.max_lifetime, lifetime) {
        if lifetime > longest {
            return Err(
                Error::new(Code::TokenClaim, "the token lives for longer than `maxLifetimeSec` allows").about("exp")
            );
        }
    }
    if provider.max_lifetime.is_some() && lifetime.is_none() {
        return Err(missing("iat", false));
    }
    let opens = [issued, not_before].into_iter().flatten().max().map_or(Time::EPOCH, |t| t.minus(tolerance));
    Ok((Window { opens, closes: expires_at.plus(tolerance) }, expires_at, lifetime.is_some_and(|l| l > LONG_LIFETIME)))
}
