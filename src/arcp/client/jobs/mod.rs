//! The jobs that somebody here holds: each event once, in order, and no more of them kept than is bearable.

pub(super) mod chunks;
pub(super) mod flow;

mod bound;
mod job;
mod order;
mod unclaimed;

pub use self::job::Reader;
use self::unclaimed::Unclaimed;
pub(super) use self::{job::Job, order::SeqOrder};

/// All jobs of a session.
#[derive(Debug)]
pub(crate) struct Jobs {
    list: Vec<Job>,
    handles: u32,
    /// The last number of the session; -1 before the first.
    seq: i64,
    /// The same, without those of subscriptions.
    own_seq: i64,
    /// The Python runtime counts each subscription for itself (§7.6 wants one count a session).
    counts_apart: bool,
    has_subscribed: bool,
    unclaimed: Unclaimed,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            handles: 0,
            seq: -1,
            own_seq: -1,
            counts_apart: false,
            has_subscribed: false,
            unclaimed: Unclaimed::default(),
        }
    }
}

impl Jobs {
    /// Takes a job in.
    pub(crate) fn add(&mut self, id: &str, is_own: bool, submit: Option<Box<str>>) -> u32 {
        self.handles += 1;
        self.has_subscribed |= !is_own;
        self.list.push(Job::new(self.handles, id, is_own, submit));
        self.handles
    }

    /// The job of that id.
    pub(crate) fn by_id(&mut self, id: &str) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.id == id)
    }

    /// The job of that number.
    pub(crate) fn get(&mut self, handle: u32) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.handle == handle)
    }

    /// A job goes on under another id.
    pub(crate) fn rename(&mut self, handle: u32, id: &str) {
        if let Some(job) = self.get(handle) {
            id.clone_into(&mut job.id);
            (job.chunks, job.broken, job.is_asked_again) = (None, None, false);
        }
    }

    /// A job's numbers begin again: it comes by a subscription that counts for itself.
    pub(crate) fn begin_again(&mut self, handle: u32) {
        self.has_subscribed = true;
        if let Some(job) = self.get(handle) {
            job.is_own = false;
            job.last = -1;
        }
    }

    /// Forgets a job: it has ended, or nobody holds it.
    pub(crate) fn remove(&mut self, handle: u32) -> Option<Job> {
        let at = self.list.iter().position(|job| job.handle == handle)?;
        Some(self.list.swap_remove(at))
    }

    /// Forgets the session: all jobs, and where it was.
    pub(crate) fn clear(&mut self) -> Vec<Job> {
        let list = std::mem::take(&mut self.list);
        *self = Self { handles: self.handles, ..Self::default() };
        list
    }

    /// The jobs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.list.iter()
    }

    /// The jobs, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.list.iter_mut()
    }

    /// Whether the runtime is to hold events back.
    pub(crate) fn withholds_acks(&self) -> bool {
        self.list.iter().any(Job::is_backlogged)
    }

    /// Keeps a frame of a job that may be accepted in a moment.
    pub(crate) fn keep(&mut self, id: &str, frame: &str) {
        self.unclaimed.keep(id, frame);
    }

    /// The frames that were kept for a job, in their order, and how many before them were given up.
    pub(crate) fn claim(&mut self, id: &str) -> (Vec<String>, u32) {
        self.unclaimed.claim(id)
    }

    /// Forgets what nobody can claim.
    pub(crate) fn forget_unclaimed(&mut self) {
        self.unclaimed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs() -> Jobs {
        let mut jobs = Jobs::default();
        jobs.add("a", true, None);
        jobs.add("b", false, None);
        jobs
    }

    #[test]
    fn what_nobody_reads_is_bounded() {
        let mut jobs = jobs();
        let job = jobs.by_id("a").unwrap();
        for _ in 0..256 {
            assert_eq!(job.arrives(10, 1), (true, 0));
        }
        assert!(!jobs.withholds_acks());
        let job = jobs.by_id("a").unwrap();
        assert_eq!(job.arrives(10, 2), (true, 0));
        assert!(jobs.withholds_acks());
        let job = jobs.by_id("a").unwrap();
        for _ in 257..4096 {
            assert_eq!(job.arrives(10, 3), (true, 0));
        }
        assert!(job.is_flooded() && job.is_full(10) && job.given_up.is_none());
        assert_eq!(job.arrives(10, 4), (true, 1), "the cap");
        assert_eq!(job.given_up, Some((1, 1)));
        job.set_reader(Reader::Result);
        assert_eq!(job.arrives(10, 5), (true, 4096 - 256 + 1), "who waits for the result doesn't stop the rest");
        assert!(!jobs.withholds_acks());
        let job = jobs.by_id("a").unwrap();
        job.set_reader(Reader::Events);
        assert_eq!(job.arrives(17 << 20, 6), (true, 256), "one is always kept");
        job.set_reader(Reader::Gone);
        assert_eq!((job.arrives(10, 7), job.bytes), ((false, 0), 0));
        job.set_reader(Reader::Events);
        assert_eq!(job.arrives(10, 8), (false, 0));
    }
}
