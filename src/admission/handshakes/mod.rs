//! How many sockets there may be, and how many handshakes: from one address, of one principal, and in all.

use std::collections::HashMap;

use super::{
    bucket::{Bucket, Rate},
    silent::Silent,
    MAX_REMEMBERED,
};
use crate::{
    lru::{KeyHash, LruMap},
    time::{Span, Time},
};

/// Until then a socket is on its way to its hello.
pub const SILENT: Span = Span::from_millis(300);
/// All sessions of a principal together may say as much as so many of them that say all they may.
const SESSIONS: f64 = 5.0;
/// At once they may say as much as one session: so many seconds' worth of bytes. The isolate has one thread.
const BURST_SECONDS: f64 = 2.0;
/// Stands for all who come without an address, as they do where no proxy tells it.
const NO_ADDRESS: &str = "-";

/// What there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sockets in all.
    pub connections: usize,
    /// Sockets of one address.
    pub per_address: usize,
    /// Sockets of one principal.
    pub per_principal: usize,
    /// Sockets that have been silent for a while.
    pub silent: usize,
    /// Handshakes of one address that failed, in a minute.
    pub failed_per_minute: f64,
    /// What one session may say a second.
    pub frames_per_sec: f64,
    /// The same, in bytes.
    pub bytes_per_sec: f64,
}

/// Why there is no place for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The address has failed too often, or has too many sockets that nobody has shown themselves on.
    Requests,
    /// The address has as many sockets as it may.
    Address,
    /// There are as many sockets as there may be.
    Connections,
}

impl Full {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Requests | Self::Address => 429,
            Self::Connections => 503,
        }
    }

    /// A stable name for the answer and the audit log.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Requests => "too_many_requests",
            Self::Address | Self::Connections => "too_many_connections",
        }
    }

    /// After how many seconds another try makes sense.
    pub const fn retry_after(self) -> u16 {
        match self {
            Self::Requests => 60,
            Self::Address | Self::Connections => 5,
        }
    }
}

/// The sockets of an isolate, by the number that the driver gives each.
#[derive(Debug)]
pub struct Handshakes {
    limits: Limits,
    failed: LruMap<Bucket>,
    rates: LruMap<Rate>,
    silent: Silent,
    conns: HashMap<u32, Conn, KeyHash>,
    addresses: Counts,
    waiting: Counts,
    principals: Counts,
}

/// What a socket counts as.
#[derive(Debug, Default)]
struct Conn {
    address: Option<Box<str>>,
    principal: Option<Box<str>>,
    /// Nobody has shown yet who they are.
    is_waiting: bool,
    /// It has a place of its principal's.
    is_admitted: bool,
}

impl Conn {
    fn waits_as(&self) -> &str {
        self.address.as_deref().unwrap_or(NO_ADDRESS)
    }
}

impl Handshakes {
    /// `seed` is random.
    pub fn new(limits: Limits, seed: u64) -> Self {
        let counts = || Counts(HashMap::with_hasher(KeyHash(seed)));
        Self {
            failed: LruMap::new(MAX_REMEMBERED, seed),
            rates: LruMap::new(MAX_REMEMBERED, seed),
            silent: Silent::new(limits.silent),
            conns: HashMap::with_hasher(KeyHash(seed)),
            addresses: counts(),
            waiting: counts(),
            principals: counts(),
            limits,
        }
    }

    /// Whether there is a place for one more socket of this address (see [`super::address_key`]).
    ///
    /// # Errors
    /// Why there is none.
    pub fn check(&self, address: Option<&str>, now: Time) -> Result<(), Full> {
        if address.is_some_and(|address| self.has_failed(address, now)) {
            return Err(Full::Requests);
        }
        // Without an address nobody is counted: all would pay for one.
        if address.is_some_and(|address| self.addresses.of(address) >= self.limits.per_address) {
            return Err(Full::Address);
        }
        if self.conns.len() >= self.limits.connections {
            return Err(Full::Connections);
        }
        // Without one everybody shares a key, and who has something to say must not be kept out by those who haven't.
        let can_make_room = address.is_none() && self.silent.first(NO_ADDRESS).is_some();
        match self.is_crowded(address) && !can_make_room {
            true => Err(Full::Requests),
            false => Ok(()),
        }
    }

