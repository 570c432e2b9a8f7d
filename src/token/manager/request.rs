//! What requesters say to a manager, and what it says of itself.

use super::{
    action::{Action, Answer, AttemptId, Reason, RequesterId},
    join::Join,
    Manager,
};
use crate::{
    error::Error,
    time::{Span, Time},
};

/// Within this time after a token came, whoever wants one that lasts longer gets that one: there is none.
const GRACE: Span = Span::from_secs(2);

/// How a manager works.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long before its end a token is refreshed; else what fits its life.
    pub refresh_margin: Option<Span>,
    /// The time-out of one request.
    pub timeout: Span,
    /// Whether there is a storage, or another tab, to ask before the provider.
    pub has_storage: bool,
    /// Whether other tabs may hold the same tokens.
    pub is_shared: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { refresh_margin: None, timeout: Span::from_secs(10), has_storage: false, is_shared: false }
    }
}

/// What a requester asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// When it asked first; it asks again after it has waited.
    pub arrived: Time,
    /// How long the token shall live on, at least.
    pub min_validity: Span,
    /// Not the token there is, but one that is asked for after the requester came: what [`Manager::requests`] was then.
    pub force: Option<u32>,
}

/// How a manager stands; the picture is in [`super`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No token, and nobody has asked for one.
    Empty,
    /// A token that can be handed out.
    Valid,
    /// An attempt is under way; there may be a token too.
    Refreshing,
    /// No token, and the last attempt brought none.
    Failed,
}

impl State {
    /// The name that JavaScript sees.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Valid => "valid",
            Self::Refreshing => "refreshing",
            Self::Failed => "failed",
        }
    }
}

/// What happened, without a secret.
#[derive(Clone, Debug)]
pub enum Event {
    /// A token was obtained.
    Refreshed {
        /// Why.
        reason: Reason,
        /// Until when it is good, by the wall clock.
        expires: Option<Time>,
    },
    /// A token came out of the storage, or from another tab.
    Adopted {
        /// Until when it is good, by the wall clock.
        expires: Option<Time>,
    },
    /// An attempt brought no token.
    Failed {
        /// Why.
        error: Error,
        /// When the next one may begin, by the wall clock; `None` when there will be none.
        retry_at: Option<Time>,
    },
    /// A token ended before another one came.
    Expired,
    /// The tokens were revoked and forgotten.
    Revoked,
    /// The storage failed; the tokens are in memory only.
    NotStored,
    /// The tokens were forgotten because somebody signed out in another tab.
    SignedOut,
}

/// Events that nobody fetches; the oldest go first.
const MAX_EVENTS: usize = 32;

impl Manager {
    pub(super) fn emit(&mut self, event: Event) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Drops a token whose time is over.
    pub(super) fn expire(&mut self, now: Time) {
        if self.access.expire(now) {
            self.emit(Event::Expired);
        }
    }

    pub(super) fn requested(&mut self, requester: RequesterId, request: &Request, now: Time) {
        let (wall, now) = (now, self.clock.read(now));
        let arrived = self.clock.instant(request.arrived).min(now);
        self.expire(now);
        let answer = match self.is_good_for(request, arrived, now) {
            true => self.hand_out(now),
            false => self.obtain_for(request, arrived, now, wall),
        };
        self.actions.push_back(Action::Answer(requester, answer));
    }

    /// Whether the current token is what is asked for.
    fn is_good_for(&self, request: &Request, arrived: Time, now: Time) -> bool {
        let Some(current) = self.access.current() else { return false };
        match request.force {
            Some(seen) => current.asked.is_after(seen, arrived),
            None => current.came.plus(GRACE) >= arrived || !current.ends_within(request.min_validity, now),
        }
    }

    /// The current token; its successor is obtained beside, if it is time.
    fn hand_out(&mut self, now: Time) -> Answer {
        self.access.hand_out();
        let is_due = self.access.current().is_some_and(|current| current.is_due(now));
        if is_due && matches!(self.join(now), Join::Begin) {
            self.begin(None, now);
        }
        Answer::Token
    }

    /// Another token than the current one: whoever needs it begins an attempt, waits for the one under way, or is turned away.
    fn obtain_for(&mut self, request: &Request, arrived: Time, now: Time, wall: Time) -> Answer {
        let since = request.force.map(|_| arrived);
        match self.join(now) {
            Join::Begin => {
                self.begin(since, now);
                Answer::AskAgain
            }
            Join::Wait(attempt, until) => self.wait(attempt, since, wall.plus(until.since(now))),
            // Better than none.
            Join::Closed(_) if request.force.is_none() && self.access.current().is_some() => {
                self.access.hand_out();
                Answer::Token
            }
            Join::Closed(error) => Answer::Refuse(error),
        }
    }

    /// Waits for an attempt. One that has not asked yet asks after whoever waits for it came; one that has brings the next to an
    /// end first, which all who came meanwhile share.
    fn wait(&mut self, id: AttemptId, since: Option<Time>, until: Time) -> Answer {
        if let Some(attempt) = self.attempts.get_mut(id).filter(|attempt| attempt.asked == 0) {
            attempt.since = attempt.since.max(since);
        }
        Answer::Wait(id, until)
    }
}
