//! A job without its events: its result, and its end.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{answer::Answered, held::Held, job_queue::Accepted, output::JobOutput, shared::Shared};
use crate::{
    error::{Code, Error},
    json::{self, Value},
    platform::waiters::Place,
};

/// A job without its events, for whoever waits for its result, or may end it. As many as you like; each keeps the session open, and a
/// subscription.
pub struct JobHandle {
    session: Arc<Held>,
    number: u32,
    accepted: Arc<Accepted>,
}

impl JobHandle {
    /// A job that an answer has brought. Whoever settled the answer has counted this handle.
    pub(super) fn counted(session: Arc<Held>, number: u32) -> Result<Self, Error> {
        let accepted = session.shared.lock().jobs.get(&number).and_then(|job| job.accepted.clone());
        match accepted {
            Some(accepted) => Ok(Self { session, number, accepted }),
            None => Err(session.shared.over_error()),
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.session.shared
    }

    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// The job's id. With it another session may subscribe to the job.
    pub fn id(&self) -> &str {
        &self.accepted.id
    }

    /// The agent that runs it, with its version where the runtime says.
    pub fn agent(&self) -> Option<String> {
        self.detail("agent")
    }

    /// The trace that it belongs to.
    pub fn trace_id(&self) -> Option<String> {
        self.detail("trace_id")
    }

    /// What the runtime said when it accepted the job, or the subscription to it, as JSON: lease, budget, credentials. Those are secrets.
    pub fn details_json(&self) -> &str {
        &self.accepted.payload
    }

    fn detail(&self, name: &str) -> Option<String> {
        json::object_of(&self.accepted.payload).ok()?.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// As [`Job::result`](super::Job::result).
    ///
    /// # Errors
    /// The same.
    pub fn result(&self) -> impl Future<Output = Result<JobOutput, Error>> + Send + 'static {
        Awaited { held: self.clone(), place: None }
    }

    /// As [`Job::cancel`](super::Job::cancel).
    ///
    /// # Errors
    /// The same.
    pub fn cancel(&self, reason: &str) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let (held, reason) = (self.clone(), reason.to_owned());
        async move {
            let number = held.number;
            if held.shared().lock().jobs.get(&number).is_none_or(|job| job.end.is_some()) {
                return Ok(());
            }
            let asked = Answered::begin(&held.session.shared, false, |state, now| {
                state.machine.handle_cancel(number, &reason, now)
            });
            asked?.await.map(drop)
        }
    }

    /// As [`Job::unsubscribe`](super::Job::unsubscribe).
    pub fn unsubscribe(&self) {
        let number = self.number;
        self.shared().change(|state, woken| state.jobs.get_mut(&number).and_then(|job| job.leave(woken)));
        self.shared().input(|state, now| state.machine.handle_unsubscribe(number, now));
    }
}

impl Clone for JobHandle {
    fn clone(&self) -> Self {
        if let Some(job) = self.shared().lock().jobs.get_mut(&self.number) {
            job.handles += 1;
        }
        Self { session: Arc::clone(&self.session), number: self.number, accepted: Arc::clone(&self.accepted) }
    }
}

impl Drop for JobHandle {
    fn drop(&mut self) {
        self.shared().release_job(self.number);
    }
}

impl fmt::Debug for JobHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// Waits for a job's end.
struct Awaited {
    held: JobHandle,
    place: Place,
}

impl Future for Awaited {
    type Output = Result<JobOutput, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (number, shared) = (this.held.number, this.held.shared());
        let (result, reader, _old) = {
            let mut state = shared.lock();
            let Some(job) = state.jobs.get_mut(&number) else {
                let lost = || Error::new(Code::SessionLost, "the job is not known any more");
                return Poll::Ready(Err(state.error.clone().unwrap_or_else(lost)));
            };
            match &job.end {
                Some(end) => (Some(end.result.clone()), None, job.awaiters.leave(this.place.take())),
                None => (None, job.awaits_result(), job.awaiters.wait(&mut this.place, cx.waker())),
            }
        };
        if let Some(reader) = reader {
            shared.input(|state, now| state.machine.handle_reader(number, reader, now));
        }
        result.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let (number, place) = (self.held.number, self.place.take());
        let left = self.held.shared().lock().jobs.get_mut(&number).and_then(|job| job.awaiters.leave(place));
        drop(left);
    }
}
