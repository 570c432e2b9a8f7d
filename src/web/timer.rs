//! Timers, and what happens once.
//!
//! On Workers a promise may belong to another request, which may have been cancelled: it never settles then, or throws when it is
//! waited for. A request that waits for such a one alone is ended by the platform, as one that hangs; and a waker of another request
//! wakes nobody. So whoever waits for a [`Signal`] races its promise with a timer of its own.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use js_sys::{Array, Function, Promise};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::scope::member;
use crate::platform;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(work: &Function, millis: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// A timer that ends when it is dropped. Its promise is settled then: a future of a promise that nobody settles is never freed.
struct Timer {
    id: JsValue,
    settle: Function,
}

impl Timer {
    /// A timer, and the promise that it settles. A longer one than timers can have ends early.
    fn new(length: Duration) -> (Self, Promise) {
        let millis = i32::try_from(length.as_millis()).unwrap_or(i32::MAX);
        let (promise, settle) = settleable();
        (Self { id: set_timeout(&settle, millis), settle }, promise)
    }
}

impl Timer {
    /// A process is not kept alive by it. Node's timers are objects; others know of no such thing.
    fn let_go(&self) {
        let unref = member(&self.id, "unref").and_then(|unref| unref.dyn_into::<Function>().ok());
        if let Some(unref) = unref {
            let _ = unref.call0(&self.id);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
        // A promise's own function throws nothing.
        let _ = self.settle.call0(&JsValue::UNDEFINED);
    }
}

/// A pause.
pub(crate) struct Sleep(SendWrapper<(JsFuture, Timer)>);

impl Sleep {
    pub(super) fn new(length: Duration) -> Self {
        let (timer, promise) = Timer::new(length);
        Self(SendWrapper::new((JsFuture::from(promise), timer)))
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0 .0).poll(context).map(drop)
    }
}

/// Something that happens once: a promise, and what settles it.
#[derive(Clone)]
pub(crate) struct Signal(Arc<SendWrapper<(Promise, Function)>>);

impl Signal {
    pub(super) fn of(promise: Promise, settle: Function) -> Self {
        Self(Arc::new(SendWrapper::new((promise, settle))))
    }

    fn wait_with(&self, (timer, promise): (Timer, Promise)) -> impl Future<Output = bool> + Send + use<> {
        let either = Promise::race(&Array::of2(&self.0 .0, &promise));
        SendWrapper::new(async move {
            // Newer Workers throw where the promise is of a request that was cancelled.
            let is_alive = JsFuture::from(either).await.is_ok();
            drop(timer);
            is_alive
        })
    }
}

impl platform::Signal for Signal {
    fn new() -> Self {
        let (promise, settle) = settleable();
        Self::of(promise, settle)
    }

    fn fire(&self) {
        let _ = self.0 .1.call0(&JsValue::UNDEFINED);
    }

    fn wait(&self, bound: Duration) -> impl Future<Output = bool> + Send + use<> {
        self.wait_with(Timer::new(bound))
    }

    fn wait_beside(&self, bound: Duration) -> impl Future<Output = bool> + Send + use<> {
        let (timer, promise) = Timer::new(bound);
        timer.let_go();
        self.wait_with((timer, promise))
    }
}

/// A promise, and what settles it.
fn settleable() -> (Promise, Function) {
    let mut settle = None;
    let promise = Promise::new(&mut |resolve, _| settle = Some(resolve));
    (promise, settle.unwrap_or_default())
}
