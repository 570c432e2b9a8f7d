//! Claims (RFC 7519 §4, RFC 9068 §2.2): what a provider's tokens must say.
//!
//! The check runs before the signature's result is known, and its outcome stays closed up until then
//! ([`super::verify`]), so that nobody can learn from the order of errors what a token would be good for.

use std::borrow::Cow;

use super::provider::Provider;
use crate::{
    error::{shown, Code, Error},
    json::{Number, Object, Value},
    time::{Span, Time},
};

/// The longest principal id or label that is taken over, in bytes.
const MAX_ID: usize = 1024;
/// A lifetime above this is worth a warning in the audit log.
const LONG_LIFETIME: Span = Span::from_secs(3600);

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
    let lacking = lacking(&scopes, provider.required_scopes.iter().map(String::as_str));
    if !lacking.is_empty() {
        return Err(lacking_scopes(provider, &lacking, claims, scopes.is_empty()));
    }
    let subject = principal_id(provider, claims)?;
    Ok(Candidate { subject, labels: labels(provider, claims), scopes, window, expires_at, is_long_lived })
}

/// Which of `wanted` is not among `granted`.
pub fn lacking<'w>(granted: &[&str], wanted: impl Iterator<Item = &'w str>) -> Vec<&'w str> {
    wanted.filter(|scope| !granted.contains(scope)).collect()
}

/// The refusal of a token that lacks scopes.
#[cold]
#[inline(never)]
pub fn lacking_error(lacking: &[&str]) -> Error {
    let lacking = lacking.join(" ");
    Error::new(Code::TokenScope, format!("the token lacks the scope {}", shown(&lacking))).about(lacking)
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

fn times(provider: &Provider, claims: &Object<'_>, tolerance: Span) -> Result<(Window, Time, bool), Error> {
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

fn date(claims: &Object<'_>, name: &'static str) -> Result<Option<Time>, Error> {
    let Some(value) = said(claims, name) else { return Ok(None) };
    let Some(number) = value.as_number() else { return Err(wrong_type(name, value, "a number of seconds")) };
    Time::from_numeric_date(number).map(Some).ok_or_else(|| {
        Error::new(Code::TokenClaim, format!("the claim `{name}` is out of range: it counts seconds since 1970"))
            .about(name)
    })
}

fn string<'c>(claims: &'c Object<'_>, name: &str) -> Result<Option<&'c str>, Error> {
    match said(claims, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_ref())),
        Some(other) => Err(wrong_type(name, other, "a string")),
    }
}

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

/// A claim by its name, unless nothing is said by it: issuers write claims that they leave out as null, as an empty text or as
/// an empty list.
fn said<'c, 't>(claims: &'c Object<'t>, name: &str) -> Option<&'c Value<'t>> {
    claims.get(name).filter(says_something)
}

fn says_something(value: &&Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
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

/// Equality as JavaScript sees it: `1` and `1.0` are the same number.
fn same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
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
fn lacking_scopes(provider: &Provider, lacking: &[&str], claims: &Object<'_>, none_found: bool) -> Error {
    let other =
        |name: &&str| lookup(claims, name).is_some() && !provider.scope_claims.iter().any(|known| known == name);
    let elsewhere = ELSEWHERE.into_iter().find(other);
    if !none_found && elsewhere.is_none() {
        return lacking_error(lacking);
    }
    let lacking = lacking.join(" ");
    let mut message = format!("the token lacks the scope {}", shown(&lacking));
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
    Error::new(Code::TokenScope, message).about(lacking)
}

/// The first of the principal's claims that is there and not empty. One that is there and can't be an id is no reason to take
/// the next: then it would be up to the token whose id it is.
fn principal_id<'c>(provider: &'c Provider, claims: &'c Object<'_>) -> Result<&'c str, Error> {
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

/// A claim by its name; a name that starts with a slash is a path (`/realm_access/roles`).
fn lookup<'c, 't>(claims: &'c Object<'t>, name: &str) -> Option<&'c Value<'t>> {
    let Some(path) = name.strip_prefix('/') else { return claims.get(name) };
    let mut names = path.split('/');
    let first = claims.get(names.next()?)?;
    names.try_fold(first, |value, name| value.as_object()?.get(name))
}

