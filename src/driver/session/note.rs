//! What the machine wants done and tells, noted for whoever does it or waits for it.

use std::{sync::Arc, task::Waker};

use super::{
    events::{event_of, Closed, SessionEvent, SessionInfo, SessionState},
    job_queue::{Accepted, JobQueue},
    shared::{Answer, Command, State},
};
use crate::{
    arcp::client::{Action, Event, Output},
    error::{Code, Error},
};

impl State {
    /// Notes one output.
    pub(super) fn note(&mut self, output: Output, woken: &mut Vec<Waker>) {
        match output {
            Output::Event(event) => {
                if matches!(event, Event::Reconnecting { .. }) {
                    self.stage = SessionState::Reconnecting;
                }
                if matches!(event, Event::Open { .. } | Event::Resumed { .. } | Event::TokenRefreshed { .. }) {
                    self.has_helped = Some(true);
                }
                let event = event_of(event, &self.faults);
                self.tell(event, woken);
            }
            Output::Action(action) => self.act(action, woken),
        }
    }

    fn act(&mut self, action: Action, woken: &mut Vec<Waker>) {
        match action {
            Action::Connect { conn, fresh, outlast } => {
                self.commands.push_back(Command::Connect { conn, fresh, outlast });
            }
            Action::Send { conn, text } => self.commands.push_back(Command::Send { conn, text }),
            Action::Close { conn, code, reason } => self.commands.push_back(Command::Close { conn, code, reason }),
            Action::Open(opened) => {
                self.info = Some(Arc::new(SessionInfo::of(*opened)));
                self.stage = SessionState::Open;
                self.standing.release(woken);
            }
            Action::Accept { request, job, id, payload } => self.accepted(request, job, id, payload, woken),
            Action::Existing { request, job } => self.found(request, job, woken),
            Action::Answer { request, payload } => self.settle(request, Ok(Answer::Json(payload)), woken),
            Action::Done { request } => self.settle(request, Ok(Answer::Done), woken),
            Action::Refuse { request, fault } => {
                let error = self.faults.error(&fault);
                self.settle(request, Err(error), woken);
            }
            Action::Deliver { job, event } => self.job(job).arrived(event, woken),
            Action::Missed { job, count } => self.job(job).missed(count, woken),
            Action::Finish { job, result } => {
                self.job(job).finished(result, woken);
                self.tidy(job);
            }
            Action::Fail { job, fault } => {
                let error = self.faults.error(&fault);
                self.job(job).failed(error, woken);
                self.tidy(job);
            }
            Action::Forget { job } => drop(self.jobs.remove(&job)),
            Action::Closed { is_wanted, reason, fault } => {
                if fault.code == Code::Unauthenticated {
                    self.has_helped = Some(false);
                }
                let own = self.token_error.take().filter(|_| fault.code == Code::RefreshUnavailable);
                let reason = own.as_ref().map_or_else(|| self.faults.clean(reason), |error| error.message().to_owned());
                let error = own.unwrap_or_else(|| self.faults.error(&fault));
                let closed = Closed { reason, error: (!is_wanted).then(|| error.clone()) };
                self.over(closed, error, woken);
            }
        }
    }

    // Some runtimes replay a job's events, and its end, before they say that it is subscribed to.
    fn job(&mut self, job: u32) -> &mut JobQueue {
        self.jobs.entry(job).or_default()
    }

    /// A request has brought a job: without a payload one that is here already.
    fn accepted(&mut self, request: u32, job: u32, id: String, payload: Option<String>, woken: &mut Vec<Waker>) {
        if let Some(payload) = payload {
            let held = self.job(job);
            if held.accepted.is_none() {
                held.accepted = Some(Arc::new(Accepted { id, payload }));
            }
        }
        self.found(request, job, woken);
    }

    fn found(&mut self, request: u32, job: u32, woken: &mut Vec<Waker>) {
        let is_there = self.jobs.get(&job).is_some_and(|job| job.accepted.is_some());
        let answer = if is_there {
            Ok(Answer::Job(job))
        } else {
            Err(Error::new(Code::Config, "a subscription to this job is under way already"))
        };
        // Whoever waits will hold it.
        if self.requests.contains_key(&request) {
            if let (Ok(_), Some(job)) = (&answer, self.jobs.get_mut(&job)) {
                job.handles += 1;
            }
        }
        self.settle(request, answer, woken);
        self.tidy(job);
    }

    fn settle(&mut self, request: u32, answer: Result<Answer, Error>, woken: &mut Vec<Waker>) {
        if let Some(request) = self.requests.get_mut(&request) {
            request.answer = Some(answer);
            woken.extend(request.waiter.take());
        }
    }

    /// A job that has ended, and that nobody holds, is forgotten.
    pub(super) fn tidy(&mut self, job: u32) {
        if self.jobs.get(&job).is_some_and(|job| job.handles == 0 && job.accepted.is_some() && job.end.is_some()) {
            self.jobs.remove(&job);
        }
    }

    /// Tells everybody who listens.
    pub(super) fn tell(&mut self, event: SessionEvent, woken: &mut Vec<Waker>) {
        self.listeners.tell(&event, woken);
        if self.has_listener {
            self.commands.push_back(Command::Tell(event));
        }
    }

    /// It is over: whatever waits hears of it.
    pub(super) fn over(&mut self, closed: Closed, error: Error, woken: &mut Vec<Waker>) {
        self.stage = SessionState::Closed;
        for request in self.requests.values_mut().filter(|request| request.answer.is_none()) {
            request.answer = Some(Err(error.clone()));
            woken.extend(request.waiter.take());
        }
        for job in self.jobs.values_mut() {
            job.failed(error.clone(), woken);
        }
        self.jobs.retain(|_, job| job.handles > 0);
        self.error = Some(error);
        self.closed = Some(closed.clone());
        self.standing.release(woken);
        self.tell(SessionEvent::Closed(closed), woken);
        self.listeners.end(woken);
        self.commands.push_back(Command::Over);
    }
}
