//! After a sleep, a freeze or a time without network nobody waits for a timer: pages are told when they are looked at again.

use std::task::Waker;

/// What tells that somebody may be looking, or that the network is back; where there is no page, nothing does.
#[cfg(not(all(feature = "web", target_arch = "wasm32", target_os = "unknown")))]
pub(crate) struct WakeHints;

#[cfg(not(all(feature = "web", target_arch = "wasm32", target_os = "unknown")))]
impl WakeHints {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[allow(clippy::unused_self, reason = "as its counterpart has it")]
    pub(crate) const fn poll(&self, _waker: &Waker) -> bool {
        false
    }
}

#[cfg(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))]
pub(crate) struct WakeHints(crate::web::WakeHints);

#[cfg(all(feature = "web", target_arch = "wasm32", target_os = "unknown"))]
impl WakeHints {
    pub(crate) fn new() -> Self {
        Self(crate::web::WakeHints::new())
    }

    /// Whether there was a hint since the last time.
    pub(crate) fn poll(&self, waker: &Waker) -> bool {
        self.0.poll(waker)
    }
}
