//! How far the runtime that the gate stands in front of is believed.

/// Whose the upstream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamTrust {
    /// Our own runtime, over a binding that nobody else has: it is believed about resuming, and needs no heartbeats.
    Trusted,
    /// Somebody else's. Its resume tokens are sealed for their principal, and what it says of jobs is made alike.
    Untrusted,
}

impl UpstreamTrust {
    /// Whether it is our own.
    pub const fn is_trusted(self) -> bool {
        matches!(self, Self::Trusted)
    }

    /// The trust in a runtime that is ours, or isn't.
    pub const fn of(is_ours: bool) -> Self {
        if is_ours {
            Self::Trusted
        } else {
            Self::Untrusted
        }
    }
}
