//! What tells a page that somebody looks at it again, or that the network is back. Only browsers know these events.

use std::{cell::RefCell, rc::Rc, task::Waker};

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::scope::member;

const NAMES: [&str; 4] = ["online", "pageshow", "focus", "visibilitychange"];

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = addEventListener)]
    fn add_listener(name: &str, listener: &Function);
    #[wasm_bindgen(js_name = removeEventListener)]
    fn remove_listener(name: &str, listener: &Function);
}

/// Listens until it is dropped.
pub(crate) struct WakeHints {
    heard: Rc<RefCell<(bool, Option<Waker>)>>,
    listener: Option<Closure<dyn Fn()>>,
}

impl WakeHints {
    pub(crate) fn new() -> Self {
        let heard = Rc::new(RefCell::new((false, None::<Waker>)));
        let navigator = member(&js_sys::global(), "navigator");
        let is_page =
            navigator.and_then(|navigator| member(&navigator, "onLine")).is_some_and(|on| on.as_bool().is_some());
        let listener = is_page.then(|| {
            let heard = Rc::clone(&heard);
            Closure::<dyn Fn()>::new(move || {
                if is_hidden() {
                    return;
                }
                let waker = {
                    let mut heard = heard.borrow_mut();
                    heard.0 = true;
                    heard.1.take()
                };
                if let Some(waker) = waker {
                    waker.wake();
                }
            })
        });
        if let Some(listener) = &listener {
            // Not while they are on their way down: a field that gets the focus is no page that is looked at again.
            NAMES.iter().for_each(|name| add_listener(name, listener.as_ref().unchecked_ref()));
        }
        Self { heard, listener }
    }

    /// Whether there was a hint since the last time.
    pub(crate) fn poll(&self, waker: &Waker) -> bool {
        let mut heard = self.heard.borrow_mut();
        let is_any = std::mem::take(&mut heard.0);
        if !is_any && self.listener.is_some() {
            heard.1 = Some(waker.clone());
        }
        is_any
    }
}

impl Drop for WakeHints {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            NAMES.iter().for_each(|name| remove_listener(name, listener.as_ref().unchecked_ref()));
        }
    }
}

fn is_hidden() -> bool {
    let document = member(&js_sys::global(), "document");
    let state = document.and_then(|document| member(&document, "visibilityState"));
    state.and_then(|state| state.as_string()).as_deref() == Some("hidden")
}
