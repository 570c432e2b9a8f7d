//! What a verifier sees of its second tier. Behind it stands what a program that has none doesn't have in its module: `I`, a verifier, is
//! known there alone.

use std::sync::Arc;

use super::beside::Beside;
use crate::platform::BoxFuture;

/// A second tier for keys.
pub(super) trait Tier<I>: Send + Sync {
    /// Whether it has been read, or has had its time.
    fn is_read(&self) -> bool;

    /// Waits until it has been read, and no longer than it may take.
    fn read<'a>(&'a self, inner: &'a Arc<I>, beside: Option<&'a Beside>) -> BoxFuture<'a, ()>;

    /// Reads it.
    fn read_now<'a>(&'a self, inner: &'a I) -> BoxFuture<'a, ()>;

    /// Writes what has changed of the keys.
    fn write<'a>(&'a self, inner: &'a I) -> BoxFuture<'a, ()>;
}

/// Makes the second tier of one verifier.
pub(super) type NewTier<I> = Arc<dyn Fn() -> Arc<dyn Tier<I>> + Send + Sync>;
