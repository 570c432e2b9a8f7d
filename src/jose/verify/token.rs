//! What the verifier hands out: a token whose signature and claims hold.

use crate::{
    error::Error,
    jose::claims::{self, Window},
    time::Time,
};

/// What stands between two scopes: no scope of RFC 6749 §3.3 holds one.
pub(super) const SEPARATOR: char = '\n';

/// A token whose signature and claims hold.
#[derive(Debug)]
pub struct VerifiedToken {
    pub(super) sealed: Sealed,
    pub(super) provider: usize,
    pub(super) generation: u32,
}

impl VerifiedToken {
    /// What the token says: claims, header, and what the principal is made of. [`Self::parts`] tells them apart.
    pub fn text(&self) -> &str {
        self.sealed.text.get(self.sealed.token_len..).unwrap_or_default()
    }

    /// The token itself, where it is to be remembered.
    pub(super) fn token(&self) -> &[u8] {
        self.sealed.text.as_bytes().get(..self.sealed.token_len).unwrap_or_default()
    }

    /// How many bytes of memory it takes, about.
    pub(super) fn size(&self) -> usize {
        const OVERHEAD: usize = 160;
        self.sealed.text.len() + OVERHEAD
    }

    /// The lengths of the parts of [`Self::text`].
    pub const fn parts(&self) -> Parts {
        self.sealed.parts
    }

    /// The instant that the token itself names as its end.
    pub const fn expires_at(&self) -> Time {
        self.sealed.expires_at
    }

    /// The provider's index.
    pub const fn provider(&self) -> usize {
        self.provider
    }

    /// Whether the token grants all of these scopes, which line feeds separate.
    ///
    /// # Errors
    /// `ERR_TOKEN_SCOPE` that lists what is missing.
    pub fn require_scopes(&self, wanted: &str) -> Result<(), Error> {
        let granted: Vec<_> = self.sealed.scopes().split(SEPARATOR).collect();
        let missing = claims::missing_scopes(&granted, wanted.split(SEPARATOR).filter(|scope| !scope.is_empty()));
        if missing.is_empty() {
            return Ok(());
        }
        Err(claims::missing_scopes_error(&missing))
    }

    /// When the token is good.
    pub const fn window(&self) -> Window {
        self.sealed.window
    }

    /// Whether the token lives for more than an hour.
    pub const fn is_long_lived(&self) -> bool {
        self.sealed.is_long_lived
    }

    #[cfg(test)]
    pub(super) fn for_tests(text: &str, closes: Time) -> Self {
        let window = Window::for_tests(closes);
        let (token_len, parts) = (text.len(), Parts::default());
        let sealed =
            Sealed { text: text.to_owned(), token_len, parts, window, expires_at: closes, is_long_lived: false };
        Self { sealed, provider: 0, generation: 0 }
    }
}

/// What an accepted token says, sealed until its signature is approved.
#[derive(Debug)]
pub(super) struct Sealed {
    /// The token, where it is to be remembered, and what it says: all in one, for each piece of memory has its price.
    pub(super) text: String,
    pub(super) token_len: usize,
    pub(super) parts: Parts,
    pub(super) window: Window,
    pub(super) expires_at: Time,
    pub(super) is_long_lived: bool,
}

impl Sealed {
    /// The scopes, which line feeds separate.
    pub(super) fn scopes(&self) -> &str {
        let start = self.token_len + self.parts.claims + self.parts.header + self.parts.id;
        self.text.get(start..start + self.parts.scopes).unwrap_or_default()
    }
}

/// How long the parts of what a token says are, in bytes and in their order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts {
    /// The claims, as the token's own JSON.
    pub claims: usize,
    /// The header, as the token's own JSON.
    pub header: usize,
    /// The principal's id.
    pub id: usize,
    /// The scopes, which line feeds separate.
    pub scopes: usize,
    /// The scopes as a JSON list: there when one of them holds a line feed itself.
    pub scope_list: usize,
    /// The labels as a JSON object: there when there are any.
    pub labels: usize,
    /// The principal's key: there when it is not the provider's prefix and the id.
    pub key: usize,
    /// The principal's issuer: there when it is not the provider's own.
    pub issuer: usize,
}
