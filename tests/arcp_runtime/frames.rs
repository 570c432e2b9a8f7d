//! Frames of an open session that are wrong: what ends the connection, and what is only refused.

use super::*;

#[test]
fn frames_that_break_the_protocol_end_the_connection_and_no_more() {
    let mut world = World::new();
    let mut client = world.connect("alice");
    let hello = Frame::new("session.hello", "01J", &World::hello(&ALL, "bob", None).to_string()).write();
    let other = Frame::new("session.ack", "01J", "{\"last_processed_seq\":0}").of_session("sess_other").write();
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    for (text, code, close) in [
        ("nonsense".to_owned(), "INVALID_REQUEST", 4400),
        (r#"{"arcp":"1.1","id":"1","type":"t","payload":{},"payload":{}}"#.to_owned(), "INVALID_REQUEST", 4400),
        (hello, "INVALID_REQUEST", 4400),
        (other, "INVALID_REQUEST", 4400),
        (large, "INVALID_REQUEST", 4413),
    ] {
        world.text(client.conn, &text);
        let got = world.got(client.conn);
        assert_eq!(got[0]["payload"]["code"], code);
        assert_eq!(got[1], json!({ "close": close }));
        client = world.resume(&client, 0);
    }
}

#[test]
fn a_submit_that_an_agent_could_not_have_as_it_was_meant_says_where_it_is_wrong() {
    let mut world = World::new();
    let client = world.connect("alice");
    let mut refused = |input: &str| {
        let text = format!("{{\"agent\":\"echo\",\"input\":{{\"text\":[1,{input}]}}}}");
        world.text(client.conn, &Frame::new("job.submit", "m", &text).of_session(&client.session).write());
        world.refused(&client, "m", "INVALID_REQUEST")["payload"].clone()
    };
    let half = refused(r#""x\ud83d""#);
    assert_eq!(half["details"], json!({"reason": "half_character", "path": "payload.input.text[1]"}));
    assert_eq!(half["retryable"], false);
    let deep = refused(&format!("{}1{}", "[".repeat(80), "]".repeat(80)));
    assert_eq!((&deep["details"]["reason"], &deep["details"]["limit"]), (&json!("too_deep"), &json!(32)));
    assert!(deep["details"]["path"].as_str().unwrap().starts_with("payload.input.text[1][0]"), "{deep}");
    assert!(deep["message"].as_str().unwrap().contains("nested too deeply"), "{deep}");
    assert!(world.runs.is_empty());
    // A frame that belongs to no request of this session ends the connection.
    let text = format!("{{\"arcp\":\"1.1\",\"a\":{}{}}}", "[".repeat(80), "]".repeat(80));
    world.text(client.conn, &text);
    assert_eq!(types(&world.got(client.conn)), ["session.error", "close"]);
}

#[test]
fn messages_that_are_wrong_are_refused_and_the_session_goes_on() {
    let mut world = World::new();
    let client = world.connect("alice");
    for (kind, payload) in [
        ("session.unknown", json!({})),
        ("session.welcome", json!({})),
        ("job.event", json!({})),
        ("x-vendor.acme.thing", json!({})),
        ("session.ack", json!({})),
        ("session.ack", json!({"last_processed_seq": -1})),
        ("session.ping", json!({})),
        ("job.cancel", json!({})),
        ("job.subscribe", json!({})),
        ("job.subscribe", json!({"job_id": "j", "history": 1})),
        ("job.subscribe", json!({"job_id": "j", "from_event_seq": "1"})),
        ("session.list_jobs", json!({"limit": 0})),
        ("session.list_jobs", json!({"filter": []})),
        ("session.list_jobs", json!({"filter": {"created_after": "yesterday"}})),
    ] {
        let request = world.say(&client, kind, &payload);
        world.refused(&client, &request, "INVALID_REQUEST");
    }
    let optional = r#"{"arcp":"1.1","id":"1","type":"x-vendor.a.b","extensions":{"optional":true},"payload":{}}"#;
    world.text(client.conn, optional);
    assert!(world.got(client.conn).is_empty());
    world.say(&client, "session.ping", &json!({"nonce": "n", "sent_at": "2026-01-01T00:00:00Z"}));
    assert_eq!(world.take(client.conn, "session.pong")["payload"]["ping_nonce"], "n");
}
