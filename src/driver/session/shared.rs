//! What a session's handles and its driver share: the machine, what waits for it, and what the driver is to do.
//!
//! It stands behind one lock, which is held for as long as the machine thinks and no longer: whoever is woken, and whatever a program
//! hands in, runs without it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use super::{
    errors::Faults,
    events::{Closed, SessionEvent, SessionInfo, SessionState},
    job_queue::JobQueue,
    listeners::Listeners,
};
use crate::{
    arcp::client::Client,
    driver::{environment::Environment, renewals::Renewals},
    error::{Code, Error},
    machine::Machine as _,
    platform::waiters::{wake, Waiters},
    time::{Span, Time},
};

/// See the module's documentation.
pub(super) struct Shared {
    pub(super) environment: Environment,
    state: Mutex<State>,
}

/// What stands behind the lock.
pub(super) struct State {
    pub(super) machine: Client,
    /// For the driver, in their order; and the driver, where it sleeps.
    pub(super) commands: VecDeque<Command>,
    driver: Option<Waker>,
    pub(super) requests: BTreeMap<u32, Request>,
    pub(super) jobs: BTreeMap<u32, JobQueue>,
    pub(super) stage: SessionState,
    pub(super) info: Option<Arc<SessionInfo>>,
    /// What every later call is told, once it is over; and how that came.
    pub(super) error: Option<Error>,
    pub(super) closed: Option<Closed>,
    /// Whoever waits for the first welcome, or for the end.
    pub(super) standing: Waiters,
    pub(super) listeners: Listeners,
    /// Whether a listener of the options' wants to hear of everything.
    pub(super) has_listener: bool,
    pub(super) faults: Faults,
    /// Why the source of tokens gave none.
    pub(super) token_error: Option<Error>,
    /// A token that came in the place of one that was refused has not shown yet whether it is any better; and then whether it was.
    pub(super) trial: Option<Arc<Renewals>>,
    pub(super) has_helped: Option<bool>,
    /// The runtime.
    url: String,
}

/// Something for the driver to do.
pub(super) enum Command {
    Connect { conn: u32, fresh: bool, outlast: Option<Span> },
    Send { conn: u32, text: String },
    Close { conn: u32, code: u16, reason: &'static str },
    Tell(SessionEvent),
    Over,
}

/// A request that somebody waits for.
#[derive(Default)]
pub(super) struct Request {
    pub(super) waiter: Option<Waker>,
    pub(super) answer: Option<Result<Answer, Error>>,
}

/// What a request has brought.
pub(super) enum Answer {
    Job(u32),
    Json(String),
    Done,
}

impl Shared {
    pub(super) fn new(machine: Client, url: String, environment: Environment, has_listener: bool) -> Self {
        let state = State {
            machine,
            commands: VecDeque::new(),
            driver: None,
            requests: BTreeMap::new(),
            jobs: BTreeMap::new(),
            stage: SessionState::Connecting,
            info: None,
            error: None,
            closed: None,
            standing: Waiters::default(),
            listeners: Listeners::default(),
            has_listener,
            faults: Faults::default(),
            token_error: None,
            trial: None,
            has_helped: None,
            url,
        };
        Self { environment, state: Mutex::new(state) }
    }

    pub(super) fn now(&self) -> Time {
        self.environment.now()
    }

    /// The state, for a look or for what the machine needn't know.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the machine something, and notes what comes of it. Nothing once the session is over.
    pub(super) fn input<R>(&self, tell: impl FnOnce(&mut State, Time) -> R) -> Option<R> {
        let now = self.now();
        let mut woken = Vec::new();
        let result = {
            let mut state = self.lock();
            if state.stage == SessionState::Closed {
                return None;
            }
            let result = tell(&mut state, now);
            while let Some(output) = state.machine.poll_output() {
                state.note(output, &mut woken);
            }
            if let Some(has_helped) = state.has_helped.take() {
                if let Some(renewals) = state.trial.take() {
                    renewals.tried(&state.url, has_helped, now);
                }
            }
            // It may have to set another timer, too.
            woken.extend(state.driver.take());
            result
        };
        woken.into_iter().for_each(wake);
        Some(result)
    }

    /// Changes what the machine doesn't know, and wakes whom that concerns.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State, &mut Vec<Waker>) -> R) -> R {
        let mut woken = Vec::new();
        let result = change(&mut self.lock(), &mut woken);
        woken.into_iter().for_each(wake);
        result
    }

    /// What the driver does next; where there is nothing, it is woken when there is.
    pub(super) fn next_command(&self, waker: &Waker) -> Option<Command> {
        let (command, _old) = {
            let mut state = self.lock();
            match state.commands.pop_front() {
                Some(command) => (Some(command), None),
                None => {
                    let is_known = state.driver.as_ref().is_some_and(|known| known.will_wake(waker));
                    (None, if is_known { None } else { state.driver.replace(waker.clone()) })
                }
            }
        };
        command
    }

    /// When the machine wants to be told the time.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.lock().machine.poll_timeout()
    }

    /// The driver is gone, and nobody else drives: whatever waits hears of it.
    pub(super) fn abandoned(&self) {
        self.change(|state, woken| {
            if state.stage != SessionState::Closed {
                let message = "the task that drives the session was dropped before the session's end";
                let error = Error::new(Code::Aborted, message);
                let closed = Closed { reason: error.message().to_owned(), error: Some(error.clone()) };
                state.over(closed, error, woken);
            }
        });
    }
}
