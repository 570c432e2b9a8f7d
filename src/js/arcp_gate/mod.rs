//! The surface of the ARCP gate: one object for each client's socket. `npm/arcp/gate/gate.ts` drives it.
//!
//! Each frame is one call that takes the text and gives a boolean; what else is to be done crosses as JSON.

use crate::machine::Machine as _;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::prelude::*;

use self::endpoint::ArcpEndpointCore;
use super::{admission::SocketAdmission, error::thrown, room::Room};
use crate::{
    admission::{Handshakes, SILENT},
    arcp::{
        gate::{self, Flow, Gate, UpstreamTrust},
        skim,
    },
    auth::custom::principal_from_json,
    json,
    time::{Span, Time},
};

mod encode;
mod endpoint;

/// The gate of one socket.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ArcpGateCore {
    gate: Gate,
    counted: Counted,
    room: Rc<Room>,
}

/// Where all frames of a principal's sessions are counted, and this socket's number there.
#[derive(Debug)]
struct Counted {
    sockets: Rc<RefCell<Handshakes>>,
    conn: u32,
    /// It has said nothing yet.
    is_silent: bool,
    /// Until it has said something, or been silent for a while: when that is.
    silent_at: Option<Time>,
}

/// Frames that are no longer have few values, and are not weighed.
const UNWEIGHED: usize = 4096;

#[wasm_bindgen]
impl ArcpGateCore {
    /// A gate for a socket that was accepted now, which has this number among all; `high` and `low` are random.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::too_many_arguments, reason = "numbers cross, objects don't")]
    pub fn new(
        endpoint: &ArcpEndpointCore,
        sockets: &SocketAdmission,
        conn: u32,
        trusted: bool,
        reports_buffered: bool,
        high: u32,
        low: u32,
        now: f64,
    ) -> ArcpGateCore {
        let now = Time::from_millis(now);
        let seed = u64::from(high) << 32 | u64::from(low);
        let counted = Counted { sockets: sockets.shared(), conn, is_silent: true, silent_at: Some(now.plus(SILENT)) };
        let gate = Gate::new(Rc::clone(&endpoint.config), UpstreamTrust::of(trusted), reports_buffered, seed, now);
        Self { gate, counted, room: Rc::clone(&endpoint.room) }
    }

    /// What to do now: a JSON list; `undefined` when there is nothing.
    #[wasm_bindgen(js_name = drainActions)]
    pub fn drain_actions(&mut self) -> Option<String> {
        let actions = self.gate.drain_actions();
        (!actions.is_empty()).then(|| json::list(actions.iter().map(encode::action)))
    }

