//! An event of an agent: what it says while it works, as far as it travels over ARC.
//!
//! One rule with ARCP (`output`): what can't be passed on ends the work, and says which event it was and why. Pieces of a result
//! go on as text (bytes as a `FilePart`, in base64), progress as data. The rest (its log, its thoughts, its tool calls) is
//! checked, and is not the caller's.

use crate::{
    arc::message::{write_file_part, write_output, write_text_part},
    json::{self, Members, Value},
    output::{
        self,
        body::{self, Body},
        Flaw, Of, Pieces,
    },
};

/// An event may be this long as JSON: as over ARCP.
pub const MAX_EVENT: usize = 1_000_000;

/// The memory after the last piece of a result.
const AFTER_THE_LAST: &str = ".";

/// What goes on for an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentEvent {
    /// The part that it becomes, as JSON, or two with a comma between them; empty where nothing goes on.
    pub part: String,
    /// Whether that is a piece of the result.
    pub is_piece: bool,
    /// What the next event must be read with: the half of a character that waits, for one.
    pub memory: String,
}

/// Reads an event: the `number`th, as JavaScript wrote it, of the `kind` that it names if any, with the memory of the one before.
///
/// # Errors
/// What is wrong with it, as the `details` of the error.
pub fn read(text: &str, kind: Option<&str>, number: u64, memory: &str) -> Result<AgentEvent, String> {
    let event = output::event(text, MAX_EVENT).map_err(|flaw| flawed(Of::Event(number, kind), flaw))?;
    let kind = event.get("kind").and_then(Value::as_str).unwrap_or_default();
    let wrong = |flaw| flawed(Of::Event(number, Some(kind)), flaw);
    let mut passed = AgentEvent { memory: memory.to_owned(), ..AgentEvent::default() };
    match body::check(kind, event.get("body")).map_err(wrong)? {
        Body::Chunk(_) if memory == AFTER_THE_LAST => return Err(wrong(Flaw::AfterTheLast)),
        Body::Chunk(chunk) => {
            passed.is_piece = true;
            let mut pieces = Pieces::holding(memory);
            let whole = pieces.with(text, &chunk).map_err(wrong)?;
            if !whole.is_empty() {
                write_text_part(&mut passed.part, &whole);
            }
            if chunk.is_base64 {
                if !whole.is_empty() {
                    passed.part.push(',');
                }
                write_file_part(&mut passed.part, chunk.data);
            }
            passed.memory = pieces.held().to_owned();
            if chunk.is_last {
                passed.memory = AFTER_THE_LAST.to_owned();
            }
        }
        Body::Event(_) if matches!(kind, "progress" | "status") => {
            write_output(&mut passed.part, &Value::Object(event.clone()));
        }
        Body::Event(_) => {}
    }
    Ok(passed)
}

/// The part that stands for the half of a character that waited in vain; empty where none does.
pub fn rest(memory: &str) -> String {
    let mut part = String::new();
    if let Some(replacement) = Pieces::holding(memory).end() {
        write_text_part(&mut part, replacement);
    }
    part
}

