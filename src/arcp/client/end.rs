//! The end of a session, or of all of it.

use super::{
    action::{Action, Event, Lost, LostReason},
    fault::Fault,
    payloads,
    recovery::Recovery,
    requests::Kind,
    state::Phase,
    Client,
};
use crate::{arcp::Close, error::Code, time::Span};

/// How long a runtime may take to say that a session is closed.
const CLOSE_WAIT: Span = Span::from_secs(2);

impl Client {
    /// Ends the session (ARCP 1.1 §6.7). Jobs go on.
    pub(super) fn close(&mut self, reason: &str) {
        self.close_reason = reason.chars().take(256).collect();
        match self.phase {
            Phase::Closed | Phase::Closing(_) => {}
            Phase::Open => {
                let payload = payloads::reason(&self.close_reason);
                self.send("session.close", &payload, None, None);
                self.phase = Phase::Closing(self.now.plus(CLOSE_WAIT));
            }
            _ => self.closed(),
        }
    }

    /// The session can't be had back: the application learns what is lost with it.
    pub(super) fn forget(&mut self, reason: &str) {
        if self.session.take().is_none() {
            return;
        }
        self.recovery = Recovery::default();
        self.waiting_unsubscribes.clear();
        let fault = Fault::new(Code::SessionLost, "the session can't be resumed: what the job does since is not known");
        // What is asked about a job of the session has nothing to be asked about any more.
        while let Some(request) = self.requests.take(|request| matches!(request.kind, Kind::Subscribe | Kind::Cancel)) {
            self.refuse(request.number, fault.clone());
            if request.kind == Kind::Subscribe {
                self.forget_job(request.job);
            }
        }
        while self.requests.take(|request| request.number == 0).is_some() {}
        let jobs = self.jobs.clear();
        for job in &jobs {
            self.job_failed(job.handle, fault.clone());
        }
        let reason = LostReason::Session(reason.to_owned());
        self.emit(Event::Lost(Lost::of(reason, jobs.iter().map(|job| job.id.as_str()))));
    }

    /// Over, with this fault.
    pub(super) fn finish(&mut self, fault: Fault) {
        let reason = fault.message.clone();
        self.end(fault, false, reason);
    }

    /// Over, as the application wanted it.
    pub(super) fn closed(&mut self) {
        if self.phase != Phase::Closed {
            self.drop_connection(self.conn, Close::Normal.code(), "");
            let reason = std::mem::take(&mut self.close_reason);
            // No later call on this session can do better.
            let fault = Fault::new(Code::Aborted, "the session was closed").for_good();
            self.end(fault, true, reason);
        }
    }

    fn end(&mut self, fault: Fault, is_wanted: bool, reason: String) {
        self.renewal_dropped();
        if self.conn != 0 && !matches!(self.phase, Phase::Waiting(_)) {
            self.drop_connection(self.conn, Close::Normal.code(), "");
        }
        self.phase = Phase::Closed;
        while let Some(request) = self.requests.take(|_| true) {
            self.refuse(request.number, fault.clone());
        }
        for job in self.jobs.clear() {
            self.job_failed(job.handle, fault.clone());
        }
        self.session = None;
        self.act(Action::Closed { is_wanted, reason, fault });
    }
}
