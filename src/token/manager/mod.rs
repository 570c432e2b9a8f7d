//! The machine: whose request is answered with which token, when an attempt to get one begins, and what comes of it.
//!
//! How it stands, by its [`State`]; a token that is valid is handed out while its successor is obtained, too:
//!
//! ```text
//!            an attempt begins                a token comes
//!   Empty ───────────────────▶ Refreshing ───────────────────▶ Valid
//!     ▲                          ▲  ▲  │                        │ │
//!     │          after a backoff │  └──│── it is due, or forced ┘ │ it ends, or is refused
//!     │                          │     │ none comes               │
//!     │                          │     ▼                          │
//!     │                         Failed ◀──────────────────────────┤ during a backoff
//!     └───────────────────────────────────────────────────────────┘ else
//! ```
//!
//! Where none comes and the old one still lasts, it is `Valid` again. A token that is configured has no successor: `Failed`.
//!
//! Who talks to whom:
//!
//! ```text
//!   requester        manager                      performer of an attempt                    provider, storage, tabs
//!      │ handle_request │                                    │                                         │
//!      │───────────────▶│ Start(attempt)                     │                                         │
//!      │    AskAgain    │───────────────────────────────────▶│                                         │
//!      │◀───────────────│                       handle_ready │                                         │
//!      │ handle_request │◀───────────────────────────────────│                                         │
//!      │───────────────▶│ Perform(task)                      │                                         │
//!      │      Wait      │───────────────────────────────────▶│────────────────────────────────────────▶│
//!      │◀───────────────│   handle_response, handle_stored … │◀────────────────────────────────────────│
//!      │                │◀───────────────────────────────────│
//!      │                │ … until End                        │
//!      │ handle_request │                                    │
//!      │───────────────▶│
//!      │     Token      │
//!      │◀───────────────│
//! ```
//!
//! One attempt at a time. Whoever performs one may vanish without a word (on Workers a request is cancelled with all that it
//! does), so nobody waits without a bound: an attempt that was not heard of for the time its stage is given counts as lost, and
//! whoever asks next begins another. The answer of a lost one is still taken, if nothing newer has come.
//!
//! For the same reason the manager keeps no list of those who wait. A requester is a request on a Worker, too: it may be gone
//! before its token comes, and what is promised to it must not be kept for ever, nor may another request's promise depend on it.
//! So each call is answered by an [`Action::Answer`] that names its requester, and says no more than what to do next; one that
//! has to wait asks again, with the [`Request`] that it came with. The answer is an action, and no value that the call returns,
//! since a driver may carry several inputs over a border before it looks at what came of them.
//!
//! And an attempt's next task is given to somebody who says that they are there ([`Manager::handle_ready`]), with the one text
//! that must not be guessed, drawn for this use: a task that nobody performs would be lost with whatever it had been given.
//!
//! Read downwards: `action`, `input` and `request` are what goes in and out. What is kept has a part each: `current_token`,
//! `refresh_tokens`, `identity`, `elsewhere`, `server_clock`, `backoff`, `attempt` and `attempts`. Then what happens: `join`
//! (who begins, who waits), `perform` (the task of a stage), `progress` (from one stage to the next), `tabs`, `discover`,
//! `response`, `arrival`, `failure`, `persistence`, and `operations` (what somebody asks for beside tokens).

mod action;
mod arrival;
mod attempt;
mod attempts;
mod backoff;
mod current_token;
mod discover;
mod elsewhere;
mod failure;
mod identity;
mod input;
mod join;
mod operations;
mod perform;
mod persistence;
mod progress;
mod queries;
mod refresh_tokens;
mod request;
mod response;
mod tabs;

use std::collections::VecDeque;

pub use action::{Action, Answer, AttemptId, Outcome, Reason, RequesterId, Task};
pub use input::{Login, RefreshTokenStatus, Response, Thrown, Unverifiable};
pub use request::{Event, Options, Request, State};
pub use tabs::TabMessage;

