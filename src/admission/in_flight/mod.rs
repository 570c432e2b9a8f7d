//! What one principal may have under way at a time: requests, bodies that are still coming, and bytes of bodies; and how fast its
//! bodies may come. A body is read, checked and answered by everybody's one thread.

use std::collections::HashMap;

use super::{bucket::Bucket, MAX_REMEMBERED};
use crate::{
    lru::{KeyHash, LruMap},
    time::{Span, Time},
};

/// Whoever has not been heard of for so long is gone: a platform may end a request without a word.
const GONE: Span = Span::from_millis(15_000);
/// So many of those that are taken for gone are remembered: what comes of them all the same is counted.
const MAX_GONE: usize = 1000;
/// How often a request says that it is there.
pub const BEAT: Span = Span::from_millis(5_000);
/// So many seconds' worth of bytes may come at once.
const BURST_SECONDS: f64 = 4.0;
/// A piece costs its bytes, and to be read at all as much as these: a body may come a byte at a time.
const PIECE_BYTES: f64 = 256.0;
/// The bytes that are checked in a millisecond, several times over: in between it is the others' turn.
const CHECKED_PER_MS: f64 = 16_000.0;

/// What a principal may have.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Requests under way.
    pub requests: usize,
    /// Bodies that are still coming.
    pub bodies: usize,
    /// Bytes of bodies.
    pub bytes: f64,
    /// Bytes of bodies a second.
    pub bytes_per_sec: f64,
}

/// Why a request, or more of its body, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Too many requests under way.
    Requests,
    /// Too many bodies that are still coming.
    Bodies,
    /// Too many bytes of bodies.
    Bytes,
    /// Bodies come too fast.
    Speed,
}

impl Refused {
    /// A stable name for the audit log.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Requests => "too_many_requests",
            Self::Bodies => "too_many_bodies",
            Self::Bytes => "too_many_body_bytes",
            Self::Speed => "bodies_too_fast",
        }
    }
}

/// The requests under way, by the number that the driver gives each.
#[derive(Debug)]
pub struct InFlight {
    limits: BodyLimits,
    principals: HashMap<Box<str>, Vec<u32>, KeyHash>,
    requests: HashMap<u32, Request, KeyHash>,
    /// Taken for gone: they have no place any more, and pay for what they bring.
    gone: LruMap<Request>,
    paces: LruMap<Pace>,
}

#[derive(Debug)]
struct Request {
    key: Box<str>,
    seen_at: Time,
    is_coming: bool,
    bytes: f64,
    /// Bytes that were paid for when they were announced, and have not come.
    paid: f64,
    /// How long a body may be.
    longest: f64,
}

impl InFlight {
    /// `seed` is random.
    pub fn new(limits: BodyLimits, seed: u64) -> Self {
        Self {
            limits,
            principals: HashMap::with_hasher(KeyHash(seed)),
            requests: HashMap::with_hasher(KeyHash(seed)),
            gone: LruMap::new(MAX_GONE, seed),
            paces: LruMap::new(MAX_REMEMBERED, seed),
        }
    }

    /// A request of a principal whose body is still to come, `announced` bytes of `longest` that there may be.
    ///
    /// # Errors
    /// Why there is no place for it.
    pub fn begin(&mut self, id: u32, key: &str, announced: f64, longest: f64, now: Time) -> Result<(), Refused> {
        self.forget_gone(key, now);
        let own = || self.principals.get(key).into_iter().flatten().filter_map(|id| self.requests.get(id));
        if own().count() >= self.limits.requests {
            return Err(Refused::Requests);
        }
        if own().filter(|request| request.is_coming).count() >= self.limits.bodies {
            return Err(Refused::Bodies);
        }
        // Nothing of such a body is read.
        if self.bytes_of(key) + announced > self.limits.bytes {
            return Err(Refused::Bytes);
        }
        self.pay(key, announced, longest, now)?;
        self.principals.entry(key.into()).or_default().push(id);
        let request = Request { key: key.into(), seen_at: now, is_coming: true, bytes: 0.0, paid: announced, longest };
        self.requests.insert(id, request);
        Ok(())
    }

