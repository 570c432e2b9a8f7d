//! Jobs that the upstream has shown to a session: in a list, by letting it subscribe, or by what they say. That they are there is no
//! secret to it, also after the object was gone: their ends are the session's to have, whatever the code.

use std::collections::VecDeque;

use super::jobs::named;
use crate::{
    arcp::{envelope::is_name, Envelope},
    json::{self, Members, Object, Value},
};

/// The row that they are stored in, among those of jobs: no job has this id.
pub(super) const ROW: &str = "";

/// As many are remembered; the oldest goes first, and is known again by the next list.
const MOST: usize = 1024;

/// The jobs that were shown.
#[derive(Debug, Default)]
pub(super) struct ShownJobs {
    /// Their ids, the latest last.
    ids: VecDeque<Box<str>>,
    /// Whether the row is to be written.
    pub(super) is_changed: bool,
}

impl ShownJobs {
    pub(super) fn has(&self, job: &str) -> bool {
        self.ids.iter().any(|own| **own == *job)
    }

    /// A frame of the upstream's which the session is given. A job's error is none: it may be the refusal of a job that isn't there.
    pub(super) fn note(&mut self, frame: &Envelope<'_>) {
        match frame.kind() {
            "job.subscribed" | "job.event" | "job.result" => self.add(named(frame)),
            "session.jobs" => {
                for job in frame.get("jobs").and_then(Value::as_array).into_iter().flatten() {
                    self.add(job.as_object().and_then(|job| job.get("job_id")).and_then(Value::as_str));
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, job: Option<&str>) {
        let Some(job) = job.filter(|job| is_name(job) && !self.has(job)) else { return };
        if self.ids.len() >= MOST {
            self.ids.pop_front();
        }
        self.ids.push_back(job.into());
        self.is_changed = true;
    }

    /// As they are stored.
    pub(super) fn write(&self) -> String {
        Members::new().texts("shown", self.ids.iter().map(AsRef::as_ref)).end()
    }

    /// Puts back what [`Self::write`] has written; false where it can't be read.
    pub(super) fn restore(&mut self, stored: &str) -> bool {
        let object: Result<Object<'_>, _> = json::object_of(stored);
        let ids = object.as_ref().ok().and_then(|object| object.get("shown")).and_then(Value::as_array);
        for id in ids.into_iter().flatten() {
            self.add(id.as_str());
        }
        self.is_changed = false;
        ids.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{arcp::Frame, json::Members};

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut shown = ShownJobs::default();
        for number in 0..3 * MOST {
            let payload = Members::new().text("job_id", &format!("job_{number}")).end();
            let text = Frame::new("job.subscribed", "01J", &payload).write();
            shown.note(&Envelope::parse(&text).unwrap());
        }
        assert_eq!(shown.ids.len(), MOST);
        assert!(shown.has(&format!("job_{}", 3 * MOST - 1)) && !shown.has("job_1"));
        let mut restored = ShownJobs::default();
        assert!(restored.restore(&shown.write()) && !restored.restore("{}"));
        assert_eq!(restored.ids, shown.ids);
    }
}
