//! Jobs: accepted and refused, their events, their results, and what is done about those that nobody reads.

use super::*;

#[test]
fn what_is_processed_is_acknowledged_now_and_then() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.reads(job);
    for seq in 1..=100 {
        world.event("job_1", seq);
        world.with(|client, now| client.handle_read(job as u32, 1, now));
        world.sleep(10.0);
    }
    let acks = world.count("session.ack");
    assert!((4..=5).contains(&acks), "{acks} in a second");
    world.sleep(1_000.0);
    assert_eq!(world.last("session.ack")["payload"]["last_processed_seq"], 100);
    let acks = world.count("session.ack");
    world.sleep(10_000.0);
    assert_eq!(world.count("session.ack"), acks, "and not without a reason");
}

#[test]
fn who_does_not_read_gets_no_more() {
    let mut world = World::opened();
    let job = world.job("job_1");
    for seq in 1..=300 {
        world.event("job_1", seq);
    }
    world.sleep(5_000.0);
    assert_eq!(world.count("session.ack"), 0, "the runtime holds the rest back");
    world.reads(job);
    world.with(|client, now| client.handle_read(job as u32, 100, now));
    world.sleep(200.0);
    assert_eq!(world.last("session.ack")["payload"]["last_processed_seq"], 300);
    // Who waits for the result and reads nothing doesn't hold it up.
    let mut world = World::opened();
    let job = world.job("job_1");
    world.with(|client, now| client.handle_reader(job as u32, Reader::Result, now));
    for seq in 1..=1000 {
        world.event("job_1", seq);
    }
    let given_up: i64 = world.acts.iter().filter_map(|act| act["drop"].as_i64()).sum();
    assert_eq!(given_up, 1000 - 256);
    world.sleep(200.0);
    assert_eq!(world.last("session.ack")["payload"]["last_processed_seq"], 1000);
    // And who has left the loop gets nothing.
    world.with(|client, now| client.handle_reader(job as u32, Reader::Gone, now));
    world.acts.clear();
    world.event("job_1", 1001);
    assert!(!world.has("event"));
    world.frame(&result("job_1", 1002));
    assert!(world.has("result"));
}

#[test]
fn events_may_come_before_the_job_is_accepted() {
    let mut world = World::opened();
    world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    world.event("job_1", 1);
    world.event("job_2", 2);
    world.event("job_1", 3);
    assert!(world.seqs().is_empty());
    let submit = world.last("job.submit");
    world.frame(&accepted("job_1", &submit));
    assert_eq!(world.seqs(), [1, 3]);
    world.event("job_1", 3);
    world.event("job_1", 4);
    assert_eq!(world.seqs(), [1, 3, 4]);
}

#[test]
fn results_in_pieces_are_checked() {
    let chunk = |seq: i64, n: i64, data: &str, more: bool| {
        let body = json!({ "result_id": "res_1", "chunk_seq": n, "data": data, "encoding": "utf8", "more": more });
        numbered("job.event", "job_1", seq, json!({ "kind": "result_chunk", "ts": "x", "body": body }))
    };
    let end = |seq: i64, size: i64| {
        numbered(
            "job.result",
            "job_1",
            seq,
            json!({ "final_status": "success", "result_id": "res_1", "result_size": size }),
        )
    };
    let mut world = World::opened();
    world.job("job_1");
    world.frame(&chunk(1, 0, "ab", true));
    world.frame(&chunk(2, 1, "c", false));
    assert!(world.acts.iter().all(|act| act["collect"] == true));
    world.frame(&end(3, 3));
    assert_eq!(world.take("result")["isChunked"], true);
    for frames in [
        vec![chunk(1, 1, "ab", false), end(2, 2)],
        vec![chunk(1, 0, "ab", true), end(2, 2)],
        vec![chunk(1, 0, "ab", false), end(2, 3)],
        vec![end(1, 2)],
        vec![chunk(1, 0, "ab", false), result("job_1", 2)],
    ] {
        let mut world = World::opened();
        world.job("job_1");
        frames.iter().for_each(|frame| world.frame(frame));
        assert_eq!(world.take("failed")["error"]["code"], "ERR_PROTOCOL", "{frames:?}");
        assert!(!world.has("closed") && !world.has_told("reconnecting"), "the job alone");
    }
}

