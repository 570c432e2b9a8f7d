//! Who may go on sending. `session.ack` is for the whole session (ARCP 1.1 §6.5): as long as only those wait that are not read,
//! it is withheld, and the runtime keeps them back. As soon as anybody else would wait for it, what has come is acknowledged, and a job
//! that is not read is paused by itself: unsubscribed, and resumed from its number when it is read.

use super::{payloads, requests::Kind, state::Phase, Client};
use crate::{
    arcp::Envelope,
    json::{Number, Value},
    time::Span,
};

/// Between two acknowledgements (ARCP 1.1 §6.5: every few hundred milliseconds at most).
const ACK_PAUSE: Span = Span::from_millis(200);

impl Client {
    /// The application has read, or reads no more, or asks for something: what was withheld may come.
    pub(super) fn release(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        let is_withheld = self.withholds_acks();
        self.resume_jobs();
        if !is_withheld && self.jobs.last_seq() > self.acked {
            self.schedule_ack();
        }
    }

    /// Whether acknowledgements are withheld, for the sake of jobs that are not read. Where others need them, those are paused.
    pub(super) fn withholds_acks(&mut self) -> bool {
        if !self.jobs.withholds_acks() {
            return false;
        }
        let is_needed = self.jobs.iter().any(|job| !job.is_backlogged() && !job.flow.is_paused())
            || self.requests.iter().any(|request| request.number != 0);
        if !is_needed {
            return true;
        }
        let backlogged: Vec<u32> =
            self.jobs.iter().filter(|job| job.is_backlogged() && job.is_own).map(|job| job.handle).collect();
        for handle in backlogged {
            self.pause_job(handle);
        }
        false
    }

    // ---- acknowledgements (ARCP 1.1 §6.5)

    pub(super) fn schedule_ack(&mut self) {
        if self.timers.ack.is_none() && self.session.as_ref().is_some_and(|session| session.features.has("ack")) {
            self.timers.ack = Some(self.now.plus(ACK_PAUSE));
        }
    }

    pub(super) fn ack(&mut self) {
        let last = self.jobs.last_seq();
        if self.withholds_acks() || last <= self.acked {
            return;
        }
        self.acked = last;
        let payload = payloads::ack(last);
        self.send("session.ack", &payload, None, None);
    }

    fn can_subscribe(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.features.has("subscribe"))
    }

    /// A job's events are paused until somebody reads.
    pub(super) fn pause_job(&mut self, handle: u32) {
        if !self.can_subscribe() || self.phase != Phase::Open {
            return;
        }
        let Some(job) = self.jobs.get(handle).filter(|job| job.flow.is_live()) else { return };
        job.flow.pause();
        let id = job.id.clone();
        let payload = payloads::job(&id);
        self.send("job.unsubscribe", &payload, Some(&id), None);
    }

    /// Jobs that were paused and have room again go on from where they were.
    fn resume_jobs(&mut self) {
        let mut back = Vec::new();
        for job in self.jobs.iter_mut().filter(|job| job.flow.is_paused() && job.has_room()) {
            job.resume();
            // Who reads no more needs the end alone.
            let payload = match job.is_left() {
                true => payloads::subscribe(&job.id),
                false => payloads::subscribe_from(&job.id, job.flow.kept),
            };
            back.push((job.handle, job.id.clone(), payload));
        }
        for (handle, id, payload) in back {
            self.ask(Kind::Subscribe, &payload, handle, Some(id));
        }
    }

    /// The runtime's answer to that.
    pub(super) fn job_resumed(&mut self, handle: u32, envelope: &Envelope<'_>) {
        let number = |name| envelope.get(name).and_then(Value::as_number).and_then(Number::as_i64);
        // Python says how many there are.
        let comes_again = match envelope.get("replayed") {
            Some(Value::Bool(replayed)) => *replayed,
            Some(Value::Number(_)) => number("replayed") != Some(0),
            _ => true,
        };
        let Some(job) = self.jobs.get(handle) else { return };
        let (id, is_left) = (job.id.clone(), job.is_left());
        let pending = job.flow.resumed(number("subscribed_from"), comes_again);
        let skipped = std::mem::take(&mut job.flow.skipped);
        if job.flow.counts_apart() {
            // It replays what was missed under numbers of its own, and sends on what it sends anyway: once is enough.
            self.jobs.replayed_apart(handle);
            let payload = payloads::job(&id);
            self.send("job.unsubscribe", &payload, Some(&id), None);
        }
        if !is_left && (skipped > 0 || !comes_again) {
            self.report_missed(handle, skipped);
        }
        self.hand_over_all(handle, &pending);
    }

    /// The job can't be resumed.
    pub(super) fn job_not_resumed(&mut self, handle: u32) {
        let Some(job) = self.jobs.get(handle) else { return };
        let (skipped, is_left) = (std::mem::take(&mut job.flow.skipped), job.is_left());
        let pending = job.flow.give_up();
        if !is_left {
            self.report_missed(handle, skipped);
        }
        self.hand_over_all(handle, &pending);
        // Its end may be among what was missed.
        self.check_jobs();
    }
}
