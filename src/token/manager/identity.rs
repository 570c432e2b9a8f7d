//! Whose tokens they are, as far as they say.

use crate::{
    secret::Secret,
    token::response::{Facts, Tokens},
};

/// What the tokens before have said of whose they are.
#[derive(Debug, Default)]
pub(super) struct Identity {
    id_token: Option<Secret>,
    /// What the access tokens said: it outlives each of them.
    access: Facts,
}

impl Identity {
    pub(super) const fn id_token(&self) -> Option<&Secret> {
        self.id_token.as_ref()
    }

    /// OpenID Connect Core 1.0 §12.2, and the same for access tokens that say whose they are.
    pub(super) fn is_of(&self, tokens: &Tokens) -> bool {
        let facts = |token: Option<&Secret>| token.map(|token| Facts::of(token.expose())).unwrap_or_default();
        let id = facts(self.id_token.as_ref());
        !self.access.contradicts(&tokens.facts) && !id.contradicts(&facts(tokens.id_token.as_ref()))
    }

    /// The ID token that there is after this one has come: one that names nobody does not take the place of one that says whose
    /// login it is, or the next answer could be anybody's (OpenID Connect Core 1.0 §12.2).
    pub(super) fn after(&self, new: Option<&Secret>) -> Option<Secret> {
        match (&self.id_token, new) {
            (Some(_), Some(new)) if Facts::of(new.expose()).names_somebody() => Some(new.clone()),
            (Some(old), _) => Some(old.clone()),
            (None, new) => new.cloned(),
        }
    }

    pub(super) fn renew(&mut self, new: Option<&Secret>) {
        self.id_token = self.after(new);
    }

    pub(super) fn learn(&mut self, facts: &Facts) {
        self.access.learn(facts);
    }

    /// Another login, perhaps: what the access token of the one before said is no measure for it.
    pub(super) fn replace(&mut self, id_token: Option<Secret>, access: Facts) {
        *self = Self { id_token, access };
    }

    /// Whoever hands tokens in says whose they are to be.
    pub(super) fn trust_next(&mut self) {
        self.access = Facts::default();
    }
}