use self::{
    attempt::{Arrived, Asked, Life},
    attempts::Attempts,
    backoff::{Backoff, Cooldown},
    current_token::AccessTokens,
    elsewhere::Elsewhere,
    identity::Identity,
    input::Input,
    join::{earlier, Join},
    refresh_tokens::RefreshTokens,
    response::ServerClock,
};
use super::{
    jitter::Jitter,
    login::{self, PendingLogin, PendingLogins},
    metadata::Endpoints,
    persisted_state::text_of,
    response::Tokens,
    schedule,
    source::{Kind, Source},
};
use crate::{
    error::{Code, Error},
    jose::jwks_cache::FetchFailure,
    machine::Machine,
    time::{Monotonic, Span, Time},
};

/// A source's tokens over time.
#[derive(Debug)]
pub struct Manager {
    source: Source,
    source_id: String,
    options: Options,
    clock: Monotonic,
    server_clock: ServerClock,
    jitter: Jitter,
    access: AccessTokens,
    refresh: RefreshTokens,
    identity: Identity,
    elsewhere: Elsewhere,
    /// The provider's endpoints, and when they were looked up.
    endpoints: Option<(Endpoints, Time)>,
    attempts: Attempts,
    backoff: Backoff,
    logins: PendingLogins,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

impl Manager {
    /// A manager of a source's tokens. Asks nobody anything before somebody asks it.
    pub fn new(mut source: Source, options: Options, jitter: Jitter) -> Self {
        let tokens = source.tokens.take();
        let mut manager = Self {
            source_id: source.id(),
            server_clock: ServerClock::default(),
            clock: Monotonic::new(),
            jitter,
            access: AccessTokens::default(),
            refresh: RefreshTokens::new(source.refresh.take()),
            identity: Identity::default(),
            elsewhere: Elsewhere::new(options.has_storage || options.is_shared),
            endpoints: None,
            attempts: Attempts::new(options.timeout),
            backoff: Backoff::default(),
            logins: PendingLogins::default(),
            actions: VecDeque::new(),
            events: VecDeque::new(),
            source,
            options,
        };
        if let Some(tokens) = tokens {
            // What time it is will be known when somebody asks; a token that is handed in is as old as it says.
            let life = tokens
                .facts
                .expires
                .map(|expires| Life { whole: tokens.facts.life().unwrap_or(schedule::UNKNOWN_LIFE), expires });
            manager.install(Arrived { tokens, life, asked: Asked::default() }, Time::EPOCH);
        }
        manager
    }

    /// Somebody asks for a token: [`Action::Answer`], with this requester's id.
    pub fn handle_request(&mut self, requester: RequesterId, request: &Request, now: Time) {
        self.requested(requester, request, now);
    }

    /// Whoever performs this attempt is ready for its next task: [`Action::Perform`], or [`Action::End`]. `jti` is a text that
    /// nobody can guess and nobody had before; it is used if the task is to sign an assertion.
    pub fn handle_ready(&mut self, attempt: AttemptId, jti: &str, now: Time) {
        self.ready(attempt, jti, now);
    }

    /// Whoever performed this attempt is gone for certain, as on Workers when its request was cancelled: [`Action::Start`], if
    /// there is anything left to perform. Without it somebody else did, or one after the other has gone.
    pub fn handle_performer_gone(&mut self, attempt: AttemptId, now: Time) {
        self.performer_gone(attempt, now);
    }

    /// What the storage holds, if anything.
    pub fn handle_loaded(&mut self, attempt: AttemptId, text: Option<&str>, now: Time) {
        self.take(attempt, Input::Loaded(text), now);
    }

    /// Whether the lock was there at once. Without it, if it can't be had, the attempt goes on all the same.
    pub fn handle_lock(&mut self, attempt: AttemptId, is_free: bool, now: Time) {
        self.take(attempt, Input::Locked(is_free), now);
    }

