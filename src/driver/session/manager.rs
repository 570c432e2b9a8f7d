//! A token manager as the source of a session's tokens.

use super::source::{Token, TokenRequest, TokenSource};
use crate::{
    driver::tokens::{Request, TokenManager},
    error::Error,
    platform::BoxFuture,
    time::Time,
};

impl TokenSource for TokenManager {
    fn token(&self, request: TokenRequest) -> BoxFuture<'static, Result<String, Error>> {
        let asked = Request::new().min_validity(request.min_validity.unwrap_or_default());
        Box::pin(self.token_with(if request.is_forced { asked.fresh() } else { asked }))
    }

    fn invalidate(&self, token: &str) {
        Self::invalidate(self, token);
    }

    fn expires_at(&self) -> Option<Time> {
        Self::expires_at(self)
    }
}

impl From<TokenManager> for Token {
    fn from(manager: TokenManager) -> Self {
        let renewals = manager.renewals();
        Self::shared(manager, renewals)
    }
}

impl From<&TokenManager> for Token {
    fn from(manager: &TokenManager) -> Self {
        manager.clone().into()
    }
}
