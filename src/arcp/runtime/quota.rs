//! How much of a hub's storage a principal has, and when it is full (ARCP 1.1 §14: what is kept is capped).
//!
//! Whoever has too much is refused new jobs, and what runs goes on: what it says is bounded elsewhere (`flow_control`, `trim_jobs`).
//! Rows of no more use make room first, then ended jobs that nobody waits for, the oldest before others, then what was sent to sessions
//! that never acknowledge. Sessions may have a quarter more, so that somebody
//! can still come, see what there is, and cancel it. (Idempotency keys have bounds of their own, and make room by themselves.)

use super::{
    job::Job,
    ledger::Part,
    limits::Usage,
    session::{Owner, Session},
    store::{can_press_job, can_press_session, of_job, of_session, press_job, press_session},
    ArcpCode, Hub, Rc, RequestRefusal, Time,
};

impl Usage {
    pub(super) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
    }

    pub(super) fn take(&mut self, other: Self) {
        self.rows = self.rows.saturating_sub(other.rows);
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }

    /// What of it there is too much of, and how much there may be.
    fn over(self, most: Self) -> Option<(&'static str, usize)> {
        if self.bytes >= most.bytes {
            Some(("bytes", most.bytes))
        } else {
            (self.rows >= most.rows).then_some(("rows", most.rows))
        }
    }

    const fn part(self, of: usize) -> Self {
        Self { rows: self.rows / of, bytes: self.bytes / of }
    }

    const fn and_a_quarter(self) -> Self {
        Self { rows: self.rows + self.rows / 4, bytes: self.bytes + self.bytes / 4 }
    }
}

impl Job {
    /// Whether nobody waits for anything of it.
    pub(super) fn is_idle(&self) -> bool {
        self.end.is_some() && self.followers.is_empty()
    }
}

impl Hub {
    /// A principal's, and everybody's.
    pub(super) fn usage(&mut self, key: &str) -> (Usage, Usage) {
        let (mut own, mut all) = self.sessions.counted(session_part).usage(key);
        let (jobs, all_jobs) = self.jobs.counted(job_part).usage(key);
        own.add(jobs);
        all.add(all_jobs);
        debug_assert_eq!((own, all), self.usage_anew(key), "whatever changes what something counts for has opened it");
        (own, all)
    }

    /// The same, of all that there is.
    fn usage_anew(&self, key: &str) -> (Usage, Usage) {
        let sessions = self.sessions.values().map(|session| (&session.owner.key, session_part(session)));
        let jobs = self.jobs.values().map(|job| (&job.owner.key, job_part(job)));
        let (mut own, mut all) = (Usage::default(), Usage::default());
        for (owner, part) in sessions.chain(jobs) {
            all.add(part.usage);
            if **owner == *key {
                own.add(part.usage);
            }
        }
        (own, all)
    }

    /// One more job must fit in.
    pub(super) fn make_room_for_job(&mut self, owner: &Owner, now: Time) -> Result<(), RequestRefusal> {
        if self.jobs.len() >= self.limits.all_jobs && !self.jobs.values().any(Job::is_idle) {
            return Err(RequestRefusal::too_many(ArcpCode::InternalError, "jobs", self.limits.all_jobs));
        }
        while let Some((what, most)) = self.over(&owner.key, false) {
            // One's own goes first; of others only what would go for want of room anyway.
            let own_idle = |job: &&Job| job.is_idle() && job.owner.key == owner.key;
            if self.press(&owner.key) {
                continue;
            }
            let idle = self.jobs.values().find(own_idle).map(|job| job.id.clone());
            if let Some(id) = idle {
                self.forget_job(&id, now);
            } else if !self.shorten_sent(&owner.key) {
                return Err(RequestRefusal::store_full(what, most));
            }
        }
        Ok(())
    }

    /// Rows of a principal's that are of no more use, and were to go with others, go now. Gives whether there were any.
    fn press(&mut self, key: &Rc<str>) -> bool {
        let sessions = self.sessions.values().filter(|one| one.owner.key == *key && can_press_session(one));
        let sessions: Vec<String> = sessions.map(|one| one.id.clone()).collect();
        let jobs = self.jobs.values().filter(|one| one.owner.key == *key && can_press_job(one));
        let jobs: Vec<String> = jobs.map(|one| one.id.clone()).collect();
        for id in &sessions {
            self.sessions.get_mut(id).into_iter().for_each(press_session);
        }
        for id in &jobs {
            self.jobs.get_mut(id).into_iter().for_each(press_job);
        }
        !sessions.is_empty() || !jobs.is_empty()
    }

    /// Who never acknowledges may be sent again as much as there is room for: of what a principal's sessions were sent that are
    /// connected, the oldest goes, of the longest first. Each keeps a little, which may still be under way.
    fn shorten_sent(&mut self, key: &Rc<str>) -> bool {
        let own = self.sessions.values().filter(|session| session.owner.key == *key);
        let least = self.limits.stored.bytes / 8 / own.clone().count().max(1);
        let may = own.filter(|session| session.conn.is_some() && !session.acknowledges());
        let longest = may.max_by_key(|session| session.buffer.all().bytes).map(|session| session.id.clone());
        let Some(session) = longest.and_then(|id| self.sessions.get_mut(&id)) else { return false };
        let before = session.buffer.all().bytes;
        for _ in 0..=session.buffer.all().events / 4 {
            let all = session.buffer.all();
            if all.bytes <= least || all.events <= 1 || !session.buffer.drop_sent() {
                break;
            }
        }
        let freed = before - session.buffer.all().bytes;
        self.buffered = self.buffered.saturating_sub(freed);
        freed > 0
    }

    /// Whether one more session fits in; if not, how much there may be of what.
    pub(super) fn check_room_for_session(&mut self, owner: &Owner) -> Option<(&'static str, usize)> {
        self.over(&owner.key, true)
    }

    /// What a principal has too much of: more than it may have by itself or, in a hub that is full, more than its share.
    fn over(&mut self, key: &Rc<str>, for_session: bool) -> Option<(&'static str, usize)> {
        let more = |most: Usage| if for_session { most.and_a_quarter() } else { most };
        let (own, all) = self.usage(key);
        let most = own.over(more(self.limits.stored));
        most.or_else(|| {
            all.over(more(self.limits.all_stored))?;
            own.over(self.limits.all_stored.part(self.principals().max(1)))
        })
    }

    /// How many principals have something here.
    fn principals(&self) -> usize {
        let sessions = self.sessions.values().map(|session| &session.owner.key);
        let mut keys: Vec<&Rc<str>> = sessions.chain(self.jobs.values().map(|job| &job.owner.key)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    }

    /// Of the ended jobs one that makes room for others: the oldest of those whose end everybody has, of who keeps most.
    pub(super) fn idle_job(&mut self) -> Option<&Job> {
        let owner = self.jobs.counted(job_part).greediest()?;
        self.jobs.values().find(|job| job.is_idle() && job.owner.key == owner)
    }
}

/// What a session counts for: in memory or in the storage, whichever is more.
fn session_part(session: &Session) -> Part {
    let (rows, bytes) = of_session(session);
    let kept = session.buffer.all().bytes;
    Part { usage: Usage { rows: rows.max(1), bytes: bytes.max(kept) }, kept, count: 1, idle: 0 }
}

fn job_part(job: &Job) -> Part {
    let ((rows, bytes), kept) = (of_job(job), job.bytes());
    let usage = Usage { rows: rows.max(1 + job.followers.len()), bytes: bytes.max(kept) };
    Part { usage, kept, count: 1, idle: usize::from(job.is_idle()) }
}
