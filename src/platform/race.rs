//! Two futures of which the first to end counts.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Which of the two ended.
#[derive(Debug)]
pub(crate) enum First<A, B> {
    /// The one.
    One(A),
    /// The other.
    Other(B),
}

/// Waits for whichever ends first; the one wins where both have.
pub(crate) fn race<A: Future + Unpin, B: Future + Unpin>(one: A, other: B) -> Race<A, B> {
    Race { one, other }
}

/// See [`race`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Race<A, B> {
    one: A,
    other: B,
}

impl<A: Future + Unpin, B: Future + Unpin> Future for Race<A, B> {
    type Output = First<A::Output, B::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(ended) = Pin::new(&mut self.one).poll(context) {
            return Poll::Ready(First::One(ended));
        }
        Pin::new(&mut self.other).poll(context).map(First::Other)
    }
}
