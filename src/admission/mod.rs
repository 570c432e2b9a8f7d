//! Who may have how much at a time: sockets, requests and bodies, by address and by principal, so that nobody takes the places, the
//! memory and the time of the others. One of each for an isolate.
//!
//! ```text
//!                   handle_upgrade        handle_heard         handle_hello          handle_principal
//!   a new socket ────────────────▶ silent ────────────▶ waiting ───────────▶ admitted ───────────────▶ a principal's
//!        │ check                     │ handle_silence                                                       │ is_within_rate
//!        ▼                           ▼                                                                      ▼
//!     refused              the oldest silent one goes                                                  too fast: cut
//!
//!              begin                take                whole                  end
//!   a request ───────▶ body coming ──────▶ body coming ───────▶ its body's turn ─────▶ (nothing)
//! ```
//!
//! [`Handshakes`] is about sockets, [`InFlight`] about requests, and both measure speed with a [`Bucket`]. They are no machines: a
//! Worker's timer belongs to the request that set it, so each connection and each request has its own, and says when it is due.

mod address;
mod bucket;
mod handshakes;
mod in_flight;
mod silent;

pub use address::address_key;
pub use bucket::Bucket;
pub use bucket::Rate;
pub use handshakes::{Full, Handshakes, Limits, Place, SILENT};
pub use in_flight::{BodyLimits, InFlight, Refused, BEAT};

/// Addresses, and principals, that are remembered; the oldest is forgotten first.
const MAX_REMEMBERED: usize = 10_000;
