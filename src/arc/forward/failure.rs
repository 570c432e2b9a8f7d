//! Why there is no answer of the upstream's.

use crate::{arc::errors::ArcCode, error::Code};

/// Why there is no answer of the upstream's to hand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection, or it broke off.
    Unreachable,
    /// It took longer than it may.
    TimedOut,
    /// The caller's token ended meanwhile.
    TokenExpired,
    /// The caller's token was taken back meanwhile.
    TokenRevoked,
    /// Nobody could say for too long whether the caller's token was revoked.
    Unknown,
    /// It wants the request to go somewhere else.
    Redirect,
    /// Something answered, but not in ARC; or it is another request's answer.
    NotArc,
    /// It says that it is overloaded, without saying it in ARC.
    Overloaded,
    /// More than is read.
    TooLarge,
    /// It refuses the gate's credential.
    Refused,
    /// There is no credential for this caller.
    NoCredential,
    /// The credential can't be had now.
    CredentialUnavailable,
    /// The credential can't be made as this deployment is configured.
    Misconfigured,
}

impl Failure {
    const ALL: [(&'static str, Self); 13] = [
        ("unreachable", Self::Unreachable),
        ("timeout", Self::TimedOut),
        ("expired", Self::TokenExpired),
        ("revoked", Self::TokenRevoked),
        ("revocation_unknown", Self::Unknown),
        ("redirect", Self::Redirect),
        ("not_arc", Self::NotArc),
        ("overloaded", Self::Overloaded),
        ("too_large", Self::TooLarge),
        ("refused", Self::Refused),
        ("no_credential", Self::NoCredential),
        ("credential_unavailable", Self::CredentialUnavailable),
        ("misconfigured", Self::Misconfigured),
    ];

    /// The failure that the driver names so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, failure)| *failure)
    }

    /// What it means that a credential could not be had, by the code of the error that says so and whether that may pass. Refused
    /// for good, or none: this user has no credential there.
    pub fn of_credential(code: &str, is_retryable: bool) -> Self {
        if [Code::PermissionDenied, Code::RefreshRejected].iter().any(|none| none.as_str() == code) {
            return Self::NoCredential;
        }
        if is_retryable {
            Self::CredentialUnavailable
        } else {
            Self::Misconfigured
        }
    }

    /// The name that the driver has for it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, failure)| *failure == self).map_or("", |(name, _)| name)
    }

    /// Code, status and what the audit log calls it.
    pub(super) const fn answer(self) -> (ArcCode, u16, &'static str) {
        match self {
            Self::Unreachable => (ArcCode::AgentUnreachable, 502, "upstream_unreachable"),
            Self::TimedOut => (ArcCode::AgentTimeout, 504, "timeout"),
            // A 401 means that nothing was done; here the agent may have worked.
            Self::TokenExpired => (ArcCode::TokenExpired, 403, "ERR_TOKEN_EXPIRED"),
            Self::TokenRevoked => (ArcCode::AuthenticationFailed, 403, "ERR_TOKEN_REVOKED"),
            Self::Unknown => (ArcCode::InternalError, 503, "revocation_unknown"),
            Self::Redirect => (ArcCode::AgentUnreachable, 502, "upstream_redirect"),
            Self::NotArc => (ArcCode::AgentUnreachable, 502, "upstream_not_arc"),
            Self::Overloaded => (ArcCode::AgentNotAvailable, 503, "upstream_overloaded"),
            Self::TooLarge => (ArcCode::MessageTooLarge, 502, "upstream_too_large"),
            Self::Refused => (ArcCode::AgentAuthenticationFailed, 502, "upstream_refused"),
            Self::NoCredential => (ArcCode::PermissionDenied, 403, "ERR_PERMISSION_DENIED"),
            Self::CredentialUnavailable => (ArcCode::AgentNotAvailable, 503, "ERR_REFRESH_UNAVAILABLE"),
            Self::Misconfigured => (ArcCode::InternalError, 500, "ERR_CONFIG"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_that_was_refused_for_good_is_none_and_one_that_may_come_later_is_awaited() {
        for (code, is_retryable, name) in [
            ("ERR_PERMISSION_DENIED", false, "no_credential"),
            ("ERR_PERMISSION_DENIED", true, "no_credential"),
            ("ERR_REFRESH_REJECTED", false, "no_credential"),
            ("ERR_REFRESH_UNAVAILABLE", true, "credential_unavailable"),
            ("", true, "credential_unavailable"),
            ("ERR_CONFIG", false, "misconfigured"),
            ("", false, "misconfigured"),
        ] {
            let failure = Failure::of_credential(code, is_retryable);
            assert_eq!(failure.name(), name, "{code} {is_retryable}");
            assert_eq!(Failure::from_name(name), Some(failure));
        }
    }
}
