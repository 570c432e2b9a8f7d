//! Credentials of a request: where exactly the bounds lie.

use arcgate::sans_io::{
    auth::credentials::{from_gate_request, from_request},
    jose::jws::MAX_TOKEN,
};

fn code(authorization: &str) -> Option<&'static str> {
    from_request(Some(authorization), "").err().map(|error| error.code().as_str())
}

#[test]
fn a_token_has_16_kb_at_most() {
    assert_eq!(MAX_TOKEN, 16_384);
    let longest = from_request(Some(&format!("Bearer {}", "a".repeat(16_384))), "").unwrap();
    assert_eq!(longest.token().unwrap().expose().len(), 16_384);
    assert_eq!(code(&format!("Bearer {}", "a".repeat(16_385))), Some("ERR_TOKEN_MALFORMED"));
}

#[test]
fn a_scheme_has_64_bytes_at_most_and_is_given_in_small_letters() {
    let longest = "X".repeat(64);
    assert_eq!(from_request(Some(&format!("{longest} t")), "").unwrap().scheme(), longest.to_lowercase());
    assert_eq!(code(&format!("{longest}x t")), Some("ERR_INVALID_REQUEST"));
}

#[test]
fn a_scheme_alone_is_credentials_without_a_token_but_for_bearer() {
    let alone = from_request(Some("Negotiate"), "").unwrap();
    assert_eq!((alone.scheme(), alone.token().is_none()), ("negotiate", true));
    for bearer in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(code(bearer), Some("ERR_INVALID_REQUEST"), "{bearer}");
    }
}

#[test]
fn each_character_of_a_token_is_one_that_tokens_have() {
    for good in ["a", "Z9", "-._~+/", "a=", "a=="] {
        assert_eq!(code(&format!("Bearer {good}")), None, "{good}");
    }
    for bad in ["", "=", "==", "a=b", "a b", " a", "a ", "a\"", "a;", "a\\", "é", "a\t"] {
        assert_eq!(code(&format!("Bearer {bad}")), Some("ERR_INVALID_REQUEST"), "{bad:?}");
    }
}

#[test]
fn a_gate_takes_no_parameter_that_is_named_as_tokens_are() {
    for query in ["access_token=x", "?a=b&access_token=", "access%5Ftoken=x"] {
        assert!(from_request(Some("Bearer x"), query).is_err(), "{query}");
        assert!(from_gate_request(Some("Bearer x"), query).is_err(), "{query}");
    }
    for query in ["token=x", "bearer=x", "auth=x", "authorization=x"] {
        assert!(from_request(Some("Bearer x"), query).is_ok(), "{query}");
        assert!(from_gate_request(Some("Bearer x"), query).is_err(), "{query}");
    }
    for query in ["", "?", "page=2&sort=token", "tokens=x", "x=access_token"] {
        assert!(from_request(Some("Bearer x"), query).is_ok(), "{query}");
        assert!(from_gate_request(Some("Bearer x"), query).is_ok(), "{query}");
    }
}
