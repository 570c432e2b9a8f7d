//! The codes: what went wrong by a stable name, who is at fault, and whether a retry helps.

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Whoever sent the token or the request.
    Caller,
    /// Whoever configured this program.
    Configuration,
    /// The identity provider: unreachable, or it publishes something unusable.
    Provider,
    /// Whoever runs the agent or the runtime at the other end.
    Peer,
    /// This program.
    Internal,
}

impl Fault {
    /// The name that JavaScript sees.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Configuration => "configuration",
            Self::Provider => "provider",
            Self::Peer => "peer",
            Self::Internal => "internal",
        }
    }
}

/// Declares [`Code`]: each code's stable name, who is at fault, and whether the same call may succeed later.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $fault:ident, $retryable:literal;)+) => {
        /// A stable name for what went wrong. Messages may improve; codes stay.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name that JavaScript sees.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Who must act.
            pub const fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault,)+ }
            }

            /// Whether the same call may succeed later.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)+ }
            }
        }
    };
}

codes! {
    /// Not a compact JWS of three canonical base64url segments with a strict JSON header and payload.
    TokenMalformed = "ERR_TOKEN_MALFORMED", Caller, false;
    /// The signature is not the key's.
    TokenSignature = "ERR_TOKEN_SIGNATURE", Caller, false;
    /// `exp` has passed, or the token is older than the configuration allows.
    TokenExpired = "ERR_TOKEN_EXPIRED", Caller, false;
    /// `nbf` or `iat` lies in the future.
    TokenNotYetValid = "ERR_TOKEN_NOT_YET_VALID", Caller, true;
    /// No configured provider has this `iss`.
    TokenIssuer = "ERR_TOKEN_ISSUER", Caller, false;
    /// `aud` does not name us.
    TokenAudience = "ERR_TOKEN_AUDIENCE", Caller, false;
    /// A claim is missing, of the wrong type, or not of a required value.
    TokenClaim = "ERR_TOKEN_CLAIM", Caller, false;
    /// A required scope is missing.
    TokenScope = "ERR_TOKEN_SCOPE", Caller, false;
    /// `alg` is unknown, `none`, or not among those allowed for the provider.
    TokenAlgorithm = "ERR_TOKEN_ALGORITHM", Caller, false;
    /// `typ` says that this is another kind of token.
    TokenType = "ERR_TOKEN_TYPE", Caller, false;
    /// Revoked.
    TokenRevoked = "ERR_TOKEN_REVOKED", Caller, false;
    /// The provider publishes no usable key for this token, or more than one that could be meant.
    KeyNotFound = "ERR_KEY_NOT_FOUND", Caller, false;
    /// The provider's keys can't be had now, or may not be asked for again yet.
    JwksUnavailable = "ERR_JWKS_UNAVAILABLE", Provider, true;
    /// What a verifier asks besides the provider (a list of revoked tokens, say) is out of reach.
    VerifierUnavailable = "ERR_VERIFIER_UNAVAILABLE", Configuration, true;
    /// The configuration is wrong; the message names the key and the fix.
    Config = "ERR_CONFIG", Configuration, false;
    /// The provider refused to give a token; with `invalid_grant`, for good.
    RefreshRejected = "ERR_REFRESH_REJECTED", Provider, false;
    /// What came back from a login is not the answer to it, or not what the provider must give.
    LoginRejected = "ERR_LOGIN_REJECTED", Caller, false;
    /// No credentials, or credentials that no verifier accepts.
    Unauthenticated = "ERR_UNAUTHENTICATED", Caller, false;
    /// Who calls is known, and may not do this.
    PermissionDenied = "ERR_PERMISSION_DENIED", Caller, false;
    /// More than one credential, or one that is not of the form RFC 6750 gives it.
    InvalidRequest = "ERR_INVALID_REQUEST", Caller, false;
    /// The peer's message breaks its protocol.
    Protocol = "ERR_PROTOCOL", Caller, false;
    /// The peer answered with an error of its own; `arcCode` and `details` say which.
    Remote = "ERR_REMOTE", Peer, false;
    /// The peer can't be reached, or the connection broke off.
    Network = "ERR_NETWORK", Peer, true;
    /// The peer took longer than it may.
    Timeout = "ERR_TIMEOUT", Peer, true;
    /// The peer did not say welcome in time.
    HandshakeTimeout = "ERR_HANDSHAKE_TIMEOUT", Peer, true;
    /// The session can't be taken up again, or is over; what its jobs do since is not known.
    SessionLost = "ERR_SESSION_LOST", Peer, false;
    /// No token can be had now: its source fails, can't be reached, or is being left alone for a while.
    RefreshUnavailable = "ERR_REFRESH_UNAVAILABLE", Provider, true;
    /// The call was given up through its AbortSignal.
    Aborted = "ERR_ABORTED", Caller, true;
    /// A mistake in this program; please report it.
    Internal = "ERR_INTERNAL", Internal, true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_prefixed() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.iter().all(|name| name.starts_with("ERR_")));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
