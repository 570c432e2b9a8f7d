//! What a program asks of an agent.

use std::time::Duration;

use super::options::wrong;
use crate::{
    error::Error,
    json::{self, Members},
};

/// What [`ArcpClient::submit`](super::ArcpClient::submit) takes: a `job.submit` (ARCP 1.1 §7.1).
#[derive(Clone, Debug)]
#[must_use]
pub struct Submit {
    agent: String,
    input: Option<Result<String, Error>>,
    lease_request: Option<Result<String, Error>>,
    lease_constraints: Option<Result<String, Error>>,
    idempotency_key: Option<String>,
    max_runtime: Option<Duration>,
    pub(super) trace_id: Option<String>,
}

impl Submit {
    /// A job of this agent: `name`, or `name@version`.
    pub fn new(agent: impl Into<String>) -> Self {
        Self {
            agent: agent.into(),
            input: None,
            lease_request: None,
            lease_constraints: None,
            idempotency_key: None,
            max_runtime: None,
            trace_id: None,
        }
    }

    /// What the agent is given, as JSON.
    pub fn input_json(mut self, json: impl Into<String>) -> Self {
        self.input = Some(Ok(json.into()));
        self
    }

    /// What the agent is given. What JSON can't hold is an error of the submit's.
    #[cfg(feature = "serde")]
    pub fn input(mut self, input: &(impl serde::Serialize + ?Sized)) -> Self {
        self.input = Some(serde_json::to_string(input).map_err(|_| wrong("input", "is nothing that JSON can hold")));
        self
    }

    /// A lease (ARCP 1.1 §9), as JSON: `{"fs.read":["/src/**"],"cost.budget":["USD:5.00"]}`.
    pub fn lease_request_json(mut self, json: impl Into<String>) -> Self {
        self.lease_request = Some(Ok(json.into()));
        self
    }

    /// Constraints of the lease, as JSON: `{"expires_at":"2030-01-01T00:00:00Z"}`.
    pub fn lease_constraints_json(mut self, json: impl Into<String>) -> Self {
        self.lease_constraints = Some(Ok(json.into()));
        self
    }

    /// The same key and the same request mean the same job: only so can a submit be repeated after a lost connection.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// How long it may run; a part of a second counts as a whole one. The runtime ends it then (`TIMEOUT`). Default: as the runtime has it.
    pub const fn max_runtime(mut self, longest: Duration) -> Self {
        self.max_runtime = Some(longest);
        self
    }

    /// The trace that it belongs to: 32 digits of lower-case hex. Default: a random one.
    pub fn trace_id(mut self, id: impl Into<String>) -> Self {
        self.trace_id = Some(id.into());
        self
    }

    pub(super) const fn is_keyed(&self) -> bool {
        self.idempotency_key.is_some()
    }

    pub(super) fn payload(&self) -> Result<String, Error> {
        if self.agent.is_empty() {
            return Err(wrong("agent", "must be the name of an agent"));
        }
        if self.idempotency_key.as_deref() == Some("") {
            return Err(wrong("idempotency_key", "must not be empty"));
        }
        let mut members = Members::new().text("agent", &self.agent);
        let raw = [
            ("input", "input", &self.input),
            ("lease_request", "lease_request_json", &self.lease_request),
            ("lease_constraints", "lease_constraints_json", &self.lease_constraints),
        ];
        for (name, subject, given) in raw {
            if let Some(given) = given {
                members = members.raw(name, &checked(subject, given.clone()?)?);
            }
        }
        members = members.some_text("idempotency_key", self.idempotency_key.as_deref());
        if let Some(longest) = self.max_runtime {
            if longest.is_zero() {
                return Err(wrong("max_runtime", "must be longer than nothing"));
            }
            let seconds = longest.as_secs().saturating_add(u64::from(longest.subsec_nanos() > 0));
            members = members.integer("max_runtime_sec", i64::try_from(seconds).unwrap_or(i64::MAX));
        }
        Ok(members.end())
    }
}

/// JSON that is to stand within other JSON must be a value of its own. (Half a character is the core's to name, by its path.)
fn checked(subject: &'static str, json: String) -> Result<String, Error> {
    match json::mended(&json) {
        Ok(_) => Ok(json),
        Err(problem) => match json::blame(&json) {
            Some((path, _)) if !path.is_empty() => Err(wrong(subject, &format!("{problem}, at `{path}`"))),
            _ => Err(wrong(subject, &problem.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submit_is_written_as_the_wire_has_it() {
        let submit = Submit::new("count@1")
            .input_json(r#"{"to":3}"#)
            .lease_request_json(r#"{"fs.read":["/"]}"#)
            .idempotency_key("k")
            .max_runtime(Duration::from_millis(2500));
        let expected = r#"{"agent":"count@1","input":{"to":3},"lease_request":{"fs.read":["/"]},"idempotency_key":"k","max_runtime_sec":3}"#;
        assert_eq!(submit.payload().unwrap(), expected);
        assert!(submit.is_keyed());
    }

    #[test]
    fn nothing_gets_out_of_its_place_in_a_submit() {
        for wrong in ["", "{", r#"1,"agent":"other""#, "{}{}", "[1,]", "nul", r#"{"a":1,"a":2}"#] {
            let error = Submit::new("a").input_json(wrong).payload().unwrap_err();
            assert_eq!(error.subject(), Some("input"), "{wrong}");
        }
        let none = Submit::new("a").max_runtime(Duration::ZERO).payload();
        assert_eq!(none.unwrap_err().subject(), Some("max_runtime"));
        assert_eq!(Submit::new("").payload().unwrap_err().subject(), Some("agent"));
        assert_eq!(Submit::new("a").idempotency_key("").payload().unwrap_err().subject(), Some("idempotency_key"));
    }
}
