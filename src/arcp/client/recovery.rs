//! What is remembered from one connection to the next, while a session is resumed: where it was asked for, what could not
//! be read, and what could not be passed on.

use super::fault::Fault;
use crate::{error::Code, time::Time};

/// Marks that are kept of one session.
const MAX_MARKS: usize = 32;

/// What taking the session up again has come to: it ends with the session.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// When a resume was refused that may be granted in a while.
    pub refused_since: Option<Time>,
    /// Whether the session was asked for from one number lower, too.
    pub asked_lower: bool,
    /// The number after which a gap has cost a connection.
    pub gap: Option<i64>,
    /// What can't be read.
    pub unreadable: Marks,
    /// The event that a gateway says it can't pass on.
    pub not_passed: Option<NotPassed>,
}

/// Where a frame failed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its number, or, where none was found, the last one before it.
    pub(super) at: (bool, i64),
    pub(super) reason: &'static str,
}

/// What has failed in this session.
#[derive(Debug, Default)]
pub(super) struct Marks {
    list: Vec<Mark>,
    /// Reasons that a second try has not mended: a third is not tried, whatever its number.
    lasting: Vec<&'static str>,
}

impl Marks {
    /// Whether it has failed before, in the same way. From now on it has.
    pub(super) fn has_failed(&mut self, mark: Mark) -> bool {
        if self.list.contains(&mark) {
            if !self.lasting.contains(&mark.reason) {
                self.lasting.push(mark.reason);
            }
            return true;
        }
        if mark.at.0 && self.lasting.contains(&mark.reason) {
            return true;
        }
        if self.list.len() >= MAX_MARKS {
            self.list.remove(0);
        }
        self.list.push(mark);
        false
    }
}

/// An event that a gateway can't pass on, as far as it says.
#[derive(Clone, Debug)]
pub(super) struct NotPassed {
    pub(super) seq: i64,
    pub(super) kind: Option<String>,
    pub(super) job: Option<String>,
    report: Fault,
}

impl NotPassed {
    pub(super) fn reported_by(report: &Fault) -> Option<Self> {
        let (kind, job) = (report.peer_name("type"), report.peer_name("job_id"));
        Some(Self { seq: report.peer_number("event_seq")?, kind, job, report: report.clone() })
    }

    /// What who waits for a job is told: why it was not passed on, its size and the limit.
    pub(super) fn fault(&self, message: &str) -> Fault {
        let size = self.report.peer_number("bytes").zip(self.report.peer_number("limit"));
        let message = match size {
            Some((bytes, limit)) => format!("{message}: it has {bytes} bytes, and {limit} are allowed"),
            None => message.to_owned(),
        };
        let mut fault = Fault::new(Code::Protocol, &message);
        fault.facts.extend(self.report.facts.iter().cloned());
        match size {
            Some((bytes, limit)) => fault.with_number("bytes", bytes).with_number("limit", limit),
            None => fault,
        }
    }
}
