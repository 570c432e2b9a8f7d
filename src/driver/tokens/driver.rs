//! The loop that drives the core's token manager. The core decides; this carries.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Wake, Waker},
    time::Duration,
};

use super::{
    background::Background,
    event::Event,
    options::{span, Listener},
    perform::{unguessable, Parts},
    request::Request,
    state::{Drained, State},
    task::{yield_once, Beside, Task},
    words::in_rust,
};
use crate::{
    driver::{renewals::Renewals, wake_hints::WakeHints, Here, Shared},
    error::{Code, Error},
    jose::jwks_cache::FetchFailure,
    machine::Machine as _,
    platform::{duration, Platform},
    time::Time,
    token::manager::{self, Answer, AttemptId, Manager, RequesterId},
};

/// Begin, wait, and some more for attempts that are lost or overtaken: who needs more gets no token by going on.
pub(super) const MAX_ROUNDS: usize = 24;
/// A wait of the core's is no longer.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// One manager's.
pub(super) struct Inner {
    state: Mutex<State>,
    pub(super) parts: Parts,
    on_event: Option<Listener>,
    background: Background,
    pub(super) renewals: Arc<Renewals>,
    /// What tells that a page is looked at again.
    hints: Shared<WakeHints>,
}

/// Looks at the deadlines as soon as somebody may be looking, after a sleep, a freeze or a time without network.
struct Look(Weak<Inner>);

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        if let Some(inner) = self.0.upgrade() {
            inner.listen();
            inner.wake();
        }
    }
}

/// What a requester does.
enum Step {
    Take(String),
    AskAgain,
    Wait(AttemptId, Duration),
}

impl Inner {
    pub(super) fn new(machine: Manager, parts: Parts, on_event: Option<Listener>) -> Arc<Self> {
        let inner = Arc::new(Self {
            state: Mutex::new(State::new(machine)),
            parts,
            on_event,
            background: Background::default(),
            renewals: Arc::default(),
            hints: Shared::new(WakeHints::new()),
        });
        inner.listen();
        inner
    }

    /// Listens for the next hint.
    fn listen(self: &Arc<Self>) {
        let waker = Waker::from(Arc::new(Look(Arc::downgrade(self))));
        // One that came before there was anybody to hear of it says nothing: whoever asks looks as well.
        while self.hints.poll(&waker) {}
    }

    /// The state. Never held over an await, nor while anything of the user's runs.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present.
    pub(super) fn now(&self) -> Time {
        self.parts.environment.now()
    }

    /// Says something to the machine, and looks what has changed.
    pub(super) fn tell<T>(self: &Arc<Self>, input: impl FnOnce(&mut Manager, Time) -> T) -> (T, Drained) {
        self.change(|state, now| input(&mut state.machine, now))
    }

    /// As [`Self::tell`], with what else is to change in the same moment.
    pub(super) fn change<T>(self: &Arc<Self>, input: impl FnOnce(&mut State, Time) -> T) -> (T, Drained) {
        let now = self.now();
        let (told, mut drained) = {
            let mut state = self.state();
            let told = input(&mut state, now);
            (told, self.drain(&mut state))
        };
        self.report(std::mem::take(&mut drained.events));
        self.changed(now);
        (told, drained)
    }

    /// Takes all that came out of the machine.
    pub(super) fn drain(self: &Arc<Self>, state: &mut State) -> Drained {
        state.drain(|attempt, number| {
            let own = Arc::clone(self);
            Task::new(&self.parts.environment, async move {
                own.perform(attempt).await;
                own.state().leaves(attempt, number);
                own.changed(own.now());
            })
        })
    }

    /// Begins an attempt, if there is one. It belongs to nobody: whoever gives up waiting leaves it to the others.
    pub(super) fn begin(&self, started: Option<&(AttemptId, Task)>, beside: Option<&Beside>) {
        if let Some((_, task)) = started {
            task.begin(&self.parts.environment, beside);
        }
    }

    /// Hands on what has happened.
    pub(super) fn report(&self, events: Vec<Event>) {
        if let Some(listener) = &self.on_event {
            events.into_iter().for_each(listener);
        }
    }

