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
    /// Text that is no frame. A hold says so of one that is too large for it.
    pub(super) fn malformed(text: &str) -> Self {
        let size = skim::size_of_oversized(text);
        let reason = if size.is_some() { "upstream_frame_too_large" } else { "upstream_malformed" };
        Self::found(reason, text, size)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hold_could_not_keep_is_told_as_too_large() {
        let text = r#"{"type":"job.result","payload":{"job_id":"job_1","result":"long"},"event_seq":9}"#;
        let found = Undeliverable::malformed(&skim::oversized(text, 4, 20));
        assert_eq!(
            found,
            Undeliverable {
                seq: Some(4),
                ..Undeliverable::found("upstream_frame_too_large", text, Some((text.len(), 20)))
            }
        );
        assert_eq!(Undeliverable::malformed("{").reason, "upstream_malformed");
    }
}
