//! The kinds of sources.

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A token that somebody hands in.
    Static,
    /// A function of the user's.
    Callback,
    /// A machine's own credentials (RFC 6749 §4.4).
    ClientCredentials,
    /// A refresh token that somebody hands in (§6).
    RefreshToken,
    /// A person who logs in (§4.1, RFC 7636).
    AuthorizationCode,
}

impl Kind {
    /// All of them.
    const ALL: [Self; 5] =
        [Self::Static, Self::Callback, Self::ClientCredentials, Self::RefreshToken, Self::AuthorizationCode];

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// `type`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Callback => "callback",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::AuthorizationCode => "authorization_code",
        }
    }
}
