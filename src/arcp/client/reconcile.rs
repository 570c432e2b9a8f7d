//! Ends that don't come: not every runtime replays what it should after a resume, or tells the end of a job again to whoever asks
//! for it with the same idempotency key. What is waited for is compared with the runtime's list.

use super::{
    action::{Event, Lost, LostReason},
    fault::Fault,
    jobs::Job,
    machine::Client,
    requests::{Kind, Request},
};
use crate::{
    arcp::Envelope,
    error::Code,
    json::{Members, Number, Object, Value},
    time::{Span, Time},
};

/// How long the end of a job may still be on its way when a list says that it has ended.
const GRACE: Span = Span::from_secs(2);
/// A job with an idempotency key that isn't heard of for so long may have ended before; then it is looked at less and less often.
const QUIET: Span = Span::from_secs(2);
const QUIETER: i64 = 30_000;
const MAX_LOOK_PAUSE: i64 = 600_000;
/// How long an end may be on its way that the runtime has numbered.
pub(super) const LATE: Span = Span::from_secs(15);
/// Pages of a list that are looked at.
const MAX_PAGES: u32 = 64;
/// A list that can't be had is asked for again after these, in milliseconds; then nobody knows.
const RELIST: [i64; 4] = [2_000, 8_000, 30_000, 120_000];

