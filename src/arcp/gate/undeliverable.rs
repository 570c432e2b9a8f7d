//! What comes from upstream and can't be passed on. A runtime says it again at each resume, and a gate remembers nothing from one
//! connection to the next: so the client is told which event it is, and not to come back for it.

use std::borrow::Cow;

use super::end::Explanation;
use crate::{arcp::skim, json::Members};

/// A frame that can't be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Undeliverable {
    pub(super) reason: &'static str,
    /// The frame's own number, where it could be found.
    pub(super) seq: Option<i64>,
    /// Its size and the limit, where that is what is wrong.
    size: Option<(usize, usize)>,
    /// Its type and its job, where they could be found: whoever waits for a job's end has to know that it was one.
    kind: Option<String>,
    job: Option<String>,
}

impl Undeliverable {
    /// Text that is no frame.
    pub(super) fn malformed(text: &str) -> Self {
        Self::found("upstream_malformed", text, None)
    }

    /// A frame of which this much is known: how it begins, and its size and the limit.
    pub(super) fn found(reason: &'static str, head: &str, size: Option<(usize, usize)>) -> Self {
        Self {
            reason,
            seq: skim::event_seq(head),
            size,
            kind: skim::name(head, "type").map(Cow::into_owned),
            job: skim::job_id(head).map(Cow::into_owned),
        }
    }

    /// What the client is told of it: it is the event of this number.
    pub(super) fn why(&self, seq: i64) -> Explanation {
        let mut details = Members::new().text("reason", self.reason).integer("event_seq", seq);
        for (name, found) in [("type", &self.kind), ("job_id", &self.job)] {
            if let Some(found) = found {
                details = details.text(name, found);
            }
        }
        let (message, details) = match self.size {
            Some((size, limit)) => (
                format!("The runtime's event {seq} can't be passed on: it has {size} bytes, and {limit} are allowed"),
                details.integer("bytes", size as i64).integer("limit", limit as i64),
            ),
            None => (format!("The runtime's event {seq} can't be passed on: it can't be read"), details),
        };
        Explanation { message, details: details.end() }
    }
}
