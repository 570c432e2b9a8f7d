//! Fetches whose callers have gone, where nothing goes on by itself: whoever needs one next carries it on. So callers that hang up
//! cost nobody else a try, and the provider no request.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use super::{inner::Inner, keys::Fetch};
use crate::{
    platform::{BoxFuture, Signal as _},
    time::{Span, Time},
};

/// Those that nobody carries now. The machine knows but a few for each provider, and what it has forgotten is dropped here. A fetch
/// holds on to its verifier, so this is not in there.
#[derive(Default)]
pub(super) struct Kept(Mutex<Vec<Lying>>);

/// One that nobody carries, since an instant.
struct Lying {
    fetch: Fetch,
    since: Time,
    work: BoxFuture<'static, ()>,
}

/// An answer that took too long while nobody asked for it for longer than this was not the provider's to hasten.
const IDLE: Span = Span::from_secs(1);

impl Kept {
    /// Carries on with this fetch, if nobody else does.
    pub(super) fn take<'k>(&'k self, inner: &'k Inner, fetch: Fetch) -> Option<Carried<'k>> {
        let Lying { since, work, .. } = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let at = kept.iter().position(|own| own.fetch == fetch)?;
            kept.swap_remove(at)
        };
        if inner.environment.now().since(since) > IDLE {
            inner.state().lay_idle(fetch);
        }
        Some(self.carry(inner, fetch, work))
    }

    /// Carries a fetch that has just begun.
    pub(super) const fn carry<'k>(
        &'k self,
        inner: &'k Inner,
        fetch: Fetch,
        work: BoxFuture<'static, ()>,
    ) -> Carried<'k> {
        Carried { kept: self, inner, fetch, work: Some(work) }
    }

    /// Keeps one for whoever comes next, and says so to those who wait.
    fn keep(&self, inner: &Inner, fetch: Fetch, work: BoxFuture<'static, ()>) {
        let since = inner.environment.now();
        let gone: Vec<_> = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Lying { fetch, since, work });
            let state = inner.state();
            let (known, gone) = kept.drain(..).partition(|own| state.is_under_way(own.fetch));
            *kept = known;
            gone
        };
        // What is dropped asks for the state itself.
        drop(gone);
        // Only now: whoever begins to wait after this finds it, and whoever did before is woken.
        let signal = inner.state().handed_on(fetch);
        if let Some(signal) = signal {
            signal.fire();
        }
    }
}

/// A fetch in the hands of one caller.
pub(super) struct Carried<'k> {
    kept: &'k Kept,
    inner: &'k Inner,
    fetch: Fetch,
    work: Option<BoxFuture<'static, ()>>,
}

impl Future for Carried<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // One that panics is not kept for another to panic with.
        let Some(mut work) = self.work.take() else { return Poll::Ready(()) };
        let answer = work.as_mut().poll(context);
        if answer.is_pending() {
            self.work = Some(work);
        }
        answer
    }
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.kept.keep(self.inner, self.fetch, work);
        }
    }
}