#[test]
fn ends_other_than_success() {
    for (status, code) in [("cancelled", "CANCELLED"), ("timed_out", "TIMEOUT"), ("odd", "INTERNAL_ERROR")] {
        let mut world = World::opened();
        world.job("job_1");
        world.frame(&numbered("job.result", "job_1", 1, json!({ "final_status": status })));
        assert_eq!(world.take("failed")["error"]["details"]["code"], code);
    }
    let mut world = World::opened();
    world.job("job_1");
    world.frame(&numbered("job.result", "job_1", 1, json!({})));
    assert_eq!(world.take("result")["value"], Value::Null, "the Python runtime leaves a null out");
}

#[test]
fn cancelling() {
    let mut world = World::opened();
    let job = world.job("job_1") as u32;
    let number = world.with(|client, now| client.handle_cancel(job, "enough", now));
    let cancel = world.last("job.cancel");
    assert_eq!((&cancel["job_id"], &cancel["payload"]["job_id"]), (&json!("job_1"), &json!("job_1")), "in both places");
    assert_eq!(cancel["payload"]["reason"], "enough");
    // Python sends the end and no `job.cancelled`.
    world.frame(&numbered("job.result", "job_1", 1, json!({ "final_status": "cancelled" })));
    assert_eq!(world.take("done")["request"], number);
    assert!(world.has("failed"));
    let late = world.with(|client, now| client.handle_cancel(job, "enough", now));
    assert_eq!(world.take("done")["request"], late, "it has ended");
    let job = world.job("job_2") as u32;
    let number = world.with(|client, now| client.handle_cancel(job, "enough", now));
    world.frame(&message("job.cancelled", json!({ "job_id": "job_2" })));
    assert_eq!(world.take("done")["request"], number);
    // Silence (Python, for another principal's job) ends, and keeps nobody waiting.
    let number = world.with(|client, now| client.handle_cancel(job, "enough", now));
    world.with(|client, now| client.handle_list("{}", now));
    world.last("session.list_jobs");
    world.sleep(29_000.0);
    world.frame(&message("session.pong", json!({})));
    world.sleep(1_000.0);
    let refused = world.acts.iter().find(|act| act["do"] == "refused" && act["request"] == number).unwrap();
    assert_eq!(refused["error"]["code"], "ERR_TIMEOUT");
}

#[test]
fn a_job_that_nobody_wants_any_more_is_cancelled() {
    let mut world = World::opened();
    let number = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    world.with(|client, now| client.handle_abandon(number, now));
    let submit = world.last("job.submit");
    world.frame(&accepted("job_1", &submit));
    assert_eq!(world.last("job.cancel")["job_id"], "job_1");
    assert!(!world.has("accepted"));
    // One that was not sent is not sent.
    world.gone(1006);
    let number = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    world.with(|client, now| client.handle_abandon(number, now));
    world.resumed();
    assert_eq!(world.count("job.submit"), 1);
}

