//! The surface of the embedded runtime: one object for a hub. Frames and what agents say go in and out as they are, all else is
//! JSON. `npm/arcp/runtime/hub.ts` drives it.

use crate::machine::Machine as _;
use std::{collections::VecDeque, rc::Rc};
use wasm_bindgen::prelude::*;

use super::{error::thrown, room::Room};
use crate::{
    arcp::runtime::{self, Action, Hub, LogRow, Unwritten},
    json,
    time::Time,
};

mod encode;
mod rows;
mod store;

thread_local! {
    /// All hubs of an isolate have one place for texts: each is read before the next one is written, and a hub that has nothing to
    /// do should need little.
    static ROOM: Rc<Room> = Rc::new(Room::new());
}

/// A hub.
#[wasm_bindgen]
#[derive(Debug)]
pub struct HubCore {
    hub: Hub,
    room: Rc<Room>,
    /// What is to be done next, if `pollSend` has looked and it was no frame.
    next: Option<Action>,
    /// The frame that is being sent.
    sent: Option<Rc<str>>,
    /// What is to be written of logs, and the row that is being written.
    log: VecDeque<LogRow>,
    row: Option<LogRow>,
}

#[wasm_bindgen]
impl HubCore {
    /// A hub of this configuration, which is JSON; `seed` is 8 random bytes, from which ids are made unique.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, seed: &[u8]) -> Result<HubCore, JsValue> {
        let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let hub = Hub::new(config, seed).map_err(|error| thrown(&error))?;
        Ok(Self { hub, room: ROOM.with(Rc::clone), next: None, sent: None, log: VecDeque::new(), row: None })
    }

    /// Where a text is written before it is handed in.
    #[wasm_bindgen(js_name = roomPtr)]
    pub fn room_ptr(&self) -> u32 {
        self.room.address()
    }

    /// How many bytes there are for it.
    #[wasm_bindgen(js_name = roomLength)]
    pub fn room_length(&self) -> u32 {
        self.room.length()
    }

    /// A connection says hello; `random` is 32 random bytes, of which the resume token is made.
    /// `paced` where its gate says what has left for the client.
    #[wasm_bindgen(js_name = handleHello)]
    pub fn handle_hello(&mut self, conn: u32, hello: &str, random: &[u8], paced: bool, now: f64) -> bool {
        let Ok(random) = random.try_into() else { return false };
        self.hub.handle_hello(conn, hello, random, paced, Time::from_millis(now));
        true
    }

    /// The gate says that so many frames have left for the client.
    #[wasm_bindgen(js_name = handleCredit)]
    pub fn handle_credit(&mut self, conn: u32, frames: u32, now: f64) {
        self.hub.handle_credit(conn, frames, Time::from_millis(now));
    }

    /// A frame comes, of so many bytes in the room. Gives whether the policy has to be asked before the connection's next one.
    #[wasm_bindgen(js_name = handleFrame)]
    pub fn handle_frame(&mut self, conn: u32, length: u32, now: f64) -> bool {
        let room = Rc::clone(&self.room);
        let text = room.text(length);
        text.is_some_and(|text| self.handle_long_frame(conn, &text, now))
    }

    /// A frame comes that the room is too small for.
    #[wasm_bindgen(js_name = handleLongFrame)]
    pub fn handle_long_frame(&mut self, conn: u32, text: &str, now: f64) -> bool {
        self.hub.handle_frame(conn, text, Time::from_millis(now));
        self.hub.has_all_questions(conn)
    }

    /// A connection is gone.
    #[wasm_bindgen(js_name = handleClosed)]
    pub fn handle_closed(&mut self, conn: u32, now: f64) {
        self.hub.handle_closed(conn, Time::from_millis(now));
    }

    /// An agent reports an event, as JSON of so many bytes in the room.
    #[wasm_bindgen(js_name = handleEvent)]
    pub fn handle_event(&mut self, job: &str, length: u32, now: f64) {
        let room = Rc::clone(&self.room);
        if let Some(event) = room.text(length) {
            self.handle_long_event(job, &event, now);
        };
    }

    /// An agent reports an event that the room is too small for.
    #[wasm_bindgen(js_name = handleLongEvent)]
    pub fn handle_long_event(&mut self, job: &str, event: &str, now: f64) {
        self.hub.handle_event(job, event, Time::from_millis(now));
    }

    /// The largest event or output, as JSON in bytes.
    #[wasm_bindgen(js_name = payloadBytes)]
    pub fn payload_bytes(&self) -> u32 {
        u32::try_from(self.hub.payload_bytes()).unwrap_or(u32::MAX)
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
        self.hub.handle_unwritten(job, what, is_output, Time::from_millis(now));
    }

    /// An agent has ended; without an output, what it returned can't be told.
    #[wasm_bindgen(js_name = handleOutput)]
    pub fn handle_output(&mut self, job: &str, output: Option<String>, now: f64) {
        self.hub.handle_output(job, output.as_deref(), Time::from_millis(now));
    }

    /// An agent has failed.
    #[wasm_bindgen(js_name = handleFailure)]
    pub fn handle_failure(&mut self, job: &str, code: &str, message: Option<String>, now: f64) {
        self.hub.handle_failure(job, code, message.as_deref(), Time::from_millis(now));
    }

    /// An agent's run is over because it was told to end.
    #[wasm_bindgen(js_name = handleAbort)]
    pub fn handle_abort(&mut self, job: &str, now: f64) {
        self.hub.handle_abort(job, Time::from_millis(now));
    }

    /// The policy's answer: a byte for each job, 1 for yes.
    #[wasm_bindgen(js_name = handlePolicyAnswer)]
    pub fn handle_policy_answer(&mut self, question: u32, allowed: &[u8], now: f64) {
        let allowed: Vec<bool> = allowed.iter().map(|byte| *byte == 1).collect();
        self.hub.handle_policy_answer(question, &allowed, Time::from_millis(now));
    }

    /// The time is told.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) {
        self.hub.handle_timeout(Time::from_millis(now));
    }

    /// If what is to be done next is to send a frame: its connection, and `sentText` is the frame. Else 0, and `pollAction` says
    /// what it is.
    #[wasm_bindgen(js_name = pollSend)]
    pub fn poll_send(&mut self) -> u32 {
        match self.next.take().or_else(|| self.hub.poll_action()) {
            Some(Action::Send { conn, text }) => {
                self.sent = Some(text);
                conn
            }
            other => {
                self.next = other;
                0
            }
        }
    }

    /// The frame to send, once.
    #[wasm_bindgen(js_name = sentText)]
    pub fn sent_text(&mut self) -> String {
        self.sent.take().as_deref().unwrap_or_default().to_owned()
    }

    /// What is to be done next, as JSON; asked after `pollSend`. That there is something to write is said until it was taken
    /// (`pollStore`).
    #[wasm_bindgen(js_name = pollAction)]
    pub fn poll_action(&mut self) -> Option<String> {
        if let Some(action @ Action::Store(_)) = &self.next {
            return Some(encode::action(action));
        }
        self.next.take().map(|action| encode::action(&action))
    }

    /// When the hub wants to be told the time again, in milliseconds.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Option<f64> {
        self.hub.poll_timeout().map(|at| at.as_millis() as f64)
    }
}
