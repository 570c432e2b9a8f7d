//! Streams of events, in every framing and in every cut.

use arcgate::sans_io::{
    arc::client::{Event, EventReader, Limits},
    error::{Error, Fact},
};
use proptest::prelude::*;

const LIMITS: Limits = Limits { event: 1024, total: 100_000 };

/// All events of a stream that arrives in these pieces, as (name, data).
fn read<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<(String, String)>, Error> {
    let mut reader = EventReader::new(limits);
    let mut events = Vec::new();
    for piece in pieces {
        reader.push(piece)?;
        while let Some(Event { name, data }) = reader.next_event()? {
            events.push((name, data));
        }
    }
    events.extend(reader.finish()?.map(|Event { name, data }| (name, data)));
    Ok(events)
}

fn whole(text: &str) -> Vec<(String, String)> {
    read(LIMITS, [text.as_bytes()]).unwrap()
}

fn pairs(events: &[(&str, &str)]) -> Vec<(String, String)> {
    events.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect()
}

#[test]
fn framings() {
    for (text, expected) in [
        ("event: stream\ndata: {}\n\n", vec![("stream", "{}")]),
        ("event:stream\ndata:{}\n\n", vec![("stream", "{}")]),
        ("data: {}\nevent: stream\n\n", vec![("stream", "{}")]),
        ("event: stream\r\ndata: {}\r\n\r\n", vec![("stream", "{}")]),
        ("event: stream\rdata: {}\r\r", vec![("stream", "{}")]),
        ("event: stream\r\ndata: {}\n\r\n", vec![("stream", "{}")]),
        ("\u{feff}event: stream\ndata: {}\n\n", vec![("stream", "{}")]),
        ("\u{feff}\u{feff}data: 1\ndata: 2\n\n", vec![("", "2")]),
        ("data: 1\n\ndata: 2\n\ndata: 3\n\n", vec![("", "1"), ("", "2"), ("", "3")]),
        ("event: a\ndata: 1\n\ndata: 2\n\n", vec![("a", "1"), ("", "2")]),
        ("event: a\nevent: b\ndata: 1\n\n", vec![("b", "1")]),
        ("data: {\ndata:  \"a\": 1\ndata: }\n\n", vec![("", "{\n \"a\": 1\n}")]),
        ("data\ndata\n\n", vec![("", "\n")]),
        ("data:\n\n", vec![("", "")]),
        ("data: a:b\n\n", vec![("", "a:b")]),
        (": ping\n\n: ping\n\ndata: 1\n: in between\ndata: 2\n\n", vec![("", "1\n2")]),
        ("id: 7\nretry: 10\nfoo: bar\nfoo\ndata: 1\n\n", vec![("", "1")]),
        ("event: stream\n\ndata: 1\n\n", vec![("", "1")]),
        ("event: done\n\n", vec![("done", "")]),
        ("\n\n\r\n\r\rdata: 1\n\n\n\n", vec![("", "1")]),
        // The last one without its empty line.
        ("data: 1\n\nevent: done\ndata: {}\n", vec![("", "1"), ("done", "{}")]),
        ("data: 1\n\nevent: done\ndata: {}", vec![("", "1"), ("done", "{}")]),
        ("data: 1\n\nevent: stream\n", vec![("", "1")]),
        ("data: 1\n\n: bye", vec![("", "1")]),
        ("", vec![]),
        (" data: 1\nDATA: 1\n\n", vec![]),
        ("data: \u{e9}\u{1f600}\u{2028}\n\n", vec![("", "\u{e9}\u{1f600}\u{2028}")]),
    ] {
        assert_eq!(whole(text), pairs(&expected), "{text:?}");
    }
}

#[test]
fn every_cut_of_a_stream_gives_the_same_events() {
    let text = "\u{feff}: hi\r\nevent: stream\r\ndata: {\"a\":\"\u{e9}\u{1f600}\"}\r\n\r\ndata: 1\rdata: 2\r\revent: done\ndata: {}\n\n";
    let bytes = text.as_bytes();
    let expected = pairs(&[("stream", "{\"a\":\"\u{e9}\u{1f600}\"}"), ("", "1\n2"), ("done", "{}")]);
    for cut in 0..=bytes.len() {
        let (one, other) = bytes.split_at(cut);
        assert_eq!(read(LIMITS, [one, other]).unwrap(), expected, "cut at {cut}");
    }
    assert_eq!(read(LIMITS, bytes.chunks(1)).unwrap(), expected);
}

