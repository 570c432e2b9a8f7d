//! Answers, odd and plain.

use super::{tokens::LONGEST_SEC, *};
use crate::time::{Span, Time};

fn answer(text: &str) -> Tokens {
    match parse(200, text.as_bytes()) {
        Answer::Tokens(tokens) => *tokens,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn attack_23_every_odd_expires_in_has_a_meaning() {
    let year = Some(Span::from_secs(31_536_000));
    for (member, expected) in [
        ("3600", Some(Span::from_secs(3600))),
        ("\"3600\"", Some(Span::from_secs(3600))),
        ("\" 3600 \"", Some(Span::from_secs(3600))),
        ("3599.5", Some(Span::from_millis(3_599_500))),
        ("\"3599.5\"", Some(Span::from_millis(3_599_500))),
        ("0", Some(Span::ZERO)),
        ("-5", Some(Span::from_secs(-1))),
        ("\"-5\"", Some(Span::from_secs(-1))),
        ("1e12", year),
        ("\"1000000000000\"", year),
        ("1e300", year),
        ("null", None),
        ("true", None),
        ("\"\"", None),
        ("\"soon\"", None),
        ("\"1e9\"", None),
        ("\"+5\"", None),
        ("\"NaN\"", None),
        ("[3600]", None),
    ] {
        let text = r#"{"access_token":"a","token_type":"Bearer","expires_in":"#.to_owned() + member + "}";
        assert_eq!(answer(&text).expires_in, expected, "{member}");
    }
    assert_eq!(answer(r#"{"access_token":"a","token_type":"bearer"}"#).expires_in, None);
}

#[test]
fn reads_what_it_needs_and_no_more() {
    let tokens = answer(
        r#"{"access_token":"a","token_type":"BEARER","refresh_token":"r","id_token":"i","scope":"x y","expires_at":"1800000000","x":1}"#,
    );
    assert!(tokens.access.matches(b"a") && tokens.refresh.is_some_and(|token| token.matches(b"r")));
    assert_eq!(tokens.scope.as_deref(), Some("x y"));
    assert_eq!(tokens.expires_at, Some(Time::from_millis(1.8e12)));
    assert!(answer(r#"{"access_token":"a","token_type":"bearer","refresh_token":""}"#).refresh.is_none());
    // Milliseconds are no NumericDate.
    assert!(answer(r#"{"access_token":"a","token_type":"bearer","expires_at":1800000000000}"#).expires_at.is_none());
}

#[test]
fn what_is_no_answer_is_unknown() {
    for (status, body) in [
        (200, ""),
        (200, "[]"),
        (200, "<html>"),
        (302, r#"{"access_token":"a","token_type":"Bearer"}"#),
        (408, r#"{"error":"invalid_grant"}"#),
        (425, ""),
        (429, r#"{"error":"invalid_grant"}"#),
        (500, r#"{"error":"invalid_grant"}"#),
        (503, r#"{"access_token":"a","token_type":"Bearer"}"#),
    ] {
        assert!(matches!(parse(status, body.as_bytes()), Answer::Unknown(_)), "{status} {body}");
    }
    let long = r#"{"access_token":"a","token_type":"Bearer","x":""#.to_owned() + &"x".repeat(MAX_BYTES) + "\"}";
    assert!(matches!(parse(200, long.as_bytes()), Answer::Unknown(_)));
}

#[test]
fn every_other_4xx_is_a_no_whatever_its_form() {
    for (status, body) in [(400, "<html>"), (401, ""), (403, "{}"), (404, "not found"), (418, "[1]"), (499, "null")] {
        assert!(matches!(parse(status, body.as_bytes()), Answer::Refused(..)), "{status} {body}");
    }
}

#[test]
fn an_error_that_says_nothing_is_none_and_one_that_does_costs_no_refresh_token() {
    for error in ["\"\"", "\" \"", "null", "false", "0", "{}", "[]"] {
        let text = r#"{"access_token":"a","refresh_token":"r","error":"#.to_owned() + error + "}";
        assert!(answer(&text).refresh.is_some_and(|token| token.matches(b"r")), "{error}");
    }
    for error in ["\"slow\"", "true", "7", r#"{"a":1}"#, "[1]"] {
        let text = r#"{"access_token":"a","refresh_token":"r","error":"#.to_owned() + error + "}";
        let Answer::Refused(_, refresh) = parse(200, text.as_bytes()) else { panic!("{text}") };
        assert!(refresh.is_some_and(|token| token.matches(b"r")), "{error}");
    }
}

#[test]
fn a_missing_token_type_is_bearer() {
    for kind in [
        "",
        r#","token_type":null"#,
        r#","token_type":"""#,
        r#","token_type":" bearer ""#,
        r#","token_type":"BearerToken""#,
    ] {
        assert!(answer(&(r#"{"access_token":"a""#.to_owned() + kind + "}")).access.matches(b"a"), "{kind}");
    }
}

#[test]
fn the_refresh_token_is_taken_out_of_what_is_refused_otherwise() {
    for (members, is_permanent, shown) in [
        (r#""access_token":"a","token_type":"DPoP""#, true, "\"DPoP\""),
        (r#""access_token":"a","token_type":"BearerTokens""#, true, "\"BearerTokens\""),
        (r#""access_token":"a","token_type":7"#, true, "no string"),
        (r#""access_token":"a","token_type":"a""#, true, "no name"),
        (r#""access_token":"a","token_type":"new""#, true, "no name"),
        (r#""access_token":"a","token_type":"Bearer","token_type":"DPoP""#, true, "twice"),
        (r#""token_type":"Bearer""#, false, "access_token"),
        (r#""access_token":"","token_type":"Bearer""#, false, "access_token"),
        (r#""access_token":"a b","token_type":"Bearer""#, false, "access_token"),
        (r#""access_token":"a\r\nX: y","token_type":"Bearer""#, false, "access_token"),
        (r#""access_token":["a"],"token_type":"Bearer""#, false, "access_token"),
        (r#""access_token":"a","access_token":"b","token_type":"Bearer""#, false, "access_token"),
        (r#""access_token":"a","token_type":"Bearer","id_token":"a b""#, false, "ID token"),
        (r#""access_token":"a","token_type":"Bearer","id_token":{}"#, false, "ID token"),
    ] {
        let body = "{".to_owned() + members + r#","refresh_token":"new"}"#;
        let Answer::Unusable(unusable) = parse(200, body.as_bytes()) else { panic!("{body}") };
        assert!(unusable.refresh.is_some_and(|token| token.matches(b"new")), "{body}");
        assert_eq!(unusable.is_permanent, is_permanent, "{body}");
        assert!(unusable.problem.contains(shown) && !unusable.problem.contains("new"), "{}", unusable.problem);
    }
    for refresh in ["7", "\"a b\"", "\"one\",\"refresh_token\":\"two\""] {
        let body = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"#.to_owned() + refresh + "}";
        let Answer::Unusable(unusable) = parse(200, body.as_bytes()) else { panic!("{body}") };
        assert!(unusable.refresh.is_none(), "{body}");
    }
}

#[test]
fn what_a_provider_writes_clumsily_is_read() {
    let clumsy = "\u{feff}{\"scope\":\"a\",\"scope\":\"b\",\"access_token\":\"a\",\"token_type\":\"Bearer\",\"name\":\"\\ud83d\"}";
    assert!(answer(clumsy).access.matches(b"a"));
    let body =
        b"{\"expires_in\":1e999,\"x\":[-1E400],\"name\":\"caf\xe9\",\"access_token\":\"a\",\"refresh_token\":\"new\"}";
    let Answer::Tokens(tokens) = parse(200, body) else { panic!("refused") };
    assert!(tokens.refresh.is_some_and(|token| token.matches(b"new")));
    assert_eq!(tokens.expires_in, Some(Span::from_millis((LONGEST_SEC * 1000.0) as i64)));
}

#[test]
fn nothing_secret_is_shown() {
    let tokens = answer(r#"{"access_token":"hunter2","token_type":"bearer","refresh_token":"hunter3"}"#);
    assert!(!format!("{tokens:?}").contains("hunter"));
}

#[test]
fn a_type_is_shown_that_looks_like_one() {
    let long = "x".repeat(40);
    let longer = "x".repeat(41);
    for (kind, shown) in [("MAC v2", "\"MAC v2\""), (&long, long.as_str()), (&longer, "no name"), ("a\tb", "no name")] {
        let body = format!(r#"{{"access_token":"a","token_type":"{}"}}"#, kind.replace('\t', "\\t"));
        let Answer::Unusable(unusable) = parse(200, body.as_bytes()) else { panic!("{body}") };
        assert!(unusable.problem.contains(shown), "{}", unusable.problem);
    }
}

#[test]
fn an_answer_may_be_as_long_as_it_may_be_and_a_redirect_is_called_one() {
    let empty = r#"{"access_token":"a","x":""}"#.len();
    let text = format!(r#"{{"access_token":"a","x":"{}"}}"#, "x".repeat(MAX_BYTES - empty));
    assert!(matches!(parse(200, text.as_bytes()), Answer::Tokens(_)));
    for status in [300, 302, 399] {
        assert!(matches!(parse(status, b""), Answer::Unknown(why) if why.contains("redirect")), "{status}");
    }
}

#[test]
fn tokens_are_handed_in_bare_or_in_an_object() {
    assert!(given(b"\"t\"").unwrap().access.matches(b"t"));
    let tokens = given(br#"{"access_token":"t","refresh_token":"r"}"#).unwrap();
    assert!(tokens.access.matches(b"t") && tokens.refresh.unwrap().matches(b"r"));
    for (text, problem) in
        [("\"a b\"", "character"), ("\"\"", "character"), ("7", "access_token"), ("{}", "access_token")]
    {
        assert!(given(text.as_bytes()).unwrap_err().contains(problem), "{text}");
    }
    let longest = crate::jose::jws::MAX_TOKEN;
    assert!(access_token_only(&"x".repeat(longest)).is_some() && access_token_only(&"x".repeat(longest + 1)).is_none());
    assert!(access_token_only("").is_none());
}
