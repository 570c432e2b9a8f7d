//! Access tokens that are there when they are needed: obtained, refreshed before they end, revoked.
//!
//! ```no_run
//! use arcgate::{
//!     tokens::{Options, Source},
//!     Error, TokenManager,
//! };
//!
//! # async fn example() -> Result<(), Error> {
//! let source = Source::client_credentials("https://login.example", "my-agent")
//!     .client_secret("…")
//!     .scope("arc.agent.caller")
//!     .audience("https://agents.example");
//! let manager = TokenManager::new(source, Options::new())?;
//!
//! // At each request, and kept nowhere.
//! let authorization = manager.authorization().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Ask for the token at each request, and keep none. However many ask at once, one request is sent; whoever is dropped while they wait
//! leaves it to the others.
//!
//! # Where it runs
//!
//! - **Pages and Node**: a timer refreshes a token before its end, while it is used. Timers stand while a machine sleeps: they wake, and
//!   the clock decides, so a page that has slept past the end of its token refreshes once, when somebody asks.
//! - **Workers**: a timer ends with the request that set it, so a token is refreshed when it is used; what a request begins ends with
//!   it, unless [`TokenManager::wait_until`] keeps it alive. With a refresh token always give it: one that is sent twice may be taken
//!   for stolen. A manager may be made at global scope.
//! - **Without JavaScript** (tests, server-side rendering): requests are made by [`Options::fetch`], and by whoever waits, unless
//!   [`Options::spawn`] lets them go on beside.
//!
//! Persons who log in (authorization code with PKCE) and tabs that share their tokens are the npm package's as yet: a page hands their
//! tokens over by [`Source::callback`].

mod background;
mod callback;
mod driver;
mod event;
mod given;
mod handle;
mod key;
mod operations;
mod options;
mod perform;
mod request;
mod session_storage;
mod source;
mod state;
mod storage;
mod task;
mod turns;
mod wait;
mod words;
mod work;
mod writes;

use std::{fmt, future::Future, sync::Arc};

pub use self::{
    event::Event,
    given::{CallbackError, Tokens},
    key::SigningKey,
    options::Options,
    request::Request,
    session_storage::{SessionStorage, SessionStorageError},
    source::Source,
    storage::Storage,
};
pub use crate::token::manager::{Reason, State};

use self::{driver::Inner, handle::Handle, perform::Parts, task::Beside, writes::Writes};
use crate::{
    driver::{renewals::Renewals, Shared},
    error::Error,
    platform::{BoxFuture, MaybeSend, MaybeSync},
    time::Time,
    token::{jitter::Jitter, manager::Manager},
};

/// A source's tokens over time. A clone is the same manager; one serves all requests of a program. See the [module](self).
#[derive(Clone)]
pub struct TokenManager {
    handle: Arc<Handle>,
    beside: Option<Beside>,
}

impl TokenManager {
    /// A manager. It asks nobody anything before somebody asks it, and draws no chance: a Worker may make one at its global scope.
    ///
    /// # Errors
    /// `ERR_CONFIG` that names the option and the fix.
    pub fn new(source: Source, options: Options) -> Result<Self, Error> {
        let core_options = options.to_core()?;
        let (core, own) = source.into_core(&options.hosts()?)?;
        if core.has_endpoint() {
            options.environment.check_fetch()?;
        }
        let Options { storage, on_event, environment, .. } = options;
        let parts = Parts { callback: own.callback, key: own.key, storage, writes: Writes::default(), environment };
        // The seed is drawn when it is first needed.
        let machine = Manager::new(core, core_options, Jitter::new(0));
        Ok(Self { handle: Arc::new(Handle(Inner::new(machine, parts, on_event))), beside: None })
    }

    fn inner(&self) -> &Arc<Inner> {
        &self.handle.0
    }

    /// Whose sessions have asked for another token, and in vain.
    pub(crate) fn renewals(&self) -> Arc<Renewals> {
        Arc::clone(&self.inner().renewals)
    }

