//! What comes from behind and can't be passed on. A runtime says it again at each resume, and a gate remembers nothing from one
//! connection to the next: so the client is told which event it is, and not to come back for it.

use std::borrow::Cow;

use super::{
    machine::{Gate, Stage},
    refusal::{End, Why},
};
use crate::{arcp::skim, json::Members, time::Time};

/// A frame that can't be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    reason: &'static str,
    /// The frame's own number, where it could be found.
    seq: Option<i64>,
    /// Its size and the limit, where that is what is wrong.
    size: Option<(usize, usize)>,
    /// Its type and its job, where they could be found: whoever waits for a job's end has to know that it was one.
    kind: Option<String>,
    job: Option<String>,
}

impl Unreadable {
    /// Text that is no frame.
    pub(super) fn malformed(text: &str) -> Self {
        Self::found("upstream_malformed", text, None)
    }

    fn found(reason: &'static str, head: &str, size: Option<(usize, usize)>) -> Self {
        Self {
            reason,
            seq: skim::event_seq(head),
            size,
            kind: skim::name(head, "type").map(Cow::into_owned),
            job: skim::job_id(head).map(Cow::into_owned),
        }
    }
}

impl Gate {
    /// A binary frame from behind: the protocol has none.
    pub fn handle_upstream_binary(&mut self, now: Time) {
        self.cannot_pass(Unreadable::found("upstream_binary_frame", "", None), now);
    }

    /// A frame from behind over [`Self::upstream_limit`]: how it begins, and its size at least, in bytes.
    pub fn handle_upstream_oversized(&mut self, head: &str, size: usize, now: Time) {
        let size = Some((size, self.upstream_limit()));
        self.cannot_pass(Unreadable::found("upstream_frame_too_large", head, size), now);
    }

    /// Ends the session, once what came before has been passed on.
    pub(super) fn cannot_pass(&mut self, what: Unreadable, now: Time) {
        match &mut self.stage {
            Stage::Admitting(admission) => admission.stop_at(what),
            Stage::Open(session) => {
                let next = session.last_seq.saturating_add(1);
                let seq = what.seq.filter(|seq| *seq >= next).unwrap_or(next);
                self.end_saying(End::unreadable(what.reason), Some(&why(&what, seq)), now);
            }
            // Before our hello nothing was asked, and after the end nobody listens.
            Stage::Over | Stage::Opening | Stage::Rechecking { .. } => {}
            _ => self.end(End::unreadable(what.reason), now),
        }
    }
}

fn why(what: &Unreadable, seq: i64) -> Why {
    let mut details = Members::new().text("reason", what.reason).integer("event_seq", seq);
    for (name, found) in [("type", &what.kind), ("job_id", &what.job)] {
        if let Some(found) = found {
            details = details.text(name, found);
        }
    }
    let (message, details) = match what.size {
        Some((size, limit)) => (
            format!("The runtime's event {seq} can't be passed on: it has {size} bytes, and {limit} are allowed"),
            details.integer("bytes", size as i64).integer("limit", limit as i64),
        ),
        None => (format!("The runtime's event {seq} can't be passed on: it can't be read"), details),
    };
    Why { message, details: details.end() }
}
