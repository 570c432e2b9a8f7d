//! What HTTP's header fields, hosts and event streams say, for everything here that asks a server: keys, tokens, peers.

pub mod date;
pub mod head;
pub mod host;
pub mod retry_after;
pub mod sse;
