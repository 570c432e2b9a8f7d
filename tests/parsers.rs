//! The crate's own parsers beside `serde_json` and `base64`: the same texts are accepted, and the same is read in them.
#![cfg(not(target_arch = "wasm32"))]

use arcgate::sans_io::{
    jose::base64url,
    json::{self, Problem, Value},
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};
use proptest::prelude::*;

fn same(one: &Value<'_>, other: &serde_json::Value) -> bool {
    match (one, other) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(one), serde_json::Value::Bool(other)) => one == other,
        (Value::Number(one), serde_json::Value::Number(other)) => {
            let (one, other) = (one.as_f64(), other.as_f64().unwrap());
            // Neither claims the last place of a number with more digits than a double has.
            (one - other).abs() <= other.abs() * 1e-14
        }
        (Value::String(one), serde_json::Value::String(other)) => one == other,
        (Value::Array(one), serde_json::Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), serde_json::Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, value)| other.get(name).is_some_and(|o| same(value, o)))
        }
        _ => false,
    }
}

/// Holds both parsers' verdicts on a text together.
fn agree(text: &[u8]) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    match (json::parse(text), theirs) {
        (Ok(mine), Ok(theirs)) => prop_assert!(same(&mine, &theirs), "{mine:?} {theirs:?}"),
        (Err(Problem::Syntax), Ok(theirs)) => {
            // Beyond what is finite in every parser lies a sliver that only this one refuses.
            prop_assert!(has_huge(&theirs), "only serde_json takes {:?}", String::from_utf8_lossy(text));
        }
        (Err(_), _) => {}
        (Ok(mine), Err(error)) => {
            prop_assert!(false, "only this crate takes {:?}: {mine:?}, {error}", String::from_utf8_lossy(text));
        }
    }
    Ok(())
}

fn has_huge(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Number(number) => number.as_f64().unwrap().abs() >= 1.797e308,
        serde_json::Value::Array(items) => items.iter().any(has_huge),
        serde_json::Value::Object(members) => members.values().any(has_huge),
        _ => false,
    }
}

/// Texts that are JSON, or nearly.
fn texts() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,4})?",
        "-?[0-9.eE+-]{0,8}",
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<i64>().prop_map(|number| number.to_string()),
    ];
    let string = prop_oneof![
        "\"([a-z\u{0}-\u{20}\u{7f}-\u{10ffff}]|\\\\[\"\\\\/bfnrtux]|\\\\u[0-9a-fA-F]{3,4}|\\\\u[dD][89a-fA-F][0-9a-f]{2}){0,6}\"?",
        "\"[a-c]{0,2}\"",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let leaf =
        prop_oneof![number, string, "(true|false|null|tru|nul|falsy|True|NaN|Infinity)", "[ \t\n\r\u{b}\u{a0}]{0,2}"];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let space = "[ \n]{0,1}";
        let member =
            ("\"[a-d]{0,1}\"", space, inner.clone()).prop_map(|(name, space, value)| format!("{name}{space}:{value}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..5), "[,]{0,1}")
                .prop_map(|(items, end)| format!("[{}{end}]", items.join(","))),
            (prop::collection::vec(member, 0..5), "[,}]{0,1}")
                .prop_map(|(members, end)| format!("{{{}{end}}}", members.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_is_read_as_serde_json_reads_it(text in texts()) {
        agree(text.as_bytes())?;
    }

    #[test]
    fn json_with_a_byte_changed_too(text in texts(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = text.into_bytes();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        agree(&bytes)?;
    }

    #[test]
    fn what_is_written_reads_the_same(text in texts()) {
        if let Ok(value) = json::parse(text.as_bytes()) {
            let mut out = String::new();
            value.write(&mut out);
            prop_assert_eq!(json::parse(out.as_bytes()), Ok(value));
        }
    }

    #[test]
    fn base64url_is_what_the_base64_crate_takes(text in "[A-Za-z0-9_=+/. -]{0,12}", bytes in any::<Vec<u8>>()) {
        prop_assert_eq!(base64url::decode(&text), URL_SAFE_NO_PAD.decode(&text).ok());
        let mut encoded = String::new();
        base64url::encode(&bytes, &mut encoded);
        prop_assert_eq!(&encoded, &URL_SAFE_NO_PAD.encode(&bytes));
        prop_assert_eq!(base64url::decode(&encoded), Some(bytes));
    }
}

#[test]
fn numbers_are_the_nearest_double_where_their_digits_fit() {
    for text in
        ["0", "-0", "1", "1.5", "0.1", "0.3", "1790000000", "1790000000.123", "9007199254740991", "1e22", "123.456e-5"]
    {
        let number = json::parse(text.as_bytes()).unwrap().as_number().map(json::Number::as_f64).unwrap();
        assert_eq!(number, text.parse::<f64>().unwrap(), "{text}");
    }
}

#[test]
fn no_number_is_infinite() {
    for text in ["1e309", "-1e400", "1e99999999999", "123456789e301", &"9".repeat(310)] {
        assert_eq!(json::parse(text.as_bytes()), Err(Problem::Syntax), "{text}");
    }
    for text in ["1e308", "1e-400", "0e99999999999", "-0.0e-9", &"9".repeat(308)] {
        assert!(json::parse(text.as_bytes()).is_ok(), "{text}");
    }
}
