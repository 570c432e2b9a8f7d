//! What to do with an upstream's answer.

use super::{failure::Failure, Forward};
use crate::{
    arc::reply::{fields, object_of},
    json::Members,
};

/// What to do with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Read its body, then ask again.
    Read,
    /// Hand its events on as they come, under these header fields.
    Stream,
    /// Hand its bytes on under this status, with these header fields.
    Pass(u16, Vec<(&'static str, String)>),
    /// Ask once more, at this URL with a slash behind its path.
    Slash,
    /// Give the caller this instead.
    Fail(Failure),
}

impl Verdict {
    /// The verdict as JSON, for the driver.
    pub fn to_json(&self, forward: &Forward) -> String {
        match self {
            Self::Read => Members::new().boolean("read", true).end(),
            Self::Slash => Members::new().boolean("slash", true).end(),
            Self::Stream => Members::new().raw("stream", &object_of(&fields("text/event-stream"))).end(),
            Self::Pass(status, headers) => {
                Members::new().integer("status", (*status).into()).raw("headers", &object_of(headers)).end()
            }
            Self::Fail(failure) => Members::new().raw("reply", &forward.reply(*failure).to_json()).end(),
        }
    }
}
