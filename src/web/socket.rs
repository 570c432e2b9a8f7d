//! The platform's WebSocket: what happens on it waits here for whoever looks.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::Future as _,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use js_sys::{Function, JsString};
use wasm_bindgen::prelude::*;

use super::{scope::member, timer::Sleep};
use crate::seam::arcp_client::{ABNORMAL_CLOSURE, FRAME_HEAD, LONGEST_FRAME};

/// Some platforms send no `close` after an `error`: it is waited for so long.
const CLOSE_WAIT: Duration = Duration::from_millis(50);
/// `readyState` of a socket that is open; above it, one that is closing.
const OPEN: u16 = 1;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = WebSocket)]
    type Platforms;
    #[wasm_bindgen(constructor, js_class = "WebSocket", catch)]
    fn new(url: &str) -> Result<Platforms, JsValue>;
    #[wasm_bindgen(method, setter, js_name = binaryType)]
    fn set_binary_type(this: &Platforms, kind: &str);
    #[wasm_bindgen(method, getter, js_name = readyState)]
    fn ready_state(this: &Platforms) -> u16;
    #[wasm_bindgen(method, js_name = addEventListener)]
    fn add_listener(this: &Platforms, name: &str, listener: &Function);
    #[wasm_bindgen(method, js_name = removeEventListener)]
    fn remove_listener(this: &Platforms, name: &str, listener: &Function);
    #[wasm_bindgen(method, catch)]
    fn send(this: &Platforms, text: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Platforms, code: u16, reason: &str) -> Result<(), JsValue>;

    type SocketEvent;
    #[wasm_bindgen(method, getter)]
    fn data(this: &SocketEvent) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn code(this: &SocketEvent) -> u16;
    #[wasm_bindgen(method, getter)]
    fn reason(this: &SocketEvent) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = wasClean)]
    fn was_clean(this: &SocketEvent) -> bool;
}

/// What happens on a connection.
#[derive(Debug)]
pub(crate) enum Event {
    /// It is open.
    Opened,
    /// A text frame.
    Text(String),
    /// A frame that is binary, or too large; with how its text begins.
    Unreadable(String),
    /// It is over: close code, reason, and whether both sides agreed.
    Closed(u16, String, bool),
}

/// What its listeners have heard.
#[derive(Default)]
struct Heard {
    events: VecDeque<Event>,
    has_failed: bool,
    waker: Option<Waker>,
}

type Listener = (&'static str, Closure<dyn FnMut(SocketEvent)>);

/// A connection. Its listeners go with it.
pub(crate) struct WebSocket {
    socket: Option<Platforms>,
    heard: Rc<RefCell<Heard>>,
    listeners: Vec<Listener>,
    last_wait: Option<Sleep>,
    is_over: bool,
}

impl WebSocket {
    /// Whether this platform has any.
    pub(crate) fn exists() -> bool {
        member(&js_sys::global(), "WebSocket").is_some()
    }

    /// Begins to connect. One that can't be made is over.
    pub(crate) fn open(url: &str) -> Self {
        let heard = Rc::new(RefCell::new(Heard::default()));
        let mut own = Self { socket: None, heard, listeners: Vec::new(), last_wait: None, is_over: false };
        match Platforms::new(url) {
            Ok(socket) => {
                socket.set_binary_type("arraybuffer");
                own.listen(&socket, "open", |_| Some(Event::Opened));
                own.listen(&socket, "message", |event| Some(message(&event.data())));
                own.listen(&socket, "close", |event| {
                    let reason = event.reason().as_string().unwrap_or_default();
                    Some(Event::Closed(event.code(), reason, event.was_clean()))
                });
                own.listen(&socket, "error", |_| None);
                own.socket = Some(socket);
            }
            Err(_) => own.heard.borrow_mut().events.push_back(Event::Closed(ABNORMAL_CLOSURE, String::new(), false)),
        }
        own
    }

    /// Hears of one kind of event: `None` of `read` is a failure.
    fn listen(&mut self, socket: &Platforms, name: &'static str, read: fn(&SocketEvent) -> Option<Event>) {
        let heard = Rc::clone(&self.heard);
        let closure = Closure::<dyn FnMut(SocketEvent)>::new(move |event: SocketEvent| {
            let read = read(&event);
            // Whoever is woken may look at once.
            let waker = {
                let mut heard = heard.borrow_mut();
                match read {
                    Some(event) => heard.events.push_back(event),
                    None => heard.has_failed = true,
                }
                heard.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        socket.add_listener(name, closure.as_ref().unchecked_ref());
        self.listeners.push((name, closure));
    }

    /// What happens next. Nothing comes after its end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.is_over {
            return Poll::Pending;
        }
        let (event, has_failed) = {
            let mut heard = self.heard.borrow_mut();
            let event = heard.events.pop_front();
            if event.is_none() {
                heard.waker = Some(cx.waker().clone());
            }
            (event, heard.has_failed)
        };
        if let Some(event) = event {
            self.is_over = matches!(event, Event::Closed(..));
            return Poll::Ready(event);
        }
        if has_failed {
            let wait = self.last_wait.get_or_insert_with(|| Sleep::new(CLOSE_WAIT));
            if Pin::new(wait).poll(cx).is_ready() {
                self.is_over = true;
                return Poll::Ready(Event::Closed(ABNORMAL_CLOSURE, String::new(), false));
            }
        }
        Poll::Pending
    }

    /// Sends a text frame.
    pub(crate) fn send(&self, text: &str) {
        if let Some(socket) = &self.socket {
            // One that is closing tells so itself: a browser would complain in the console.
            if socket.ready_state() <= OPEN {
                // As above.
                let _ = socket.send(text);
            }
        }
    }

    /// Closes it.
    pub(crate) fn close(&self, code: u16, reason: &str) {
        if let Some(socket) = &self.socket {
            // What throws is closed.
            let _ = socket.close(code, reason);
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            for (name, listener) in &self.listeners {
                socket.remove_listener(name, listener.as_ref().unchecked_ref());
            }
        }
    }
}

fn message(data: &JsValue) -> Event {
    match data.dyn_ref::<JsString>() {
        Some(text) if text.length() as usize <= LONGEST_FRAME => Event::Text(String::from(text)),
        Some(text) => Event::Unreadable(String::from(text.slice(0, FRAME_HEAD as u32))),
        None => Event::Unreadable(String::new()),
    }
}
