//! What a driver has around it: the platform's clock, timers and `fetch`, or the user's in their place.

use std::{fmt, future::Future, pin::pin, sync::Arc, time::Duration};

use super::{boxed, Here, Shared};
use crate::{
    error::{Code, Error},
    platform::{
        fetch::{Failure, Request, Response},
        race::{race, First},
        BoxFuture, MaybeSend, MaybeSync, Platform, Signal,
    },
    time::Time,
};

type Fetch = dyn Fn(&Environment, Request) -> BoxFuture<'static, Result<Response, Failure>> + Send + Sync;
type Pause = dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync;
type Spawn = dyn Fn(BoxFuture<'static, ()>) + Send + Sync;
type Clock = dyn Fn() -> Time + Send + Sync;

/// What a driver has around it. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    fetch: Option<Arc<Fetch>>,
    sleep: Option<Arc<Pause>>,
    spawn: Option<Arc<Spawn>>,
    clock: Option<Arc<Clock>>,
}

impl Environment {
    /// With a `fetch` of the user's.
    pub(crate) fn set_fetch<F, A>(&mut self, fetch: F)
    where
        F: Fn(Request) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = Result<Response, Failure>> + MaybeSend + 'static,
    {
        let fetch = Shared::new(fetch);
        // What bounds it is here, and not in the module of a program that has none of its own.
        self.fetch = Some(Arc::new(move |environment, request| {
            let (timeout, max_bytes) = (request.timeout, request.max_bytes);
            let timer = timeout.map(|timeout| environment.sleep(timeout));
            Box::pin(bounded(boxed(fetch(request)), timer, max_bytes))
        }));
    }

    /// With a clock of the user's.
    pub(crate) fn set_clock(&mut self, clock: impl Fn() -> Time + MaybeSend + MaybeSync + 'static) {
        let clock = Shared::new(clock);
        self.clock = Some(Arc::new(move || (*clock)()));
    }

    /// With pauses of the user's.
    pub(crate) fn set_sleep<F, A>(&mut self, sleep: F)
    where
        F: Fn(Duration) -> A + MaybeSend + MaybeSync + 'static,
        A: Future<Output = ()> + MaybeSend + 'static,
    {
        let sleep = Shared::new(sleep);
        self.sleep = Some(Arc::new(move |length| boxed(sleep(length))));
    }

    /// With the user's way to let work go on beside.
    pub(crate) fn set_spawn(&mut self, spawn: impl Fn(BoxFuture<'static, ()>) + MaybeSend + MaybeSync + 'static) {
        let spawn = Shared::new(spawn);
        self.spawn = Some(Arc::new(move |work| (*spawn)(work)));
    }

    /// The present.
    pub(crate) fn now(&self) -> Time {
        self.clock.as_ref().map_or_else(Here::now, |clock| clock())
    }

    /// Whether requests can be made.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub(crate) fn check_fetch(&self) -> Result<(), Error> {
        if Here::HAS_FETCH || self.fetch.is_some() {
            return Ok(());
        }
        Err(Error::new(Code::Config, "there is no `fetch` without JavaScript: hand one in by the builder's `fetch`")
            .about("fetch"))
    }

    /// Performs a request, within its bounds whoever performs it.
    pub(crate) async fn fetch(&self, request: Request) -> Result<Response, Failure> {
        match &self.fetch {
            Some(fetch) => fetch(self, request).await,
            None => Here::fetch(request).await,
        }
    }

