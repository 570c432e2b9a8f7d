//! What a manager keeps, takes over from elsewhere, and hands on.

use super::{
    attempt::{Arrived, Asked, Life},
    CurrentToken, Event, Manager,
};
use crate::{
    secret::Secret,
    time::{Span, Time},
    token::{persisted_state::PersistedState, response::Facts},
};

impl Manager {
    /// Takes over what another tab or isolate obtained for the same source, if it is newer. `text` is as [`Manager::export`]
    /// gives it.
    pub fn adopt(&mut self, text: &str, now: Time, random: f64) -> bool {
        let now = self.clock.read(now);
        match PersistedState::parse(text, &self.source_id) {
            Some(stored) => self.adopt_stored(stored, now, random),
            None => false,
        }
    }

    /// The tokens for the storage, or for another tab. `None` when there are none.
    pub fn export(&self) -> Option<Secret> {
        let current = self.current_token.as_ref();
        if current.is_none() && self.refresh.is_none() {
            return None;
        }
        let stored = PersistedState {
            access: current.map(|current| current.token.clone()),
            refresh: self.refresh.clone(),
            id_token: self.id_token.clone(),
            scope: current.and_then(|current| current.scope.clone()),
            obtained: self.clock.wall(self.obtained?),
            asked: current.and_then(|current| current.asked.at).map(|at| self.clock.wall(at)),
            expires: current.and_then(|current| current.life).map(|life| self.clock.wall(life.expires)),
        };
        Some(Secret::new(stored.to_json(&self.source_id)))
    }

    pub(super) fn install(&mut self, arrived: Arrived, now: Time, random: f64) {
        let Arrived { tokens, life, asked } = arrived;
        let tokens = *tokens;
        let can_refresh = self.source.obtains() || tokens.refresh.is_some() || self.refresh.is_some();
        self.current_token = Some(CurrentToken::new(
            tokens.access,
            tokens.scope,
            life,
            asked,
            can_refresh,
            self.options.refresh_margin,
            now,
            random,
        ));
        if tokens.refresh.is_some() {
            self.refresh = tokens.refresh;
        }
        self.id_token = id_token_after(self.id_token.take(), tokens.id_token);
        self.person.learn(&tokens.facts);
        self.issued = self.issued.max(tokens.facts.issued);
        self.generation = self.generation.wrapping_add(1);
        self.has_had_token = true;
        self.was_refused = false;
        self.is_used = false;
        self.failures = 0;
        self.cooldown = None;
        self.refused = None;
    }

    pub(super) fn adopt_stored(&mut self, stored: PersistedState, now: Time, random: f64) -> bool {
        if let Some(refresh) = &stored.refresh {
            if self.rotated.iter().any(|rotated| rotated.matches(refresh.expose())) {
                return false;
            }
        }
        // It can't have come in the future: then the clock was set back, and what is left is its life at most.
        let obtained = self.clock.instant(stored.obtained).min(now);
        let is_old = |since: Option<Time>| since.is_some_and(|since| since > obtained);
        if is_old(self.obtained) || is_old(self.signed_out) {
            return false;
        }
        if let Some(refresh) = stored.refresh {
            if !self.refresh.as_ref().is_some_and(|ours| ours.matches(refresh.expose())) {
                self.refresh = Some(refresh);
                // Whatever was refused, it was another one.
                self.cooldown.take_if(|cooldown| cooldown.is_final);
            }
            self.obtained = Some(obtained);
            self.id_token = id_token_after(self.id_token.take(), stored.id_token.clone());
        }
        let Some(access) = stored.access else { return false };
        let is = |other: Option<&Secret>| other.is_some_and(|other| other.matches(access.expose()));
        if is(self.current_token.as_ref().map(|current| &current.token)) || is(self.rejected_token.as_ref()) {
            return false;
        }
        let facts = Facts::of(access.expose());
        let life = stored.expires.map(|expires| {
            let whole = Span::from_millis(expires.since(stored.obtained).as_millis().max(0));
            Life { whole, expires: self.clock.instant(expires).min(now.plus(whole)) }
        });
        let can_refresh = self.source.obtains() || self.refresh.is_some();
        // Tabs have one clock; of what another machine stored nobody knows by which one it was asked for.
        let at = stored.asked.filter(|_| self.options.is_shared).map(|at| self.clock.instant(at).min(now));
        let asked = Asked { number: 0, at };
        let mut current =
            CurrentToken::new(access, stored.scope, life, asked, can_refresh, self.options.refresh_margin, now, random);
        current.came = obtained;
        if !current.is_usable(now) {
            self.has_had_token = true;
            return false;
        }
        self.current_token = Some(current);
        self.obtained = Some(obtained);
        // Another login, perhaps: what the access token of the one before said is no measure for it.
        self.id_token = stored.id_token;
        self.person = facts;
        self.generation = self.generation.wrapping_add(1);
        self.has_had_token = true;
        self.was_refused = false;
        self.is_used = false;
        self.failures = 0;
        self.cooldown = None;
        self.refused = None;
        let expires = self.expires_at();
        self.emit(Event::Adopted { expires });
        true
    }
}

/// The ID token that is kept: one that names nobody does not take the place of one that says whose login it is, or the next
/// answer could be anybody's (OpenID Connect Core 1.0 §12.2).
pub(super) fn id_token_after(old: Option<Secret>, new: Option<Secret>) -> Option<Secret> {
    match (old, new) {
        (Some(_), Some(new)) if Facts::of(new.expose()).names_somebody() => Some(new),
        (Some(old), _) => Some(old),
        (None, new) => new,
    }
}
