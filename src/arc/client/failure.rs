//! What an answer that is an error means to the caller.
//!
//! Servers disagree about where an error stands and under which status it travels, so the body's own code counts first and
//! the status is what remains. The SDK's server calls every bad token -44001 and tells an expired one in the message only.

use crate::{
    arc::reply::is_name,
    error::{shown, Code},
    json::{Members, Object, Value},
    text,
};

/// What of an answer's head counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// The HTTP status; 200 for an error on a stream.
    pub status: u16,
    /// `WWW-Authenticate`
    pub challenge: Option<&'a str>,
}

/// An error that the caller gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// The peer's own code.
    pub arc_code: Option<i64>,
    /// For the developer.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Whether the request was refused for an expired token before anything was done: it may be sent once more, with another.
    pub repeat: bool,
    /// The scopes that were asked for.
    pub required_scopes: Vec<String>,
    /// The scopes that the token had.
    pub provided_scopes: Vec<String>,
}

impl Failure {
    /// Of an error object, in any of the forms that servers send: `{ code, message, details? }`, or a text.
    pub fn of_error(head: &Head<'_>, error: &Value<'_>) -> Self {
        match error.as_object() {
            Some(object) => Self::of_members(head, object),
            None => Self::new(head, None, error.as_str().unwrap_or_default()),
        }
    }

    fn of_members(head: &Head<'_>, error: &Object<'_>) -> Self {
        let member = |name| error.get(name);
        let message = member("message").and_then(Value::as_str).unwrap_or_default();
        let arc_code = member("code").and_then(Value::as_number).and_then(|number| number.as_i64());
        let mut failure = Self::new(head, arc_code, message);
        if let Some(details) = member("details").or_else(|| member("data")).and_then(Value::as_object) {
            failure.required_scopes = scopes(details, &["required_scopes", "requiredScopes", "required"]);
            failure.provided_scopes = scopes(details, &["provided_scopes", "providedScopes", "provided"]);
        }
        failure
    }

    /// Of an answer whose body says nothing.
    pub fn of_status(head: &Head<'_>) -> Self {
        Self::new(head, None, "")
    }

    /// Of an event of the name `error`, in its three forms: `{ message, code }`, `{ chatId, error: { code, message } }` and
    /// `{ error }`, where the last may be a text.
    pub fn of_event(data: &Object<'_>) -> Self {
        let head = Head { status: 200, challenge: None };
        match data.get("error") {
            None | Some(Value::Null) => Self::of_members(&head, data),
            Some(error) => Self::of_error(&head, error),
        }
    }

    /// An answer that breaks the protocol.
    pub fn protocol(message: &'static str) -> Self {
        Self { code: Code::Protocol, message: message.to_owned(), ..Self::empty() }
    }

    fn new(head: &Head<'_>, arc_code: Option<i64>, reported: &str) -> Self {
        let code = code_of(head, arc_code, reported);
        let mut message = String::new();
        match arc_code {
            Some(number) => {
                message.push_str("ARC error ");
                message.push_str(&number.to_string());
            }
            None if head.status == 200 => message.push_str("the agent ended with an error"),
            None => {
                message.push_str("the endpoint answered with the HTTP status ");
                message.push_str(&head.status.to_string());
            }
        }
        if !reported.is_empty() {
            message.push_str(": ");
            message.push_str(&shown(reported));
        }
        Self {
            code: code.unwrap_or(Code::Remote),
            arc_code,
            message,
            retryable: code.is_none() && is_retryable(head.status, arc_code),
            repeat: head.status == 401 && code == Some(Code::TokenExpired),
            ..Self::empty()
        }
    }

    const fn empty() -> Self {
        Self {
            code: Code::Remote,
            arc_code: None,
            message: String::new(),
            retryable: false,
            repeat: false,
            required_scopes: Vec::new(),
            provided_scopes: Vec::new(),
        }
    }

    /// The failure as JSON, for the driver.
    pub fn to_json(&self) -> String {
        let mut failure = Members::new().text("code", self.code.as_str()).text("message", &self.message);
        if let Some(number) = self.arc_code {
            failure = failure.integer("arcCode", number);
        }
        failure = failure.boolean("retryable", self.retryable).boolean("repeat", self.repeat);
        for (name, scopes) in [("requiredScopes", &self.required_scopes), ("providedScopes", &self.provided_scopes)] {
            if !scopes.is_empty() {
                failure = failure.texts(name, scopes.iter().map(String::as_str));
            }
        }
        failure.end()
    }
}

/// Our code for what concerns the token; `None` for everything else.
fn code_of(head: &Head<'_>, arc_code: Option<i64>, reported: &str) -> Option<Code> {
    let unauthenticated = || {
        let is_expired = head.status == 401 && (says_expired(reported) || head.challenge.is_some_and(says_expired));
        Some(if is_expired { Code::TokenExpired } else { Code::Unauthenticated })
    };
    match (arc_code, head.status) {
        (Some(-44004), _) => Some(Code::TokenExpired),
        (Some(-44003), _) => Some(Code::TokenScope),
        (Some(-44001 | -44005), _) | (_, 401) => unauthenticated(),
        (None, 403) if head.challenge.is_some_and(|said| text::contains(said, "insufficient_scope")) => {
            Some(Code::TokenScope)
        }
        _ => None,
    }
}

/// "Token expired: Signature has expired" (the SDK's server), "the access token expired" (RFC 6750's example), and the like.
fn says_expired(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text::contains(&text, "token") && text::contains(&text, "expired")
}

/// Whether the same call may succeed later. An internal error says nothing of that unless its status does.
const fn is_retryable(status: u16, arc_code: Option<i64>) -> bool {
    matches!(status, 408 | 425 | 429 | 502..=504)
        || matches!(arc_code, Some(-41002 | -41003 | -41006 | -41011 | -42005 | -43003 | -43006 | -44007))
}

/// The scopes under the first of these names that is there, as a list or as one text.
fn scopes(details: &Object<'_>, names: &[&str]) -> Vec<String> {
    const MOST: usize = 32;
    let mut found = Vec::new();
    match names.iter().find_map(|name| details.get(name)) {
        Some(Value::Array(items)) => found.extend(items.iter().filter_map(Value::as_str)),
        Some(Value::String(text)) => found.extend(text.split_ascii_whitespace()),
        _ => {}
    }
    found.into_iter().filter(|scope| is_name(scope)).take(MOST).map(shown).collect()
}
