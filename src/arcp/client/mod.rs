//! The client's side of a session, without sockets and timers.
//!
//! ```text
//!             dial            opened             welcome
//!   waiting ───────▶ dialing ───────▶ greeting ──────────▶ open ──▶ closing ──▶ closed
//!      ▲                │                │                  │
//!      └────────────────┴────────────────┴──────────────────┘  the connection is lost: a pause, then resume
//! ```
//!
//! Read downwards: [`options`] is what the application asks for, [`fault`] says what went wrong, [`payload_check`] what can't be asked
//! for, [`chunks`], [`flow`] and [`jobs`] keep what arrives in order and within bounds, [`requests`] finds whose an answer is, and
//! [`machine`] brings them together. Whatever it decides comes out as JSON, one action after the other ([`Client::poll`]).

pub mod fault;
pub mod options;

pub mod action;

pub mod chunks;
pub mod flow;

mod keepalive;

pub mod jobs;
pub mod requests;

pub mod payload_check;

pub mod machine;

mod answers;
mod connect;
mod credit;
mod frames;
mod reconcile;
mod renew;
mod subscriptions;
mod timers;
mod unreadable;

pub use machine::Client;
