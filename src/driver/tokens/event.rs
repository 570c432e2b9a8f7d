//! What a manager tells of: for logs and measurements.

use crate::{
    error::Error,
    time::Time,
    token::manager::{self, Reason},
};

/// What happened. It never holds a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A token was obtained.
    #[non_exhaustive]
    Refreshed {
        /// Why.
        reason: Reason,
        /// When it ends, by this machine's clock; `None` where nobody has said.
        expires: Option<Time>,
        /// The scope that was granted, where the provider has said it.
        scope: Option<String>,
    },
    /// A token came out of the storage.
    #[non_exhaustive]
    Adopted {
        /// When it ends, by this machine's clock; `None` where nobody has said.
        expires: Option<Time>,
    },
    /// No token came.
    #[non_exhaustive]
    Failed {
        /// Why.
        error: Error,
        /// When there will be another attempt, if somebody asks; `None`: not before tokens are handed in.
        retry_at: Option<Time>,
    },
    /// A token ended before another one came.
    Expired,
    /// The tokens were revoked and forgotten.
    Revoked,
    /// The storage failed: the tokens are in memory only.
    NotStored,
    /// The tokens were forgotten, because somebody signed out.
    SignedOut,
}

impl Event {
    /// `scope` is that of the token there is.
    pub(super) fn of(event: manager::Event, scope: Option<&str>) -> Self {
        match event {
            manager::Event::Refreshed { reason, expires } => {
                Self::Refreshed { reason, expires, scope: scope.map(str::to_owned) }
            }
            manager::Event::Adopted { expires } => Self::Adopted { expires },
            manager::Event::Failed { error, retry_at } => {
                Self::Failed { error: super::words::in_rust(error), retry_at }
            }
            manager::Event::Expired => Self::Expired,
            manager::Event::Revoked => Self::Revoked,
            manager::Event::NotStored => Self::NotStored,
            manager::Event::SignedOut => Self::SignedOut,
        }
    }
}
