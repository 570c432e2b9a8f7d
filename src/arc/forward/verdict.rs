//! What to do with an upstream's answer.

use super::{failure::Failure, Forward};
use crate::arc::reply::{fields, write_fields};

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
            Self::Read => "{\"read\":true}".to_owned(),
            Self::Slash => "{\"slash\":true}".to_owned(),
            Self::Stream => {
                let mut out = String::from("{\"stream\":");
                write_fields(&mut out, &fields("text/event-stream"));
                out.push('}');
                out
            }
            Self::Pass(status, headers) => {
                let mut out = format!("{{\"status\":{status},\"headers\":");
                write_fields(&mut out, headers);
                out.push('}');
                out
            }
            Self::Fail(failure) => format!("{{\"reply\":{}}}", forward.reply(*failure).to_json()),
        }
    }
}
