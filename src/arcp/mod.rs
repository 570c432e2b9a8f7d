//! ARCP 1.1 (WebSocket, one JSON envelope a text frame), from both sides, without I/O.
//!
//! Read downwards: [`errors`], [`close`] and [`id`] are the protocol's words, [`envelope`] is the frame, [`features`] what two
//! sides agree on, [`heartbeat`] when they hear of each other, [`skim`] what can be told of a frame that can't be read, [`message`]
//! what the handshake says. The machines stand on them: [`client`] for those who ask, [`gate`] in front of a runtime, [`runtime`].

pub mod close;
pub mod errors;
pub mod id;

pub mod envelope;
pub mod features;
pub mod heartbeat;

pub mod skim;

pub mod message;

pub mod client;
pub mod gate;
pub mod runtime;

pub use close::Close;
pub use envelope::{Envelope, Frame};
pub use errors::ArcpCode;
