//! Errors as the driver gets them.

use arcgate::sans_io::{
    arcp::client::{Action, Fault, Output},
    error::Code,
    json,
};

use super::*;

fn error_of(fault: Fault) -> Value {
    driver::json(&Output::Action(Action::Refuse { request: 1, fault }))["error"].take()
}

fn of(payload: &str) -> Value {
    error_of(Fault::of(Some(&json::parse_object(payload.as_bytes()).unwrap())))
}

#[test]
fn a_peers_word_for_it_is_ours() {
    let error = of(r#"{"code":"PERMISSION_DENIED","details":{"reason":"too_many_sessions","limit":32}}"#);
    assert_eq!(error["details"]["peer"], json!({ "reason": "too_many_sessions", "limit": 32 }));
    assert_eq!(error["details"]["reason"], "too_many_sessions");
}

#[test]
fn an_error_is_what_arcgate_error_is_made_of() {
    let error = of(r#"{"code":"JOB_NOT_FOUND","message":"a\"b","details":{"x":1}}"#);
    let details = json!({ "fault": "caller", "code": "JOB_NOT_FOUND", "peer": { "x": 1 } });
    let message = "JOB_NOT_FOUND: a\"b";
    assert_eq!(error, json!({ "code": "ERR_REMOTE", "message": message, "retryable": false, "details": details }));
    let error = of(r#"{"code":"INTERNAL_ERROR","retryable":false}"#);
    assert_eq!(error["details"]["fault"], "peer", "an agent's flaw");
    let error = error_of(Fault::new(Code::Protocol, "a chunk is missing").with("subject", "x").with_number("bytes", 7));
    assert_eq!(
        error["details"],
        json!({ "fault": "peer", "subject": "x", "bytes": 7 }),
        "it is the runtime that broke it"
    );
}
