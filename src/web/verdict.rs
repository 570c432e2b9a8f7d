//! WebCrypto's verdicts. There is one for each token that was not seen before, and a future of a promise makes two functions of
//! JavaScript's each time: here they are used again.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use wasm_bindgen::prelude::*;

/// So many listeners are kept for the next ones.
const MOST: usize = 64;

#[wasm_bindgen]
extern "C" {
    /// A promise of a verdict.
    pub(super) type Promised;

    #[wasm_bindgen(method)]
    fn then(this: &Promised, on_verdict: &Closure<dyn FnMut(bool)>, on_failure: &Closure<dyn FnMut()>);
}

/// What a listener holds JavaScript by.
type Listeners = (Closure<dyn FnMut(bool)>, Closure<dyn FnMut()>);

/// Who listens to one promise after the other.
struct Listener {
    /// The verdict, or that there is none.
    verdict: Cell<Option<Option<bool>>>,
    is_settled: Cell<bool>,
    is_awaited: Cell<bool>,
    waker: Cell<Option<Waker>>,
    /// They hold this listener: it lives until they are taken away.
    listeners: RefCell<Option<Listeners>>,
}

thread_local! {
    static FREE: RefCell<Vec<Rc<Listener>>> = const { RefCell::new(Vec::new()) };
}

impl Listener {
    fn free() -> Rc<Self> {
        let free = FREE.try_with(|free| free.borrow_mut().pop()).ok().flatten();
        free.unwrap_or_else(Self::new)
    }

    fn new() -> Rc<Self> {
        let listener = Rc::new(Self {
            verdict: Cell::new(None),
            is_settled: Cell::new(false),
            is_awaited: Cell::new(false),
            waker: Cell::new(None),
            listeners: RefCell::new(None),
        });
        let (own, other) = (Rc::clone(&listener), Rc::clone(&listener));
        let on_verdict = Closure::new(move |verdict| own.settled(Some(verdict)));
        let on_failure = Closure::new(move || other.settled(None));
        listener.listeners.replace(Some((on_verdict, on_failure)));
        listener
    }

    fn settled(self: &Rc<Self>, verdict: Option<bool>) {
        if !self.is_awaited.get() {
            return self.end();
        }
        self.verdict.set(Some(verdict));
        self.is_settled.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The next promise may have it.
    fn end(self: &Rc<Self>) {
        self.verdict.set(None);
        self.waker.set(None);
        let is_kept = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            let has_room = free.len() < MOST;
            if has_room {
                free.push(Rc::clone(self));
            }
            has_room
        });
        if is_kept != Ok(true) {
            drop(self.listeners.take());
        }
    }
}

/// A verdict to come; `None` where WebCrypto has none.
pub(super) struct Verdict(Rc<Listener>);

impl Verdict {
    pub(super) fn of(promised: &Promised) -> Self {
        let listener = Listener::free();
        listener.is_settled.set(false);
        listener.is_awaited.set(true);
        if let Some((on_verdict, on_failure)) = &*listener.listeners.borrow() {
            promised.then(on_verdict, on_failure);
        }
        Self(listener)
    }
}

impl Future for Verdict {
    type Output = Option<bool>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<bool>> {
        match self.0.verdict.take() {
            Some(verdict) => Poll::Ready(verdict),
            None => {
                self.0.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        // A promise that is still to settle finds that nobody waits, and frees it.
        self.0.is_awaited.set(false);
        if self.0.is_settled.get() {
            self.0.end();
        }
    }
}
