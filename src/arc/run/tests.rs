use super::*;

fn run(kind: Kind) -> Run {
    let echo = Echo {
        id: Some("\"r\\\"1\"".into()),
        request_agent: Some("a".into()),
        target_agent: Some("echo".into()),
        trace_id: Some("t".into()),
    };
    Run::new(kind, "echo", "1".into(), echo, &Fresh { id: "u".into(), now: "2026-01-01T00:00:00Z".into() })
}

fn chat() -> Run {
    run(Kind::Chat { chat_id: "c\n".into(), stream: true })
}

#[test]
fn a_ticket_brings_back_the_run() {
    for run in [run(Kind::Task), chat()] {
        let back = Run::from_ticket(&run.ticket()).unwrap();
        assert_eq!(back, Run { agent: String::new(), input: String::new(), ..run });
    }
    for text in ["", "{}", "[]", r#"{"id":"a","createdAt":"b","chatId":"c"}"#] {
        assert_eq!(Run::from_ticket(text), None, "{text}");
    }
}

#[test]
fn a_completed_task() {
    let reply = run(Kind::Task).reply(Outcome::Output(&Value::Bool(true)), "2026-01-01T00:00:01Z");
    assert_eq!(
        reply.body.as_deref(),
        Some(concat!(
            r#"{"arc":"1.0","id":"r\"1","responseAgent":"echo","targetAgent":"a","traceId":"t","result":{"type":"task","#,
            r#""task":{"taskId":"task-u","status":"COMPLETED","createdAt":"2026-01-01T00:00:00Z","#,
            r#""updatedAt":"2026-01-01T00:00:01Z","completedAt":"2026-01-01T00:00:01Z","messages":[{"role":"agent","#,
            r#""parts":[{"type":"DataPart","content":"true","mimeType":"application/json"}],"#,
            r#""timestamp":"2026-01-01T00:00:01Z"}],"artifacts":[]}},"error":null}"#
        ))
    );
}

#[test]
fn failures_have_a_code_and_no_detail() {
    for (kind, outcome, code) in [
        (Kind::Task, Outcome::Failed, -42004),
        (Kind::Task, Outcome::TimedOut, -42005),
        (Kind::Task, Outcome::TokenExpired, -44004),
        (Kind::Task, Outcome::TokenRevoked, -44001),
        (chat().kind, Outcome::TokenRevoked, -44001),
        (Kind::Task, Outcome::Unknown, -32603),
        (chat().kind, Outcome::Failed, -32603),
        (chat().kind, Outcome::TimedOut, -43003),
    ] {
        let reply = run(kind).reply(outcome, "now");
        assert_eq!(reply.code.unwrap().number(), code);
        assert_ne!(reply.status, 401, "the agent has run: nobody may take it for untouched");
        assert!(!reply.body.unwrap().contains("details"));
    }
}

#[test]
fn what_cant_be_passed_on_is_told_and_pieces_are_the_result() {
    let reply = run(Kind::Task).reply(Outcome::Flawed("{\"reason\":\"cycle\"}"), "now");
    assert_eq!((reply.status, reply.code.unwrap().number()), (500, -42004));
    assert!(reply.body.unwrap().contains("\"details\":{\"reason\":\"cycle\"}"));
    let reply = run(chat().kind).reply(Outcome::Pieces("1,2"), "now");
    assert!(reply.body.unwrap().contains("\"parts\":[1,2]"));
}

#[test]
fn a_stream() {
    let run = chat();
    assert_eq!(
        run.event("{\"type\":\"TextPart\",\"content\":\"hi\\n\"}"),
        "event: stream\ndata: {\"chatId\":\"c\\n\",\"message\":{\"role\":\"agent\",\"parts\":[{\"type\":\"TextPart\",\"content\":\"hi\\n\"}]}}\n\n"
    );
    assert_eq!(run.event(""), "", "nothing goes on");
    let flawed = run.last_events(Outcome::Flawed("{\"reason\":\"bigint\"}"));
    assert!(flawed.contains("\"message\":\"Internal error\",\"details\":{\"reason\":\"bigint\"}}}\n\n"), "{flawed}");
    let done = "event: done\ndata: {\"chatId\":\"c\\n\",\"status\":\"ACTIVE\",\"done\":true}\n\n";
    assert_eq!(run.last_events(Outcome::Output(&Value::Null)), done);
    assert!(run.last_events(Outcome::Output(&Value::Bool(true))).ends_with(done));
    assert_eq!(
        run.last_events(Outcome::TokenExpired),
        "event: error\ndata: {\"chatId\":\"c\\n\",\"error\":{\"code\":-44004,\"message\":\"Token expired\"}}\n\nevent: done\ndata: {\"chatId\":\"c\\n\",\"status\":\"ERROR\",\"done\":true}\n\n"
    );
}
