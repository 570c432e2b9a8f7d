//! Turns at work that several may do, one at a time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
};

use crate::platform::waiters::{wake, Place, Waiters};

/// Those who wait, and whose turn it is: behind one lock, for whoever finds the turn taken must be among those who are woken when it is
/// given back. What is woken by the work holds this, and not the work, which would hold itself otherwise.
#[derive(Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    stage: Stage,
    /// Each is woken when there is something to do: one may be gone, and nobody knows which.
    waiters: Waiters,
}

#[derive(Default)]
enum Stage {
    /// Whoever comes first may poll it.
    #[default]
    Free,
    /// Somebody polls it. Whether there is something to do again.
    Taken {
        is_woken: bool,
    },
    Over,
}

/// What becomes of whoever asks for the turn.
pub(super) enum Asked<'w> {
    Has(Turn<'w>),
    Waits,
    IsLate,
}

/// The turn. Whoever has it may poll the work.
pub(super) struct Turn<'w> {
    turns: &'w Turns,
    /// Unless it is said that it isn't: what panics can't be polled again.
    pub(super) is_over: bool,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the turn. Whoever gets it waits as well: they may be gone before they come back.
    pub(super) fn ask(&self, place: &mut Place, waker: &Waker) -> Asked<'_> {
        // A waker may hold a task, and that task wait for the same: what is old is dropped when nothing is locked.
        let (is_free, _old) = {
            let mut state = self.lock();
            if matches!(state.stage, Stage::Over) {
                return Asked::IsLate;
            }
            let old = state.waiters.wait(place, waker);
            let is_free = matches!(state.stage, Stage::Free);
            if is_free {
                state.stage = Stage::Taken { is_woken: false };
            }
            (is_free, old)
        };
        match is_free {
            true => Asked::Has(Turn { turns: self, is_over: true }),
            false => Asked::Waits,
        }
    }

    /// Whether there are none any more: it is done, or can't be.
    pub(super) fn are_over(&self) -> bool {
        matches!(self.lock().stage, Stage::Over)
    }

    /// Somebody waits no more.
    pub(super) fn leave(&self, place: Place) {
        let left = self.lock().waiters.leave(place);
        drop(left);
        // It may have been this one that was woken to go on.
        self.wake_all();
    }

    fn wake_all(&self) {
        let mut woken = Vec::new();
        {
            let mut state = self.lock();
            match &mut state.stage {
                // Whoever came now would find it taken. They are woken when the turn is given back, even if whoever has it never comes again.
                Stage::Taken { is_woken } => *is_woken = true,
                Stage::Free | Stage::Over => state.waiters.release(&mut woken),
            }
        }
        woken.into_iter().for_each(wake);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut woken = Vec::new();
        {
            let mut state = self.turns.lock();
            let stage = if self.is_over { Stage::Over } else { Stage::Free };
            let before = std::mem::replace(&mut state.stage, stage);
            if self.is_over || matches!(before, Stage::Taken { is_woken: true }) {
                state.waiters.release(&mut woken);
            }
        }
        woken.into_iter().for_each(wake);
    }
}

impl Wake for Turns {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
}
