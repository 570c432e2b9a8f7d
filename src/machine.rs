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
//!   has to be performed. What some return all the same, and why, is below.
//! - **Actions** are performed by the driver in the order in which [`Machine::poll_action`] gives them. It is asked until it gives
//!   `None`, after every input: an action that nobody fetches is an action that is late, and it is kept until somebody does.
//! - **Events** are for the application, and cost nothing when nobody listens.
//! - **Time** is an argument. [`Machine::poll_timeout`] says when [`Machine::handle_timeout`] is worth calling: never an instant that
//!   `handle_timeout` was already told. A call too early does no harm, one too late is noticed.
//! - **Chance** that guards something (resume tokens, `state`, `nonce`, PKCE verifiers, `jti`) is handed in by the platform, drawn
//!   from its CSPRNG for that one use. A seed at construction serves for jitter and for ids that need only be different: the same
//!   seed and the same inputs give the same output.
//! - **Text** is for the wire. What crosses to JavaScript is encoded in `src/js`, not here.
//! - **Files**: a machine's public methods stand in its `mod.rs`, and the types that they name are re-exported there; its other files
//!   are private, but for what is of use without the machine ([`crate::arcp::gate::upgrade`], [`crate::arcp::client::address`]).
//!
//! Exceptions, all of them:
//!
//! - The gate says of a frame that goes on byte for byte by its return value ([`crate::arcp::gate::Flow`]), for speed: there is no
//!   action before it, and no copy of it.
//! - An application that asks hears at once by which number it will be answered (the client's `handle_submit`, `handle_list`,
//!   `handle_subscribe`, `handle_cancel`), where its page goes on (the token manager's `handle_login`, `handle_login_answer`), or
//!   whether there was anything to do or to object to (`handle_shared_tokens`, `handle_refused_token`, `handle_sign_out`,
//!   `handle_snapshot`, `handle_snapshots`): that is for whoever calls, and nobody has to perform it. What another tab's message was
//!   (`handle_tab_message`) is for whoever carried it: to one that asks, it says what tokens there are.
//! - The verifier's `begin` and `finish`, and `find` and `select` of the cache of keys, are called for each token, and give their
//!   decision: it belongs to that one token, whose caller waits for it. A fetch that it names is an action all the same.
//! - That a key was imported or refused (`handle_imported`, `handle_import_failed`) means the same at any time: there is no `now`.
//! - A hub with a storage gives what is to be written before all else, and at once what has changed since it was last asked: many inputs
//!   in one turn are one write. What sockets are to carry is told last, as it is then.
//! - Who drains late may find less: a request for keys is gone once it was answered or given up, and the token manager keeps its
//!   newest 32 events, the client its newest 4,096.

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
