//! Subscriptions that begin, are given up before they are answered, and are left.

use super::{
    action::Action,
    fault::Fault,
    jobs::Reader,
    payloads,
    requests::{Kind, Request},
    state::Phase,
    Client,
};
use crate::{arcp::envelope::is_name, error::Code};

/// Subscriptions that were given up without a connection, and of which the runtime is told on the next one.
const MAX_WAITING_UNSUBSCRIBES: usize = 256;

/// What becomes of a subscription that was given up, when it is asked for anew before its answer.
pub(super) enum Takeover {
    /// It wasn't given up.
    None,
    /// Its answer goes to whoever asks now.
    Done,
    /// It asked for something else: another one is asked for when it is answered.
    Anew,
}

impl Client {
    /// A job of another session: `{ job_id, from_event_seq, history }`. A job that is held already is given again.
    pub(super) fn subscribe(&mut self, job_id: &str, payload: &str) -> u32 {
        if !is_name(job_id) {
            let number = self.requests.number();
            self.refuse(number, Fault::new(Code::Config, "a job's id has 1 to 256 bytes and no control characters"));
            return number;
        }
        let held = self.jobs.by_id(job_id).map(|job| job.handle);
        if let Some(handle) = held {
            let number = self.requests.number();
            match self.take_over(handle, payload, number) {
                Takeover::Done => return number,
                Takeover::Anew => return self.subscribe_to(job_id, payload),
                Takeover::None => {}
            }
            self.act(Action::Existing { request: number, job: handle });
            return number;
        }
        self.subscribe_to(job_id, payload)
    }

    /// Whether a subscription under way to this job was given up: it is there for whoever asks now.
    pub(super) fn take_over(&mut self, handle: u32, payload: &str, number: u32) -> Takeover {
        let due = self.now.plus(self.options.request);
        let is_meant = |request: &Request| request.kind == Kind::Subscribe && request.job == handle;
        let Some(request) = self.requests.iter_mut().find(|request| is_meant(request) && request.is_abandoned) else {
            return Takeover::None;
        };
        if *request.payload == *payload {
            request.number = number;
            request.is_abandoned = false;
            request.due = request.due.map(|_| due);
            return Takeover::Done;
        }
        request.job = 0;
        self.forget_job(handle);
        Takeover::Anew
    }

    /// Asks for a job that isn't held.
    pub(super) fn subscribe_to(&mut self, job_id: &str, payload: &str) -> u32 {
        let handle = self.jobs.add(job_id, false, None);
        self.request(Kind::Subscribe, payload, true, |request| {
            request.job = handle;
            request.job_id = Some(job_id.to_owned());
        })
    }

    /// The application is done with a job: of a subscription the runtime is told, a job of its own goes on.
    pub(super) fn unsubscribe(&mut self, job: u32) {
        let Some(held) = self.jobs.get(job) else { return };
        if held.is_own {
            held.set_reader(Reader::Gone);
        } else if let Some(job) = self.jobs.remove(job) {
            self.send_unsubscribe(&job.id);
            let fault = Fault::new(Code::Aborted, "the subscription was given up");
            self.job_failed(job.handle, fault);
        }
        self.release();
    }

    /// Forgets a job that was to be subscribed to.
    pub(super) fn forget_job(&mut self, handle: u32) {
        if self.jobs.remove(handle).is_some() {
            self.act(Action::Forget { job: handle });
        }
    }

    /// Tells the runtime that a job isn't observed any more: now, or on the next connection.
    pub(super) fn send_unsubscribe(&mut self, id: &str) {
        if self.jobs.by_id(id).is_some_and(|job| job.is_own) {
            return;
        }
        if self.phase == Phase::Open {
            let payload = payloads::job(id);
            self.send("job.unsubscribe", &payload, Some(id), None);
        } else {
            self.unsubscribe_later(id);
        }
    }

    /// The same, on the next connection.
    pub(super) fn unsubscribe_later(&mut self, id: &str) {
        if self.session.is_some() && !self.waiting_unsubscribes.iter().any(|left| left == id) {
            if self.waiting_unsubscribes.len() >= MAX_WAITING_UNSUBSCRIBES {
                self.waiting_unsubscribes.pop_front();
            }
            self.waiting_unsubscribes.push_back(id.to_owned());
        }
    }

    /// The session is there again: what was left meanwhile. (Who has come back to it since asks for it behind this.)
    pub(super) fn send_waiting_unsubscribes(&mut self) {
        for id in std::mem::take(&mut self.waiting_unsubscribes) {
            self.send_unsubscribe(&id);
        }
    }
}
