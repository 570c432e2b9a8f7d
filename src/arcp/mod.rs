//! ARCP 1.1 (WebSocket, one JSON envelope a text frame), from both sides, without I/O.
//!
//! Read downwards: [`errors`], [`close`] and [`id`] are the protocol's words, `checksum` is of what is stored, [`envelope`] is the frame, [`features`] what two
//! sides agree on, [`heartbeat`] when they hear of each other, [`skim`] what can be told of a frame that can't be read, [`message`]
//! what the handshake says, `job_privacy` what no runtime may give away. The machines stand on them: [`client`] for those who ask,
//! [`gate`] in front of a runtime, `runtime`, and `hold` between the gate and a runtime that loses what nobody listens to.

#[cfg(feature = "gate")]
mod checksum;
pub mod close;
pub mod errors;
pub mod id;

pub mod envelope;
pub mod features;
pub mod heartbeat;

pub mod skim;

pub mod message;

mod job_privacy;

pub mod client;
pub mod gate;
#[cfg(feature = "gate")]
pub mod runtime;

#[cfg(feature = "gate")]
pub mod hold;

pub use close::Close;
pub use envelope::{Envelope, Frame};
pub use errors::ArcpCode;
