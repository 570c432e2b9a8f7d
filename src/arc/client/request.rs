//! Requests: the envelope that is sent.

use crate::{
    arc::{envelope::VERSION, reply::is_name},
    error::{Code, Error},
    jose::url::{self, PlainHosts},
    json::{self, Members},
};

/// Who asks whom for what; `params` is a JSON object as text.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The method, known or not: the protocol grows.
    pub method: &'a str,
    /// The request's id.
    pub id: &'a str,
    /// Who asks.
    pub request_agent: &'a str,
    /// Who is asked.
    pub target_agent: &'a str,
    /// The workflow that it belongs to.
    pub trace_id: Option<&'a str>,
    /// The method's parameters.
    pub params: &'a str,
}

/// The body of a request.
///
/// # Errors
/// Which argument can't be sent: what every server refuses isn't sent to one.
pub fn write(call: &Call<'_>) -> Result<String, Error> {
    let mut request = Members::new().text("arc", VERSION);
    let names = [
        ("id", Some(call.id)),
        ("method", Some(call.method)),
        ("requestAgent", Some(call.request_agent)),
        ("targetAgent", Some(call.target_agent)),
        ("traceId", call.trace_id),
    ];
    for (name, value) in names {
        let Some(value) = value else { continue };
        check_name(name, value)?;
        request = request.text(name, value);
    }
    if !call.params.starts_with('{') {
        return Err(wrong("params", "`params` must be an object"));
    }
    // A server that reads JSON strictly would say no more than that it is none.
    if matches!(json::mended(call.params), Ok((_, true))) {
        return Err(wrong(
            "params",
            "`params` has half of a character in it: a text that was cut inside of an emoji, say",
        ));
    }
    Ok(request.raw("params", call.params).end())
}

/// Checks where requests go and in whose name: over `https`, or to this machine or one of `hosts`, for every request carries a token.
///
/// # Errors
/// What is wrong and how to put it right.
pub fn check(endpoint: &str, request_agent: &str, hosts: &PlainHosts) -> Result<(), Error> {
    url::check_with(endpoint, hosts).map_err(|problem| {
        let mut message = String::from("`endpoint` ");
        message.push_str(problem);
        Error::new(Code::Config, message).about("endpoint")
    })?;
    check_name("requestAgent", request_agent)
}

fn check_name(name: &'static str, value: &str) -> Result<(), Error> {
    if is_name(value) {
        return Ok(());
    }
    Err(match name {
        "method" => wrong(name, "`method` must have 1 to 256 bytes"),
        "requestAgent" => wrong(name, "`requestAgent` must have 1 to 256 bytes"),
        "targetAgent" => wrong(name, "`targetAgent` must have 1 to 256 bytes"),
        "traceId" => wrong(name, "`traceId` must have 1 to 256 bytes"),
        _ => wrong(name, "`id` must have 1 to 256 bytes"),
    })
}

fn wrong(name: &'static str, message: &'static str) -> Error {
    Error::new(Code::Config, message).about(name)
}
