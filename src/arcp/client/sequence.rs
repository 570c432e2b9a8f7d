//! What has a number: each once, and in order (ARCP 1.1 §8.3).

use super::{
    action::{Event, Lost, LostReason},
    fault::{reference, Fault},
    jobs::flow::Delivery,
    jobs::SeqOrder,
    state::Phase,
    Client,
};
use crate::{
    arcp::{Close, Envelope},
    error::Code,
    json::Value,
};

impl Client {
    /// Whether a message that needs no number is to be looked at. Some runtimes number all that they send about jobs (Java):
    /// then the number counts, else what follows would seem to have a gap before it.
    pub(super) fn is_next(&mut self, envelope: &Envelope<'_>) -> bool {
        let Some(seq) = envelope.event_seq() else { return true };
        let id = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str)).unwrap_or_default();
        match self.in_order(id, seq) {
            Some(SeqOrder::Next) => {
                self.schedule_ack();
                true
            }
            // It has been there: whoever it names has its answer, and nobody else is meant.
            Some(SeqOrder::Duplicate) => reference(envelope).is_some() || !envelope.kind().starts_with("job."),
            Some(_) => true,
            None => false,
        }
    }

    /// Where a number stands; none where what is missing before it is asked for again first.
    fn in_order(&mut self, id: &str, seq: i64) -> Option<SeqOrder> {
        let order = match self.jobs.order(id, seq) {
            SeqOrder::Gap(from) if self.accepts_gap(from, seq) => self.jobs.order(id, seq),
            order => order,
        };
        let SeqOrder::Gap(from) = order else { return Some(order) };
        // A broken session: it is resumed from where it was (rule 58).
        self.recovery.gap = Some(from);
        self.drop_connection(self.conn, Close::Normal.code(), "a gap");
        self.retry(Fault::new(Code::Protocol, "events are missing"), true);
        None
    }

    /// Whether what is missing won't come: it was asked for, or can't be.
    fn accepts_gap(&mut self, from: i64, seq: i64) -> bool {
        let can_resume = self.options.reconnect && self.session.as_ref().is_some_and(|session| session.token.is_some());
        if self.phase == Phase::Open && can_resume && self.recovery.gap != Some(from) {
            return false;
        }
        self.jobs.skip_to(seq);
        self.emit(Event::Lost(Lost::of(LostReason::Gap, []).numbered(from, seq - 1)));
        // The end of a job may be among them.
        self.check_jobs();
        true
    }

    /// What has a number: once each, in order (ARCP 1.1 §8.3).
    pub(super) fn sequenced(&mut self, envelope: &Envelope<'_>, text: &str) {
        let is_error = envelope.kind() == "job.error";
        let Some(id) = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str)) else {
            return match is_error {
                // The refusal of a request (Java): no job came of it.
                true if self.is_next(envelope) => self.refused(envelope),
                true => {}
                false => self.unreadable(text, "an event of the runtime names no job"),
            };
        };
        let Some(seq) = envelope.event_seq() else {
            // The refusal of a request, as some SDKs put it.
            return if is_error {
                self.refused(envelope)
            } else {
                self.unreadable(text, "an event of the runtime has no number")
            };
        };
        let is_new = seq > self.jobs.last_seq();
        if self.jobs.by_id(id).is_some_and(|job| job.flow.is_apart(seq)) {
            return self.arrived(envelope, id, seq, text, false);
        }
        match self.in_order(id, seq) {
            None | Some(SeqOrder::Duplicate) => return,
            Some(SeqOrder::Next) => {
                // What is of nobody here, or was said before, is no reason for one more connection.
                if self.jobs.by_id(id).is_some_and(|job| job.advances(seq)) {
                    self.progress();
                }
                self.recovery.gap = None;
                self.schedule_ack();
            }
            Some(_) => {}
        }
        self.arrived(envelope, id, seq, text, is_new);
    }

    /// An event has come, or the end of a job.
    pub(super) fn arrived(&mut self, envelope: &Envelope<'_>, id: &str, seq: i64, text: &str, is_new: bool) {
        let job = self.jobs.by_id(id).filter(|_| envelope.kind() == "job.event");
        let Some(job) = job else { return self.deliver(envelope, id, seq, text) };
        let (handle, has_room) = (job.handle, !job.is_full(text.len()));
        (job.is_fresh, job.late_at, job.is_unconfirmed) = (false, None, false);
        job.unread_end = None;
        // What the list knew of already may be the last that comes.
        if job.listed.is_none_or(|listed| seq > listed) {
            (job.watch, job.listed) = (None, None);
        }
        job.has_arrived = true;
        match job.flow.deliver(seq, is_new, has_room, text) {
            Delivery::Kept => self.hand_over(envelope, handle, seq, text, true),
            // A piece of the result is taken when it comes.
            Delivery::Skipped => self.hand_over(envelope, handle, seq, text, false),
            Delivery::Again | Delivery::Waits => {}
        }
    }
}
