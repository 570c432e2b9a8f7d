//! The head of a request, from which everything is decided that can be before a byte of the body is read.

use crate::{
    arc::{
        errors::ArcCode,
        gate::Gate,
        origin::{Fields, Misdirected},
        reply::{Echo, Reply, MEDIA_TYPE},
    },
    auth::credentials::{self, Credentials},
    http::head::Head,
};

/// What comes next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Answer, and leave the body alone.
    Reply(Reply),
    /// Have these credentials verified, and come back with the principal or the error.
    Authenticate(Credentials),
}

/// The decision on a head.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Header fields that every answer to this request gets, whatever becomes of it.
    pub fields: Fields,
    /// What comes next.
    pub step: Step,
}

impl Gate {
    /// Decides on a request's head. The path is the URL's, compared whole: no header has a say in it, and a path that is
    /// not exactly ours runs nothing.
    pub fn head(&self, head: &Head<'_>) -> Admission {
        let mut fields = vec![("Vary", "Origin".to_owned())];
        let step = if !self.is_endpoint(head.path) {
            Step::Reply(refusal(ArcCode::InvalidRequest, 404, "path"))
        } else {
            match self.origins().decide(head.scheme, head.host, head.origin) {
                Err(misdirected) => {
                    let (status, reason) = misdirected.answer();
                    let is_origin = matches!(misdirected, Misdirected::Origin);
                    let code = if is_origin { ArcCode::PermissionDenied } else { ArcCode::InvalidRequest };
                    Step::Reply(refusal(code, status, reason))
                }
                Ok(cors) => {
                    fields.extend(cors);
                    self.credentials_of(head).map_or_else(Step::Reply, Step::Authenticate)
                }
            }
        };
        Admission { fields, step }
    }

    fn credentials_of(&self, head: &Head<'_>) -> Result<Credentials, Reply> {
        match head.method {
            "POST" => {}
            "OPTIONS" if head.origin.is_some() => {
                return Err(Reply::empty(204, "preflight")
                    .with_header("Access-Control-Allow-Methods", "POST")
                    .with_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
                    .with_header("Access-Control-Max-Age", "600"));
            }
            "OPTIONS" => return Err(Reply::empty(204, "preflight").with_header("Allow", ALLOW)),
            _ => return Err(refusal(ArcCode::InvalidRequest, 405, "method").with_header("Allow", ALLOW)),
        }
        if !is_supported(head) {
            return Err(refusal(ArcCode::InvalidRequest, 415, "media_type")
                .with_header("Accept-Post", format!("{MEDIA_TYPE}, application/json")));
        }
        if let Some(length) = head.content_length {
            // More digits than a u64 holds are a length too; anything else is none.
            let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number {
                return Err(refusal(ArcCode::InvalidRequest, 400, "content_length"));
            }
            if length.parse::<u64>().map_or(true, |length| length > self.max_body_bytes()) {
                return Err(Reply::too_large());
            }
        }
        credentials::from_gate_request(head.authorization, head.query).map_err(|error| Reply::refused(&error))
    }
}

const ALLOW: &str = "POST, OPTIONS";

fn refusal(code: ArcCode, status: u16, reason: &'static str) -> Reply {
    Reply::error(code, reason, &Echo::default(), None).with_status(status)
}

/// Whether the body can be read: JSON under one of its names, in UTF-8, not compressed.
fn is_supported(head: &Head<'_>) -> bool {
    let encoded = head.content_encoding.is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity"));
    let Some(content_type) = head.content_type else { return false };
    let mut parts = content_type.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case(MEDIA_TYPE)
        || essence.eq_ignore_ascii_case("application/json")
        // The protocol's Python SDK labels its JSON so when it wants the answer as a stream.
        || (essence.eq_ignore_ascii_case(EVENT_STREAM) && head.accept.is_some_and(|accept| accept.contains(EVENT_STREAM)));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    is_json && is_utf8 && !encoded
}

/// The media type of streamed answers.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";