    /// A piece of its body has come.
    ///
    /// # Errors
    /// Why it is too much beside the others'.
    pub fn take(&mut self, id: u32, bytes: f64, now: Time) -> Result<(), Refused> {
        let Some(request) = self.known(id) else { return Ok(()) };
        request.seen_at = now;
        request.bytes += bytes;
        let unpaid = (bytes - request.paid).max(0.0);
        let (key, longest) = (request.key.clone(), request.longest);
        self.forget_gone(&key, now);
        if self.bytes_of(&key) > self.limits.bytes {
            return Err(Refused::Bytes);
        }
        if let Some(request) = self.known(id) {
            request.paid -= bytes - unpaid;
        }
        self.pay(&key, unpaid, longest, now)
    }

    /// Its body is whole. Gives the milliseconds until it is this principal's to have it looked at; its next one waits for this one.
    pub fn whole(&mut self, id: u32, now: Time) -> f64 {
        let Some(request) = self.known(id) else { return 0.0 };
        request.is_coming = false;
        let (key, bytes) = (request.key.clone(), request.bytes);
        let now_ms = now.as_millis() as f64;
        // Of a principal that was forgotten meanwhile nobody knows a body before this one.
        let Some(pace) = self.paces.get_mut(&key) else { return 0.0 };
        let begins = pace.free_at.max(now_ms);
        pace.free_at = begins + bytes / CHECKED_PER_MS;
        begins - now_ms
    }

    /// It is still there.
    pub fn handle_beat(&mut self, id: u32, now: Time) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.seen_at = now;
        }
    }

    /// It is over; twice does no harm.
    pub fn end(&mut self, id: u32) {
        self.remove(id);
    }

    /// A request that has a place, or is taken for gone.
    fn known(&mut self, id: u32) -> Option<&mut Request> {
        match self.requests.get_mut(&id) {
            Some(request) => Some(request),
            None => self.gone.get_mut(&id.to_string()),
        }
    }

    fn remove(&mut self, id: u32) -> Option<Request> {
        let request = self.requests.remove(&id)?;
        if let Some(all) = self.principals.get_mut(&request.key) {
            all.retain(|other| *other != id);
            // Of who has nothing under way nothing stays: keys are as many as whoever is refused has.
            if all.is_empty() {
                self.principals.remove(&request.key);
            }
        }
        Some(request)
    }

    fn forget_gone(&mut self, key: &str, now: Time) {
        let gone = |id: &u32| self.requests.get(id).is_none_or(|request| now.since(request.seen_at) > GONE);
        let all = self.principals.get(key).into_iter().flatten().copied();
        for id in all.filter(gone).collect::<Vec<_>>() {
            if let Some(request) = self.remove(id) {
                self.gone.insert(&id.to_string(), request);
            }
        }
    }

    fn bytes_of(&self, key: &str) -> f64 {
        let own = self.principals.get(key).into_iter().flatten().filter_map(|id| self.requests.get(id));
        own.map(|request| request.bytes).sum()
    }

    /// Counts a piece, or a whole body that is announced. Two as long as bodies may be always fit. What is refused is not counted:
    /// else nobody who tries again gets in.
    fn pay(&mut self, key: &str, bytes: f64, longest: f64, now: Time) -> Result<(), Refused> {
        let per_sec = self.limits.bytes_per_sec;
        let mut pace = self.paces.get(key).copied().unwrap_or_else(|| Pace::new(now));
        let level = pace.bucket.leak(per_sec, now) + bytes + PIECE_BYTES;
        if level > (per_sec * BURST_SECONDS).max(longest * 2.0) {
            if let Some(known) = self.paces.get_mut(key) {
                *known = pace;
            }
            return Err(Refused::Speed);
        }
        pace.bucket.set(level, now);
        self.paces.insert(key, pace);
        Ok(())
    }
}

/// How fast a principal's bodies come, and when the next one has its turn, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Pace {
    bucket: Bucket,
    free_at: f64,
}

impl Pace {
    const fn new(now: Time) -> Self {
        Self { bucket: Bucket::new(now), free_at: 0.0 }
    }
}

#[cfg(test)]
mod tests;
