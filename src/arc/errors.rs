//! The error codes of ARC 1.0: the table of its specification, with the HTTP status that each travels under.
//!
//! The specification gives no statuses; these are chosen so that a client which looks at the status alone does the right
//! thing (its Python SDK is such a client).

use crate::error::{Code, Error};

/// Declares [`ArcCode`]: number, HTTP status, message.
macro_rules! arc_codes {
    ($($variant:ident = $number:literal, $status:literal, $message:literal;)+) => {
        /// An error code of ARC 1.0.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ArcCode { $(#[doc = $message] $variant,)+ }

        impl ArcCode {
            /// Every code of the specification's table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The number on the wire.
            pub const fn number(self) -> i32 {
                match self { $(Self::$variant => $number,)+ }
            }

            /// The HTTP status it travels under.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The message on the wire: always the same for a code, so that it tells nothing else.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }
        }
    };
}

arc_codes! {
    ParseError = -32700, 400, "Parse error";
    InvalidRequest = -32600, 400, "Invalid request";
    MethodNotFound = -32601, 404, "Method not found";
    InvalidParams = -32602, 400, "Invalid params";
    InternalError = -32603, 500, "Internal error";
    AgentNotFound = -41001, 404, "Agent not found";
    AgentNotAvailable = -41002, 503, "Agent not available";
    AgentUnreachable = -41003, 502, "Agent unreachable";
    InvalidAgentId = -41004, 400, "Invalid agent ID";
    AgentAuthenticationFailed = -41005, 502, "Agent authentication failed";
    AgentTimeout = -41006, 504, "Agent timeout";
    MultipleAgents = -41010, 500, "Multiple agents with same ID";
    AgentCapacityExceeded = -41011, 503, "Agent capacity exceeded";
    TaskNotFound = -42001, 404, "Task not found";
    TaskAlreadyCompleted = -42002, 409, "Task already completed";
    TaskAlreadyCanceled = -42003, 409, "Task already canceled";
    TaskExecutionFailed = -42004, 500, "Task execution failed";
    TaskTimeout = -42005, 504, "Task timeout";
    InvalidTaskTransition = -42006, 409, "Invalid task status transition";
    TaskPriorityInvalid = -42010, 400, "Task priority invalid";
    TaskDeadlineExceeded = -42011, 504, "Task deadline exceeded";
    ChatNotFound = -43001, 404, "Chat not found";
    ChatAlreadyClosed = -43002, 409, "Chat already closed";
    ChatTimeout = -43003, 504, "Chat timeout";
    ChatParticipantLimit = -43004, 409, "Chat participant limit exceeded";
    InvalidChatMessage = -43005, 400, "Invalid chat message";
    ChatBufferOverflow = -43006, 503, "Chat buffer overflow";
    AuthenticationFailed = -44001, 401, "Authentication failed";
    AuthorizationFailed = -44002, 403, "Authorization failed";
    InsufficientScope = -44003, 403, "Insufficient OAuth2 scope";
    TokenExpired = -44004, 401, "Token expired";
    TokenInvalid = -44005, 401, "Token invalid";
    PermissionDenied = -44006, 403, "Permission denied";
    RateLimitExceeded = -44007, 429, "Rate limit exceeded";
    AddressBlocked = -44008, 403, "IP address blocked";
    InvalidVersion = -45001, 400, "Invalid ARC version";
    MissingField = -45002, 400, "Missing required field";
    InvalidField = -45003, 400, "Invalid field format";
    MessageTooLarge = -45004, 413, "Message too large";
    TraceInvalid = -45005, 400, "Workflow trace invalid";
    CircularReference = -45006, 400, "Circular reference detected";
}

impl ArcCode {
    /// The code that tells a caller why it was not let in, as far as callers are told.
    ///
    /// An outage of the identity provider is no failed authentication: a client that read -44001 would fetch a new token
    /// from that very provider.
    pub const fn of_authentication(error: &Error) -> Self {
        match error.code() {
            Code::TokenExpired => Self::TokenExpired,
            Code::TokenScope => Self::InsufficientScope,
            Code::PermissionDenied => Self::PermissionDenied,
            Code::JwksUnavailable
            | Code::VerifierUnavailable
            | Code::Remote
            | Code::Network
            | Code::Timeout
            | Code::RefreshUnavailable
            | Code::Aborted
            | Code::Config
            | Code::Internal => Self::InternalError,
            _ => Self::AuthenticationFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_specifications() {
        let numbers: Vec<_> = ArcCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers.len(), 41);
        assert!(numbers.windows(2).all(|pair| pair[0] > pair[1] || pair[0] == -32700), "in order, none twice");
        for (number, status) in
            [(-44001, 401), (-44004, 401), (-44003, 403), (-45001, 400), (-32601, 404), (-45004, 413)]
        {
            assert!(ArcCode::ALL.iter().any(|code| code.number() == number && code.status() == status), "{number}");
        }
    }

    #[test]
    fn callers_learn_of_expiry_and_scope_and_nothing_else() {
        let of = |code| ArcCode::of_authentication(&Error::new(code, "")).number();
        for code in Code::ALL {
            let expected = match code {
                Code::TokenExpired => -44004,
                Code::TokenScope => -44003,
                Code::PermissionDenied => -44006,
                Code::JwksUnavailable
                | Code::VerifierUnavailable
                | Code::Remote
                | Code::Network
                | Code::Timeout
                | Code::RefreshUnavailable
                | Code::Aborted
                | Code::Config
                | Code::Internal => -32603,
                _ => -44001,
            };
            assert_eq!(of(*code), expected, "{code:?}");
        }
    }
}
