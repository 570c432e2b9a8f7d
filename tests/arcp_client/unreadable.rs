//! Frames that can't be read.

use super::*;

/// A frame as a string, with something in it that can't be read.
pub(super) fn too_deep(job: &str, seq: i64, kind: &str) -> String {
    let mut frame = numbered(kind, job, seq, json!({ "kind": "log", "ts": "x", "body": "DEEP" })).to_string();
    frame = frame.replace("\"DEEP\"", &format!("{}1{}", "[".repeat(40), "]".repeat(40)));
    frame
}

pub(super) fn raw(world: &mut World, text: &str) {
    let conn = world.conn;
    world.with(|client, now| client.handle_frame(conn, text, now));
}

pub(super) fn lost(world: &World, reason: &str) -> Value {
    let is_meant = |act: &&Value| act["event"]["type"] == "lost" && act["event"]["reason"] == reason;
    world.acts.iter().find(is_meant).unwrap_or_else(|| panic!("no {reason} in {:?}", world.acts))["event"].clone()
}

#[test]
fn what_cannot_be_read_twice_is_told_as_lost_and_the_session_goes_on() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.reads(job);
    world.event("job_1", 1);
    raw(&mut world, &too_deep("job_1", 2, "job.event"));
    assert!(world.has_told("reconnecting") && !world.has_told("lost"), "once it may have been the connection");
    world.acts.clear();
    assert_eq!(world.resumed()["payload"]["resume"]["last_event_seq"], 1);
    raw(&mut world, &too_deep("job_1", 2, "job.event"));
    let event = lost(&world, "UNREADABLE");
    assert_eq!((&event["fromSeq"], &event["toSeq"], &event["jobs"]), (&json!(2), &json!(2), &json!(["job_1"])));
    assert_eq!(world.take("missed")["job"], job, "whoever reads is told, too");
    // The same again is not worth another connection, whatever its number.
    world.acts.clear();
    raw(&mut world, &too_deep("job_1", 3, "job.event"));
    assert_eq!(lost(&world, "UNREADABLE")["toSeq"], 3);
    assert!(!world.has_told("reconnecting"));
    world.event("job_1", 4);
    assert_eq!(world.seqs(), [4]);
    world.frame(&result("job_1", 5));
    assert_eq!(world.take("result")["job"], job);
}

#[test]
fn an_end_that_cannot_be_read_fails_its_job() {
    let mut world = World::opened();
    let job = world.job("job_1");
    for round in 0..2 {
        raw(&mut world, &too_deep("job_1", 1, "job.result"));
        if round == 0 {
            world.resumed();
        }
    }
    let failed = world.take("failed");
    assert_eq!((&failed["job"], &failed["error"]["code"]), (&json!(job), &json!("ERR_PROTOCOL")));
    assert_eq!(failed["error"]["details"]["reason"], "a frame of the runtime is nested too deeply");
}

#[test]
fn a_frame_that_is_too_large_is_found_by_its_beginning() {
    for head in [
        r#"{"arcp":"1.1","id":"01M","type":"job.event","session_id":"sess_1","job_id":"job_1","event_seq":1,"payload":{"x":"xx"#,
        // Its number would come after its payload.
        r#"{"arcp":"1.1","id":"01M","type":"job.event","session_id":"sess_1","job_id":"job_1","payload":{"x":"xx"#,
        // And so would its job; but there is only one.
        r#"{"arcp":"1.1","id":"01M","type":"job.event","payload":{"x":"xx"#,
        r#"{"payload":{"x":"xx"#,
        "",
    ] {
        let mut world = World::opened();
        world.job("job_1");
        for round in 0..2 {
            let conn = world.conn;
            world.with(|client, now| client.handle_broken_frame(conn, head, now));
            if round == 0 {
                assert!(world.has_told("reconnecting"));
                world.resumed();
                world.acts.clear();
            }
        }
        assert_eq!(lost(&world, "UNREADABLE")["jobs"], json!(["job_1"]));
        assert_eq!(world.take("missed")["count"], 1, "{head}");
        world.event("job_1", 2);
        assert_eq!(world.seqs(), [2], "{head}");
        assert!(!world.has_told("reconnecting"), "a gap that was asked for already costs no connection");
    }
}

