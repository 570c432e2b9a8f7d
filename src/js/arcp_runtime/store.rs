//! What a hub stores and restores, as it crosses: small rows as one JSON, long texts as they are.

use wasm_bindgen::prelude::*;

use super::{rows, HubCore};
use crate::{
    arcp::runtime::{Action, Changes},
    machine::Machine as _,
    time::Time,
};

#[wasm_bindgen]
impl HubCore {
    /// What has to be written before anything else is done, if there is something: rows and what is dropped, as JSON. Rows of the
    /// log follow ([`Self::poll_log`]).
    #[wasm_bindgen(js_name = pollStore)]
    pub fn poll_store(&mut self) -> Option<String> {
        if self.next.is_none() {
            self.next = self.hub.poll_action();
        }
        match self.next.take() {
            Some(Action::Store(changes)) => {
                let small = rows::changes(&changes);
                let Changes { log, .. } = *changes;
                self.log = log.into();
                Some(small)
            }
            other => {
                self.next = other;
                None
            }
        }
    }

    /// Whether there is a row of the log to write: the next four say which.
    #[wasm_bindgen(js_name = pollLog)]
    pub fn poll_log(&mut self) -> bool {
        self.row = self.log.pop_front();
        self.row.is_some()
    }

    /// Its stream.
    #[wasm_bindgen(js_name = logStream)]
    pub fn log_stream(&mut self) -> String {
        self.row.as_mut().map(|row| std::mem::take(&mut row.stream)).unwrap_or_default()
    }

    /// The number of its first entry.
    #[wasm_bindgen(js_name = logFirst)]
    pub fn log_first(&self) -> f64 {
        self.row.as_ref().map_or(0.0, |row| row.first as f64)
    }

    /// The number of its last entry.
    #[wasm_bindgen(js_name = logLast)]
    pub fn log_last(&self) -> f64 {
        self.row.as_ref().map_or(0.0, |row| row.last as f64)
    }

    /// Its text, once.
    #[wasm_bindgen(js_name = logText)]
    pub fn log_text(&mut self) -> String {
        self.row.as_mut().map(|row| std::mem::take(&mut row.text)).unwrap_or_default()
    }

    /// Rows that the storage has of `session`, then `job`, `follower` and `known`: a JSON array of arrays, in parts where it is long.
    pub fn restore(&mut self, table: &str, rows: &str) {
        self.hub.handle_stored_rows(table, rows);
    }

    /// Then its log, each stream in the order of its numbers.
    #[wasm_bindgen(js_name = restoreLog)]
    pub fn restore_log(&mut self, stream: &str, first: f64, last: f64, text: &str) {
        self.hub.handle_stored_log(stream, first as i64, last as i64, text);
    }

    /// Then sockets that have survived, with what was attached to them; false where the session has not.
    pub fn reattach(&mut self, conn: u32, attachment: &str) -> bool {
        self.hub.handle_reattached(conn, attachment)
    }

    /// All of that was handed in.
    pub fn restored(&mut self, now: f64) {
        self.hub.handle_restored(Time::from_millis(now));
    }

    /// Whether there is nothing to keep.
    #[wasm_bindgen(js_name = isEmpty)]
    pub fn is_empty(&self) -> bool {
        self.hub.is_empty()
    }
}
