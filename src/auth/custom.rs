//! Principals that a user's own verifier hands over, made into the one form that everything behind it relies on.

use crate::{
    error::{Code, Error},
    jose::claims::missing_scopes,
    json::{self, Object, Value},
    principal::{Kind, Principal},
    text::joined,
    time::Time,
};

/// Reads `{ id, labels?, scopes?, expiresAt? }`. Where it already is a principal (a verifier that wraps another one passes
/// its principal on), kind and issuer are kept; else the kind is [`Kind::Custom`]. The key is always made anew.
///
/// # Errors
/// [`Code::Config`] when a member has the wrong type: the verifier is at fault, not the caller.
pub fn principal_from_json(text: &str) -> Result<Principal, Error> {
    let object = json::parse_object(text.as_bytes())
        .map_err(|problem| Error::new(Code::Config, format!("the principal that a verifier returned {problem}")))?;
    let id = match object.get("id").and_then(Value::as_str) {
        Some(id) if !id.trim().is_empty() => id,
        _ => return Err(wrong("id", "must be a string that is not empty or blank")),
    };
    let kind = match object.get("kind") {
        None => Kind::Custom,
        Some(kind) => kind
            .as_str()
            .and_then(Kind::from_name)
            .ok_or_else(|| wrong("kind", "must be one of jwt, static, dev, anonymous, custom, or be left out"))?,
    };
    let issuer = optional_string(&object, "issuer")?;
    if (kind == Kind::Jwt) != issuer.is_some() {
        return Err(wrong("issuer", "belongs to principals of the kind jwt, and to no other"));
    }
    let mut principal = Principal::new(kind, issuer, id).with_labels(labels(&object)?);
    if let Some(scopes) = scopes(&object)? {
        principal = principal.with_scopes(scopes);
    }
    if let Some(value) = object.get("expiresAt") {
        let expires_at = value.as_number().and_then(Time::from_numeric_date);
        principal =
            principal
                .with_expiry(expires_at.ok_or_else(|| {
                    wrong("expiresAt", "must be a NumericDate: seconds since 1970, not milliseconds")
                })?);
    }
    Ok(principal)
}

/// Whether a principal that a verifier has just returned is let in. The verifiers of this package have looked at the time
/// themselves, with their own tolerance; a user's own may not have.
///
/// # Errors
/// [`Code::TokenExpired`], and [`Code::TokenScope`] where a scope of `required` is missing.
pub fn admit(principal: &Principal, required: &[&str], now: Time) -> Result<(), Error> {
    let has_ended = principal.expires_at().is_some_and(|end| end <= now);
    if principal.kind() == Kind::Custom && has_ended {
        return Err(Error::new(Code::TokenExpired, "the verifier returned a principal that has expired"));
    }
    let granted: Vec<&str> = principal.scopes().unwrap_or_default().iter().map(String::as_str).collect();
    require_scopes(&granted, required)
}

/// The scopes that a call asks for, a list as JSON. What is no text, such as half a character, or an empty one, asks for nothing,
/// and would let in whom it should keep out.
///
/// # Errors
/// [`Code::Config`].
pub fn required_scopes(list: &str) -> Result<Vec<String>, Error> {
    let wrong = || Error::new(Code::Config, "`scopes` must be a list of texts that are not empty").about("scopes");
    let list = json::parse(list.as_bytes()).map_err(|_| wrong())?;
    let items = list.as_array().ok_or_else(wrong)?.iter();
    items.map(|item| item.as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(wrong)).collect()
}

/// Whether all scopes of `required` are granted.
///
/// # Errors
/// [`Code::TokenScope`], which is about all that are required: the caller is told them, and not which it has.
pub fn require_scopes(granted: &[&str], required: &[&str]) -> Result<(), Error> {
    let missing = missing_scopes(granted, required.iter().copied());
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("the token lacks the scope {}", joined(missing, " "));
    Err(Error::new(Code::TokenScope, message).about(joined(required.iter().copied(), " ")))
}

/// Whether a scope of `needs` is not among those that are granted: both are lists as JSON. Of what is no list of texts nobody
/// has all.
pub fn lacks_scopes(granted: &str, needs: &str) -> bool {
    let Ok(needs) = required_scopes(needs) else { return true };
    let granted = json::parse(granted.as_bytes()).ok();
    let granted: Vec<_> =
        granted.as_ref().and_then(Value::as_array).unwrap_or_default().iter().filter_map(Value::as_str).collect();
    !missing_scopes(&granted, needs.iter().map(String::as_str)).is_empty()
}

fn wrong(member: &'static str, fix: &str) -> Error {
    Error::new(Code::Config, format!("the principal that a verifier returned: {member} {fix}")).about(member)
}

fn optional_string<'o>(object: &'o Object<'_>, name: &'static str) -> Result<Option<&'o str>, Error> {
    object.get(name).map(|value| value.as_str().ok_or_else(|| wrong(name, "must be a string"))).transpose()
}

