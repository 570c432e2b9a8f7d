//! A request that is sent on to an upstream: what goes there, and what of each answer comes back.

use arcgate::sans_io::{
    arc::{
        forward::{Answer, Body, Failure, Verdict},
        Decision, Forward, Fresh, Gate,
    },
    json,
    principal::{Kind, Principal},
};

fn caller() -> Principal {
    Principal::new(Kind::Jwt, Some("https://idp"), "42").with_scopes(vec![
        "arc.task.controller".into(),
        "arc.chat.controller".into(),
        "arc.agent.caller".into(),
    ])
}

fn decide(body: &str) -> Decision {
    let gate =
        Gate::from_json(r#"{"upstream":true,"agents":["echo"],"scopes":{"x.own":["arc.agent.caller"]}}"#).unwrap();
    gate.body(&caller(), body.as_bytes(), &Fresh { id: "u".into(), now: "now".into() }).0
}

fn envelope(method: &str, id: &str, params: &str) -> String {
    format!(
        r#"{{"arc":"1.0","id":{id},"method":"{method}","requestAgent":"me","targetAgent":"nobody-knows","traceId":"t","params":{params}}}"#
    )
}

fn forward(body: &str) -> Forward {
    match decide(body) {
        Decision::Forward(forward) => forward,
        other => panic!("{other:?}"),
    }
}

fn task() -> Forward {
    forward(&envelope("task.create", "\"r1\"", "{}"))
}

fn failed(verdict: &Verdict) -> Option<Failure> {
    match verdict {
        Verdict::Fail(failure) => Some(*failure),
        _ => None,
    }
}

#[test]
fn which_agents_there_are_is_the_upstreams_business_and_who_may_call_is_ours() {
    assert!(matches!(decide(&envelope("task.create", "1", "{}")), Decision::Forward(_)));
    assert!(matches!(decide(&envelope("x.own", "1", "{}")), Decision::Forward(_)));
    for (method, code) in [("task.notification", -44003), ("x.other", -32601), ("task.get", -32601)] {
        match decide(&envelope(method, "1", "{}")) {
            Decision::Reply(reply) => assert_eq!(reply.code.unwrap().number(), code),
            other => panic!("{method}: {other:?}"),
        }
    }
    for body in ["", "[]", "{", r#"{"arc":"1.0","arc":"1.0"}"#, &envelope("task.create", "1", "[]")] {
        assert!(matches!(decide(body), Decision::Reply(_)), "{body}");
    }
}

#[test]
fn a_ticket_brings_it_back() {
    for body in [
        envelope("task.create", "\"r\\\"1\"", "{}"),
        envelope("chat.message", "7.0", r#"{"chatId":"c\n","stream":true}"#),
        envelope("chat.start", "1", r#"{"chatId":7,"stream":"yes"}"#),
    ] {
        let forward = forward(&body);
        assert_eq!(Forward::from_ticket(&forward.ticket()), Some(forward));
    }
    for text in ["", "[]", "{}", r#"{"stream":1}"#] {
        assert_eq!(Forward::from_ticket(text), None, "{text}");
    }
}

/// Attack class: a client that says who it is, in every spelling in which a server might read it.
#[test]
fn a_client_says_nothing_about_who_calls() {
    let given = [
        ("x-arcgate-principal", "forged"),
        ("x_arcgate_principal", "forged"),
        ("X-Arcgate-Principal", "forged"),
        ("x-arcgate_principal", "forged"),
        ("x-arcgate-anything", "forged"),
        ("authorization", "Bearer own"),
        ("proxy-authorization", "Bearer own"),
        ("cookie", "session=own"),
        ("host", "evil.example"),
        ("x-forwarded-for", "::1"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=_x"),
        ("cf-connecting-ip", "::1"),
        ("x-http-method-override", "DELETE"),
        ("transfer-encoding", "chunked"),
        ("content-length", "1"),
        ("connection", "x-arcgate-principal"),
        ("accept", "text/html"),
        ("content-type", "text/event-stream"),
        ("traceparent", "00-1"),
    ];
    let fields = task().headers(&caller(), given.into_iter());
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "content-type",
            "accept",
            "accept-encoding",
            "traceparent",
            "x-arcgate-principal",
            "x-arcgate-kind",
            "x-arcgate-id",
            "x-arcgate-issuer",
            "x-arcgate-scopes"
        ]
    );
    assert!(fields.iter().all(|(_, value)| !value.contains("forged") && !value.contains("own")));
    assert!(fields.contains(&("content-type", "application/arc+json".to_owned())));
    let json = task().headers(&caller(), [("content-type", "Application/JSON; charset=utf-8")].into_iter());
    assert!(json.contains(&("content-type", "application/json".to_owned())));
}

const OK: Answer<'static> =
    Answer { status: 200, content_type: Some("application/json"), retry_after: None, body: None };
const RESULT: Body<'static> =
    Body { version: Some("1.0"), id: Some("\"r1\""), has_result: true, has_error: false, code: None };
const ERROR: Body<'static> =
    Body { version: Some("1.0"), id: Some("\"error\""), has_result: false, has_error: true, code: Some(-42001.0) };

#[test]
fn answers() {
    let verdict = |answer: Answer<'_>| task().judge(&answer, false);
    let body = |body| Answer { body: Some(body), ..OK };
    assert_eq!(verdict(OK), Verdict::Read);
    assert!(matches!(verdict(body(RESULT)), Verdict::Pass(200, _)));
    assert!(matches!(verdict(Answer { status: 404, ..body(ERROR) }), Verdict::Pass(404, _)));
    assert_eq!(verdict(Answer { content_type: Some("text/event-stream; charset=utf-8"), ..OK }), Verdict::Stream);
    #[rustfmt::skip]
    let table = [
        ("a page", Answer { content_type: Some("text/html"), ..OK }, Failure::NotArc),
        ("no type", Answer { content_type: None, ..OK }, Failure::NotArc),
        ("a proxy's page", Answer { status: 502, content_type: Some("text/html"), ..OK }, Failure::NotArc),
        ("a proxy that is full", Answer { status: 503, content_type: Some("text/html"), ..OK }, Failure::Overloaded),
        ("a proxy's time-out", Answer { status: 504, content_type: None, ..OK }, Failure::TimedOut),
        ("a stream under an error", Answer { status: 500, content_type: Some("text/event-stream"), ..OK }, Failure::NotArc),
        ("nothing", Answer { status: 204, ..OK }, Failure::NotArc),
        ("switching", Answer { status: 101, ..OK }, Failure::NotArc),
        ("elsewhere", Answer { status: 302, ..OK }, Failure::Redirect),
        ("our credential", Answer { status: 401, ..body(ERROR) }, Failure::Refused),
        ("our credential, under another status", Answer { status: 400, ..body(Body { code: Some(-44004.0), ..ERROR }) }, Failure::Refused),
        ("another version", body(Body { version: Some("2.0"), ..RESULT }), Failure::NotArc),
        ("not ARC", body(Body::default()), Failure::NotArc),
        ("both", body(Body { has_error: true, ..RESULT }), Failure::NotArc),
        ("another request's answer", body(Body { id: Some("\"r2\""), ..RESULT }), Failure::NotArc),
        ("nobody's answer", body(Body { id: None, ..RESULT }), Failure::NotArc),
    ];
    for (what, answer, failure) in table {
        assert_eq!(failed(&verdict(answer)), Some(failure), "{what}");
    }
    for status in [307, 308] {
        assert_eq!(verdict(Answer { status, ..OK }), Verdict::Slash);
    }
}

#[test]
fn one_id_in_two_spellings_is_one() {
    for (sent, came, is_same) in [
        ("\"a\\u0062\"", "\"ab\"", true),
        ("1.0", "1", true),
        ("1", "\"1\"", false),
        ("1", "2", false),
        ("1", "true", false),
        ("1", "", false),
    ] {
        let forward = forward(&envelope("task.create", sent, "{}"));
        let answer = Answer { body: Some(Body { id: Some(came), ..RESULT }), ..OK };
        assert_eq!(failed(&forward.judge(&answer, false)).is_none(), is_same, "{sent} {came}");
    }
}

#[test]
fn what_comes_back_of_the_head_is_ours() {
    let answer =
        Answer { status: 401, retry_after: Some("7"), body: Some(Body { code: Some(-44004.0), ..ERROR }), ..OK };
    let Verdict::Pass(401, fields) = task().judge(&answer, true) else { panic!("the caller's own token was refused") };
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Content-Type", "Cache-Control", "X-Content-Type-Options", "WWW-Authenticate", "Retry-After"]);
    for retry_after in ["", "-1", "7\r\nx: y", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999"] {
        let Verdict::Pass(_, fields) = task().judge(&Answer { retry_after: Some(retry_after), ..answer }, true) else {
            panic!("{retry_after}")
        };
        assert!(!fields.iter().any(|(name, _)| *name == "Retry-After"), "{retry_after}");
    }
}

#[test]
fn failures_are_arc() {
    for (name, status, code) in [
        ("unreachable", 502, -41003),
        ("timeout", 504, -41006),
        ("expired", 403, -44004),
        ("revoked", 403, -44001),
        ("redirect", 502, -41003),
        ("not_arc", 502, -41003),
        ("overloaded", 503, -41002),
        ("too_large", 502, -45004),
        ("refused", 502, -41005),
        ("no_credential", 403, -44006),
        ("credential_unavailable", 503, -41002),
        ("misconfigured", 500, -32603),
    ] {
        let failure = Failure::from_name(name).unwrap();
        let reply = task().reply(failure);
        assert_eq!((reply.status, reply.code.unwrap().number()), (status, code), "{name}");
        let body = reply.body.unwrap();
        let object = json::parse_object(body.as_bytes()).unwrap();
        assert_eq!(object.get("id").unwrap().as_str(), Some("r1"));
        assert_eq!(object.get("responseAgent").unwrap().as_str(), Some("nobody-knows"));
        assert_eq!(reply.headers.iter().any(|(name, _)| *name == "Retry-After"), status == 503, "{name}");
        let events = task().last_events(failure);
        assert_eq!(events.matches("\n\n").count(), 2);
        assert!(events.contains(&format!("\"code\":{code}")) && events.ends_with("\"done\":true}\n\n"), "{events}");
    }
    assert_eq!(Failure::from_name("gone"), None);
    let chat = forward(&envelope("chat.message", "1", r#"{"chatId":"c\n\n"}"#));
    assert!(chat.last_events(Failure::TimedOut).starts_with("event: error\ndata: {\"chatId\":\"c\\n\\n\",\"error\":"));
}
