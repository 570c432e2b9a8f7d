//! Pauses, which one thread of the process keeps. Where there are no threads (WASI), whoever waits looks at the clock again and again.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    future::Future,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use crate::platform::waiters::wake;

/// A pause.
#[derive(Debug)]
pub(crate) struct Sleep {
    /// `None`: longer than there is time, or without a clock.
    until: Option<Instant>,
    /// Whom to wake, once the timer knows of it.
    waker: Option<Arc<Mutex<Option<Waker>>>>,
}

impl Sleep {
    pub(super) fn new(length: Duration) -> Self {
        let until = super::HAS_CLOCK.then(Instant::now).and_then(|now| now.checked_add(length));
        Self { until, waker: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.until else { return Poll::Pending };
        if until <= Instant::now() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        match &self.waker {
            Some(known) => {
                let old = lock(known).replace(waker);
                drop(old);
                // Between the look at the clock and this the timer may have woken the old one, and knows of no other now.
                if until <= Instant::now() {
                    return Poll::Ready(());
                }
            }
            None => {
                let waker = Arc::new(Mutex::new(Some(waker)));
                match timer() {
                    Some(timer) => timer.add(until, Arc::clone(&waker)),
                    None => context.waker().wake_by_ref(),
                }
                self.waker = timer().map(|_| waker);
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(waker) = &self.waker {
            let left = lock(waker).take();
            drop(left);
        }
    }
}

/// The thread's side.
struct Timer {
    due: Mutex<BinaryHeap<Reverse<Due>>>,
    changed: Condvar,
}

/// Somebody to be woken.
struct Due {
    at: Instant,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Timer {
    fn add(&self, at: Instant, waker: Arc<Mutex<Option<Waker>>>) {
        lock(&self.due).push(Reverse(Due { at, waker }));
        self.changed.notify_one();
    }

    /// Wakes whoever is due, for ever.
    fn run(&self) {
        let mut due = lock(&self.due);
        loop {
            let now = Instant::now();
            let Some(Reverse(first)) = due.peek() else {
                due = self.changed.wait(due).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if first.at > now {
                let left = first.at - now;
                due = self.changed.wait_timeout(due, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let waker = due.pop().and_then(|Reverse(first)| lock(&first.waker).take());
            drop(due);
            if let Some(waker) = waker {
                wake(waker);
            }
            due = lock(&self.due);
        }
    }
}

/// The timer, if this platform has threads.
fn timer() -> Option<&'static Timer> {
    static TIMER: OnceLock<Option<&'static Timer>> = OnceLock::new();
    *TIMER.get_or_init(|| {
        static OWN: OnceLock<Timer> = OnceLock::new();
        let timer = OWN.get_or_init(|| Timer { due: Mutex::default(), changed: Condvar::new() });
        thread::Builder::new().name("arcgate timer".into()).spawn(|| timer.run()).ok().map(|_| timer)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, task::Wake};

    use super::*;
    use crate::platform::Signal as _;

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("too many tasks are queued");
        }
    }

    struct Tells(mpsc::Sender<()>);

    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn a_waker_that_panics_holds_up_nobody_else() {
        let (tell, told) = mpsc::channel();
        let wakers: [Waker; 2] = [Arc::new(Panics).into(), Arc::new(Tells(tell)).into()];
        // As pauses leave them with it: these are over, and whoever is polled would not wait.
        let at = Instant::now();
        for waker in wakers.clone() {
            timer().unwrap().add(at, Arc::new(Mutex::new(Some(waker))));
        }
        told.recv().unwrap();
        let signal = super::super::signal::Signal::new();
        let mut waits = [0, 1].map(|_| Box::pin(signal.wait(Duration::from_secs(3600))));
        for (wait, waker) in waits.iter_mut().zip(&wakers) {
            assert!(wait.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        signal.fire();
        told.recv().unwrap();
    }

    #[test]
    fn a_pause_wakes_whoever_waits_for_it() {
        let (tell, told) = mpsc::channel();
        let waker = Arc::new(Tells(tell)).into();
        let mut pause = Sleep::new(Duration::from_millis(5));
        // On a busy machine it may be over before it is looked at.
        while Pin::new(&mut pause).poll(&mut Context::from_waker(&waker)).is_pending() {
            told.recv().unwrap();
        }
    }
}
