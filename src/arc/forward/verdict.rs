//! What to do with an upstream's answer.

use super::failure::Failure;

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
