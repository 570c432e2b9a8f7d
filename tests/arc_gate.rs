//! The gate of ARC 1.0, request by request: what each gets as status, code and header fields.

use arcgate::{
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

#[test]
fn heads() {
    let long_token = format!("Bearer {}", "a".repeat(20_000));
    #[rustfmt::skip]
    let table: Vec<(&str, Head<'_>, u16, i64)> = vec![
        ("another path", Head { path: "/", ..GOOD }, 404, -32600),
        ("a path below", Head { path: "/arc/x", ..GOOD }, 404, -32600),
        ("a longer name", Head { path: "/arcs", ..GOOD }, 404, -32600),
        ("two slashes before", Head { path: "//arc", ..GOOD }, 404, -32600),
        ("two slashes after", Head { path: "/arc//", ..GOOD }, 404, -32600),
        ("upper case", Head { path: "/ARC", ..GOOD }, 404, -32600),
        ("a prefix", Head { path: "/api/arc", ..GOOD }, 404, -32600),
        ("no path", Head { path: "", ..GOOD }, 404, -32600),
        ("a host that is none", Head { host: "", ..GOOD }, 400, -32600),
        ("a token in the URL", Head { query: "?TOKEN=x", ..GOOD }, 400, -44001),
        ("no host of ours, from a page", Head { host: "evil.example", origin: Some("http://evil.example"), ..GOOD }, 421, -32600),
        ("another origin", Head { origin: Some("https://evil.example"), ..GOOD }, 403, -44006),
        ("no origin", Head { origin: Some("null"), ..GOOD }, 403, -44006),
        ("another origin's preflight", Head { method: "OPTIONS", origin: Some("https://evil.example"), ..GOOD }, 403, -44006),
        ("GET", Head { method: "GET", ..GOOD }, 405, -32600),
        ("HEAD", Head { method: "HEAD", ..GOOD }, 405, -32600),
        ("PUT", Head { method: "PUT", ..GOOD }, 405, -32600),
        ("lower-case post", Head { method: "post", ..GOOD }, 405, -32600),
        ("no method", Head { method: "", ..GOOD }, 405, -32600),
        ("no type", Head { content_type: None, ..GOOD }, 415, -32600),
        ("a form", Head { content_type: Some("application/x-www-form-urlencoded"), ..GOOD }, 415, -32600),
        ("plain text", Head { content_type: Some("text/plain"), ..GOOD }, 415, -32600),
        ("almost JSON", Head { content_type: Some("application/jsonp"), ..GOOD }, 415, -32600),
        ("latin-1", Head { content_type: Some("application/json; charset=latin1"), ..GOOD }, 415, -32600),
        ("compressed", Head { content_encoding: Some("gzip"), ..GOOD }, 415, -32600),
        ("a stream's label without wanting one", Head { content_type: Some("text/event-stream"), ..GOOD }, 415, -32600),
        ("too long", Head { content_length: Some("4097"), ..GOOD }, 413, -45004),
        ("far too long", Head { content_length: Some("99999999999999999999999999"), ..GOOD }, 413, -45004),
        ("a negative length", Head { content_length: Some("-1"), ..GOOD }, 400, -32600),
        ("two lengths", Head { content_length: Some("1, 2"), ..GOOD }, 400, -32600),
        ("no credentials", Head { authorization: None, ..GOOD }, 401, -44001),
        ("two credentials", Head { authorization: Some("Bearer a, Bearer b"), ..GOOD }, 400, -44001),
        ("two spaces", Head { authorization: Some("Bearer  a"), ..GOOD }, 400, -44001),
        ("no token", Head { authorization: Some("Bearer"), ..GOOD }, 400, -44001),
        ("a token in the query", Head { query: "?access_token=a", ..GOOD }, 400, -44001),
        ("a token too long", Head { authorization: Some(&long_token), ..GOOD }, 401, -44001),
    ];
    for (what, head, status, code) in table {
        let admission = builtin().head(&head);
        assert!(admission.fields.contains(&("Vary", "Origin".to_owned())), "{what}");
        let reply = answered(admission);
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(code)), "{what}");
        let body = reply.body.as_deref().unwrap();
        assert!(
            body.starts_with(r#"{"arc":"1.0","id":"error","responseAgent":"arcgate","targetAgent":"unknown","#),
            "{what}"
        );
        assert!(!body.contains("details"), "{what}: nothing but the code");
    }
}

