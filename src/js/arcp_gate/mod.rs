//! The surface of the ARCP gate: one object for each client's socket. `npm/arcp/gate/gate.ts` drives it.
//!
//! Each frame is one call that takes the text and gives a boolean; what else is to be done crosses as JSON.

use crate::machine::Machine as _;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::prelude::*;

use super::{admission::SocketAdmission, arc::head_of, error::thrown};
use crate::{
    admission::Handshakes,
    arcp::{
        gate::{self, Config, Flow, Gate, UpstreamTrust},
        skim,
    },
    auth::custom::principal_from_json,
    json::{self, Members},
    time::{Span, Time},
};

mod encode;

/// Throws what is wrong with the configuration of an endpoint; gives what may wait to be sent to one side, in bytes.
#[wasm_bindgen(js_name = arcpCheck)]
pub fn arcp_check(config: &str) -> Result<f64, JsValue> {
    Config::from_json(config).map(|config| config.max_buffered() as f64).map_err(|error| thrown(&error))
}

/// Decides on a request's head: nothing when it may be upgraded, else `{ status, reason, name?, value? }`.
#[wasm_bindgen(js_name = arcpHead)]
pub fn arcp_head(config: &str, head: &str) -> Result<Option<String>, JsValue> {
    let config = Config::from_json(config).map_err(|error| thrown(&error))?;
    let head = json::object_of(head).unwrap_or_default();
    let decision = config.head(&head_of(&head));
    Ok(decision.err().map(|refusal| {
        let members = Members::new().integer("status", refusal.status.into()).text("reason", refusal.reason);
        match refusal.field {
            Some((name, value)) => members.text("name", name).text("value", value).end(),
            None => members.end(),
        }
    }))
}

/// The gate of one socket.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ArcpGateCore(Gate, Counted);

/// Where all frames of a principal's sessions are counted, and this socket's number there.
#[derive(Debug)]
struct Counted {
    sockets: Rc<RefCell<Handshakes>>,
    conn: u32,
}

/// Frames that are no longer have few values, and are not weighed.
const UNWEIGHED: usize = 4096;

#[wasm_bindgen]
impl ArcpGateCore {
    /// A gate for a socket that was accepted now, which has this number among all; `high` and `low` are random.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::too_many_arguments, reason = "numbers and texts cross, objects don't")]
    pub fn new(
        config: &str,
        sockets: &SocketAdmission,
        conn: u32,
        trusted: bool,
        reports_buffered: bool,
        high: u32,
        low: u32,
        now: f64,
    ) -> Result<ArcpGateCore, JsValue> {
        let config = Config::from_json(config).map_err(|error| thrown(&error))?;
        let seed = u64::from(high) << 32 | u64::from(low);
        let counted = Counted { sockets: sockets.shared(), conn };
        let gate = Gate::new(config, UpstreamTrust::of(trusted), reports_buffered, seed, Time::from_millis(now));
        Ok(Self(gate, counted))
    }

    /// What to do now: a JSON list; `undefined` when there is nothing.
    #[wasm_bindgen(js_name = drainActions)]
    pub fn drain_actions(&mut self) -> Option<String> {
        let actions = self.0.drain_actions();
        (!actions.is_empty()).then(|| json::list(actions.iter().map(encode::action)))
    }

