//! A line for the audit log: how a handshake or a session ended, or that one began.

use super::{end::Explanation, Gate};
use crate::{
    arcp::{ArcpCode, Close},
    audit::Outcome,
    time::Span,
};

/// A line for the audit log. No secret and no payload is in it.
#[derive(Clone, Debug)]
pub struct Audit {
    /// `arcp.hello` or `arcp.session`
    pub kind: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// A stable name.
    pub reason: &'static str,
    /// The principal's key.
    pub principal: Option<String>,
    /// What the client's hello said.
    pub hello: Option<HelloFacts>,
    /// How the client's socket was closed.
    pub close: Option<Close>,
    /// The code of the `session.error` that came before.
    pub code: Option<ArcpCode>,
    /// What explains it: the error's `details`, as the client was sent them.
    pub details: Option<String>,
    /// The session.
    pub session: Option<String>,
    /// How long the handshake or the session took.
    pub duration: Option<Span>,
    /// What passed in the session.
    pub traffic: Option<Traffic>,
}

/// What a hello says of its client.
#[derive(Clone, Debug)]
pub struct HelloFacts {
    /// The client's name.
    pub client: String,
    /// `bearer`, `none` or `x-vendor.…`
    pub scheme: String,
    /// Whether a session is to go on.
    pub is_resume: bool,
}

/// Frames and bytes that came.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// From the client: how many frames, and how many bytes.
    pub from_client: (i64, i64),
    /// From upstream.
    pub from_upstream: (i64, i64),
}

impl Audit {
    /// A line that says no more of how it ended.
    pub(super) fn of(gate: &Gate, kind: &'static str, outcome: Outcome, reason: &'static str) -> Self {
        let hello = gate.hello.as_ref().map(|hello| HelloFacts {
            client: hello.client.name.clone(),
            scheme: hello.scheme.clone(),
            is_resume: hello.resume.is_some(),
        });
        Self {
            kind,
            outcome,
            reason,
            principal: gate.principal.as_ref().map(|principal| principal.key()),
            hello,
            close: None,
            code: None,
            details: None,
            session: None,
            duration: None,
            traffic: None,
        }
    }

    /// With how it ended.
    pub(super) fn ended(self, close: Close, code: Option<ArcpCode>, why: Option<&Explanation>) -> Self {
        Self { close: Some(close), code, details: why.map(|why| why.details.clone()), ..self }
    }
}
