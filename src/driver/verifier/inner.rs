//! What all clones of a verifier share.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    keys::State,
    options::Options,
    tier::{NewTier, Tier},
    user::UserFunctions,
    verified::ProviderFacts,
};
use crate::{
    driver::{environment::Environment, words::Words},
    error::{Code, Error},
    json,
};

/// One verifier's.
pub(super) struct Inner {
    state: Mutex<State>,
    pub(super) providers: Arc<[ProviderFacts]>,
    /// How errors are told.
    pub(super) words: Words,
    pub(super) environment: Environment,
    pub(super) user: UserFunctions,
    pub(super) tier: Option<Arc<dyn Tier<Self>>>,
}

impl Inner {
    /// What these options and functions make.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the option and the fix.
    pub(super) fn new(
        options: Options,
        environment: Environment,
        mut user: UserFunctions,
        tier: Option<NewTier<Self>>,
    ) -> Result<Self, Error> {
        let words = options.words();
        user.set_timeout(options.timeout());
        let (machine, providers) = options.into_machine()?;
        Ok(Self {
            state: Mutex::new(State::new(machine)),
            providers,
            words,
            environment,
            user,
            tier: tier.map(|new| new()),
        })
    }

    /// The state. Never held over an await, nor while anything of the user's runs.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes keys over.
    pub(super) fn import_keys(&self, keys: &str) -> Result<(), Error> {
        let wrong = |_| Error::new(Code::Config, "import_keys takes what export_keys gave").about("snapshots");
        let snapshots = json::parse(keys.as_bytes()).map_err(wrong)?;
        let now = self.environment.now();
        self.state().take_over(&snapshots, now)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier").field("environment", &self.environment).finish_non_exhaustive()
    }
}
