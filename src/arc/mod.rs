//! ARC 1.0 (HTTP, one endpoint): the gate in front of agents, without I/O.
//!
//! head -> [`Gate::head`] -> credentials, which a verifier turns into a principal -> body -> [`Gate::body`] -> [`Run`] ->
//! the agent's output -> [`Run::reply`]; or [`Forward`], where the agent stands behind an upstream. Each step either goes on or is an answer; every answer is a [`Reply`].
//!
//! And the other side of it: [`client`].

pub mod errors;
pub mod scopes;

pub mod message;
pub mod origin;
pub mod reply;

pub mod agent_event;
pub mod envelope;
pub mod forward;
pub mod run;

mod method;

pub mod gate;
pub mod head;

pub mod client;

pub use crate::http::head::Head;
pub use errors::ArcCode;
pub use forward::Forward;
pub use gate::{Decision, Gate, Seen};
pub use head::{Admission, Step};
pub use reply::Reply;
pub use run::{Fresh, Outcome, Run};
