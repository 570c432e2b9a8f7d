//! What answers mean: strict about success, tolerant about errors.

use arcgate::sans_io::{
    arc::{
        client::{decode, Expected, Failure, Head},
        ArcCode,
    },
    json,
};

const EXPECTED: Expected<'static> = Expected { id: "r1", request_agent: "me" };

fn answer(status: u16, body: &str) -> Result<(), Failure> {
    challenged(status, None, body)
}

fn challenged(status: u16, challenge: Option<&str>, body: &str) -> Result<(), Failure> {
    decode(&EXPECTED, &Head { status, challenge }, json::parse_object(body.as_bytes()).ok().as_ref())
}

fn error(status: u16, error: &str) -> Failure {
    answer(
        status,
        &format!(
            r#"{{"arc":"1.0","id":"r1","responseAgent":"echo","targetAgent":"me","result":null,"error":{error}}}"#
        ),
    )
    .unwrap_err()
}

fn event(data: &str) -> Failure {
    Failure::of_event(&json::parse_object(data.as_bytes()).unwrap())
}

#[test]
fn a_success() {
    for body in [
        r#"{"arc":"1.0","id":"r1","responseAgent":"echo","targetAgent":"me","result":{"type":"task"},"error":null}"#,
        r#"{"arc":"1.0","id":"r1","responseAgent":"echo","targetAgent":"me","result":{}}"#,
        r#"{"arc":"1.0","id":"r1","responseAgent":"other","targetAgent":"me","result":null,"traceId":null,"more":1}"#,
    ] {
        assert_eq!(answer(200, body), Ok(()), "{body}");
        assert_eq!(answer(202, body), Ok(()), "{body}");
    }
}

