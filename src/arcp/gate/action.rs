//! What the driver performs, in this order.

use super::audit::Audit;
use crate::{arcp::Close, secret::Secret};

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send this text to the client.
    ToClient(String),
    /// Send this text to the upstream.
    ToUpstream(String),
    /// Close the client's socket.
    CloseClient(Close),
    /// Close the upstream, or give up opening it.
    CloseUpstream,
    /// Have these credentials verified; the answer is [`super::Gate::handle_principal`] or [`super::Gate::handle_refused`].
    Authenticate {
        /// `bearer`, `none` or `x-vendor.…`
        scheme: String,
        /// The credential.
        token: Option<Secret>,
    },
    /// Open the upstream, for the principal; the answer is [`super::Gate::handle_opened`] or [`super::Gate::handle_open_failed`]. With the
    /// session that is resumed, where one is.
    Open(Option<String>),
    /// Compute the code that authenticates this text; the answer is [`super::Gate::handle_mac`].
    Mac(String),
    /// Ask whether the credential was revoked; the answer is [`super::Gate::handle_revocation`].
    CheckRevocation,
    /// Write this line into the audit log.
    Audit(Box<Audit>),
}
