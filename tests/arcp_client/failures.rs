//! What fails, and would fail again: frames that can't be read, frames that are too large, connections that nothing comes of.

use super::*;

/// A frame as a string, with something in it that can't be read.
fn too_deep(job: &str, seq: i64, kind: &str) -> String {
    let mut frame = numbered(kind, job, seq, json!({ "kind": "log", "ts": "x", "body": "DEEP" })).to_string();
    frame = frame.replace("\"DEEP\"", &format!("{}1{}", "[".repeat(40), "]".repeat(40)));
    frame
}

fn raw(world: &mut World, text: &str) {
    let conn = world.conn;
    world.with(|client, now| client.handle_frame(conn, text, now));
}

fn lost(world: &World, reason: &str) -> Value {
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
fn a_gateway_that_cannot_pass_an_event_on_is_passed_by() {
    let mut world = World::opened();
    world.job("job_1");
    world.event("job_1", 1);
    let number = world.with(|client, now| client.handle_list("{}", now));
    let mut said = error("INTERNAL_ERROR");
    said["payload"]["details"] = json!({ "reason": "upstream_frame_too_large", "event_seq": 2 });
    world.frame(&said);
    world.gone(4422);
    assert!(!world.acts.iter().any(|act| act["request"] == number), "the error is no answer to a request");
    let event = lost(&world, "UNREADABLE");
    assert_eq!((&event["fromSeq"], &event["toSeq"]), (&json!(2), &json!(2)));
    assert_eq!(world.resumed()["payload"]["resume"]["last_event_seq"], 2);
    world.event("job_1", 3);
    assert_eq!(world.seqs(), [1, 3]);
    assert_eq!(world.take("missed")["count"], 1);
    // One that doesn't say which event it is: once more, and then it is final.
    let mut world = World::opened();
    world.gone(4422);
    world.resumed();
    assert!(!world.has("closed"));
    world.gone(4422);
    let closed = world.take("closed");
    assert_eq!((&closed["code"], &closed["error"]["retryable"]), (&json!("ERR_PROTOCOL"), &json!(false)));
}

/// A welcome from a runtime that has no list of jobs, and no heartbeat that would end the connection.
fn without_lists(token: &str) -> serde_json::Value {
    let mut frame = welcome("sess_1", token);
    frame["payload"]["capabilities"]["features"] = json!(["ack"]);
    frame
}

/// What a gateway says of an event that it can't pass on, and its end.
fn not_passed(world: &mut World, details: serde_json::Value) {
    let mut said = error("INTERNAL_ERROR");
    said["payload"]["details"] = details;
    world.frame(&said);
    world.gone(4422);
}

#[test]
fn an_end_that_a_gateway_cannot_pass_on_fails_its_job_with_the_size_and_the_limit() {
    for kind in ["job.result", "job.error"] {
        let mut world = World::opened();
        let (one, other) = (world.job("job_1"), world.job("job_2"));
        world.event("job_1", 1);
        let details = json!({ "reason": "upstream_frame_too_large", "event_seq": 2, "bytes": 5_000_210, "limit": 4_194_304,
            "type": kind, "job_id": "job_1" });
        not_passed(&mut world, details);
        assert_eq!(lost(&world, "UNREADABLE")["jobs"], json!(["job_1"]));
        let failed = world.take("failed");
        assert_eq!((&failed["job"], &failed["error"]["code"]), (&json!(one), &json!("ERR_PROTOCOL")));
        assert_eq!(failed["error"]["retryable"], false);
        let details = &failed["error"]["details"];
        assert_eq!(details["reason"], "upstream_frame_too_large");
        assert_eq!((&details["bytes"], &details["limit"]), (&json!(5_000_210), &json!(4_194_304)));
        assert!(failed["error"]["message"].as_str().unwrap().contains("5000210 bytes"));
        // The other goes on.
        assert_eq!(world.resumed()["payload"]["resume"]["last_event_seq"], 2);
        world.frame(&result("job_2", 3));
        assert_eq!(world.take("result")["job"], other);
    }
}

#[test]
fn what_may_have_been_an_end_is_not_waited_for_without_end() {
    for (jobs, heard) in [(1, false), (1, true), (2, false), (2, true)] {
        let mut world = World::of(OPTIONS);
        world.with(|client, now| client.handle_start(now));
        world.open();
        world.frame(&without_lists("rt_1"));
        world.acts.clear();
        let handles: Vec<u64> = (1..=jobs).map(|n| world.job(&format!("job_{n}"))).collect();
        world.event("job_1", 1);
        let details = json!({ "reason": "upstream_malformed", "event_seq": 2 });
        not_passed(&mut world, details);
        world.sleep(40_000.0);
        world.open();
        world.frame(&without_lists("rt_2"));
        assert!(!world.has("failed"), "it may go on");
        if heard {
            world.event("job_1", 3);
        }
        world.sleep(20_000.0);
        let failed: Vec<_> = world.acts.iter().filter(|act| act["do"] == "failed").cloned().collect();
        let of: Vec<_> = failed.iter().map(|act| act["job"].as_u64().unwrap()).collect();
        assert_eq!(of, if heard { &handles[1..] } else { &handles[..] });
        for act in failed {
            assert_eq!(act["error"]["code"], "ERR_PROTOCOL");
            assert_eq!(act["error"]["details"]["reason"], "upstream_malformed");
        }
    }
}

#[test]
fn a_frame_that_is_too_large_is_its_own_requests_error() {
    let large = format!(r#"{{"agent":"a","input":"{}"}}"#, "x".repeat(5_000));
    for (is_told, is_large_first) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut world = World::opened();
        world.job("job_0");
        let submit = |world: &mut World, payload: &str| {
            world.with(|client, now| client.handle_submit(payload, None, false, now))
        };
        let (one, other) = match is_large_first {
            true => (submit(&mut world, &large), submit(&mut world, r#"{"agent":"b"}"#)),
            false => {
                let other = submit(&mut world, r#"{"agent":"b"}"#);
                (submit(&mut world, &large), other)
            }
        };
        let size = world.sent.iter().map(|(_, frame)| frame.to_string().len()).max().unwrap();
        if is_told {
            let mut said = error("INVALID_REQUEST");
            said["payload"]["details"] = json!({ "reason": "frame_too_large", "bytes": size, "limit": 4096 });
            world.frame(&said);
        }
        world.gone(4413);
        let refusals: Vec<_> = world.acts.iter().filter(|act| act["do"] == "refused").cloned().collect();
        let of = |number: u32| refusals.iter().find(|act| act["request"] == number);
        let refused = &of(one).unwrap()["error"];
        let code = if is_told { "ERR_REMOTE" } else { "ERR_PROTOCOL" };
        assert_eq!((refused["code"].as_str(), &refused["retryable"]), (Some(code), &json!(false)));
        assert_eq!(refused["details"]["bytes"], size);
        if is_large_first {
            // What stood behind it was not read: it is asked for again.
            assert!(of(other).is_none());
            world.resumed();
            let (_, again) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "job.submit").unwrap();
            assert_eq!(again["payload"]["agent"], "b");
        } else {
            assert_eq!(of(other).unwrap()["error"]["code"], "ERR_NETWORK");
            world.resumed();
        }
        // From now on it is known.
        if is_told {
            let submits = world.count("job.submit");
            world.acts.clear();
            let number = submit(&mut world, &large);
            let refused = world.acts.iter().find(|act| act["do"] == "refused" && act["request"] == number);
            assert_eq!(refused.unwrap()["error"]["details"]["limit"], 4096);
            assert_eq!(world.count("job.submit"), submits);
        }
    }
}

#[test]
fn what_no_connection_survives_is_not_asked_for_for_ever() {
    let mut world = World::opened();
    let number = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, true, now));
    for _ in 0..3 {
        world.gone(1006);
        assert!(!world.has("refused"));
        world.resumed();
    }
    world.gone(1006);
    let refused = world.take("refused");
    assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(number), &json!("ERR_NETWORK")));
    assert_eq!(refused["error"]["details"]["tries"], 4);
}

