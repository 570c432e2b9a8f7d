//! Events that a gateway can't pass on, and won't be able to the next time: the session goes on behind them.

use super::{
    action::{Event, Lost, LostReason},
    fault::Fault,
    recovery::{Mark, NotPassed},
    Client,
};
use crate::error::Code;

impl Client {
    /// A gateway can't pass an event on, and won't be able to the next time: the session goes on behind it.
    pub(super) fn cannot_pass(&mut self, fault: Fault) {
        let last = self.jobs.last_seq();
        let is_open = self.phase.is_welcome();
        let reason = "a gateway can't pass an event of the runtime on";
        match self.recovery.not_passed.take().filter(|_| is_open) {
            Some(what) => {
                // Not every gateway says whose it was; where there is one job, it is known.
                let mut jobs = self.jobs.iter().filter(|job| what.job.as_ref().is_none_or(|id| *id == job.id));
                let job = jobs.next().filter(|_| jobs.next().is_none()).map(|job| (job.handle, job.id.clone()));
                drop(jobs);
                let lost = Lost::of(LostReason::Unreadable, job.as_ref().map(|(_, id)| id.as_str()));
                let lost = Lost { message: Some(reason), ..lost.numbered(last + 1, what.seq) };
                self.emit(Event::Lost(lost));
                self.not_passed_on(&what, job.map(|(handle, _)| handle));
                self.jobs.skip_to(what.seq + 1);
                self.retry(fault, true);
            }
            None if is_open && !self.recovery.unreadable.has_failed(Mark { at: (false, last), reason }) => {
                self.retry(fault, false);
            }
            None => self.finish(Fault::new(Code::Protocol, reason).with_number("after", last)),
        }
    }

    /// What becomes of the job whose event a gateway can't pass on.
    fn not_passed_on(&mut self, what: &NotPassed, job: Option<u32>) {
        match (what.kind.as_deref(), job) {
            (Some("job.result" | "job.error"), Some(handle)) => {
                let fault = what.fault("a gateway can't pass the job's end on");
                self.end_unread(handle, fault);
            }
            (Some("job.event"), Some(handle)) => self.missed(handle, 1),
            // Of a job that is not held here.
            (Some("job.event" | "job.result" | "job.error"), None) if what.job.is_some() => {}
            (_, job) => {
                if let Some(handle) = job {
                    self.missed(handle, 1);
                }
                let fault = what.fault("the job's end may be what a gateway can't pass on: nothing came after it");
                self.note_unread_end(job, &fault);
            }
        }
    }
}
