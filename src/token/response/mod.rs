//! What a token endpoint answers: RFC 6749 §5.1 and §5.2.

mod tokens;

#[cfg(test)]
mod tests;

use tokens::token_of;
pub use tokens::{access_token_only, given, tokens, Facts, Tokens, Unusable};

use super::denial::Denial;
use crate::{
    json::{self, Value},
    secret::Secret,
};

/// An answer may be this many bytes long.
pub const MAX_BYTES: usize = 64 * 1024;

/// An answer, as far as it is one.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Tokens.
    Tokens(Box<Tokens>),
    /// The request was carried out, and what came can't be used.
    Unusable(Unusable),
    /// No. And what came with it all the same: the refresh token that was sent may count no more.
    Refused(Denial, Option<Secret>),
    /// Neither: what it was. Whether the request was carried out is unknown.
    Unknown(&'static str),
}

/// Reads the answer of a token endpoint.
pub fn parse(status: u16, body: &[u8]) -> Answer {
    if body.len() > MAX_BYTES {
        return Answer::Unknown("answered with more than is read");
    }
    match status {
        200..=299 => {}
        408 | 425 | 429 => return Answer::Unknown("asks for patience"),
        // Whatever the body is: this request is not going to be answered otherwise.
        400..=499 => return Answer::Refused(Denial::of(body), None),
        300..=399 => return Answer::Unknown("answered with a redirect, which is not followed"),
        _ => return Answer::Unknown("is out of order"),
    }
    let value = json::provided(body).ok();
    let Some(answer) = value.as_ref().and_then(Value::as_object) else {
        return Answer::Unknown("answered with something that is not the JSON of RFC 6749");
    };
    // Some answer 200 with an error in it.
    if answer.get("error").is_some_and(says_something) {
        return Answer::Refused(Denial::read(answer), token_of(answer, "refresh_token").ok().flatten());
    }
    match tokens(answer) {
        Ok(tokens) => Answer::Tokens(Box::new(tokens)),
        Err(unusable) => Answer::Unusable(unusable),
    }
}

/// Whether an `error` is one: some write the member always, and say nothing with it.
fn says_something(error: &Value<'_>) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(name) => !name.trim().is_empty(),
        Value::Number(number) => number.as_f64() != 0.0,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => members.iter().next().is_some(),
        Value::Bool(true) => true,
    }
}
