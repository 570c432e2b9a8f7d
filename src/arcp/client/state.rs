//! Where a session stands, and what is known of it.

use crate::{
    arcp::features::Features,
    secret::Secret,
    time::{Span, Time},
};

/// How long a source of tokens may take.
pub(super) const TOKEN_WAIT: Span = Span::from_secs(60);

/// Where the client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody has asked for a connection yet.
    Idle,
    /// A pause before the next try.
    Waiting(Time),
    /// A token and a connection are being had.
    Dialing(Time),
    /// The hello is sent; whether it asks for the session back.
    Greeting { until: Time, resumes: bool },
    /// Welcome.
    Open,
    /// A connection with a fresh token is ready, and the old one is being closed.
    Switching(Time),
    /// The application has closed the session.
    Closing(Time),
    /// Over.
    Closed,
}

/// What a welcome gave.
#[derive(Debug)]
pub(super) struct Session {
    pub id: String,
    pub token: Option<Secret>,
    pub features: Features,
    pub heartbeat: Option<Span>,
}

/// What is due on an open connection, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timers {
    pub ack: Option<Time>,
    /// When the events that were given up are reported.
    pub lost_events: Option<Time>,
    /// When a connection with a fresh token is made.
    pub renew: Option<Time>,
    /// When jobs whose end may be lost are looked at again.
    pub reconcile: Option<Time>,
    /// When a list is asked for again that couldn't be had.
    pub relist: Option<Time>,
}

/// A connection that is made beside the present one, for a fresh token.
#[derive(Debug)]
pub(super) struct Renewal {
    pub conn: u32,
    pub until: Time,
    pub ready: Option<Credential>,
}

/// What a hello shows.
#[derive(Debug)]
pub(super) struct Credential {
    pub token: Option<Secret>,
    pub ends: Option<Time>,
}

/// What was tried, and what it cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempts {
    /// Tries in a row that came to nothing.
    pub failures: u32,
    /// Connections in a row that were not there for long, whatever came of them.
    pub short: u32,
    /// Connections that the peer's mistakes have cost, since the last event.
    pub violations: u32,
    /// Connections that came to a welcome, and those that came to a hello, since anything came of one.
    pub welcomes: u32,
    pub greetings: u32,
    /// Frames without a number that were skipped, since anything came.
    pub skipped: u32,
}

impl Phase {
    /// Whether there was a welcome, and nobody has left.
    pub(super) const fn is_welcome(self) -> bool {
        matches!(self, Self::Open | Self::Switching(_))
    }
}
