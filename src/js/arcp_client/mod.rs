//! The surface of the ARCP client: one machine for each session. `npm/arcp/client/driver.ts` drives it.

use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{
    arcp::{
        client::{self, address, Client, Reader},
        message,
    },
    config,
    json::{self, Value},
    machine::Machine as _,
    seam::arcp_client as numbers,
    time::Time,
};

mod encode;

/// Throws what is wrong with a runtime's URL, as the platform's parser writes it. `parts` are `{ query, plainHosts }`, its parameters
/// and the hosts that plain text may go to, by the same parser.
#[wasm_bindgen(js_name = checkRuntimeUrl)]
pub fn check_runtime_url(url: &str, parts: &str) -> Result<(), JsValue> {
    let checked = config::object(parts, "url").and_then(|parts| {
        let list = |name| parts.get(name).and_then(Value::as_array).unwrap_or_default();
        let query = list("query").iter().filter_map(|pair| match pair.as_array() {
            Some([name, value]) => Some((name.as_str()?, value.as_str()?)),
            _ => None,
        });
        let hosts: Vec<_> = list("plainHosts").iter().filter_map(Value::as_str).collect();
        address::check(url, query, &hosts)
    });
    checked.map_err(|error| thrown(&error))
}

/// Throws where a URL holds this token.
#[wasm_bindgen(js_name = checkUrlHoldsNot)]
pub fn check_url_holds_not(url: &str, token: &str) -> Result<(), JsValue> {
    address::check_holds_not(url, token).map_err(|error| thrown(&error))
}

/// The machine of one session.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ArcpSession {
    client: Client,
    /// What the driver's clock showed last, for one that shows no number.
    now: Time,
}

