//! What is around a verifier: a clock that the test sets, and a provider that the test plays.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
};

use arcgate::{
    fetch::{Failure, Request, Response},
    verifier::Builder,
    Time,
};

use crate::executor::turn;

/// How a provider answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// With this.
    Is(Response),
    /// Not at all.
    Fails(Failure),
    /// With this, so many seconds later.
    Late(f64, Response),
    /// Never.
    Hangs,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Is(Response::new(200, body))
    }
}

struct Inner {
    answers: VecDeque<Answer>,
    fetched: Vec<String>,
    /// In milliseconds.
    now: f64,
    /// What the real clock said when the test's was set; where that goes on by itself.
    since: Option<f64>,
}

/// A clone is the same world.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Inner>>);

impl World {
    /// A world at this instant, in seconds. Of the answers the last one is given over and over.
    pub(crate) fn new(now: f64, answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers.into_iter().collect();
        Self(Arc::new(Mutex::new(Inner { answers, fetched: Vec::new(), now: now * 1000.0, since: None })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// A verifier's builder with this world around it.
    pub(crate) fn around(&self, builder: Builder) -> Builder {
        let (clock, provider) = (self.clone(), self.clone());
        builder.clock(move || clock.now()).fetch(move |request| {
            let provider = provider.clone();
            async move { provider.answer(request).await }
        })
    }

    fn now(&self) -> Time {
        let inner = self.inner();
        Time::from_millis(inner.now + inner.since.map_or(0.0, |since| real_millis() - since))
    }

    async fn answer(&self, request: Request) -> Result<Response, Failure> {
        assert_eq!((request.method, &request.body), ("GET", &None));
        let answer = {
            let mut inner = self.inner();
            inner.fetched.push(request.url);
            let next = if inner.answers.len() > 1 { inner.answers.pop_front() } else { inner.answers.front().cloned() };
            next.expect("nobody was to ask")
        };
        turn().await;
        match answer {
            Answer::Is(response) => Ok(response),
            Answer::Late(secs, response) => {
                self.sleep(secs);
                Ok(response)
            }
            Answer::Fails(failure) => Err(failure),
            Answer::Hangs => pending().await,
        }
    }

    /// What comes next from the provider; the last one over and over.
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inner().answers = answers.into_iter().collect();
    }

    /// Which addresses were asked, in their order.
    pub(crate) fn fetched(&self) -> Vec<String> {
        self.inner().fetched.clone()
    }

    /// How many were asked since this was asked last.
    pub(crate) fn requests(&self) -> usize {
        std::mem::take(&mut self.inner().fetched).len()
    }

    /// So many seconds pass; back, if they are negative.
    pub(crate) fn sleep(&self, secs: f64) {
        self.inner().now += secs * 1000.0;
    }

    /// From now on the clock goes on by itself, for what waits by a real timer.
    pub(crate) fn run_on(&self) {
        self.inner().since = Some(real_millis());
    }
}

#[cfg(target_arch = "wasm32")]
fn real_millis() -> f64 {
    js_sys::Date::now()
}
#[cfg(not(target_arch = "wasm32"))]
#[allow(clippy::disallowed_types, reason = "there is a clock where this runs")]
fn real_millis() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs_f64() * 1000.0
}
