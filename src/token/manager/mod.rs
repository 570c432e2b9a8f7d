//! The machine: what it hands out, when an attempt begins, and what it knows of the clock.
//!
//! One attempt at a time. Whoever began one may vanish without a word (on Workers a request is cancelled with all that it
//! does), so nobody waits without a bound: an attempt that was not heard of for the time its stage is given counts as lost,
//! and whoever asks next begins another. The answer of a lost one is still taken, if nothing newer has come.

mod answer;
mod attempt;
mod caller;
mod current_token;
mod discover;
mod join;
mod operations;
mod perform;
mod persistence;
mod progress;
mod refused;
mod tabs;

use std::collections::VecDeque;

pub use attempt::{Action, AttemptId, Input, Login, Outcome, Reason, RefreshTokenStatus};
use attempt::{Arrived, Asked, Attempt, Life};
pub use caller::{Event, Options, Request, State, Step};
use current_token::{Cooldown, CurrentToken};
use join::Join;
use refused::Refusals;

use super::{
    login::Waiting,
    metadata::Endpoints,
    persisted_state::text_of,
    response::{Facts, Tokens},
    schedule,
    source::{Kind, Source},
};
use crate::{
    error::{Code, Error},
    secret::Secret,
    time::{Monotonic, Span, Time},
};

/// Within this time after a token came, whoever wants one that lasts longer gets that one: there is none.
const GRACE: Span = Span::from_secs(2);
/// A token that a server refuses sooner than this was never good.
const REFUSED_AT_ONCE: Span = Span::from_secs(30);
const MAX_EVENTS: usize = 32;
const MAX_ROTATED: usize = 4;
/// How often an attempt is taken over from somebody who is gone.
const MAX_GONE: u8 = 2;

/// A source's tokens over time.
#[derive(Debug)]
pub struct Manager {
    source: Source,
    source_id: String,
    options: Options,
    clock: Monotonic,
    /// What the server's clock shows more than ours.
    server: Option<Span>,
    current_token: Option<CurrentToken>,
    refresh: Option<Secret>,
    /// Refresh tokens that were replaced: an old storage, whatever its time says, does not bring them back.
    rotated: VecDeque<Secret>,
    id_token: Option<Secret>,
    /// Whose the access tokens were, as far as they said: it outlives each of them.
    person: Facts,
    /// Changes with the access token.
    generation: u32,
    /// When the tokens came, as far as they are the newest we know of.
    obtained: Option<Time>,
    /// The access token that ended last, or was refused: it does not come back out of the storage.
    rejected_token: Option<Secret>,
    was_refused: bool,
    refusals: u32,
    /// The newest `iat` seen.
    issued: Option<Time>,
    /// The storage and the other tabs were asked.
    has_loaded: bool,
    /// When that was begun last.
    looked: Option<Time>,
    /// Tokens that came before this are not taken over: somebody has signed out since.
    signed_out: Option<Time>,
    has_had_token: bool,
    /// The present token was handed out: somebody will want its successor.
    is_used: bool,
    endpoints: Option<(Endpoints, Time)>,
    attempts: Vec<Attempt>,
    /// How many requests for tokens there were.
    asked: u32,
    latest: u32,
    /// The newest attempt that brought tokens.
    settled: u32,
    failures: u32,
    cooldown: Option<Cooldown>,
    /// How often the provider said no since it gave a token.
    refused: Option<Refusals>,
    outcomes: Vec<(AttemptId, Outcome)>,
    /// Logins whose answers have not come.
    waiting: Waiting,
    events: VecDeque<Event>,
}

impl Manager {
    /// A manager of a source's tokens. Asks nobody anything before [`Manager::ask`].
    pub fn new(mut source: Source, options: Options) -> Self {
        let refresh = source.refresh.clone();
        let tokens = source.tokens.take();
        let mut manager = Self {
            source_id: source.id(),
            source,
            options,
            clock: Monotonic::new(),
            server: None,
            current_token: None,
            refresh,
            rotated: VecDeque::new(),
            id_token: None,
            person: Facts::default(),
            generation: 0,
            obtained: None,
            rejected_token: None,
            was_refused: false,
            refusals: 0,
            issued: None,
            has_loaded: false,
            looked: None,
            signed_out: None,
            has_had_token: false,
            is_used: false,
            endpoints: None,
            attempts: Vec::new(),
            asked: 0,
            latest: 0,
            settled: 0,
            failures: 0,
            cooldown: None,
            refused: None,
            outcomes: Vec::new(),
            waiting: Waiting::default(),
            events: VecDeque::new(),
        };
        if let Some(tokens) = tokens {
            // What time it is will be known when somebody asks; a token that is handed in is as old as it says.
            let life = tokens
                .facts
                .expires
                .map(|expires| Life { whole: tokens.facts.life().unwrap_or(schedule::UNKNOWN_LIFE), expires });
            manager.install(Arrived { tokens, life, asked: Asked::default() }, Time::EPOCH, 0.0);
        }
        manager
    }

