//! An event of a job (ARCP 1.1 §8.2), as the program sees it.

use std::sync::Arc;

use crate::{
    error::Error,
    json::{self, Members, Number, Object, Value},
};

/// An event of a job (ARCP 1.1 §8.2). Cheap to clone.
#[derive(Clone, Debug)]
pub struct JobEvent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: JobEventKind,
    ts: String,
    body: String,
    seq: Option<i64>,
    error: Option<Error>,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEventKind {
    /// A line for a log.
    Log,
    /// What the agent thinks.
    Thought,
    /// A tool is called.
    ToolCall,
    /// What a tool gave.
    ToolResult,
    /// The job's state.
    Status,
    /// A number that is measured.
    Metric,
    /// Where something that was made can be had.
    ArtifactRef,
    /// A part of the work is handed on.
    Delegate,
    /// How far the work is: [`JobEvent::progress`].
    Progress,
    /// A piece of the result, which [`Job::result`](super::Job::result) has as a whole.
    ResultChunk,
    /// Of this client's own: events that should stand here were given up. [`JobEvent::dropped`] says how many at least.
    Dropped,
    /// Of this client's own, and the last one: the events that would follow are lost with the session. [`JobEvent::lost`] says why.
    Lost,
    /// A kind of somebody's own, `x-vendor.…`
    Other(String),
}

impl JobEventKind {
    fn of(name: &str) -> Self {
        match name {
            "log" => Self::Log,
            "thought" => Self::Thought,
            "tool_call" => Self::ToolCall,
            "tool_result" => Self::ToolResult,
            "status" => Self::Status,
            "metric" => Self::Metric,
            "artifact_ref" => Self::ArtifactRef,
            "delegate" => Self::Delegate,
            "progress" => Self::Progress,
            "result_chunk" => Self::ResultChunk,
            "x-vendor.arcgate.dropped" => Self::Dropped,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The kind's name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Log => "log",
            Self::Thought => "thought",
            Self::ToolCall => "tool_call",
            Self::ToolResult => "tool_result",
            Self::Status => "status",
            Self::Metric => "metric",
            Self::ArtifactRef => "artifact_ref",
            Self::Delegate => "delegate",
            Self::Progress => "progress",
            Self::ResultChunk => "result_chunk",
            Self::Dropped => "x-vendor.arcgate.dropped",
            Self::Lost => "x-vendor.arcgate.lost",
            Self::Other(name) => name,
        }
    }
}

impl JobEvent {
    /// An event that came, with its message's payload. `text`: what stands in the place of its body's `data`, of which a character was
    /// cut. Also its body, parsed, is handed to `look`.
    pub(super) fn came<R>(
        payload: &str,
        seq: i64,
        text: Option<&str>,
        look: impl FnOnce(&Object<'_>, &str) -> R,
    ) -> (Self, R) {
        let object = json::object_of(payload).unwrap_or_default();
        let string = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let empty = Object::default();
        let members = object.get("body").and_then(Value::as_object).unwrap_or(&empty);
        let data = text.or_else(|| members.get("data").and_then(Value::as_str)).unwrap_or_default();
        let seen = look(members, data);
        let body = match (text, object.get("body")) {
            (Some(text), _) => {
                let whole = members.iter().fold(Members::new(), |written, (name, member)| match name {
                    "data" => written.text(name, text),
                    _ => written.value(name, member),
                });
                whole.end()
            }
            (None, Some(_)) => json::raw_member(payload, "body").unwrap_or("{}").to_owned(),
            (None, None) => "{}".to_owned(),
        };
        let (kind, ts) = (JobEventKind::of(string("kind")), string("ts").to_owned());
        (Self(Arc::new(Inner { kind, ts, body, seq: Some(seq), error: None })), seen)
    }

    /// So many events should stand here, at least.
    pub(super) fn of_dropped(count: u32, ts: String) -> Self {
        let body = Members::new().integer("count", count.into()).end();
        Self(Arc::new(Inner { kind: JobEventKind::Dropped, ts, body, seq: None, error: None }))
    }

    /// The events that would follow are lost.
    pub(super) fn of_lost(error: Error, ts: String) -> Self {
        let body = Members::new().text("code", error.code().as_str()).end();
        Self(Arc::new(Inner { kind: JobEventKind::Lost, ts, body, seq: None, error: Some(error) }))
    }

    /// What it says.
    pub fn kind(&self) -> &JobEventKind {
        &self.0.kind
    }

    /// When it was sent, in RFC 3339, as the runtime says.
    pub fn ts(&self) -> &str {
        &self.0.ts
    }

    /// `event_seq`; `None` for events of this client's own.
    pub fn seq(&self) -> Option<i64> {
        self.0.seq
    }

    /// What the kind says, as JSON: `{"current":1,"total":4}` of a progress, say.
    pub fn body_json(&self) -> &str {
        &self.0.body
    }

    /// The same as a type of the program's own.
    ///
    /// # Errors
    /// `ERR_PROTOCOL`, where it is none of that type.
    #[cfg(feature = "serde")]
    pub fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        super::output::read(&self.0.body, "the event's body")
    }

