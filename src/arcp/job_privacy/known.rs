//! Jobs that the upstream has shown to be there, on this connection: that they are is no secret to its client.

use std::collections::VecDeque;

use super::job_of;
use crate::arcp::Envelope;

/// As many are remembered; the oldest goes first, and is known again by its next event.
const MOST: usize = 256;
/// An id that is longer is not remembered.
const MAX_ID: usize = 256;

/// Their ids, the latest last.
#[derive(Debug, Default)]
pub(super) struct KnownJobs(VecDeque<Box<str>>);

impl KnownJobs {
    /// A frame from upstream: whether it is an error of a job that is known.
    pub(super) fn note(&mut self, frame: &Envelope<'_>) -> bool {
        let kind = frame.kind();
        let Some(job) = job_of(frame).filter(|_| kind.starts_with("job.")) else { return false };
        let at = self.0.iter().position(|own| **own == *job);
        match kind {
            "job.error" => at.is_some(),
            // Nothing follows it.
            "job.result" => {
                at.and_then(|at| self.0.remove(at));
                false
            }
            // Not whatever else names a job: a runtime may answer an unsubscribe from any.
            "job.accepted" | "job.subscribed" | "job.event" => {
                if at.is_none() && job.len() <= MAX_ID {
                    if self.0.len() >= MOST {
                        self.0.pop_front();
                    }
                    self.0.push_back(job.into());
                }
                false
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arcp::Frame;

    fn note(known: &mut KnownJobs, kind: &str, job: &str) -> bool {
        let text = Frame { job_id: Some(job), ..Frame::new(kind, "01J", "{}") }.write();
        known.note(&Envelope::parse(&text).unwrap())
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = KnownJobs::default();
        for number in 0..3 * MOST {
            assert!(!note(&mut known, "job.event", &format!("job_{number}")));
        }
        let long = format!(r#"{{"job_id":"{}"}}"#, "j".repeat(MAX_ID + 1));
        known.note(&Envelope::parse(&Frame::new("job.accepted", "01J", &long).write()).unwrap());
        assert!(known.0.iter().all(|job| job.len() <= MAX_ID));
        assert_eq!(known.0.len(), MOST);
        let latest = format!("job_{}", 3 * MOST - 1);
        assert!(note(&mut known, "job.error", &latest) && !note(&mut known, "job.error", "job_1"));
        note(&mut known, "job.unsubscribed", "job_1");
        assert!(!note(&mut known, "job.error", "job_1"), "it says nothing of what is there");
        note(&mut known, "job.result", &latest);
        assert!(!note(&mut known, "job.error", &latest));
    }
}