#[cold]
#[inline(never)]
fn missing(name: &str, by_default: bool) -> Error {
    let fix = if by_default { "; if the provider never sends it, name it in `optionalClaims`" } else { "" };
    Error::new(Code::TokenClaim, format!("the token lacks the claim `{}`{fix}", shown(name))).about(name.to_owned())
}

#[cold]
#[inline(never)]
fn wrong_type(name: &str, value: &Value<'_>, wanted: &str) -> Error {
    Error::new(Code::TokenClaim, format!("the claim `{}` is {}, not {wanted}", shown(name), value.kind()))
        .about(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    /// Why a token with these claims lacks the scope `a`.
    fn why_lacking(options: &str, claims: &str) -> String {
        let options = format!(r#"{{"issuer":"https://i.example","audience":null,"requiredScopes":["a"]{options}}}"#);
        let provider = Provider::from_options(
            "p",
            &json::parse_object(options.as_bytes()).unwrap(),
            None,
            &crate::jose::url::PlainHosts::default(),
        )
        .unwrap();
        let claims = format!(r#"{{"iss":"https://i.example","sub":"s","iat":0,"exp":100{claims}}}"#);
        let claims = json::parse_object(claims.as_bytes()).unwrap();
        let error = check(&provider, &claims, Span::from_secs(0), Time::EPOCH).unwrap_err();
        assert_eq!((error.code(), error.subject()), (Code::TokenScope, Some("a")));
        error.message().to_owned()
    }

    #[test]
    fn a_lacking_scope_names_the_claim_that_may_hold_it() {
        assert_eq!(why_lacking("", r#","scope":"b""#), "the token lacks the scope a");
        assert!(
            why_lacking("", "").contains("no scope claim; ") && why_lacking("", "").contains("claims seen: iss, sub")
        );
        for (claims, name) in [
            (r#","permissions":["a"]"#, "\"permissions\""),
            (r#","scope":"email","roles":["a"]"#, "\"roles\""),
            (r#","scope":"email","realm_access":{"roles":["a"]}"#, "\"/realm_access/roles\""),
        ] {
            let message = why_lacking("", claims);
            assert!(message.contains("`scopeClaims`") && message.contains(name), "{message}");
        }
        assert_eq!(why_lacking(r#","scopeClaims":["roles"]"#, r#","roles":["b"]"#), "the token lacks the scope a");
    }

    #[test]
    fn what_says_nothing_is_no_label_and_a_blank_name_is_nobody() {
        let options = r#"{"issuer":"https://i.example","audience":null,"principalClaim":["oid","sub"],"labelClaims":{"a":"a","b":"b","c":"c"}}"#;
        let options = json::parse_object(options.as_bytes()).unwrap();
        let provider = Provider::from_options("p", &options, None, &crate::jose::url::PlainHosts::default()).unwrap();
        let of = |more: &str| {
            let claims = format!(r#"{{"iss":"https://i.example","sub":"s","iat":0,"exp":100{more}}}"#);
            let claims = json::parse_object(claims.as_bytes()).unwrap();
            let candidate = check(&provider, &claims, Span::from_secs(0), Time::EPOCH)?;
            let labels = candidate.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
            Ok::<_, Error>((candidate.subject.to_owned(), labels.join(",")))
        };
        assert_eq!(of(r#","oid":"","a":"","b":null,"c":"x""#).unwrap(), ("s".into(), "c=x".into()));
        for blank in [r#"" ""#, r#""\t\n""#, r#""\u00a0\u3000""#] {
            let error = of(&format!(r#","oid":{blank}"#)).unwrap_err();
            assert_eq!((error.code(), error.subject()), (Code::TokenClaim, Some("oid")), "{blank}");
        }
        // The subject is a claim's name, and the message says which others would do.
        let options =
            r#"{"issuer":"https://i.example","audience":null,"principalClaim":["oid","sub"],"optionalClaims":["sub"]}"#;
        let options = json::parse_object(options.as_bytes()).unwrap();
        let provider = Provider::from_options("p", &options, None, &crate::jose::url::PlainHosts::default()).unwrap();
        let claims = json::parse_object(br#"{"iss":"https://i.example","iat":0,"exp":100}"#).unwrap();
        let error = check(&provider, &claims, Span::from_secs(0), Time::EPOCH).unwrap_err();
        assert_eq!(error.subject(), Some("oid"));
        assert!(error.message().contains("`oid` or `sub`"), "{error}");
    }
}