#[test]
fn subscribing() {
    let mut world = World::opened();
    let payload = r#"{"job_id":"job_7","history":true,"from_event_seq":0}"#;
    let number = world.with(|client, now| client.handle_subscribe("job_7", payload, now));
    // Python: the replay first, counted for itself.
    world.event("job_7", 1);
    let subscribe = world.last("job.subscribe");
    world.frame(&message("job.subscribed", json!({ "job_id": "job_7", "request_id": subscribe["id"], "replayed": 1 })));
    assert_eq!(world.seqs(), [1]);
    let job = world.take("accepted");
    assert_eq!(job["request"], number);
    let handle = job["job"].as_u64().unwrap() as u32;
    let again = world.with(|client, now| client.handle_subscribe("job_7", payload, now));
    assert_eq!(world.take("existing")["request"], again);
    world.with(|client, now| client.handle_unsubscribe(handle, now));
    assert_eq!(world.last("job.unsubscribe")["payload"]["job_id"], "job_7");
    assert_eq!(world.take("failed")["error"]["code"], "ERR_ABORTED");
    // Refused, with the TS SDK's job.error too.
    for refusal in [
        error("JOB_NOT_FOUND"),
        numbered("job.error", "job_8", 2, json!({ "code": "JOB_NOT_FOUND", "message": "", "retryable": false })),
    ] {
        let number = world.with(|client, now| client.handle_subscribe("job_8", r#"{"job_id":"job_8"}"#, now));
        world.frame(&refusal);
        assert_eq!(world.take("refused")["request"], number);
    }
    world.event("job_8", 3);
    assert!(!world.has("event"));
}

#[test]
fn what_is_no_id_names_no_job_and_no_session() {
    // It would go back to the runtime in envelopes that are none.
    let long = "j".repeat(257);
    for id in ["", "job\u{1}", &long] {
        let mut world = World::opened();
        world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
        let payload = json!({"job_id": id, "agent": "a"});
        world.frame(
            &json!({"arcp": "1.1", "id": "x", "type": "job.accepted", "session_id": "sess_1", "payload": payload}),
        );
        assert!(!world.has("accepted"), "{id:?}");
        let mut world = World::opened();
        let request = world.with(|client, now| client.handle_subscribe(id, "{}", now));
        let refused = world.acts.iter().find(|act| act["do"] == "refused").expect("a refusal");
        assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(request), &json!("ERR_CONFIG")));
    }
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    let mut frame = welcome(&long, "rt_1");
    frame["payload"]["session_id"] = frame.as_object_mut().unwrap().remove("session_id").unwrap();
    world.frame(&frame);
    assert!(!world.has("opened"));
}

#[test]
fn a_job_that_ran_before_it_was_accepted_has_all_its_events_or_says_which_not() {
    let keyed = r#"{"agent":"a","idempotency_key":"k"}"#;
    for (count, given_up) in [(3_000, 0), (5_000, 904)] {
        let mut world = World::opened();
        world.with(|client, now| client.handle_submit(keyed, None, true, now));
        world.gone(1006);
        // The runtime replays all of it, and answers the submit then.
        world.resumed();
        for seq in 1..=count {
            world.event("job_1", seq);
        }
        let (_, submit) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "job.submit").unwrap().clone();
        world.frame(&accepted("job_1", &submit));
        let seqs = world.seqs();
        assert_eq!((seqs.len() as i64, seqs[0]), (count - given_up, given_up + 1));
        assert_eq!(world.has_told("lost"), given_up > 0);
        if given_up > 0 {
            assert_eq!(world.told("lost")["jobs"], json!(["job_1"]));
            assert_eq!(world.take("missed")["count"], given_up, "where they would have stood");
        }
    }
}

#[test]
fn pieces_that_came_too_early_and_were_too_many_are_no_mistake_of_the_runtime() {
    let mut world = World::opened();
    world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, true, now));
    for seq in 1..=5_000 {
        let body =
            json!({ "result_id": "r", "chunk_seq": seq - 1, "data": "x", "encoding": "utf8", "more": seq < 5_000 });
        world.frame(&numbered("job.event", "job_1", seq, json!({ "kind": "result_chunk", "ts": "x", "body": body })));
    }
    let (_, submit) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "job.submit").unwrap().clone();
    world.frame(&accepted("job_1", &submit));
    world.frame(&numbered("job.result", "job_1", 5_001, json!({ "result_id": "r", "result_size": 5_000 })));
    let error = world.take("failed")["error"].clone();
    assert_eq!((&error["code"], &error["details"]["reason"]), (&json!("ERR_SESSION_LOST"), &json!("events_lost")));
}
