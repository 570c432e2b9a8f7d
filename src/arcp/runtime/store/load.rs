//! How much the storage has, of a principal or of all: counted where it stands, so that it is never wrong.

use super::jobs::number;
use crate::arcp::runtime::{job::Job, session::Session, Hub};

/// What a row takes besides its texts.
const ROW: usize = 256;

impl Hub {
    /// Rows and bytes of a principal, by its key; without one, of all.
    pub(in super::super) fn load_of(&self, owner: Option<&str>) -> (usize, usize) {
        let is_own = |key: &str| owner.is_none_or(|owner| owner == key);
        let sessions = self.sessions.values().filter(|session| is_own(&session.owner.key)).map(of_session);
        let jobs = self.jobs.values().filter(|job| is_own(&job.owner.key)).map(of_job);
        let keys = self.keys.values().filter(|known| known.is_stored && is_own(&known.owner));
        let keys = keys.map(|known| (1, known.bytes()));
        sessions.chain(jobs).chain(keys).fold((0, 0), |(rows, bytes), (more, longer)| (rows + more, bytes + longer))
    }
}

/// Of a session, as far as it was written.
pub(in super::super) fn of_session(session: &Session) -> (usize, usize) {
    let Some(stored) = &session.stored else { return (0, 0) };
    let (rows, bytes) = stored.log.load();
    (1 + rows, ROW * (1 + rows) + bytes + session.owner.json.len())
}

/// Of a job, as far as it was written, and of those who follow it.
pub(in super::super) fn of_job(job: &Job) -> (usize, usize) {
    let Some(stored) = &job.stored else { return (0, 0) };
    let (rows, bytes) = stored.log.load();
    let rows = 1
        + rows
        + stored.followers.iter().filter(|follower| !follower.is_implied).count()
        + usize::from(stored.has_result);
    let texts = job.owner.json.len() + job.lease.len() + 2 * job.accepted.len();
    (rows, ROW * rows + bytes + texts + stored.result_bytes)
}

/// Whether a session has rows that are of no more use, and are not to go yet.
pub(in super::super) fn can_press_session(session: &Session) -> bool {
    session.stored.as_ref().is_some_and(|stored| stored.log.can_press(session.buffer.freed()))
}

/// They go.
pub(in super::super) fn press_session(session: &mut Session) {
    let freed = session.buffer.freed();
    session.stored.iter_mut().for_each(|stored| stored.log.press(freed));
}

/// Whether a job has rows that are of no more use, and are not to go yet.
pub(in super::super) fn can_press_job(job: &Job) -> bool {
    job.stored.as_ref().is_some_and(|stored| stored.log.can_press(number(job.history.gone().0)))
}

/// They go.
pub(in super::super) fn press_job(job: &mut Job) {
    let gone = number(job.history.gone().0);
    job.stored.iter_mut().for_each(|stored| stored.log.press(gone));
}
