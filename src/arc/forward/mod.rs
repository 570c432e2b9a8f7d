//! A request whose agent stands behind an upstream: what goes there besides the checked bytes, and what of the answer comes
//! back.
//!
//! An upstream is trusted with its own answers and with nothing else: not with the client's connection (header fields are an
//! allow-list), not with the meaning of the client's token (a 401 of the upstream's is about the gate's credential), and not
//! with another request's answer.

mod failure;
mod verdict;

pub use self::{failure::Failure, verdict::Verdict};
use crate::{
    arc::{
        envelope::Request,
        errors::ArcCode,
        reply::{fields, Echo, Reply, MEDIA_TYPE},
    },
    auth::{assertion, Principal},
    json::{self, Members, Value},
};

/// What of a client's header fields goes on, by exact name. None of them says who calls.
const PASSED: [&str; 4] = ["accept-language", "traceparent", "tracestate", "x-request-id"];

/// Of this it goes on whether it is JSON by its plain name.
const CONTENT_TYPE: &str = "content-type";

/// The other name under which ARC messages travel.
const JSON: &str = "application/json";

/// A request that is sent on. As [`Run`](crate::arc::Run) it travels as a text while the upstream works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    echo: Echo,
    chat_id: Option<String>,
    stream: bool,
}

/// What an upstream's answer says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`
    pub content_type: Option<&'a str>,
    /// `Retry-After`
    pub retry_after: Option<&'a str>,
    /// What its body is, once it has been read; `None` before.
    pub body: Option<Body<'a>>,
}

/// What counts of an answer's body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a> {
    /// `arc`
    pub version: Option<&'a str>,
    /// `id`, as JSON text.
    pub id: Option<&'a str>,
    /// Whether there is a result; null is one where there is no error.
    pub has_result: bool,
    /// Whether there is an error.
    pub has_error: bool,
    /// `error.code`
    pub code: Option<f64>,
}

impl Forward {
    pub(super) fn new(request: &Request<'_, '_>) -> Self {
        let chat_id = request.params.get("chatId").and_then(Value::as_str).map(str::to_owned);
        let stream = request.params.get("stream").and_then(Value::as_bool).unwrap_or_default();
        let echo = Echo { target_agent: Some(request.target_agent.to_owned()), ..request.echo.clone() };
        Self { echo, chat_id, stream }
    }

