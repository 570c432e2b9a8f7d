//! A request that runs an agent, from its admission to its answer.
//!
//! The driver runs the agent; this says what of it goes on the wire. Between the two a run travels as a text, so that nothing
//! of a request stays in this module's memory while its agent works.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::{
    arc::{
        errors::ArcCode,
        message::write_parts,
        reply::{Echo, Reply},
    },
    json::{self, Members, Value},
};

/// What a new task or chat needs from outside: something that can't be guessed, and the date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Unguessable.
    pub id: String,
    /// RFC 3339.
    pub now: String,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `task.create`
    Task,
    /// `chat.start`
    Chat {
        /// The client's, or a new one.
        chat_id: String,
        /// Whether the answer is a stream of events.
        stream: bool,
    },
}

/// How an agent ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'o, 't> {
    /// It returned this.
    Output(&'o Value<'t>),
    /// What it said as the pieces of its result, as parts with commas between them, and no output.
    Pieces(&'o str),
    /// It said what can't be passed on; these are the error's `details`. They are the caller's too: no secret is in them.
    Flawed(&'o str),
    /// It threw. The caller isn't told what: that is for the log.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// The token that it ran under ended.
    TokenExpired,
    /// It was taken back.
    TokenRevoked,
    /// Nobody could say for too long whether the token was revoked.
    Unknown,
}

/// An admitted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    kind: Kind,
    agent: String,
    input: String,
    echo: Echo,
    id: String,
    created_at: String,
}

impl Run {
    pub(super) fn new(kind: Kind, agent: &str, input: String, echo: Echo, fresh: &Fresh) -> Self {
        Self { kind, agent: agent.to_owned(), input, echo, id: fresh.id.clone(), created_at: fresh.now.clone() }
    }

