//! What happens once, among threads.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use super::timer::Sleep;
use crate::platform::{
    self,
    race::race,
    waiters::{wake, Place, Waiters},
};

/// Something that happens once.
#[derive(Clone)]
pub(crate) struct Signal(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_fired: bool,
    waiters: Waiters,
}

impl Signal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl platform::Signal for Signal {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn fire(&self) {
        let mut woken = Vec::new();
        {
            let mut state = self.state();
            state.is_fired = true;
            state.waiters.release(&mut woken);
        }
        woken.into_iter().for_each(wake);
    }

    fn wait(&self, bound: Duration) -> impl Future<Output = bool> + Send + use<> {
        let either = race(Fired { signal: self.clone(), place: None }, Sleep::new(bound));
        async move {
            either.await;
            true
        }
    }
}

/// Waits for it.
struct Fired {
    signal: Signal,
    place: Place,
}

impl Future for Fired {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { signal, place } = &mut *self;
        // Dropped when nothing is locked: a waker may hold a task, and that task wait for the same.
        let _old = {
            let mut state = signal.state();
            if state.is_fired {
                return Poll::Ready(());
            }
            state.waiters.wait(place, context.waker())
        };
        Poll::Pending
    }
}

impl Drop for Fired {
    fn drop(&mut self) {
        let left = self.signal.state().waiters.leave(self.place.take());
        drop(left);
    }
}