    /// How far the work is: `current`, and `total` where that is known. Of [`JobEventKind::Progress`].
    pub fn progress(&self) -> Option<(f64, Option<f64>)> {
        if self.0.kind != JobEventKind::Progress {
            return None;
        }
        let number = |name| self.member(name, |value| value.as_number().map(Number::as_f64));
        number("current").map(|current| (current, number("total")))
    }

    /// What a line for a log, or a thought, says.
    pub fn message(&self) -> Option<String> {
        let text = |name| self.member(name, |value| value.as_str().map(str::to_owned));
        text("message").or_else(|| text("text"))
    }

    /// How many events were given up before this one, at least. Of [`JobEventKind::Dropped`].
    pub fn dropped(&self) -> Option<u32> {
        if self.0.kind != JobEventKind::Dropped {
            return None;
        }
        let count = self.member("count", |value| value.as_number().and_then(Number::as_i64));
        Some(count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1))
    }

    /// Why no more events come, though the job may go on. Of [`JobEventKind::Lost`].
    pub fn lost(&self) -> Option<&Error> {
        self.0.error.as_ref()
    }

    fn member<R>(&self, name: &str, read: impl FnOnce(&Value<'_>) -> Option<R>) -> Option<R> {
        json::object_of(&self.0.body).ok()?.get(name).and_then(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(payload: &str, text: Option<&str>) -> JobEvent {
        JobEvent::came(payload, 3, text, |_, _| ()).0
    }

    #[test]
    fn an_event_says_what_it_says() {
        let progress = event(r#"{"kind":"progress","ts":"t","body":{"current":1,"total":4}}"#, None);
        assert_eq!((progress.kind(), progress.ts(), progress.seq()), (&JobEventKind::Progress, "t", Some(3)));
        assert_eq!(progress.progress(), Some((1.0, Some(4.0))));
        assert_eq!(progress.body_json(), r#"{"current":1,"total":4}"#);
        let odd = event(r#"{"kind":"x-vendor.acme.mood"}"#, None);
        assert_eq!((odd.kind().as_str(), odd.body_json(), odd.progress()), ("x-vendor.acme.mood", "{}", None));
        assert_eq!(event(r#"{"kind":"log","body":{"message":"m"}}"#, None).message().as_deref(), Some("m"));
        assert_eq!(JobEvent::of_dropped(7, String::new()).dropped(), Some(7));
    }

    #[test]
    fn a_text_that_was_cut_stands_in_the_place_of_its_piece() {
        let payload = r#"{"kind":"result_chunk","body":{"chunk_seq":1,"data":"b","encoding":"utf8"}}"#;
        let (chunk, data) = JobEvent::came(payload, 1, Some("😀b"), |_, data| data.to_owned());
        assert_eq!(data, "😀b");
        assert_eq!(chunk.body_json(), r#"{"chunk_seq":1,"data":"😀b","encoding":"utf8"}"#);
    }
}
