//! Whether a credential that was accepted still holds: one rule for requests and for sessions.
//!
//! Between letting in and acting there are waits (a body, an upstream's credential, a connection), and long work goes on after.
//! So the question is asked again: before anything begins the answer must be there; while something runs it may be missing for
//! a while, for a store that restarts must not end everybody's work.

use crate::{error::Code, principal::Kind, time::Span};

/// What runs is ended when nobody could say for so long whether its credential still holds.
pub const LONGEST_UNKNOWN: Span = Span::from_secs(30);

/// What it means that a verifier which let somebody in refuses the same credentials now: they are taken back, whatever it calls
/// that. It can't say so where it failed itself; and when a token ends is the deadline's matter, unless nobody knows that but the
/// verifier (`has_end` is false).
pub const fn means_revoked(refusal: Code, has_end: bool) -> Option<bool> {
    match refusal {
        Code::TokenExpired => Some(!has_end),
        Code::TokenRevoked => Some(true),
        Code::Config | Code::Internal | Code::Remote => None,
        code if code.is_retryable() => None,
        _ => Some(true),
    }
}

/// Whether the same credentials mean somebody else now. Nobody in particular stays who it is, whatever name it is given anew.
pub fn is_somebody_else(kind: Kind, key: &str, key_now: &str) -> bool {
    kind != Kind::Anonymous && key != key_now
}

/// What an answer about a credential means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStatus {
    /// Go on.
    Valid,
    /// It was taken back.
    Revoked,
    /// Nobody can say, and so nobody goes on.
    Unknown,
}

impl CredentialStatus {
    /// Before something begins: `revoked` is the answer, `None` that there was none.
    pub const fn before(revoked: Option<bool>) -> Self {
        match revoked {
            Some(true) => Self::Revoked,
            Some(false) => Self::Valid,
            None => Self::Unknown,
        }
    }

    /// While something runs; `unknown` is how long ago the last answer was.
    pub fn during(revoked: Option<bool>, unknown: Span) -> Self {
        match revoked {
            None if unknown < LONGEST_UNKNOWN => Self::Valid,
            answer => Self::before(answer),
        }
    }

    /// Its name in the log; `None` where there is nothing to tell.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Valid => None,
            Self::Revoked => Some("revoked"),
            Self::Unknown => Some("revocation_unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_without_an_answer() {
        assert_eq!(CredentialStatus::before(Some(false)), CredentialStatus::Valid);
        assert_eq!(CredentialStatus::before(Some(true)), CredentialStatus::Revoked);
        assert_eq!(CredentialStatus::before(None), CredentialStatus::Unknown);
    }

    #[test]
    fn another_key_is_somebody_else_but_for_nobody_in_particular() {
        assert!(!is_somebody_else(Kind::Custom, "custom||a", "custom||a"));
        assert!(is_somebody_else(Kind::Custom, "custom||a", "custom||b"));
        assert!(is_somebody_else(Kind::Jwt, "jwt|i|a", "custom||a"));
        assert!(!is_somebody_else(Kind::Anonymous, "anonymous||a", "anonymous||b"));
    }

    #[test]
    fn every_refusal_takes_back_and_no_outage_does() {
        for code in [
            Code::TokenRevoked,
            Code::PermissionDenied,
            Code::Unauthenticated,
            Code::TokenClaim,
            Code::TokenSignature,
            Code::TokenScope,
            Code::TokenAudience,
        ] {
            assert_eq!(means_revoked(code, true), Some(true), "{code:?}");
        }
        for code in [
            Code::JwksUnavailable,
            Code::VerifierUnavailable,
            Code::Network,
            Code::Timeout,
            Code::Config,
            Code::Internal,
        ] {
            assert_eq!(means_revoked(code, true), None, "{code:?}");
        }
        assert_eq!(means_revoked(Code::TokenExpired, true), Some(false));
        assert_eq!(means_revoked(Code::TokenExpired, false), Some(true));
    }

    #[test]
    fn what_runs_outlasts_a_short_outage_and_no_revocation() {
        for (unknown, expected) in
            [(0, CredentialStatus::Valid), (29_999, CredentialStatus::Valid), (30_000, CredentialStatus::Unknown)]
        {
            assert_eq!(CredentialStatus::during(None, Span::from_millis(unknown)), expected, "{unknown}");
        }
        assert_eq!(CredentialStatus::during(Some(true), Span::from_millis(0)), CredentialStatus::Revoked);
        assert_eq!(CredentialStatus::during(Some(false), Span::from_secs(900)), CredentialStatus::Valid);
    }
}