    /// What runs.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The agent to run, by the name it was configured under.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// Its input, as JSON text.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// What the agent knows its job by.
    pub fn job_id(&self) -> Cow<'_, str> {
        match &self.kind {
            Kind::Chat { chat_id, .. } => chat_id.into(),
            Kind::Task => self.task_id().into(),
        }
    }

    /// The workflow that it belongs to: the caller's, or one of its own.
    pub fn trace_id(&self) -> &str {
        self.echo.trace_id.as_deref().unwrap_or(&self.id)
    }

    fn task_id(&self) -> String {
        format!("task-{}", self.id)
    }

    /// The answer once the agent has ended at `now`.
    pub fn reply(&self, outcome: Outcome<'_, '_>, now: &str) -> Reply {
        let mut parts = String::new();
        match outcome {
            Outcome::Output(output) => write_parts(&mut parts, output),
            Outcome::Pieces(pieces) => parts = format!("[{pieces}]"),
            failure => {
                let (code, reason) = self.failure(failure);
                let details = if let Outcome::Flawed(details) = failure { Some(details) } else { None };
                let reply = Reply::error(code, reason, &self.echo, details);
                // The code says what is wrong with the token, as it does before. A 401 means that nothing was done, and that
                // the request may be repeated with a fresh token. Here the agent has run.
                return match failure {
                    Outcome::TokenExpired | Outcome::TokenRevoked => reply.with_status(403),
                    Outcome::Unknown => reply.with_status(503),
                    _ => reply,
                };
            }
        }
        let result = match &self.kind {
            Kind::Task => {
                let task = Members::new()
                    .text("taskId", &self.task_id())
                    .text("status", "COMPLETED")
                    .text("createdAt", &self.created_at)
                    .text("updatedAt", now)
                    .text("completedAt", now)
                    .list("messages", [message(&parts, Some(now))])
                    .raw("artifacts", "[]");
                Members::new().text("type", "task").raw("task", &task.end()).end()
            }
            Kind::Chat { chat_id, .. } => {
                let participants = [&self.echo.request_agent, &self.echo.target_agent];
                let chat = Members::new()
                    .text("chatId", chat_id)
                    .text("status", "ACTIVE")
                    .raw("message", &message(&parts, None))
                    .texts("participants", participants.map(|name| name.as_deref().unwrap_or_default()))
                    .text("createdAt", &self.created_at);
                Members::new().text("type", "chat").raw("chat", &chat.end()).end()
            }
        };
        Reply::result(&self.echo, &result)
    }

    /// The events that end a stream.
    pub fn last_events(&self, outcome: Outcome<'_, '_>) -> String {
        let mut out = String::new();
        let status = match outcome {
            Outcome::Output(output) => {
                if !matches!(output, Value::Null) {
                    let mut parts = String::new();
                    write_parts(&mut parts, output);
                    self.write_event(&mut out, "stream", |data| data.raw("message", &message(&parts, None)));
                }
                "ACTIVE"
            }
            // They are on the stream.
            Outcome::Pieces(_) => "ACTIVE",
            failure => {
                let (code, _) = self.failure(failure);
                let mut error = Members::new().integer("code", code.number().into()).text("message", code.message());
                if let Outcome::Flawed(details) = failure {
                    error = error.raw("details", details);
                }
                self.write_event(&mut out, "error", |data| data.raw("error", &error.end()));
                "ERROR"
            }
        };
        self.write_event(&mut out, "done", |data| data.text("status", status).boolean("done", true));
        out
    }

    /// The event of a stream that carries this part, or no event for no part.
    pub fn event(&self, part: &str) -> String {
        let mut out = String::new();
        if !part.is_empty() {
            let message = message(&format!("[{part}]"), None);
            self.write_event(&mut out, "stream", |data| data.raw("message", &message));
        }
        out
    }

    fn write_event(&self, out: &mut String, name: &str, with: impl FnOnce(Members) -> Members) {
        let data = with(Members::new().text("chatId", self.chat_id())).end();
        out.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    }

    fn chat_id(&self) -> &str {
        match &self.kind {
            Kind::Chat { chat_id, .. } => chat_id,
            Kind::Task => "",
        }
    }

    const fn failure(&self, outcome: Outcome<'_, '_>) -> (ArcCode, &'static str) {
        match (outcome, &self.kind) {
            (Outcome::TokenExpired, _) => (ArcCode::TokenExpired, "ERR_TOKEN_EXPIRED"),
            (Outcome::TokenRevoked, _) => (ArcCode::AuthenticationFailed, "ERR_TOKEN_REVOKED"),
            (Outcome::Unknown, _) => (ArcCode::InternalError, "revocation_unknown"),
            (Outcome::TimedOut, Kind::Task) => (ArcCode::TaskTimeout, "timeout"),
            (Outcome::TimedOut, Kind::Chat { .. }) => (ArcCode::ChatTimeout, "timeout"),
            (_, Kind::Task) => (ArcCode::TaskExecutionFailed, "agent_failed"),
            (_, Kind::Chat { .. }) => (ArcCode::InternalError, "agent_failed"),
        }
    }

    /// The run as a text, without the agent's input, for [`Run::from_ticket`].
    pub fn ticket(&self) -> String {
        let mut ticket = Members::new().text("id", &self.id).text("createdAt", &self.created_at);
        if let Kind::Chat { chat_id, stream } = &self.kind {
            ticket = ticket.text("chatId", chat_id).boolean("stream", *stream);
        }
        self.echo.write_members(ticket).end()
    }

    /// The run that a ticket was made of; `None` when the text is no ticket.
    pub fn from_ticket(ticket: &str) -> Option<Self> {
        let ticket = json::parse_object(ticket.as_bytes()).ok()?;
        let text = |name| ticket.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = match text("chatId") {
            Some(chat_id) => Kind::Chat { chat_id, stream: ticket.get("stream").and_then(Value::as_bool)? },
            None => Kind::Task,
        };
        Some(Self {
            kind,
            agent: String::new(),
            input: String::new(),
            echo: Echo::from_members(&ticket),
            id: text("id")?,
            created_at: text("createdAt")?,
        })
    }
}

/// An agent's message of these parts.
fn message(parts: &str, timestamp: Option<&str>) -> String {
    Members::new().text("role", "agent").raw("parts", parts).some_text("timestamp", timestamp).end()
}
