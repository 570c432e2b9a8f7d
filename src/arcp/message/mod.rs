//! What the handshake says: hello, welcome, error (ARCP 1.1 §6). Read strictly from a stranger, written as every SDK reads it.

mod hello;
#[cfg(test)]
mod tests;
mod welcome;

pub use self::{
    hello::{Hello, Resume},
    welcome::{AgentInfo, Welcome},
};
use super::{envelope::Malformed, errors::ArcpCode};
use crate::{
    json::{Members, Value},
    secret::Secret,
};

/// The longest name, version or scheme, in bytes.
const MAX_TEXT: usize = 1024;
/// The longest resume token, in bytes: a gate seals a runtime's of up to [`MAX_TEXT`].
const MAX_RESUME_TOKEN: usize = 2048;

/// A name and a version: of a client or of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
}

impl Party {
    fn read(value: Option<&Value<'_>>, member: &'static str) -> Result<Self, Malformed> {
        let object = value.and_then(Value::as_object).ok_or(Malformed::Member(member))?;
        let text = |name| {
            let text = object.get(name).and_then(Value::as_str).filter(|text| text.len() <= MAX_TEXT);
            text.map(str::to_owned).ok_or(Malformed::Member(member))
        };
        // Go leaves out what is empty.
        let version = match object.get("version") {
            None => String::new(),
            Some(_) => text("version")?,
        };
        Ok(Self { name: text("name")?, version })
    }

    fn write(&self) -> String {
        Members::new().text("name", &self.name).text("version", &self.version).end()
    }
}

fn text_of(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

/// The payload of `session.error` and of a refusal: `code`, `message`, `retryable`. No `details` when there are none: the TS
/// SDK refuses a null.
pub fn error_payload(code: ArcpCode, message: &str) -> String {
    error_members(code, message).end()
}

/// As [`error_payload`], where more is to be said.
pub fn error_members(code: ArcpCode, message: &str) -> Members {
    Members::new().text("code", code.as_str()).text("message", message).boolean("retryable", code.is_retryable())
}