    /// What a caller does. `random` is a number from 0 up to 1.
    pub fn ask(&mut self, request: &Request, now: Time) -> Step {
        let (wall, now) = (now, self.clock.read(now));
        let arrived = self.clock.instant(request.arrived).min(now);
        self.expire(now);
        let since = request.force.map(|_| arrived);
        let Some(current) = &self.current_token else {
            return match self.join(now) {
                Join::Begin => Step::Begin(self.begin(since, now)),
                Join::Wait(attempt, until) => self.wait(attempt, since, wall.plus(until.since(now))),
                Join::Closed(error) => Step::Refused(error),
            };
        };
        let is_good = match request.force {
            Some(seen) => current.asked.is_after(seen, arrived),
            None => current.came.plus(GRACE) >= arrived || !current.ends_within(request.min_validity, now),
        };
        if is_good {
            self.is_used = true;
            let is_due = current.refresh_at.is_some_and(|at| at <= now);
            let beside = is_due && matches!(self.join(now), Join::Begin);
            return Step::Token(beside.then(|| self.begin(None, now)));
        }
        match self.join(now) {
            Join::Begin => Step::Begin(self.begin(since, now)),
            Join::Wait(attempt, until) => self.wait(attempt, since, wall.plus(until.since(now))),
            Join::Closed(error) if request.force.is_some() => Step::Refused(error),
            // Better than none.
            Join::Closed(_) => {
                self.is_used = true;
                Step::Token(None)
            }
        }
    }

    /// Waits for an attempt. One that has not asked yet asks after whoever waits for it came; one that has brings the next to an end
    /// first, which all who came meanwhile share.
    fn wait(&mut self, id: AttemptId, since: Option<Time>, until: Time) -> Step {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.id == id && attempt.asked == 0) {
            attempt.since = attempt.since.max(since);
        }
        Step::Wait(id, until)
    }

    /// How many requests for tokens there were, for [`Request::force`].
    pub const fn requests(&self) -> u32 {
        self.asked
    }

    /// The access token.
    pub fn token(&self) -> Option<&str> {
        self.current_token.as_ref().and_then(|current| text_of(&current.token))
    }

    /// Changes with the access token.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// When the access token ends, by the wall clock.
    pub fn expires_at(&self) -> Option<Time> {
        Some(self.clock.wall(self.current_token.as_ref()?.life?.expires))
    }

    /// The scope of the access token, where the provider said it.
    pub fn scope(&self) -> Option<&str> {
        self.current_token.as_ref()?.scope.as_deref()
    }

    /// How the manager stands.
    pub fn state(&self, now: Time) -> State {
        let now = self.clock.peek(now);
        if self.live(now).is_some() {
            State::Refreshing
        } else if self.current_token.as_ref().is_some_and(|current| current.is_usable(now)) {
            State::Valid
        } else if self.cooldown.is_some() || self.source.kind == Kind::Static {
            State::Failed
        } else {
            State::Empty
        }
    }

    /// When [`Manager::wake`] is worth calling, by the wall clock. `None`: not before something else happens.
    pub fn deadline(&self, now: Time) -> Option<Time> {
        let now = self.clock.peek(now);
        let current = self.current_token.as_ref()?;
        let due = match (current.refresh_at, &self.cooldown) {
            (Some(at), _) if at > now => Some(at),
            // A token that nobody uses is not refreshed.
            (Some(_), Some(cooldown)) if self.is_used => cooldown.until.filter(|until| *until > now),
            _ => None,
        };
        let due = match (due, current.usable_until) {
            (Some(due), Some(until)) => Some(due.min(until)),
            (due, until) => due.or(until),
        };
        due.map(|due| self.clock.wall(due))
    }

    /// A deadline has come, or the machine has slept, or is back on line. An attempt to begin, if one is due.
    pub fn wake(&mut self, now: Time) -> Option<AttemptId> {
        let now = self.clock.read(now);
        self.expire(now);
        let is_due = self.current_token.as_ref()?.refresh_at.is_some_and(|at| at <= now);
        (is_due && self.is_used && matches!(self.join(now), Join::Begin)).then(|| self.begin(None, now))
    }

    /// Takes tokens that somebody hands in. What failed before is forgotten.
    pub fn set(&mut self, tokens: Box<Tokens>, now: Time, random: f64) {
        let now = self.clock.read(now);
        if tokens.refresh.is_some() {
            // What is under way belongs to tokens that are no longer ours.
            self.attempts.clear();
        }
        let life = self.life_of(&tokens, now, now, true);
        self.settled = self.latest;
        self.rejected_token = None;
        self.refusals = 0;
        // Whoever hands tokens in says whose they are to be.
        self.person = Facts::default();
        self.install(Arrived { tokens, life, asked: Asked::default() }, now, random);
        self.obtained = Some(now);
    }

    /// A server refused this token: it is dropped if it is still the present one.
    pub fn invalidate(&mut self, token: &str, now: Time) -> bool {
        let now = self.clock.read(now);
        let Some(current) = self.current_token.take_if(|current| current.token.matches(token.as_bytes())) else {
            return false;
        };
        let was_never_good = now.since(current.came) < REFUSED_AT_ONCE;
        self.refusals = if was_never_good { self.refusals.saturating_add(1) } else { 1 };
        self.rejected_token = Some(current.token);
        self.was_refused = true;
        self.generation = self.generation.wrapping_add(1);
        let min_interval = schedule::min_interval(self.refusals);
        if min_interval > Span::ZERO && self.cooldown.is_none() {
            self.cooldown = Some(Cooldown {
                error: Error::new(
                    Code::RefreshUnavailable,
                    "the server refuses each token as soon as it comes: does it expect another audience?",
                ),
                is_final: false,
                until: Some(current.came.plus(min_interval).max(now)),
            });
        }
        true
    }

    /// What the user is told of next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Drops a token whose time is over.
    fn expire(&mut self, now: Time) {
        if let Some(current) = self.current_token.take_if(|current| !current.is_usable(now)) {
            self.rejected_token = Some(current.token);
            self.generation = self.generation.wrapping_add(1);
            self.emit(Event::Expired);
        }
    }

    fn emit(&mut self, event: Event) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}
