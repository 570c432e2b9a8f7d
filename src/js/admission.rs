//! The surface of what there may be at a time: sockets and requests, each by a number that the driver gives it.
//! `npm/arcp/gate/admission.ts` and `npm/worker/in-flight.ts` drive it.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::prelude::*;

use super::arc::object;
use crate::{
    admission::{self, address_key, BodyLimits, Handshakes, Limits, Place, Refused, BEAT},
    json::{Members, Number, Object, Value},
    time::Time,
};

/// The sockets of an isolate.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SocketAdmission(Rc<RefCell<Handshakes>>);

#[wasm_bindgen]
impl SocketAdmission {
    /// `limits` is JSON: `maxConnections`, `maxConnectionsPerAddress`, `maxConnectionsPerPrincipal`, `maxSilentConnections`,
    /// `failedHandshakesPerMinute`, `maxFramesPerSec`, `maxBytesPerSec`. `high` and `low` are random.
    #[wasm_bindgen(constructor)]
    pub fn new(limits: &str, high: u32, low: u32) -> Result<Self, JsValue> {
        let limits = object(limits)?;
        let count = |name| number(&limits, name).ceil() as usize;
        let limits = Limits {
            connections: count("maxConnections"),
            per_address: count("maxConnectionsPerAddress"),
            per_principal: count("maxConnectionsPerPrincipal"),
            silent: number(&limits, "maxSilentConnections") as usize,
            failed_per_minute: number(&limits, "failedHandshakesPerMinute"),
            frames_per_sec: number(&limits, "maxFramesPerSec"),
            bytes_per_sec: number(&limits, "maxBytesPerSec"),
        };
        Ok(Self(Rc::new(RefCell::new(Handshakes::new(limits, seed(high, low))))))
    }

    /// Nothing where there is a place for one more socket of an address (as `addressKey` gives it), else `{ status, reason,
    /// retryAfter }`.
    pub fn check(&self, address: Option<String>, now: f64) -> Option<String> {
        let full = self.0.borrow().check(address.as_deref(), Time::from_millis(now)).err()?;
        let members = Members::new().integer("status", full.status().into()).text("reason", full.reason());
        Some(members.integer("retryAfter", full.retry_after().into()).end())
    }

    /// A socket that there is a place for. Gives the one that goes for it.
    pub fn upgrade(&self, conn: u32, address: Option<String>) -> Option<u32> {
        self.0.borrow_mut().handle_upgrade(conn, address.as_deref())
    }

    /// Its hello was answered, or refused.
    pub fn hello(&self, conn: u32, is_refused: bool, now: f64) {
        self.0.borrow_mut().handle_hello(conn, is_refused, Time::from_millis(now));
    }

    /// It is a principal's. Gives why that has no place for it.
    pub fn principal(&self, conn: u32, key: &str, now: f64) -> Option<String> {
        let why = match self.0.borrow_mut().handle_principal(conn, key, Time::from_millis(now)) {
            Place::Taken => return None,
            Place::NoneLeft => "too_many_connections",
            Place::TooFast => "too_many_requests",
        };
        Some(why.to_owned())
    }

    /// Nothing of it is left.
    pub fn closed(&self, conn: u32) {
        self.0.borrow_mut().handle_closed(conn);
    }

    pub(super) fn shared(&self) -> Rc<RefCell<Handshakes>> {
        self.0.clone()
    }
}

/// An address as it is counted; nothing without one.
#[wasm_bindgen(js_name = addressKey)]
pub fn js_address_key(address: &str) -> Option<String> {
    address_key(address)
}

/// The requests of an isolate.
#[wasm_bindgen]
#[derive(Debug)]
pub struct InFlight(admission::InFlight);

#[wasm_bindgen]
impl InFlight {
    /// `limits` is JSON: `maxRequestsPerPrincipal`, `maxBodiesPerPrincipal`, `maxBodyBytesPerPrincipal`, `maxBodyBytesPerSec`. `high`
    /// and `low` are random.
    #[wasm_bindgen(constructor)]
    pub fn new(limits: &str, high: u32, low: u32) -> Result<Self, JsValue> {
        let limits = object(limits)?;
        let limits = BodyLimits {
            requests: number(&limits, "maxRequestsPerPrincipal").ceil() as usize,
            bodies: number(&limits, "maxBodiesPerPrincipal").ceil() as usize,
            bytes: number(&limits, "maxBodyBytesPerPrincipal"),
            bytes_per_sec: number(&limits, "maxBodyBytesPerSec"),
        };
        Ok(Self(admission::InFlight::new(limits, seed(high, low))))
    }

    /// How often a request says that it is there, in milliseconds.
    #[wasm_bindgen(getter, js_name = beatMs)]
    pub fn beat_ms(&self) -> f64 {
        BEAT.as_millis() as f64
    }

    /// A request whose body is still to come, so many bytes of `longest` that there may be. Gives why there is no place for it.
    pub fn begin(&mut self, id: u32, key: &str, announced: f64, longest: f64, now: f64) -> Option<String> {
        reason(self.0.begin(id, key, announced, longest, Time::from_millis(now)))
    }

    /// A piece of its body has come. Gives why it is too much.
    pub fn take(&mut self, id: u32, bytes: f64, now: f64) -> Option<String> {
        reason(self.0.take(id, bytes, Time::from_millis(now)))
    }

    /// Its body is whole. Gives the milliseconds until that is looked at.
    pub fn whole(&mut self, id: u32, now: f64) -> f64 {
        self.0.whole(id, Time::from_millis(now))
    }

    /// It is still there.
    pub fn beat(&mut self, id: u32, now: f64) {
        self.0.handle_beat(id, Time::from_millis(now));
    }

    /// It is over.
    pub fn end(&mut self, id: u32) {
        self.0.end(id);
    }
}

fn reason(result: Result<(), Refused>) -> Option<String> {
    result.err().map(|refused| refused.reason().to_owned())
}

// There is a place as long as there are fewer than the limit: of 1.5 there are two.
fn number(limits: &Object<'_>, name: &str) -> f64 {
    limits.get(name).and_then(Value::as_number).map_or(0.0, Number::as_f64)
}

fn seed(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
