//! The platform's WebSocket as a session sees connections.

use std::task::{Context, Poll};

use super::{
    options::wrong,
    socket::{CloseFrame, Connect, Socket, SocketEvent},
};
use crate::{
    error::Error,
    web::{SocketEvent as Event, WebSocket},
};

/// Makes them.
pub(super) struct Sockets;

impl Sockets {
    /// # Errors
    /// `ERR_CONFIG`, where there is none (Node before 22).
    pub(super) fn find() -> Result<Self, Error> {
        if WebSocket::exists() {
            return Ok(Self);
        }
        Err(wrong("sockets", "is missing, and this platform has no WebSocket of its own (Node 22 has one)"))
    }
}

impl Connect for Sockets {
    fn open(&self, url: &str) -> Box<dyn Socket> {
        Box::new(WebSocket::open(url))
    }
}

impl Socket for WebSocket {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<SocketEvent> {
        Self::poll_next(self, cx).map(|event| match event {
            Event::Opened => SocketEvent::Opened,
            Event::Text(text) => SocketEvent::Text(text),
            Event::Unreadable(head) => SocketEvent::Unreadable(head),
            Event::Closed(code, reason, was_clean) => SocketEvent::Closed(CloseFrame { code, reason, was_clean }),
        })
    }

    fn send(&mut self, text: String) {
        Self::send(self, &text);
    }

    fn close(&mut self, code: u16, reason: &str) {
        Self::close(self, code, reason);
    }
}
