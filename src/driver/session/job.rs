//! A job: its events, and its result.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{held::Held, job_event::JobEvent, job_handle::JobHandle, job_queue::Taken, output::JobOutput};
use crate::{error::Error, platform::waiters::Place};

/// A job of this session, or one that it is subscribed to: a [`Stream`] of its events, each once, in order.
///
/// The stream ends with the job, whatever its outcome. What is missing is told where it would stand
/// ([`JobEventKind::Dropped`](super::JobEventKind::Dropped)), and where the events are lost with the session, the last one says so
/// ([`JobEventKind::Lost`](super::JobEventKind::Lost)). Reading is what lets more come: from 256 unread events on the runtime holds the
/// rest back, or the job is unsubscribed until it is read, so that no other waits for it.
///
/// Dropping it gives the events up that would follow. A job of this session goes on at the runtime, and whoever waits for its
/// [`result`](Self::result) gets it; [`cancel`](Self::cancel) ends it. A subscription ends with the last handle.
pub struct Job {
    handle: JobHandle,
    place: Place,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Job {
    /// A job that an answer has brought.
    pub(super) fn new(session: Arc<Held>, number: u32) -> Result<Self, Error> {
        let handle = JobHandle::counted(session, number)?;
        if let Some(job) = handle.shared().lock().jobs.get_mut(&number) {
            job.reading += 1;
        }
        Ok(Self { handle, place: None })
    }

    /// The same job for others than its reader.
    pub fn handle(&self) -> JobHandle {
        self.handle.clone()
    }

    /// Its id. With it another session may subscribe to the job.
    pub fn id(&self) -> &str {
        self.handle.id()
    }

    /// The agent that runs it, with its version where the runtime says.
    pub fn agent(&self) -> Option<String> {
        self.handle.agent()
    }

    /// The trace that it belongs to.
    pub fn trace_id(&self) -> Option<String> {
        self.handle.trace_id()
    }

    /// What the runtime said when it accepted the job, or the subscription to it, as JSON: lease, budget, credentials. Those are secrets.
    pub fn details_json(&self) -> &str {
        self.handle.details_json()
    }

    /// The next event; `None` when there are no more.
    pub async fn next(&mut self) -> Option<JobEvent> {
        std::future::poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Waits for what the agent gives. The future is on its own: the job may be read, or dropped, meanwhile. Who waits for the result
    /// and doesn't read stops nobody: of more than 256 events the oldest are dropped.
    ///
    /// # Errors
    /// `ERR_REMOTE` (the fact `code` is the protocol's: `CANCELLED`, `TIMEOUT`, …), `ERR_SESSION_LOST`, `ERR_PROTOCOL`, or
    /// `ERR_ABORTED` after [`close`](super::ArcpClient::close).
    pub fn result(&self) -> impl Future<Output = Result<JobOutput, Error>> + Send + 'static {
        self.handle.result()
    }

    /// Asks for the job's end (ARCP 1.1 §7.4). Done when the runtime agrees, or the job has ended.
    ///
    /// # Errors
    /// As [`submit`](super::ArcpClient::submit).
    pub fn cancel(&self, reason: &str) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        self.handle.cancel(reason)
    }

    /// Gives the events up. A job of this session goes on, and its result comes; a subscription is over.
    pub fn unsubscribe(&self) {
        self.handle.unsubscribe();
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<JobEvent>> {
        let (number, shared) = (self.handle.number(), self.handle.shared());
        let now = shared.now();
        let (taken, reader, _old) = {
            let mut state = shared.lock();
            let Some(job) = state.jobs.get_mut(&number) else { return Poll::Ready(None) };
            let reader = job.reads();
            let taken = job.take(now);
            let old = match taken {
                Taken::Nothing => job.readers.wait(&mut self.place, cx.waker()),
                _ => job.readers.leave(self.place.take()),
            };
            (taken, reader, old)
        };
        if let Some(reader) = reader {
            shared.input(|state, now| state.machine.handle_reader(number, reader, now));
        }
        match taken {
            Taken::Event(event, report) => {
                if let Some(count) = report {
                    shared.input(|state, now| state.machine.handle_read(number, count, now));
                }
                Poll::Ready(Some(event))
            }
            Taken::Nothing => Poll::Pending,
            Taken::End => Poll::Ready(None),
        }
    }
}

impl Stream for Job {
    type Item = JobEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<JobEvent>> {
        self.poll_event(cx)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let (number, shared) = (self.handle.number(), self.handle.shared());
        let place = self.place.take();
        let left = shared.lock().jobs.get_mut(&number).and_then(|job| job.readers.leave(place));
        drop(left);
        shared.release_reader(number);
    }
}
