//! Close codes: why a WebSocket ends. The specification names none, so they are chosen here, for the gate, the runtime and
//! their drivers (`npm/arcp/close-codes.ts` is written from this table). Which end has which is said where ends are made:
//! `gate/end.rs`, `runtime/refusal.rs`.

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
    Undeliverable,
    /// 4429: too many, or too slow.
    TooMany,
    /// 4507: what must be kept can't be written. Our own runtime tells the gate so; a client is told to come again.
    NotStored,
}

impl Close {
    /// All of them, by their names in TypeScript.
    pub const ALL: [(&'static str, Self); 12] = [
        ("NORMAL", Self::Normal),
        ("RESTART", Self::Restart),
        ("PROTOCOL", Self::Protocol),
        ("UNAUTHENTICATED", Self::Unauthenticated),
        ("FORBIDDEN", Self::Forbidden),
        ("HELLO_TIMEOUT", Self::HelloTimeout),
        ("DISPLACED", Self::Displaced),
        ("TOKEN_ENDED", Self::TokenEnded),
        ("TOO_LARGE", Self::TooLarge),
        ("UNDELIVERABLE", Self::Undeliverable),
        ("TOO_MANY", Self::TooMany),
        ("NOT_STORED", Self::NotStored),
    ];

    /// What a peer's code means, if it is one of these.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().map(|(_, close)| close).find(|close| close.code() == code)
    }

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
            Self::Undeliverable => 4422,
            Self::TooMany => 4429,
            Self::NotStored => 4507,
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
            Self::Undeliverable => "can't be passed on",
            Self::TooMany => "too many or too slow",
            Self::NotStored => "can't be stored",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_both_ways() {
        for (name, close) in Close::ALL {
            assert_eq!(Close::from_code(close.code()), Some(close), "{name}");
            assert!(!close.reason().is_empty() && close.reason().len() <= 123, "RFC 6455 §5.5.1: {name}");
        }
        for code in [0, 999, 1001, 1006, 4000, 4402, 4428, 4430, u16::MAX] {
            assert_eq!(Close::from_code(code), None, "{code}");
        }
    }
}
