//! What goes out: frames, actions and events.

use super::{
    action::{Action, Event, Lost, LostReason},
    fault::Fault,
    Client,
};
use crate::arcp::Frame;

impl Client {
    pub(super) fn act(&mut self, action: Action) {
        self.out.act(action);
    }

    /// Tells the application.
    pub(super) fn emit(&mut self, event: Event) {
        self.out.tell(event);
    }

    pub(super) fn done(&mut self, number: u32) {
        self.act(Action::Done { request: number });
    }

    pub(super) fn refuse(&mut self, number: u32, fault: Fault) {
        if number != 0 {
            self.act(Action::Refuse { request: number, fault });
        }
    }

    pub(super) fn job_failed(&mut self, handle: u32, fault: Fault) {
        self.act(Action::Fail { job: handle, fault });
    }

    /// So many events of a job won't come: whoever reads is told.
    pub(super) fn missed(&mut self, handle: u32, count: u32) {
        self.act(Action::Missed { job: handle, count });
    }

    /// What was sent of a job, and had no place or was never seen.
    pub(super) fn report_missed(&mut self, handle: u32, count: u32) {
        let Some(id) = self.jobs.get(handle).map(|job| job.id.clone()) else { return };
        self.missed(handle, count.max(1));
        self.emit(Event::Lost(Lost::of(LostReason::Events, [id.as_str()])));
    }

    pub(super) fn drop_connection(&mut self, conn: u32, code: u16, reason: &'static str) {
        self.act(Action::Close { conn, code, reason });
    }

    /// Sends a frame of the open session, and gives its id.
    pub(super) fn send(&mut self, kind: &str, payload: &str, job_id: Option<&str>, trace_id: Option<&str>) -> String {
        let id = self.ids.next(self.now);
        let session_id = self.session.as_ref().map(|session| session.id.as_str());
        let text = Frame { session_id, job_id, trace_id, ..Frame::new(kind, &id, payload) }.write();
        self.transmit(self.conn, text);
        id
    }

    pub(super) fn transmit(&mut self, conn: u32, text: String) {
        self.keepalive.sent(self.now);
        self.act(Action::Send { conn, text });
    }
}
