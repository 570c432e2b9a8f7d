//! A session as long as a program has a use for it.

use std::sync::Arc;

use super::shared::Shared;
use crate::error::{Code, Error, Fact, Fault};

/// A session that somebody has a use for.
pub(super) struct Held {
    pub(super) shared: Arc<Shared>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.input(|state, now| {
            // Whoever drops `connect` has never had a session.
            let reason = if state.info.is_some() { "closed by the client" } else { "given up" };
            state.machine.handle_close(reason, now);
        });
    }
}

impl Held {
    /// Refuses what both sides have not agreed on.
    pub(super) fn needs(&self, feature: &'static str) -> Result<(), Error> {
        let state = self.shared.lock();
        if let Some(error) = &state.error {
            return Err(error.clone());
        }
        if state.info.as_ref().is_some_and(|info| info.has_feature(feature)) {
            return Ok(());
        }
        let message = format!("the runtime and this client have not agreed on `{feature}`");
        let code = Fact::Text("INVALID_REQUEST".to_owned());
        Err(Error::new(Code::Remote, message).about(feature).with("code", code).judged(Fault::Peer, false))
    }
}
