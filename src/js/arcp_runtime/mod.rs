//! The surface of the embedded runtime: one object for a hub, JSON in and out. `npm/arcp/runtime/hub.ts` drives it.

use crate::machine::Machine as _;
use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{
    arcp::runtime::{self, Hub, Unwritten},
    json,
    time::Time,
};

mod encode;

/// A hub.
#[wasm_bindgen]
#[derive(Debug)]
pub struct HubCore(Hub);

#[wasm_bindgen]
impl HubCore {
    /// A hub of this configuration, which is JSON; `seed` is 8 random bytes, from which ids are made unique.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, seed: &[u8]) -> Result<HubCore, JsValue> {
        let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        Hub::new(config, seed).map(Self).map_err(|error| thrown(&error))
    }

    /// A connection says hello; `random` is 32 random bytes, of which the resume token is made.
    /// `paced` where its gate says what has left for the client.
    #[wasm_bindgen(js_name = handleHello)]
    pub fn handle_hello(&mut self, conn: u32, hello: &str, random: &[u8], paced: bool, now: f64) -> bool {
        let Ok(random) = random.try_into() else { return false };
        self.0.handle_hello(conn, hello, random, paced, Time::from_millis(now));
        true
    }

    /// The gate says that so many frames have left for the client.
    #[wasm_bindgen(js_name = handleCredit)]
    pub fn handle_credit(&mut self, conn: u32, frames: u32, now: f64) {
        self.0.handle_credit(conn, frames, Time::from_millis(now));
    }

    /// A frame comes.
    #[wasm_bindgen(js_name = handleFrame)]
    pub fn handle_frame(&mut self, conn: u32, text: &str, now: f64) {
        self.0.handle_frame(conn, text, Time::from_millis(now));
    }

    /// A connection is gone.
    #[wasm_bindgen(js_name = handleClosed)]
    pub fn handle_closed(&mut self, conn: u32, now: f64) {
        self.0.handle_closed(conn, Time::from_millis(now));
    }

    /// An agent reports an event, as JSON.
    #[wasm_bindgen(js_name = handleEvent)]
    pub fn handle_event(&mut self, job: &str, event: &str, now: f64) {
        self.0.handle_event(job, event, Time::from_millis(now));
    }

    /// The largest event or output, as JSON in bytes.
    #[wasm_bindgen(js_name = payloadBytes)]
    pub fn payload_bytes(&self) -> u32 {
        u32::try_from(self.0.payload_bytes()).unwrap_or(u32::MAX)
    }

    /// An agent's event, or with `is_output` what it returned, could not be written as JSON: what the writer threw, or how many
    /// bytes are too many.
    #[wasm_bindgen(js_name = handleUnwritten)]
    pub fn handle_unwritten(
        &mut self,
        job: &str,
        is_output: bool,
        kind: Option<String>,
        thrown: Option<String>,
        bytes: Option<f64>,
        now: f64,
    ) {
        let (kind, thrown) = (kind.as_deref(), thrown.as_deref());
        let what = Unwritten { kind, thrown, bytes: bytes.map(|bytes| bytes as usize) };
        self.0.handle_unwritten(job, what, is_output, Time::from_millis(now));
    }

    /// An agent has ended; without an output, what it returned can't be told.
    #[wasm_bindgen(js_name = handleOutput)]
    pub fn handle_output(&mut self, job: &str, output: Option<String>, now: f64) {
        self.0.handle_output(job, output.as_deref(), Time::from_millis(now));
    }

    /// An agent has failed.
    #[wasm_bindgen(js_name = handleFailure)]
    pub fn handle_failure(&mut self, job: &str, code: &str, message: Option<String>, now: f64) {
        self.0.handle_failure(job, code, message.as_deref(), Time::from_millis(now));
    }

    /// An agent's run is over because it was told to end.
    #[wasm_bindgen(js_name = handleAbort)]
    pub fn handle_abort(&mut self, job: &str, now: f64) {
        self.0.handle_abort(job, Time::from_millis(now));
    }

    /// The policy's answer: a byte for each job, 1 for yes.
    #[wasm_bindgen(js_name = handlePolicyAnswer)]
    pub fn handle_policy_answer(&mut self, question: u32, allowed: &[u8], now: f64) {
        let allowed: Vec<bool> = allowed.iter().map(|byte| *byte == 1).collect();
        self.0.handle_policy_answer(question, &allowed, Time::from_millis(now));
    }

    /// The time is told.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) {
        self.0.handle_timeout(Time::from_millis(now));
    }

    /// What is to be done next, as JSON.
    #[wasm_bindgen(js_name = pollAction)]
    pub fn poll_action(&mut self) -> Option<String> {
        self.0.poll_action().map(|action| encode::action(&action))
    }

    /// When the hub wants to be told the time again, in milliseconds.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Option<f64> {
        self.0.poll_timeout().map(|at| at.as_millis() as f64)
    }
}