#[test]
fn an_event_is_there_as_soon_as_its_empty_line_is() {
    for end in ["\n\n", "\r\r", "\r\n\r"] {
        let mut reader = EventReader::new(LIMITS);
        reader.push(format!("data: 1{end}").as_bytes()).unwrap();
        assert!(reader.next_event().unwrap().is_some(), "{end:?}");
        assert!(reader.next_event().unwrap().is_none());
    }
}

#[test]
fn what_is_too_large() {
    let event = Limits { event: 20, total: 1000 };
    assert_eq!(read(event, [&b"data: 12345678901234\n\n"[..]]).unwrap().len(), 1, "a line of 20");
    for text in [
        "data: 123456789012345\n\n",
        "data: 123456789012345",
        "data: 1234567890\ndata: 1234567890\n\n",
        ": a comment that is long\n\n",
        "event: a name that is long\ndata: 1\n\n",
        &"data\n".repeat(30),
    ] {
        for size in [1, 7, 1000] {
            let error = read(event, text.as_bytes().chunks(size)).unwrap_err();
            assert_eq!(error.code().as_str(), "ERR_PROTOCOL", "{text:?}");
            assert!(error.message().contains("maxEventBytes") && error.message().contains("20 are allowed"));
            let facts = error.facts();
            assert_eq!(facts[1], ("limit", Fact::Number(20)));
            assert!(matches!(facts[0], ("bytes", Fact::Number(bytes)) if bytes > 20), "{facts:?}");
        }
    }
    let total = Limits { event: 20, total: 30 };
    let text = "data: 1\n\n".repeat(4);
    assert_eq!(read(total, [&text.as_bytes()[..27]]).unwrap().len(), 3);
    for size in [1, 7, 1000] {
        assert!(read(total, text.as_bytes().chunks(size)).unwrap_err().message().contains("maxStreamBytes"));
    }
}

#[test]
fn what_is_not_utf8() {
    for bytes in [&b"data: \xff\n\n"[..], b"event: \xc3\ndata: 1\n\n", b"data: \xed\xa0\x80\n\n"] {
        assert_eq!(read(LIMITS, [bytes]).unwrap_err().code().as_str(), "ERR_PROTOCOL");
    }
    assert_eq!(read(LIMITS, [&b": \xff\nid: \xff\ndata: 1\n\n"[..]]).unwrap(), pairs(&[("", "1")]));
}

#[test]
fn memory_follows_what_is_unread_and_not_the_stream() {
    let mut reader = EventReader::new(Limits { event: 1024, total: u64::MAX });
    for _ in 0..10_000 {
        reader.push(b"data: 0123456789\n\n").unwrap();
        while reader.next_event().unwrap().is_some() {}
    }
    assert!(format!("{reader:?}").len() < 1000);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_the_same_stream(
        bytes in prop::collection::vec(prop_oneof![
            3 => prop::sample::select(b"\n\r: \xef\xbb\xbf".to_vec()),
            1 => any::<u8>(),
            3 => prop::sample::select(b"dataevent".to_vec()),
        ], 0..200),
        sizes in prop::collection::vec(1usize..9, 1..20),
    ) {
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() { break; }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let whole = read(LIMITS, [&bytes[..]]).map_err(|error| error.message().to_owned());
        prop_assert_eq!(read(LIMITS, pieces).map_err(|error| error.message().to_owned()), whole);
    }

    #[test]
    fn what_a_server_writes_is_what_is_read(
        events in prop::collection::vec(("[a-z]{0,6}", prop::collection::vec("[^\\r\\n]{0,30}", 1..4)), 0..8),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        size in 1usize..40,
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (name, lines) in &events {
            if !name.is_empty() {
                text.push_str(&format!("event: {name}{end}"));
            }
            for line in lines {
                text.push_str(&format!("data: {line}{end}"));
            }
            text.push_str(end);
            expected.push((name.clone(), lines.join("\n")));
        }
        prop_assert_eq!(read(LIMITS, text.as_bytes().chunks(size)).unwrap(), expected);
    }
}
