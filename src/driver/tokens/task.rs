//! An attempt on its way: beside, where the platform or the program lets it, and by whoever waits for it otherwise.

use std::{
    future::Future,
    pin::pin,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    task::Poll,
    time::Duration,
};

use super::work::{Doing, Work};
use crate::{
    driver::{environment::Environment, Here},
    platform::{race::race, BoxFuture, Platform, Signal as _},
};

/// What keeps work alive that outlives its caller.
pub(super) type Beside = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// Work that was begun.
#[derive(Clone)]
pub(super) struct Task {
    over: <Here as Platform>::Signal,
    work: Work,
    /// It goes on by itself. What nobody does by itself, those do who wait.
    is_beside: Arc<AtomicBool>,
}

impl Task {
    /// Work that nobody has begun yet. Others may find it from now on: whether it will go on by itself in this environment, they have
    /// to know before it does.
    pub(super) fn new(environment: &Environment, work: impl Future<Output = ()> + Send + 'static) -> Self {
        let over = <Here as Platform>::Signal::new();
        let told = over.clone();
        let work = Work::new(Box::pin(async move {
            work.await;
            told.fire();
        }));
        Self { over, work, is_beside: Arc::new(environment.spawns().into()) }
    }

    /// Lets it go on beside, if that can be.
    pub(super) fn begin(&self, environment: &Environment, beside: Option<&Beside>) {
        let work: BoxFuture<'static, ()> = Box::pin(Doing::new([self.work.clone()]));
        match beside {
            Some(beside) => {
                self.is_beside.store(true, Ordering::SeqCst);
                beside(work);
            }
            // Where it comes back, it is theirs who wait.
            None => drop(environment.spawn(work)),
        }
    }

    /// What those do who wait.
    pub(super) fn left(&self) -> Option<Work> {
        (!self.is_beside.load(Ordering::SeqCst)).then(|| self.work.clone())
    }

    /// Waits until it is over, or one of the others is, and `bound` at most. `true` where nobody performs it any more; whoever asks
    /// then whether it has ended knows that it was left.
    pub(super) async fn wait(self, environment: &Environment, others: Vec<Work>, bound: Duration) -> bool {
        let Some(work) = self.left() else { return !environment.wait(&self.over, bound).await };
        let doing = pin!(Doing::new(others.into_iter().chain([work.clone()])));
        race(doing, environment.sleep(bound)).await;
        work.is_done()
    }
}

/// Lets others go first.
pub(super) async fn yield_once() {
    let mut has_yielded = false;
    std::future::poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
