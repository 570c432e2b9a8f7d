//! The gate of ARC 1.0, request by request: what each gets as status, code and header fields.

mod envelopes;
mod heads;

use arcgate::sans_io::{
    arc::{Admission, Decision, Fresh, Gate, Head, Reply, Run, Step},
    error::{Code, Error},
    json,
    principal::{Kind, Principal},
    time::Span,
};

fn gate(config: &str) -> Gate {
    Gate::from_json(config).unwrap()
}

fn builtin() -> Gate {
    gate(r#"{"agents":["echo","count","multi@1","multi@2"],"maxBodyBytes":4096}"#)
}

/// A request that is let in.
const GOOD: Head<'static> = Head {
    method: "POST",
    scheme: "http",
    host: "127.0.0.1:8787",
    path: "/arc",
    query: "",
    origin: None,
    authorization: Some("Bearer token-of-somebody"),
    content_type: Some("application/arc+json"),
    content_length: Some("100"),
    content_encoding: None,
    accept: None,
    upgrade: None,
};

fn fresh() -> Fresh {
    Fresh { id: "5f1c".into(), now: "2026-11-22T00:00:00.000Z".into() }
}

fn caller(scopes: &[&str]) -> Principal {
    Principal::new(Kind::Jwt, Some("https://issuer"), "agent-7")
        .with_scopes(scopes.iter().map(|s| (*s).to_owned()).collect())
}

fn anybody() -> Principal {
    caller(&["arc.task.controller", "arc.chat.controller", "arc.task.notify", "arc.agent.caller", "arc.agent.receiver"])
}

fn answered(admission: Admission) -> Reply {
    match admission.step {
        Step::Reply(reply) => reply,
        Step::Authenticate(credentials) => panic!("let in: {credentials:?}"),
    }
}

fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    reply.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
}

/// Checks that a body is a sound ARC answer, and returns its error code.
fn arc_code(reply: &Reply) -> Option<i64> {
    let body = reply.body.as_deref().expect("a body");
    let object = json::parse_object(body.as_bytes()).expect("strict JSON");
    for member in ["arc", "id", "responseAgent", "targetAgent", "result", "error"] {
        assert!(object.get(member).is_some(), "{member} in {body}");
    }
    assert_eq!(header(reply, "Content-Type"), Some("application/arc+json"));
    assert_eq!(header(reply, "Cache-Control"), Some("no-store"));
    let error = object.get("error")?.as_object()?;
    assert_eq!(object.get("result"), Some(&json::Value::Null), "{body}");
    error.get("code")?.as_number()?.as_i64()
}

fn decide(gate: &Gate, principal: &Principal, body: &str) -> Result<Run, Reply> {
    match gate.body(principal, body.as_bytes(), &fresh()).0 {
        Decision::Run(run) => Ok(run),
        Decision::Forward(forward) => panic!("sent on: {forward:?}"),
        Decision::Reply(reply) => Err(reply),
    }
}

