//! How the audit log names what became of a request or of what ran for it.

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may be done.
    Allowed,
    /// It may not, and it is the caller's matter.
    Refused,
    /// It could not be done, and it is ours or the upstream's.
    Failed,
    /// It was done.
    Completed,
    /// It was ended before it was done.
    Cut,
}

impl Outcome {
    /// Its name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::Cut => "cut",
        }
    }

    /// Of a request that got this answer instead of what it asked for.
    pub const fn of_refusal(status: u16) -> Self {
        match status {
            0..500 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// How something that ran may end, by the name that the driver gives it: what became of it, and the reason.
pub const ENDINGS: [(&str, Outcome, &str); 10] = [
    ("output", Outcome::Completed, "ok"),
    ("failed", Outcome::Failed, "agent_failed"),
    ("timeout", Outcome::Cut, "timeout"),
    ("expired", Outcome::Cut, "ERR_TOKEN_EXPIRED"),
    ("revoked", Outcome::Cut, "ERR_TOKEN_REVOKED"),
    ("revocation_unknown", Outcome::Cut, "revocation_unknown"),
    ("gone", Outcome::Cut, "client_gone"),
    ("unreachable", Outcome::Failed, "upstream_unreachable"),
    ("redirect", Outcome::Failed, "upstream_redirect"),
    ("too_large", Outcome::Failed, "upstream_too_large"),
];

/// What became of something that ended so, and the reason for the log: an upstream's refusal is its own reason.
pub fn ended(ending: &str) -> (Outcome, &str) {
    let known = ENDINGS.iter().find(|(name, ..)| *name == ending);
    known.map_or((Outcome::Failed, ending), |(_, outcome, reason)| (*outcome, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_callers_below_500() {
        for (status, expected) in
            [(400, "refused"), (429, "refused"), (499, "refused"), (500, "failed"), (503, "failed")]
        {
            assert_eq!(Outcome::of_refusal(status).as_str(), expected, "{status}");
        }
    }

    #[test]
    fn every_end_has_one_outcome() {
        assert_eq!(ended("output"), (Outcome::Completed, "ok"));
        assert_eq!(ended("gone"), (Outcome::Cut, "client_gone"));
        assert_eq!(ended("upstream_not_arc"), (Outcome::Failed, "upstream_not_arc"));
        let names: std::collections::BTreeSet<_> = ENDINGS.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), ENDINGS.len());
        let all = [Outcome::Allowed, Outcome::Refused, Outcome::Failed, Outcome::Completed, Outcome::Cut];
        assert_eq!(all.map(Outcome::as_str), ["allowed", "refused", "failed", "completed", "cut"]);
    }
}