    /// When `handleTimeout` is worth calling, in milliseconds.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Option<f64> {
        let deadlines = self.gate.poll_timeout().into_iter().chain(self.counted.silent_at);
        deadlines.min().map(|time| time.as_millis() as f64)
    }

    /// Time has passed. Gives the number of the socket whose place is another's since: too many say nothing.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) -> Option<u32> {
        let now = Time::from_millis(now);
        let gone = self.counted.grew_silent(now);
        self.gate.handle_timeout(now);
        gone
    }

    /// The longest frame of the client that is handed in, in bytes.
    #[wasm_bindgen(js_name = clientLimit)]
    pub fn client_limit(&self) -> u32 {
        self.gate.client_limit() as u32
    }

    /// The longest frame from upstream that is handed in, in bytes.
    #[wasm_bindgen(js_name = upstreamLimit)]
    pub fn upstream_limit(&self) -> u32 {
        self.gate.upstream_limit() as u32
    }

    /// A text frame of the client, of so many bytes in the endpoint's room: whether it is sent on as it is.
    #[wasm_bindgen(js_name = handleClientFrame)]
    pub fn handle_client_frame(&mut self, length: u32, now: f64) -> bool {
        let room = Rc::clone(&self.room);
        let is_forwarded = room.text(length).is_some_and(|text| self.handle_long_client_frame(&text, now));
        is_forwarded
    }

    /// A text frame from upstream, of so many bytes in the endpoint's room: whether it is sent on as it is.
    #[wasm_bindgen(js_name = handleUpstreamFrame)]
    pub fn handle_upstream_frame(&mut self, length: u32, now: f64) -> bool {
        let room = Rc::clone(&self.room);
        let is_forwarded = room.text(length).is_some_and(|text| self.handle_long_upstream_frame(&text, now));
        is_forwarded
    }

    /// A text frame of the client that the room is too small for.
    #[wasm_bindgen(js_name = handleLongClientFrame)]
    pub fn handle_long_client_frame(&mut self, text: &str, now: f64) -> bool {
        let now = Time::from_millis(now);
        let is_weighed = (UNWEIGHED + 1..=self.gate.client_limit()).contains(&text.len());
        // Before it is read: its bytes, and eight for each value, which cost as much.
        let weigh = || if is_weighed { text.len() + 8 * skim::values(text) } else { text.len() };
        self.counts(text.len(), weigh, now) && self.gate.handle_client_frame(text, now) == Flow::Forward
    }

    /// A binary frame of the client, of this size.
    #[wasm_bindgen(js_name = handleClientBinary)]
    pub fn handle_client_binary(&mut self, size: u32, now: f64) {
        let now = Time::from_millis(now);
        if self.counts(size as usize, || size as usize, now) {
            self.gate.handle_client_binary(now);
        }
    }

    /// A text frame from upstream that the room is too small for.
    #[wasm_bindgen(js_name = handleLongUpstreamFrame)]
    pub fn handle_long_upstream_frame(&mut self, text: &str, now: f64) -> bool {
        self.gate.handle_upstream_frame(text, Time::from_millis(now)) == Flow::Forward
    }

    /// A frame of the client over its limit, of this size at least.
    #[wasm_bindgen(js_name = handleClientOversized)]
    pub fn handle_client_oversized(&mut self, size: u32, now: f64) {
        let now = Time::from_millis(now);
        if self.counts(size as usize, || size as usize, now) {
            self.gate.handle_client_oversized(size as usize, now);
        }
    }

    /// A frame from upstream over its limit: how it begins, and its size at least.
    #[wasm_bindgen(js_name = handleUpstreamOversized)]
    pub fn handle_upstream_oversized(&mut self, head: &str, size: u32, now: f64) {
        self.gate.handle_upstream_oversized(head, size as usize, Time::from_millis(now));
    }

    /// A binary frame from upstream.
    #[wasm_bindgen(js_name = handleUpstreamBinary)]
    pub fn handle_upstream_binary(&mut self, now: f64) {
        self.gate.handle_upstream_binary(Time::from_millis(now));
    }

    /// The client has closed.
    #[wasm_bindgen(js_name = handleClientClosed)]
    pub fn handle_client_closed(&mut self, now: f64) {
        self.gate.handle_client_closed(Time::from_millis(now));
    }

    /// Too much waits to be sent to the client.
    #[wasm_bindgen(js_name = handleClientOverflow)]
    pub fn handle_client_overflow(&mut self, now: f64) {
        self.gate.handle_client_overflow(Time::from_millis(now));
    }

    /// Too much waits to be sent upstream.
    #[wasm_bindgen(js_name = handleUpstreamOverflow)]
    pub fn handle_upstream_overflow(&mut self, now: f64) {
        self.gate.handle_upstream_overflow(Time::from_millis(now));
    }

    /// The client has said nothing, and its place is another's.
    #[wasm_bindgen(js_name = handleCrowdedOut)]
    pub fn handle_crowded_out(&mut self, now: f64) {
        self.gate.handle_crowded_out(Time::from_millis(now));
    }

    /// Another connection has taken the session up.
    #[wasm_bindgen(js_name = handleDisplaced)]
    pub fn handle_displaced(&mut self, now: f64) {
        self.gate.handle_displaced(Time::from_millis(now));
    }

    /// The upstream has closed.
    #[wasm_bindgen(js_name = handleUpstreamClosed)]
    pub fn handle_upstream_closed(&mut self, code: u16, now: f64) {
        self.gate.handle_upstream_closed(code, Time::from_millis(now));
    }

    /// The principal, as JSON, how long after its end its token is taken, and whether it can be revoked before.
    #[wasm_bindgen(js_name = handlePrincipal)]
    pub fn handle_principal(
        &mut self,
        principal: &str,
        tolerance_ms: f64,
        is_revocable: bool,
        now: f64,
    ) -> Result<(), JsValue> {
        let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
        self.gate.handle_principal(
            principal,
            Span::from_millis(tolerance_ms as i64),
            is_revocable,
            Time::from_millis(now),
        );
        Ok(())
    }

    /// The principal, as JSON, has as many connections as it may.
    #[wasm_bindgen(js_name = handleTooManyConnections)]
    pub fn handle_too_many_connections(&mut self, principal: &str, limit: u32, now: f64) -> Result<(), JsValue> {
        let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
        self.gate.handle_too_many_connections(principal, limit as usize, Time::from_millis(now));
        Ok(())
    }

    /// The principal, as JSON, says more than it may, or has come too often.
    #[wasm_bindgen(js_name = handleTooManyRequests)]
    pub fn handle_too_many_requests(&mut self, principal: &str, now: f64) -> Result<(), JsValue> {
        let principal = principal_from_json(principal).map_err(|error| thrown(&error))?;
        self.gate.handle_too_many_requests(principal, Time::from_millis(now));
        Ok(())
    }

    /// The credentials were refused; the arguments are the error's.
    #[wasm_bindgen(js_name = handleRefused)]
    pub fn handle_refused(&mut self, code: &str, retryable: bool, now: f64) {
        self.gate.handle_refused(code, retryable, Time::from_millis(now));
    }

    /// The upstream is open, and is shown this credential.
    #[wasm_bindgen(js_name = handleOpened)]
    pub fn handle_opened(&mut self, scheme: &str, token: &str, now: f64) {
        self.gate.handle_opened(scheme, token, Time::from_millis(now));
    }

    /// The upstream can't be opened, for this error's code.
    #[wasm_bindgen(js_name = handleOpenFailed)]
    pub fn handle_open_failed(&mut self, code: &str, now: f64) {
        self.gate.handle_open_failed(code, Time::from_millis(now));
    }

    /// The code that was asked for, in base64url.
    #[wasm_bindgen(js_name = handleMac)]
    pub fn handle_mac(&mut self, code: Option<String>, now: f64) {
        self.gate.handle_mac(code.as_deref(), Time::from_millis(now));
    }

    /// Whether the credential was revoked; nothing when that can't be known.
    #[wasm_bindgen(js_name = handleRevocation)]
    pub fn handle_revocation(&mut self, revoked: Option<bool>, now: f64) {
        self.gate.handle_revocation(revoked, Time::from_millis(now));
    }
}

impl ArcpGateCore {
    /// Counts a frame of the client; whether what all sessions of its principal say together is within their rate.
    fn counts(&mut self, bytes: usize, weigh: impl FnOnce() -> usize, now: Time) -> bool {
        if !self.counted.heard() {
            self.gate.handle_crowded_out(now);
            return false;
        }
        let is_within = self.counted.takes(bytes, weigh, now);
        if !is_within {
            self.gate.handle_client_flood(now);
        }
        is_within
    }
}

impl Counted {
    // It has said something: whether it has a place. Only the first time tells.
    fn heard(&mut self) -> bool {
        !std::mem::take(&mut self.is_silent) || self.sockets.borrow_mut().handle_heard(self.conn)
    }

    fn takes(&mut self, bytes: usize, weigh: impl FnOnce() -> usize, now: Time) -> bool {
        self.silent_at = None;
        self.sockets.borrow_mut().is_within_rate(self.conn, bytes, weigh, now)
    }

    /// The socket that goes because this one has been silent for a while, and too many are.
    fn grew_silent(&mut self, now: Time) -> Option<u32> {
        self.silent_at.take_if(|at| now >= *at)?;
        self.sockets.borrow_mut().handle_silence(self.conn)
    }
}
