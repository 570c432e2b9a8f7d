//! How many sockets there may be, and how many handshakes: from one address, of one principal, and in all.

mod counts;
mod place;

use std::collections::HashMap;

use counts::Counts;
pub use place::{Full, Place};

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
/// Each connection costs as much as so many frames: it is verified, and opens one upstream.
const CONNECTION: f64 = 20.0;
/// However few frames there may be, so many may come at once.
const BURST_CONNECTIONS: f64 = 500.0;
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

/// The sockets of an isolate, by the number that the driver gives each.
#[derive(Debug)]
pub struct Handshakes {
    limits: Limits,
    failed: LruMap<Bucket>,
    rates: LruMap<Rate>,
    silent: Silent,
    conns: HashMap<u32, Conn, KeyHash>,
    /// How many of them are on their way out.
    leaving: usize,
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
    /// Its place is another's, and it is told so in a later turn: until then it may say something.
    is_leaving: bool,
}

impl Conn {
    fn waits_as(&self) -> &str {
        self.address.as_deref().unwrap_or(NO_ADDRESS)
    }
}

impl Handshakes {
    /// `seed` is random.
    pub fn new(limits: Limits, seed: u64) -> Self {
        let counts = || Counts::new(seed);
        Self {
            failed: LruMap::new(MAX_REMEMBERED, seed),
            rates: LruMap::new(MAX_REMEMBERED, seed),
            silent: Silent::new(limits.silent),
            conns: HashMap::with_hasher(KeyHash(seed)),
            leaving: 0,
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
        if self.has_none_left() {
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
            self.give_away(gone);
        }
        let new = Conn { address: address.map(Into::into), is_waiting: true, ..Conn::default() };
        self.silent.begin(conn, new.waits_as());
        self.count(&new);
        self.conns.insert(conn, new);
        gone
    }

    /// It has said something. Whether it has a place: where its own was given away in the same moment, there may be no other one.
    #[must_use]
    pub fn handle_heard(&mut self, conn: u32) -> bool {
        self.silent.end(conn);
        let Some(own) = self.conns.get(&conn).filter(|own| own.is_leaving) else { return true };
        let per_address = self.limits.per_address;
        let is_full = own.address.as_deref().is_some_and(|address| self.addresses.of(address) >= per_address);
        if is_full || self.has_none_left() {
            return false;
        }
        let Some(own) = self.conns.remove(&conn) else { return true };
        self.leaving -= 1;
        self.count(&own);
        self.conns.insert(conn, Conn { is_leaving: false, ..own });
        true
    }

    /// It has said nothing for [`SILENT`]. Gives the one that goes because there are too many of that kind.
    pub fn handle_silence(&mut self, conn: u32) -> Option<u32> {
        let gone = self.silent.age(conn)?;
        self.give_away(gone);
        Some(gone)
    }

    /// Its hello was answered, or refused.
    pub fn handle_hello(&mut self, conn: u32, is_refused: bool, now: Time) {
        let Some(own) = self.conns.get_mut(&conn).filter(|own| !own.is_leaving) else { return };
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
    pub fn handle_principal(&mut self, conn: u32, key: &str, now: Time) -> Place {
        if !self.conns.contains_key(&conn) {
            return Place::Taken;
        }
        let most = |rate: &Rate| CONNECTION.min(rate.burst_frames() / BURST_CONNECTIONS);
        let is_within = self.counts(key, now, |rate| rate.takes_as(most(rate), now));
        let Some(own) = self.conns.get_mut(&conn) else { return Place::Taken };
        own.principal = Some(key.into());
        if !is_within {
            return Place::TooFast;
        }
        own.is_admitted = self.principals.of(key) < self.limits.per_principal;
        if !own.is_admitted {
            return Place::NoneLeft;
        }
        self.principals.add(key);
        Place::Taken
    }

    /// How many sockets a principal may have.
    pub const fn per_principal(&self) -> usize {
        self.limits.per_principal
    }

    /// Counts a frame of so many bytes; whether what all sessions of its principal say together is within their rate. Who that is
    /// isn't known before the hello.
    #[must_use]
    pub fn is_within_rate(&mut self, conn: u32, bytes: usize, weigh: impl FnOnce() -> usize, now: Time) -> bool {
        let Some(key) = self.conns.get(&conn).and_then(|own| own.principal.clone()) else { return true };
        self.counts(&key, now, |rate| rate.takes(bytes, weigh, now))
    }

    // A principal's rate is there as long as it is one of the last that were heard of, whatever becomes of its sockets.
    fn counts(&mut self, key: &str, now: Time, count: impl FnOnce(&mut Rate) -> bool) -> bool {
        let Limits { frames_per_sec, bytes_per_sec, .. } = self.limits;
        let new = || Rate::new(frames_per_sec * SESSIONS, bytes_per_sec * SESSIONS, bytes_per_sec * BURST_SECONDS, now);
        let mut rate = self.rates.get(key).copied().unwrap_or_else(new);
        let is_within = count(&mut rate);
        self.rates.insert(key, rate);
        is_within
    }

    /// Nothing of it is left; twice does no harm.
    pub fn handle_closed(&mut self, conn: u32) {
        self.silent.end(conn);
        let Some(own) = self.conns.remove(&conn) else { return };
        match own.is_leaving {
            true => self.leaving -= 1,
            false => self.uncount(&own),
        }
    }

    // Its place is free at once, and it is remembered until it is closed.
    fn give_away(&mut self, conn: u32) {
        self.silent.end(conn);
        let Some(own) = self.conns.remove(&conn) else { return };
        self.uncount(&own);
        self.leaving += 1;
        self.conns.insert(conn, Conn { is_leaving: true, ..own });
    }

    fn count(&mut self, own: &Conn) {
        if own.is_waiting {
            self.waiting.add(own.waits_as());
        }
        if let Some(address) = own.address.as_deref() {
            self.addresses.add(address);
        }
    }

    fn uncount(&mut self, own: &Conn) {
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

    fn has_none_left(&self) -> bool {
        self.conns.len() - self.leaving >= self.limits.connections
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

#[cfg(test)]
mod tests;
