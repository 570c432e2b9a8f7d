//! What is revoked: which entry an operator's request makes, what a store keeps of several about one name, and which tokens an
//! entry is about. No I/O: the store is a Durable Object, and JavaScript carries what is asked and answered.
//!
//! ```text
//!   revoke(entry)                    the store                            each isolate
//!  ──────────────▶ Entry::requested ──────────▶ Entry::merged ──/changes──▶ Replica::handle_changes
//!                                                                               │
//!   a token, each request and every few seconds of a session ──▶ Replica::is_revoked(Facts)
//! ```
//!
//! An entry names a token (`jti`), a subject or an issuer, and the instant until which what was issued is revoked. It ends when no
//! token is left that it is about: none that lives longer than `limits.maxTokenLifetimeSec` is let in.

mod entry;
mod facts;
mod replica;

pub use entry::{Entry, MAX_ENTRIES, PAGE};
pub use facts::Facts;
pub use replica::{Freshness, Replica};