#[test]
fn what_cannot_be_said_is_refused_before_it_is_sent() {
    let mut world = World::opened();
    for (payload, path) in [
        (r#"{"agent":"a","input":{"text":["x","y\ud83d"]}}"#.to_owned(), "input.text[1]"),
        (format!(r#"{{"agent":"a","input":{}1{}}}"#, "[".repeat(80), "]".repeat(80)), "input[0]"),
    ] {
        let number = world.with(|client, now| client.handle_submit(&payload, None, true, now));
        let refused = world.take("refused");
        assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(number), &json!("ERR_CONFIG")));
        assert!(refused["error"]["details"]["subject"].as_str().unwrap().starts_with(path), "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(path), "{refused}");
    }
    assert_eq!(world.count("job.submit"), 0);
}

#[test]
fn welcomes_that_nothing_comes_of_come_to_an_end() {
    for code in [1000, 1006, 1011, 1012, 4410] {
        let mut world = World::opened();
        let mut welcomes = 1;
        while !world.has("closed") {
            world.gone(code);
            world.sleep(40_000.0);
            if world.has("connect") && !world.has("closed") {
                world.acts.retain(|act| act["do"] == "closed");
                world.open();
                world.welcome("sess_1", "rt_1");
                welcomes += 1;
            }
            assert!(welcomes < 20, "{code}");
        }
        let closed = world.take("closed");
        assert_eq!((&closed["error"]["retryable"], welcomes), (&json!(false), 16), "{closed}");
        assert_eq!(closed["error"]["details"]["connections"], 16);
    }
    // Whatever comes of one, or if it holds, it begins anew.
    let mut world = World::opened();
    world.job("job_1");
    for round in 1..=40 {
        if round % 2 == 0 {
            world.event("job_1", round / 2);
        } else {
            world.sleep(15_000.0);
        }
        world.gone(1006);
        world.resumed();
    }
    assert!(!world.has("closed"));
    // No welcome at all is an outage, which may be long; but not for ever, where somebody answers.
    let mut world = World::opened();
    world.gone(1006);
    let mut hellos = 0;
    while !world.has("closed") {
        world.sleep(40_000.0);
        world.open();
        hellos += 1;
        world.gone(1012);
        assert!(hellos < 300);
    }
    assert_eq!(hellos, 240);
    // And where nobody answers, for as long as it takes.
    let mut world = World::opened();
    for _ in 0..1_000 {
        world.gone(1006);
        world.sleep(40_000.0);
    }
    assert!(!world.has("closed"));
}

#[test]
fn one_session_too_many_is_named() {
    let mut refusal = error("PERMISSION_DENIED");
    refusal["payload"]["details"] = json!({ "reason": "too_many_sessions", "limit": 32 });
    refusal["payload"]["retryable"] = json!(true);
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    world.frame(&refusal);
    let closed = world.take("closed");
    assert_eq!(closed["error"]["details"]["reason"], "too_many_sessions");
    assert_eq!((&closed["error"]["code"], &closed["error"]["retryable"]), (&json!("ERR_REMOTE"), &json!(true)));
    // For a session that is there already it is a matter of time.
    let mut world = World::opened();
    world.job("job_1");
    world.gone(1006);
    for _ in 0..5 {
        world.sleep(40_000.0);
        world.open();
        world.frame(&refusal);
    }
    assert!(!world.has("closed") && !world.has("failed"));
    world.resumed();
    assert!(world.has_told("resumed"));
}

#[test]
fn a_refusal_without_a_job_is_its_requests_alone() {
    // As Java has it: the request's own id, and `job.error`.
    let mut world = World::opened();
    let running = world.job("job_0");
    let one = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let submit = world.last("job.submit");
    let other = world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    let mut refusal =
        message("job.error", json!({ "final_status": "error", "code": "AGENT_NOT_AVAILABLE", "message": "no" }));
    refusal["id"] = submit["id"].clone();
    world.frame(&refusal);
    assert_eq!(world.take("refused")["request"], one);
    assert!(!world.has_told("reconnecting") && !world.has("refused"));
    let submit = world.last("job.submit");
    assert_eq!(submit["payload"]["agent"], "b");
    world.frame(&accepted("job_2", &submit));
    assert_eq!(world.take("accepted")["request"], other);
    // With a number, which counts.
    let third = world.with(|client, now| client.handle_submit(r#"{"agent":"c"}"#, None, false, now));
    let mut refusal = refusal.clone();
    refusal["id"] = world.last("job.submit")["id"].clone();
    refusal["event_seq"] = json!(1);
    world.frame(&refusal);
    assert_eq!(world.take("refused")["request"], third);
    world.event("job_0", 2);
    assert_eq!(world.seqs(), [2]);
    world.frame(&result("job_0", 3));
    assert_eq!(world.take("result")["job"], running);
}

#[test]
fn numbers_count_on_every_type() {
    let mut world = World::opened();
    let job = world.job("job_1") as u32;
    world.event("job_1", 1);
    let number = world.with(|client, now| client.handle_cancel(job, "", now));
    // As Java has it.
    let mut cancelled = message("job.cancelled", json!({ "reason": "" }));
    cancelled["job_id"] = json!("job_1");
    cancelled["event_seq"] = json!(2);
    world.frame(&cancelled);
    assert_eq!(world.take("done")["request"], number);
    world.frame(&numbered("job.error", "job_1", 3, json!({ "final_status": "cancelled", "code": "CANCELLED" })));
    assert!(world.has("failed") && !world.has_told("reconnecting"), "no gap");
    world.gone(1006);
    assert_eq!(world.resumed()["payload"]["resume"]["last_event_seq"], 3);
    // Said again after the resume, it answers nobody's request.
    let job = world.job("job_2") as u32;
    world.with(|client, now| client.handle_cancel(job, "", now));
    world.acts.clear();
    world.frame(&cancelled);
    assert!(!world.has("done"));
}

#[test]
fn who_is_displaced_does_not_take_the_session_back() {
    for says_so in [true, false] {
        let mut world = World::opened();
        let job = world.job("job_1");
        if says_so {
            world.frame(&message("session.closed", json!({ "reason": "resumed elsewhere" })));
        }
        world.gone(4409);
        assert_eq!(world.take("failed")["job"], job);
        let closed = world.take("closed");
        assert_eq!((&closed["code"], &closed["error"]["retryable"]), (&json!("ERR_SESSION_LOST"), &json!(false)));
        assert!(!world.has_told("reconnecting"));
    }
}

#[test]
fn a_resume_from_the_last_event_is_asked_for_once_more_from_one_lower() {
    // The TypeScript runtime.
    let mut world = World::opened();
    let job = world.job("job_1");
    world.event("job_1", 1);
    world.event("job_1", 2);
    world.gone(1006);
    world.sleep(40_000.0);
    assert_eq!(world.open()["payload"]["resume"]["last_event_seq"], 2);
    world.frame(&error("RESUME_WINDOW_EXPIRED"));
    assert!(!world.has_told("lost"));
    let hello = world.open();
    assert_eq!(
        (&hello["payload"]["resume"]["last_event_seq"], &hello["payload"]["last_event_seq"]),
        (&json!(1), &json!(1))
    );
    world.acts.clear();
    world.welcome("sess_1", "rt_2");
    assert!(world.has_told("resumed"));
    world.event("job_1", 2);
    world.event("job_1", 3);
    assert_eq!(world.seqs(), [3], "what came twice is given once");
    // It isn't there one lower either.
    world.gone(1006);
    world.sleep(40_000.0);
    assert_eq!(world.open()["payload"]["resume"]["last_event_seq"], 3);
    world.frame(&error("RESUME_WINDOW_EXPIRED"));
    world.open();
    world.acts.clear();
    world.frame(&error("RESUME_WINDOW_EXPIRED"));
    assert_eq!(world.take("failed")["job"], job);
    assert_eq!(lost(&world, "RESUME_WINDOW_EXPIRED")["jobs"], json!(["job_1"]));
    assert_eq!(world.open()["payload"]["resume"], Value::Null);
    // The Python runtime, which says it in other words, is never asked so.
    let mut world = World::opened();
    world.job("job_1");
    world.event("job_1", 1);
    world.gone(1006);
    for _ in 0..3 {
        world.sleep(40_000.0);
        assert_eq!(world.open()["payload"]["resume"]["last_event_seq"], 1);
        world.frame(&error("PERMISSION_DENIED"));
    }
}

/// What a peer does with a connection.
#[derive(Clone, Debug)]
enum Move {
    Welcome(bool),
    Error(&'static str, bool),
    CannotPass(i64),
    TooLarge,
    Poison(i64),
    Huge,
    Garbage,
    Gap,
    Bye,
    Ping,
    List,
    Close(u16),
    Wait(u32),
}

fn any_move() -> impl proptest::strategy::Strategy<Value = Move> {
    use proptest::prelude::*;
    let codes =
        vec!["RESUME_WINDOW_EXPIRED", "INTERNAL_ERROR", "PERMISSION_DENIED", "HEARTBEAT_LOST", "INVALID_REQUEST"];
    let closes = vec![1000u16, 1005, 1006, 1009, 1011, 1012, 4408, 4410, 4413, 4422, 4429];
    prop_oneof![
        6 => any::<bool>().prop_map(Move::Welcome),
        2 => (prop::sample::select(codes), any::<bool>()).prop_map(|(code, retryable)| Move::Error(code, retryable)),
        1 => (1i64..9).prop_map(Move::CannotPass),
        1 => Just(Move::TooLarge),
        2 => (0i64..4).prop_map(Move::Poison),
        1 => Just(Move::Huge),
        1 => Just(Move::Garbage),
        1 => Just(Move::Gap),
        1 => Just(Move::Bye),
        1 => Just(Move::Ping),
        1 => Just(Move::List),
        4 => prop::sample::select(closes).prop_map(Move::Close),
        2 => (0u32..12_000).prop_map(Move::Wait),
    ]
}

fn act_out(world: &mut World, turn: &Move) {
    match turn {
        Move::Welcome(is_same) => world.welcome(if *is_same { "sess_1" } else { "sess_2" }, "rt"),
        Move::Error(code, retryable) => {
            let mut frame = error(code);
            frame["payload"]["retryable"] = json!(retryable);
            world.frame(&frame);
        }
        Move::CannotPass(seq) => {
            let mut frame = error("INTERNAL_ERROR");
            frame["payload"]["details"] = json!({ "event_seq": seq });
            world.frame(&frame);
            world.gone(4422);
        }
        Move::TooLarge => {
            let mut frame = error("INVALID_REQUEST");
            frame["payload"]["details"] = json!({ "reason": "frame_too_large", "bytes": 99, "limit": 1 });
            world.frame(&frame);
        }
        Move::Poison(seq) => raw(world, &too_deep("job_1", *seq, "job.event")),
        Move::Huge => {
            let conn = world.conn;
            let head = r#"{"arcp":"1.1","id":"x","type":"job.event","payload":{"#;
            world.with(|client, now| client.handle_broken_frame(conn, head, now));
        }
        Move::Garbage => raw(world, "["),
        // One that says it had more, and never sends it.
        Move::Gap => world.frame(&numbered("job.result", "job_x", 1_000_000, json!({ "final_status": "success" }))),
        Move::Bye => world.frame(&message("session.bye", json!({ "reason": "x" }))),
        Move::Ping => world.frame(&message("session.ping", json!({ "nonce": "n" }))),
        Move::List => world.frame(&message("session.jobs", json!({ "jobs": [], "next_cursor": null }))),
        Move::Close(code) => world.gone(*code),
        Move::Wait(millis) => world.sleep(f64::from(*millis)),
    }
}

fn comes_to_an_end(script: &[Move], keyed: bool) -> Result<(), proptest::test_runner::TestCaseError> {
    let mut world = World::opened();
    world.job("job_1");
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, keyed, now));
    world.gone(1006);
    let mut connections = 0;
    while !world.has("closed") {
        // The same on each connection, from its beginning to wherever it ends.
        let is_wanted = world.has("connect");
        world.acts.retain(|act| act["do"] == "closed");
        if is_wanted {
            connections += 1;
            world.open();
            let welcomed = world.now;
            for turn in script {
                if world.has("connect") || world.has("closed") {
                    break;
                }
                act_out(&mut world, turn);
            }
            // One that holds is of use: that is no loop.
            if world.now - welcomed > 19_000.0 {
                return Ok(());
            }
            if !world.has("connect") && !world.has("closed") {
                world.gone(1006);
            }
        } else {
            world.sleep(31_000.0);
        }
        proptest::prop_assert!(connections < 700, "{connections}");
    }
    Ok(())
}

/// What chance found once.
#[test]
fn events_of_nobody_make_no_connections_without_an_end() {
    for keyed in [false, true] {
        for is_same in [false, true] {
            for last in [Move::Error("RESUME_WINDOW_EXPIRED", false), Move::Close(1011), Move::Garbage] {
                comes_to_an_end(&[Move::Welcome(is_same), Move::Gap, last], keyed).unwrap();
            }
        }
    }
}

proptest::proptest! {
    /// Whatever a peer does again and again on each connection, without ever sending anything new: it comes to an end.
    #[test]
    fn no_script_makes_connections_without_an_end(script in proptest::collection::vec(any_move(), 1..7), keyed in proptest::prelude::any::<bool>()) {
        comes_to_an_end(&script, keyed)?;
    }
}
