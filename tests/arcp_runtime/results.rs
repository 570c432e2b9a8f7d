//! Failures and results, whole and in chunks (ARCP 1.1 §7.3, §8.4).

use super::*;

#[test]
fn failures_say_what_the_agent_chose_to_say() {
    let mut world = World::new();
    let client = world.connect("alice");
    for (code, message, told, text) in [
        ("INTERNAL_ERROR", None, "INTERNAL_ERROR", "Internal error"),
        ("ENOENT", None, "INTERNAL_ERROR", "Internal error"),
        ("INVALID_REQUEST", Some("`to` must be a number"), "INVALID_REQUEST", "`to` must be a number"),
        ("PERMISSION_DENIED", None, "PERMISSION_DENIED", "Permission denied"),
        // These are the session's, not an agent's.
        ("UNAUTHENTICATED", None, "INTERNAL_ERROR", "Internal error"),
        ("RESUME_WINDOW_EXPIRED", None, "INTERNAL_ERROR", "Internal error"),
    ] {
        let job = world.submit(&client, &json!({"agent": "echo"}));
        world.hub.handle_failure(&job, code, message, world.time());
        world.drain();
        let error = world.take(client.conn, "job.error");
        assert_eq!(error["payload"]["code"], told);
        assert_eq!(error["payload"]["message"], text);
        assert_eq!(error["payload"]["final_status"], "error");
    }
    for output in [None, Some("{\"a\":1,\"a\":2}".to_owned()), Some(format!("\"{}\"", "x".repeat(1_000_000)))] {
        let job = world.submit(&client, &json!({"agent": "echo"}));
        world.hub.handle_output(&job, output.as_deref(), world.time());
        world.drain();
        assert_eq!(world.take(client.conn, "job.error")["payload"]["code"], "INTERNAL_ERROR");
    }
}

#[test]
fn a_result_in_chunks_is_numbered_closed_and_never_mixed() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.event(&job, "result_chunk", &json!({"data": "añ", "result_id": "own", "chunk_seq": 7}));
    world.event(&job, "result_chunk", &json!({"data": "YWI=", "encoding": "base64"}));
    world.output(&job, &json!("and a value besides"));
    let got = world.got(client.conn);
    assert_eq!(types(&got), ["job.event", "job.event", "job.event", "job.result"]);
    let bodies: Vec<&Value> = got.iter().map(|frame| &frame["payload"]["body"]).collect();
    let id = bodies[0]["result_id"].as_str().unwrap();
    assert!(id.starts_with("res_"), "the runtime's, whatever the agent writes");
    assert_eq!(*bodies[0], json!({"result_id": id, "chunk_seq": 0, "data": "añ", "encoding": "utf8", "more": true}));
    assert_eq!(
        *bodies[1],
        json!({"result_id": id, "chunk_seq": 1, "data": "YWI=", "encoding": "base64", "more": true})
    );
    assert_eq!(*bodies[2], json!({"result_id": id, "chunk_seq": 2, "data": "", "encoding": "utf8", "more": false}));
    let result = &got[3]["payload"];
    assert_eq!((&result["result_id"], &result["result_size"]), (&json!(id), &json!(5)));
    assert_eq!(result.get("result"), None);

    // A chunk that can't be read makes the whole wrong.
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.event(&job, "result_chunk", &json!({"data": "!!!", "encoding": "base64"}));
    assert_eq!(world.take(client.conn, "job.error")["payload"]["code"], "INTERNAL_ERROR");
    assert_eq!(world.aborts.last().unwrap().1, "failed");
}

#[test]
fn who_takes_no_chunks_gets_the_text_in_one() {
    let mut world = World::new();
    let client = world.connect_with("alice", &["ack"]);
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.progress(&job, 1);
    for data in ["a", "b"] {
        world.event(&job, "result_chunk", &json!({ "data": data }));
    }
    world.output(&job, &json!(null));
    let got = world.got(client.conn);
    assert_eq!(types(&got), ["job.result"], "progress was not agreed on either");
    assert_eq!(got[0]["payload"]["result"], "ab");
    assert_eq!(got[0]["event_seq"], 1);
}