    /// The client's header fields of which something goes on, by the names that `headers` takes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PASSED.into_iter().chain([CONTENT_TYPE])
    }

    /// The header fields of the request to the upstream, but for `Authorization`: nothing of the client's that is not in the
    /// list goes on, in whatever spelling, and who calls is said by us alone.
    pub fn headers<'h>(
        &self,
        principal: &Principal,
        given: impl Iterator<Item = (&'h str, &'h str)>,
    ) -> Vec<(&'static str, String)> {
        let accept = if self.stream {
            "text/event-stream, application/arc+json, application/json"
        } else {
            "application/arc+json, application/json"
        };
        let mut media_type = MEDIA_TYPE;
        let mut passed = Vec::new();
        for (name, value) in given {
            if let Some(known) = PASSED.iter().find(|known| **known == name) {
                passed.push((*known, value.to_owned()));
            } else if name == CONTENT_TYPE && essence(value).eq_ignore_ascii_case(JSON) {
                media_type = JSON;
            }
        }
        let mut fields = vec![
            (CONTENT_TYPE, media_type.to_owned()),
            ("accept", accept.to_owned()),
            // What is counted and handed on is what came, not what it unpacks to.
            ("accept-encoding", "identity".to_owned()),
        ];
        fields.extend(passed);
        fields.extend(assertion::headers(principal));
        fields
    }

    /// Decides on an answer. `is_passthrough`: the upstream was shown the caller's own token, and so may refuse it.
    pub fn judge(&self, answer: &Answer<'_>, is_passthrough: bool) -> Verdict {
        let media_type = essence(answer.content_type.unwrap_or_default());
        let is = |name: &str| media_type.eq_ignore_ascii_case(name);
        let is_json = is(MEDIA_TYPE) || is(JSON);
        match answer.status {
            307 | 308 => return Verdict::Slash,
            300..=399 => return Verdict::Fail(Failure::Redirect),
            // Without the caller's own token, whatever it says of credentials it says of ours.
            401 | 407 if !is_passthrough => return Verdict::Fail(Failure::Refused),
            200 if is("text/event-stream") => return Verdict::Stream,
            429 | 503 if !is_json => return Verdict::Fail(Failure::Overloaded),
            504 if !is_json => return Verdict::Fail(Failure::TimedOut),
            200..=203 | 400..=599 if is_json => {}
            _ => return Verdict::Fail(Failure::NotArc),
        }
        let Some(body) = answer.body else { return Verdict::Read };
        if body.version != Some("1.0") || body.has_result == body.has_error {
            return Verdict::Fail(Failure::NotArc);
        }
        let is_about_credentials = body.code.is_some_and(|code| {
            [ArcCode::AuthenticationFailed, ArcCode::TokenExpired, ArcCode::TokenInvalid]
                .iter()
                .any(|known| f64::from(known.number()) == code)
        });
        if is_about_credentials && !is_passthrough {
            return Verdict::Fail(Failure::Refused);
        }
        // An error may come before the request was read, under an id of the server's own. A result may not.
        if body.has_result && !is_same_id(body.id, self.echo.id.as_deref()) {
            return Verdict::Fail(Failure::NotArc);
        }
        let mut headers = fields(MEDIA_TYPE);
        if answer.status == 401 {
            headers.push(("WWW-Authenticate", "Bearer realm=\"arcgate\", error=\"invalid_token\"".to_owned()));
        }
        let is_seconds = |text: &&str| text.len() <= 6 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        headers.extend(answer.retry_after.filter(is_seconds).map(|seconds| ("Retry-After", seconds.to_owned())));
        Verdict::Pass(answer.status, headers)
    }

    /// The answer in the place of the upstream's.
    pub fn reply(&self, failure: Failure) -> Reply {
        let (code, status, reason) = failure.answer();
        let reply = Reply::error(code, reason, &self.echo, None).with_status(status);
        if status == 503 {
            return reply.with_header("Retry-After", "5");
        }
        reply
    }

    /// The events that end a stream in the place of the upstream's.
    pub fn last_events(&self, failure: Failure) -> String {
        let (code, _, _) = failure.answer();
        let chat = || Members::new().some_text("chatId", self.chat_id.as_deref());
        let error = Members::new().integer("code", code.number().into()).text("message", code.message()).end();
        let (error, done) = (chat().raw("error", &error), chat().text("status", "ERROR").boolean("done", true));
        format!("event: error\ndata: {}\n\nevent: done\ndata: {}\n\n", error.end(), done.end())
    }

    /// Whether the caller asked for a stream.
    pub const fn wants_stream(&self) -> bool {
        self.stream
    }

    /// It as a text, for [`Forward::from_ticket`].
    pub fn ticket(&self) -> String {
        let ticket = self.echo.write_members(Members::new().boolean("stream", self.stream));
        ticket.some_text("chatId", self.chat_id.as_deref()).end()
    }

    /// What a ticket was made of; `None` when the text is no ticket.
    pub fn from_ticket(ticket: &str) -> Option<Self> {
        let ticket = json::parse_object(ticket.as_bytes()).ok()?;
        let chat_id = ticket.get("chatId").and_then(Value::as_str).map(str::to_owned);
        Some(Self { echo: Echo::from_members(&ticket), chat_id, stream: ticket.get("stream")?.as_bool()? })
    }
}

/// A media type without its parameters.
fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// Whether two ids are one, in whatever way they are written.
fn is_same_id(one: Option<&str>, other: Option<&str>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    match (json::parse(one.as_bytes()), json::parse(other.as_bytes())) {
        (Ok(Value::String(one)), Ok(Value::String(other))) => one == other,
        (Ok(Value::Number(one)), Ok(Value::Number(other))) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}