    /// A call, which holds the manager as its clones do.
    fn held<T>(&self, call: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
        let handle = Arc::clone(&self.handle);
        async move {
            let done = call.await;
            drop(handle);
            done
        }
    }

    /// The access token: the present one, or a new one if that is needed.
    ///
    /// It may be dropped at any time. What it began goes on beside, or is left to whoever asks next.
    ///
    /// # Errors
    /// Only when there is no valid token: `ERR_REFRESH_UNAVAILABLE` (ask later: [`Error::retry_delay`] says when),
    /// `ERR_REFRESH_REJECTED` (no retry helps), `ERR_CONFIG` for a key that is none, `ERR_ABORTED` after [`TokenManager::close`].
    pub fn token(&self) -> impl Future<Output = Result<String, Error>> + Send + use<> {
        self.token_with(Request::new())
    }

    /// As [`TokenManager::token`], with a wish.
    ///
    /// # Errors
    /// As there.
    pub fn token_with(&self, request: Request) -> impl Future<Output = Result<String, Error>> + Send + use<> {
        let call = driver::token(Arc::clone(self.inner()), self.beside.clone(), request);
        self.held(call)
    }

    /// The access token as the value of an `Authorization` field (RFC 6750 §2.1): `Bearer` and the token.
    ///
    /// # Errors
    /// As [`TokenManager::token`]'s.
    pub fn authorization(&self) -> impl Future<Output = Result<String, Error>> + Send + use<> {
        let token = self.token();
        async move { Ok("Bearer ".to_owned() + &token.await?) }
    }

    /// A server refused this token: it is dropped if it is still the present one. Ask for another one, and give up when it is refused
    /// as well.
    pub fn invalidate(&self, token: &str) {
        self.inner().tell(|machine, now| machine.handle_refused_token(token, now));
    }

    /// Takes tokens that were obtained elsewhere, in the place of those that are there, and stores them where there is a storage. What
    /// failed before is forgotten.
    ///
    /// # Errors
    /// `ERR_CONFIG` for what is no token, and no answer with one; `ERR_ABORTED` after [`TokenManager::close`].
    pub fn set_token(&self, tokens: impl Into<Tokens>) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(self.held(Arc::clone(self.inner()).set_token(tokens.into())))
    }

    /// Revokes the tokens (RFC 7009) and forgets them, in the storage too. They are forgotten as well when the provider does not confirm.
    ///
    /// # Errors
    /// `ERR_CONFIG` where the provider has no place for that, `ERR_REFRESH_UNAVAILABLE` or `ERR_REFRESH_REJECTED` as it answers.
    pub fn revoke(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        self.held(Arc::clone(self.inner()).revoke(self.beside.clone()))
    }

    /// The same manager for one request: a refresh that begins here is handed to `keep`, which keeps it alive after the response and
    /// polls it. In a Worker that is the context's `wait_until`.
    #[must_use]
    pub fn wait_until(&self, keep: impl Fn(BoxFuture<'static, ()>) + MaybeSend + MaybeSync + 'static) -> Self {
        let keep = Shared::new(keep);
        Self { handle: Arc::clone(&self.handle), beside: Some(Arc::new(move |work| (*keep)(work))) }
    }

    /// When the present token ends, by this machine's clock. `None`: there is none, or nobody has said.
    pub fn expires_at(&self) -> Option<Time> {
        self.inner().state().machine.expires_at()
    }

    /// The scope of the present token, where the provider has said it.
    pub fn scope(&self) -> Option<String> {
        self.inner().state().machine.scope().map(str::to_owned)
    }

    /// How the manager stands. One that is closed is empty.
    pub fn state(&self) -> State {
        let now = self.inner().now();
        let state = self.inner().state();
        if state.is_closed {
            return State::Empty;
        }
        state.machine.state(now)
    }

    /// Ends it: no timers, no tokens. Whoever asks is told `ERR_ABORTED`. A manager whose last clone is dropped ends its timers too.
    pub fn close(&self) {
        self.inner().close();
    }
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager").field("state", &self.state()).finish_non_exhaustive()
    }
}
