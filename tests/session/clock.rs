//! A clock that is set by hand, and the pauses that run by it.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use arcgate::Time;

/// See the module's documentation.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Mutex<Hands>>);

struct Hands {
    now: i64,
    made: u64,
    pauses: Vec<(u64, i64, Option<Waker>)>,
}

impl Clock {
    pub(crate) fn new(now: i64) -> Self {
        Self(Arc::new(Mutex::new(Hands { now, made: 0, pauses: Vec::new() })))
    }

    pub(crate) fn millis(&self) -> i64 {
        self.0.lock().unwrap().now
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_millis(self.millis() as f64)
    }

    /// When the next pause is over.
    pub(crate) fn due(&self) -> Option<i64> {
        self.0.lock().unwrap().pauses.iter().map(|(_, due, _)| *due).min()
    }

    /// Sets it, and wakes those whose pause is over.
    pub(crate) fn set(&self, now: i64) {
        let mut hands = self.0.lock().unwrap();
        hands.now = now;
        let over: Vec<_> = hands.pauses.iter_mut().filter(|(_, due, _)| *due <= now).collect();
        let woken: Vec<Waker> = over.into_iter().filter_map(|(_, _, waker)| waker.take()).collect();
        drop(hands);
        woken.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn pause(&self, length: Duration) -> Pause {
        let mut hands = self.0.lock().unwrap();
        hands.made += 1;
        let (number, due) = (hands.made, hands.now + i64::try_from(length.as_millis()).unwrap());
        hands.pauses.push((number, due, None));
        Pause(self.clone(), number)
    }
}

/// A pause.
pub(crate) struct Pause(Clock, u64);

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut hands = self.0 .0.lock().unwrap();
        let now = hands.now;
        let Some((_, due, waker)) = hands.pauses.iter_mut().find(|(number, ..)| *number == self.1) else { panic!() };
        if *due <= now {
            return Poll::Ready(());
        }
        *waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.0 .0.lock().unwrap().pauses.retain(|(number, ..)| *number != self.1);
    }
}