#[test]
fn an_answer_that_cannot_be_read_is_its_requests_error() {
    let mut world = World::opened();
    let number = world.with(|client, now| client.handle_list("{}", now));
    let id = world.last("session.list_jobs")["id"].clone();
    let text = message("session.jobs", json!({ "request_id": id, "jobs": "DEEP" })).to_string();
    raw(&mut world, &text.replace("\"DEEP\"", &format!("{}1{}", "[".repeat(40), "]".repeat(40))));
    let refused = world.take("refused");
    assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(number), &json!("ERR_PROTOCOL")));
    assert!(!world.has_told("reconnecting"));
}

#[test]
fn half_a_character_is_no_reason_to_go() {
    let mut world = World::opened();
    let job = world.job("job_1");
    let text = event("job_1", 1).to_string();
    raw(&mut world, &text.replace("\"n\":1", r#""text":"two \ud83d""#));
    assert_eq!(world.take("event")["payload"]["body"]["text"], "two \u{fffd}");
    let chunk = |seq: i64, data: &str, more: bool| {
        let body = json!({ "result_id": "r", "chunk_seq": seq - 2, "data": "DATA", "encoding": "utf8", "more": more });
        let frame = numbered("job.event", "job_1", seq, json!({ "kind": "result_chunk", "ts": "x", "body": body }));
        frame.to_string().replace("DATA", data)
    };
    raw(&mut world, &chunk(2, r"a\ud83d", true));
    raw(&mut world, &chunk(3, r"\ude00b", false));
    let texts: Vec<_> = world.acts.iter().filter_map(|act| act["text"].as_str()).collect();
    assert_eq!(texts, ["a", "😀b"]);
    world.frame(&numbered("job.result", "job_1", 4, json!({ "result_id": "r", "result_size": 6 })));
    let result = world.take("result");
    assert_eq!((&result["job"], &result["isChunked"]), (&json!(job), &json!(true)));
}

#[test]
fn half_a_character_in_an_event_that_came_before_its_job() {
    let mut world = World::opened();
    world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let text = event("job_1", 1).to_string();
    raw(&mut world, &text.replace("\"n\":1", r#""text":"\ude00""#));
    world.accept("job_1");
    assert_eq!(world.seqs(), [1]);
}

#[test]
fn garbage_costs_a_connection_and_in_the_end_the_session() {
    for garbage in ["", "[]", "{}", "{bad", r#"{"arcp":"1.1","id":"x","type":"job.event","payload":{}}"#] {
        let mut world = World::opened();
        let job = world.job("job_1");
        let say = |world: &mut World| {
            let conn = world.conn;
            world.with(|client, now| client.handle_frame(conn, garbage, now));
        };
        say(&mut world);
        assert!(world.has_told("reconnecting") && !world.has_told("lost"), "{garbage}");
        world.resumed();
        world.acts.clear();
        // It is said again at the same place: what comes behind it is more than it.
        say(&mut world);
        assert_eq!(world.told("lost")["reason"], "UNREADABLE", "{garbage}");
        assert_eq!(world.take("missed")["job"], job, "there is only one that it can be of");
        world.event("job_1", 1);
        assert_eq!(world.seqs(), [1]);
        assert!(!world.has("closed") && !world.has_told("reconnecting"), "{garbage}");
        for _ in 0..200 {
            say(&mut world);
            if world.has_told("reconnecting") {
                world.resumed();
                world.acts.clear();
            }
        }
        let closed = world.take("closed");
        assert_eq!((&closed["code"], &closed["error"]["details"]["fault"]), (&json!("ERR_PROTOCOL"), &json!("peer")));
    }
    let mut world = World::opened();
    let conn = world.conn;
    world.with(|client, now| client.handle_broken_frame(conn, "", now));
    assert_eq!(world.take("close")["code"], 4400);
    // Unknown types are ignored (rule 153).
    let mut world = World::opened();
    world.frame(&message("session.news", json!({})));
    assert!(world.acts.is_empty());
}
