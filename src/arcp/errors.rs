//! The error taxonomy (ARCP 1.1 §12).

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