    /// When to look again may have changed.
    fn changed(self: &Arc<Self>, now: Time) {
        if !Here::has_timers() {
            return;
        }
        let deadline = {
            let state = self.state();
            state.machine.poll_timeout().filter(|_| !state.is_closed)
        };
        if let Some(timer) = self.background.arm(deadline, now) {
            let own = Arc::downgrade(self);
            timer.set(&self.parts.environment, move |number| {
                if let Some(inner) = own.upgrade().filter(|inner| inner.background.rings(number)) {
                    inner.wake();
                }
            });
        }
    }

    /// Looks at the deadlines.
    pub(super) fn wake(self: &Arc<Self>) {
        if self.state().is_closed {
            return;
        }
        let ((), drained) = self.tell(Manager::handle_timeout);
        self.begin(drained.started.as_ref(), None);
    }

    /// Nobody holds the manager any more. What goes on beside comes to its end; what nobody does by itself is over.
    pub(super) fn leave(&self) {
        self.background.stop();
        let left = self.state().take_running();
        drop(left);
    }

    /// No timers any more. What was sent goes on, so that no refresh token is lost.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.background.stop();
    }
}

/// Gives a token.
pub(super) async fn token(inner: Arc<Inner>, beside: Option<Beside>, request: Request) -> Result<String, Error> {
    inner.go_on().await;
    let arrived = inner.now();
    let force = request.is_fresh.then(|| inner.state().machine.requests());
    let request = manager::Request { arrived, min_validity: span(request.min_validity), force };
    let mut now = arrived;
    for _ in 0..MAX_ROUNDS {
        match inner.ask(&request, now, beside.as_ref())? {
            Step::Take(token) => return Ok(token),
            Step::AskAgain => {}
            Step::Wait(attempt, bound) => inner.wait_for(attempt, bound, beside.as_ref()).await,
        }
        now = inner.now();
    }
    Err(Error::new(Code::RefreshUnavailable, "tokens end faster than they can be obtained"))
}

impl Inner {
    /// Asks the machine for a token.
    fn ask(self: &Arc<Self>, request: &manager::Request, now: Time, beside: Option<&Beside>) -> Result<Step, Error> {
        let (step, drained) = {
            let mut state = self.state();
            state.check_open()?;
            state.seed();
            // It is answered before the lock is given up, so nobody else's answer can be taken for its own.
            state.machine.handle_request(RequesterId(0), request, now);
            let mut drained = self.drain(&mut state);
            let step = match drained.answer.take() {
                Some(Answer::Token) => state.machine.token().map(|token| Step::Take(token.to_owned())).ok_or_else(none),
                Some(Answer::AskAgain) => Ok(Step::AskAgain),
                Some(Answer::Wait(attempt, until)) => {
                    let bound = duration(until.since(now)).clamp(Duration::from_millis(1), LONGEST_WAIT);
                    Ok(Step::Wait(attempt, bound))
                }
                // What this program has done wrong says more than that no token came.
                Some(Answer::Refuse(error)) => Err(state.why(in_rust(error))),
                None => Err(none()),
            };
            (step, drained)
        };
        self.report(drained.events);
        self.begin(drained.started.as_ref(), beside);
        step
    }

    /// Performs an attempt, task by task.
    async fn perform(self: &Arc<Self>, attempt: AttemptId) {
        // Whoever asks at the same moment is there before anything is sent, and shares it.
        yield_once().await;
        loop {
            // Where there is no chance, there are no requests either.
            let jti = unguessable();
            let now = self.now();
            let drained = {
                let mut state = self.state();
                match &jti {
                    Ok(jti) => state.machine.handle_ready(attempt, jti, now),
                    Err(_) => state.machine.handle_failure(attempt, FetchFailure::Network, now),
                }
                if let Err(error) = &jti {
                    state.cause = Some(error.clone());
                }
                self.drain(&mut state)
            };
            self.report(drained.events);
            self.begin(drained.started.as_ref(), None);
            let Some((task, limit)) = drained.task else { return };
            let asks = matches!(task, manager::Task::Callback(_) | manager::Task::Get(_) | manager::Task::Post(_));
            if asks {
                self.state().asks();
            }
            let done = self.parts.perform(task, limit).await;
            let now = self.now();
            let drained = {
                let mut state = self.state();
                done.hand_in(&mut state.machine, attempt, now);
                state.failed(done);
                self.drain(&mut state)
            };
            self.report(drained.events);
            self.begin(drained.started.as_ref(), None);
        }
    }
}

fn none() -> Error {
    Error::new(Code::Internal, "the token manager gave no answer")
}
