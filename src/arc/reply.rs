//! Answers: status, header fields, and the envelope of ARC 1.0.

use std::borrow::Cow;

use crate::{
    arc::errors::ArcCode,
    auth::challenge::HttpRefusal,
    error::{Code, Error},
    json::{Members, Object, Value},
};

/// The media type of ARC messages.
pub const MEDIA_TYPE: &str = "application/arc+json";

/// Who answers when no agent is known.
pub const RESPONDER: &str = "arcgate";

/// An answer, complete but for the CORS fields, which the request's head decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The body; `None` for an answer without one.
    pub body: Option<String>,
    /// For the audit log: a stable name of what decided.
    pub reason: Cow<'static, str>,
    /// For the audit log: the code in the body.
    pub code: Option<ArcCode>,
}

/// What an answer repeats of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echo {
    /// The request's id as JSON text; `None` when it is not known or not to be told yet.
    pub id: Option<String>,
    /// Who asked, and so who is answered.
    pub request_agent: Option<String>,
    /// Who answers.
    pub target_agent: Option<String>,
    /// The workflow.
    pub trace_id: Option<String>,
}

impl Reply {
    /// An error, under its code's status.
    pub fn error(code: ArcCode, reason: impl Into<Cow<'static, str>>, echo: &Echo, details: Option<&str>) -> Self {
        let mut error = Members::new().integer("code", code.number().into()).text("message", code.message());
        if let Some(details) = details {
            error = error.raw("details", details);
        }
        let body = echo.open().raw("result", "null").raw("error", &error.end()).end();
        Self {
            status: code.status(),
            headers: fields(MEDIA_TYPE),
            body: Some(body),
            reason: reason.into(),
            code: Some(code),
        }
    }

    /// The answer to a body over the limit, whether its length was announced or found out while reading.
    pub fn too_large() -> Self {
        Self::error(ArcCode::MessageTooLarge, "too_large", &Echo::default(), None)
    }

    /// The answer to a body that broke off while it was read.
    pub fn broken() -> Self {
        Self::error(ArcCode::ParseError, "body", &Echo::default(), None)
    }

    /// The answer to a body that did not come in time.
    pub fn slow() -> Self {
        Self::error(ArcCode::InvalidRequest, "body_timeout", &Echo::default(), None).with_status(408)
    }

    /// The answer to a principal that has too much under way; `reason` says of what.
    pub fn too_many(reason: &str) -> Self {
        Self::error(ArcCode::RateLimitExceeded, reason.to_owned(), &Echo::default(), None)
            .with_header("Retry-After", "2")
    }

    /// A refusal of credentials. It is said before anything of the body is known, and so it repeats nothing.
    pub fn refused(error: &Error) -> Self {
        let details = (error.code() == Code::TokenScope).then(|| {
            let required = error.subject().unwrap_or_default().split_whitespace();
            Members::new().texts("required_scopes", required).end()
        });
        let code = ArcCode::of_authentication(error);
        Self::refused_knowing(error, code, error.code().as_str(), &Echo::default(), details.as_deref())
    }

    /// A missing scope. The caller is told which, for the challenge says so too.
    pub fn scope_missing(required: &[String], provided: &[String], echo: &Echo) -> Self {
        let details = Members::new()
            .texts("required_scopes", required.iter().map(String::as_str))
            .texts("provided_scopes", provided.iter().map(String::as_str))
            .end();
        let error = Error::new(Code::TokenScope, "a required scope is missing").about(required.join(" "));
        Self::refused_knowing(&error, ArcCode::InsufficientScope, error.code().as_str(), echo, Some(&details))
    }

    /// The answer when something went wrong here. It says so, and nothing else.
    pub fn internal() -> Self {
        Self::error(ArcCode::InternalError, "internal", &Echo::default(), None)
    }

    fn refused_knowing(error: &Error, code: ArcCode, reason: &'static str, echo: &Echo, details: Option<&str>) -> Self {
        let refusal = HttpRefusal::of(error);
        let mut reply = Self::error(code, reason, echo, details);
        reply.status = refusal.status;
        reply.headers.extend(refusal.challenge.map(|value| ("WWW-Authenticate", value)));
        reply.headers.extend(refusal.retry_after.map(|seconds| ("Retry-After", seconds.to_string())));
        reply
    }

    /// A success with this JSON text as the result.
    pub fn result(echo: &Echo, result: &str) -> Self {
        let body = echo.open().raw("result", result).raw("error", "null").end();
        Self { status: 200, headers: fields(MEDIA_TYPE), body: Some(body), reason: "ok".into(), code: None }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16, reason: &'static str) -> Self {
        Self {
            status,
            headers: vec![("Cache-Control", "no-store".into())],
            body: None,
            reason: reason.into(),
            code: None,
        }
    }

    /// With another status than the code's own.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With one more header field.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The fields that every answer with a body has: nobody may keep it or guess another type.
pub(crate) fn fields(media_type: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Content-Type", media_type.into()),
        ("Cache-Control", "no-store".into()),
        ("X-Content-Type-Options", "nosniff".into()),
    ]
}

impl Echo {
    /// What can be told of a body that is no valid request: its id and its workflow, where these are sound.
    pub(crate) fn of(object: &Object<'_>) -> Self {
        let text = |name| object.get(name).and_then(Value::as_str).filter(|text| is_name(text)).map(str::to_owned);
        Self {
            id: object.get("id").and_then(id_text),
            request_agent: text("requestAgent"),
            target_agent: None,
            trace_id: text("traceId"),
        }
    }

    /// Its members, for [`Echo::from_members`].
    pub(crate) fn write_members(&self, written: Members) -> Members {
        written
            .some_text("requestId", self.id.as_deref())
            .some_text("requestAgent", self.request_agent.as_deref())
            .some_text("targetAgent", self.target_agent.as_deref())
            .some_text("traceId", self.trace_id.as_deref())
    }

    /// What [`Echo::write_members`] wrote.
    pub(crate) fn from_members(members: &Object<'_>) -> Self {
        let text = |name| members.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            id: text("requestId"),
            request_agent: text("requestAgent"),
            target_agent: text("targetAgent"),
            trace_id: text("traceId"),
        }
    }

    fn open(&self) -> Members {
        Members::new()
            .text("arc", "1.0")
            .raw("id", self.id.as_deref().unwrap_or("\"error\""))
            .text("responseAgent", self.target_agent.as_deref().unwrap_or(RESPONDER))
            .text("targetAgent", self.request_agent.as_deref().unwrap_or("unknown"))
            .some_text("traceId", self.trace_id.as_deref())
    }
}

/// The longest id, agent, method or workflow name, in bytes.
const LONGEST_NAME: usize = 256;

/// Whether a text can be an id or a name: not empty, not long.
pub(crate) const fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME
}

/// A request's id as JSON text, if it is a sound one: a bounded string or a number.
pub(crate) fn id_text(id: &Value<'_>) -> Option<String> {
    match id {
        Value::String(text) if is_name(text) => {}
        Value::Number(_) => {}
        _ => return None,
    }
    let mut out = String::new();
    id.write(&mut out);
    Some(out)
}
