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

/// Parameters of a login that say how the person is asked, and nothing of what for (OpenID Connect Core 1.0 §3.1.2.1, and Auth0's).
const OF_ASKING: [&str; 9] = [
    "acr_values",
    "claims_locales",
    "display",
    "id_token_hint",
    "login_hint",
    "max_age",
    "prompt",
    "screen_hint",
    "ui_locales",
];

impl Kind {
    /// Whether a parameter makes a source another one, with tokens of its own.
    pub(super) fn tells_tokens_apart(self, parameter: &str) -> bool {
        self != Self::AuthorizationCode || !OF_ASKING.contains(&parameter)
    }

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
