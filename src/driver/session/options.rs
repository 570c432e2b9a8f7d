//! What [`ArcpClient::connect`](super::ArcpClient::connect) is given.

use std::{fmt, future::Future, time::Duration};

use super::{
    bearer::Bearer,
    events::SessionEvent,
    socket::{CloseFrame, Connect},
    source::Token,
};
use crate::{
    driver::{
        boxed,
        environment::{environment_setters, Environment},
        Shared,
    },
    error::{Code, Error},
    json::Members,
    platform::{BoxFuture, MaybeSend, MaybeSync},
};

/// How a client shows who it is (ARCP 1.1 §6.1).
#[derive(Clone, Debug)]
pub struct Auth {
    scheme: String,
    token: Option<Token>,
}

impl Auth {
    /// A bearer token: a text, or where tokens come from.
    pub fn bearer(token: impl Into<Token>) -> Self {
        Self { scheme: "bearer".to_owned(), token: Some(token.into()) }
    }

    /// Nothing is shown.
    pub fn none() -> Self {
        Self { scheme: "none".to_owned(), token: None }
    }

    /// A scheme of a runtime's own, `x-vendor.<vendor>.<scheme>`; its credential may be any text without control characters.
    pub fn vendor(scheme: impl Into<String>, token: impl Into<Token>) -> Self {
        Self { scheme: scheme.into(), token: Some(token.into()) }
    }

    pub(super) fn source(self) -> Result<Option<Bearer>, Error> {
        if self.scheme == "none" && self.token.is_some() {
            return Err(wrong("auth", "has a token, and the scheme `none` has no place for one"));
        }
        let is_bearer = self.scheme == "bearer";
        self.token.map(|token| Bearer::new(token, is_bearer)).transpose()
    }
}

/// Whether, and how patiently, a connection that is lost is made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconnect {
    is_on: bool,
    max_delay: Duration,
    max_attempts: Option<u32>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self { is_on: true, max_delay: Duration::from_secs(30), max_attempts: None }
    }
}

impl Reconnect {
    /// For as long as it takes, after random pauses, up to a bound that doubles to 30 s.
    pub fn new() -> Self {
        Self::default()
    }

    /// Never: a session is over with its connection.
    pub fn never() -> Self {
        Self { is_on: false, ..Self::default() }
    }

    /// Pauses are no longer than this; up to an hour.
    #[must_use]
    pub const fn max_delay(mut self, longest: Duration) -> Self {
        self.max_delay = longest;
        self
    }

    /// It is tried so often in a row, counted from the last connection that held for 10 s, or of which something came.
    #[must_use]
    pub const fn max_attempts(mut self, most: u32) -> Self {
        self.max_attempts = Some(most);
        self
    }
}

type Heard = Box<dyn Heed>;
type Asked = Box<dyn Decide>;

/// Hears of a session's events.
pub(super) trait Heed: MaybeSend + MaybeSync {
    /// Hears one.
    fn hear(&self, event: &SessionEvent);
}

impl<F: Fn(&SessionEvent) + MaybeSend + MaybeSync> Heed for F {
    fn hear(&self, event: &SessionEvent) {
        self(event);
    }
}

/// Says whether a lost connection is made again.
pub(super) trait Decide: MaybeSend + MaybeSync {
    /// Says so of this end.
    fn may_retry(&self, end: &CloseFrame) -> bool;
}

impl<F: Fn(&CloseFrame) -> bool + MaybeSend + MaybeSync> Decide for F {
    fn may_retry(&self, end: &CloseFrame) -> bool {
        self(end)
    }
}

/// What a session is to be like: who asks, how that is shown, and bounds that have sensible defaults.
#[must_use]
pub struct ConnectOptions {
    client: (String, String),
    pub(super) auth: Auth,
    features: Option<Vec<String>>,
    handshake_timeout: Duration,
    request_timeout: Duration,
    max_result_bytes: usize,
    reconnect: Reconnect,
    pub(super) insecure_hosts: Vec<String>,
    pub(super) should_retry: Option<Shared<Asked>>,
    pub(super) on_event: Option<Shared<Heard>>,
    pub(super) sockets: Option<Shared<Box<dyn Connect>>>,
    pub(super) environment: Environment,
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions").field("client", &self.client).field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl ConnectOptions {
    /// Options of a client with this name and version, which the runtime is told.
    pub fn new(name: impl Into<String>, version: impl Into<String>, auth: Auth) -> Self {
        Self {
            client: (name.into(), version.into()),
            auth,
            features: None,
            handshake_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            max_result_bytes: 64 << 20,
            reconnect: Reconnect::default(),
            insecure_hosts: Vec::new(),
            should_retry: None,
            on_event: None,
            sockets: None,
            environment: Environment::default(),
        }
    }

