//! What comes from upstream and can't be passed on: the client hears which event it is, once, and is not asked to come again.

use super::*;

fn event(seq: i64, payload: &str) -> String {
    Frame { event_seq: Some(seq), ..Frame::new("job.event", ID, payload) }.of_session("sess_1").of_job("job_1").write()
}

/// What a `session.error` says: its sequence, whether it is worth a retry, and the reason.
fn told(world: &World) -> (String, String, String) {
    let text = world.client.last().unwrap();
    let details = member(text, "details");
    let details = json::parse_object(details.as_bytes()).unwrap();
    let seq = details.get("event_seq").and_then(Value::as_number).map(|seq| seq.text().to_owned()).unwrap_or_default();
    let reason = details.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
    (seq, member(text, "retryable"), reason)
}

fn says(seq: &str, reason: &str) -> (String, String, String) {
    (seq.to_owned(), "false".to_owned(), reason.to_owned())
}

#[test]
fn the_event_is_named() {
    for (text, seq) in [
        (r#"{"arcp":"1.1","id":"a","type":"job.event","event_seq":5,"payload":{"x":NaN}}"#.to_owned(), "5"),
        (r#"{"payload":{"x":1,"x":2},"event_seq":7}"#.to_owned(), "7"),
        (event(6, "{}").replace("1.1", "1.0"), "6"),
        // No number, a wrong one, or one that was passed on long ago: the one after the last.
        ("{".to_owned(), "5"),
        ("[]".to_owned(), "5"),
        (event(2, "{}").replace("1.1", "1.0"), "5"),
        (r#"{"event_seq":"7"}"#.to_owned(), "5"),
        (event(5, &("[".repeat(40) + &"]".repeat(40))), "5"),
        // Half of an escape is no half of a character.
        (event(5, r#"{"x":"\ud83"}"#), "5"),
    ] {
        let mut world = World::open("{}", false, &["ack"]);
        world.upstream_says(&event(4, "{}"));
        world.upstream_says(&text);
        assert_eq!(told(&world), says(seq, "upstream_malformed"), "{text}");
        assert_eq!(world.end(), ended("INTERNAL_ERROR", 4422));
        assert!(member(&world.client[1], "message").contains(&format!("event {seq} ")));
        let details = world.log[0].details.as_deref().unwrap();
        assert!(details.starts_with(&format!(r#"{{"reason":"upstream_malformed","event_seq":{seq}"#)));
        assert!(world.upstream_closed);
    }
}

#[test]
fn one_that_is_too_large_hears_its_size_and_the_limit() {
    let mut world = World::open("{}", false, &["ack"]);
    let text = event(1, &format!(r#"{{"x":"{}"}}"#, "x".repeat(5_000_000)));
    world.upstream_says(&text);
    assert_eq!(told(&world), says("1", "upstream_frame_too_large"));
    let details = member(&world.client[0], "details");
    assert!(details.contains(&text.len().to_string()) && details.contains("4194304"), "{details}");
    assert!(details.contains(r#""type":"job.event","job_id":"job_1""#), "whoever waits for an end knows it: {details}");
    // The driver shows how it begins, and not the whole.
    let mut world = World::open("{}", false, &["ack"]);
    world.gate.handle_upstream_oversized(r#"{"arcp":"1.1","event_seq":9,"payload":{"x":"xx"#, 7_000_000, world.time());
    world.drain();
    assert_eq!(told(&world), says("9", "upstream_frame_too_large"));
    let mut world = World::open("{}", false, &["ack"]);
    world.gate.handle_upstream_binary(world.time());
    world.drain();
    assert_eq!(told(&world), says("1", "upstream_binary_frame"));
}

#[test]
fn what_came_before_is_passed_on_first_also_while_the_welcome_waits() {
    for oversized in [true, false] {
        let mut world = World::new();
        let resume = r#","resume":{"session_id":"sess_1","resume_token":"rg1.cnRrXzE.bWFj","last_event_seq":7}"#;
        world.client_says(&hello(resume, &["ack"]));
        world.authenticated(alice());
        world.mac("bWFj");
        world.opened();
        world.upstream_says(&welcome("rtk_2", &["ack"]));
        world.upstream_says(&event(8, "{}"));
        if oversized {
            world.gate.handle_upstream_oversized("{", 5_000_000, world.time());
        } else {
            world.gate.handle_upstream_binary(world.time());
        }
        world.upstream_says(&event(10, "{}"));
        world.drain();
        assert!(world.closed.is_none(), "the welcome comes first");
        world.mac("bmV3");
        assert_eq!(world.kinds(), ["session.welcome", "job.event", "session.error"]);
        assert_eq!((told(&world).0.as_str(), world.closed), ("9", Some(4422)));
    }
}

#[test]
fn the_type_and_the_job_are_named_as_far_as_they_are_names() {
    let long = "x".repeat(257);
    for (text, named) in [
        (
            r#"{"type":"job.result","job_id":"job_1","event_seq":5,"payload":{"x":NaN}}"#.to_owned(),
            (Some("job.result"), Some("job_1")),
        ),
        (
            r#"{"type":"job.error","event_seq":5,"payload":{"job_id":"job_2","x":NaN}}"#.to_owned(),
            (Some("job.error"), Some("job_2")),
        ),
        (format!(r#"{{"type":"{long}","job_id":"a\u0000b","event_seq":5,"x":NaN}}"#), (None, None)),
        (r#"{"type":7,"job_id":{},"event_seq":5}"#.to_owned(), (None, None)),
    ] {
        let mut world = World::open("{}", false, &["ack"]);
        world.upstream_says(&event(4, "{}"));
        world.upstream_says(&text);
        let details = member(world.client.last().unwrap(), "details");
        let details = json::parse_object(details.as_bytes()).unwrap();
        let name = |name| details.get(name).and_then(Value::as_str);
        assert_eq!((name("type"), name("job_id")), named, "{text}");
    }
}
