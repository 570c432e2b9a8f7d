//! The token manager over what JavaScript has: its timers, its promises, its `fetch`, its WebCrypto, its storage. The clock and the
//! provider are the test's. Node runs it, and browsers do.
#![cfg(all(target_arch = "wasm32", feature = "web"))]

mod bounds;
mod keys;
mod pages;
mod sharing;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use arcgate::{
    fetch::{Failure, Request, Response},
    tokens::{Options, Source},
    Time,
};
use js_sys::{Function, Promise};
use wasm_bindgen_futures::JsFuture;

/// A provider that the test plays, and a clock that it sets.
#[derive(Clone, Default)]
struct World(Rc<Inner>);

#[derive(Default)]
struct Inner {
    /// Milliseconds since it began.
    passed: Cell<f64>,
    requests: RefCell<Vec<Request>>,
    /// How many seconds its tokens last.
    life: Cell<u32>,
    /// Answers wait for this.
    gate: RefCell<Option<Promise>>,
}

impl World {
    fn of(life: u32) -> Self {
        let world = Self::default();
        world.0.life.set(life);
        world
    }

    fn options(&self) -> Options {
        let clock = self.clone();
        self.provider().clock(move || Time::from_millis(1_800_000_000_000.0 + clock.0.passed.get()))
    }

    /// Without the clock.
    fn provider(&self) -> Options {
        let provider = self.clone();
        Options::new().fetch(move |request| provider.clone().answer(request))
    }

    async fn answer(self, request: Request) -> Result<Response, Failure> {
        self.0.requests.borrow_mut().push(request);
        let number = self.0.requests.borrow().len();
        let gate = self.0.gate.borrow().clone();
        if let Some(gate) = gate {
            JsFuture::from(gate).await.map_err(|_| Failure::Network)?;
        }
        let life = self.0.life.get();
        let tokens = format!(r#"{{"access_token":"a{number}","refresh_token":"r{number}","expires_in":{life}}}"#);
        Ok(Response::new(200, tokens))
    }

    /// The clock goes on; timers know nothing of it.
    fn sleep_for(&self, seconds: u32) {
        self.0.passed.set(self.0.passed.get() + f64::from(seconds) * 1000.0);
    }

    /// Answers wait from now on, until the function that is given is called.
    fn hold(&self) -> Function {
        let mut open = None;
        let gate = Promise::new(&mut |resolve, _| open = Some(resolve));
        *self.0.gate.borrow_mut() = Some(gate);
        open.unwrap()
    }

    fn asked(&self) -> usize {
        self.0.requests.borrow().len()
    }

    fn body(&self, index: usize) -> String {
        self.0.requests.borrow()[index].body.clone().unwrap()
    }
}

fn machine() -> Source {
    Source::client_credentials_at("https://i.example/token", "c").client_secret("hunter2")
}

fn person() -> Source {
    Source::refresh_token_at("https://i.example/token", "c", "r0")
}

/// Lets all that is ready to go on.
async fn settle() {
    pause(0).await;
}

/// A timer of the platform's.
async fn pause(millis: u32) {
    let turn = Promise::new(&mut |resolve, _| {
        let global = js_sys::global();
        let set_timeout: Function = js_sys::Reflect::get(&global, &"setTimeout".into()).unwrap().into();
        set_timeout.call2(&global, &resolve, &millis.into()).unwrap();
    });
    JsFuture::from(turn).await.unwrap();
}