/// The `details` of the error about what can't be passed on.
pub fn flawed(of: Of<'_>, flaw: Flaw) -> String {
    let details = output::details(of, flaw);
    let mut members = Members::new().text("problem", &output::message(of, flaw));
    if let Ok(details) = json::object_of(&details) {
        for (name, value) in details.iter() {
            members = members.value(name, value);
        }
    }
    members.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(memory: &str, event: &str) -> (String, String) {
        let passed = read(event, None, 1, memory).unwrap();
        (passed.part, passed.memory)
    }

    #[test]
    fn a_character_that_was_cut_is_whole_again() {
        let chunk = |data: &str| format!(r#"{{"kind":"result_chunk","body":{{"data":"{data}"}}}}"#);
        let (part, memory) = say("", &chunk("a\\ud83d"));
        assert_eq!(part, r#"{"type":"TextPart","content":"a"}"#);
        // What is said in between is not in its way.
        let (part, memory) = say(&memory, r#"{"kind":"thought","body":{"text":"\ud83d"}}"#);
        assert_eq!(part, "");
        let (part, memory) = say(&memory, &chunk("\\ude00b"));
        assert_eq!((part.as_str(), memory.as_str()), ("{\"type\":\"TextPart\",\"content\":\"\u{1f600}b\"}", ""));
        let (part, memory) = say(&memory, &chunk("\\ud83d"));
        assert_eq!(part, "", "nothing is whole yet");
        assert_eq!(rest(&memory), "{\"type\":\"TextPart\",\"content\":\"\u{fffd}\"}");
        assert_eq!(rest(""), "");
    }

    #[test]
    fn nothing_comes_after_the_last_piece() {
        let last = r#"{"kind":"result_chunk","body":{"data":"a\ud83d","more":false}}"#;
        let memory = read(last, None, 1, "").unwrap().memory;
        assert_eq!(rest(&memory), "");
        let error = read(last, None, 2, &memory).unwrap_err();
        assert!(error.contains(r#""reason":"after_the_last""#), "{error}");
    }

    #[test]
    fn a_half_that_waits_stands_before_the_bytes() {
        for more in ["", r#","more":true"#, r#","more":false"#] {
            let (part, memory) = say("", r#"{"kind":"result_chunk","body":{"data":"x\ud83d"}}"#);
            assert_eq!(part, r#"{"type":"TextPart","content":"x"}"#);
            let bytes = format!(r#"{{"kind":"result_chunk","body":{{"data":"YWI=","encoding":"base64"{more}}}}}"#);
            let (part, memory) = say(&memory, &bytes);
            let file = r#"{"type":"FilePart","content":"YWI=","mimeType":"application/octet-stream"}"#;
            assert_eq!(part, format!("{{\"type\":\"TextPart\",\"content\":\"\u{fffd}\"}},{file}"));
            assert_eq!(rest(&memory), "", "once");
            if more.contains("false") {
                continue;
            }
            // Nothing is joined across the bytes.
            let (part, _) = say(&memory, r#"{"kind":"result_chunk","body":{"data":"\ude00y"}}"#);
            assert_eq!(part, "{\"type\":\"TextPart\",\"content\":\"\u{fffd}y\"}");
        }
    }

    #[test]
    fn bytes_are_a_file_and_progress_is_data() {
        let (part, _) = say("", r#"{"kind":"result_chunk","body":{"data":"AAE=","encoding":"base64"}}"#);
        assert_eq!(part, r#"{"type":"FilePart","content":"AAE=","mimeType":"application/octet-stream"}"#);
        let (part, _) = say("", r#"{"kind":"progress","body":{"current":1}}"#);
        assert!(part.starts_with(r#"{"type":"DataPart","content":"{\"kind\":\"progress\""#), "{part}");
    }

    #[test]
    fn what_cant_be_passed_on_says_which_event_and_why() {
        let deep = format!(r#"{{"kind":"x-vendor.a.b","body":{{"v":{}1{}}}}}"#, "[".repeat(40), "]".repeat(40));
        let large = format!(r#"{{"kind":"thought","body":{{"text":"{}"}}}}"#, "x".repeat(MAX_EVENT));
        for (text, kind, reason) in [
            ("7", None, "not_an_event"),
            (r#""text""#, None, "not_an_event"),
            ("{}", None, "not_an_event"),
            (deep.as_str(), None, "too_deep"),
            (large.as_str(), None, "too_large"),
            (r#"{"kind":"mine","body":{}}"#, Some("mine"), "unknown_kind"),
            (r#"{"kind":"result_chunk","body":{"data":7}}"#, Some("result_chunk"), "wrong_body"),
            (r#"{"kind":"result_chunk","body":{"data":"é","encoding":"base64"}}"#, Some("result_chunk"), "wrong_body"),
        ] {
            let details = read(text, None, 3, "").unwrap_err();
            let details = json::object_of(&details).unwrap();
            let text_of = |name| details.get(name).and_then(Value::as_str);
            assert_eq!((text_of("reason"), text_of("kind")), (Some(reason), kind));
            assert!(text_of("problem").is_some_and(|problem| problem.starts_with("The agent's event 3 ")));
        }
    }
}
