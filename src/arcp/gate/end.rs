//! How a session ends: what the peer is told, the close code, and the name for the log.

use super::trust::UpstreamTrust;
use crate::{
    arcp::{envelope::Malformed, ArcpCode, Close},
    auth::challenge::HttpRefusal,
    error::Error,
    json::Members,
};

/// An end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The `session.error` that precedes the close; none where the peer knows already, or can't read.
    pub code: Option<ArcpCode>,
    /// The close.
    pub close: Close,
    /// A stable name for the audit log.
    pub reason: &'static str,
}

/// What explains an end: for the client and for the log. Nothing of it is secret.
#[derive(Clone, Debug)]
pub(super) struct Explanation {
    pub(super) message: String,
    /// A JSON object.
    pub(super) details: String,
}

impl Explanation {
    /// A frame is over a limit of ours.
    pub(super) fn limit(reason: &str, problem: &str, limit: usize) -> Self {
        Self {
            message: format!("The frame {problem}: {limit} are allowed"),
            details: Members::new().text("reason", reason).integer("limit", limit as i64).end(),
        }
    }

    /// A principal has as many of these as it may.
    pub(super) fn too_many(reason: &str, what: &str, limit: Option<i64>) -> Self {
        let details = Members::new().text("reason", reason);
        match limit {
            None => Self { message: format!("Too many {what}"), details: details.end() },
            Some(limit) => Self {
                message: format!("Too many {what}: {limit} are allowed"),
                details: details.integer("limit", limit).end(),
            },
        }
    }

    /// Our runtime keeps as much for a principal as it may: in bytes or in rows.
    pub(super) fn store_full(is_of_rows: bool, limit: i64) -> Self {
        let of = if is_of_rows { "rows" } else { "bytes" };
        let details = Members::new().text("reason", End::STORE_FULL.reason).text("of", of);
        Self {
            message: format!("The store is full: {limit} {of} are kept for a principal"),
            details: details.integer("limit", limit).end(),
        }
    }

    /// What explains an end where its name does, and its code alone says too little.
    pub(super) fn of_end(end: End) -> Option<Self> {
        let message = match end {
            End::NOT_STORED => "What must be kept can't be written",
            End::HELLO_TIMEOUT => "No hello was heard in time",
            End::CROWDED_OUT => "No hello was heard yet, and too many others were waited for",
            _ => return None,
        };
        Some(Self { message: message.to_owned(), details: Members::new().text("reason", end.reason).end() })
    }

    /// A frame of the client's is too large.
    pub(super) fn too_large(size: usize, limit: usize) -> Self {
        let details = Members::new().text("reason", "frame_too_large").integer("bytes", size as i64);
        Self {
            message: format!("A frame of {size} bytes is too large: {limit} are allowed"),
            details: details.integer("limit", limit as i64).end(),
        }
    }
}

impl End {
    const fn new(code: ArcpCode, close: Close, reason: &'static str) -> Self {
        Self { code: Some(code), close, reason }
    }

    /// The peer breaks the protocol: close code 4400.
    pub(super) const fn protocol(reason: &'static str) -> Self {
        Self::new(ArcpCode::InvalidRequest, Close::Protocol, reason)
    }

    /// A frame that can't be read.
    pub(super) const fn malformed(malformed: Malformed) -> Self {
        Self::protocol(match malformed {
            Malformed::Json(_) => "bad_json",
            Malformed::Version => "bad_version",
            Malformed::Member(_) => "bad_envelope",
        })
    }

    /// Try again: close code 1012. The upstream is at fault, or this gate.
    pub(super) const fn restart(reason: &'static str) -> Self {
        Self::new(ArcpCode::InternalError, Close::Restart, reason)
    }

    /// The upstream breaks the protocol, and will again: close code 4422.
    pub(super) const fn undeliverable(reason: &'static str) -> Self {
        Self::new(ArcpCode::InternalError, Close::Undeliverable, reason)
    }

    /// Not authenticated: close code 4401.
    pub(super) const fn unauthenticated(reason: &'static str) -> Self {
        Self::new(ArcpCode::Unauthenticated, Close::Unauthenticated, reason)
    }

    /// Authenticated and not allowed: close code 4403.
    pub(super) const fn denied(reason: &'static str) -> Self {
        Self::new(ArcpCode::PermissionDenied, Close::Forbidden, reason)
    }

    /// The session can't be resumed (ARCP 1.1 §6.3). A new one can be had at once, so nothing is wrong with the peer.
    pub(super) const fn not_resumable(reason: &'static str) -> Self {
        Self::new(ArcpCode::ResumeWindowExpired, Close::Normal, reason)
    }

