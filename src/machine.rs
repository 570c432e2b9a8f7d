//! The one contract of every state machine here: inputs and the time go in, typed output and the next deadline come out.
//!
//! ```text
//!            handle_frame(…, now)  handle_response(…, now)  handle_timeout(now)
//!                                 │
//!                     ┌───────────▼───────────┐
//!                     │        machine        │   no socket, no timer, no promise, no clock
//!                     └──┬─────────┬────────┬─┘
//!          poll_action() │         │        │ poll_timeout()
//!                        ▼         │        ▼
//!                    the platform  │     one timer
//!                                  ▼ poll_event()
//!                            the application
//! ```
//!
//! What a machine promises, and `tests/machine` holds each to it:
//!
//! - **Inputs** are methods `handle_<what>(…, now)`. They never block, never panic on what a peer sends, and return nothing that
//!   has to be performed. (One exception, for speed: the gate says of a frame that goes on byte for byte by its return value.)
//! - **Actions** are performed by the driver in the order in which [`Machine::poll_action`] gives them. It is asked until it gives
//!   `None`, after every input: an action that nobody fetches is an action that is late.
//! - **Events** are for the application, and cost nothing when nobody listens.
//! - **Time** is an argument. [`Machine::poll_timeout`] says when [`Machine::handle_timeout`] is worth calling: never an instant that
//!   `handle_timeout` was already told. A call too early does no harm, one too late is noticed.
//! - **Chance** that guards something (resume tokens, `state`, `nonce`, PKCE verifiers, `jti`) is handed in by the platform, drawn
//!   from its CSPRNG for that one use. A seed at construction serves for jitter and for ids that need only be different: the same
//!   seed and the same inputs give the same output.
//! - **Text** is for the wire. What crosses to JavaScript is encoded in `src/js`, not here.

use crate::time::Time;

/// A state machine without I/O. See the module's documentation for what it promises.
pub trait Machine {
    /// What the platform performs.
    type Action;
    /// What the application is told; [`core::convert::Infallible`] where there is nothing to tell.
    type Event;

    /// What is to be done next. To be asked after every input, until there is nothing.
    fn poll_action(&mut self) -> Option<Self::Action>;

    /// All that is to be done now, in its order: for drivers that carry it over a border at once.
    fn drain_actions(&mut self) -> Vec<Self::Action> {
        std::iter::from_fn(|| self.poll_action()).collect()
    }

    /// What the application is told next.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// When [`Machine::handle_timeout`] is worth calling; `None`: not before something else happens.
    fn poll_timeout(&self) -> Option<Time>;

    /// Time has passed.
    fn handle_timeout(&mut self, now: Time);
}
