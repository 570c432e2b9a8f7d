//! What runs a test's future where no browser does, and what a test does with several of them.

use std::{
    future::{poll_fn, Future},
    pin::Pin,
    task::Poll,
};

/// Runs a future to its end on this thread.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    use std::{
        sync::Arc,
        task::{Context, Wake, Waker},
        thread::{current, park, Thread},
    };

    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => park(),
        }
    }
}

/// A future in a box, for those that stand in one list.
pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// All of them at once, in the order in which they stand; each is polled whenever one was woken.
pub(crate) async fn all<T>(tasks: Vec<Task<'_, T>>) -> Vec<T> {
    let mut tasks: Vec<_> = tasks.into_iter().map(|task| (Some(task), None)).collect();
    poll_fn(|context| {
        for (task, value) in &mut tasks {
            if let Some(future) = task {
                if let Poll::Ready(ready) = future.as_mut().poll(context) {
                    (*task, *value) = (None, Some(ready));
                }
            }
        }
        if tasks.iter().all(|(task, _)| task.is_none()) {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    tasks.into_iter().filter_map(|(_, value)| value).collect()
}

/// Polls a future once, and expects it not to be ready: it has begun what it does first.
pub(crate) async fn begin<T>(future: &mut (impl Future<Output = T> + Unpin)) {
    poll_fn(|context| {
        assert!(Pin::new(&mut *future).poll(context).is_pending(), "over at once");
        Poll::Ready(())
    })
    .await;
}

/// Lets everything else have its turn once.
pub(crate) async fn turn() {
    let mut has_been = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_been, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls a future once. Whether it is over.
pub(crate) async fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_ready())).await
}