/// A body whose members can be replaced.
fn envelope(changes: &[(&str, Option<&str>)]) -> String {
    let mut members = vec![
        ("arc", "\"1.0\""),
        ("id", "\"r1\""),
        ("method", "\"task.create\""),
        ("requestAgent", "\"agent-7\""),
        ("targetAgent", "\"echo\""),
        ("traceId", "\"trace-1\""),
        ("params", r#"{"initialMessage":{"role":"user","parts":[{"type":"TextPart","content":"hi"}]}}"#),
    ];
    for (name, value) in changes {
        members.retain(|(member, _)| member != name);
        members.extend(value.map(|value| (*name, value)));
    }
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn scopes() {
    let body = envelope(&[]);
    let wrong = caller(&["arc.task.controller", "arc.chat.controller"]);
    let reply = decide(&builtin(), &wrong, &body).unwrap_err();
    assert_eq!((reply.status, arc_code(&reply)), (403, Some(-44003)));
    assert_eq!(
        header(&reply, "WWW-Authenticate"),
        Some("Bearer realm=\"arcgate\", error=\"insufficient_scope\", scope=\"arc.task.controller arc.agent.caller\"")
    );
    let answer = reply.body.unwrap();
    assert!(answer.contains(r#""required_scopes":["arc.task.controller","arc.agent.caller"]"#), "{answer}");
    assert!(answer.contains(r#""provided_scopes":["arc.task.controller","arc.chat.controller"]"#), "{answer}");
    assert!(answer.contains("\"id\":\"r1\"") && answer.contains("\"targetAgent\":\"agent-7\""), "{answer}");

    let own = gate(r#"{"agents":["echo"],"scopes":{"task.create":["run"],"x.y":[]}}"#);
    assert!(decide(&own, &caller(&["run"]), &body).is_ok());
    assert_eq!(decide(&own, &anybody(), &body).unwrap_err().status, 403);
    let reply = decide(&own, &caller(&[]), &envelope(&[("method", Some("\"x.y\""))])).unwrap_err();
    assert_eq!((reply.status, arc_code(&reply)), (404, Some(-32601)), "let in, but nobody serves it");
}

#[test]
fn the_request_agent_can_be_bound_to_the_caller() {
    let bound = gate(r#"{"agents":["echo"],"bindRequestAgent":true}"#);
    assert!(decide(&bound, &anybody(), &envelope(&[])).is_ok());
    let reply = decide(&bound, &anybody(), &envelope(&[("requestAgent", Some("\"agent-8\""))])).unwrap_err();
    assert_eq!((reply.status, arc_code(&reply)), (403, Some(-44006)));
}

#[test]
fn methods() {
    let message = r#""message":{"role":"user","parts":[{"type":"TextPart","content":"hi"}]}"#;
    #[rustfmt::skip]
    let table: Vec<(&str, String, u16, i64)> = vec![
        ("task.create", format!("{{\"initialMessage\":{},\"priority\":\"LATER\"}}", &message[10..]), 400, -42010),
        ("task.create", format!("{{\"initialMessage\":{},\"metadata\":1}}", &message[10..]), 400, -32602),
        ("task.send", format!("{{\"taskId\":\"t\",{message}}}"), 404, -42001),
        ("task.send", "{\"taskId\":\"t\"}".into(), 400, -32602),
        ("task.send", format!("{{{message}}}"), 400, -32602),
        ("task.info", "{\"taskId\":\"t\"}".into(), 404, -42001),
        ("task.info", "{\"taskId\":7}".into(), 400, -32602),
        ("task.info", "{\"taskId\":\"t\",\"includeMessages\":1}".into(), 400, -32602),
        ("task.cancel", "{\"taskId\":\"t\",\"reason\":\"r\"}".into(), 404, -42001),
        ("task.subscribe", "{\"taskId\":\"t\",\"callbackUrl\":\"https://x\",\"events\":[\"TASK_FAILED\"]}".into(), 404, -42001),
        ("task.subscribe", "{\"taskId\":\"t\",\"callbackUrl\":\"https://x\",\"events\":[\"X\"]}".into(), 400, -32602),
        ("task.subscribe", "{\"taskId\":\"t\"}".into(), 400, -32602),
        ("task.notification", "{\"taskId\":\"t\",\"event\":\"TASK_FAILED\",\"timestamp\":\"x\",\"data\":{}}".into(), 404, -42001),
        ("task.notification", "{\"taskId\":\"t\",\"event\":\"X\",\"timestamp\":\"x\",\"data\":{}}".into(), 400, -32602),
        ("chat.start", "{\"initialMessage\":{\"role\":\"user\",\"parts\":[]}}".into(), 400, -43005),
        ("chat.start", format!("{{\"initialMessage\":{},\"stream\":1}}", &message[10..]), 400, -32602),
        ("chat.start", format!("{{\"initialMessage\":{},\"chatId\":\"\"}}", &message[10..]), 400, -32602),
        ("chat.message", format!("{{\"chatId\":\"c\",{message}}}"), 404, -43001),
        ("chat.message", "{\"chatId\":\"c\",\"message\":1}".into(), 400, -43005),
        ("chat.end", "{\"chatId\":\"c\"}".into(), 404, -43001),
        ("chat.end", "{}".into(), 400, -32602),
    ];
    for (method, params, status, code) in table {
        let body = envelope(&[("method", Some(&format!("\"{method}\""))), ("params", Some(&params))]);
        let reply = decide(&builtin(), &anybody(), &body).expect_err(&body);
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(code)), "{body}");
    }
}

#[test]
fn runs() {
    let run = decide(&builtin(), &anybody(), &envelope(&[])).unwrap();
    assert_eq!((run.agent(), run.input()), ("echo", "\"hi\""));
    assert_eq!(
        decide(&builtin(), &anybody(), &envelope(&[("targetAgent", Some("\"multi\""))])).unwrap().agent(),
        "multi@2"
    );
    assert_eq!(
        decide(&builtin(), &anybody(), &envelope(&[("targetAgent", Some("\"multi@1\""))])).unwrap().agent(),
        "multi@1"
    );
    let (_, seen) = builtin().body(&anybody(), envelope(&[]).as_bytes(), &fresh());
    assert_eq!(seen.method.as_deref(), Some("task.create"));
    assert_eq!(seen.trace_id.as_deref(), Some("trace-1"));
}

#[test]
fn configuration_errors_name_the_key() {
    for (config, key) in [
        (r#"{"base_path":"/x"}"#, "did you mean `basePath`"),
        (r#"{"basePath":"/x/"}"#, "basePath"),
        (r#"{"basePath":"x"}"#, "basePath"),
        (r#"{"basePath":7}"#, "basePath"),
        (r#"{"basePath":"/a?b"}"#, "basePath"),
        (r#"{"basePath":"/a/../b"}"#, "without . or .."),
        (r#"{"basePath":"/."}"#, "without . or .."),
        (r#"{"allowedOrigins":"https://a"}"#, "allowedOrigins"),
        (r#"{"allowedOrigins":["*"]}"#, "allowedOrigins"),
        (r#"{"scopes":[]}"#, "scopes"),
        (r#"{"bindRequestAgent":1}"#, "bindRequestAgent"),
        (r#"{"maxBodyBytes":0}"#, "maxBodyBytes"),
        ("", "JSON"),
    ] {
        let error = Gate::from_json(config).unwrap_err();
        assert_eq!(error.code(), Code::Config, "{config}");
        assert!(error.message().contains(key), "{config}: {error}");
    }
}