    /// The other tabs were asked, and nobody has anything more to say.
    pub fn handle_tabs_asked(&mut self, attempt: AttemptId, status: RefreshTokenStatus, now: Time) {
        self.take(attempt, Input::TabsAsked(status), now);
    }

    /// What the user's function gave, as JSON: a string, or an object as in RFC 6749 §5.1.
    pub fn handle_callback(&mut self, attempt: AttemptId, given: &[u8], now: Time) {
        self.take(attempt, Input::Called(given), now);
    }

    /// The user's function threw.
    pub fn handle_callback_error(&mut self, attempt: AttemptId, thrown: Thrown<'_>, now: Time) {
        self.take(attempt, Input::Threw(thrown), now);
    }

    /// An endpoint's answer.
    pub fn handle_response(&mut self, attempt: AttemptId, response: Response<'_>, now: Time) {
        self.take(attempt, Input::Response(response), now);
    }

    /// A task came to nothing: no answer, or a function, a storage or a key that failed.
    pub fn handle_failure(&mut self, attempt: AttemptId, failure: FetchFailure, now: Time) {
        self.take(attempt, Input::Failed(failure), now);
    }

    /// The signature, in base64url.
    pub fn handle_signature(&mut self, attempt: AttemptId, signature: &str, now: Time) {
        self.take(attempt, Input::Signed(signature), now);
    }

    /// The ID token's claims as JSON, or a code for what is wrong with it and, after a space, more of that.
    pub fn handle_verified(&mut self, attempt: AttemptId, outcome: Result<&str, &str>, now: Time) {
        self.take(attempt, Input::Verified(outcome), now);
    }

    /// The ID token can't be verified now: the provider's keys can't be had.
    pub fn handle_unverifiable(&mut self, attempt: AttemptId, keys: Unverifiable<'_>, now: Time) {
        self.take(attempt, Input::Unverifiable(keys), now);
    }

    /// Whether the storage did it.
    pub fn handle_stored(&mut self, attempt: AttemptId, is_done: bool, now: Time) {
        self.take(attempt, Input::Stored(is_done), now);
    }

    /// Somebody hands tokens in. What failed before is forgotten.
    pub fn handle_tokens(&mut self, tokens: Box<Tokens>, now: Time) {
        let now = self.clock.read(now);
        if tokens.refresh.is_some() {
            // What is under way belongs to tokens that are no longer ours.
            self.attempts.clear();
        }
        let life = self.server_clock.life_of(&tokens, now, now, true);
        self.attempts.settle_all();
        self.access.excuse();
        self.identity.trust_next();
        self.install(Arrived { tokens, life, asked: Asked::default() }, now);
        self.elsewhere.obtain(now);
    }

    /// Another tab or isolate obtained this for the same source; it is taken over if it is newer, and whether it was is said.
    /// `text` is as [`Manager::export`] gives it.
    pub fn handle_shared_tokens(&mut self, text: &str, now: Time) -> bool {
        self.adopt(text, now)
    }

    /// Another tab says `{ ask }`, `{ fresh, isLogin }` with exported tokens, `{ refused }`, `{ lost }` with a refresh token that counts no more, or `{ out }` when somebody signed out.
    pub fn handle_tab_message(&mut self, text: &str, now: Time) -> TabMessage {
        self.tab_message(text, now)
    }

    /// A server refused this token: it is dropped if it is still the current one, and whether it was is said.
    pub fn handle_refused_token(&mut self, token: &str, now: Time) -> bool {
        let now = self.clock.read(now);
        let Some((came, refusals)) = self.access.refuse(token, now) else { return false };
        let min_interval = schedule::min_interval(refusals);
        if min_interval > Span::ZERO && self.backoff.cooldown().is_none() {
            let message = "the server refuses each token as soon as it comes: does it expect another audience?";
            self.backoff.cool_down(Cooldown {
                error: Error::new(Code::RefreshUnavailable, message),
                is_final: false,
                until: Some(came.plus(min_interval).max(now)),
            });
        }
        true
    }

