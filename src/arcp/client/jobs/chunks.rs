//! A result that comes in pieces (ARCP 1.1 §8.4): their order, their size, and the characters that were cut between two of them.
//! The pieces themselves stay with the driver.

use crate::{
    json::{self, Number, Object, Value},
    output::Pieces,
};

/// What has come of a result.
#[derive(Clone, Debug)]
pub(crate) struct Chunks {
    result_id: String,
    next: i64,
    bytes: usize,
    /// The same as a sender counts that takes half a character for a whole one.
    bytes_apart: usize,
    is_complete: bool,
    /// The first half of a character whose other one comes with the next piece.
    pieces: Pieces,
}

/// A piece that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Its data are as the message has them.
    AsIs,
    /// This is the text that came with it.
    Text(String),
}

impl Chunks {
    /// Takes the body of the next `result_chunk`. `halves` is the message's payload as it was written, where half a character
    /// stands in the message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn take(
        held: &mut Option<Self>,
        body: Option<&Object<'_>>,
        halves: Option<&str>,
        most: usize,
    ) -> Result<Piece, &'static str> {
        let get = |name| body.and_then(|body| body.get(name));
        let text = |name| get(name).and_then(Value::as_str);
        let id = text("result_id").filter(|id| id.len() <= 256).ok_or("a chunk names no result")?;
        let seq =
            get("chunk_seq").and_then(Value::as_number).and_then(Number::as_i64).ok_or("a chunk has no number")?;
        let data = text("data").ok_or("a chunk has no data")?;
        let is_text = match text("encoding") {
            Some("utf8") => true,
            Some("base64") => false,
            _ => return Err("a chunk has an unknown encoding"),
        };
        let more = get("more").and_then(Value::as_bool).ok_or("a chunk doesn't say whether more follow")?;
        let chunks = held.get_or_insert_with(|| Self {
            result_id: id.to_owned(),
            next: 0,
            bytes: 0,
            bytes_apart: 0,
            is_complete: false,
            pieces: Pieces::default(),
        });
        if chunks.result_id != id {
            return Err("the chunks are of two results");
        }
        if seq != chunks.next {
            return Err("a chunk is missing or out of order");
        }
        if chunks.is_complete {
            return Err("a chunk comes after the last one");
        }
        let piece = if is_text { chunks.text(data, halves, more)? } else { Piece::AsIs };
        let length = match &piece {
            Piece::Text(text) => text.len(),
            Piece::AsIs if is_text => data.len(),
            Piece::AsIs => base64_length(data).ok_or("a chunk is not base64")?,
        };
        if !is_text && !chunks.pieces.held().is_empty() {
            // Its other half can't be among bytes.
            return Err("a chunk ends with half a character, and bytes follow");
        }
        chunks.bytes = chunks.bytes.saturating_add(length);
        chunks.bytes_apart = chunks.bytes_apart.saturating_add(if is_text { data.len() } else { length });
        if chunks.bytes > most {
            return Err("the result is larger than `maxResultBytes`");
        }
        chunks.next += 1;
        chunks.is_complete = !more;
        Ok(piece)
    }

    /// Whether the piece with this body was taken.
    pub(crate) fn has(&self, body: Option<&Object<'_>>) -> bool {
        let seq = body.and_then(|body| body.get("chunk_seq")).and_then(Value::as_number).and_then(Number::as_i64);
        seq.is_some_and(|seq| seq < self.next)
    }

    /// What of the text is whole with this piece.
    fn text(&mut self, data: &str, halves: Option<&str>, more: bool) -> Result<Piece, &'static str> {
        if halves.is_none() && self.pieces.held().is_empty() {
            return Ok(Piece::AsIs);
        }
        let text = match halves {
            Some(payload) => self.pieces.take(payload, !more),
            None => {
                // Every character in it is whole: the half that waits stays alone.
                let mut text = String::new();
                json::write_string(&mut text, data);
                self.pieces.take(&format!(r#"{{"body":{{"data":{text}}}}}"#), !more)
            }
        };
        text.map(Piece::Text).map_err(|_| "a chunk has no data")
    }

    /// Whether this is what the payload of `job.result` speaks of.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn check(&self, payload: Option<&Object<'_>>) -> Result<(), &'static str> {
        let get = |name| payload.and_then(|payload| payload.get(name)).filter(|value| **value != Value::Null);
        if get("result").is_some() {
            return Err("a result came both in chunks and in one piece");
        }
        if get("result_id").and_then(Value::as_str) != Some(self.result_id.as_str()) {
            return Err("the result is another one than its chunks are of");
        }
        if !self.is_complete {
            return Err("chunks of the result are missing");
        }
        match get("result_size").map(|size| size.as_number().and_then(Number::as_i64)) {
            Some(size) if [self.bytes, self.bytes_apart].iter().all(|bytes| size != i64::try_from(*bytes).ok()) => {
                Err("the result's size is not that of its chunks")
            }
            _ => Ok(()),
        }
    }
}

