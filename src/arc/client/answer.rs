//! Answers: strict about those that succeed, tolerant about errors.
//!
//! An error is taken from wherever it comes: the servers in the wild don't know the request's id when they refuse a token, put
//! another agent's name there, or leave the envelope out. A success must be the answer to this very request.

use super::failure::{Failure, Head};
use crate::{
    arc::envelope::VERSION,
    json::{Object, Value},
};

/// What the answer to a request must repeat of it.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The request's id.
    pub id: &'a str,
    /// Who asked.
    pub request_agent: &'a str,
}

/// Decides on an answer; `body` is `None` when it is no JSON object. The result is the caller's as it stands.
///
/// # Errors
/// What the caller gets instead of a result.
pub fn decode(expected: &Expected<'_>, head: &Head<'_>, body: Option<&Object<'_>>) -> Result<(), Failure> {
    let member = |name| body.and_then(|body| body.get(name));
    let text = |name| member(name).and_then(Value::as_str);
    match member("error") {
        None | Some(Value::Null) => {}
        Some(error) => return Err(Failure::of_error(head, error)),
    }
    if !matches!(head.status, 200..=299) {
        // Gateways that know nothing of ARC: `{ "message": … }`, or nothing at all.
        return Err(match member("message").or_else(|| member("detail")) {
            Some(message @ Value::String(_)) => Failure::of_error(head, message),
            _ => Failure::of_status(head),
        });
    }
    let problem = if body.is_none() {
        "the answer is no JSON object"
    } else if text("arc") != Some(VERSION) {
        "the answer is not of ARC 1.0"
    } else if text("id") != Some(expected.id) {
        "the answer has the id of another request"
    } else if text("targetAgent") != Some(expected.request_agent) {
        "the answer is for another agent"
    } else if text("responseAgent").is_none_or(str::is_empty) {
        "the answer does not say who answers"
    } else if !matches!(member("result"), Some(Value::Object(_) | Value::Null)) {
        "the answer has no result"
    } else {
        return Ok(());
    };
    Err(Failure::protocol(problem))
}
