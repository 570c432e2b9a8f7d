//! What a refused request is told over HTTP (RFC 6750 §3, RFC 9110 §11.6.1 and §10.2.3).
//!
//! The caller learns which of a few classes its failure belongs to, and never why: a token with a wrong audience and one
//! with a wrong signature get the same answer. Only "expired" is told apart, because a client can act on it (refresh and
//! try once more), and it is said of tokens alone whose signature has been checked.

use crate::{
    auth::credentials,
    error::{Code, Error},
    text::joined,
    time::Span,
};

/// The protection space that challenges name.
const REALM: &str = "arcgate";

/// How long to wait when nobody knows better.
const RETRY_AFTER: Span = Span::from_secs(5);

/// Waiting longer than this is not asked of anybody.
const LONGEST_RETRY_AFTER: i64 = 3600;

/// The HTTP side of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRefusal {
    /// The status code.
    pub status: u16,
    /// The value of `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// The value of `Retry-After`, in seconds.
    pub retry_after: Option<i64>,
}

impl HttpRefusal {
    /// The answer that fits an error. For [`Code::TokenScope`] the error's subject is the list of required scopes.
    pub fn of(error: &Error) -> Self {
        match error.code() {
            Code::TokenScope => Self::challenge(403, "insufficient_scope", "scope", &scope_list(error.subject())),
            Code::TokenExpired => {
                Self::challenge(401, "invalid_token", "error_description", "the access token expired")
            }
            Code::TokenMalformed
            | Code::TokenSignature
            | Code::TokenNotYetValid
            | Code::TokenIssuer
            | Code::TokenAudience
            | Code::TokenClaim
            | Code::TokenAlgorithm
            | Code::TokenType
            | Code::TokenRevoked
            | Code::KeyNotFound => Self::challenge(401, "invalid_token", "", ""),
            Code::Unauthenticated
                if error
                    .subject()
                    .is_some_and(|subject| [credentials::MISSING, credentials::OTHER_SCHEME].contains(&subject)) =>
            {
                Self { status: 401, challenge: Some(format!("Bearer realm=\"{REALM}\"")), retry_after: None }
            }
            Code::Unauthenticated => Self::challenge(401, "invalid_token", "", ""),
            // Other credentials would not help, so none are asked for.
            Code::PermissionDenied => Self { status: 403, challenge: None, retry_after: None },
            Code::InvalidRequest => Self::challenge(400, "invalid_request", "", ""),
            Code::Protocol => Self { status: 400, challenge: None, retry_after: None },
            Code::JwksUnavailable
            | Code::VerifierUnavailable
            | Code::Remote
            | Code::Network
            | Code::Timeout
            | Code::HandshakeTimeout
            | Code::SessionLost
            | Code::RefreshUnavailable
            | Code::Aborted => {
                let span = error.retry_delay().unwrap_or(RETRY_AFTER);
                let seconds = span.as_secs_ceil().clamp(1, LONGEST_RETRY_AFTER);
                Self { status: 503, challenge: None, retry_after: Some(seconds) }
            }
            // A token of ours that can't be had is no fault of the caller's.
            Code::Config | Code::RefreshRejected | Code::LoginRejected | Code::Internal => {
                Self { status: 500, challenge: None, retry_after: None }
            }
        }
    }

    fn challenge(status: u16, error: &str, parameter: &str, value: &str) -> Self {
        let mut challenge = format!("Bearer realm=\"{REALM}\", error=\"{error}\"");
        if !value.is_empty() {
            challenge.push_str(&format!(", {parameter}=\"{value}\""));
        }
        Self { status, challenge: Some(challenge), retry_after: None }
    }
}

/// The error that a verifier ended with, from what JavaScript knows of it: a code, whether a retry helps, and perhaps when.
///
/// A code that is not ours is the user's own verifier's. Such an error is an outage if a retry helps, and a refusal if not;
/// so is one of ours that says of itself that a retry helps where it usually doesn't.
pub fn stated(code: &str, is_retryable: bool, subject: Option<&str>, retry_after: Option<Span>) -> Error {
    let code = match Code::ALL.iter().copied().find(|known| known.as_str() == code) {
        Some(known) if known.is_retryable() || !is_retryable => known,
        None if !is_retryable => Code::Unauthenticated,
        _ => Code::JwksUnavailable,
    };
    let mut error = Error::new(code, "");
    if let Some(subject) = subject {
        error = error.about(subject.to_owned());
    }
    match retry_after {
        Some(span) => error.retry_after(span),
        None => error,
    }
}