    /// Somebody signed out, at an instant by the wall clock: what came before that is forgotten and not taken over again. Whether
    /// there was anything to forget. `is_news` says that it happens now; else what nobody knows the age of stays.
    pub fn handle_sign_out(&mut self, at: Time, is_news: bool, now: Time) -> bool {
        self.signed_out(at, is_news, now)
    }

    /// Somebody signed in, in this tab or another: what was said of signing out is over, and what is under way for whoever was
    /// there before brings nothing.
    pub fn handle_sign_in(&mut self, now: Time) {
        self.clock.read(now);
        self.elsewhere.sign_in();
        self.attempts.drop_refreshes();
    }

    /// The page was away, and may have missed what other tabs said: they are asked again when a token is needed.
    pub fn handle_return(&mut self, now: Time) {
        self.clock.read(now);
        self.elsewhere.has_missed();
    }

    /// The provider's endpoints are needed: [`Action::Start`], unless they are known, and [`Action::Resolve`].
    pub fn handle_discovery(&mut self, now: Time) {
        self.discover(now);
    }

    /// A login begins: the URL to send the person to. The endpoints are known by then, and the login has texts that nobody
    /// can guess, drawn for this use.
    ///
    /// # Errors
    /// `ERR_CONFIG` for a source that is not logged in to, and a provider that nobody can log in at.
    pub fn handle_login(
        &mut self,
        login: PendingLogin,
        challenge: &str,
        parameters: &[(String, String)],
        now: Time,
    ) -> Result<String, Error> {
        self.clock.read(now);
        self.begin_login(login, challenge, parameters)
    }

    /// A login came back with this query: its code is exchanged, [`Action::Start`] and [`Action::Resolve`]. Gives where the page
    /// goes on.
    ///
    /// # Errors
    /// `ERR_LOGIN_REJECTED` for what is no answer to a login that waits, and for an answer that says no.
    pub fn handle_login_answer(&mut self, query: &[(&str, &str)], now: Time) -> Result<Option<String>, Error> {
        self.complete_login(query, now)
    }

    /// The code of a login is to be exchanged for tokens: [`Action::Start`] and [`Action::Resolve`].
    pub fn handle_code(&mut self, login: Login, now: Time) {
        self.exchange_code(login, now);
    }

    /// The logins that waited when the page was left, as [`PendingLogins::to_json`] gave them.
    pub fn handle_pending_logins(&mut self, text: &str, now: Time) {
        self.clock.read(now);
        self.logins = PendingLogins::parse(text, &self.source_id);
    }

    /// All tokens are forgotten, and revoked (RFC 7009): [`Action::Start`] and [`Action::Resolve`], unless there is nothing to
    /// revoke.
    pub fn handle_revocation(&mut self, now: Time) {
        self.revoke(now);
    }
}

impl Machine for Manager {
    type Action = Action;
    type Event = Event;

    fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// By the wall clock: when the current token ends, or its successor is to be asked for. A token that nobody uses has none.
    fn poll_timeout(&self) -> Option<Time> {
        let current = self.access.current()?;
        let now = self.clock.peek(Time::EPOCH);
        let due = match current.refresh_at {
            Some(at) if at > now => Some(at),
            Some(_) if self.access.is_used() => self.next_attempt_at(now),
            _ => None,
        };
        earlier(due, current.usable_until).map(|due| self.clock.wall(due))
    }

    /// A deadline has come, or the machine has slept, or is back on line: [`Action::Start`], if an attempt is due.
    fn handle_timeout(&mut self, now: Time) {
        let now = self.clock.read(now);
        self.expire(now);
        let is_due = self.access.current().is_some_and(|current| current.is_due(now));
        if is_due && self.access.is_used() && matches!(self.join(now), Join::Begin) {
            self.begin(None, now);
        }
    }
}
