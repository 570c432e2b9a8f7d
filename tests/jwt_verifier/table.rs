//! One case of a table: which verifier, what it is shown, and what it must say.

use std::{collections::BTreeMap, sync::OnceLock};

use arcgate::{
    fetch::{Failure, Response},
    Error, JwtVerifier, VerifiedToken,
};
use serde_json::Value;

use crate::{
    verifiers,
    world::{Answer, World},
};

struct Table {
    terms: Value,
    cases: BTreeMap<String, Value>,
}

fn table(name: &str) -> &'static Table {
    macro_rules! tables {
        ($($table:literal),+) => {
            match name {
                $($table => {
                    static TABLE: OnceLock<Table> = OnceLock::new();
                    TABLE.get_or_init(|| read(include_str!(concat!("../fixtures/jwt_verifier/", $table, ".json"))))
                })+
                other => panic!("no table {other}"),
            }
        };
    }
    tables!("header", "keys", "signatures", "claims", "bounds", "differential", "points")
}

fn read(text: &str) -> Table {
    let mut table: Value = serde_json::from_str(text).unwrap();
    let Value::Array(cases) = table["cases"].take() else { panic!("no cases") };
    let cases = cases.into_iter().map(|case| (case["name"].as_str().unwrap().to_owned(), case)).collect();
    Table { terms: table["terms"].take(), cases }
}

/// A token or a body: text, or parts of it, of which a pair is a text and how often it stands there.
fn unpacked(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .map(|part| match part {
                Value::Array(run) => run[0].as_str().unwrap().repeat(run[1].as_u64().unwrap() as usize),
                text => text.as_str().unwrap().to_owned(),
            })
            .collect(),
        other => panic!("{other}"),
    }
}

fn answer(value: &Value) -> Answer {
    match value {
        Value::Null => Answer::Fails(Failure::Network),
        value => Answer::Is(Response::new(value[0].as_u64().unwrap() as u16, unpacked(&value[1]))),
    }
}

/// What is said of a token: "accepted", or an error's code.
pub(crate) fn said(result: &Result<VerifiedToken, Error>) -> &'static str {
    result.as_ref().map_or_else(|error| error.code().as_str(), |_| "accepted")
}

/// Of a token that is refused nothing is shown: neither whole nor in parts.
pub(crate) fn tells_nothing(error: &Error, token: &str) {
    for shown in [format!("{error}"), format!("{error:?}")] {
        assert!(!shown.contains("eyJ"), "{shown}");
        for segment in token.split('.').filter(|segment| segment.is_ascii() && segment.len() >= 8) {
            assert!(!shown.contains(&segment[..segment.len().min(24)]), "{shown}");
        }
    }
}

async fn shown(verifier: &JwtVerifier, token: &str, expect: &Value) {
    let result = verifier.verify(token).await;
    let said = said(&result);
    let is_expected = match expect {
        Value::Array(any) => any.iter().any(|one| one == said),
        one => one == said,
    };
    let reason = result.as_ref().err().map(ToString::to_string);
    assert!(is_expected, "{said} instead of {expect}: {reason:?}");
    match result {
        Ok(token) => assert!(!token.principal().id().is_empty()),
        Err(error) => tells_nothing(&error, token),
    }
}

pub(crate) async fn run(name: &str, case: &str) {
    let Table { terms, cases } = table(name);
    let case = &cases[case];
    let answers = match &case["answers"] {
        Value::Null => vec![Answer::ok(terms["one"].to_string())],
        answers => answers.as_array().unwrap().iter().map(answer).collect(),
    };
    let world = World::new(terms["now"].as_f64().unwrap(), answers);
    let verifier = match world.around(verifiers::builder(&case["on"], terms)).build() {
        Ok(verifier) => verifier,
        Err(error) => {
            assert_eq!(case["expect"], error.code().as_str(), "{error}");
            assert_eq!(case["tokens"], Value::Array(Vec::new()), "{error}");
            return;
        }
    };
    assert!(case["tokens"] != Value::Array(Vec::new()), "a verifier was made");
    let expected =
        case["tokens"].as_array().map(|tokens| tokens.iter().map(|token| (token, &case["expect"])).collect());
    // A token, what the package said, and what jose did.
    let differences = || case["differences"].as_array().unwrap().iter().map(|one| (&one[0], &one[1])).collect();
    let tokens: Vec<(&Value, &Value)> = expected.unwrap_or_else(differences);
    for (token, expect) in tokens {
        shown(&verifier, &unpacked(token), expect).await;
    }
    if let Some(count) = case["fetches"].as_u64() {
        assert_eq!(world.fetched().len() as u64, count, "{:?}", world.fetched());
    }
    if let Value::Array(urls) = &case["fetched"] {
        assert_eq!(&world.fetched().into_iter().map(Value::String).collect::<Vec<_>>(), urls);
    }
    if let Value::String(also) = &case["also"] {
        shown(&verifier, also, &Value::String("accepted".into())).await;
    }
}

/// Each case of a table is a test, here or where there is WebCrypto.
macro_rules! complete {
    ($($table:ident $(+ $more:path)?),+ $(,)?) => {
        crate::tests! {
            $(async fn $table() {
                let names = crate::$table::EVERYWHERE.iter()$(.chain($more))?;
                let names: std::collections::BTreeSet<&str> = names.copied().collect();
                let cases = table(stringify!($table)).cases.keys().map(String::as_str).collect();
                assert_eq!(names, cases);
            })+
        }
    };
}

mod each_case_is_a_test {
    use super::table;

    complete! {
        header,
        keys + crate::keys::WEBCRYPTO,
        signatures + crate::signatures::WEBCRYPTO,
        claims,
        bounds,
        differential + crate::differential::WEBCRYPTO,
        points,
    }
}
