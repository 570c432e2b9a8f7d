//! The error taxonomy (ARCP 1.1 §12), and the close codes that a gate uses (the specification names none).

/// One of the protocol's fifteen codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArcpCode {
    /// The lease, the policy or the scopes don't allow it.
    PermissionDenied,
    /// A delegation asks for more than its parent holds.
    LeaseSubsetViolation,
    /// The job is unknown, or not visible.
    JobNotFound,
    /// The idempotency key was used with other parameters.
    DuplicateKey,
    /// No such agent.
    AgentNotAvailable,
    /// No such version of the agent.
    AgentVersionNotAvailable,
    /// The client cancelled.
    Cancelled,
    /// `max_runtime_sec` is over.
    Timeout,
    /// The session can't be resumed from there any more.
    ResumeWindowExpired,
    /// Two silent intervals.
    HeartbeatLost,
    /// The lease has ended.
    LeaseExpired,
    /// A budget is used up.
    BudgetExhausted,
    /// The message breaks the protocol.
    InvalidRequest,
    /// No credentials, or none that are accepted.
    Unauthenticated,
    /// A fault of the runtime.
    InternalError,
}

impl ArcpCode {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::PermissionDenied,
        Self::LeaseSubsetViolation,
        Self::JobNotFound,
        Self::DuplicateKey,
        Self::AgentNotAvailable,
        Self::AgentVersionNotAvailable,
        Self::Cancelled,
        Self::Timeout,
        Self::ResumeWindowExpired,
        Self::HeartbeatLost,
        Self::LeaseExpired,
        Self::BudgetExhausted,
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::InternalError,
    ];

    /// The code as it stands in a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::LeaseSubsetViolation => "LEASE_SUBSET_VIOLATION",
            Self::JobNotFound => "JOB_NOT_FOUND",
            Self::DuplicateKey => "DUPLICATE_KEY",
            Self::AgentNotAvailable => "AGENT_NOT_AVAILABLE",
            Self::AgentVersionNotAvailable => "AGENT_VERSION_NOT_AVAILABLE",
            Self::Cancelled => "CANCELLED",
            Self::Timeout => "TIMEOUT",
            Self::ResumeWindowExpired => "RESUME_WINDOW_EXPIRED",
            Self::HeartbeatLost => "HEARTBEAT_LOST",
            Self::LeaseExpired => "LEASE_EXPIRED",
            Self::BudgetExhausted => "BUDGET_EXHAUSTED",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// The code of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// What the taxonomy says of a retry: an INTERNAL_ERROR always is worth one; where the specification says nothing
    /// (TIMEOUT, HEARTBEAT_LOST), a retry does no harm that the first try didn't do.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::InternalError | Self::Timeout | Self::HeartbeatLost)
    }

    /// What a stranger is told. The reason goes to the audit log.
    pub const fn message(self) -> &'static str {
        match self {
            Self::PermissionDenied => "Permission denied",
            Self::LeaseSubsetViolation => "The delegated lease exceeds its parent's",
            Self::JobNotFound => "No such job",
            Self::DuplicateKey => "The idempotency key was used with other parameters",
            Self::AgentNotAvailable => "No such agent",
            Self::AgentVersionNotAvailable => "No such version of the agent",
            Self::Cancelled => "Cancelled",
            Self::Timeout => "The job ran out of time",
            Self::ResumeWindowExpired => "The session can't be resumed",
            Self::HeartbeatLost => "Nothing was heard for two intervals",
            Self::LeaseExpired => "The lease has expired",
            Self::BudgetExhausted => "The budget is exhausted",
            Self::InvalidRequest => "Invalid request",
            Self::Unauthenticated => "Authentication failed",
            Self::InternalError => "Internal error",
        }
    }
}

/// Why a WebSocket is closed. 4000 to 4999 are for applications (RFC 6455 §7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Close {
    /// 1000: both are done.
    Normal,
    /// 1012: the service restarts, or its upstream was lost. Reconnect and resume.
    Restart,
    /// 4400: the peer breaks the protocol.
    Protocol,
    /// 4401: not authenticated.
    Unauthenticated,
    /// 4403: authenticated, and not allowed.
    Forbidden,
    /// 4408: no hello in time.
    HelloTimeout,
    /// 4409: the session was resumed on another connection.
    Displaced,
    /// 4410: the token has ended or was revoked. Reconnect with a fresh one.
    TokenEnded,
    /// 4413: a frame is too large.
    TooLarge,
    /// 4422: the upstream says what can't be passed on, and will say it again at each resume. Don't come back for it.
    Unreadable,
    /// 4429: too many, or too slow.
    TooMany,
}

impl Close {
    /// The code on the wire.
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Restart => 1012,
            Self::Protocol => 4400,
            Self::Unauthenticated => 4401,
            Self::Forbidden => 4403,
            Self::HelloTimeout => 4408,
            Self::Displaced => 4409,
            Self::TokenEnded => 4410,
            Self::TooLarge => 4413,
            Self::Unreadable => 4422,
            Self::TooMany => 4429,
        }
    }

    /// The reason on the wire: short, and no secret.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "closed",
            Self::Restart => "try again",
            Self::Protocol => "protocol error",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "not allowed",
            Self::HelloTimeout => "no hello in time",
            Self::Displaced => "resumed elsewhere",
            Self::TokenEnded => "token expired or revoked",
            Self::TooLarge => "frame too large",
            Self::Unreadable => "can't be passed on",
            Self::TooMany => "too many or too slow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for code in ArcpCode::ALL {
            assert_eq!(ArcpCode::from_name(code.as_str()), Some(code));
        }
        assert_eq!(ArcpCode::from_name("internal_error"), None);
    }

    #[test]
    fn a_lease_or_a_budget_that_ended_is_never_retryable() {
        // ARCP 1.1 §12
        assert!(!ArcpCode::LeaseExpired.is_retryable());
        assert!(!ArcpCode::BudgetExhausted.is_retryable());
        assert!(ArcpCode::InternalError.is_retryable());
    }
}
