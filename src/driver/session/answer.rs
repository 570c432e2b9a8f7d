//! Waiting for the answer to a request, and giving that up.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    shared::{Answer, Request, Shared, State},
    SessionState,
};
use crate::{error::Error, time::Time};

/// Waits for a request's answer. Dropped before that, it gives the request up: a job that comes of it is cancelled, a subscription
/// taken back.
pub(super) struct Answered {
    shared: Arc<Shared>,
    number: u32,
    is_submit: bool,
    is_done: bool,
}

impl Answered {
    /// Asks. `ask` gives the request's number.
    pub(super) fn begin(
        shared: &Arc<Shared>,
        is_submit: bool,
        ask: impl FnOnce(&mut State, Time) -> u32,
    ) -> Result<Self, Error> {
        let number = shared.input(|state, now| {
            let number = ask(state, now);
            state.requests.insert(number, Request::default());
            number
        });
        match number {
            Some(number) => Ok(Self { shared: Arc::clone(shared), number, is_submit, is_done: false }),
            None => Err(shared.over_error()),
        }
    }
}

impl Future for Answered {
    type Output = Result<Answer, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let number = self.number;
        let (answer, _old) = {
            let mut state = self.shared.lock();
            match state.requests.get_mut(&number).map(|request| (request.answer.take(), &mut request.waiter)) {
                Some((Some(answer), _)) => {
                    let old = state.requests.remove(&number).and_then(|request| request.waiter);
                    (Some(answer), old)
                }
                Some((None, waiter)) => (None, waiter.replace(cx.waker().clone())),
                None => (Some(Err(self.shared.over_error_of(&state))), None),
            }
        };
        match answer {
            Some(answer) => {
                self.is_done = true;
                Poll::Ready(answer)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let number = self.number;
        let request = self.shared.lock().requests.remove(&number);
        // It has come, and nobody will see it.
        if let Some(Some(Ok(Answer::Job(job)))) = request.as_ref().map(|request| &request.answer) {
            let job = *job;
            self.shared.input(|state, now| {
                let is_only_ours = state.jobs.get(&job).is_some_and(|job| job.handles == 1);
                if self.is_submit && is_only_ours {
                    state.machine.handle_cancel(job, "given up", now);
                }
            });
            self.shared.release_job(job);
        } else {
            self.shared.input(|state, now| state.machine.handle_abandon(number, now));
        }
    }
}

impl Shared {
    /// Why there is no session any more.
    pub(super) fn over_error(&self) -> Error {
        let state = self.lock();
        self.over_error_of(&state)
    }

    pub(super) fn over_error_of(&self, state: &State) -> Error {
        state
            .error
            .clone()
            .unwrap_or_else(|| Error::new(crate::error::Code::Internal, "the session is over, and nobody knows why"))
    }

    /// One reader of a job's events less. Without the last one those that would follow are given up.
    pub(super) fn release_reader(&self, job: u32) {
        let left = self.change(|state, woken| {
            let held = state.jobs.get_mut(&job)?;
            held.reading = held.reading.saturating_sub(1);
            if held.reading == 0 {
                held.leave(woken)
            } else {
                None
            }
        });
        if let Some(reader) = left {
            self.input(|state, now| state.machine.handle_reader(job, reader, now));
        }
    }

    /// A handle of a job's is gone. Without the last one of a subscription the runtime is told; a job of this session goes on.
    pub(super) fn release_job(&self, job: u32) {
        let is_last = {
            let mut state = self.lock();
            let Some(held) = state.jobs.get_mut(&job) else { return };
            held.handles = held.handles.saturating_sub(1);
            held.handles == 0
        };
        if is_last {
            self.input(|state, now| state.machine.handle_unsubscribe(job, now));
            self.change(|state, woken| {
                if let Some(held) = state.jobs.get_mut(&job) {
                    held.leave(woken);
                }
                state.tidy(job);
                if state.stage == SessionState::Closed {
                    state.jobs.remove(&job);
                }
            });
        }
    }
}
