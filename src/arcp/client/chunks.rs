//! A result that comes in pieces (ARCP 1.1 §8.4): their order and their size. The pieces themselves stay with the driver.

use crate::json::{Number, Object, Value};

/// What has come of a result.
#[derive(Clone, Debug)]
pub struct Chunks {
    result_id: String,
    next: i64,
    bytes: usize,
    is_complete: bool,
}

impl Chunks {
    /// Takes the body of the next `result_chunk`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(held: &mut Option<Self>, body: Option<&Object<'_>>, most: usize) -> Result<(), &'static str> {
        let get = |name| body.and_then(|body| body.get(name));
        let text = |name| get(name).and_then(Value::as_str);
        let id = text("result_id").filter(|id| id.len() <= 256).ok_or("a chunk names no result")?;
        let seq =
            get("chunk_seq").and_then(Value::as_number).and_then(Number::as_i64).ok_or("a chunk has no number")?;
        let data = text("data").ok_or("a chunk has no data")?;
        let length = match text("encoding") {
            Some("utf8") => data.len(),
            Some("base64") => base64_length(data).ok_or("a chunk is not base64")?,
            _ => return Err("a chunk has an unknown encoding"),
        };
        let more = get("more").and_then(Value::as_bool).ok_or("a chunk doesn't say whether more follow")?;
        let chunks =
            held.get_or_insert_with(|| Self { result_id: id.to_owned(), next: 0, bytes: 0, is_complete: false });
        if chunks.result_id != id {
            return Err("the chunks are of two results");
        }
        if seq != chunks.next {
            return Err("a chunk is missing or out of order");
        }
        if chunks.is_complete {
            return Err("a chunk comes after the last one");
        }
        chunks.bytes = chunks.bytes.saturating_add(length);
        if chunks.bytes > most {
            return Err("the result is larger than `maxResultBytes`");
        }
        chunks.next += 1;
        chunks.is_complete = !more;
        Ok(())
    }

    /// Whether this is what the payload of `job.result` speaks of.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self, payload: Option<&Object<'_>>) -> Result<(), &'static str> {
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
            Some(size) if size != i64::try_from(self.bytes).ok() => Err("the result's size is not that of its chunks"),
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

    fn take(held: &mut Option<Chunks>, seq: i64, data: &str, encoding: &str, more: bool) -> Result<(), &'static str> {
        let body =
            format!(r#"{{"result_id":"r","chunk_seq":{seq},"data":"{data}","encoding":"{encoding}","more":{more}}}"#);
        Chunks::take(held, Some(&json::parse_object(body.as_bytes()).unwrap()), 100)
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
        assert!(Chunks::take(&mut None, None, 1).is_err());
    }
}
