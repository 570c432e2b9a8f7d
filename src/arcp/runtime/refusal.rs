//! What a runtime says no to, and how a connection ends with it.

use super::{ArcpCode, Close};
use crate::json::Members;

/// What is refused, and why; `member` says where in the message, for the peer that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestRefusal {
    pub(super) code: ArcpCode,
    member: Option<&'static str>,
    /// Of what there are too many, and how many there may be.
    limit: Option<(&'static str, usize)>,
}

impl RequestRefusal {
    /// One of which the code says all.
    pub(super) const fn of(code: ArcpCode) -> Self {
        Self { code, member: None, limit: None }
    }

    /// This part of the message is wrong.
    pub(super) const fn invalid(member: &'static str) -> Self {
        Self { code: ArcpCode::InvalidRequest, member: Some(member), limit: None }
    }

    /// There are as many of these as there may be; when there are fewer, one more is let in.
    pub(super) const fn too_many(code: ArcpCode, what: &'static str, most: usize) -> Self {
        Self { code, member: None, limit: Some((what, most)) }
    }

    /// The payload of a `session.error`.
    pub(super) fn payload(self, request_id: Option<&str>) -> String {
        let Self { code, member, limit } = self;
        let message = match (member, limit) {
            (_, Some((what, most))) => format!("Too many {what}: {most} are allowed"),
            (Some(member), None) => format!("{}: {member}", code.message()),
            (None, None) => code.message().to_owned(),
        };
        let mut payload = Members::new()
            .text("code", code.as_str())
            .text("message", &message)
            .boolean("retryable", code.is_retryable() || limit.is_some());
        if let Some((what, most)) = limit {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let details = Members::new().text("reason", &format!("too_many_{what}")).integer("limit", most);
            payload = payload.raw("details", &details.end());
        }
        if let Some(id) = request_id {
            payload = payload.text("request_id", id);
        }
        payload.end()
    }
}

/// A refusal that ends the connection. The session itself, if there is one, can be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionEnd {
    pub(super) refusal: RequestRefusal,
    pub(super) close: Close,
}

impl ConnectionEnd {
    /// A frame is over the limit.
    pub(super) const TOO_LARGE: Self =
        Self { refusal: RequestRefusal::of(ArcpCode::InvalidRequest), close: Close::TooLarge };
    /// The hello names no principal.
    pub(super) const UNAUTHENTICATED: Self =
        Self { refusal: RequestRefusal::of(ArcpCode::Unauthenticated), close: Close::Unauthenticated };
    /// The session that is asked for can't be resumed.
    pub(super) const NOT_RESUMABLE: Self =
        Self { refusal: RequestRefusal::of(ArcpCode::ResumeWindowExpired), close: Close::Protocol };
    /// The client asks for more than it may, or doesn't read what it asked for.
    pub(super) const TOO_MANY_REQUESTS: Self = Self {
        refusal: RequestRefusal { member: Some("too many requests"), ..RequestRefusal::of(ArcpCode::InternalError) },
        close: Close::TooMany,
    };

    /// This part of a frame breaks the protocol.
    pub(super) const fn protocol(member: &'static str) -> Self {
        Self { refusal: RequestRefusal::invalid(member), close: Close::Protocol }
    }

    /// There are as many sessions as there may be.
    pub(super) const fn too_many_sessions(most: usize) -> Self {
        Self { refusal: RequestRefusal::too_many(ArcpCode::PermissionDenied, "sessions", most), close: Close::TooMany }
    }
}
