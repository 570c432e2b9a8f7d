//! Who waits for the same thing: each with the waker of its last poll, and none left behind by who has stopped waiting.

use std::{
    panic::{self, AssertUnwindSafe},
    task::Waker,
};

/// Those that wait.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    next: u64,
    list: Vec<(u64, Waker)>,
}

/// A place among them; none before the first poll.
pub(crate) type Place = Option<u64>;

impl Waiters {
    /// Waits. What is given back is to be dropped without the lock: a waker may hold a task, and a task anything.
    pub(crate) fn wait(&mut self, place: &mut Place, waker: &Waker) -> Option<Waker> {
        let held = place.and_then(|place| self.list.iter_mut().find(|(of, _)| *of == place));
        if let Some((_, held)) = held {
            return (!held.will_wake(waker)).then(|| std::mem::replace(held, waker.clone()));
        }
        self.next += 1;
        *place = Some(self.next);
        self.list.push((self.next, waker.clone()));
        None
    }

    /// Waits no more. To be dropped without the lock, as above.
    pub(crate) fn leave(&mut self, place: Place) -> Option<Waker> {
        let at = self.list.iter().position(|(of, _)| Some(*of) == place)?;
        Some(self.list.swap_remove(at).1)
    }

    /// It has come: all are woken, by whoever lets the lock go.
    pub(crate) fn release(&mut self, woken: &mut Vec<Waker>) {
        woken.extend(self.list.drain(..).map(|(_, waker)| waker));
    }
}

/// Wakes somebody. An executor's waker may panic; others wait behind it, and on this thread's going on.
pub(crate) fn wake(waker: Waker) {
    let _ = panic::catch_unwind(AssertUnwindSafe(|| waker.wake()));
}