    /// No hello in time. It may be under way, on a slow network or in a burst, with a token that nobody has looked at: nothing is
    /// said against it. Of the codes this one alone is worth a retry to every SDK.
    pub(super) const HELLO_TIMEOUT: Self = Self::new(ArcpCode::InternalError, Close::HelloTimeout, "hello_timeout");
    /// As [`Self::HELLO_TIMEOUT`], before its time: too many say nothing.
    pub(super) const CROWDED_OUT: Self = Self::new(ArcpCode::InternalError, Close::HelloTimeout, "too_many_silent");
    /// A client without heartbeats has said nothing for long. It can resume.
    pub(super) const CLIENT_IDLE: Self = Self::new(ArcpCode::HeartbeatLost, Close::Restart, "client_idle");
    /// A frame over the limit.
    pub(super) const TOO_LARGE: Self = Self::new(ArcpCode::InvalidRequest, Close::TooLarge, "frame_too_large");
    /// Two silent intervals (ARCP 1.1 §6.4).
    pub(super) const HEARTBEAT_LOST: Self = Self::new(ArcpCode::HeartbeatLost, Close::Restart, "heartbeat_lost");
    /// The token's time is over. The protocol has no code of its own for it; the close code tells it apart.
    pub(super) const EXPIRED: Self = Self::new(ArcpCode::Unauthenticated, Close::TokenEnded, "token_expired");
    /// The token was revoked.
    pub(super) const REVOKED: Self = Self::new(ArcpCode::Unauthenticated, Close::TokenEnded, "token_revoked");
    /// The client doesn't read what it is sent.
    pub(super) const CLIENT_TOO_SLOW: Self = Self { code: None, close: Close::TooMany, reason: "client_too_slow" };
    /// The upstream doesn't read what the client sends.
    pub(super) const UPSTREAM_TOO_SLOW: Self = Self { code: None, close: Close::TooMany, reason: "upstream_too_slow" };
    /// The client says more than it may.
    pub(super) const CLIENT_TOO_FAST: Self = Self { code: None, close: Close::TooMany, reason: "client_too_fast" };
    /// The principal has as many connections as it may.
    pub(super) const TOO_MANY_CONNECTIONS: Self =
        Self::new(ArcpCode::PermissionDenied, Close::TooMany, "too_many_connections");
    /// The principal has asked for more than it may, over whichever connections.
    pub(super) const TOO_MANY_REQUESTS: Self = Self::new(ArcpCode::InternalError, Close::TooMany, "too_many_requests");
    /// The principal has as many sessions in our runtime as it may.
    pub(super) const TOO_MANY_SESSIONS: Self =
        Self::new(ArcpCode::PermissionDenied, Close::TooMany, "too_many_sessions");
    /// Our runtime keeps as much for the principal as it may.
    pub(super) const STORE_FULL: Self = Self::new(ArcpCode::InternalError, Close::TooMany, "store_full");
    /// Our runtime can't write what it must keep: its disk is full, or broken. What was told is there.
    pub(super) const NOT_STORED: Self = Self::new(ArcpCode::InternalError, Close::Restart, "not_stored");
    /// The session goes on over another connection.
    pub(super) const DISPLACED: Self = Self { code: None, close: Close::Displaced, reason: "displaced" };
    /// The client has closed its socket.
    pub(super) const CLIENT_GONE: Self = Self { code: None, close: Close::Normal, reason: "client_gone" };
    /// The client has said goodbye.
    pub(super) const GOODBYE: Self = Self { code: None, close: Close::Normal, reason: "client_closed" };
    /// The upstream has said goodbye.
    pub(super) const UPSTREAM_GOODBYE: Self = Self { code: None, close: Close::Normal, reason: "upstream_closed" };

    /// What a verifier's error comes to. The reason is told by the driver, which has the error's code.
    pub(super) fn of_verifier(error: &Error) -> Self {
        match HttpRefusal::of(error).status {
            403 => Self::denied("missing_scope"),
            500.. => Self::restart("verifier_failed"),
            _ => Self::unauthenticated("refused"),
        }
    }

    /// What it comes to that the upstream can't be opened; the argument is the error's code.
    pub(super) fn of_open_failure(code: &str) -> Self {
        match code {
            "ERR_PERMISSION_DENIED" => Self::denied("no_upstream_credential"),
            "ERR_CONFIG" => Self::undeliverable("upstream_misconfigured"),
            // As the driver tells it of our own runtime, which the platform has ended for it.
            "not_stored" => Self::NOT_STORED,
            _ => Self::restart("upstream_unreachable"),
        }
    }

    /// What the close of the upstream comes to, in an open session. Our own runtime has told the client why, and its code goes
    /// on: what it refuses once it refuses each time.
    pub(super) fn of_upstream_closed(code: u16, trust: UpstreamTrust, has_said_goodbye: bool) -> Self {
        let (close, reason) = match Close::from_code(code).filter(|_| trust.is_trusted()) {
            Some(close @ Close::Protocol) => (close, "runtime_refused"),
            Some(Close::Displaced) => return Self::DISPLACED,
            Some(close @ Close::TooLarge) => (close, "frame_too_large"),
            Some(close @ Close::TooMany) => (close, "runtime_limit"),
            Some(Close::NotStored) => return Self::NOT_STORED,
            _ if has_said_goodbye => return Self::UPSTREAM_GOODBYE,
            _ => return Self::restart("upstream_lost"),
        };
        Self { code: None, close, reason }
    }

    /// As [`Self::of_upstream_closed`], before there is a session.
    pub(super) fn before_welcome_closed(code: u16, trust: UpstreamTrust) -> Self {
        match Close::from_code(code).filter(|_| trust.is_trusted()) {
            Some(Close::NotStored) => Self::NOT_STORED,
            _ => Self::restart("upstream_lost"),
        }
    }

    /// What a refusal of the upstream runtime comes to. Its text is never shown: it isn't written for strangers.
    pub(super) fn of_upstream_error(code: &str, resumes: bool) -> Self {
        match ArcpCode::from_name(code) {
            Some(ArcpCode::ResumeWindowExpired) if resumes => Self::not_resumable("upstream_resume_refused"),
            // The Python SDK's runtime says so of everything that it can't resume.
            Some(ArcpCode::PermissionDenied) if resumes => Self::not_resumable("upstream_resume_refused"),
            Some(ArcpCode::PermissionDenied) => Self::denied("upstream_denied"),
            // It is not the client that failed to show who it is, but this gate.
            Some(ArcpCode::Unauthenticated) => Self::restart("upstream_unauthenticated"),
            _ => Self::restart("upstream_refused"),
        }
    }
}
