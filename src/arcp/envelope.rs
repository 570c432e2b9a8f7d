//! The envelope (ARCP 1.1 §5): one JSON object in one text frame.

use std::cell::OnceCell;

use crate::json::{self, Members, Object, Problem, Value};

/// The version that every peer puts and expects.
pub const VERSION: &str = "1.1";

/// The longest `id`, `type`, `session_id` or `job_id`, in bytes.
const MAX_NAME: usize = 256;
/// The largest `event_seq`: what a double holds exactly.
const MAX_SEQ: i64 = (1 << 53) - 1;

/// A frame that was read. Members that the protocol doesn't know are ignored (ARCP 1.1 §5).
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    object: Object<'a>,
    has_halves: bool,
    /// The payload's text, where it was only looked over; and the payload, once somebody has asked for it.
    unread: Option<&'a str>,
    payload: OnceCell<Object<'a>>,
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It is no strict JSON object.
    Json(Problem),
    /// `arcp` is missing or another version.
    Version,
    /// This member is missing or has a wrong type or form.
    Member(&'static str),
}

impl Malformed {
    /// For the audit log: which part it is.
    pub const fn subject(self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::Version => "arcp",
            Self::Member(name) => name,
        }
    }
}

impl<'a> Envelope<'a> {
    /// Reads a frame, strictly: duplicate members, wrong types and other versions are refused.
    ///
    /// # Errors
    /// What is [`Malformed`].
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        Self::checked(json::object_of(text).map_err(Malformed::Json)?, false, None)
    }

    /// As [`Self::parse`], of a frame that is passed on as it is: half a character in it, which is not ours to mend, is U+FFFD here.
    ///
    /// # Errors
    /// What is [`Malformed`].
    pub fn relayed(text: &'a str) -> Result<Self, Malformed> {
        let (object, has_halves) = json::relayed(text).map_err(Malformed::Json)?;
        Self::checked(object, has_halves, None)
    }

    /// As [`Self::relayed`], for whoever doesn't look into most payloads: one is read when it is asked for.
    ///
    /// # Errors
    /// What is [`Malformed`].
    pub fn passed(text: &'a str) -> Result<Self, Malformed> {
        let (object, has_halves, unread) = json::relayed_around(text, "payload").map_err(Malformed::Json)?;
        Self::checked(object, has_halves, unread)
    }

    fn checked(object: Object<'a>, has_halves: bool, unread: Option<&'a str>) -> Result<Self, Malformed> {
        let envelope = Self { object, has_halves, unread, payload: OnceCell::new() };
        if envelope.text("arcp") != Some(VERSION) {
            return Err(Malformed::Version);
        }
        for (name, required) in [("id", true), ("type", true), ("session_id", false), ("job_id", false)] {
            match envelope.object.get(name) {
                None if !required => {}
                Some(Value::String(text)) if is_name(text) => {}
                _ => return Err(Malformed::Member(name)),
            }
        }
        match envelope.object.get("trace_id") {
            None => {}
            Some(Value::String(text)) if is_trace_id(text) => {}
            Some(_) => return Err(Malformed::Member("trace_id")),
        }
        match envelope.object.get("event_seq") {
            None => {}
            Some(Value::Number(number)) if number.as_i64().is_some_and(|seq| (0..=MAX_SEQ).contains(&seq)) => {}
            Some(_) => return Err(Malformed::Member("event_seq")),
        }
        match envelope.object.get("payload") {
            Some(Value::Object(_)) => Ok(envelope),
            _ => Err(Malformed::Member("payload")),
        }
    }

    /// Whether half a character stands in it.
    pub const fn has_halves(&self) -> bool {
        self.has_halves
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.object.get(name).and_then(Value::as_str)
    }

    /// All members, in the order of the text. (The payload of one that is [`Self::passed`] is empty here.)
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.object.iter()
    }

    /// `type`
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    /// `id`
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// `session_id`
    pub fn session_id(&self) -> Option<&str> {
        self.text("session_id")
    }

    /// `job_id`
    pub fn job_id(&self) -> Option<&str> {
        self.text("job_id")
    }

    /// `trace_id`
    pub fn trace_id(&self) -> Option<&str> {
        self.text("trace_id")
    }

    /// `event_seq`
    pub fn event_seq(&self) -> Option<i64> {
        self.object.get("event_seq").and_then(Value::as_number).and_then(json::Number::as_i64)
    }

    /// A member of the payload.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.payload().and_then(|payload| payload.get(name))
    }

    /// Whether the sender says that who doesn't know the type may drop it: a type of a vendor, and `extensions.optional`.
    pub fn is_optional(&self) -> bool {
        let extensions = self.object.get("extensions").and_then(Value::as_object);
        self.kind().starts_with("x-vendor.")
            && extensions.and_then(|extensions| extensions.get("optional")).and_then(Value::as_bool) == Some(true)
    }

    /// The payload, as JSON.
    pub fn payload_json(&self) -> Option<String> {
        let mut text = String::new();
        match self.unread {
            Some(payload) => json::mended(payload).ok()?.0.write(&mut text),
            None => self.object.get("payload")?.write(&mut text),
        }
        Some(text)
    }

    /// The payload. (There is one: `parse` has seen to it.)
    pub fn payload(&self) -> Option<&Object<'a>> {
        match self.unread {
            Some(text) => Some(self.payload.get_or_init(|| json::relayed(text).unwrap_or_default().0)),
            None => self.object.get("payload").and_then(Value::as_object),
        }
    }
}

