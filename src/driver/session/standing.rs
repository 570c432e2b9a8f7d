//! Waiting for a session's beginning, and for its end.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{events::Closed, shared::Shared};
use crate::{error::Error, platform::waiters::Place};

/// Waits for the first welcome.
pub(super) struct Opened {
    shared: Arc<Shared>,
    place: Place,
}

impl Opened {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), place: None }
    }
}

impl Future for Opened {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.shared.lock();
        let (result, old) = match (&state.error, &state.info) {
            (Some(error), _) => (Poll::Ready(Err(error.clone())), None),
            (None, Some(_)) => (Poll::Ready(Ok(())), None),
            (None, None) => (Poll::Pending, state.standing.wait(&mut this.place, cx.waker())),
        };
        drop(state);
        drop(old);
        result
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let left = self.shared.lock().standing.leave(self.place.take());
        drop(left);
    }
}

/// Waits for the end.
pub(super) struct End {
    shared: Arc<Shared>,
    place: Place,
}

impl End {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), place: None }
    }
}

impl Future for End {
    type Output = Closed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = &mut *self;
        let mut state = this.shared.lock();
        let (result, old) = match &state.closed {
            Some(closed) => (Poll::Ready(closed.clone()), None),
            None => (Poll::Pending, state.standing.wait(&mut this.place, cx.waker())),
        };
        drop(state);
        drop(old);
        result
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let left = self.shared.lock().standing.leave(self.place.take());
        drop(left);
    }
}
