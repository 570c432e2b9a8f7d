//! Ends that don't come: not every runtime replays what it should after a resume, or tells the end of a job again to whoever asks
//! for it with the same idempotency key. What is waited for is compared with the runtime's list.

use super::{
    action::{Event, Lost, LostReason},
    fault::Fault,
    jobs::Job,
    payloads,
    requests::Kind,
    Client,
};
use crate::{
    error::Code,
    time::{Span, Time},
};

/// How long the end of a job may still be on its way when a list says that it has ended.
const GRACE: Span = Span::from_secs(2);
/// A job with an idempotency key of which nothing comes for so long may have ended before; then it is looked at less and less often.
pub(super) const QUIET: Span = Span::from_secs(2);
const QUIETER: i64 = 30_000;
const MAX_LOOK_PAUSE: i64 = 600_000;
/// How long an end may be on its way that the runtime has numbered.
pub(super) const LATE: Span = Span::from_secs(15);

/// A job whose end may be lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToReconcile {
    pub(super) job: u32,
    since: Time,
    /// When something of it came the last time since then, and its number.
    received: Time,
    last: i64,
}

impl ToReconcile {
    /// Until when it is waited for: only what comes of itself shows that more may come.
    fn until(&self) -> Time {
        self.received.plus(GRACE).min(self.since.plus(LATE))
    }
}

impl Client {
    /// Something may be lost: compares what is waited for with what is there.
    pub(super) fn check_jobs(&mut self) {
        self.jobs.iter_mut().for_each(|job| job.is_unconfirmed = true);
        self.list_jobs();
    }

    /// The ends of these jobs may be lost; unless they come in a moment.
    pub(super) fn reconcile_later(&mut self, handles: &[u32]) {
        let now = self.now;
        for handle in handles {
            let is_known = self.jobs_to_reconcile.iter().any(|missing| missing.job == *handle);
            let Some(job) = self.jobs.get(*handle).filter(|_| !is_known) else { continue };
            self.jobs_to_reconcile.push(ToReconcile { job: *handle, since: now, received: now, last: job.last() });
        }
        self.timers.reconcile = self.jobs_to_reconcile.iter().map(ToReconcile::until).min();
    }

    /// The end of these jobs was lost, unless something of them came meanwhile. With an idempotency key it can be had again
    /// (rule 137). Whatever comes of other jobs changes nothing.
    pub(super) fn reconcile(&mut self) {
        let now = self.now;
        let mut over = Vec::new();
        for mut missing in std::mem::take(&mut self.jobs_to_reconcile) {
            let Some(job) = self.jobs.get(missing.job) else { continue };
            if !job.flow.is_live() {
                // It is this side that keeps it from coming.
                (missing.since, missing.received) = (now, now);
            } else if job.last() != missing.last || job.is_backlogged() {
                (missing.received, missing.last) = (now, job.last());
            }
            if missing.until() > now {
                self.jobs_to_reconcile.push(missing);
            } else {
                over.push(missing.job);
            }
        }
        self.timers.reconcile = self.jobs_to_reconcile.iter().map(ToReconcile::until).min();
        for handle in over {
            self.have_again(handle);
        }
    }

    /// Asks for a job's end again, once, where that can be done.
    fn have_again(&mut self, handle: u32) {
        let submit = self.jobs.get(handle).and_then(|job| job.submit.take().filter(|_| !job.is_fresh));
        match submit {
            Some(payload) => {
                if let Some(job) = self.jobs.get(handle) {
                    job.is_asked_again = true;
                }
                self.ask(Kind::Submit, &payload, handle, None);
            }
            None => self.give_up(handle),
        }
    }

    pub(super) fn give_up(&mut self, handle: u32) {
        let Some(job) = self.jobs.get(handle) else { return };
        let (message, reason) = match job.is_fresh {
            true => {
                ("the job of this key has ended before, and the runtime doesn't tell its end again", "end_not_told")
            }
            false => ("the job's end was lost with the connection", "end_lost"),
        };
        self.fail(handle, message, reason);
    }

    pub(super) fn fail(&mut self, handle: u32, message: &str, reason: &str) {
        self.end_flow(handle);
        let Some(job) = self.jobs.remove(handle) else { return };
        let fault = job.unread_end.unwrap_or_else(|| Fault::new(Code::SessionLost, message).with("reason", reason));
        self.job_failed(handle, fault);
        self.emit(Event::Lost(Lost::of(LostReason::Result, [job.id.as_str()])));
        self.release();
    }

    /// The Python runtime: what such a job sends comes to a subscriber only, and what it sent meanwhile to nobody.
    pub(super) fn follow(&mut self, jobs: Vec<(u32, String)>) {
        let can_subscribe = self.session.as_ref().is_some_and(|session| session.features.has("subscribe"));
        if !can_subscribe || jobs.is_empty() {
            return;
        }
        self.emit(Event::Lost(Lost::of(LostReason::Events, jobs.iter().map(|(_, id)| id.as_str()))));
        for (handle, id) in jobs {
            let payload = payloads::subscribe(&id);
            self.jobs.begin_again(handle);
            self.ask(Kind::Subscribe, &payload, handle, Some(id));
        }
    }

    // ---- keys that were used before

    /// A job was accepted for its key: it may have ended long ago.
    pub(super) fn look_after_keyed(&mut self, handle: u32) {
        let due = self.now.plus(QUIET);
        if let Some(job) = self.jobs.get(handle) {
            job.is_fresh = true;
            job.watch = Some((due, 0));
        }
    }

    /// Jobs that were accepted for their keys, and that nothing came of since.
    pub(super) fn look_after(&mut self) {
        let now = self.now;
        let mut is_any = false;
        for job in self.jobs.iter_mut() {
            let Some((_, looks)) = job.watch.filter(|(due, _)| *due <= now) else { continue };
            let pause = (QUIETER << looks.min(10)).min(MAX_LOOK_PAUSE);
            job.watch = Some((now.plus(Span::from_millis(pause)), looks + 1));
            is_any = true;
        }
        if is_any && self.can_list() {
            self.list_jobs();
        } else if is_any {
            // Without a list, what has ended in this session is all that is known.
            let mut ended: Vec<u32> = Vec::new();
            for job in self.jobs.iter() {
                if job.watch.is_some_and(|(_, looks)| looks > 0) && self.ended.contains(&job.id) {
                    ended.push(job.handle);
                }
            }
            self.reconcile_later(&ended);
            // Or that its end may be one that can't be read, and that nothing came since.
            let is_over = |job: &&Job| job.unread_end.is_some() && job.watch.is_some_and(|(_, looks)| looks > 0);
            let over: Vec<u32> =
                self.jobs.iter().filter(is_over).filter(|job| !job.is_backlogged()).map(|job| job.handle).collect();
            for handle in over {
                self.have_again(handle);
            }
        }
    }
}
