//! The timer that refreshes a token before its end, while somebody uses it. It wakes, and decides nothing: deadlines are looked at by
//! the clock, so that a page that has slept past one refreshes once, whoever is first to ask.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    driver::{environment::Environment, Here},
    platform::{duration, BoxFuture, Platform, Signal as _},
    time::Time,
};

/// The clock is looked at once a minute, so that it is noticed when somebody sets it, or the machine has slept.
const LONGEST_TIMER: Duration = Duration::from_secs(60);

type Signal = <Here as Platform>::Signal;

/// The one timer of a manager.
#[derive(Default)]
pub(super) struct Background(Mutex<Armed>);

#[derive(Default)]
struct Armed {
    deadline: Option<Time>,
    /// Ends the wait of the timer that is set.
    stop: Option<Signal>,
    number: u64,
}

/// A timer that is to be set: after this, and unless it is stopped.
pub(super) struct Timer {
    stop: Signal,
    number: u64,
    wait: Duration,
}

impl Background {
    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The timer for a deadline, unless it is set already. The one before it is stopped.
    pub(super) fn arm(&self, deadline: Option<Time>, now: Time) -> Option<Timer> {
        let mut armed = self.lock();
        if armed.deadline == deadline {
            return None;
        }
        let stopped = armed.stop.take();
        armed.deadline = deadline;
        armed.number += 1;
        let timer = deadline.map(|deadline| {
            let stop = Signal::new();
            armed.stop = Some(stop.clone());
            let wait = duration(deadline.since(now)).clamp(Duration::from_millis(1), LONGEST_TIMER);
            Timer { stop, number: armed.number, wait }
        });
        drop(armed);
        if let Some(stopped) = stopped {
            stopped.fire();
        }
        timer
    }

    /// Whether a timer that has ended is the one that was set. Then there is none any more.
    pub(super) fn rings(&self, number: u64) -> bool {
        let mut armed = self.lock();
        let is_set = armed.number == number && armed.stop.is_some();
        if is_set {
            armed.deadline = None;
            armed.stop = None;
        }
        is_set
    }

    /// There is no timer any more.
    pub(super) fn stop(&self) {
        self.arm(None, Time::EPOCH);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Whoever waits holds nothing of the manager's, and would wait to the end.
        self.stop();
    }
}

impl Timer {
    /// Sets it, where something can go on beside; it rings with its number.
    pub(super) fn set(self, environment: &Environment, ring: impl FnOnce(u64) + Send + 'static) {
        let Self { stop, number, wait } = self;
        let own = environment.clone();
        let work: BoxFuture<'static, ()> = Box::pin(async move {
            own.wait_beside(&stop, wait).await;
            ring(number);
        });
        // Without that a token is refreshed when it is used.
        drop(environment.spawn(work));
    }
}
