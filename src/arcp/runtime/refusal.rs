//! What a runtime says no to, and how a connection ends with it.

use super::{ArcpCode, Close};
use crate::json::Members;

/// What the log and the peer are told where a principal has asked for more than it may.
pub(super) const TOO_MANY_REQUESTS: &str = "too_many_requests";

/// What is refused, and why; `member` says where in the message, for the peer that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestRefusal {
    pub(super) code: ArcpCode,
    member: Option<&'static str>,
    /// Of what there is too much, and how much there may be.
    limit: Option<Limit>,
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// These things.
    Many(&'static str, usize),
    /// Of these units in the store.
    Stored(&'static str, usize),
    /// Of what a principal asks for in a while.
    Requests,
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
        Self { code, member: None, limit: Some(Limit::Many(what, most)) }
    }

    /// As much is kept as may be, in bytes or rows; when there is less, more is taken (ARCP 1.1 §14).
    pub(super) const fn store_full(what: &'static str, most: usize) -> Self {
        Self { code: ArcpCode::InternalError, member: None, limit: Some(Limit::Stored(what, most)) }
    }

    /// A stable name for the audit log.
    pub(super) const fn reason(&self) -> &'static str {
        match self.limit {
            Some(Limit::Stored(..)) => "store_full",
            Some(Limit::Requests) => TOO_MANY_REQUESTS,
            _ => self.code.as_str(),
        }
    }

    /// The payload of a `session.error`.
    pub(super) fn payload(self, request_id: Option<&str>) -> String {
        let Self { code, member, limit } = self;
        let message = match (member, limit) {
            (_, Some(Limit::Many(what, most))) => format!("Too many {what}: {most} are allowed"),
            (_, Some(Limit::Stored(what, most))) => {
                format!("The store is full: {most} {what} are kept for a principal")
            }
            (Some(member), _) => format!("{}: {member}", code.message()),
            (None, _) => code.message().to_owned(),
        };
        let mut payload = Members::new()
            .text("code", code.as_str())
            .text("message", &message)
            .boolean("retryable", code.is_retryable() || limit.is_some());
        if let Some(limit) = limit {
            let (details, most) = match limit {
                Limit::Many(what, most) => (Members::new().text("reason", &format!("too_many_{what}")), Some(most)),
                Limit::Stored(what, most) => (Members::new().text("reason", "store_full").text("of", what), Some(most)),
                Limit::Requests => (Members::new().text("reason", TOO_MANY_REQUESTS), None),
            };
            let details = match most.map(|most| i64::try_from(most).unwrap_or(i64::MAX)) {
                Some(most) => details.integer("limit", most),
                None => details,
            };
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
        refusal: RequestRefusal {
            member: Some("too many requests"),
            limit: Some(Limit::Requests),
            ..RequestRefusal::of(ArcpCode::InternalError)
        },
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

    /// As much is kept as may be.
    pub(super) const fn store_full(what: &'static str, most: usize) -> Self {
        Self { refusal: RequestRefusal::store_full(what, most), close: Close::TooMany }
    }
}