    /// A socket that [`Self::check`] has a place for. Gives the one that goes for it.
    pub fn handle_upgrade(&mut self, conn: u32, address: Option<&str>) -> Option<u32> {
        let gone = self.is_crowded(address).then(|| self.silent.first(NO_ADDRESS)).flatten();
        if let Some(gone) = gone {
            self.handle_closed(gone);
        }
        let new = Conn { address: address.map(Into::into), is_waiting: true, ..Conn::default() };
        self.waiting.add(new.waits_as());
        self.silent.begin(conn, new.waits_as());
        if let Some(address) = address {
            self.addresses.add(address);
        }
        self.conns.insert(conn, new);
        gone
    }

    /// It has said something.
    pub fn handle_heard(&mut self, conn: u32) {
        self.silent.end(conn);
    }

    /// It has said nothing for [`SILENT`]. Gives the one that goes because there are too many of that kind.
    pub fn handle_silence(&mut self, conn: u32) -> Option<u32> {
        let gone = self.silent.age(conn)?;
        self.handle_closed(gone);
        Some(gone)
    }

    /// Its hello was answered, or refused.
    pub fn handle_hello(&mut self, conn: u32, is_refused: bool, now: Time) {
        let Some(own) = self.conns.get_mut(&conn) else { return };
        if std::mem::take(&mut own.is_waiting) {
            self.waiting.remove(own.waits_as());
        }
        if let (true, Some(address)) = (is_refused, own.address.as_deref()) {
            let (most, per_sec) = (self.limits.failed_per_minute, self.limits.failed_per_minute / 60.0);
            let mut bucket = self.failed.get(address).copied().unwrap_or_else(|| Bucket::new(now));
            bucket.set((bucket.level(per_sec, now) + 1.0).min(most), now);
            self.failed.insert(address, bucket);
        }
    }

    /// It is a principal's. Whether the principal has a place for it.
    #[must_use]
    pub fn handle_principal(&mut self, conn: u32, key: &str) -> bool {
        let Some(own) = self.conns.get_mut(&conn) else { return true };
        own.principal = Some(key.into());
        own.is_admitted = self.principals.of(key) < self.limits.per_principal;
        if own.is_admitted {
            self.principals.add(key);
        }
        own.is_admitted
    }

    /// How many sockets a principal may have.
    pub const fn per_principal(&self) -> usize {
        self.limits.per_principal
    }

    /// Counts a frame of so many bytes; whether what all sessions of its principal say together is within their rate. Who that is
    /// isn't known before the hello.
    #[must_use]
    pub fn is_within_rate(&mut self, conn: u32, bytes: usize, weigh: impl FnOnce() -> usize, now: Time) -> bool {
        let Some(key) = self.conns.get(&conn).and_then(|own| own.principal.as_deref()) else { return true };
        let Limits { frames_per_sec, bytes_per_sec, .. } = self.limits;
        let new = || Rate::new(frames_per_sec * SESSIONS, bytes_per_sec * SESSIONS, bytes_per_sec * BURST_SECONDS, now);
        let mut rate = self.rates.get(key).copied().unwrap_or_else(new);
        let is_within = rate.takes(bytes, weigh, now);
        self.rates.insert(key, rate);
        is_within
    }

    /// Nothing of it is left, or its place is another's; twice does no harm.
    pub fn handle_closed(&mut self, conn: u32) {
        self.silent.end(conn);
        let Some(own) = self.conns.remove(&conn) else { return };
        if own.is_waiting {
            self.waiting.remove(own.waits_as());
        }
        if let Some(address) = own.address.as_deref() {
            self.addresses.remove(address);
        }
        if let (true, Some(key)) = (own.is_admitted, own.principal.as_deref()) {
            self.principals.remove(key);
        }
    }

    fn has_failed(&self, address: &str, now: Time) -> bool {
        let most = self.limits.failed_per_minute;
        self.failed.get(address).is_some_and(|bucket| bucket.level(most / 60.0, now) > most - 1.0)
    }

    // One address has a share of all places for those who have not shown yet who they are: else whoever opens sockets and says
    // nothing keeps everybody out.
    fn is_crowded(&self, address: Option<&str>) -> bool {
        self.waiting.of(address.unwrap_or(NO_ADDRESS)) >= self.limits.connections.div_ceil(4)
    }
}

/// How many there are of each key. There is no more to it than there are sockets.
#[derive(Debug)]
struct Counts(HashMap<Box<str>, usize, KeyHash>);

impl Counts {
    fn of(&self, key: &str) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }

    fn add(&mut self, key: &str) {
        *self.0.entry(key.into()).or_default() += 1;
    }

    fn remove(&mut self, key: &str) {
        match self.0.get_mut(key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.0.remove(key)),
        }
    }
}

#[cfg(test)]
mod tests;