#[test]
fn who_takes_no_chunks_and_can_have_no_text_is_told_so_instead_of_a_success() {
    let half = "x".repeat(262_144);
    let pieces = |data: &[&str]| data.iter().map(|data| json!({ "data": data })).collect::<Vec<_>>();
    let bytes = json!({ "data": "YWI=", "encoding": "base64" });
    for (chunks, expected) in [
        (pieces(&[&half, &half]), None),
        (
            pieces(&[&half, &half, "x"]),
            Some(json!({ "reason": "needs_result_chunk", "bytes": 524_289, "limit": 524_288 })),
        ),
        (vec![bytes.clone()], Some(json!({ "reason": "needs_result_chunk", "bytes": 2 }))),
        (vec![json!({ "data": "x" }), bytes], Some(json!({ "reason": "needs_result_chunk", "bytes": 3 }))),
    ] {
        let mut world = World::new();
        let client = world.connect_with("alice", &["ack", "subscribe"]);
        let job = world.submit(&client, &json!({"agent": "echo"}));
        for chunk in &chunks {
            world.event(&job, "result_chunk", chunk);
        }
        world.output(&job, &json!(null));
        let got = world.got(client.conn);
        let (last, audit) = (got.last().unwrap(), world.audit.last().unwrap().clone());
        assert_eq!(audit["type"], "arcp.job");
        match expected {
            None => {
                assert_eq!((&last["type"], &audit["detail"]), (&json!("job.result"), &Value::Null));
                assert_eq!(last["payload"]["result"].as_str().map(str::len), Some(524_288));
            }
            Some(details) => {
                let payload = &last["payload"];
                assert_eq!((&last["type"], &payload["details"]), (&json!("job.error"), &details));
                assert_eq!((&payload["retryable"], &payload["code"]), (&json!(false), &json!("INVALID_REQUEST")));
                assert_eq!(audit["detail"], payload["message"], "the log says it too");
                // Who takes them has them.
                let other = world.connect("alice");
                world.say(&other, "job.subscribe", &json!({ "job_id": job, "history": true }));
                let got = world.got(other.conn);
                assert_eq!(got.last().unwrap()["payload"]["final_status"], "success", "{got:?}");
            }
        }
    }
}

#[test]
fn the_same_key_gives_a_result_in_chunks_whole_whoever_asks_again() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let payload = json!({"agent": "echo", "idempotency_key": "k"});
    let job = world.submit(&client, &payload);
    world.progress(&job, 1);
    for data in ["a", "b"] {
        world.event(&job, "result_chunk", &json!({ "data": data }));
    }
    world.output(&job, &json!(null));
    let pieces = |got: &[Value]| -> String {
        let data = got.iter().filter_map(|frame| frame["payload"]["body"]["data"].as_str());
        data.collect()
    };
    assert_eq!(types(&world.got(client.conn)), ["job.event", "job.event", "job.event", "job.event", "job.result"]);
    // The session that has had it: the result again, under new numbers, without what came before it.
    // After a loss of the hub, too.
    assert_eq!(world.submit(&client, &payload), job);
    let got = world.got(client.conn);
    assert_eq!(types(&got), ["job.event", "job.event", "job.event", "job.result"]);
    assert_eq!((numbers(&got), pieces(&got).as_str()), (vec![6, 7, 8, 9], "ab"));
    world.restart(false);
    let client = world.resume(&client, 9);
    assert_eq!(world.submit(&client, &payload), job);
    let got = world.got(client.conn);
    assert_eq!((numbers(&got), pieces(&got).as_str()), (vec![10, 11, 12, 13], "ab"));
    // From where its pieces were last sent.
    world.say(&client, "job.subscribe", &json!({"job_id": job, "history": true, "from_event_seq": 10}));
    world.take(client.conn, "job.subscribed");
    assert_eq!(pieces(&world.got(client.conn)), "b");
    // A session that takes no chunks has it in its end; one that comes anew has everything.
    let plain = world.connect_with("alice", &["ack"]);
    for _ in 0..2 {
        assert_eq!(world.submit(&plain, &payload), job);
        let got = world.got(plain.conn);
        assert_eq!(types(&got), ["job.result"]);
        assert_eq!(got[0]["payload"]["result"], "ab");
    }
    let late = world.connect("alice");
    assert_eq!(world.submit(&late, &payload), job);
    assert_eq!(world.got(late.conn).len(), 5);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut world = World::new();
    let client = world.connect_with("alice", &["list_jobs", "result_chunk"]);
    let data = "x".repeat(500_000);
    for _ in 0..60 {
        let job = world.submit(&client, &json!({"agent": "echo"}));
        world.event(&job, "result_chunk", &json!({ "data": data }));
        world.output(&job, &json!(null));
        assert!(world.hub.held_bytes() < 32 << 20, "{}", world.hub.held_bytes());
        assert!(types(&world.got(client.conn)).ends_with(&["job.result"]), "its end is told all the same");
    }
    // Thirty megabytes of an agent's words were work, too.
    world.sleep(1000);
    let mut counts = Vec::new();
    for number in 0..600 {
        let job = world.submit(&client, &json!({"agent": "echo", "idempotency_key": format!("k{number}")}));
        world.output(&job, &json!(1));
        world.take(client.conn, "job.result");
        counts.push(world.hub.counts().1);
    }
    let full = counts.iter().position(|count| *count == 512).unwrap();
    assert_eq!(counts[full + 1], 512 + 1 - 8, "some go at once");
    assert!(counts.iter().all(|count| *count <= 512));
    world.got(client.conn);
    // A key whose job is gone doesn't run it again.
    let key = json!({"agent": "echo", "idempotency_key": "k0"});
    let runs = world.runs.len();
    world.say(&client, "job.submit", &key);
    let got = world.got(client.conn);
    assert_eq!(types(&got), ["job.accepted", "job.error"], "{got:?}");
    assert_eq!(world.runs.len(), runs);
}