#[test]
fn what_is_no_answer_to_this_request() {
    for (body, reason) in [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ("<html>", "no JSON object"),
        (r#"{"arc":"1.0","arc":"1.0"}"#, "no JSON object"),
        ("{}", "not of ARC 1.0"),
        (r#"{"arc":"2.0","id":"r1","responseAgent":"echo","targetAgent":"me","result":{}}"#, "not of ARC 1.0"),
        (r#"{"arc":"1.0","id":"r2","responseAgent":"echo","targetAgent":"me","result":{}}"#, "id of another"),
        (r#"{"arc":"1.0","id":1,"responseAgent":"echo","targetAgent":"me","result":{}}"#, "id of another"),
        (r#"{"arc":"1.0","responseAgent":"echo","targetAgent":"me","result":{}}"#, "id of another"),
        (r#"{"arc":"1.0","id":"r1","responseAgent":"echo","targetAgent":"you","result":{}}"#, "for another agent"),
        (r#"{"arc":"1.0","id":"r1","responseAgent":"echo","result":{}}"#, "for another agent"),
        (r#"{"arc":"1.0","id":"r1","targetAgent":"me","result":{}}"#, "who answers"),
        (r#"{"arc":"1.0","id":"r1","responseAgent":"","targetAgent":"me","result":{}}"#, "who answers"),
        (r#"{"arc":"1.0","id":"r1","responseAgent":"echo","targetAgent":"me"}"#, "no result"),
        (r#"{"arc":"1.0","id":"r1","responseAgent":"echo","targetAgent":"me","result":[]}"#, "no result"),
        (r#"{"arc":"1.0","id":"r1","responseAgent":"echo","targetAgent":"me","result":"x"}"#, "no result"),
    ] {
        let failure = answer(200, body).unwrap_err();
        assert_eq!(failure.code.as_str(), "ERR_PROTOCOL", "{body}");
        assert!(failure.message.contains(reason), "{body}: {}", failure.message);
        assert!(!failure.retryable && !failure.repeat);
    }
}

#[test]
fn every_code_of_the_table_is_kept_under_any_status() {
    for code in ArcCode::ALL {
        let number = i64::from(code.number());
        for status in [200, 400, code.status(), 500] {
            let failure = error(status, &format!(r#"{{"code":{number},"message":"Said so"}}"#));
            assert_eq!(failure.arc_code, Some(number));
            assert!(failure.message.contains(&number.to_string()) && failure.message.contains("Said so"));
            let expected = match (number, status) {
                (-44004, _) => "ERR_TOKEN_EXPIRED",
                (-44003, _) => "ERR_TOKEN_SCOPE",
                (-44001 | -44005, _) => "ERR_UNAUTHENTICATED",
                _ => "ERR_REMOTE",
            };
            assert_eq!(failure.code.as_str(), expected, "{number} under {status}");
            assert_eq!(failure.repeat, number == -44004 && status == 401, "{number} under {status}");
        }
    }
}

#[test]
fn errors_need_no_envelope() {
    for body in [
        r#"{"error":{"code":-42001,"message":"Task not found"}}"#,
        r#"{"arc":"1.0","id":"error","targetAgent":"unknown","error":{"code":-42001,"message":"Task not found"}}"#,
        r#"{"arc":"0.9","id":"7d0a","result":{},"error":{"code":-42001,"message":"Task not found","details":7}}"#,
        r#"{"id":null,"error":{"code":-42001}}"#,
    ] {
        for status in [200, 404] {
            let failure = answer(status, body).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.arc_code), ("ERR_REMOTE", Some(-42001)), "{body}");
        }
    }
}

#[test]
fn errors_without_a_code() {
    for (status, body, code, message) in [
        (500, "Internal Server Error", "ERR_REMOTE", "the endpoint answered with the HTTP status 500"),
        (502, "", "ERR_REMOTE", "the endpoint answered with the HTTP status 502"),
        (404, r#"{"detail":"Not Found"}"#, "ERR_REMOTE", "the endpoint answered with the HTTP status 404: Not Found"),
        (401, r#"{"message":"Unauthorized"}"#, "ERR_UNAUTHENTICATED", "status 401: Unauthorized"),
        (401, "", "ERR_UNAUTHENTICATED", "status 401"),
        (400, r#"{"error":"invalid_request"}"#, "ERR_REMOTE", "status 400: invalid_request"),
        (400, r#"{"error":{"message":"no"}}"#, "ERR_REMOTE", "status 400: no"),
        (400, r#"{"error":{"code":"x","message":"no"}}"#, "ERR_REMOTE", "status 400: no"),
        (400, r#"{"error":{"code":1.5,"message":"no"}}"#, "ERR_REMOTE", "status 400: no"),
        (200, r#"{"error":{}}"#, "ERR_REMOTE", "the agent ended with an error"),
        (403, r#"{"error":false}"#, "ERR_REMOTE", "status 403"),
    ] {
        let failure = answer(status, body).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.arc_code), (code, None), "{status} {body}");
        assert!(failure.message.contains(message), "{status} {body}: {}", failure.message);
        assert!(!failure.repeat);
    }
}

#[test]
fn expired_is_said_in_many_ways_and_repeated_after_a_401_alone() {
    let sdk = r#"{"arc":"1.0","id":"r1","responseAgent":"auth-middleware","targetAgent":"me","result":null,"error":{"code":-44001,"message":"Invalid token: Token expired: Signature has expired","details":null}}"#;
    let rfc6750 = r#"Bearer realm="x", error="invalid_token", error_description="The access token expired""#;
    for (status, challenge, body, is_expired) in [
        (401, None, r#"{"error":{"code":-44004,"message":"Token expired"}}"#, true),
        (401, None, r#"{"error":{"code":-44004}}"#, true),
        (401, None, sdk, true),
        (401, Some(rfc6750), "", true),
        (401, Some(rfc6750), r#"{"error":{"code":-44001,"message":"Authentication failed"}}"#, true),
        (401, None, r#"{"message":"The incoming token has expired"}"#, true),
        (401, None, r#"{"error":{"code":-44005,"message":"TOKEN EXPIRED"}}"#, true),
        (401, None, r#"{"error":{"code":-44001,"message":"Authentication failed"}}"#, false),
        (401, None, r#"{"error":{"code":-44001,"message":"The certificate expired"}}"#, false),
        (401, Some("Bearer error=\"invalid_token\""), "", false),
        (403, Some(rfc6750), r#"{"error":{"code":-44001,"message":"Token expired"}}"#, false),
        (400, None, sdk, false),
        (200, None, sdk, false),
        (500, None, r#"{"message":"Token expired"}"#, false),
    ] {
        let failure = challenged(status, challenge, body).unwrap_err();
        assert_eq!(failure.repeat, is_expired, "{status} {body}");
        assert_eq!(failure.code.as_str() == "ERR_TOKEN_EXPIRED", is_expired, "{status} {body}");
    }
    // After an execution that may have begun, expired is what it is called, and nothing is repeated.
    for status in [200, 400, 403, 500, 503] {
        let failure = error(status, r#"{"code":-44004,"message":"Token expired"}"#);
        assert_eq!((failure.code.as_str(), failure.repeat), ("ERR_TOKEN_EXPIRED", false), "{status}");
    }
}

#[test]
fn scopes_in_all_three_spellings() {
    for details in [
        r#"{"required_scopes":["a","b"],"provided_scopes":["a"]}"#,
        r#"{"requiredScopes":["a","b"],"providedScopes":["a"]}"#,
        r#"{"required":["a","b"],"provided":["a"]}"#,
        r#"{"required":"a b","provided":"a"}"#,
        r#"{"required":["a",1,"",null,"b"],"provided":["a"]}"#,
    ] {
        for member in ["details", "data"] {
            let failure = error(403, &format!(r#"{{"code":-44003,"message":"no","{member}":{details}}}"#));
            assert_eq!(failure.code.as_str(), "ERR_TOKEN_SCOPE");
            assert_eq!(failure.required_scopes, ["a", "b"], "{details}");
            assert_eq!(failure.provided_scopes, ["a"], "{details}");
        }
    }
    let many = vec!["\"s\""; 100].join(",");
    let failure = error(403, &format!(r#"{{"code":-44003,"details":{{"required":[{many}]}}}}"#));
    assert_eq!(failure.required_scopes.len(), 32);
    let failure = challenged(403, Some("Bearer error=\"insufficient_scope\""), "").unwrap_err();
    assert_eq!(failure.code.as_str(), "ERR_TOKEN_SCOPE");
}

#[test]
fn what_may_succeed_later() {
    for (status, code, is_retryable) in [
        (503, "-32603", true),
        (500, "-32603", false),
        (429, "-44007", true),
        (400, "-44007", true),
        (503, "-41002", true),
        (400, "-41003", true),
        (504, "-41006", true),
        (404, "-42001", false),
        (400, "-32602", false),
        (401, "-44004", false),
        (403, "-44003", false),
        (401, "-44001", false),
        (502, "null", true),
        (504, "null", true),
        (500, "null", false),
    ] {
        assert_eq!(error(status, &format!(r#"{{"code":{code}}}"#)).retryable, is_retryable, "{status} {code}");
    }
}

#[test]
fn errors_on_a_stream_in_their_three_forms() {
    for (data, arc_code, message) in [
        (r#"{"message":"boom","code":-43005}"#, Some(-43005), "ARC error -43005: boom"),
        (r#"{"chatId":"c","error":{"code":-43005,"message":"boom"}}"#, Some(-43005), "ARC error -43005: boom"),
        (r#"{"chatId":"c","error":"boom"}"#, None, "the agent ended with an error: boom"),
        (r#"{"error":"boom"}"#, None, "the agent ended with an error: boom"),
        (r#"{"error":null,"message":"boom"}"#, None, "the agent ended with an error: boom"),
        ("{}", None, "the agent ended with an error"),
    ] {
        let failure = event(data);
        assert_eq!(
            (failure.code.as_str(), failure.arc_code, failure.message.as_str()),
            ("ERR_REMOTE", arc_code, message)
        );
        assert!(!failure.repeat);
    }
    let expired = event(r#"{"chatId":"c","error":{"code":-44004,"message":"Token expired"}}"#);
    assert_eq!((expired.code.as_str(), expired.repeat), ("ERR_TOKEN_EXPIRED", false), "the agent has begun");
}

#[test]
fn what_a_peer_says_is_cut_and_stays_json() {
    let failure = error(400, &format!(r#"{{"code":-32600,"message":"a\"\u0000\n{}"}}"#, "x".repeat(500)));
    assert!(failure.message.chars().count() < 120 && !failure.message.contains('\n'));
    let scope = error(403, r#"{"code":-44003,"message":"\"","details":{"required":["a\"b"],"provided":["c\\"]}}"#);
    for failure in [failure, scope] {
        assert!(json::parse_object(failure.to_json().as_bytes()).is_ok(), "{}", failure.to_json());
    }
    assert_eq!(
        error(401, r#"{"code":-44004,"message":"late"}"#).to_json(),
        r#"{"code":"ERR_TOKEN_EXPIRED","message":"ARC error -44004: late","arcCode":-44004,"retryable":false,"repeat":true}"#
    );
}
