//! How many sockets there may be, and how many handshakes: from one address, of one principal, and in all.

use std::collections::HashMap;

use super::{bucket::Bucket, rate::Rate, silent::Silent, MAX_REMEMBERED};
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
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        connections: 8,
        per_address: 3,
        per_principal: 2,
        silent: 8,
        failed_per_minute: 3.0,
        frames_per_sec: 2.0,
        bytes_per_sec: 200.0,
    };

    fn at(millis: i64) -> Time {
        Time::EPOCH.plus(Span::from_millis(millis))
    }

    fn new(limits: Limits) -> Handshakes {
        Handshakes::new(limits, 1)
    }

    /// A socket whose hello was answered.
    fn open(all: &mut Handshakes, conn: u32, address: Option<&str>) {
        assert_eq!(all.handle_upgrade(conn, address), None);
        all.handle_heard(conn);
        all.handle_hello(conn, false, at(0));
    }

    #[test]
    fn an_address_that_fails_waits_until_a_minute_has_emptied_its_bucket() {
        let mut all = new(LIMITS);
        let mut fail = |conn, now| {
            let answer = all.check(Some("a"), at(now));
            all.handle_upgrade(conn, Some("a"));
            all.handle_hello(conn, true, at(now));
            all.handle_closed(conn);
            answer
        };
        for n in 0..3 {
            assert_eq!(fail(n, i64::from(n)), Ok(()));
        }
        for (now, expected) in [(10, Err(Full::Requests)), (19_000, Err(Full::Requests)), (21_000, Ok(()))] {
            assert_eq!(all.check(Some("a"), at(now)), expected, "{now}");
        }
        assert_eq!(all.check(Some("b"), at(10)), Ok(()), "another's is empty");
        all.handle_upgrade(9, None);
        for _ in 0..9 {
            all.handle_hello(9, true, at(10));
        }
        assert_eq!(all.check(None, at(10)), Ok(()), "nobody pays for those without an address");
    }

    #[test]
    fn a_bucket_holds_no_more_than_a_minutes_worth_and_a_clock_set_back_empties_none() {
        let mut all = new(LIMITS);
        all.handle_upgrade(1, Some("a"));
        for _ in 0..100 {
            all.handle_hello(1, true, at(60_000));
        }
        all.handle_closed(1);
        assert_eq!(all.check(Some("a"), at(0)), Err(Full::Requests));
        assert_eq!(all.check(Some("a"), at(79_999)), Err(Full::Requests));
        assert_eq!(all.check(Some("a"), at(80_000)), Ok(()));
    }

    #[test]
    fn the_oldest_addresses_are_forgotten() {
        let mut all = new(Limits { failed_per_minute: 1.0, ..LIMITS });
        for n in 0..20_000 {
            let address = format!("a{n}");
            all.handle_upgrade(n, Some(&address));
            all.handle_hello(n, true, at(0));
            all.handle_closed(n);
        }
        assert_eq!((all.check(Some("a0"), at(0)), all.check(Some("a19999"), at(0))), (Ok(()), Err(Full::Requests)));
    }

    #[test]
    fn an_address_has_its_places_and_all_have_theirs() {
        let mut all = new(LIMITS);
        for conn in 0..3 {
            open(&mut all, conn, Some("a"));
        }
        assert_eq!(all.check(Some("a"), at(0)), Err(Full::Address));
        for conn in 3..8 {
            assert_eq!(all.check(None, at(0)), Ok(()));
            open(&mut all, conn, None);
        }
        assert_eq!(all.check(None, at(0)), Err(Full::Connections));
        assert_eq!(all.check(Some("b"), at(0)), Err(Full::Connections));
        all.handle_closed(0);
        all.handle_closed(0);
        assert_eq!(all.check(Some("a"), at(0)), Ok(()), "an end counts once");
        open(&mut all, 9, Some("a"));
        assert_eq!(all.check(Some("a"), at(0)), Err(Full::Address));
    }

    #[test]
    fn an_address_has_a_quarter_of_the_places_to_wait_in() {
        let mut all = new(LIMITS);
        all.handle_upgrade(1, Some("a"));
        all.handle_upgrade(2, Some("a"));
        assert_eq!((all.check(Some("a"), at(0)), all.check(Some("b"), at(0))), (Err(Full::Requests), Ok(())));
        all.handle_hello(1, false, at(0));
        all.handle_hello(1, false, at(0));
        assert_eq!(all.check(Some("a"), at(0)), Ok(()));
        all.handle_upgrade(3, Some("b"));
        all.handle_closed(2);
        assert_eq!(all.waiting.of("a"), 0);
    }

    #[test]
    fn without_an_address_the_silent_give_way() {
        let mut all = new(LIMITS);
        all.handle_upgrade(1, None);
        all.handle_upgrade(2, None);
        assert_eq!(all.check(None, at(0)), Ok(()), "one of them can go");
        all.handle_heard(1);
        assert_eq!(all.check(None, at(0)), Ok(()));
        assert_eq!(all.handle_upgrade(3, None), Some(2));
        all.handle_heard(3);
        assert_eq!(all.check(None, at(0)), Err(Full::Requests), "nobody is silent");
        all.handle_closed(2);
        assert_eq!(all.conns.len(), 2);
    }

    #[test]
    fn who_goes_for_another_leaves_its_places_at_once() {
        let mut all = new(Limits { silent: 1, ..LIMITS });
        all.handle_upgrade(1, Some("a"));
        all.handle_upgrade(2, Some("b"));
        assert_eq!((all.handle_silence(1), all.handle_silence(2)), (None, Some(1)));
        assert_eq!((all.addresses.of("a"), all.waiting.of("a"), all.conns.len()), (0, 0, 1));
        assert_eq!(all.handle_silence(1), None, "it is gone");
    }

    #[test]
    fn a_principal_has_its_places() {
        let mut all = new(LIMITS);
        for conn in 1..=3 {
            open(&mut all, conn, None);
        }
        assert!(all.handle_principal(1, "p") && all.handle_principal(2, "p"));
        assert!(!all.handle_principal(3, "p"));
        all.handle_closed(3);
        assert_eq!(all.principals.of("p"), 2, "it never had a place");
        all.handle_closed(1);
        open(&mut all, 4, None);
        assert!(all.handle_principal(4, "p") && all.handle_principal(99, "p"), "one that is gone needs none");
        assert_eq!((all.principals.of("p"), all.per_principal()), (2, 2));
    }

    #[test]
    fn what_a_principals_sessions_say_together_leaks_with_time() {
        let mut all = new(LIMITS);
        let says = |all: &mut Handshakes, conn, bytes, now| all.is_within_rate(conn, bytes, || bytes, at(now));
        for conn in 1..=3 {
            open(&mut all, conn, None);
        }
        assert!((0..1000).all(|_| says(&mut all, 1, 1, 0)), "nobody is known before the hello");
        for (conn, key) in [(1, "a"), (2, "a"), (3, "b")] {
            assert!(all.handle_principal(conn, key));
        }
        assert!((0..100).all(|n| says(&mut all, 1 + n % 2, 1, 0)));
        assert!(!says(&mut all, 1, 1, 0) && says(&mut all, 3, 1, 0), "another's is empty");
        assert!(says(&mut all, 2, 1, 1000));
        assert!(!says(&mut all, 3, 400, 0) && says(&mut all, 3, 0, 1000));
    }

    #[test]
    fn answers_say_when_to_come_again() {
        let all = [Full::Requests, Full::Address, Full::Connections];
        let told = all.map(|full| (full.status(), full.reason(), full.retry_after()));
        assert_eq!(
            told,
            [(429, "too_many_requests", 60), (429, "too_many_connections", 5), (503, "too_many_connections", 5)]
        );
    }
}
