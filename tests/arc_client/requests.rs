//! What is sent, and what isn't.

use arcgate::sans_io::{
    arc::client::request::{check, write, Call},
    jose::url::PlainHosts,
};

const CALL: Call<'static> = Call {
    method: "task.create",
    id: "r1",
    request_agent: "me",
    target_agent: "echo",
    trace_id: None,
    params: r#"{"a":[1]}"#,
};

#[test]
fn an_envelope() {
    assert_eq!(
        write(&CALL).unwrap(),
        r#"{"arc":"1.0","id":"r1","method":"task.create","requestAgent":"me","targetAgent":"echo","params":{"a":[1]}}"#
    );
    let traced = Call { trace_id: Some("t\"\n"), method: "x.y", ..CALL };
    assert_eq!(
        write(&traced).unwrap(),
        r#"{"arc":"1.0","id":"r1","method":"x.y","requestAgent":"me","targetAgent":"echo","traceId":"t\"\n","params":{"a":[1]}}"#
    );
}

#[test]
fn what_every_server_refuses_is_not_sent() {
    let long = "x".repeat(257);
    for (call, subject) in [
        (Call { method: "", ..CALL }, "method"),
        (Call { request_agent: "", ..CALL }, "requestAgent"),
        (Call { target_agent: "", ..CALL }, "targetAgent"),
        (Call { target_agent: &long, ..CALL }, "targetAgent"),
        (Call { trace_id: Some(""), ..CALL }, "traceId"),
        (Call { trace_id: Some(&long), ..CALL }, "traceId"),
        (Call { id: "", ..CALL }, "id"),
        (Call { params: "[]", ..CALL }, "params"),
        (Call { params: "null", ..CALL }, "params"),
    ] {
        let error = write(&call).unwrap_err();
        assert_eq!((error.code().as_str(), error.subject()), ("ERR_CONFIG", Some(subject)));
        assert!(error.message().starts_with(&format!("`{subject}`")), "{}", error.message());
    }
    assert!(write(&Call { target_agent: &"x".repeat(256), ..CALL }).is_ok());
}

#[test]
fn a_token_travels_over_https_or_not_at_all() {
    for endpoint in [
        "https://agents.example/arc",
        "https://agents.example:8443/arc?tenant=a",
        "http://127.0.0.1:8787/arc",
        "http://localhost:8787/arc",
        "http://[::1]/arc",
    ] {
        assert_eq!(check(endpoint, "me", &PlainHosts::default()), Ok(()), "{endpoint}");
    }
    for endpoint in [
        "",
        "/arc",
        "agents.example/arc",
        "http://agents.example/arc",
        "http://127.0.0.1.evil.example/arc",
        "http://localhost@evil.example/arc",
        "https://user:secret@agents.example/arc",
        "https://agents.example/arc#x",
        "wss://agents.example/arc",
        "https://",
        "https://agents.example/a b",
    ] {
        let error = check(endpoint, "me", &PlainHosts::default()).unwrap_err();
        assert_eq!((error.code().as_str(), error.subject()), ("ERR_CONFIG", Some("endpoint")), "{endpoint}");
    }
    assert_eq!(
        check("https://agents.example/arc", "", &PlainHosts::default()).unwrap_err().subject(),
        Some("requestAgent")
    );
}
