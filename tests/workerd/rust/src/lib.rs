//! What the Workers beside this crate's folder call: the crate's verifiers and managers of tokens, by names that the tests give.

mod sessions;
mod tokens;
mod verifiers;

use std::{cell::Cell, future::Future, pin::Pin, rc::Rc};

use arcgate::{Error, Time};
use js_sys::{Date, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, JsFuture};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A clock that the tests set forward, and that may stand still otherwise.
#[derive(Clone, Default)]
struct Clock {
    ahead: Rc<Cell<f64>>,
    frozen_at: Option<f64>,
}

impl Clock {
    fn new(is_frozen: bool) -> Self {
        Self { frozen_at: is_frozen.then(Date::now), ..Self::default() }
    }

    fn pass(&self, ms: f64) {
        self.ahead.set(self.ahead.get() + ms);
    }

    fn now(&self) -> Time {
        Time::from_millis(self.frozen_at.unwrap_or_else(Date::now) + self.ahead.get())
    }
}

/// Work that is kept alive as a Worker keeps it: by its promise, in `waitUntil`.
fn keep(wait_until: Function) -> impl Fn(BoxFuture<'static, ()>) {
    move |work| {
        let promise = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        let _ = wait_until.call1(&JsValue::NULL, &promise);
    }
}

/// Calls a function of the test's, and waits for its promise.
async fn call(function: &Function, argument: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::from(function.call1(&JsValue::NULL, &argument)?)).await
}

/// What the tests read of an error.
fn told(error: &Error) -> JsValue {
    let seconds = error.retry_delay().map_or(0.0, |span| span.as_millis() as f64 / 1000.0);
    let told = format!(
        r#"{{"code":"{}","retryable":{},"fault":"{}","retryAfter":{seconds}}}"#,
        error.code().as_str(),
        error.code().is_retryable(),
        error.code().fault().as_str()
    );
    JsValue::from(told)
}

/// What failed, as an error of JavaScript's with the code's name.
fn failed(error: &Error) -> JsValue {
    let thrown = js_sys::Error::new(error.message());
    thrown.set_name(error.code().as_str());
    thrown.into()
}
