//! A world for a manager: a clock that the test sets, timers that ring when it says so, tasks that it polls, a provider that it plays.

use std::{
    collections::VecDeque,
    future::{poll_fn, Future},
    pin::Pin,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use arcgate::{
    fetch::{BoxFuture, Failure, Request, Response},
    tokens::{Event, Options, Source},
    Error, Time, TokenManager,
};

/// The world. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<Inner>>);

struct Inner {
    now: i64,
    timers: Vec<(i64, Waker)>,
    tasks: Vec<Task>,
    replies: VecDeque<Reply>,
    requests: Vec<Request>,
    /// Answers that the test gives later.
    held: Vec<Arc<Mutex<Held>>>,
    events: Vec<Event>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            now: 1_800_000_000_000,
            timers: Vec::new(),
            tasks: Vec::new(),
            replies: VecDeque::new(),
            requests: Vec::new(),
            held: Vec::new(),
            events: Vec::new(),
        }
    }
}

struct Task {
    work: BoxFuture<'static, ()>,
    flag: Arc<Flag>,
}

/// Whether somebody is to be polled.
pub(crate) struct Flag(AtomicBool);

impl Flag {
    fn raised() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What the provider does when it is asked. Without one of these it gives a token of an hour.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(Response),
    Fails(Failure),
    /// The test answers by [`World::release`].
    Holds,
}

#[derive(Default)]
struct Held {
    answer: Option<Response>,
    waker: Option<Waker>,
}

