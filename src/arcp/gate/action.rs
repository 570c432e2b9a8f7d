//! What the driver performs, in this order.

use crate::{arcp::Close, json::Members, secret::Secret};

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
    /// Write this object into the audit log.
    Audit(String),
}

impl Action {
    /// Appends the action as JSON.
    pub fn write(&self, out: &mut String) {
        let members = |name: &str| Members::new().text("do", name);
        let text = match self {
            Self::ToClient(text) => members("send").text("text", text).end(),
            Self::ToUpstream(text) => members("sendUpstream").text("text", text).end(),
            Self::CloseClient(close) => {
                members("close").integer("code", close.code().into()).text("reason", close.reason()).end()
            }
            Self::CloseUpstream => members("closeUpstream").end(),
            Self::Authenticate { scheme, token } => {
                let members = members("authenticate").text("scheme", scheme);
                match token.as_ref().and_then(|token| std::str::from_utf8(token.expose()).ok()) {
                    Some(token) => members.text("token", token).end(),
                    None => members.end(),
                }
            }
            Self::Open(None) => members("open").end(),
            Self::Open(Some(session)) => members("open").text("resumes", session).end(),
            Self::Mac(input) => members("mac").text("input", input).end(),
            Self::CheckRevocation => members("askRevoked").end(),
            Self::Audit(event) => members("audit").raw("event", event).end(),
        };
        out.push_str(&text);
    }
}