/// Scopes as RFC 6749 §3.3 writes them. A configured scope with a character that can't stand there is left out: it would
/// end the quoted string.
fn scope_list(subject: Option<&str>) -> String {
    let is_scope_token = |scope: &&str| scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let scopes = subject.unwrap_or_default().split(' ').filter(|scope| !scope.is_empty());
    joined(scopes.filter(is_scope_token), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: Code) -> HttpRefusal {
        HttpRefusal::of(&Error::new(code, "why, for the log alone"))
    }

    #[test]
    fn every_code_has_an_answer_that_tells_nothing_about_the_reason() {
        for code in Code::ALL {
            let HttpRefusal { status, challenge, retry_after } = refusal(*code);
            assert!(matches!(status, 400 | 401 | 403 | 500 | 503), "{code:?}");
            let has_challenge = matches!(status, 401 | 403) && *code != Code::PermissionDenied;
            assert_eq!(challenge.is_some(), has_challenge || *code == Code::InvalidRequest, "{code:?}");
            assert_eq!(retry_after.is_some(), status == 503, "{code:?}");
            assert!(!challenge.unwrap_or_default().contains("why"), "{code:?}");
        }
    }

    #[test]
    fn no_credentials_get_a_challenge_without_an_error() {
        let refusal = HttpRefusal::of(&credentials::missing());
        assert_eq!((refusal.status, refusal.challenge.as_deref()), (401, Some("Bearer realm=\"arcgate\"")));
        let other = HttpRefusal::of(&stated("ERR_UNAUTHENTICATED", false, Some(credentials::OTHER_SCHEME), None));
        assert_eq!(other, refusal, "another scheme: RFC 6750 §3.1");
    }

    #[test]
    fn the_classes_of_rfc_6750() {
        let challenge = |code| refusal(code).challenge.unwrap_or_default();
        assert_eq!(challenge(Code::TokenSignature), "Bearer realm=\"arcgate\", error=\"invalid_token\"");
        assert_eq!(challenge(Code::TokenAudience), challenge(Code::TokenSignature));
        assert_eq!(challenge(Code::Unauthenticated), challenge(Code::TokenSignature));
        assert!(challenge(Code::TokenExpired)
            .contains("error=\"invalid_token\", error_description=\"the access token expired\""));
        assert_eq!(refusal(Code::InvalidRequest).status, 400);
        let error = Error::new(Code::TokenScope, "").about("arc.task.controller a\"b arc.agent.caller");
        assert_eq!(
            HttpRefusal::of(&error).challenge.unwrap(),
            "Bearer realm=\"arcgate\", error=\"insufficient_scope\", scope=\"arc.task.controller arc.agent.caller\""
        );
    }

    #[test]
    fn errors_of_other_verifiers_are_outages_or_refusals() {
        for (code, is_retryable, expected) in [
            ("ERR_TOKEN_EXPIRED", false, Code::TokenExpired),
            ("ERR_TOKEN_NOT_YET_VALID", true, Code::TokenNotYetValid),
            ("ERR_INTERNAL", true, Code::Internal),
            ("ERR_UNAUTHENTICATED", true, Code::JwksUnavailable),
            ("ERR_MY_OWN", true, Code::JwksUnavailable),
            ("ERR_MY_OWN", false, Code::Unauthenticated),
            ("", false, Code::Unauthenticated),
        ] {
            assert_eq!(stated(code, is_retryable, None, None).code(), expected, "{code} {is_retryable}");
        }
    }

    #[test]
    fn an_outage_says_when_to_come_back() {
        let after = |span| HttpRefusal::of(&Error::new(Code::JwksUnavailable, "").retry_after(span)).retry_after;
        assert_eq!(refusal(Code::JwksUnavailable).retry_after, Some(5));
        assert_eq!(after(Span::from_millis(1)), Some(1));
        assert_eq!(after(Span::from_millis(-7)), Some(1));
        assert_eq!(after(Span::from_millis(2_500)), Some(3));
        assert_eq!(after(Span::from_secs(i64::MAX)), Some(3600));
    }
}
