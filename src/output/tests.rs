#![allow(clippy::unwrap_used, reason = "a failed unwrap here is a failed test")]

use proptest::prelude::*;

use super::*;

/// An event as JavaScript writes it: `data` in UTF-16, of which lone halves are escaped.
fn piece(data: &[u16]) -> String {
    let mut out = String::from("{\"kind\":\"result_chunk\",\"body\":{\"encoding\":\"utf8\",\"data\":\"");
    for read in char::decode_utf16(data.iter().copied()) {
        match read {
            Ok('"') => out.push_str("\\\""),
            Ok('\\') => out.push_str("\\\\"),
            Ok(char) if char < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            Ok(char) => out.push(char),
            Err(half) => out.push_str(&format!("\\u{:04x}", half.unpaired_surrogate())),
        }
    }
    out.push_str("\"}}");
    out
}

fn joined<'p>(pieces: impl IntoIterator<Item = &'p [u16]>) -> String {
    let mut text = Pieces::default();
    let mut out = String::new();
    for data in pieces {
        // What is carried elsewhere in between loses nothing.
        text = Pieces::holding(text.held());
        out.push_str(&text.take(&piece(data), false).unwrap());
    }
    out.push_str(text.end().unwrap_or_default());
    out
}

#[test]
fn a_text_is_whole_again_wherever_it_was_cut() {
    let text = "Total: \u{1F4B0} 1,000 \\ud83d \"\u{1F6AB}\"\\";
    let units: Vec<u16> = text.encode_utf16().collect();
    for size in 1..=units.len() {
        assert_eq!(joined(units.chunks(size)), text, "pieces of {size}");
    }
}

#[test]
fn a_half_that_stays_alone_is_the_replacement_character() {
    for (pieces, expected) in [
        (&[&[0x78, 0xd83d][..]][..], "x\u{fffd}"),
        (&[&[0xde00, 0x78]], "\u{fffd}x"),
        (&[&[0xd83d], &[0x78]], "\u{fffd}x"),
        (&[&[0xd83d], &[], &[0xde00]], "\u{1f600}"),
        (&[&[0xd83d], &[0xd83d], &[0xde00]], "\u{fffd}\u{1f600}"),
        (&[&[0xde00], &[0xd83d]], "\u{fffd}\u{fffd}"),
        (&[&[0x5c], &[0x75, 0x64, 0x38, 0x33, 0x64]], "\\ud83d"),
    ] {
        assert_eq!(joined(pieces.iter().copied()), expected, "{pieces:x?}");
    }
    let mut pieces = Pieces::default();
    assert_eq!(
        pieces.take(&piece(&[0x78, 0xd83d]), true).as_deref(),
        Ok("x\u{fffd}"),
        "the last one waits for nothing"
    );
    assert_eq!(pieces.end(), None);
    assert_eq!(Pieces::holding("\\u0041"), Pieces::default(), "what is no half is not kept");
    assert_eq!(pieces.take("{\"kind\":\"result_chunk\",\"body\":{\"data\":1}}", false), Err(Flaw::WrongBody));
}

proptest! {
    #[test]
    fn no_cut_loses_anything(units in prop::collection::vec(prop_oneof![
        any::<u16>(), 0xd7ff..0xe001_u16, Just(0x5c_u16), Just(0x75), Just(0x22), Just(0xd83d), Just(0xde00)], 0..40),
        size in 1..5_usize) {
        prop_assert_eq!(joined(units.chunks(size)), String::from_utf16_lossy(&units));
    }
}

#[test]
fn flaws_are_named() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let event_of = |body: &str| format!("{{\"kind\":\"k\",\"body\":{body}}}");
    assert_eq!(result(&nested(MAX_DEPTH), 100), Ok(None));
    assert_eq!(result(&nested(MAX_DEPTH + 1), 100), Err(Flaw::TooDeep));
    assert_eq!(result(&nested(80), 200), Err(Flaw::TooDeep));
    assert!(event(&event_of(&nested(MAX_DEPTH)), 100).is_ok());
    assert_eq!(event(&event_of(&nested(MAX_DEPTH + 1)), 200).unwrap_err(), Flaw::TooDeep);
    assert_eq!(result("\"12345\"", 6), Err(Flaw::TooLarge { bytes: 7, most: 6 }));
    assert_eq!(result(r#""a\ud83d""#, 100), Ok(Some("\"a\u{fffd}\"".to_owned())));
    // What only grows when it is written again is measured then.
    let grows = format!("\"\\ud83d{}\"", "\u{2028}".repeat(20));
    assert_eq!(result(&grows, 100), Err(Flaw::TooLarge { bytes: 125, most: 100 }));
    for text in ["\"just text\"", "null", "7", "[]", "{}", r#"{"kind":7,"body":{}}"#, r#"{"body":{}}"#] {
        assert_eq!(event(text, 100).unwrap_err(), Flaw::NotAnEvent, "{text}");
    }
    assert_eq!(event(r#"{"kind":"a","kind":"b"}"#, 100).unwrap_err(), Flaw::NotJson);
}

#[test]
fn what_the_writer_says_is_understood() {
    for (message, expected) in [
        (Some("Do not know how to serialize a BigInt"), Flaw::BigInt),
        (Some("BigInt value can't be serialized in JSON"), Flaw::BigInt),
        (Some("Converting circular structure to JSON"), Flaw::Cycle),
        (Some("cyclic object value"), Flaw::Cycle),
        (Some("Maximum call stack size exceeded"), Flaw::TooDeep),
        (Some("the agent's own"), Flaw::Throws),
        (None, Flaw::Nothing),
    ] {
        assert_eq!(Flaw::of_writer(message), expected, "{message:?}");
    }
}

#[test]
fn messages_say_which_and_why() {
    let large = Flaw::TooLarge { bytes: 7, most: 6 };
    assert_eq!(message(Of::Result, large), "The agent's result has 7 bytes as JSON; at most 6 are allowed");
    assert_eq!(details(Of::Result, large), r#"{"reason":"too_large","bytes":7,"limit":6}"#);
    let event = Of::Event(3, Some("x-vendor.acme.n"));
    assert_eq!(
        message(event, Flaw::BigInt),
        "The agent's event 3 (x-vendor.acme.n) has a BigInt, which JSON can't hold"
    );
    assert_eq!(details(event, Flaw::TooDeep), r#"{"reason":"too_deep","event":3,"kind":"x-vendor.acme.n","limit":30}"#);
    assert_eq!(details(Of::Event(1, None), Flaw::Nothing), r#"{"reason":"no_value","event":1}"#);
    let long = format!("a\n{}", "é".repeat(100));
    assert_eq!(message(Of::Event(1, Some(&long)), Flaw::Nothing).chars().filter(|char| *char == 'é').count(), 63);
}
