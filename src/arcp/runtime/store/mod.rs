//! What survives the program: a hub writes what has changed before it does what follows from it, and another hub goes on from that.
//!
//! What changed is looked for among what was touched (`table`), once in a turn of the driver's, when it asks for what is to be done:
//! so what came and went in one turn costs nothing, and many events are one row. `sessions` and `jobs` compare with what the storage
//! has; `restore` and `restore_log` read it, and `restored` goes on with it.
//!
//! Not everything is written when it changes, for most of it can be told from the rest. How far a follower has got is told by what
//! its session was given; which events are acknowledged, and which of a job are gone, by what is dropped of them, in batches.
//! Of a run, nothing is written: it does not survive, and its job ends.

mod columns;
mod jobs;
mod load;
mod restore;
mod restore_log;
mod restored;
mod sessions;

use super::{job::Job, Action, Hub};

pub(super) use self::load::{can_press_job, can_press_session, of_job, of_session, press_job, press_session};

impl Hub {
    /// What has to be written before anything else is done.
    pub(super) fn next_store(&mut self) -> Option<Action> {
        let is_touched = self.sessions.is_touched() || self.jobs.is_touched() || self.keys.has_changed();
        if !is_touched && self.stray.is_empty() {
            return None;
        }
        let mut changes = std::mem::take(&mut self.stray);
        let (touched, removed) = self.sessions.take_touched();
        for (id, stored) in removed {
            sessions::dropped(&id, &stored, &mut changes);
        }
        let mut shortened = Vec::new();
        for id in touched {
            let Some(session) = self.sessions.peek_mut(&id) else { continue };
            if sessions::changed(session, &mut changes) {
                shortened.push(id);
            }
        }
        let (mut touched, removed) = self.jobs.take_touched();
        for (id, stored) in removed {
            jobs::dropped(&id, &stored, &mut changes);
        }
        if !shortened.is_empty() {
            // How far these have got, what is left of their logs may not tell.
            let follows = |job: &&Job| job.followers.iter().any(|follower| shortened.contains(&follower.session));
            touched.extend(self.jobs.values().filter(follows).map(|job| job.id.clone()));
        }
        for id in touched {
            if let Some(job) = self.jobs.peek_mut(&id) {
                jobs::changed(job, &self.sessions, &mut changes);
            }
        }
        let keys = self.keys.changes();
        changes.keys.put.extend(keys.put);
        changes.keys.dropped.extend(keys.dropped);
        (!changes.is_empty()).then(|| Action::Store(Box::new(changes)))
    }
}