/// Whether it may be an `id`, a `type`, a `session_id` or a `job_id`: 1 to 256 bytes without control characters.
pub fn is_name(text: &str) -> bool {
    let is_ascii = || text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (1..=MAX_NAME).contains(&text.len()) && (is_ascii() || !text.contains(char::is_control))
}

/// 32 digits of lower-case hex (ARCP 1.1 §11).
pub fn is_trace_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A frame to be written.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'f> {
    /// `type`
    pub kind: &'f str,
    /// `id`: a ULID
    pub id: &'f str,
    /// `session_id`
    pub session_id: Option<&'f str>,
    /// `job_id`
    pub job_id: Option<&'f str>,
    /// `trace_id`
    pub trace_id: Option<&'f str>,
    /// `event_seq`
    pub event_seq: Option<i64>,
    /// `payload`, as JSON
    pub payload: &'f str,
}

impl<'f> Frame<'f> {
    /// A frame with what every frame has.
    pub const fn new(kind: &'f str, id: &'f str, payload: &'f str) -> Self {
        Self { kind, id, session_id: None, job_id: None, trace_id: None, event_seq: None, payload }
    }

    /// With a session.
    #[must_use]
    pub const fn of_session(mut self, session_id: &'f str) -> Self {
        self.session_id = Some(session_id);
        self
    }

    /// With a job.
    #[must_use]
    pub const fn of_job(mut self, job_id: &'f str) -> Self {
        self.job_id = Some(job_id);
        self
    }

    /// The text of the frame.
    pub fn write(&self) -> String {
        let mut members = Members::new().text("arcp", VERSION).text("id", self.id).text("type", self.kind);
        for (name, value) in [("session_id", self.session_id), ("job_id", self.job_id), ("trace_id", self.trace_id)] {
            if let Some(value) = value {
                members = members.text(name, value);
            }
        }
        if let Some(seq) = self.event_seq {
            members = members.integer("event_seq", seq);
        }
        members.raw("payload", self.payload).end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let frame = Frame {
            event_seq: Some(3),
            trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
            ..Frame::new("job.event", "01J", "{\"kind\":\"log\"}")
        };
        let text = frame.of_session("sess_1").of_job("job_1").write();
        let envelope = Envelope::parse(&text).unwrap();
        assert_eq!((envelope.kind(), envelope.id()), ("job.event", "01J"));
        assert_eq!((envelope.session_id(), envelope.job_id()), (Some("sess_1"), Some("job_1")));
        assert_eq!(envelope.trace_id(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(envelope.event_seq(), Some(3));
        assert_eq!(envelope.get("kind").and_then(Value::as_str), Some("log"));
    }

    #[test]
    fn malformed_frames_are_named() {
        let subject = |text: &str| Envelope::parse(text).unwrap_err().subject();
        for (text, expected) in [
            ("", "json"),
            ("[]", "json"),
            (r#"{"arcp":"1.1","arcp":"1.1","id":"a","type":"t","payload":{}}"#, "json"),
            (r#"{"arcp":"1.1","id":"a","type":"t","payload":{"\u0061":1,"a":2}}"#, "json"),
            (r#"{"id":"a","type":"t","payload":{}}"#, "arcp"),
            (r#"{"arcp":"1","id":"a","type":"t","payload":{}}"#, "arcp"),
            (r#"{"arcp":1.1,"id":"a","type":"t","payload":{}}"#, "arcp"),
            (r#"{"arcp":"1.1","type":"t","payload":{}}"#, "id"),
            (r#"{"arcp":"1.1","id":"","type":"t","payload":{}}"#, "id"),
            (r#"{"arcp":"1.1","id":"a\n","type":"t","payload":{}}"#, "id"),
            (r#"{"arcp":"1.1","id":"a","type":7,"payload":{}}"#, "type"),
            (r#"{"arcp":"1.1","id":"a","type":"t","session_id":null,"payload":{}}"#, "session_id"),
            (r#"{"arcp":"1.1","id":"a","type":"t","job_id":{},"payload":{}}"#, "job_id"),
            (
                r#"{"arcp":"1.1","id":"a","type":"t","trace_id":"4BF92F3577B34DA6A3CE929D0E0E4736","payload":{}}"#,
                "trace_id",
            ),
            (r#"{"arcp":"1.1","id":"a","type":"t","event_seq":-1,"payload":{}}"#, "event_seq"),
            (r#"{"arcp":"1.1","id":"a","type":"t","event_seq":1.5,"payload":{}}"#, "event_seq"),
            (r#"{"arcp":"1.1","id":"a","type":"t","event_seq":9007199254740992,"payload":{}}"#, "event_seq"),
            (r#"{"arcp":"1.1","id":"a","type":"t"}"#, "payload"),
            (r#"{"arcp":"1.1","id":"a","type":"t","payload":[]}"#, "payload"),
        ] {
            assert_eq!(subject(text), expected, "{text}");
        }
        assert!(Envelope::parse(r#"{"arcp":"1.1","id":"a","type":"t","payload":{},"timestamp":"now"}"#).is_ok());
    }

    #[test]
    fn a_payload_that_was_passed_is_read_when_it_is_asked_for() {
        let passed = Envelope::passed(r#"{"arcp":"1.1","id":"a","type":"t","payload":{"nonce":"n"}}"#).unwrap();
        assert_eq!(passed.get("nonce").and_then(Value::as_str), Some("n"));
        assert_eq!(passed.payload_json().as_deref(), Some(r#"{"nonce":"n"}"#));
    }
}