/// How many bytes this is (RFC 4648 §4, with its padding).
fn base64_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let padding = bytes.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let digits = bytes.len() - padding;
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_sound = bytes.len().is_multiple_of(4) && bytes.iter().take(digits).all(is_digit);
    is_sound.then_some(bytes.len() / 4 * 3 - padding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn take(
        held: &mut Option<Chunks>,
        seq: i64,
        data: &str,
        encoding: &str,
        more: bool,
    ) -> Result<Piece, &'static str> {
        let body =
            format!(r#"{{"result_id":"r","chunk_seq":{seq},"data":"{data}","encoding":"{encoding}","more":{more}}}"#);
        let (read, has_halves) = json::relayed(&body).unwrap();
        let payload = format!(r#"{{"kind":"result_chunk","body":{body}}}"#);
        Chunks::take(held, Some(&read), has_halves.then_some(&payload), 100)
    }

    fn check(held: &Option<Chunks>, payload: &str) -> Result<(), &'static str> {
        held.as_ref().unwrap().check(Some(&json::parse_object(payload.as_bytes()).unwrap()))
    }

    #[test]
    fn pieces_in_their_order() {
        let mut held = None;
        take(&mut held, 0, "aé", "utf8", true).unwrap();
        take(&mut held, 1, "AAE=", "base64", true).unwrap();
        assert_eq!(take(&mut held, 1, "", "utf8", true), Err("a chunk is missing or out of order"));
        assert_eq!(take(&mut held, 3, "", "utf8", true), Err("a chunk is missing or out of order"));
        assert_eq!(check(&held, r#"{"result_id":"r"}"#), Err("chunks of the result are missing"));
        take(&mut held, 2, "", "utf8", false).unwrap();
        assert_eq!(take(&mut held, 3, "", "utf8", false), Err("a chunk comes after the last one"));
        assert_eq!(check(&held, r#"{"result_id":"r","result_size":5,"result":null}"#), Ok(()));
        assert!(check(&held, r#"{"result_id":"r","result_size":6}"#).is_err());
        assert!(check(&held, r#"{"result_id":"q"}"#).is_err());
        assert!(check(&held, r#"{"result_id":"r","result":1}"#).is_err());
    }

    #[test]
    fn odd_pieces_are_refused() {
        assert!(take(&mut None, 1, "", "utf8", true).is_err());
        assert!(take(&mut None, 0, "AAA", "base64", true).is_err());
        assert!(take(&mut None, 0, "A-A=", "base64", true).is_err());
        assert!(take(&mut None, 0, "x", "gzip", true).is_err());
        assert!(take(&mut None, 0, &"x".repeat(101), "utf8", true).is_err());
        assert!(Chunks::take(&mut None, None, None, 1).is_err());
    }

    /// What comes of a text in these pieces, written as JSON.
    fn joined(pieces: &[&str]) -> (String, Option<Chunks>) {
        let (mut held, mut out) = (None, String::new());
        for (seq, data) in pieces.iter().enumerate() {
            let piece = take(&mut held, seq as i64, data, "utf8", seq + 1 < pieces.len()).unwrap();
            match piece {
                Piece::Text(text) => out.push_str(&text),
                Piece::AsIs => out.push_str(data),
            }
        }
        (out, held)
    }

    #[test]
    fn a_character_that_was_cut_is_whole_again() {
        for (pieces, expected) in [
            (&["a\\ud83d", "\\ude00b"][..], "a😀b"),
            (&["a\\ud83d", "", "", "\\ude00"], "a😀"),
            (&["\\ud83d", "\\ude00\\ud83d", "\\ude01"], "😀😁"),
            (&["a\\ud83d", "b"], "a\u{fffd}b"),
            (&["a\\ud83d", "\\ud83d", "\\ude00"], "a\u{fffd}😀"),
            (&["\\ude00a"], "\u{fffd}a"),
            (&["a\\ud83d"], "a\u{fffd}"),
            (&["a\\ud83d", ""], "a\u{fffd}"),
        ] {
            let (text, held) = joined(pieces);
            assert_eq!(text, expected, "{pieces:?}");
            let size = format!(r#"{{"result_id":"r","result_size":{}}}"#, text.len());
            assert_eq!(check(&held, &size), Ok(()), "{pieces:?}");
        }
        // Who counts each half for itself counts three bytes of it.
        let (_, held) = joined(&["a\\ud83d", "\\ude00"]);
        assert_eq!(check(&held, r#"{"result_id":"r","result_size":7}"#), Ok(()));
        assert!(check(&held, r#"{"result_id":"r","result_size":6}"#).is_err());
    }

    #[test]
    fn half_a_character_before_bytes_is_no_result() {
        let mut held = None;
        take(&mut held, 0, "a\\ud83d", "utf8", true).unwrap();
        assert!(take(&mut held, 1, "AAE=", "base64", true).is_err());
    }
}
