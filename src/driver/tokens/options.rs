//! How a manager works.

use std::{fmt, time::Duration};

use super::{
    event::Event,
    storage::{Place, Storage},
};
use crate::{
    driver::{
        environment::{environment_setters, fetch_setter, Environment},
        Shared,
    },
    error::{Code, Error},
    jose::url::PlainHosts,
    platform::{MaybeSend, MaybeSync},
    time::Span,
    token::manager,
};

const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// A lead beyond this is a mistake; of a token's life half is its most.
const LONGEST_LEAD: Duration = Duration::from_secs(366 * 24 * 3600);

/// How a [`TokenManager`](super::TokenManager) works. The defaults will do, but in programs without JavaScript, which hand a `fetch` in.
///
/// ```
/// use std::time::Duration;
///
/// use arcgate::tokens::Options;
///
/// let options = Options::new()
///     .refresh_lead(Duration::from_secs(120))
///     .on_event(|event| println!("{event:?}"));
/// ```
#[derive(Default)]
#[must_use]
pub struct Options {
    refresh_lead: Option<Duration>,
    timeout: Option<Duration>,
    insecure_hosts: Vec<String>,
    pub(super) storage: Option<Place>,
    pub(super) on_event: Option<Listener>,
    pub(super) environment: Environment,
}

/// Who hears of events.
pub(super) type Listener = Box<dyn Fn(Event) + Send + Sync>;

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long before its end a token is refreshed; half of its life at most. Default: a minute, and a fifth of a short life.
    pub const fn refresh_lead(mut self, lead: Duration) -> Self {
        self.refresh_lead = Some(lead);
        self
    }

    /// The time-out of one request, from 10 milliseconds to a minute. Default: 10 seconds.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Where tokens survive the program, or the isolate. Default: nowhere.
    pub fn storage(mut self, storage: impl Storage) -> Self {
        self.storage = Some(Place::new(storage));
        self
    }

    /// Hears of what happens. It is called while nothing of the manager's is locked, and must not block.
    pub fn on_event(mut self, listener: impl Fn(Event) + MaybeSend + MaybeSync + 'static) -> Self {
        let listener = Shared::new(listener);
        self.on_event = Some(Box::new(move |event| (*listener)(event)));
        self
    }

    /// Hosts in a network of your own to which plain http may go, such as "keycloak:8080": secrets and tokens are readable there.
    pub fn insecure_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.insecure_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    fetch_setter!();

    environment_setters! {
        /// Lets a refresh go on beside: `.spawn(tokio::spawn)`. Without JavaScript, and without this, whoever waits for a token performs
        /// the request for it; given up on, it stands still until somebody else waits.
    }

    /// What may be asked in plain text.
    pub(super) fn hosts(&self) -> Result<PlainHosts, Error> {
        PlainHosts::of(&self.insecure_hosts)
            .map_err(|problem| Error::new(Code::Config, format!("`insecure_hosts` {problem}")).about("insecure_hosts"))
    }

    /// The core's options.
    pub(super) fn to_core(&self) -> Result<manager::Options, Error> {
        let wrong = |name: &'static str, problem: &str| {
            Err(Error::new(Code::Config, format!("`Options::{name}` {problem}")).about(name))
        };
        let mut options = manager::Options { has_storage: self.storage.is_some(), ..manager::Options::default() };
        if let Some(timeout) = self.timeout {
            if !(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&timeout) {
                return wrong("timeout", "must be from 10 milliseconds to 60 seconds");
            }
            options.timeout = span(timeout);
        }
        if let Some(lead) = self.refresh_lead {
            if lead > LONGEST_LEAD {
                return wrong("refresh_lead", "must be less than a year");
            }
            options.refresh_margin = Some(span(lead));
        }
        Ok(options)
    }
}

/// A duration as the machine counts it.
pub(super) fn span(duration: Duration) -> Span {
    Span::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("refresh_lead", &self.refresh_lead)
            .field("timeout", &self.timeout)
            .field("storage", &self.storage)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