    /// When `handleTimeout` is worth calling, in milliseconds.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Option<f64> {
        self.0.poll_timeout().map(|time| time.as_millis() as f64)
    }

    /// Time has passed.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) {
        self.0.handle_timeout(Time::from_millis(now));
    }

    /// The longest frame of the client that is handed in, in bytes.
    #[wasm_bindgen(js_name = clientLimit)]
    pub fn client_limit(&self) -> u32 {
        self.0.client_limit() as u32
    }

    /// The longest frame from upstream that is handed in, in bytes.
    #[wasm_bindgen(js_name = upstreamLimit)]
    pub fn upstream_limit(&self) -> u32 {
        self.0.upstream_limit() as u32
    }

    /// A text frame of the client: whether it is sent on as it is.
    #[wasm_bindgen(js_name = handleClientFrame)]
    pub fn handle_client_frame(&mut self, text: &str, now: f64) -> bool {
        let now = Time::from_millis(now);
        let is_weighed = (UNWEIGHED + 1..=self.0.client_limit()).contains(&text.len());
        // Before it is read: its bytes, and eight for each value, which cost as much.
        let weigh = || if is_weighed { text.len() + 8 * skim::values(text) } else { text.len() };
        self.counts(text.len(), weigh, now) && self.0.handle_client_frame(text, now) == Flow::Forward
    }

    /// A binary frame of the client, of this size.
    #[wasm_bindgen(js_name = handleClientBinary)]
    pub fn handle_client_binary(&mut self, size: u32, now: f64) {
        let now = Time::from_millis(now);
        if self.counts(size as usize, || size as usize, now) {
            self.0.handle_client_binary(now);
        }
    }

    /// A text frame from upstream: whether it is sent on as it is.
    #[wasm_bindgen(js_name = handleUpstreamFrame)]
    pub fn handle_upstream_frame(&mut self, text: &str, now: f64) -> bool {
        self.0.handle_upstream_frame(text, Time::from_millis(now)) == Flow::Forward
    }

    /// A frame of the client over its limit, of this size at least.
    #[wasm_bindgen(js_name = handleClientOversized)]
    pub fn handle_client_oversized(&mut self, size: u32, now: f64) {
        let now = Time::from_millis(now);
        if self.counts(size as usize, || size as usize, now) {
            self.0.handle_client_oversized(size as usize, now);
        }
    }

    /// A frame from upstream over its limit: how it begins, and its size at least.
    #[wasm_bindgen(js_name = handleUpstreamOversized)]
    pub fn handle_upstream_oversized(&mut self, head: &str, size: u32, now: f64) {
        self.0.handle_upstream_oversized(head, size as usize, Time::from_millis(now));
    }

    /// A binary frame from upstream.
    #[wasm_bindgen(js_name = handleUpstreamBinary)]
    pub fn handle_upstream_binary(&mut self, now: f64) {
        self.0.handle_upstream_binary(Time::from_millis(now));
    }

    /// The client has closed.
    #[wasm_bindgen(js_name = handleClientClosed)]
    pub fn handle_client_closed(&mut self, now: f64) {
        self.0.handle_client_closed(Time::from_millis(now));
    }

    /// Too much waits to be sent to the client.
    #[wasm_bindgen(js_name = handleClientOverflow)]
    pub fn handle_client_overflow(&mut self, now: f64) {
        self.0.handle_client_overflow(Time::from_millis(now));
    }

    /// Too much waits to be sent upstream.
    #[wasm_bindgen(js_name = handleUpstreamOverflow)]
    pub fn handle_upstream_overflow(&mut self, now: f64) {
        self.0.handle_upstream_overflow(Time::from_millis(now));
    }

    /// The client has said nothing, and its place is another's.
    #[wasm_bindgen(js_name = handleCrowdedOut)]
    pub fn handle_crowded_out(&mut self, now: f64) {
        self.0.handle_crowded_out(Time::from_millis(now));
    }

    /// Another connection has taken the session up.
    #[wasm_bindgen(js_name = handleDisplaced)]
    pub fn handle_displaced(&mut self, now: f64) {
        self.0.handle_displaced(Time::from_millis(now));
    }

    /// The upstream has closed.
    #[wasm_bindgen(js_name = handleUpstreamClosed)]
    pub fn handle_upstream_closed(&mut self, code: u16, now: f64) {
        self.0.handle_upstream_closed(code, Time::from_millis(now));
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
        self.0.handle_principal(
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
        self.0.handle_too_many_connections(principal, limit as usize, Time::from_millis(now));
        Ok(())
    }

    /// The credentials were refused; the arguments are the error's.
    #[wasm_bindgen(js_name = handleRefused)]
    pub fn handle_refused(&mut self, code: &str, retryable: bool, now: f64) {
        self.0.handle_refused(code, retryable, Time::from_millis(now));
    }

    /// The upstream is open, and is shown this credential.
    #[wasm_bindgen(js_name = handleOpened)]
    pub fn handle_opened(&mut self, scheme: &str, token: &str, now: f64) {
        self.0.handle_opened(scheme, token, Time::from_millis(now));
    }

    /// The upstream can't be opened, for this error's code.
    #[wasm_bindgen(js_name = handleOpenFailed)]
    pub fn handle_open_failed(&mut self, code: &str, now: f64) {
        self.0.handle_open_failed(code, Time::from_millis(now));
    }

    /// The code that was asked for, in base64url.
    #[wasm_bindgen(js_name = handleMac)]
    pub fn handle_mac(&mut self, code: Option<String>, now: f64) {
        self.0.handle_mac(code.as_deref(), Time::from_millis(now));
    }

    /// Whether the credential was revoked; nothing when that can't be known.
    #[wasm_bindgen(js_name = handleRevocation)]
    pub fn handle_revocation(&mut self, revoked: Option<bool>, now: f64) {
        self.0.handle_revocation(revoked, Time::from_millis(now));
    }
}

impl ArcpGateCore {
    /// Counts a frame of the client; whether what all sessions of its principal say together is within their rate.
    fn counts(&mut self, bytes: usize, weigh: impl FnOnce() -> usize, now: Time) -> bool {
        let Counted { sockets, conn } = &self.1;
        let is_within = sockets.borrow_mut().is_within_rate(*conn, bytes, weigh, now);
        if !is_within {
            self.0.handle_client_flood(now);
        }
        is_within
    }
}
