//! ARCP 1.1 over WebSocket, from the side that asks: [`ArcpClient`].
//!
//! ```no_run
//! use arcgate::session::{ArcpClient, Auth, ConnectOptions, Submit};
//!
//! # async fn count(token: &str) -> Result<(), arcgate::Error> {
//! let options = ConnectOptions::new("my-app", "1.0.0", Auth::bearer(token));
//! let client = ArcpClient::connect("wss://agents.example/arcp", options).await?;
//! let mut job = client.submit(Submit::new("count").input_json(r#"{"to":10}"#)).await?;
//! while let Some(event) = job.next().await {
//!     if let Some((current, total)) = event.progress() {
//!         println!("{current} of {total:?}");
//!     }
//! }
//! println!("{:?}", job.result().await?.json());
//! client.close("done").await;
//! # Ok(())
//! # }
//! ```
//!
//! Connections come and go, the session stays: one that is lost is made again after a random pause, and the session is resumed from the
//! last event; before its token ends, it moves to a connection with a fresh one. [`ArcpClient::events`] tells of it.
//!
//! A task drives the session: in JavaScript it is the client's own, elsewhere the program runs it ([`ConnectOptions::spawn`]) over
//! connections that it makes ([`ConnectOptions::sockets`]). In a Worker a session belongs to the request that has opened it, and ends with
//! it: its sockets are that request's.

mod address;
mod answer;
mod bearer;
mod client;
mod driver;
mod errors;
mod events;
mod held;
mod job;
mod job_event;
mod job_handle;
mod job_queue;
mod listeners;
mod listing;
mod manager;
mod note;
mod options;
mod output;
#[cfg(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))]
mod platform_socket;
mod session_events;
mod shared;
mod socket;
mod source;
mod standing;
mod submit;
mod timer;
mod words;

pub use client::ArcpClient;
pub use events::{Agent, Closed, Lost, LostReason, SessionEvent, SessionInfo, SessionState};
pub use job::Job;
pub use job_event::{JobEvent, JobEventKind};
pub use job_handle::JobHandle;
pub use listing::{History, JobFilter, JobInfo, JobPage};
pub use options::{Auth, ConnectOptions, Reconnect};
pub use output::JobOutput;
pub use session_events::SessionEvents;
pub use socket::{CloseFrame, Connect, Socket, SocketEvent};
pub use source::{Token, TokenRequest, TokenSource};
pub use submit::Submit;

pub use crate::platform::{BoxError, BoxFuture, MaybeSend, MaybeSync};
use crate::{driver::Shared, error::Error};

/// The platform's WebSocket.
#[cfg(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))]
fn own_sockets() -> Result<Shared<Box<dyn Connect>>, Error> {
    Ok(Shared::new(Box::new(platform_socket::Sockets::find()?)))
}

/// The platform's WebSocket: there is none.
#[cfg(not(all(feature = "web", target_arch = "wasm32", target_os = "unknown")))]
fn own_sockets() -> Result<Shared<Box<dyn Connect>>, Error> {
    Err(options::wrong(
        "sockets",
        "is missing, and this platform has no WebSocket of its own: give what makes connections",
    ))
}