    /// The features that are offered (ARCP 1.1 §6.2). Default: all that the protocol has.
    pub fn features(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.features = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// From the beginning of a connection to its welcome. Default: 10 s; up to 10 minutes.
    pub const fn handshake_timeout(mut self, longest: Duration) -> Self {
        self.handshake_timeout = longest;
        self
    }

    /// How long the answer to a request may take. Default: 30 s; up to an hour.
    pub const fn request_timeout(mut self, longest: Duration) -> Self {
        self.request_timeout = longest;
        self
    }

    /// The largest result that comes in chunks (ARCP 1.1 §8.4), in bytes. Default: 64 MiB; up to 1 GiB.
    pub const fn max_result_bytes(mut self, most: usize) -> Self {
        self.max_result_bytes = most;
        self
    }

    /// Whether, and how patiently, a connection that is lost is made again. Default: for as long as it takes.
    pub const fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.reconnect = reconnect;
        self
    }

    /// Asked when an open session loses its connection: `false` ends it.
    pub fn should_retry(mut self, decide: impl Fn(&CloseFrame) -> bool + MaybeSend + MaybeSync + 'static) -> Self {
        self.should_retry = Some(Shared::new(Box::new(decide)));
        self
    }

    /// Hears what happens to the session and its connections, from the first one on. It may use the client, and must not wait.
    pub fn on_event(mut self, hear: impl Fn(&SessionEvent) + MaybeSend + MaybeSync + 'static) -> Self {
        self.on_event = Some(Shared::new(Box::new(hear)));
        self
    }

    /// Hosts in a network of your own to which plain ws may go, such as "runtime:8080". Whoever is on that network reads the tokens.
    /// Default: none; this machine needs no mention.
    pub fn insecure_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.insecure_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the connections, in the place of the platform's WebSocket. Away from JavaScript there is none, and this is needed.
    pub fn sockets(mut self, connect: impl Connect) -> Self {
        self.sockets = Some(Shared::new(Box::new(connect)));
        self
    }

    environment_setters! {
        /// Runs the future that drives the session: `.spawn(tokio::spawn)`. Needed away from JavaScript, where nobody
        /// else runs it. A session whose driver is dropped is over.
    }

    /// The machine's options, as it reads them.
    pub(super) fn to_json(&self, can_renew: bool) -> Result<String, Error> {
        let (name, version) = &self.client;
        let within = |subject, value: Duration, most: u64, longest: &str| {
            let millis = u64::try_from(value.as_millis()).unwrap_or(u64::MAX);
            let is_sound = (1..=most).contains(&millis);
            is_sound.then_some(millis as i64).ok_or_else(|| wrong(subject, &format!("must be from 1 ms to {longest}")))
        };
        let reconnect = match &self.reconnect {
            Reconnect { is_on: false, .. } => "false".to_owned(),
            Reconnect { max_delay, max_attempts, .. } => {
                let longest = i64::try_from(max_delay.as_millis()).unwrap_or(i64::MAX);
                if longest > 3_600_000 {
                    return Err(wrong("max_delay", "must be an hour at most"));
                }
                let members = Members::new().integer("maxDelayMs", longest);
                match max_attempts {
                    Some(0) => {
                        return Err(wrong("max_attempts", "must be 1 at least: `Reconnect::never()` tries none"))
                    }
                    Some(most) => members.integer("maxAttempts", (*most).min(1_000_000_000).into()).end(),
                    None => members.end(),
                }
            }
        };
        if self.max_result_bytes > 1 << 30 {
            return Err(wrong("max_result_bytes", "must be 1 GiB at most"));
        }
        let mut members = Members::new()
            .raw("client", &Members::new().text("name", name).text("version", version).end())
            .text("scheme", &self.auth.scheme)
            .boolean("canRenew", can_renew)
            .integer("handshakeTimeoutMs", within("handshake_timeout", self.handshake_timeout, 600_000, "10 minutes")?)
            .integer("requestTimeoutMs", within("request_timeout", self.request_timeout, 3_600_000, "an hour")?)
            .integer("maxResultBytes", self.max_result_bytes as i64)
            .raw("reconnect", &reconnect);
        if let Some(features) = &self.features {
            members = members.texts("features", features.iter().map(String::as_str));
        }
        Ok(members.end())
    }
}

pub(super) fn wrong(subject: &'static str, problem: &str) -> Error {
    Error::new(Code::Config, format!("`{subject}` {problem}")).about(subject)
}

/// A future in a box, as a program that spawns gets it.
pub(super) fn work(driver: impl Future<Output = ()> + MaybeSend + 'static) -> BoxFuture<'static, ()> {
    boxed(driver)
}
