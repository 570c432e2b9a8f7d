//! A stream of what happens to a session.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{events::SessionEvent, held::Held, listeners::Heard};

/// A [`Stream`] of what happens to a session.
#[must_use]
pub struct SessionEvents {
    held: Arc<Held>,
    number: u64,
}

impl fmt::Debug for SessionEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionEvents").finish_non_exhaustive()
    }
}

impl SessionEvents {
    pub(super) fn new(held: Arc<Held>) -> Self {
        let number = held.shared.lock().listeners.add();
        Self { held, number }
    }

    /// The next event; `None` after the session's end.
    pub async fn next(&mut self) -> Option<SessionEvent> {
        std::future::poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&self, cx: &Context<'_>) -> Poll<Option<SessionEvent>> {
        let (heard, old) = self.held.shared.lock().listeners.hear(self.number, cx.waker());
        drop(old);
        match heard {
            Heard::Event(event) => Poll::Ready(Some(event)),
            Heard::Nothing => Poll::Pending,
            Heard::End => Poll::Ready(None),
        }
    }
}

impl Stream for SessionEvents {
    type Item = SessionEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SessionEvent>> {
        self.poll_event(cx)
    }
}

impl Drop for SessionEvents {
    fn drop(&mut self) {
        let gone = self.held.shared.lock().listeners.remove(self.number);
        drop(gone);
    }
}
