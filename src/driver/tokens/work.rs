//! Work that belongs to nobody: it goes on beside where the platform can do that. Elsewhere whoever waits for it does it, and leaves it
//! to the next one where they stop.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use super::turns::{Asked, Turns};
use crate::platform::{waiters::Place, BoxFuture};

/// Work that any of those who wait for it may poll.
#[derive(Clone)]
pub(super) struct Work(Arc<Shared>);

struct Shared {
    /// Locked by whoever has the turn, and by nobody else.
    future: Mutex<Option<BoxFuture<'static, ()>>>,
    turns: Arc<Turns>,
}

impl Work {
    pub(super) fn new(future: BoxFuture<'static, ()>) -> Self {
        Self(Arc::new(Shared { future: Mutex::new(Some(future)), turns: Arc::default() }))
    }

    /// Whether it is done, or can't be.
    pub(super) fn is_done(&self) -> bool {
        self.0.turns.are_over()
    }

    fn poll(&self, place: &mut Place, context: &Context<'_>) -> Poll<()> {
        let mut turn = match self.0.turns.ask(place, context.waker()) {
            Asked::Has(turn) => turn,
            Asked::Waits => return Poll::Pending,
            Asked::IsLate => return Poll::Ready(()),
        };
        let waker = Waker::from(Arc::clone(&self.0.turns));
        let mut future = self.0.future.lock().unwrap_or_else(PoisonError::into_inner);
        let polled = future.as_mut().map(|work| work.as_mut().poll(&mut Context::from_waker(&waker)));
        if polled.is_some_and(|polled| polled.is_pending()) {
            // Before the turn: whoever has that finds nothing locked.
            drop(future);
            turn.is_over = false;
            return Poll::Pending;
        }
        // What it held is dropped when nothing is locked any more.
        let done = future.take();
        drop(future);
        drop(done);
        Poll::Ready(())
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work")
    }
}

/// Does several works at once.
pub(super) struct Doing(Vec<(Work, Place)>);

impl Doing {
    pub(super) fn new(works: impl IntoIterator<Item = Work>) -> Self {
        Self(works.into_iter().map(|work| (work, None)).collect())
    }

    /// One step of each. Whether one of them is done.
    pub(super) fn step(&mut self, context: &Context<'_>) -> bool {
        let before = self.0.len();
        self.0.retain_mut(|(work, place)| work.poll(place, context).is_pending());
        self.0.len() < before
    }
}

/// Until one of them is done: those who wait look then what has changed.
impl Future for Doing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.step(context) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        for (work, place) in &mut self.0 {
            work.0.turns.leave(place.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counting() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count(AtomicUsize::new(0)));
        (Arc::clone(&count), Waker::from(count))
    }

    /// Ends with its third poll, and asks for each next one.
    fn in_three_steps() -> Work {
        let mut steps = 0;
        Work::new(Box::pin(std::future::poll_fn(move |context| {
            steps += 1;
            context.waker().wake_by_ref();
            if steps == 3 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })))
    }

    #[test]
    fn whoever_waits_goes_on_where_another_stopped() {
        let work = in_three_steps();
        let (_, waker) = counting();
        for _ in 0..2 {
            let mut doing = Doing::new([work.clone()]);
            assert!(Pin::new(&mut doing).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let mut doing = Doing::new([work.clone()]);
        assert!(Pin::new(&mut doing).poll(&mut Context::from_waker(&waker)).is_ready());
        let mut late = Doing::new([work]);
        assert!(Pin::new(&mut late).poll(&mut Context::from_waker(&waker)).is_ready());
    }

    #[test]
    fn whoever_leaves_wakes_those_who_stay() {
        let work = Work::new(Box::pin(std::future::pending()));
        let (count, stays) = counting();
        let (_, leaves) = counting();
        let mut one = Doing::new([work.clone()]);
        let mut other = Doing::new([work]);
        assert!(Pin::new(&mut one).poll(&mut Context::from_waker(&leaves)).is_pending());
        assert!(Pin::new(&mut other).poll(&mut Context::from_waker(&stays)).is_pending());
        drop(one);
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_nobody_waits_for_is_done_beside() {
        let (beside, awaited) = (in_three_steps(), Work::new(Box::pin(std::future::pending())));
        let (_, waker) = counting();
        let mut doing = Doing::new([awaited, beside.clone()]);
        for _ in 0..2 {
            assert!(Pin::new(&mut doing).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        assert!(Pin::new(&mut doing).poll(&mut Context::from_waker(&waker)).is_ready());
        let mut late = Doing::new([beside]);
        assert!(Pin::new(&mut late).poll(&mut Context::from_waker(&waker)).is_ready());
    }

    /// A future that polls another one each time, as another thread may.
    fn meanwhile(mut act: impl FnMut(&Waker) + Send + 'static) -> BoxFuture<'static, ()> {
        Box::pin(std::future::poll_fn(move |context| {
            act(context.waker());
            Poll::Pending
        }))
    }

    fn poll(doing: &mut Doing, waker: &Waker) -> Poll<()> {
        Pin::new(doing).poll(&mut Context::from_waker(waker))
    }

    #[test]
    fn whoever_finds_the_turn_taken_is_woken_where_its_owner_never_comes_again() {
        let late = Arc::new(Mutex::new(None::<Doing>));
        let (count, waker) = counting();
        let (doing, woken) = (Arc::clone(&late), waker);
        let work = Work::new(meanwhile(move |again| {
            again.wake_by_ref();
            if let Some(doing) = &mut *doing.lock().unwrap() {
                assert!(poll(doing, &woken).is_pending());
            }
        }));
        *late.lock().unwrap() = Some(Doing::new([work.clone()]));
        let (_, other) = counting();
        let mut forgotten = Doing::new([work]);
        assert!(poll(&mut forgotten, &other).is_pending());
        std::mem::forget(forgotten);
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn whoever_waits_for_what_panics_hears_of_it() {
        let work = Work::new(Box::pin(std::future::poll_fn(|_| panic!("a program's own function"))));
        let (count, waker) = counting();
        let mut doing = Doing::new([work.clone()]);
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut doing, &waker)));
        assert!(polled.is_err() && work.is_done());
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert!(poll(&mut Doing::new([work]), &waker).is_ready());
    }

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("too many tasks are queued");
        }
    }

    #[test]
    fn a_waker_that_panics_holds_up_nobody_else() {
        let work = Work::new(Box::pin(std::future::pending()));
        let (count, stays) = counting();
        let [mut one, mut other, mut leaves] = [(); 3].map(|()| Doing::new([work.clone()]));
        assert!(poll(&mut one, &Arc::new(Panics).into()).is_pending());
        assert!(poll(&mut other, &stays).is_pending());
        assert!(poll(&mut leaves, &stays).is_pending());
        drop(leaves);
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    /// A task as executors have them: its waker holds it.
    struct Holds(#[allow(dead_code, reason = "it is held")] Mutex<Option<Doing>>);

    impl Wake for Holds {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_waker_may_hold_who_waits_for_the_same() {
        let work = Work::new(Box::pin(std::future::pending()));
        let (_, waker) = counting();
        let holds = || Waker::from(Arc::new(Holds(Mutex::new(Some(Doing::new([work.clone()]))))));
        let mut doing = Doing::new([work.clone()]);
        assert!(poll(&mut doing, &holds()).is_pending());
        assert!(poll(&mut doing, &waker).is_pending());
        assert!(poll(&mut doing, &holds()).is_pending());
        drop(doing);
    }
}
