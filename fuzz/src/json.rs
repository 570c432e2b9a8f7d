//! Strict JSON: what is read can be written, and what is written is read as the same.

use arcgate::sans_io::json::{self, Value};

pub(crate) fn run(data: &[u8]) -> bool {
    let lenient = json::provided(data);
    let Ok(value) = json::parse(data) else {
        // What a provider may say, and a token may not: it is read to its end, and can be written as JSON.
        if let Ok(value) = lenient {
            let mut text = String::new();
            value.write(&mut text);
            json::provided(text.as_bytes()).unwrap_or_else(|problem| panic!("{problem:?} in what was written: {text}"));
        }
        assert!(json::parse_object(data).is_err(), "an object that is no value");
        return false;
    };
    assert_eq!(lenient.as_ref(), Ok(&value), "what is strictly JSON is read as the same by the lenient reader");
    assert!(std::str::from_utf8(data).is_ok(), "only UTF-8 is JSON");
    assert_eq!(json::parse_object(data).is_ok(), value.as_object().is_some());
    let mut text = String::new();
    value.write(&mut text);
    // Control characters are what grows most: one byte, as six.
    assert!(text.len() <= data.len() * 6, "{} bytes of {}", text.len(), data.len());
    let again =
        json::parse(text.as_bytes()).unwrap_or_else(|problem| panic!("{problem:?} in what was written: {text}"));
    let mut copy = String::new();
    again.to_static().write(&mut copy);
    assert_eq!(text, copy, "written twice");
    look(&value);
    true
}

/// Takes everything in hand that can be asked of a value.
fn look(value: &Value<'_>) {
    match value {
        Value::Object(object) => {
            assert_eq!(object.iter().count(), object.len());
            for (name, member) in object.iter() {
                assert!(std::ptr::eq(object.get(name).expect("a member has its name"), member), "a name is there once");
                look(member);
            }
        }
        Value::Array(items) => items.iter().for_each(look),
        Value::Number(number) => {
            assert!(number.as_f64().is_finite(), "{}", number.text());
            if let Some(integer) = number.as_i64() {
                assert_eq!(number.text().parse(), Ok(integer));
            }
        }
        _ => {}
    }
}
