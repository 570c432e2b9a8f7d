//! The runtime's list of jobs, for this side's own use: what is waited for is compared with it.

use super::{
    payloads,
    reconcile::{LATE, QUIET},
    requests::Kind,
    Client,
};
use crate::{
    arcp::Envelope,
    json::{Number, Object, Value},
    time::Span,
};

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

impl Client {
    pub(super) fn can_list(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.features.has("list_jobs"))
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
                job.watch = None;
                to_follow.push((handle, id));
            } else if job.is_own && last.is_none() && job.was_cut {
                // What came was on its way when the connection was lost, perhaps, and the last of it: unless more comes, it is looked at again.
                job.has_arrived = false;
                job.watch = Some((now.plus(QUIET), 0));
            } else if job.is_own && job.was_cut {
                // A runtime may still list a job whose events went with the connection: it fails at its next one, and nobody is told.
                // What is replayed shows no more than the list does.
                job.listed = last;
                job.watch = Some((now.plus(QUIET), 0));
            }
            job.was_cut = false;
        }
        let cursor = envelope.get("next_cursor").and_then(Value::as_str);
        let is_whole = envelope.get("next_cursor").is_none_or(|cursor| *cursor == Value::Null);
        match cursor.filter(|_| !self.listing.unlisted.is_empty()) {
            Some(_) if self.listing.pages >= MAX_PAGES => self.list_failed(),
            Some(cursor) => {
                self.listing.pages += 1;
                let payload = payloads::page(cursor);
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

    /// The list can't be had, or has no end: it is asked for again, less and less often. When that doesn't help either, nobody
    /// knows what became of the jobs that nothing came of since.
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
            // One that is paused shows what became of it when it is resumed.
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
}

fn is_over(status: &str) -> bool {
    matches!(status, "success" | "error" | "cancelled" | "timed_out")
}