    /// A pause.
    pub(crate) fn sleep(&self, length: Duration) -> BoxFuture<'static, ()> {
        self.sleep.as_ref().map_or_else(|| Box::pin(Here::sleep(length)) as _, |sleep| sleep(length))
    }

    /// Waits for a signal. `false`: whoever was to fire it is gone.
    pub(crate) async fn wait(&self, signal: &impl Signal, bound: Duration) -> bool {
        let Some(sleep) = &self.sleep else { return signal.wait(bound).await };
        match race(pin!(signal.wait(Duration::MAX)), sleep(bound)).await {
            First::One(is_alive) => is_alive,
            First::Other(()) => true,
        }
    }

    /// As [`Self::wait`], and keeps no process alive.
    pub(crate) async fn wait_beside(&self, signal: &impl Signal, bound: Duration) -> bool {
        match self.sleep {
            Some(_) => self.wait(signal, bound).await,
            None => signal.wait_beside(bound).await,
        }
    }

    /// Whether work can go on beside.
    pub(crate) fn spawns(&self) -> bool {
        Here::SPAWNS || self.spawn.is_some()
    }

    /// Lets work go on beside. Gives it back where that can't be.
    pub(crate) fn spawn(&self, work: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match &self.spawn {
            Some(spawn) => {
                spawn(work);
                Ok(())
            }
            None => Here::spawn(work),
        }
    }
}

/// A builder's methods for what its driver has around it, on its field `environment`. What it says of `spawn` is its own: what goes on
/// beside differs.
macro_rules! environment_setters {
    ($(#[$of_spawn:meta])+) => {
        /// A clock in the system's place.
        pub fn clock(
            mut self,
            clock: impl Fn() -> $crate::Time + $crate::platform::MaybeSend + $crate::platform::MaybeSync + 'static,
        ) -> Self {
            self.environment.set_clock(clock);
            self
        }

        /// Pauses in the platform's place: `tokio::time::sleep`, say, or those of a test whose clock is its own.
        pub fn sleep<F, A>(mut self, sleep: F) -> Self
        where
            F: Fn(std::time::Duration) -> A + $crate::platform::MaybeSend + $crate::platform::MaybeSync + 'static,
            A: std::future::Future<Output = ()> + $crate::platform::MaybeSend + 'static,
        {
            self.environment.set_sleep(sleep);
            self
        }

        $(#[$of_spawn])+
        pub fn spawn<R>(
            mut self,
            run: impl Fn($crate::platform::BoxFuture<'static, ()>) -> R
                + $crate::platform::MaybeSend
                + $crate::platform::MaybeSync
                + 'static,
        ) -> Self {
            self.environment.set_spawn(move |work| drop(run(work)));
            self
        }
    };
}

/// As [`environment_setters`], for a driver that fetches.
macro_rules! fetch_setter {
    () => {
        /// A `fetch` in the platform's place; without JavaScript there is no other. Its bounds are kept whether it looks at them or
        /// not.
        pub fn fetch<F, A>(mut self, fetch: F) -> Self
        where
            F: Fn($crate::fetch::Request) -> A + $crate::platform::MaybeSend + $crate::platform::MaybeSync + 'static,
            A: std::future::Future<Output = Result<$crate::fetch::Response, $crate::fetch::Failure>>
                + $crate::platform::MaybeSend
                + 'static,
        {
            self.environment.set_fetch(fetch);
            self
        }
    };
}

pub(crate) use {environment_setters, fetch_setter};

/// An answer within its bounds, whoever gives it.
async fn bounded(
    answer: BoxFuture<'static, Result<Response, Failure>>,
    timer: Option<BoxFuture<'static, ()>>,
    max_bytes: usize,
) -> Result<Response, Failure> {
    let answer = match timer {
        None => answer.await,
        Some(timer) => match race(answer, timer).await {
            First::One(answer) => answer,
            First::Other(()) => return Err(Failure::Timeout),
        },
    }?;
    match answer {
        Response { status: 300..=399, .. } => Err(Failure::Redirect),
        Response { body, .. } if body.len() > max_bytes => Err(Failure::TooLarge),
        answer => Ok(answer),
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_own = |is_there| if is_there { "the user's" } else { "the platform's" };
        f.debug_struct("Environment")
            .field("fetch", &is_own(self.fetch.is_some()))
            .field("clock", &is_own(self.clock.is_some()))
            .finish_non_exhaustive()
    }
}
