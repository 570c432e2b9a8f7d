//! The client's side of ARC 1.0, without I/O: what is sent, what an answer means, when a request may be repeated, and the
//! events of a stream.
//!
//! [`request::write`] -> the driver sends it -> [`answer::decode`], or [`events::EventReader`] for a stream.

pub mod failure;

pub mod answer;
pub mod events;
pub mod meaning;
pub mod request;

pub use answer::{decode, Expected};
pub use events::{Event, EventReader, Limits};
pub use failure::{Failure, Head};
pub use meaning::{Meaning, Seen};
