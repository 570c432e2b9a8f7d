//! What a driver reads of the manager between its inputs, and the seed that it may hand in later. Nothing here changes how the manager
//! stands.

use super::{attempt::Attempt, login, text_of, AttemptId, Jitter, Kind, Manager, PendingLogins, State};
use crate::{
    secret::Secret,
    time::{Span, Time},
};

impl Manager {
    /// Another seed for the length of pauses, for whoever could draw none when the manager was made.
    pub fn set_jitter(&mut self, jitter: Jitter) {
        self.jitter = jitter;
    }

    /// How many requests for tokens there were, for `Request::force`.
    pub const fn requests(&self) -> u32 {
        self.attempts.requests()
    }

    /// The access token.
    pub fn token(&self) -> Option<&str> {
        text_of(&self.access.current()?.token)
    }

    /// When the access token ends, by the wall clock.
    pub fn expires_at(&self) -> Option<Time> {
        Some(self.clock.wall(self.access.current()?.life?.expires))
    }

    /// The scope of the access token, where the provider said it.
    pub fn scope(&self) -> Option<&str> {
        self.access.current()?.scope.as_deref()
    }

    /// The refresh token there is, configured or obtained.
    pub const fn refresh_token(&self) -> Option<&Secret> {
        self.refresh.current()
    }

    /// The refresh token that counts no more: other tabs may have it as well.
    pub const fn lost_refresh_token(&self) -> Option<&Secret> {
        self.refresh.lost()
    }

    /// Whether another refresh token has come in the place of this one: nobody may send it again.
    pub fn has_rotated(&self, sent: &str) -> bool {
        self.refresh.current().is_some_and(|present| !present.matches(sent.as_bytes()))
    }

    /// The ID token of the login.
    pub fn id_token(&self) -> Option<&Secret> {
        Some(&self.identity.id_token()?.token)
    }

    /// Who is logged in: the claims of the ID token as JSON, as they were verified. `None` where nobody has, and where nothing is left to
    /// get another token with but another login.
    pub fn claims(&self) -> Option<String> {
        let has_tokens = self.access.current().is_some() || self.refresh.current().is_some();
        self.identity.id_token()?.claims().filter(|_| has_tokens && !self.backoff.is_over())
    }

    /// The tokens for the storage, or for another tab. `None` when there are none.
    pub fn export(&self) -> Option<Secret> {
        Some(Secret::new(self.persisted()?.to_json(&self.source_id)))
    }

    /// Tells this source's tokens and logins from those of another.
    pub fn source_id(&self) -> &str {
        &self.source_id
    }

    /// The logins that wait for their answers. Whoever keeps them puts them back after the page has been left.
    pub const fn pending_logins(&self) -> &PendingLogins {
        &self.logins
    }

    /// Where the person is sent to be logged out at the provider, while its endpoints and the ID token are known.
    pub fn logout_url(&self) -> Option<String> {
        if self.source.kind != Kind::AuthorizationCode {
            return None;
        }
        login::logout_url(&self.source, self.endpoints()?, self.id_token())
    }

    /// What the server's clock shows more than ours, as far as it has said.
    pub const fn server_ahead(&self) -> Option<Span> {
        self.server_clock.ahead()
    }

    /// How the manager stands.
    pub fn state(&self, now: Time) -> State {
        let now = self.clock.peek(now);
        if self.attempts.live(now).is_some() {
            State::Refreshing
        } else if self.access.current().is_some_and(|current| current.is_usable(now)) {
            State::Valid
        } else if self.backoff.cooldown().is_some() || self.source.kind == Kind::Static {
            State::Failed
        } else {
            State::Empty
        }
    }

    /// How long the performer of an attempt may take over its present stage, at most; `None` when it is over.
    pub fn limit(&self, attempt: AttemptId) -> Option<Span> {
        Some(self.attempts.get(attempt)?.limit(self.options.timeout))
    }

    /// Whether an attempt's request is not to be broken off: its answer counts whenever it comes.
    pub fn is_delicate(&self, attempt: AttemptId) -> bool {
        self.attempts.get(attempt).is_some_and(Attempt::is_delicate)
    }
}
