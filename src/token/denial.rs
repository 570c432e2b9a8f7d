//! How a token endpoint says no: RFC 6749 §5.2, and the forms that there are beside it.

use crate::{
    error::{Code, Error},
    json::{self, Object, Value},
    text,
};

/// Numbers of one refusal that are told.
const MAX_CODES: usize = 8;
/// What stands for a name that is none.
const UNNAMED: &str = "unnamed";

/// How an endpoint says no (§5.2), as far as it does so in a form that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denial {
    /// The error's name.
    pub name: Option<String>,
    /// The provider's own numbers for it (`AADSTS700082`), as text.
    pub codes: Vec<String>,
}

impl Denial {
    /// Reads the body of an answer whose status says no, whatever it is.
    pub fn of(body: &[u8]) -> Self {
        let value = json::provided(body).ok();
        value.as_ref().and_then(Value::as_object).map_or_else(Self::default, Self::read)
    }

    /// Reads an answer that has an `error`.
    pub fn read(answer: &Object<'_>) -> Self {
        let (name, inner) = match answer.get("error") {
            Some(Value::String(name)) => (Some(error_name(name)), None),
            // Google's own form, which Firebase has.
            Some(Value::Object(error)) => (object_name(error), Some(error)),
            _ => (None, None),
        };
        let mut codes = Vec::new();
        for text in [answer.get("error_description"), inner.and_then(|error| error.get("message"))] {
            codes.extend(text.and_then(Value::as_str).and_then(numbered));
        }
        let numbers = answer.get("error_codes").and_then(Value::as_array).unwrap_or_default();
        let code = inner.and_then(|error| error.get("code"));
        for number in numbers.iter().chain(code).filter_map(Value::as_number).map(json::Number::as_f64) {
            let is_known = |text: &String| text.ends_with(&whole(number).unwrap_or_default());
            match whole(number) {
                Some(text) if codes.len() < MAX_CODES && !codes.iter().any(is_known) => codes.push(text),
                _ => {}
            }
        }
        Self { name, codes }
    }
}

/// `TOKEN_EXPIRED`, or the more general names that stand beside it.
fn object_name(error: &Object<'_>) -> Option<String> {
    ["message", "status", "type", "code"].iter().find_map(|member| {
        let text = error.get(member)?.as_str()?;
        // Firebase puts words behind some: "INVALID_REFRESH_TOKEN : …".
        let name = text.split([' ', ':']).next().unwrap_or_default();
        let is_name = (2..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let is_plain = error_name(text) != UNNAMED;
        if is_name {
            Some(name.to_owned())
        } else {
            is_plain.then(|| text.to_owned())
        }
    })
}

/// The number that Entra begins a description with. Nothing else of a description is taken over: some repeat the token in it.
fn numbered(description: &str) -> Option<String> {
    const PREFIX: &str = "AADSTS";
    let rest = &description[text::find(description, PREFIX)? + PREFIX.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (1..=10).contains(&digits).then(|| PREFIX.to_owned() + &rest[..digits])
}

fn whole(number: f64) -> Option<String> {
    ((0.0..1e10).contains(&number) && number.fract() == 0.0).then(|| (number as u64).to_string())
}

/// The name of an error if it looks like one; what looks otherwise could be anything, a secret too.
pub fn error_name(name: &str) -> String {
    let is_name =
        !name.is_empty() && name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_name { name } else { UNNAMED }.to_owned()
}

/// What an error of a user's function that gives tokens means: its name, and whether it says of itself that no retry mends it.
/// Libraries that log people in name theirs as OAuth and OpenID Connect do.
pub fn source_failure(who: &str, name: &str, is_permanent: bool) -> Error {
    const NO: [&str; 13] = [
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_scope",
        "login_required",
        "mfa_required",
        "missing_refresh_token",
        "no_account_error",
        "no_tokens_found",
        "unauthorized_client",
    ];
    match NO.into_iter().find(|known| *known == name) {
        Some(name) => Error::new(Code::RefreshRejected, format!("{who} failed: {name}")).about(name),
        None if is_permanent => {
            Error::new(Code::RefreshRejected, format!("{who} failed, and says that no retry mends it"))
        }
        None => Error::new(Code::RefreshUnavailable, format!("{who} failed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_25_an_error_has_its_name_only_if_that_is_one() {
        for (body, name, codes) in [
            (r#"{"error":"invalid_grant","error_description":"secret"}"#, Some("invalid_grant"), ""),
            (r#"{"error":"invalid_client"}"#, Some("invalid_client"), ""),
            (r#"{"error":"bad_refresh_token"}"#, Some("bad_refresh_token"), ""),
            (r#"{"error":"eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}"#, Some("unnamed"), ""),
            (r#"{"error":""}"#, Some("unnamed"), ""),
            // Entra.
            (
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret hunter2","error_codes":[7000215,90002]}"#,
                Some("invalid_client"),
                "AADSTS7000215 90002",
            ),
            (r#"{"error":"x","error_description":"AADSTS: hunter2","error_codes":[1.5,-1,1e99,"7"]}"#, Some("x"), ""),
            // Firebase.
            (
                r#"{"error":{"code":400,"message":"TOKEN_EXPIRED","status":"INVALID_ARGUMENT"}}"#,
                Some("TOKEN_EXPIRED"),
                "400",
            ),
            (
                r#"{"error":{"code":400,"message":"INVALID_REFRESH_TOKEN : hunter2"}}"#,
                Some("INVALID_REFRESH_TOKEN"),
                "400",
            ),
            (r#"{"error":{"message":"hunter2 is wrong","status":"PERMISSION_DENIED"}}"#, Some("PERMISSION_DENIED"), ""),
            (r#"{"error":{"message":"hunter2"}}"#, None, ""),
            (r#"{"error":["x"]}"#, None, ""),
            ("<html>", None, ""),
            ("", None, ""),
        ] {
            let denial = Denial::of(body.as_bytes());
            assert_eq!((denial.name.as_deref(), denial.codes.join(" ").as_str()), (name, codes), "{body}");
        }
        let many = format!(
            r#"{{"error":"x","error_codes":[{}]}}"#,
            (100..200).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
        );
        assert_eq!(Denial::of(many.as_bytes()).codes.len(), MAX_CODES);
    }
}
