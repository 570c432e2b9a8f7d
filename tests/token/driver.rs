//! A driver as `src/js` has one: after each input it drains the machine, and says in one step what came out.

use std::ops::{Deref, DerefMut};

use arcgate::sans_io::{
    error::Error,
    jose::jwks_cache::FetchFailure,
    machine::Machine as _,
    time::{Span, Time},
    token::{
        jitter::Jitter,
        login::PendingLogin,
        manager::{
            Action, Answer, AttemptId, Login, Manager, Options, Outcome, RefreshTokenStatus, Request, RequesterId,
            Response, Task, Thrown,
        },
        response::Tokens,
        source::Source,
    },
};

/// What a requester does.
#[derive(Debug)]
pub(crate) enum Step {
    /// Takes the token; and somebody performs this attempt beside.
    Token(Option<AttemptId>),
    /// Performs this attempt, then asks again.
    Begin(AttemptId),
    /// Waits for this attempt, but not past the given instant.
    Wait(AttemptId, Time),
    Refused(Error),
}

/// What came of a task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    Loaded(Option<&'a str>),
    Locked(bool),
    Asked(RefreshTokenStatus),
    Called(&'a [u8]),
    Response { status: u16, body: &'a [u8], date: Option<Time>, retry_after: Option<Span> },
    Threw { name: Option<&'a str>, is_permanent: bool },
    Failed(FetchFailure),
    Signed(&'a str),
    Verified(Result<&'a str, &'a str>),
    Stored(bool),
}

/// A manager whose actions are drained, and how the attempts ended that somebody waits for.
#[derive(Debug)]
pub(crate) struct Driver {
    manager: Manager,
    outcomes: Vec<(AttemptId, Outcome)>,
    asked: u32,
}

impl Driver {
    pub(crate) fn new(source: Source, options: Options, jitter: Jitter) -> Self {
        Self { manager: Manager::new(source, options, jitter), outcomes: Vec::new(), asked: 0 }
    }

    /// What is to be done now, but for what somebody waits for.
    fn drain(&mut self) -> Vec<Action> {
        let mut actions = self.manager.drain_actions();
        actions.retain(|action| match action {
            Action::Resolve(attempt, outcome) => {
                self.outcomes.push((*attempt, outcome.clone()));
                false
            }
            _ => true,
        });
        actions
    }

    /// The attempt that somebody is to perform, if that is all there is to do.
    fn started(&mut self) -> Option<AttemptId> {
        match self.drain().as_slice() {
            [] => None,
            [Action::Start(attempt)] => Some(*attempt),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn ask(&mut self, request: &Request, now: Time) -> Step {
        self.asked += 1;
        let me = RequesterId(self.asked);
        self.manager.handle_request(me, request, now);
        let mut started = None;
        let mut answers = Vec::new();
        for action in self.drain() {
            match action {
                Action::Start(attempt) if started.is_none() => started = Some(attempt),
                Action::Answer(requester, answer) if requester == me => answers.push(answer),
                other => panic!("{other:?}"),
            }
        }
        match (answers.pop(), started) {
            (Some(Answer::Token), beside) => Step::Token(beside),
            (Some(Answer::AskAgain), Some(attempt)) => Step::Begin(attempt),
            (Some(Answer::Wait(attempt, until)), None) => Step::Wait(attempt, until),
            (Some(Answer::Refuse(error)), None) => Step::Refused(error),
            other => panic!("{other:?}"),
        }
    }

    /// The next task of an attempt; `None` when it is over.
    pub(crate) fn task(&mut self, attempt: AttemptId, jti: &str, now: Time) -> Option<Task> {
        self.manager.handle_ready(attempt, jti, now);
        let delicate = self.manager.is_delicate(attempt);
        match self.drain().pop()? {
            Action::Perform { attempt: whose, task, limit } => {
                assert_eq!((whose, limit.is_none()), (attempt, delicate), "what is delicate is not broken off");
                Some(task)
            }
            Action::End(ended) => {
                assert_eq!(ended, attempt);
                None
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn handle(&mut self, attempt: AttemptId, input: Input<'_>, now: Time) {
        let manager = &mut self.manager;
        match input {
            Input::Loaded(text) => manager.handle_loaded(attempt, text, now),
            Input::Locked(is_free) => manager.handle_lock(attempt, is_free, now),
            Input::Asked(status) => manager.handle_tabs_asked(attempt, status, now),
            Input::Called(given) => manager.handle_callback(attempt, given, now),
            Input::Response { status, body, date, retry_after } => {
                manager.handle_response(attempt, Response { status, body, date, retry_after }, now);
            }
            Input::Threw { name, is_permanent } => {
                manager.handle_callback_error(attempt, Thrown { name, is_permanent }, now);
            }
            Input::Failed(failure) => manager.handle_failure(attempt, failure, now),
            Input::Signed(signature) => manager.handle_signature(attempt, signature, now),
            Input::Verified(outcome) => manager.handle_verified(attempt, outcome, now),
            Input::Stored(is_done) => manager.handle_stored(attempt, is_done, now),
        }
        assert_eq!(self.started(), None, "what came of a task starts nothing");
    }

    /// Whoever performed it is gone: whether the caller performs it now.
    pub(crate) fn take_over(&mut self, attempt: AttemptId, now: Time) -> bool {
        self.manager.handle_performer_gone(attempt, now);
        self.started().is_some_and(|started| started == attempt)
    }

    pub(crate) fn wake(&mut self, now: Time) -> Option<AttemptId> {
        self.manager.handle_timeout(now);
        self.started()
    }

    pub(crate) fn discover(&mut self, now: Time) -> Option<AttemptId> {
        self.manager.handle_discovery(now);
        self.started()
    }

    pub(crate) fn revoke(&mut self, now: Time) -> Option<AttemptId> {
        self.manager.handle_revocation(now);
        self.started()
    }

    pub(crate) fn login(&mut self, login: Login, now: Time) -> AttemptId {
        self.manager.handle_code(login, now);
        self.started().expect("a code is exchanged")
    }

    pub(crate) fn complete_login(
        &mut self,
        query: &[(&str, &str)],
        now: Time,
    ) -> Result<(AttemptId, Option<String>), Error> {
        let return_to = self.manager.handle_login_answer(query, now);
        let started = self.started();
        return_to.map(|return_to| (started.expect("a code is exchanged"), return_to))
    }

    pub(crate) fn handle_login(
        &mut self,
        login: PendingLogin,
        challenge: &str,
        parameters: &[(String, String)],
    ) -> Result<String, Error> {
        let now = login.begun;
        self.manager.handle_login(login, challenge, parameters, now)
    }

    pub(crate) fn handle_tokens(&mut self, tokens: Box<Tokens>, now: Time) {
        self.manager.handle_tokens(tokens, now);
        assert_eq!(self.started(), None, "tokens that are handed in start nothing");
    }

    pub(crate) fn handle_refused_token(&mut self, token: &str, now: Time) -> bool {
        let was_current = self.manager.handle_refused_token(token, now);
        assert_eq!(self.started(), None, "a token that is refused starts nothing");
        was_current
    }

    /// How an attempt ended that somebody waits for, once it has.
    pub(crate) fn outcome(&mut self, attempt: AttemptId) -> Option<Outcome> {
        let place = self.outcomes.iter().position(|(id, _)| *id == attempt)?;
        Some(self.outcomes.remove(place).1)
    }
}

impl Deref for Driver {
    type Target = Manager;

    fn deref(&self) -> &Manager {
        &self.manager
    }
}

impl DerefMut for Driver {
    fn deref_mut(&mut self) -> &mut Manager {
        &mut self.manager
    }
}
