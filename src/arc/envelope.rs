//! The envelope of an ARC 1.0 request, read strictly.
//!
//! Members that are not known are ignored: the specification lets the protocol grow by optional fields.

use crate::{
    arc::{
        errors::ArcCode,
        reply::{id_text, is_name, Echo, Reply},
    },
    json::{self, Members, Object, Problem, Value},
};

/// The version that is spoken.
pub const VERSION: &str = "1.0";

/// A request whose envelope is sound.
#[derive(Clone, Debug)]
pub struct Request<'o, 'b> {
    /// What the answer repeats.
    pub echo: Echo,
    /// The method, whether known or not.
    pub method: &'o str,
    /// Who asks, by its own account.
    pub request_agent: &'o str,
    /// Who is asked.
    pub target_agent: &'o str,
    /// The method's parameters.
    pub params: &'o Object<'b>,
}

/// Reads the JSON of a body.
///
/// # Errors
/// The answer to a body that is none.
pub fn parse(body: &[u8]) -> Result<Object<'_>, Reply> {
    json::parse_object(body).map_err(|problem| {
        let (code, reason) = match problem {
            Problem::Syntax => (ArcCode::ParseError, "json"),
            Problem::DuplicateMember => (ArcCode::InvalidRequest, "duplicate_member"),
            Problem::TooDeep => (ArcCode::InvalidRequest, "too_deep"),
            Problem::TooMany => (ArcCode::InvalidRequest, "too_many_values"),
            Problem::NotAnObject => (ArcCode::InvalidRequest, "not_an_object"),
        };
        let has_halves = || std::str::from_utf8(body).is_ok_and(|text| matches!(json::mended(text), Ok((_, true))));
        let problem = match problem {
            Problem::Syntax if has_halves() => {
                "has half of a character in it: a text that was cut inside of an emoji, say".to_owned()
            }
            Problem::TooDeep => format!("is nested deeper than {} levels", json::MAX_DEPTH),
            Problem::TooMany => format!("has more than {} values", json::MAX_VALUES),
            other => other.to_string(),
        };
        Reply::error(
            code,
            reason,
            &Echo::default(),
            Some(&Members::new().text("problem", &format!("the body {problem}")).end()),
        )
    })
}

impl<'o, 'b> Request<'o, 'b> {
    /// Reads the envelope.
    ///
    /// # Errors
    /// The answer to an envelope that breaks the protocol, with the request's id where that is sound.
    pub fn read(object: &'o Object<'b>) -> Result<Self, Reply> {
        let echo = Echo::of(object);
        let invalid = |field: &'static str| {
            Reply::error(ArcCode::InvalidRequest, "envelope", &echo, Some(&Members::new().text("field", field).end()))
        };
        match object.get("arc") {
            None => return Err(invalid("arc")),
            Some(version) if version.as_str() == Some(VERSION) => {}
            Some(_) => {
                let details = Members::new().text("supportedVersion", VERSION).end();
                return Err(Reply::error(ArcCode::InvalidVersion, "version", &echo, Some(&details)));
            }
        }
        let name = |field: &'static str| {
            object.get(field).and_then(Value::as_str).filter(|text| is_name(text)).ok_or_else(|| invalid(field))
        };
        if object.get("id").and_then(id_text).is_none() {
            return Err(invalid("id"));
        }
        let method = name("method")?;
        let request_agent = name("requestAgent")?;
        let target_agent = name("targetAgent")?;
        if object.get("traceId").is_some() && echo.trace_id.is_none() {
            return Err(Reply::error(ArcCode::TraceInvalid, "envelope", &echo, Some("{\"field\":\"traceId\"}")));
        }
        let params = object.get("params").and_then(Value::as_object).ok_or_else(|| invalid("params"))?;
        Ok(Self { echo, method, request_agent, target_agent, params })
    }
}
