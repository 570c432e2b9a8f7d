//! What a manager takes over from a storage or from another tab, and what it hands on.

use super::{
    attempt::{Asked, Life},
    current_token::CurrentToken,
    Event, Manager,
};
use crate::{
    secret::Secret,
    time::{Span, Time},
    token::{persisted_state::PersistedState, response::Facts},
};

impl Manager {
    pub(super) fn adopt(&mut self, text: &str, now: Time) -> bool {
        let now = self.clock.read(now);
        match PersistedState::parse(text, &self.source_id) {
            Some(stored) => self.adopt_stored(stored, now),
            None => false,
        }
    }

    pub(super) fn persisted(&self) -> Option<PersistedState> {
        let current = self.access.current();
        if current.is_none() && self.refresh.current().is_none() {
            return None;
        }
        Some(PersistedState {
            access: current.map(|current| current.token.clone()),
            refresh: self.refresh.current().cloned(),
            id_token: self.identity.id_token().cloned(),
            scope: current.and_then(|current| current.scope.clone()),
            obtained: self.clock.wall(self.elsewhere.obtained()?),
            asked: current.and_then(|current| current.asked.at).map(|at| self.clock.wall(at)),
            expires: current.and_then(|current| current.life).map(|life| self.clock.wall(life.expires)),
        })
    }

    pub(super) fn adopt_stored(&mut self, stored: PersistedState, now: Time) -> bool {
        // It can't have come in the future: then the clock was set back, and what is left is its life at most.
        let obtained = self.clock.instant(stored.obtained).min(now);
        let is_rotated = stored.refresh.as_ref().is_some_and(|refresh| self.refresh.is_rotated(refresh));
        if is_rotated || self.elsewhere.is_old(obtained) {
            return false;
        }
        if let Some(refresh) = &stored.refresh {
            if !self.refresh.is_current(refresh) {
                self.refresh.set(refresh.clone());
                self.backoff.reopen();
            }
            self.elsewhere.obtain(obtained);
            self.identity.renew_from_store(stored.id_token.clone());
        }
        let Some(access) = stored.access.clone().filter(|access| !self.access.knows(access)) else { return false };
        let facts = Facts::of(access.expose());
        let adopted = self.adopted_token(access, &stored, obtained, now);
        if !adopted.is_usable(now) {
            self.access.has_seen_one();
            return false;
        }
        self.access.install(adopted);
        self.elsewhere.obtain(obtained);
        self.identity.replace(stored.id_token, facts);
        self.backoff.reset();
        let expires = self.expires_at();
        self.emit(Event::Adopted { expires });
        true
    }

    fn adopted_token(&mut self, access: Secret, stored: &PersistedState, obtained: Time, now: Time) -> CurrentToken {
        let life = stored.expires.map(|expires| {
            let whole = Span::from_millis(expires.since(stored.obtained).as_millis().max(0));
            Life { whole, expires: self.clock.instant(expires).min(now.plus(whole)) }
        });
        // Tabs have one clock; of what another machine stored nobody knows by which one it was asked for.
        let at = stored.asked.filter(|_| self.options.is_shared).map(|at| self.clock.instant(at).min(now));
        let asked = Asked { number: 0, at };
        let margin = self.refresh_margin(life);
        let mut current = CurrentToken::new(access, stored.scope.clone(), life, asked, margin, now);
        current.came = obtained;
        current
    }
}
