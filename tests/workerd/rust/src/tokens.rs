//! The managers of the tests: made by name, one isolate for all requests, and a clock that the tests set forward.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::OnceLock, time::Duration};

use arcgate::{
    tokens::{Event, Options, Source, Storage},
    TokenManager,
};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::{call, keep, told, Clock};

struct Entry {
    manager: TokenManager,
    clock: Clock,
    events: Rc<RefCell<Vec<&'static str>>>,
}

thread_local! {
    static MADE: RefCell<HashMap<String, Entry>> = RefCell::default();
}

// Made at the global scope, where a Worker may not fetch, set a timer or ask for a random number.
static EARLY: OnceLock<TokenManager> = OnceLock::new();

fn manager(name: &str) -> Result<TokenManager, JsValue> {
    if name == "early" {
        return EARLY.get().cloned().ok_or_else(|| "not made yet".into());
    }
    let made = MADE.with_borrow(|made| made.get(name).map(|entry| entry.manager.clone()));
    made.ok_or_else(|| "no such manager".into())
}

fn machine(endpoint: &str) -> Source {
    Source::client_credentials_at(endpoint, "worker").client_secret("secret")
}

/// Makes the one that stands at the global scope.
#[wasm_bindgen]
pub fn make_early_manager(endpoint: &str) {
    let new = || TokenManager::new(machine(endpoint), Options::new());
    EARLY.get_or_init(|| new().unwrap_or_else(|error| wasm_bindgen::throw_str(error.message())));
}

/// A storage over the network, which can be slow: `remote` is given what to store, `null` to delete it, and nothing to read.
struct Remote(Function);

impl Storage for Remote {
    type Error = JsValue;

    async fn load(&self) -> Result<Option<String>, JsValue> {
        call(&self.0, JsValue::UNDEFINED).await.map(|text| text.as_string())
    }

    async fn store(&self, tokens: &str) -> Result<(), JsValue> {
        call(&self.0, tokens.into()).await.map(drop)
    }

    async fn delete(&self) -> Result<(), JsValue> {
        call(&self.0, JsValue::NULL).await.map(drop)
    }
}

/// Makes a manager: of a client's credentials, or of a person's refresh token.
#[wasm_bindgen]
pub fn make_manager(
    name: String,
    endpoint: &str,
    refresh_token: Option<String>,
    timeout_ms: Option<u32>,
    remote: Option<Function>,
) -> Result<(), JsValue> {
    let (clock, events) = (Clock::default(), Rc::new(RefCell::new(Vec::new())));
    let (own, heard) = (clock.clone(), Rc::clone(&events));
    let source = match refresh_token {
        Some(token) => Source::refresh_token_at(endpoint, "worker", token),
        None => machine(endpoint),
    };
    let hear = move |event| {
        if matches!(event, Event::NotStored) {
            heard.borrow_mut().push("not_stored");
        }
    };
    let mut options = Options::new().clock(move || own.now()).on_event(hear);
    if let Some(ms) = timeout_ms {
        options = options.timeout(Duration::from_millis(ms.into()));
    }
    if let Some(remote) = remote {
        options = options.storage(Remote(remote));
    }
    let manager = TokenManager::new(source, options).map_err(|error| JsValue::from(error.message()))?;
    MADE.with_borrow_mut(|made| made.insert(name, Entry { manager, clock, events }));
    Ok(())
}

/// Sets its clock forward.
#[wasm_bindgen]
pub fn pass(name: &str, ms: f64) {
    MADE.with_borrow(|made| made.get(name).map(|entry| entry.clock.pass(ms)));
}

/// What happened to it, as far as the tests look.
#[wasm_bindgen]
pub fn events(name: &str) -> Vec<String> {
    let of = |entry: &Entry| entry.events.borrow().iter().map(|&event| event.to_owned()).collect();
    MADE.with_borrow(|made| made.get(name).map(of)).unwrap_or_default()
}

/// Its token.
#[wasm_bindgen]
pub async fn token(name: String, wait_until: Option<Function>) -> Result<String, JsValue> {
    let mut manager = manager(&name)?;
    if let Some(wait_until) = wait_until {
        manager = manager.wait_until(keep(wait_until));
    }
    manager.token().await.map_err(|error| told(&error))
}
