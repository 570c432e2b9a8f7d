//! What HTTP's header fields say, for everything here that asks a server: keys, tokens, peers.

pub mod date;
pub mod retry_after;
