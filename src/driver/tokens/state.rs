//! What stands behind a manager's lock: the machine, who performs its attempts, and what came of those.

use super::{event::Event, perform::Done, task::Task};
use crate::{
    error::{Cause, Code, Error, Fault},
    machine::Machine as _,
    platform::fill_random,
    time::Span,
    token::{
        jitter::Jitter,
        manager::{self, Action, Answer, AttemptId, Manager, Outcome},
    },
};

/// Outcomes that nobody has asked for yet.
const MAX_OUTCOMES: usize = 8;

/// The state of a manager.
pub(super) struct State {
    pub(super) machine: Manager,
    has_seed: bool,
    running: Vec<Running>,
    latest: u64,
    outcomes: Vec<(AttemptId, Outcome)>,
    pub(super) is_closed: bool,
    /// What kept an attempt from an answer, where that is this program's fault and not the provider's.
    pub(super) cause: Option<Error>,
    /// What the program's function has failed with.
    thrown: Cause,
}

/// An attempt that somebody performs.
#[derive(Clone)]
pub(super) struct Running {
    attempt: AttemptId,
    number: u64,
    pub(super) task: Task,
}

/// What came out of the machine after an input.
#[derive(Default)]
pub(super) struct Drained {
    pub(super) answer: Option<Answer>,
    /// An attempt that is to be performed.
    pub(super) started: Option<(AttemptId, Task)>,
    pub(super) task: Option<(manager::Task, Option<Span>)>,
    pub(super) events: Vec<Event>,
}

impl State {
    pub(super) fn new(machine: Manager) -> Self {
        Self {
            machine,
            has_seed: false,
            running: Vec::new(),
            latest: 0,
            outcomes: Vec::new(),
            is_closed: false,
            cause: None,
            thrown: Cause::default(),
        }
    }

    /// # Errors
    /// `ERR_ABORTED` once it is closed.
    pub(super) fn check_open(&self) -> Result<(), Error> {
        match self.is_closed {
            // Not as of a call that was given up: there will never be a token.
            true => Err(Error::new(Code::Aborted, "the token manager is closed").judged(Fault::Caller, false)),
            false => Ok(()),
        }
    }

    /// Draws what pauses differ by, before it is first needed: a manager may be made where there is no chance, at a Worker's global scope.
    pub(super) fn seed(&mut self) {
        let mut seed = [0; 8];
        if !self.has_seed && fill_random(&mut seed).is_ok() {
            self.has_seed = true;
            self.machine.set_jitter(Jitter::new(u64::from_le_bytes(seed)));
        }
    }

    /// Takes all that came out. `perform` is whoever performs an attempt, by its number. They are there before the lock is given up:
    /// whoever waits finds them.
    pub(super) fn drain(&mut self, perform: impl FnOnce(AttemptId, u64) -> Task) -> Drained {
        let mut drained = Drained::default();
        let mut started = None;
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Answer(_, answer) => drained.answer = Some(answer),
                Action::Start(attempt) => started = Some(attempt),
                Action::Perform { task, limit, .. } => drained.task = Some((task, limit)),
                Action::End(_) => {}
                Action::Resolve(attempt, outcome) => {
                    if self.outcomes.len() >= MAX_OUTCOMES {
                        drop(self.outcomes.remove(0));
                    }
                    self.outcomes.push((attempt, outcome));
                }
            }
        }
        if let Some(attempt) = started {
            self.latest += 1;
            let task = perform(attempt, self.latest);
            self.runs(attempt, task.clone());
            drained.started = Some((attempt, task));
        }
        while let Some(event) = self.machine.poll_event() {
            drained.events.push(match Event::of(event, self.machine.scope()) {
                Event::Failed { error, retry_at } => Event::Failed { error: self.why(error), retry_at },
                event => event,
            });
        }
        drained
    }

    /// Somebody is asked anew: what was wrong before says nothing any more.
    pub(super) fn asks(&mut self) {
        self.cause = None;
        self.thrown = Cause::default();
    }

    /// Notes why a task has not brought what it should, as far as that is more than the machine knows.
    pub(super) fn failed(&mut self, done: Done) {
        match done {
            Done::Wrong(error) if error.code() == Code::Config => self.cause = Some(error),
            Done::Threw(threw) => self.thrown = threw.cause,
            _ => {}
        }
    }

    /// An error of the machine's, with what it came of.
    pub(super) fn why(&self, error: Error) -> Error {
        self.cause.clone().unwrap_or_else(|| error.because(self.thrown.clone()))
    }

    /// Somebody performs an attempt.
    fn runs(&mut self, attempt: AttemptId, task: Task) {
        // Whoever is gone without a word has left what nobody needs.
        let machine = &self.machine;
        self.running.retain(|running| running.attempt != attempt && machine.limit(running.attempt).is_some());
        self.running.push(Running { attempt, number: self.latest, task });
    }

    /// Whether an attempt has come to its end.
    pub(super) fn is_over(&self, attempt: AttemptId) -> bool {
        self.machine.limit(attempt).is_none()
    }

    /// Who performs an attempt, if anybody does.
    pub(super) fn performer(&self, attempt: AttemptId) -> Option<&Running> {
        self.running.iter().find(|running| running.attempt == attempt)
    }

    /// All that is under way, but for this attempt.
    pub(super) fn tasks_but(&self, attempt: AttemptId) -> impl Iterator<Item = &Task> {
        self.running.iter().filter(move |running| running.attempt != attempt).map(|running| &running.task)
    }

    /// All that is under way.
    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.running.iter().map(|running| &running.task)
    }

    /// This performer is done, or gone. Whether it was the attempt's.
    pub(super) fn leaves(&mut self, attempt: AttemptId, number: u64) -> bool {
        let place = self.running.iter().position(|own| own.attempt == attempt && own.number == number);
        place.map(|place| self.running.remove(place)).is_some()
    }

    /// All who perform attempts, to be dropped where nothing is locked.
    pub(super) fn take_running(&mut self) -> Vec<Running> {
        std::mem::take(&mut self.running)
    }

    /// How an attempt ended that is no refresh; `None` while it goes on.
    pub(super) fn outcome(&mut self, attempt: AttemptId) -> Option<Outcome> {
        let place = self.outcomes.iter().position(|(id, _)| *id == attempt);
        match place {
            Some(place) => Some(self.outcomes.remove(place).1),
            None if !self.is_over(attempt) => None,
            None => Some(Err(Error::new(Code::RefreshUnavailable, "the request was lost"))),
        }
    }
}

impl Running {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}