/// A list that was asked for.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Jobs that no page has named so far.
    unlisted: Vec<u32>,
    pages: u32,
    /// How many in a row couldn't be had.
    pub(super) failures: usize,
}

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
    fn can_list(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.features.has("list_jobs"))
    }

    /// Something may be lost: compares what is waited for with what is there.
    pub(super) fn check_jobs(&mut self) {
        self.jobs.iter_mut().for_each(|job| job.is_unconfirmed = true);
        self.list_jobs();
    }

    /// Asks for the list.
    pub(super) fn list_jobs(&mut self) {
        let is_asked = self.requests.iter().any(|request| request.number == 0 && request.kind == Kind::List);
        if !self.can_list() || is_asked || self.jobs.iter().next().is_none() {
            return;
        }
        let unlisted = self.jobs.iter().map(|job| job.handle).collect();
        self.listing = Listing { unlisted, pages: 1, failures: self.listing.failures };
        self.timers.relist = None;
        self.ask(Kind::List, "{}", 0, None);
    }

    /// A request of this side's own.
    pub(super) fn ask(&mut self, kind: Kind, payload: &str, job: u32, job_id: Option<String>) {
        self.requests.add(Request {
            number: 0,
            kind,
            id: String::new(),
            payload: payload.into(),
            trace_id: None,
            job_id,
            job,
            is_repeatable: true,
            is_sent: false,
            is_abandoned: false,
            due: None,
            size: 0,
            order: 0,
            attempts: 0,
        });
        self.flush();
    }

    /// A page of the list.
    pub(super) fn compare(&mut self, envelope: &Envelope<'_>) {
        let entries = envelope.get("jobs").and_then(Value::as_array).unwrap_or_default();
        let text = |entry: &Object<'_>, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let (mut to_follow, mut over, now, last_seq) = (Vec::new(), Vec::new(), self.now, self.jobs.last_seq());
        for entry in entries.iter().filter_map(Value::as_object) {
            let Some(id) = text(entry, "job_id") else { continue };
            let Some(job) = self.jobs.by_id(&id) else { continue };
            let handle = job.handle;
            let Some(at) = self.listing.unlisted.iter().position(|unlisted| *unlisted == handle) else { continue };
            self.listing.unlisted.swap_remove(at);
            let is_over = text(entry, "status").is_some_and(|status| is_over(&status));
            let last = entry.get("last_event_seq").and_then(Value::as_number).and_then(Number::as_i64);
            if !is_over {
                job.unread_end = None;
            }
            // A replay may take its time, as long as it goes on; but not for ever.
            let goes_on = job.late_at.is_none_or(|at| last_seq > at);
            let is_on_its_way = job.is_own && goes_on && last.is_some_and(|last| last > last_seq);
            job.is_unconfirmed = is_over;
            if is_over && is_on_its_way {
                job.late_at = Some(last_seq);
                job.watch = Some((now.plus(LATE), 0));
            } else if is_over {
                over.push(handle);
            } else if job.is_own && last.is_none() && !job.is_fresh && !job.has_arrived {
                // Who counts events for each job keeps them too: what is missing of others is on its way.
                to_follow.push((handle, id));
            }
        }
        let cursor = envelope.get("next_cursor").and_then(Value::as_str);
        let is_whole = envelope.get("next_cursor").is_none_or(|cursor| *cursor == Value::Null);
        match cursor.filter(|_| !self.listing.unlisted.is_empty()) {
            Some(_) if self.listing.pages >= MAX_PAGES => self.list_failed(),
            Some(cursor) => {
                self.listing.pages += 1;
                let payload = Members::new().text("cursor", cursor).end();
                self.ask(Kind::List, &payload, 0, None);
            }
            None if !is_whole && !self.listing.unlisted.is_empty() => self.list_failed(),
            None => {
                self.listing.failures = 0;
                let unlisted = std::mem::take(&mut self.listing.unlisted);
                over.extend(unlisted);
            }
        }
        self.reconcile_later(&over);
        self.follow(to_follow);
    }

    /// The ends of these jobs may be lost; unless they come in a moment.
    fn reconcile_later(&mut self, handles: &[u32]) {
        let now = self.now;
        for handle in handles {
            let is_known = self.jobs_to_reconcile.iter().any(|missing| missing.job == *handle);
            let Some(job) = self.jobs.get(*handle).filter(|_| !is_known) else { continue };
            self.jobs_to_reconcile.push(ToReconcile { job: *handle, since: now, received: now, last: job.last() });
        }
        self.timers.reconcile = self.jobs_to_reconcile.iter().map(ToReconcile::until).min();
    }

    /// The list can't be had, or has no end: it is asked for again, less and less often. When that doesn't help either, nobody
    /// knows what became of the jobs that weren't heard of since.
    pub(super) fn list_failed(&mut self) {
        let pause = RELIST.get(self.listing.failures).copied();
        self.listing.failures += 1;
        if let Some(pause) = pause {
            self.timers.relist = Some(self.now.plus(Span::from_millis(pause)));
            return;
        }
        self.listing.failures = 0;
        let unconfirmed: Vec<u32> = self.jobs.iter().filter(|job| job.is_unconfirmed).map(|job| job.handle).collect();
        for handle in unconfirmed {
            // One that is put off shows what became of it when it is taken up.
            match self.jobs.get(handle).filter(|job| job.flow.is_live()).map(|job| job.submit.take()) {
                Some(Some(payload)) => self.ask(Kind::Submit, &payload, handle, None),
                Some(None) => self.fail(
                    handle,
                    "the job wasn't heard of since the connection was lost, and the runtime can't say whether it runs",
                    "end_unknown",
                ),
                None => {}
            }
        }
    }

    /// The Python runtime: what such a job sends comes to a subscriber only, and what it sent meanwhile to nobody.
    fn follow(&mut self, jobs: Vec<(u32, String)>) {
        let can_subscribe = self.session.as_ref().is_some_and(|session| session.features.has("subscribe"));
        if !can_subscribe || jobs.is_empty() {
            return;
        }
        self.emit(Event::Lost(Lost::of(LostReason::Events, jobs.iter().map(|(_, id)| id.as_str()))));
        for (handle, id) in jobs {
            let payload = Members::new().text("job_id", &id).boolean("history", false).end();
            self.jobs.begin_again(handle);
            self.ask(Kind::Subscribe, &payload, handle, Some(id));
        }
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
            Some(payload) => self.ask(Kind::Submit, &payload, handle, None),
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

    fn fail(&mut self, handle: u32, message: &str, reason: &str) {
        self.end_flow(handle);
        let Some(job) = self.jobs.remove(handle) else { return };
        let fault = Fault::new(Code::SessionLost, message).with("reason", reason);
        self.job_failed(handle, job.unread_end.as_deref().unwrap_or(&fault));
        self.emit(Event::Lost(Lost::of(LostReason::Result, [job.id.as_str()])));
        self.release();
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

    /// Jobs that were accepted for their keys, and not heard of since.
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

fn is_over(status: &str) -> bool {
    matches!(status, "success" | "error" | "cancelled" | "timed_out")
}
