//! The endpoint of an isolate: its configuration, read once, and the room where frames come in.

use std::rc::Rc;
use wasm_bindgen::prelude::*;

use crate::{
    arcp::gate::Config,
    http::head::Head,
    js::{error::thrown, room::Room},
    json::Members,
};

/// The endpoint of an isolate. Each socket's gate is made of it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ArcpEndpointCore {
    pub(super) config: Rc<Config>,
    pub(super) room: Rc<Room>,
}

#[wasm_bindgen]
impl ArcpEndpointCore {
    /// Throws what is wrong with the configuration.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str) -> Result<Self, JsValue> {
        let config = Config::from_json(config).map_err(|error| thrown(&error))?;
        Ok(Self { config: Rc::new(config), room: Rc::new(Room::new()) })
    }

    /// What may wait to be sent to one side, in bytes.
    #[wasm_bindgen(js_name = maxBuffered)]
    pub fn max_buffered(&self) -> f64 {
        self.config.max_buffered() as f64
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

    /// Decides on a request's head: nothing when it may be upgraded, else `{ status, reason, name?, value? }`.
    #[expect(clippy::too_many_arguments, reason = "texts cross, objects don't")]
    pub fn head(
        &self,
        method: &str,
        scheme: &str,
        host: &str,
        path: &str,
        query: &str,
        origin: Option<String>,
        upgrade: Option<String>,
    ) -> Option<String> {
        let (origin, upgrade) = (origin.as_deref(), upgrade.as_deref());
        let head = Head { method, scheme, host, path, query, origin, upgrade, ..Head::default() };
        let refusal = self.config.head(&head).err()?;
        let members = Members::new().integer("status", refusal.status.into()).text("reason", refusal.reason);
        Some(match refusal.field {
            Some((name, value)) => members.text("name", name).text("value", value).end(),
            None => members.end(),
        })
    }
}
