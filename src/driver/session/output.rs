//! What a job gives in the end: a value, or a text or bytes that came in pieces (ARCP 1.1 §7.3, §8.4).

use std::sync::Arc;

use crate::{
    error::{Code, Error, Fault},
    json::{self, Object, Value},
};

/// What a job has given. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobOutput(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Json(Arc<str>),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
}

impl JobOutput {
    pub(super) fn of_json(json: String) -> Self {
        Self(Form::Json(json.into()))
    }

    /// The value as JSON. Of a text that came in pieces it is that text as a string; `None` for bytes.
    pub fn json(&self) -> Option<String> {
        match &self.0 {
            Form::Json(json) => Some(json.to_string()),
            Form::Text(text) => Some(json::string(text)),
            Form::Bytes(_) => None,
        }
    }

    /// The text, where it is one: as a value, or in pieces.
    pub fn text(&self) -> Option<String> {
        match &self.0 {
            Form::Json(json) => json::parse(json.as_bytes()).ok()?.as_str().map(str::to_owned),
            Form::Text(text) => Some(text.to_string()),
            Form::Bytes(_) => None,
        }
    }

    /// The bytes, where it came in pieces: a text's are UTF-8.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Form::Json(_) => None,
            Form::Text(text) => Some(text.as_bytes()),
            Form::Bytes(bytes) => Some(bytes),
        }
    }

    /// The value as a type of the program's own.
    ///
    /// # Errors
    /// `ERR_PROTOCOL`, where it is none of that type; bytes are none.
    #[cfg(feature = "serde")]
    pub fn value<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        match &self.0 {
            Form::Json(json) => read(json, "the result"),
            Form::Text(text) => read(&json::string(text), "the result"),
            Form::Bytes(_) => Err(not_of_type("the result is bytes")),
        }
    }
}

/// JSON from a peer as a type of the program's own. What serde says of it may quote it, and is not told.
#[cfg(feature = "serde")]
pub(super) fn read<T: serde::de::DeserializeOwned>(json: &str, what: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        not_of_type(&format!("{what} is not of the type that is asked for ({place})"))
    })
}

#[cfg(feature = "serde")]
fn not_of_type(message: &str) -> Error {
    Error::new(Code::Protocol, message.to_owned()).judged(Fault::Peer, false)
}

/// A piece of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    is_text: bool,
    data: String,
}

impl Chunk {
    /// The body of a `result_chunk`, and its data. The core has checked order, form and size.
    pub(super) fn of(body: &Object<'_>, data: &str) -> Self {
        let is_text = body.get("encoding").and_then(Value::as_str) == Some("utf8");
        Self { is_text, data: data.to_owned() }
    }
}

/// The pieces put together: a text, or bytes if any of them is binary.
pub(super) fn assembled(chunks: &[Chunk]) -> Result<JobOutput, Error> {
    if chunks.iter().all(|chunk| chunk.is_text) {
        let whole: String = chunks.iter().map(|chunk| chunk.data.as_str()).collect();
        return Ok(JobOutput(Form::Text(whole.into())));
    }
    let mut whole = Vec::new();
    for Chunk { is_text, data } in chunks {
        match is_text {
            true => whole.extend_from_slice(data.as_bytes()),
            false => decode(data, &mut whole)
                .ok_or_else(|| Error::new(Code::Protocol, "a chunk is not base64").judged(Fault::Peer, false))?,
        }
    }
    Ok(JobOutput(Form::Bytes(whole.into())))
}

/// Decodes base64 with its padding (RFC 4648 §4). As the web's own decoder does, it lets the bits pass that belong to no byte.
fn decode(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    for group in text.as_bytes().chunks(4) {
        let digits = group.iter().take_while(|byte| **byte != b'=').count();
        if group.len() != 4 || digits < 2 || group.iter().skip(digits).any(|byte| *byte != b'=') {
            return None;
        }
        let mut bits = 0u32;
        for byte in group.iter().take(digits) {
            bits = bits << 6 | u32::from(digit(*byte)?);
        }
        let [_, bytes @ ..] = (bits << (6 * (4 - digits))).to_be_bytes();
        out.extend(bytes.iter().take(digits - 1));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn chunk(is_text: bool, data: &str) -> Chunk {
        Chunk { is_text, data: data.to_owned() }
    }

    #[test]
    fn base64_is_read_as_it_is_written() {
        for length in 0..100u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(151)).collect();
            let mut read = Vec::new();
            decode(&base64::engine::general_purpose::STANDARD.encode(&bytes), &mut read).unwrap();
            assert_eq!(read, bytes);
        }
        for wrong in ["A", "AA", "AAA", "A===", "====", "AA=A", "AA==AA=", "A-A=", "AAAA="] {
            assert_eq!(decode(wrong, &mut Vec::new()), None, "{wrong}");
        }
    }

    #[test]
    fn pieces_are_a_text_or_bytes_if_any_is_binary() {
        let text = assembled(&[chunk(true, "a"), chunk(true, "\"é")]).unwrap();
        assert_eq!((text.text().as_deref(), text.json().as_deref()), (Some("a\"é"), Some("\"a\\\"é\"")));
        assert_eq!(text.bytes(), Some("a\"é".as_bytes()));
        let bytes = assembled(&[chunk(true, "a"), chunk(false, "AAE=")]).unwrap();
        assert_eq!((bytes.bytes(), bytes.text(), bytes.json()), (Some(&b"a\x00\x01"[..]), None, None));
        let error = assembled(&[chunk(false, "A")]).unwrap_err();
        assert_eq!((error.code(), error.fault()), (Code::Protocol, Fault::Peer));
        assert_eq!(JobOutput::of_json("\"x\"".to_owned()).text().as_deref(), Some("x"));
    }

    #[test]
    #[cfg(feature = "serde")]
    fn a_value_is_of_the_programs_own_type() {
        assert_eq!(JobOutput::of_json("[1,2]".to_owned()).value::<Vec<u32>>().unwrap(), [1, 2]);
        assert_eq!(assembled(&[chunk(true, "a")]).unwrap().value::<String>().unwrap(), "a");
        let error = JobOutput::of_json("\"secret\"".to_owned()).value::<u32>().unwrap_err();
        assert!(error.code() == Code::Protocol && !error.message().contains("secret"));
    }
}