#[test]
fn heads_that_are_let_in() {
    for head in [
        GOOD,
        Head { path: "/arc/", ..GOOD },
        Head { authorization: Some("bearer token-of-somebody"), ..GOOD },
        Head { content_type: Some("Application/JSON; charset=\"UTF-8\""), ..GOOD },
        Head { content_type: Some("text/event-stream"), accept: Some("text/event-stream"), ..GOOD },
        Head { content_length: None, ..GOOD },
        Head { content_length: Some("4096"), ..GOOD },
        Head { content_encoding: Some("identity"), ..GOOD },
        Head { host: "evil.example/y?", ..GOOD },
        Head { query: "?x=1", ..GOOD },
    ] {
        match builtin().head(&head).step {
            Step::Authenticate(credentials) => {
                assert_eq!(credentials.scheme(), "bearer");
                assert_eq!(credentials.token().unwrap().expose(), b"token-of-somebody");
            }
            Step::Reply(reply) => panic!("{head:?}: {reply:?}"),
        }
    }
    let prefixed = gate(r#"{"basePath":"/api/v1"}"#);
    assert!(matches!(prefixed.head(&Head { path: "/api/v1/arc", ..GOOD }).step, Step::Authenticate(_)));
    assert_eq!(answered(prefixed.head(&GOOD)).status, 404);
}

#[test]
fn fields_that_some_answers_have() {
    let reply = |head| answered(builtin().head(&head));
    assert_eq!(header(&reply(Head { method: "GET", ..GOOD }), "Allow"), Some("POST, OPTIONS"));
    assert!(header(&reply(Head { content_type: None, ..GOOD }), "Accept-Post").is_some());
    let challenge =
        |authorization| header(&reply(Head { authorization, ..GOOD }), "WWW-Authenticate").map(str::to_owned);
    assert_eq!(challenge(None).as_deref(), Some("Bearer realm=\"arcgate\""));
    assert!(challenge(Some("Bearer a b")).unwrap().contains("error=\"invalid_request\""));
}

#[test]
fn pages_of_allowed_origins_can_read_every_answer() {
    let gate = gate(r#"{"allowedOrigins":["https://app.example"],"allowedHosts":["gate.example"]}"#);
    let page = Head { scheme: "https", host: "gate.example", origin: Some("https://app.example"), ..GOOD };
    let preflight = gate.head(&Head { method: "OPTIONS", authorization: None, content_type: None, ..page });
    assert!(preflight.fields.contains(&("Access-Control-Allow-Origin", "https://app.example".to_owned())));
    let reply = answered(preflight);
    assert_eq!((reply.status, reply.body.as_deref()), (204, None));
    assert_eq!(header(&reply, "Access-Control-Allow-Headers"), Some("Authorization, Content-Type"));
    for head in [
        page,
        Head { authorization: None, ..page },
        Head { method: "GET", ..page },
        Head { content_type: None, ..page },
    ] {
        let fields = gate.head(&head).fields;
        assert!(fields.contains(&("Access-Control-Allow-Origin", "https://app.example".to_owned())), "{head:?}");
        assert!(fields.iter().all(|(name, value)| *name != "Access-Control-Allow-Credentials" && value != "*"));
    }
    for head in [
        Head { origin: Some("https://evil.example"), ..page },
        Head { origin: Some("null"), ..page },
        Head { origin: None, ..page },
        Head { host: "evil.example", ..page },
        Head { path: "/x", ..page },
    ] {
        assert!(gate.head(&head).fields.iter().all(|(name, _)| *name == "Vary"), "{head:?}");
    }
}

#[test]
fn what_a_verifier_says() {
    #[rustfmt::skip]
    let table = [
        (Code::TokenExpired, 401, -44004),
        (Code::TokenSignature, 401, -44001),
        (Code::TokenAudience, 401, -44001),
        (Code::Unauthenticated, 401, -44001),
        (Code::TokenRevoked, 401, -44001),
        (Code::JwksUnavailable, 503, -32603),
        (Code::Config, 500, -32603),
        (Code::Internal, 500, -32603),
    ];
    for (code, status, arc) in table {
        let reply = Reply::refused(&Error::new(code, "secret reason").retry_after(Span::from_secs(7)));
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(arc)), "{code:?}");
        assert_eq!(header(&reply, "WWW-Authenticate").is_some(), status == 401, "{code:?}");
        assert_eq!(header(&reply, "Retry-After"), (status == 503).then_some("7"), "{code:?}");
        assert!(!format!("{:?}{:?}", reply.body, reply.headers).contains("secret"), "{code:?}");
    }
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
fn envelopes() {
    let long = format!("\"{}\"", "x".repeat(257));
    #[rustfmt::skip]
    let table: Vec<(&str, Option<&str>, u16, i64)> = vec![
        ("arc", None, 400, -32600),
        ("arc", Some("\"1.1\""), 400, -45001),
        ("arc", Some("1.0"), 400, -45001),
        ("arc", Some("null"), 400, -45001),
        ("id", None, 400, -32600),
        ("id", Some("null"), 400, -32600),
        ("id", Some("\"\""), 400, -32600),
        ("id", Some("[]"), 400, -32600),
        ("id", Some("true"), 400, -32600),
        ("id", Some(&long), 400, -32600),
        ("method", None, 400, -32600),
        ("method", Some("\"\""), 400, -32600),
        ("method", Some("null"), 400, -32600),
        ("method", Some("0"), 400, -32600),
        ("method", Some("false"), 400, -32600),
        ("method", Some("[\"task.create\"]"), 400, -32600),
        ("method", Some(&long), 400, -32600),
        ("method", Some("\"toString\""), 404, -32601),
        ("method", Some("\"task.get\""), 404, -32601),
        ("method", Some("\"Task.create\""), 404, -32601),
        ("requestAgent", None, 400, -32600),
        ("requestAgent", Some("7"), 400, -32600),
        ("targetAgent", None, 400, -32600),
        ("targetAgent", Some("\"\""), 400, -32600),
        ("targetAgent", Some("\"nobody\""), 404, -41001),
        ("targetAgent", Some("\"__proto__\""), 404, -41001),
        ("targetAgent", Some("\"ech\""), 404, -41001),
        ("traceId", Some("7"), 400, -45005),
        ("traceId", Some("null"), 400, -45005),
        ("params", None, 400, -32600),
        ("params", Some("[]"), 400, -32600),
        ("params", Some("null"), 400, -32600),
        ("params", Some("{}"), 400, -32602),
        ("params", Some(r#"{"initialMessage":{"role":"user","parts":[]}}"#), 400, -32602),
    ];
    for (member, value, status, code) in table {
        let body = envelope(&[(member, value)]);
        let reply = decide(&builtin(), &anybody(), &body).expect_err(&body);
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(code)), "{body}");
        let answer = reply.body.unwrap();
        assert_eq!(answer.contains("\"id\":\"r1\""), member != "id", "{answer}");
        assert_eq!(answer.contains("\"traceId\":\"trace-1\""), member != "traceId", "{answer}");
    }
    let version = decide(&builtin(), &anybody(), &envelope(&[("arc", Some("\"2.0\""))])).unwrap_err();
    assert!(version.body.unwrap().contains(r#""details":{"supportedVersion":"1.0"}"#));
}

#[test]
fn bodies_that_are_no_envelope() {
    let good = envelope(&[]);
    #[rustfmt::skip]
    let table: Vec<(String, u16, i64)> = vec![
        (String::new(), 400, -32700),
        ("{".into(), 400, -32700),
        ("null".into(), 400, -32600),
        ("[]".into(), 400, -32600),
        ("\"x\"".into(), 400, -32600),
        (format!("[{good}]"), 400, -32600),
        (format!("{good}{good}"), 400, -32700),
        (good.replacen('{', "{\"method\":\"chat.start\",", 1), 400, -32600),
        (good.replacen('{', "{\"m\\u0065thod\":\"chat.start\",", 1), 400, -32600),
        (envelope(&[("params", Some("{\"a\":{\"b\":1,\"b\":2}}"))]), 400, -32600),
        (envelope(&[("x", Some(&"[".repeat(64)))]), 400, -32600),
        (format!("{good}{}", " ".repeat(4096)), 413, -45004),
    ];
    for (body, status, code) in table {
        let reply = decide(&builtin(), &anybody(), &body).expect_err(&body);
        assert_eq!((reply.status, arc_code(&reply)), (status, Some(code)), "{body}");
        assert!(reply.body.unwrap().contains("\"id\":\"error\""), "{body}");
    }
    let (decision, _) = builtin().body(&anybody(), b"\"\xff\"", &fresh());
    assert!(matches!(decision, Decision::Reply(reply) if reply.status == 400));
}

#[test]
fn ids_come_back_as_they_were() {
    for id in ["\"r-\\\"1\\\"\"", "7", "-3", "0.5", "9007199254740993"] {
        let reply =
            decide(&builtin(), &anybody(), &envelope(&[("id", Some(id)), ("method", Some("\"x\""))])).unwrap_err();
        assert!(reply.body.as_deref().unwrap().contains(&format!("\"id\":{id},")), "{id}: {:?}", reply.body);
    }
    assert!(decide(&builtin(), &anybody(), &envelope(&[("x-later", Some("{}")), ("traceId", None)])).is_ok());
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

/// Bodies one byte away from a good one, and far away: an answer, always.
#[test]
fn nothing_panics() {
    let (gate, principal, good) = (builtin(), anybody(), envelope(&[]));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..20_000 {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = random(256) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\"{}[]:,\\0e-"[random(11)]),
            }
        }
        let (decision, _) = gate.body(&principal, &bytes, &fresh());
        if let Decision::Reply(reply) = decision {
            arc_code(&reply);
        }
        let text = String::from_utf8_lossy(&bytes);
        gate.head(&Head { path: &text, ..GOOD });
        gate.head(&Head { authorization: Some(&text), query: &text, ..GOOD });
        gate.head(&Head { host: &text, origin: Some(&text), content_type: Some(&text), ..GOOD });
    }
}

#[test]
fn half_a_character_in_a_body_is_named() {
    let body = |text: &str| format!(r#"{{"arc":"1.0","id":"{text}"}}"#);
    for (text, named) in [("x\\ud83d", true), ("\\ude00", true), ("\\ud83d\\ude00", false), ("\\x", false)] {
        let (Decision::Reply(reply), _) = builtin().body(&anybody(), body(text).as_bytes(), &fresh()) else {
            panic!("{text}: an envelope without a method")
        };
        assert_eq!(reply.body.unwrap().contains("half of a character"), named, "{text}");
    }
}