#[wasm_bindgen]
impl ArcpSession {
    /// A session with these options, as JSON, and two random numbers of 32 bits.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, one: u32, other: u32) -> Result<ArcpSession, JsValue> {
        let client = Client::new(options, u64::from(one) << 32 | u64::from(other));
        client.map_err(|error| thrown(&error)).map(|client| Self { client, now: Time::EPOCH })
    }

    #[inline(never)]
    fn at(&mut self, now: f64) -> Time {
        if now.is_finite() {
            self.now = Time::from_millis(now);
        }
        self.now
    }

    /// What is to be done or told next, as JSON; to be asked after every other call.
    #[wasm_bindgen(js_name = pollAction)]
    pub fn poll_action(&mut self) -> Option<String> {
        self.client.poll_output().map(|output| encode::output(&output))
    }

    /// When `handleTimeout` is worth calling, in milliseconds.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Option<f64> {
        self.client.poll_timeout().map(|at| at.as_millis() as f64)
    }

    /// Time has passed.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) {
        let now = self.at(now);
        self.client.handle_timeout(now);
    }

    /// Begins.
    #[wasm_bindgen(js_name = handleStart)]
    pub fn handle_start(&mut self, now: f64) {
        let now = self.at(now);
        self.client.handle_start(now);
    }

    /// A connection gets under way.
    #[wasm_bindgen(js_name = handleDialing)]
    pub fn handle_dialing(&mut self, conn: u32, now: f64) {
        let now = self.at(now);
        self.client.handle_dialing(conn, now);
    }

    /// A connection is open. `ends` is when the token does, in milliseconds, or NaN.
    #[wasm_bindgen(js_name = handleOpened)]
    pub fn handle_opened(&mut self, conn: u32, token: Option<String>, ends: f64, now: f64) {
        let now = self.at(now);
        let ends = ends.is_finite().then(|| Time::from_millis(ends));
        self.client.handle_opened(conn, token.as_deref(), ends, now);
    }

    /// A text frame.
    #[wasm_bindgen(js_name = handleFrame)]
    pub fn handle_frame(&mut self, conn: u32, text: &str, now: f64) {
        let now = self.at(now);
        self.client.handle_frame(conn, text, now);
    }

    /// A frame that is binary, or too large: how it begins, if it is text.
    #[wasm_bindgen(js_name = handleBrokenFrame)]
    pub fn handle_broken_frame(&mut self, conn: u32, head: &str, now: f64) {
        let now = self.at(now);
        self.client.handle_broken_frame(conn, head, now);
    }

    /// A connection is over.
    #[wasm_bindgen(js_name = handleClosed)]
    pub fn handle_closed(&mut self, conn: u32, code: u16, may_retry: bool, now: f64) {
        let now = self.at(now);
        self.client.handle_closed(conn, code, may_retry, now);
    }

    /// There is no token for a connection.
    #[wasm_bindgen(js_name = handleTokenFailure)]
    pub fn handle_token_failure(&mut self, conn: u32, is_retryable: bool, now: f64) {
        let now = self.at(now);
        self.client.handle_token_failure(conn, is_retryable, now);
    }

    /// There is no token that lasts longer than the present one.
    #[wasm_bindgen(js_name = handleTokenUnchanged)]
    pub fn handle_token_unchanged(&mut self, conn: u32, now: f64) {
        let now = self.at(now);
        self.client.handle_token_unchanged(conn, now);
    }

    /// Somebody may be looking, or the network is back.
    #[wasm_bindgen(js_name = handleWakeHint)]
    pub fn handle_wake_hint(&mut self, now: f64) {
        let now = self.at(now);
        self.client.handle_wake_hint(now);
    }

    /// A `job.submit`: its payload as JSON. The request's number.
    #[wasm_bindgen(js_name = handleSubmit)]
    pub fn handle_submit(&mut self, payload: &str, trace_id: Option<String>, is_keyed: bool, now: f64) -> u32 {
        let now = self.at(now);
        self.client.handle_submit(payload, trace_id.as_deref(), is_keyed, now)
    }

    /// A `session.list_jobs`. The request's number.
    #[wasm_bindgen(js_name = handleList)]
    pub fn handle_list(&mut self, payload: &str, now: f64) -> u32 {
        let now = self.at(now);
        self.client.handle_list(payload, now)
    }

    /// A `job.subscribe`. The request's number.
    #[wasm_bindgen(js_name = handleSubscribe)]
    pub fn handle_subscribe(&mut self, job_id: &str, payload: &str, now: f64) -> u32 {
        let now = self.at(now);
        self.client.handle_subscribe(job_id, payload, now)
    }

    /// A `job.cancel`. The request's number.
    #[wasm_bindgen(js_name = handleCancel)]
    pub fn handle_cancel(&mut self, job: u32, reason: &str, now: f64) -> u32 {
        let now = self.at(now);
        self.client.handle_cancel(job, reason, now)
    }

    /// A `job.unsubscribe`.
    #[wasm_bindgen(js_name = handleUnsubscribe)]
    pub fn handle_unsubscribe(&mut self, job: u32, now: f64) {
        let now = self.at(now);
        self.client.handle_unsubscribe(job, now);
    }

    /// What the application does with a job's events from now on: [`numbers`] has what `reader` may be.
    #[wasm_bindgen(js_name = handleReader)]
    pub fn handle_reader(&mut self, job: u32, reader: u8, now: f64) {
        let now = self.at(now);
        let reader = match reader {
            numbers::AWAITS_RESULT => Reader::Result,
            numbers::READS_EVENTS => Reader::Events,
            _ => Reader::Gone,
        };
        self.client.handle_reader(job, reader, now);
    }

    /// The application has taken so many of a job's events.
    #[wasm_bindgen(js_name = handleRead)]
    pub fn handle_read(&mut self, job: u32, count: u32, now: f64) {
        let now = self.at(now);
        self.client.handle_read(job, count, now);
    }

    /// Nobody waits for a request any more.
    #[wasm_bindgen(js_name = handleAbandon)]
    pub fn handle_abandon(&mut self, request: u32, now: f64) {
        let now = self.at(now);
        self.client.handle_abandon(request, now);
    }

    /// Ends the session.
    #[wasm_bindgen(js_name = handleClose)]
    pub fn handle_close(&mut self, reason: &str, now: f64) {
        let now = self.at(now);
        self.client.handle_close(reason, now);
    }
}
