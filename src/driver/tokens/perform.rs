//! What the core asks for, done: storage, the program's function, the client's key, requests.

use std::{pin::pin, time::Duration};

use super::{
    callback::Callback,
    given::CallbackError,
    key::SigningKey,
    storage::{Place, Write},
    words::in_rust,
    writes::Writes,
};
use crate::{
    driver::environment::Environment,
    error::Error,
    http::{date, retry_after},
    jose::{base64url, jwks_cache::FetchFailure},
    platform::{
        duration,
        fetch::{Failure, Request, Response},
        fill_random,
        race::{race, First},
    },
    secret::Secret,
    time::{Span, Time},
    token::{
        grant,
        manager::{self, AttemptId, Manager, Reason, RefreshTokenStatus, Task, Thrown, Unverifiable},
    },
};

/// No document that a provider gives is longer.
const MAX_DOCUMENT: usize = 1024 * 1024;
/// What no other bound is known for.
const LONGEST: Duration = Duration::from_secs(60);

/// What a manager's tasks are performed with.
pub(super) struct Parts {
    pub(super) callback: Option<Callback>,
    pub(super) key: Option<SigningKey>,
    pub(super) storage: Option<Place>,
    pub(super) writes: Writes,
    pub(super) environment: Environment,
}

/// What came of a task.
pub(super) enum Done {
    Loaded(Option<String>),
    Locked,
    TabsAsked,
    Called(String),
    Threw(CallbackError),
    Answered(Response),
    Signed(String),
    Stored(bool),
    Unverifiable,
    Failed(FetchFailure),
    /// This program is at fault: it is told when no token comes.
    Wrong(Error),
}

impl Parts {
    /// Performs a task, within its limit.
    pub(super) async fn perform(&self, task: Task, limit: Option<Span>) -> Done {
        let bound = limit.map(duration);
        let local = bound.unwrap_or(LONGEST);
        match task {
            Task::Load => self.load(local).await,
            // There are no other tabs.
            Task::Lock => Done::Locked,
            Task::AskTabs { .. } => Done::TabsAsked,
            Task::Callback(reason) => self.call(reason, local).await,
            Task::Get(url) => self.send(Request::get(url, MAX_DOCUMENT), bound).await,
            Task::Post(request) => match post(&request) {
                Some(request) => self.send(request, bound).await,
                None => Done::Failed(FetchFailure::Network),
            },
            Task::Sign(input) => self.sign(input, local).await,
            Task::Verify { .. } => Done::Unverifiable,
            Task::Store(tokens) => match text(&tokens) {
                Some(tokens) => self.write(Write::Store(tokens.to_owned()), local).await,
                None => Done::Stored(false),
            },
            Task::Delete => self.write(Write::Delete, local).await,
        }
    }

    async fn load(&self, bound: Duration) -> Done {
        let Some(storage) = self.storage.clone() else { return Done::Loaded(None) };
        match race(pin!(storage.load()), self.environment.sleep(bound)).await {
            First::One(Ok(tokens)) => Done::Loaded(tokens),
            First::One(Err(())) => Done::Failed(FetchFailure::Network),
            First::Other(()) => Done::Loaded(None),
        }
    }

    /// Writes the storage. Whether it was done.
    pub(super) async fn write(&self, write: Write, bound: Duration) -> Done {
        let Some(storage) = self.storage.clone() else { return Done::Stored(false) };
        Done::Stored(self.writes.write(&self.environment, storage, write, bound).await)
    }

    async fn call(&self, reason: Reason, bound: Duration) -> Done {
        let Some(callback) = &self.callback else { return Done::Failed(FetchFailure::Network) };
        match race(callback.call(reason), self.environment.sleep(bound)).await {
            First::One(Ok(tokens)) => Done::Called(tokens.into_json()),
            First::One(Err(threw)) => Done::Threw(threw),
            First::Other(()) => Done::Failed(FetchFailure::Timeout),
        }
    }

    async fn sign(&self, input: String, bound: Duration) -> Done {
        let Some(key) = self.key.clone() else { return Done::Failed(FetchFailure::Network) };
        match race(pin!(key.sign(input)), self.environment.sleep(bound)).await {
            First::One(Ok(signature)) => Done::Signed(signature),
            First::One(Err(error)) => Done::Wrong(in_rust(error)),
            First::Other(()) => Done::Failed(FetchFailure::Timeout),
        }
    }

    async fn send(&self, mut request: Request, timeout: Option<Duration>) -> Done {
        request.timeout = timeout;
        match self.environment.fetch(request.with_header("accept", "application/json")).await {
            Ok(response) => Done::Answered(response),
            Err(failure) => Done::Failed(of(failure)),
        }
    }
}

fn post(request: &grant::Request) -> Option<Request> {
    let body = text(&request.body)?.to_owned();
    let post = Request::post(&request.url, body, MAX_DOCUMENT)
        .with_header("content-type", "application/x-www-form-urlencoded");
    Some(match request.authorization.as_ref().and_then(text) {
        Some(authorization) => post.with_header("authorization", authorization),
        None => post,
    })
}

fn of(failure: Failure) -> FetchFailure {
    failure.into()
}

/// The text of a secret that was made of text.
fn text(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

impl Done {
    /// Tells the machine.
    pub(super) fn hand_in(&self, machine: &mut Manager, attempt: AttemptId, now: Time) {
        match self {
            Self::Loaded(text) => machine.handle_loaded(attempt, text.as_deref(), now),
            Self::Locked => machine.handle_lock(attempt, true, now),
            Self::TabsAsked => machine.handle_tabs_asked(attempt, RefreshTokenStatus::Usable, now),
            Self::Called(given) => machine.handle_callback(attempt, given.as_bytes(), now),
            Self::Threw(error) => {
                let thrown = Thrown { name: error.name.as_deref(), is_permanent: error.is_permanent };
                machine.handle_callback_error(attempt, thrown, now);
            }
            Self::Answered(response) => {
                let date = response.header("date");
                let retry_after = retry_after::read(response.header("retry-after"), date, now);
                let date = date.and_then(date::parse);
                let response = manager::Response { status: response.status, body: &response.body, date, retry_after };
                machine.handle_response(attempt, response, now);
            }
            Self::Signed(signature) => machine.handle_signature(attempt, signature, now),
            Self::Stored(is_done) => machine.handle_stored(attempt, *is_done, now),
            Self::Unverifiable => {
                let why = "ID tokens are verified by logins, which are not in this API yet";
                machine.handle_unverifiable(
                    attempt,
                    Unverifiable { why, status: None, url: None, retry_after: None },
                    now,
                );
            }
            Self::Failed(failure) => machine.handle_failure(attempt, *failure, now),
            Self::Wrong(_) => machine.handle_failure(attempt, FetchFailure::Network, now),
        }
    }
}

/// Text that nobody can guess.
///
/// # Errors
/// Where there is no chance.
pub(super) fn unguessable() -> Result<String, Error> {
    let mut bytes = [0; 16];
    fill_random(&mut bytes)?;
    let mut out = String::new();
    base64url::encode(&bytes, &mut out);
    Ok(out)
}
