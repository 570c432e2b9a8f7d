//! What went wrong, as the application is told.

use std::ops::{Deref, DerefMut};

use crate::{
    arcp::{envelope::is_name, ArcpCode, Envelope},
    error::{Code, Fault as Who},
    json::{Number, Object, Value},
};

/// How much of a peer's message is kept, in characters.
const LONGEST_MESSAGE: usize = 256;

/// An error of a session, a request or a job. What it holds is rarely looked at, and moved about often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(Box<Inner>);

/// What a [`Fault`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inner {
    /// The stable code.
    pub code: Code,
    /// For the developer; may quote the peer.
    pub message: String,
    /// Whether the same may succeed later.
    pub retryable: bool,
    /// The peer's own code (ARCP 1.1 §12, or one that it made up).
    pub peer_code: Option<String>,
    /// The peer's `details`, as JSON.
    pub peer_details: Option<String>,
    /// What explains it besides.
    pub facts: Vec<(&'static str, Fact)>,
}

/// Something that explains a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A word.
    Text(String),
    /// A number.
    Number(i64),
}

impl Deref for Fault {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl DerefMut for Fault {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.0
    }
}

impl Fault {
    /// A fault that is found here.
    #[cold]
    pub fn new(code: Code, message: &str) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.to_owned(),
            retryable: code.is_retryable(),
            peer_code: None,
            peer_details: None,
            facts: Vec::new(),
        }))
    }

    /// The session is somebody else's now: to take it back would take it from there.
    pub fn displaced() -> Self {
        Self::new(Code::SessionLost, "the session was resumed on another connection")
    }

    /// With a word that explains it, in `details`.
    #[must_use]
    pub fn with(mut self, name: &'static str, text: &str) -> Self {
        self.facts.push((name, Fact::Text(text.to_owned())));
        self
    }

    /// With a number that explains it, in `details`.
    #[must_use]
    pub fn with_number(mut self, name: &'static str, number: i64) -> Self {
        self.facts.push((name, Fact::Number(number)));
        self
    }

    /// One that no later try mends.
    #[must_use]
    pub fn for_good(mut self) -> Self {
        self.retryable = false;
        self
    }

    /// A number in the peer's `details`.
    pub fn peer_number(&self, name: &str) -> Option<i64> {
        let details = crate::json::object_of(self.peer_details.as_deref()?).ok()?;
        details.get(name).and_then(Value::as_number).and_then(Number::as_i64)
    }

    /// A name in the peer's `details`.
    pub fn peer_name(&self, name: &str) -> Option<String> {
        let details = crate::json::object_of(self.peer_details.as_deref()?).ok()?;
        details.get(name).and_then(Value::as_str).filter(|text| is_name(text)).map(str::to_owned)
    }

    /// One that the peer tells of: the payload of `session.error` or `job.error`.
    #[cold]
    pub fn of(payload: Option<&Object<'_>>) -> Self {
        let get = |name| payload.and_then(|payload| payload.get(name));
        let text = |name| get(name).and_then(Value::as_str);
        let name = text("code").filter(|name| name.len() <= 64).unwrap_or("INTERNAL_ERROR");
        let known = ArcpCode::from_name(name);
        // What the specification says stands above what the peer says (ARCP 1.1 §12).
        let is_retryable = match known {
            Some(ArcpCode::LeaseExpired | ArcpCode::BudgetExhausted) => false,
            _ => get("retryable").and_then(Value::as_bool).or(known.map(ArcpCode::is_retryable)).unwrap_or(false),
        };
        // The C# SDK writes `detail`, as a string.
        let details = get("details").or_else(|| get("detail")).filter(|details| **details != Value::Null);
        let reason =
            details.and_then(Value::as_object).and_then(|details| details.get("reason")).and_then(Value::as_str);
        let mut message = String::from(name);
        message.push_str(": ");
        message.extend(text("message").unwrap_or("no message").chars().take(LONGEST_MESSAGE));
        Self(Box::new(Inner {
            code: if known == Some(ArcpCode::Unauthenticated) { Code::Unauthenticated } else { Code::Remote },
            message,
            retryable: is_retryable,
            peer_code: Some(name.to_owned()),
            peer_details: details.map(|details| {
                let mut text = String::new();
                details.write(&mut text);
                text
            }),
            facts: Vec::new(),
        }))
        .with_reason(reason)
    }

    /// A peer's word for it, if it is a word.
    fn with_reason(self, reason: Option<&str>) -> Self {
        let is_word = |reason: &&str| {
            (1..=64).contains(&reason.len())
                && reason.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        match reason.filter(is_word) {
            Some(reason) => self.with("reason", reason),
            None => self,
        }
    }

    /// The peer's code, for an end that is none of the error messages.
    #[must_use]
    pub fn with_peer_code(mut self, code: ArcpCode) -> Self {
        self.peer_code = Some(code.as_str().to_owned());
        self.retryable = code.is_retryable();
        self
    }

    /// The same, where it comes of events that were lost before: nobody has broken the protocol.
    #[must_use]
    pub fn for_holes(self) -> Self {
        if self.code != Code::Protocol {
            return self;
        }
        let message = "pieces of the result came before the job was accepted, and were more than could be kept";
        Self::new(Code::SessionLost, message).with("reason", "events_lost")
    }

    /// Whether the peer gave this code.
    pub fn is(&self, code: ArcpCode) -> bool {
        self.peer_code.as_deref() == Some(code.as_str())
    }

    /// `reason` in the peer's `details`.
    pub fn peer_reason(&self) -> Option<String> {
        let details = crate::json::object_of(self.peer_details.as_deref()?).ok()?;
        details.get("reason").and_then(Value::as_str).map(str::to_owned)
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Who {
        match self.code {
            // Seen from here, it is the runtime that speaks the protocol, and whose agents have flaws.
            Code::Protocol => Who::Peer,
            Code::Remote if !self.retryable && !self.is(ArcpCode::InternalError) => Who::Caller,
            code => code.fault(),
        }
    }
}

/// The id that an answer gives for its request; SDKs put it into the payload, into `details`, or take it as the answer's own.
pub(super) fn reference<'e>(envelope: &'e Envelope<'_>) -> Option<&'e str> {
    let inside = |object: Option<&'e Object<'_>>| object?.get("request_id")?.as_str();
    inside(envelope.payload()).or_else(|| inside(envelope.get("details")?.as_object()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn of(text: &str) -> Fault {
        Fault::of(Some(&json::parse_object(text.as_bytes()).unwrap()))
    }

    #[test]
    fn what_peers_say_is_read_tolerantly() {
        let fault = of(r#"{"code":"DUPLICATE_KEY","message":"no","retryable":false,"details":null}"#);
        assert_eq!((fault.code, fault.message.as_str()), (Code::Remote, "DUPLICATE_KEY: no"));
        assert_eq!(fault.peer_details, None);
        assert_eq!(of(r#"{"code":"X","detail":"why"}"#).peer_details.as_deref(), Some("\"why\""));
        assert!(!of(r#"{"code":"LEASE_EXPIRED","retryable":true}"#).retryable, "never, whatever the peer says");
        assert!(of(r#"{"code":"INTERNAL_ERROR"}"#).retryable);
        assert_eq!(of("{}").peer_code.as_deref(), Some("INTERNAL_ERROR"));
        assert_eq!(of(r#"{"code":"UNAUTHENTICATED"}"#).code, Code::Unauthenticated);
        assert!(of(&format!(r#"{{"message":"{}"}}"#, "x".repeat(9999))).message.len() < 300);
    }

    #[test]
    fn a_peers_word_for_it_is_ours() {
        let fault = of(r#"{"code":"PERMISSION_DENIED","details":{"reason":"too_many_sessions","limit":32}}"#);
        assert_eq!(fault.facts, [("reason", Fact::Text("too_many_sessions".to_owned()))]);
        assert_eq!(fault.peer_details.as_deref(), Some(r#"{"reason":"too_many_sessions","limit":32}"#));
        assert!(of(r#"{"code":"X","details":{"reason":"a b"}}"#).facts.is_empty());
        assert_eq!(of(r#"{"code":"X","details":{"limit":32}}"#).peer_number("limit"), Some(32));
    }

    #[test]
    fn whose_fault_it_is() {
        assert_eq!(of(r#"{"code":"JOB_NOT_FOUND"}"#).blame(), Who::Caller);
        assert_eq!(of(r#"{"code":"INTERNAL_ERROR","retryable":false}"#).blame(), Who::Peer, "an agent's flaw");
        assert_eq!(Fault::new(Code::Protocol, "a chunk is missing").blame(), Who::Peer, "the runtime broke it");
    }
}
