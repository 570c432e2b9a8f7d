//! Connections as a session sees them: the platform's WebSocket, or what a program or a test brings in its place.

use std::task::{Context, Poll};

use crate::platform::{MaybeSend, MaybeSync};

/// Makes connections. On the web the platform's own WebSocket is taken; elsewhere, and in tests, a program gives its own
/// ([`ConnectOptions::sockets`](super::ConnectOptions::sockets)).
///
/// A function that opens is one, too: `.sockets(|url: &str| my_socket(url))`.
pub trait Connect: MaybeSend + MaybeSync + 'static {
    /// Begins to connect (RFC 6455 §4.1). What fails is told by the socket, with [`SocketEvent::Closed`].
    fn open(&self, url: &str) -> Box<dyn Socket>;
}

impl<F: Fn(&str) -> Box<dyn Socket> + MaybeSend + MaybeSync + 'static> Connect for F {
    fn open(&self, url: &str) -> Box<dyn Socket> {
        self(url)
    }
}

/// A connection, from the moment at which somebody begins to make it. It is dropped after its last event, or behind a
/// [`close`](Socket::close): what was given to [`send`](Socket::send) before that is to go out all the same.
pub trait Socket: MaybeSend {
    /// What happens next. Nothing comes after [`SocketEvent::Closed`].
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<SocketEvent>;

    /// Sends a text frame. One that can't be sent is lost: the end of the connection is told as an event.
    fn send(&mut self, text: String);

    /// Closes with this code and reason (RFC 6455 §7.1.2).
    fn close(&mut self, code: u16, reason: &str);
}

/// What happens on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketEvent {
    /// It is open.
    Opened,
    /// A text frame has come.
    Text(String),
    /// A frame has come that is binary, or too large to be kept: with the beginning of its text, if it is text.
    Unreadable(String),
    /// It is over, or could not be made.
    Closed(CloseFrame),
}

/// How a connection ended (RFC 6455 §7.1.5, §7.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame {
    /// The close code; 1006 for a connection that said nothing of its end, or was never made.
    pub code: u16,
    /// What the other side said about it.
    pub reason: String,
    /// Whether both sides agreed on the end.
    pub was_clean: bool,
}

impl CloseFrame {
    /// An end with this code and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), was_clean: code != crate::seam::arcp_client::ABNORMAL_CLOSURE }
    }

    /// The end of a connection that broke off, or was never made.
    pub fn abnormal() -> Self {
        Self::new(crate::seam::arcp_client::ABNORMAL_CLOSURE, "")
    }
}
