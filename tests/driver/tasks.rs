//! A tiny executor: it polls what was woken, and can leave a task in the midst of things.

use std::{
    collections::BTreeMap,
    future::Future,
    mem,
    pin::Pin,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex,
    },
    task::{Context, Poll, Wake, Waker},
};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whether a task was woken since it was polled last.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Tasks by their number.
#[derive(Default)]
pub(super) struct Tasks {
    all: BTreeMap<usize, (Task, Arc<Flag>)>,
    latest: usize,
    /// How often one was polled.
    pub(super) polls: usize,
}

/// What becomes of a task.
pub(super) struct Outcome<T>(Arc<Mutex<Option<T>>>);

impl<T> Outcome<T> {
    /// It, if the task is over.
    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().unwrap().take()
    }
}

impl Tasks {
    /// A new task, which is not polled yet.
    pub(super) fn add<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> (usize, Outcome<T>) {
        let outcome = Arc::new(Mutex::new(None));
        let place = Arc::clone(&outcome);
        let task: Task = Box::pin(async move {
            let value = work.await;
            *place.lock().unwrap() = Some(value);
        });
        self.latest += 1;
        self.all.insert(self.latest, (task, Arc::new(Flag(AtomicBool::new(true)))));
        (self.latest, Outcome(outcome))
    }

    /// Polls until nobody is awake.
    pub(super) fn run(&mut self) {
        loop {
            let awake = |(number, (_, flag)): (&usize, &(Task, Arc<Flag>))| {
                flag.0.swap(false, Ordering::SeqCst).then_some(*number)
            };
            let awake: Vec<usize> = self.all.iter().filter_map(awake).collect();
            if awake.is_empty() {
                return;
            }
            for number in awake {
                self.poll(number);
            }
        }
    }

    /// Polls one.
    pub(super) fn poll(&mut self, number: usize) {
        let Some((task, flag)) = self.all.get_mut(&number) else { return };
        let waker = Waker::from(Arc::clone(flag));
        self.polls += 1;
        if let Poll::Ready(()) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.all.remove(&number);
        }
    }

    /// Drops one in the midst of things.
    pub(super) fn drop(&mut self, number: usize) {
        self.all.remove(&number);
    }

    /// Lets one go without dropping it.
    pub(super) fn leak(&mut self, number: usize) {
        mem::forget(self.all.remove(&number));
    }

    /// How many are not over.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}
