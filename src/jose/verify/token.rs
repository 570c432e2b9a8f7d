//! What the verifier hands out: a token whose signature and claims hold.

use crate::{
    error::Error,
    jose::{
        checks::{Parts, Sealed},
        claims::{self, Window},
        seal::SEPARATOR,
    },
    time::Time,
};

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
    pub(in crate::jose) fn token(&self) -> &[u8] {
        self.sealed.text.as_bytes().get(..self.sealed.token_len).unwrap_or_default()
    }

    /// How many bytes of memory it takes, about.
    pub(in crate::jose) fn size(&self) -> usize {
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
        let lacking = claims::lacking(&granted, wanted.split(SEPARATOR).filter(|scope| !scope.is_empty()));
        if lacking.is_empty() {
            return Ok(());
        }
        Err(claims::lacking_error(&lacking))
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
    pub(crate) fn for_tests(text: &str, closes: Time) -> Self {
        let window = Window::for_tests(closes);
        let (token_len, parts) = (text.len(), Parts::default());
        let sealed =
            Sealed { text: text.to_owned(), token_len, parts, window, expires_at: closes, is_long_lived: false };
        Self { sealed, provider: 0, generation: 0 }
    }
}
