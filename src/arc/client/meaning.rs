//! What an event of a streamed chat means. Servers name the pieces of an answer differently, or not at all.

/// The names of a piece of an answer.
const PIECES: [&str; 4] = ["stream", "chat", "message", ""];

/// What is seen of an event before anybody acts on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// Its name; empty when it has none.
    pub name: &'a str,
    /// Its data is JSON.
    pub is_json: bool,
    /// The data has an `error`.
    pub has_error: bool,
    /// The data says `done`.
    pub says_done: bool,
    /// There is a message in it.
    pub has_message: bool,
    /// Its status is `ERROR`.
    pub is_failed: bool,
}

/// What the caller gets for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A piece of the answer.
    Message,
    /// The end.
    Done,
    /// Something that this protocol doesn't know.
    Other,
    /// The error that its data tells of.
    Error,
    /// An end that says only that it is a bad one.
    Failed,
    /// No event of this protocol, though it is named as one.
    Broken,
}

impl Meaning {
    /// Of an event.
    pub fn of(seen: Seen<'_>) -> Self {
        let is_piece = PIECES.contains(&seen.name);
        let is_done = seen.name == "done" || (seen.says_done && !seen.has_message);
        match seen.name {
            "error" => Self::Error,
            "done" if !seen.is_json => Self::Broken,
            _ if !seen.is_json && is_piece => Self::Broken,
            _ if !seen.is_json => Self::Other,
            _ if seen.has_error => Self::Error,
            _ if is_done && seen.is_failed => Self::Failed,
            _ if is_done => Self::Done,
            _ if is_piece => Self::Message,
            _ => Self::Other,
        }
    }

    /// The name that JavaScript sees.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Done => "done",
            Self::Other => "other",
            Self::Error => "error",
            Self::Failed => "failed",
            Self::Broken => "broken",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_means_one_thing() {
        let json = |name| Seen { name, is_json: true, ..Seen::default() };
        for (seen, meaning) in [
            (json("stream"), "message"),
            (json("chat"), "message"),
            (json("message"), "message"),
            (json(""), "message"),
            (json("progress"), "other"),
            (json("done"), "done"),
            (json("error"), "error"),
            (Seen { has_error: true, ..json("progress") }, "error"),
            (Seen { has_error: true, ..json("done") }, "error"),
            (Seen { says_done: true, ..json("chat") }, "done"),
            (Seen { says_done: true, has_message: true, ..json("chat") }, "message"),
            (Seen { says_done: true, ..json("progress") }, "done"),
            (Seen { has_message: true, ..json("done") }, "done"),
            (Seen { is_failed: true, ..json("done") }, "failed"),
            (Seen { is_failed: true, says_done: true, ..json("") }, "failed"),
            (Seen { is_failed: true, ..json("chat") }, "message"),
            (Seen { name: "error", ..Seen::default() }, "error"),
            (Seen { name: "done", ..Seen::default() }, "broken"),
            (Seen { name: "stream", ..Seen::default() }, "broken"),
            (Seen { name: "", ..Seen::default() }, "broken"),
            (Seen { name: "progress", ..Seen::default() }, "other"),
        ] {
            assert_eq!(Meaning::of(seen).as_str(), meaning, "{seen:?}");
        }
    }
}
