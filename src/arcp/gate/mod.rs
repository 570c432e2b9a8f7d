//! The gate in front of a runtime, one machine for each client's socket.
//!
//! head -> [`upgrade`] -> the client's hello -> [`Action::Authenticate`] -> the principal -> [`Action::Open`] -> a hello of our own
//! behind -> its welcome -> the client's welcome -> frames both ways ([`relay`]).
//!
//! ```text
//!  Hello ──▶ Verifying ──▶ (Unsealing, of a resume) ──▶ Opening ──▶ Rechecking ──▶ Greeting ──▶ Admitting ──▶ Open
//!    │           │                                         ▲                          │             │          │
//!    │           │                                         └──── Resting ◀────────────┘             │          │
//!    └───────────┴──────────────────────────── any failure, or no answer in time ──────────────────┴──────────┴──▶ Over
//! ```
//!
//! Nothing reaches what is behind before the principal is known. What passes is checked and then forwarded byte for byte.
//! [`action`] is what a driver performs, [`refusal`] and [`ending`] how a session ends, [`pulse`] and [`beats`] when a side is
//! heard of, [`rate`] how much it may say, [`seal`] what binds a resume token to its principal, [`greet`] our own hello, [`admit`]
//! the last questions before the welcome, [`unreadable`] what can't be passed on, [`places`] where a job's id stands, [`hidden`]
//! what no runtime behind may give away.

pub mod action;
pub mod config;
pub mod refusal;
pub mod upgrade;

mod hidden;
mod places;
mod pulse;
mod rate;
mod seal;

mod session;

mod admit;
mod beats;
mod ending;
mod greet;
mod handshake;
mod machine;
mod relay;
mod unreadable;

pub use action::Action;
pub use config::Config;
pub use machine::{Flow, Gate};
