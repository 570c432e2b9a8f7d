//! The surface of sessions that are held: one object for a principal's. Frames go in and out as they are, all else is JSON.
//! `npm/arcp/hold/hold.ts` drives it.

use crate::machine::Machine as _;
use std::{collections::VecDeque, rc::Rc};
use wasm_bindgen::prelude::*;

use super::{error::thrown, room::Room};
use crate::{
    arcp::hold::{self, Action, Hold, LogRow},
    json,
    time::Time,
};

mod encode;

/// The sessions of one principal.
#[wasm_bindgen]
#[derive(Debug)]
pub struct HoldCore {
    hold: Hold,
    room: Rc<Room>,
    /// What is to be done next, where it is neither a frame nor something to store.
    next: Option<Action>,
    /// The frame that is being sent.
    sent: Option<Rc<str>>,
    /// Whom it goes to: a client's connection, or a socket to the upstream.
    target: u32,
    log: VecDeque<LogRow>,
}

#[wasm_bindgen]
impl HoldCore {
    /// A hold of this configuration, which is JSON; `seed` is 8 random bytes, from which ids are made unique.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, seed: &[u8]) -> Result<HoldCore, JsValue> {
        let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let hold = Hold::new(config, seed).map_err(|error| thrown(&error))?;
        Ok(Self { hold, room: Rc::new(Room::new()), next: None, sent: None, target: 0, log: VecDeque::new() })
    }

    /// Where a frame is written before it is handed in.
    #[wasm_bindgen(js_name = roomPtr)]
    pub fn room_ptr(&self) -> u32 {
        self.room.address()
    }

    /// How many bytes there are for it.
    #[wasm_bindgen(js_name = roomLength)]
    pub fn room_length(&self) -> u32 {
        self.room.length()
    }

    /// A connection says hello, with what its client has shown; `random` is 32 random bytes, of which the resume token is made.
    /// `paced` where its gate says what has left for the client.
    #[wasm_bindgen(js_name = handleHello)]
    pub fn handle_hello(
        &mut self,
        conn: u32,
        hello: &str,
        credential: Option<String>,
        random: &[u8],
        paced: bool,
        now: f64,
    ) -> bool {
        let Ok(random) = random.try_into() else { return false };
        self.hold.handle_hello(conn, hello, credential.as_deref(), random, paced, Time::from_millis(now));
        true
    }

    /// A frame of a client comes, of so many bytes in the room.
    #[wasm_bindgen(js_name = handleFrame)]
    pub fn handle_frame(&mut self, conn: u32, length: u32, now: f64) {
        let room = Rc::clone(&self.room);
        if let Some(text) = room.text(length) {
            self.handle_long_frame(conn, &text, now);
        };
    }

    /// A frame of a client comes that the room is too small for.
    #[wasm_bindgen(js_name = handleLongFrame)]
    pub fn handle_long_frame(&mut self, conn: u32, text: &str, now: f64) {
        self.hold.handle_frame(conn, text, Time::from_millis(now));
    }

    /// The gate says that so many frames have left for the client.
    #[wasm_bindgen(js_name = handleCredit)]
    pub fn handle_credit(&mut self, conn: u32, frames: u32, now: f64) {
        self.hold.handle_credit(conn, frames, Time::from_millis(now));
    }

    /// A connection is gone.
    #[wasm_bindgen(js_name = handleClosed)]
    pub fn handle_closed(&mut self, conn: u32, now: f64) {
        self.hold.handle_closed(conn, Time::from_millis(now));
    }

    /// A socket to the upstream is open, and is to be shown this credential.
    #[wasm_bindgen(js_name = handleDialled)]
    pub fn handle_dialled(&mut self, link: u32, scheme: &str, token: &str, now: f64) {
        self.hold.handle_dialled(link, scheme, token, Time::from_millis(now));
    }

    /// A socket to the upstream can't be opened; the code is the error's.
    #[wasm_bindgen(js_name = handleDialFailed)]
    pub fn handle_dial_failed(&mut self, link: u32, code: &str, now: f64) {
        self.hold.handle_dial_failed(link, code, Time::from_millis(now));
    }

    /// A frame from upstream comes, of so many bytes in the room.
    #[wasm_bindgen(js_name = handleUpstreamFrame)]
    pub fn handle_upstream_frame(&mut self, link: u32, length: u32, now: f64) {
        let room = Rc::clone(&self.room);
        if let Some(text) = room.text(length) {
            self.handle_long_upstream_frame(link, &text, now);
        };
    }

    /// A frame from upstream comes that the room is too small for.
    #[wasm_bindgen(js_name = handleLongUpstreamFrame)]
    pub fn handle_long_upstream_frame(&mut self, link: u32, text: &str, now: f64) {
        self.hold.handle_upstream_frame(link, text, Time::from_millis(now));
    }

    /// A binary frame from upstream comes.
    #[wasm_bindgen(js_name = handleUpstreamBinary)]
    pub fn handle_upstream_binary(&mut self, link: u32, now: f64) {
        self.hold.handle_upstream_binary(link, Time::from_millis(now));
    }

    /// The upstream has closed a socket.
    #[wasm_bindgen(js_name = handleUpstreamClosed)]
    pub fn handle_upstream_closed(&mut self, link: u32, now: f64) {
        self.hold.handle_upstream_closed(link, Time::from_millis(now));
    }

    /// What was stored of a session; false where it can't be read.
    #[wasm_bindgen(js_name = handleStoredSession)]
    pub fn handle_stored_session(&mut self, id: &str, stored: &str) -> bool {
        self.hold.handle_stored_session(id, stored)
    }

    /// What was stored of a job.
    #[wasm_bindgen(js_name = handleStoredJob)]
    pub fn handle_stored_job(&mut self, session: &str, id: &str, stored: &str) -> bool {
        self.hold.handle_stored_job(session, id, stored)
    }

    /// What was stored of a session's frames.
    #[wasm_bindgen(js_name = handleStoredLog)]
    pub fn handle_stored_log(&mut self, session: &str, text: &str) -> bool {
        self.hold.handle_stored_log(session, text)
    }

    /// All that was stored was handed in.
    #[wasm_bindgen(js_name = handleRestored)]
    pub fn handle_restored(&mut self, now: f64) {
        self.hold.handle_restored(Time::from_millis(now));
    }

    /// The time is told.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) {
        self.hold.handle_timeout(Time::from_millis(now));
    }

    /// What is to be done next: 0 nothing, 1 store (`storeRows`, `pollLog`), 2 send `sentText` to the client's connection `target`,
    /// 3 send it to the upstream's socket `target`, 4 what `actionText` says.
    pub fn poll(&mut self) -> u32 {
        match self.hold.poll_action() {
            None => 0,
            Some(Action::ToClient { conn, text }) => self.send(2, conn, text),
            Some(Action::ToUpstream { link, text }) => self.send(3, link, text),
            Some(other) => {
                let is_store = matches!(other, Action::Store(_));
                self.next = Some(other);
                if is_store {
                    1
                } else {
                    4
                }
            }
        }
    }

    /// Whom the frame goes to.
    pub fn target(&self) -> u32 {
        self.target
    }

    /// The frame to send, once.
    #[wasm_bindgen(js_name = sentText)]
    pub fn sent_text(&mut self) -> String {
        self.sent.take().as_deref().unwrap_or_default().to_owned()
    }

    /// What is to be done, as JSON, once.
    #[wasm_bindgen(js_name = actionText)]
    pub fn action_text(&mut self) -> String {
        self.next.take().map(|action| encode::action(&action)).unwrap_or_default()
    }

    /// The small rows to store, as JSON, once; then `pollLog`.
    #[wasm_bindgen(js_name = storeRows)]
    pub fn store_rows(&mut self) -> String {
        match self.next.take() {
            Some(Action::Store(changes)) => {
                let text = encode::changes(&changes);
                self.log.extend(changes.log);
                text
            }
            _ => String::from("{}"),
        }
    }

    /// One more row of frames to store: its session; nothing when there is none. `logFirst`, `logLast` and then `logText` are of it.
    #[wasm_bindgen(js_name = logSession)]
    pub fn log_session(&self) -> Option<String> {
        self.log.front().map(|row| row.session.clone())
    }

    /// The place of its first frame.
    #[wasm_bindgen(js_name = logFirst)]
    pub fn log_first(&self) -> f64 {
        self.log.front().map_or(0.0, |row| row.first as f64)
    }

    /// The place of its last frame.
    #[wasm_bindgen(js_name = logLast)]
    pub fn log_last(&self) -> f64 {
        self.log.front().map_or(0.0, |row| row.last as f64)
    }

    /// Its text; the next row follows.
    #[wasm_bindgen(js_name = logText)]
    pub fn log_text(&mut self) -> String {
        self.log.pop_front().map(|row| row.text).unwrap_or_default()
    }

    /// Sessions whose client is away while their upstream is there, as JSON: `link`, `principal`, `credential`.
    #[wasm_bindgen(js_name = awayText)]
    pub fn away_text(&self) -> String {
        encode::away(&self.hold)
    }

    /// The credential of who is away was revoked.
    #[wasm_bindgen(js_name = handleRevoked)]
    pub fn handle_revoked(&mut self, link: u32, now: f64) {
        self.hold.handle_revoked(link, Time::from_millis(now));
    }

    /// How many sessions there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.hold.count()).unwrap_or(u32::MAX)
    }

    /// When the object must be awake for who is away, in milliseconds.
    #[wasm_bindgen(js_name = wakeAt)]
    pub fn wake_at(&self) -> Option<f64> {
        self.hold.wake_at().map(|at| at.as_millis() as f64)
    }

    /// When the hold wants to be told the time again, in milliseconds.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Option<f64> {
        self.hold.poll_timeout().map(|at| at.as_millis() as f64)
    }
}

impl HoldCore {
    fn send(&mut self, what: u32, target: u32, text: Rc<str>) -> u32 {
        (self.target, self.sent) = (target, Some(text));
        what
    }
}
