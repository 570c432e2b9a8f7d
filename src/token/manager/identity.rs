//! Whose tokens they are, as far as they say.

use crate::{
    secret::Secret,
    token::{
        id_token::IdToken,
        response::{Facts, Tokens},
    },
};

/// What the tokens before have said of whose they are.
#[derive(Debug, Default)]
pub(super) struct Identity {
    id_token: Option<IdToken>,
    /// What the access tokens said: it outlives each of them.
    access: Facts,
}

impl Identity {
    pub(super) const fn id_token(&self) -> Option<&IdToken> {
        self.id_token.as_ref()
    }

    /// OpenID Connect Core 1.0 §12.2, and the same for access tokens that say whose they are.
    pub(super) fn is_of(&self, tokens: &Tokens) -> bool {
        let facts = |token: Option<&Secret>| token.map(|token| Facts::of(token.expose())).unwrap_or_default();
        let id = facts(self.id_token.as_ref().map(|id_token| &id_token.token));
        !self.access.contradicts(&tokens.facts) && !id.contradicts(&facts(tokens.id_token.as_ref()))
    }

    /// The ID token that there is after an answer has come: it is as good as the one before. One that names nobody does not take the
    /// place of one that says whose login it is, or the next answer could be anybody's (OpenID Connect Core 1.0 §12.2).
    pub(super) fn after(&self, new: Option<&Secret>) -> Option<IdToken> {
        match (&self.id_token, new) {
            (Some(old), Some(new)) if old.gives_way_to(new) => Some(IdToken { token: new.clone(), ..*old }),
            (Some(old), _) => Some(old.clone()),
            (None, new) => new.cloned().map(IdToken::unverified),
        }
    }

    pub(super) fn renew(&mut self, new: Option<&Secret>) {
        self.id_token = self.after(new);
    }

    /// One that was kept elsewhere comes with what was known of it there.
    pub(super) fn renew_from_store(&mut self, new: Option<IdToken>) {
        match (&self.id_token, new) {
            (Some(old), Some(new)) if old.gives_way_to(&new.token) => self.id_token = Some(new),
            (None, new) => self.id_token = new,
            _ => {}
        }
    }

    /// A login's ID token was verified.
    pub(super) const fn vouch(&mut self) {
        if let Some(id_token) = &mut self.id_token {
            id_token.is_verified = true;
        }
    }

    pub(super) fn learn(&mut self, facts: &Facts) {
        self.access.learn(facts);
    }

    /// Another login, perhaps: what the access token of the one before said is no measure for it.
    pub(super) fn replace(&mut self, id_token: Option<IdToken>, access: Facts) {
        *self = Self { id_token, access };
    }

    /// Whoever hands tokens in says whose they are to be: what was verified was somebody else, perhaps.
    pub(super) fn trust_next(&mut self) {
        self.access = Facts::default();
        if let Some(id_token) = &mut self.id_token {
            id_token.is_verified = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{jose::base64url, token::response::access_token_only};

    fn of(subject: &str) -> Secret {
        let mut text = String::from("e30.");
        base64url::encode(format!(r#"{{"iss":"i","sub":"{subject}"}}"#).as_bytes(), &mut text);
        Secret::new(text + ".c2ln")
    }

    #[test]
    fn an_id_token_that_says_whose_it_is_takes_the_place_of_the_one_before() {
        let mut identity = Identity::default();
        let nameless = Secret::new("xx");
        for (new, stays) in [(&nameless, &nameless), (&of("u"), &of("u")), (&nameless, &of("u")), (&of("v"), &of("v"))]
        {
            identity.renew(Some(new));
            assert!(identity.id_token().is_some_and(|id_token| id_token.token.matches(stays.expose())));
        }
        assert!(identity.after(None).is_some_and(|id_token| id_token.token.matches(of("v").expose())));
    }

    #[test]
    fn whoever_hands_tokens_in_says_whose_they_are_to_be() {
        let tokens = |subject| access_token_only(std::str::from_utf8(of(subject).expose()).unwrap()).unwrap();
        let mut identity = Identity::default();
        identity.learn(&tokens("u").facts);
        assert!(identity.is_of(&tokens("u")) && !identity.is_of(&tokens("v")));
        identity.trust_next();
        assert!(identity.is_of(&tokens("v")));
    }
}
