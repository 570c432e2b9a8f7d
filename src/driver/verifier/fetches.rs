//! Keys on their way. A fetch belongs to whoever began it, and goes on beside where the platform lets it, whatever becomes of them.

use std::sync::Arc;

use super::{event::Event, inner::Inner, keys::Fetch};
use crate::platform::{duration, fetch::Request, BoxFuture, Signal as _};

/// A server may refuse whoever doesn't name the type that it gives (Kubernetes' keys: 406). Most give plain JSON.
const ACCEPT: &str = "application/json, application/jwk-set+json;q=0.9, */*;q=0.1";

/// A fetch that goes on. Dropped before its end, it says so, and one of those who wait takes over.
pub(super) struct Running {
    inner: Arc<Inner>,
    fetch: Fetch,
    is_over: bool,
}

impl Running {
    /// Takes on a fetch that the machine has given to this caller.
    pub(super) const fn new(inner: Arc<Inner>, fetch: Fetch) -> Self {
        Self { inner, fetch, is_over: false }
    }

    /// Performs it.
    pub(super) fn run(self) -> BoxFuture<'static, ()> {
        Box::pin(self.requests())
    }

    /// Whoever waits for it goes on.
    fn end(&mut self) {
        self.is_over = true;
        let signal = self.inner.state().over(self.fetch);
        if let Some(signal) = signal {
            signal.fire();
        }
    }

    async fn requests(mut self) {
        loop {
            let request = self.inner.state().request(self.fetch);
            let Some(request) = request else { break };
            let request = Request::get(request.url, request.max_bytes)
                .with_header("accept", ACCEPT)
                .with_timeout(duration(request.timeout));
            let answer = self.inner.environment.fetch(request).await;
            let now = self.inner.environment.now();
            if !self.inner.state().answered(self.fetch, &answer, now) {
                break;
            }
        }
        self.end();
        if let Some(facts) = self.inner.providers.get(self.fetch.0) {
            self.inner.user.tell(&Event::KeysFetched { provider: &facts.name });
        }
        if let Some(tier) = &self.inner.tier {
            tier.write(&self.inner).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let now = self.inner.environment.now();
        self.inner.state().abandoned(self.fetch, now);
        self.end();
    }
}
