//! Whether there is a place for one more, and why not.

/// Why there is no place for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The address has failed too often, or has too many sockets that nobody has shown themselves on.
    Requests,
    /// The address has as many sockets as it may.
    Address,
    /// There are as many sockets as there may be.
    Connections,
}

impl Full {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Requests | Self::Address => 429,
            Self::Connections => 503,
        }
    }

    /// A stable name for the answer and the audit log.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Requests => "too_many_requests",
            Self::Address | Self::Connections => "too_many_connections",
        }
    }

    /// After how many seconds another try makes sense.
    pub const fn retry_after(self) -> u16 {
        match self {
            Self::Requests => 60,
            Self::Address | Self::Connections => 5,
        }
    }
}

/// Whether a principal has a place for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has.
    Taken,
    /// It has as many as it may.
    NoneLeft,
    /// It says more than it may, over whichever connections, or has come too often.
    TooFast,
}