/// An answer with a token of so many seconds.
pub(crate) fn token(name: &str, seconds: u32) -> Response {
    Response::new(200, format!(r#"{{"access_token":"{name}","token_type":"Bearer","expires_in":{seconds}}}"#))
}

impl World {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Options of a manager that lives here. Nothing goes on beside.
    pub(crate) fn options(&self) -> Options {
        let [clock, sleep, fetch, events] = [(); 4].map(|()| self.clone());
        Options::new()
            .clock(move || Time::from_millis(clock.lock().now as f64))
            .sleep(move |length| sleep.sleep(length))
            .fetch(move |request| fetch.fetch(request))
            .on_event(move |event| events.lock().events.push(event))
    }

    /// Options of a manager whose work goes on beside.
    pub(crate) fn spawning(&self) -> Options {
        let world = self.clone();
        self.options().spawn(move |work| world.spawn(work))
    }

    pub(crate) fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.lock().tasks.push(Task { work, flag: Flag::raised() });
    }

    /// A machine's manager, whose work goes on beside.
    pub(crate) fn machine(&self) -> TokenManager {
        TokenManager::new(machine(), self.spawning()).unwrap()
    }

    pub(crate) fn reply(&self, reply: Reply) {
        self.lock().replies.push_back(reply);
    }

    pub(crate) fn answer(&self, response: Response) {
        self.reply(Reply::Answer(response));
    }

    /// Answers the first of those that were held.
    pub(crate) fn release(&self, response: Response) {
        let held = self.lock().held.remove(0);
        let mut held = held.lock().unwrap();
        held.answer = Some(response);
        if let Some(waker) = held.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// How often a token was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.lock().requests.len()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().events)
    }

    /// How much goes on beside.
    pub(crate) fn under_way(&self) -> usize {
        self.lock().tasks.len()
    }

    /// Nobody polls what goes on beside any more, and nobody drops it: the request that it belonged to was cancelled.
    pub(crate) fn cancel_all(&self) {
        let tasks = std::mem::take(&mut self.lock().tasks);
        std::mem::forget(tasks);
    }

    /// What goes on beside is dropped, as a runtime does that is shut down.
    pub(crate) fn drop_all(&self) {
        let tasks = std::mem::take(&mut self.lock().tasks);
        drop(tasks);
    }

    /// The clock goes on, and no timer rings: the machine sleeps.
    pub(crate) fn sleep_for(&self, seconds: i64) {
        self.lock().now += seconds * 1000;
    }

    /// Whoever waits for the time hears of it.
    pub(crate) fn ring(&self) {
        let due = {
            let mut inner = self.lock();
            let now = inner.now;
            let (due, rest) =
                std::mem::take(&mut inner.timers).into_iter().partition::<Vec<_>, _>(|(at, _)| *at <= now);
            inner.timers = rest;
            due
        };
        for (_, waker) in due {
            waker.wake();
        }
    }

    /// The time goes on, second by second, with all that belongs to it.
    pub(crate) fn pass(&self, seconds: i64) {
        for _ in 0..seconds {
            self.sleep_for(1);
            self.ring();
            self.run();
        }
    }

    /// Polls what goes on beside until nothing is left to do.
    pub(crate) fn run(&self) {
        loop {
            let next = {
                let mut inner = self.lock();
                let place = inner.tasks.iter().position(|task| task.flag.0.swap(false, Ordering::SeqCst));
                place.map(|place| inner.tasks.remove(place))
            };
            let Some(mut task) = next else { return };
            let waker = Waker::from(Arc::clone(&task.flag));
            if task.work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                self.lock().tasks.push(task);
            }
        }
    }

    /// Polls a call until it ends, or nothing is left to do.
    pub(crate) fn poll<T>(&self, call: &mut Call<T>) -> Option<Result<T, Error>> {
        loop {
            self.run();
            if let Some(ended) = call.poll_once() {
                return Some(ended);
            }
            self.run();
            if !call.flag.0.load(Ordering::SeqCst) {
                return None;
            }
        }
    }

    /// The outcome of a call that ends without any time.
    pub(crate) fn end<T: 'static>(
        &self,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.poll(&mut Call::new(call)).expect("the call waits for something")
    }

    fn sleep(&self, length: Duration) -> impl Future<Output = ()> + Send + 'static {
        let world = self.clone();
        let until = self.lock().now.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
        poll_fn(move |context| {
            let mut inner = world.lock();
            if inner.now >= until {
                return Poll::Ready(());
            }
            inner.timers.push((until, context.waker().clone()));
            Poll::Pending
        })
    }

    fn fetch(&self, request: Request) -> BoxFuture<'static, Result<Response, Failure>> {
        let mut inner = self.lock();
        inner.requests.push(request);
        let number = inner.requests.len();
        match inner.replies.pop_front() {
            None => Box::pin(async move { Ok(token(&format!("a{number}"), 3600)) }),
            Some(Reply::Answer(response)) => Box::pin(async move { Ok(response) }),
            Some(Reply::Fails(failure)) => Box::pin(async move { Err(failure) }),
            Some(Reply::Holds) => {
                let held = Arc::new(Mutex::new(Held::default()));
                inner.held.push(Arc::clone(&held));
                Box::pin(poll_fn(move |context| {
                    let mut held = held.lock().unwrap();
                    held.waker = Some(context.waker().clone());
                    held.answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer)))
                }))
            }
        }
    }
}

/// A call of somebody's, polled by the test.
pub(crate) struct Call<T> {
    future: BoxFuture<'static, Result<T, Error>>,
    flag: Arc<Flag>,
}

impl<T> Call<T> {
    pub(crate) fn new(future: impl Future<Output = Result<T, Error>> + Send + 'static) -> Self {
        Self { future: Box::pin(future), flag: Flag::raised() }
    }

    pub(crate) fn poll_once(&mut self) -> Option<Result<T, Error>> {
        self.flag.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.flag));
        match Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        }
    }
}

/// A machine's own credentials.
pub(crate) fn machine() -> Source {
    Source::client_credentials_at("https://i.example/token", "c").client_secret("hunter2")
}

/// A refresh token that somebody has handed in.
pub(crate) fn person() -> Source {
    Source::refresh_token_at("https://i.example/token", "c", "r0")
}