fn labels(object: &Object<'_>) -> Result<Vec<(String, String)>, Error> {
    let Some(value) = object.get("labels") else { return Ok(Vec::new()) };
    let labels = value.as_object().ok_or_else(|| wrong("labels", "must be an object of strings"))?;
    labels
        .iter()
        .map(|(name, value)| match value.as_str() {
            Some(value) => Ok((name.to_owned(), value.to_owned())),
            None => Err(wrong("labels", "must be an object of strings")),
        })
        .collect()
}

fn scopes(object: &Object<'_>) -> Result<Option<Vec<String>>, Error> {
    let Some(value) = object.get("scopes") else { return Ok(None) };
    let items = value.as_array().ok_or_else(|| wrong("scopes", "must be an array of strings"))?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong("scopes", "must be an array of strings")))
        .collect::<Result<_, _>>()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_object_becomes_a_custom_principal() {
        let principal =
            principal_from_json(r#"{"id":"a","labels":{"t":"x"},"scopes":["s"],"expiresAt":12.5,"key":"jwt|x|y"}"#)
                .unwrap();
        assert_eq!(principal.key(), "custom||a");
        assert_eq!(principal.labels(), [("t".to_owned(), "x".to_owned())]);
        assert_eq!(principal.scopes(), Some(&["s".to_owned()][..]));
        assert_eq!(principal.expires_at().unwrap().as_millis(), 12_500);
    }

    #[test]
    fn a_principal_of_a_users_own_verifier_ends_when_it_says() {
        let now = Time::from_millis(12_500.0);
        for (text, code) in [
            (r#"{"id":"a","expiresAt":12.5}"#, Some(Code::TokenExpired)),
            (r#"{"id":"a","expiresAt":12.501}"#, None),
            (r#"{"id":"a"}"#, None),
            // Its verifier has looked, and may be tolerant.
            (r#"{"id":"a","kind":"jwt","issuer":"i","expiresAt":12}"#, None),
            (r#"{"id":"a","kind":"static","expiresAt":12}"#, None),
        ] {
            let admitted = admit(&principal_from_json(text).unwrap(), &[], now);
            assert_eq!(admitted.err().map(|error| error.code()), code, "{text}");
        }
    }

    #[test]
    fn a_principal_without_a_required_scope_is_refused_and_the_missing_are_named() {
        let now = Time::from_millis(0.0);
        let some = principal_from_json(r#"{"id":"a","scopes":["read"]}"#).unwrap();
        let none = principal_from_json(r#"{"id":"a"}"#).unwrap();
        assert_eq!(admit(&some, &["read"], now), Ok(()));
        assert_eq!(admit(&none, &[], now), Ok(()));
        for (principal, missing) in [(&some, "write"), (&none, "read write")] {
            let error = admit(principal, &["read", "write"], now).unwrap_err();
            assert_eq!(error.code(), Code::TokenScope);
            assert_eq!(error.message(), format!("the token lacks the scope {missing}"));
            assert_eq!(error.subject(), Some("read write"));
        }
    }

    #[test]
    fn a_requirement_that_is_no_text_is_an_error_and_not_none() {
        assert_eq!(required_scopes(r#"["read","a b"]"#).unwrap(), ["read", "a b"]);
        for text in ["", "{}", "7", r#"["read",7]"#, r#"["read",""]"#, r#"["\ud800"]"#] {
            let error = required_scopes(text).unwrap_err();
            assert_eq!((error.code(), error.subject()), (Code::Config, Some("scopes")), "{text}");
        }
    }

    #[test]
    fn nobody_has_all_of_what_is_no_list_of_texts() {
        assert!(!lacks_scopes(r#"["read","write"]"#, r#"["read"]"#));
        assert!(!lacks_scopes("[]", "[]"));
        assert!(lacks_scopes(r#"["read"]"#, r#"["read","write"]"#));
        for needs in ["", "{}", r#"["read",7]"#, r#"["\ud800"]"#, r#"["read","\udc00"]"#] {
            assert!(lacks_scopes(r#"["read"]"#, needs), "{needs}");
        }
        for granted in ["", "7", r#"["\ud800"]"#] {
            assert!(lacks_scopes(granted, r#"["read"]"#), "{granted}");
        }
    }

    #[test]
    fn a_principal_that_is_passed_on_keeps_its_identity() {
        let text = r#"{"key":"forged","kind":"jwt","issuer":"https://i|x","id":"42"}"#;
        assert_eq!(principal_from_json(text).unwrap().key(), "jwt|https://i%7Cx|42");
    }

    #[test]
    fn a_wrong_one_is_the_verifiers_fault() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"id":""}"#,
            r#"{"id":" \t\u00a0"}"#,
            r#"{"id":7}"#,
            r#"{"id":"a","kind":"root"}"#,
            r#"{"id":"a","kind":"jwt"}"#,
            r#"{"id":"a","issuer":"i"}"#,
            r#"{"id":"a","scopes":"s"}"#,
            r#"{"id":"a","scopes":[1]}"#,
            r#"{"id":"a","labels":{"x":1}}"#,
            r#"{"id":"a","labels":[]}"#,
            r#"{"id":"a","expiresAt":"1"}"#,
            r#"{"id":"a","expiresAt":1793000000000}"#,
        ] {
            assert_eq!(principal_from_json(text).unwrap_err().code(), Code::Config, "{text}");
        }
    }
}
