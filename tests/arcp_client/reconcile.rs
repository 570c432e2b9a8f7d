//! Ends that never come: of jobs that the runtime has forgotten, and of keys that were used before.

use super::*;

pub(super) const KEYED: &str = r#"{"agent":"a","idempotency_key":"k"}"#;

pub(super) fn keyed(world: &mut World, id: &str) -> u64 {
    world.with(|client, now| client.handle_submit(KEYED, None, true, now));
    let (_, submit) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "job.submit").unwrap().clone();
    world.frame(&accepted(id, &submit));
    world.take("accepted")["job"].as_u64().unwrap()
}

/// Answers the list that was asked for last.
pub(super) fn list(world: &mut World, jobs: Value, cursor: Value) {
    let (_, asked) =
        world.sent.iter().rfind(|(_, frame)| frame["type"] == "session.list_jobs").expect("a list").clone();
    world.frame(&message("session.jobs", json!({ "request_id": asked["id"], "jobs": jobs, "next_cursor": cursor })));
}

pub(super) fn failed(world: &mut World) -> (u64, String) {
    let failed = world.take("failed");
    assert_eq!((&failed["error"]["code"], &failed["error"]["retryable"]), (&json!("ERR_SESSION_LOST"), &json!(false)));
    (failed["job"].as_u64().unwrap(), failed["error"]["details"]["reason"].as_str().unwrap().to_owned())
}

#[test]
fn a_key_whose_job_has_ended_is_looked_for_once() {
    for entries in [json!([]), json!([{ "job_id": "job_1", "status": "success", "last_event_seq": 1 }])] {
        let mut world = World::opened();
        keyed(&mut world, "job_1");
        world.frame(&result("job_1", 1));
        assert!(world.has("result"));
        let again = keyed(&mut world, "job_1");
        world.sleep(2_000.0);
        list(&mut world, entries, Value::Null);
        assert!(!world.has("failed"), "it may be on its way");
        world.sleep(2_000.0);
        assert_eq!(failed(&mut world), (again, "end_not_told".to_owned()));
        assert_eq!((world.count("session.list_jobs"), world.count("job.submit")), (1, 2), "once");
        assert_eq!(world.told("lost")["reason"], "RESULT");
        world.sleep(600_000.0);
        assert_eq!(world.count("session.list_jobs"), 1);
    }
}

#[test]
fn a_key_whose_job_runs_is_waited_for() {
    let mut world = World::opened();
    let job = keyed(&mut world, "job_1");
    world.sleep(2_000.0);
    list(&mut world, json!([{ "job_id": "job_1", "status": "running" }]), Value::Null);
    assert_eq!(world.count("job.subscribe"), 0, "its events come by themselves");
    world.sleep(10_000.0);
    assert!(!world.has("failed"));
    world.event("job_1", 1);
    world.frame(&message("session.pong", json!({})));
    world.sleep(50_000.0);
    assert_eq!(world.count("session.list_jobs"), 1, "it was heard of");
    world.frame(&result("job_1", 2));
    assert_eq!(world.take("result")["job"], job);
}

#[test]
fn a_key_whose_job_ends_unheard_is_looked_for_again() {
    let mut world = World::opened();
    let job = keyed(&mut world, "job_1");
    world.sleep(2_000.0);
    list(&mut world, json!([{ "job_id": "job_1", "status": "running" }]), Value::Null);
    for _ in 0..40 {
        world.sleep(1_000.0);
        world.frame(&message("session.pong", json!({})));
    }
    assert_eq!(world.count("session.list_jobs"), 2);
    list(&mut world, json!([]), Value::Null);
    world.sleep(2_000.0);
    assert_eq!(failed(&mut world).0, job);
}

#[test]
fn without_a_list_what_has_ended_here_is_known() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    let mut frame = welcome("sess_1", "rt_1");
    frame["payload"]["capabilities"]["features"] = json!(["ack"]);
    world.frame(&frame);
    keyed(&mut world, "job_1");
    world.frame(&result("job_1", 1));
    let again = keyed(&mut world, "job_1");
    world.sleep(4_000.0);
    assert_eq!(failed(&mut world), (again, "end_not_told".to_owned()));
    keyed(&mut world, "job_2");
    world.sleep(600_000.0);
    assert!(!world.has("failed"), "nobody knows");
}

#[test]
fn a_job_with_a_key_that_is_gone_after_a_resume_is_asked_for_once() {
    let mut world = World::opened();
    let job = keyed(&mut world, "job_1");
    world.event("job_1", 1);
    world.gone(1006);
    world.resumed();
    list(&mut world, json!([]), Value::Null);
    world.sleep(2_000.0);
    let submit = world.last("job.submit");
    // It is accepted, as before, and nothing comes of it: the TypeScript runtime, through a gateway.
    world.frame(&accepted("job_1", &submit));
    world.sleep(2_000.0);
    list(&mut world, json!([]), Value::Null);
    world.sleep(2_000.0);
    assert_eq!(failed(&mut world).0, job);
    assert_eq!(world.count("job.submit"), 2);
    // Where the key is forgotten too it runs anew, for the one who waits.
    let mut world = World::opened();
    let job = keyed(&mut world, "job_1");
    world.gone(1006);
    world.resumed();
    list(&mut world, json!([]), Value::Null);
    world.sleep(2_000.0);
    let submit = world.last("job.submit");
    world.frame(&accepted("job_9", &submit));
    world.frame(&result("job_9", 1));
    assert_eq!(world.take("result")["job"], job);
}

#[test]
fn a_result_in_pieces_that_is_asked_for_again_is_put_together_once() {
    let mut world = World::opened();
    let job = keyed(&mut world, "job_1");
    let piece = |world: &mut World, seq: i64, n: i64, more: bool| {
        let body = json!({ "result_id": "r", "chunk_seq": n, "data": "x", "encoding": "utf8", "more": more });
        world.frame(&numbered("job.event", "job_1", seq, json!({ "kind": "result_chunk", "ts": "x", "body": body })));
    };
    piece(&mut world, 1, 0, true);
    world.gone(1006);
    world.resumed();
    list(&mut world, json!([]), Value::Null);
    world.sleep(2_000.0);
    let submit = world.last("job.submit");
    world.frame(&accepted("job_1", &submit));
    world.acts.clear();
    for n in 0..3 {
        piece(&mut world, 2 + n, n, n < 2);
    }
    assert_eq!(world.seqs(), [3, 4], "the first was there");
    let end = json!({ "final_status": "success", "result_id": "r", "result_size": 3 });
    world.frame(&numbered("job.result", "job_1", 5, end));
    let result = world.take("result");
    assert_eq!((&result["job"], &result["isChunked"]), (&json!(job), &json!(true)), "{result}");
}

/// The Python runtime: what it kept of a job comes after a resume, and nothing more without a subscription.
#[test]
fn a_job_of_which_only_what_was_kept_comes_after_a_resume_is_subscribed_to() {
    for more in [false, true] {
        let mut world = World::opened();
        world.job("job_1");
        world.event("job_1", 1);
        world.gone(1006);
        world.resumed();
        world.event("job_1", 2);
        list(&mut world, json!([{ "job_id": "job_1", "status": "running" }]), Value::Null);
        assert_eq!(world.count("job.subscribe"), 0, "more may come by itself");
        if more {
            world.sleep(1_000.0);
            world.event("job_1", 3);
        }
        world.sleep(2_000.0);
        assert_eq!(lists(&world), if more { 1 } else { 2 });
        if more {
            continue;
        }
        list(&mut world, json!([{ "job_id": "job_1", "status": "running" }]), Value::Null);
        assert_eq!(world.count("job.subscribe"), 1);
        let subscribe = world.last("job.subscribe");
        world.frame(&message("job.subscribed", json!({ "request_id": subscribe["id"], "job_id": "job_1" })));
        for _ in 0..60 {
            world.sleep(1_000.0);
            world.frame(&message("session.pong", json!({})));
        }
        assert_eq!((world.count("job.subscribe"), lists(&world)), (1, 2), "once");
    }
}

pub(super) fn lists(world: &World) -> usize {
    world.count("session.list_jobs")
}

/// Lets time pass on a connection that shows life.
pub(super) fn pass(world: &mut World, millis: u32) {
    for _ in 0..millis / 500 {
        world.sleep(500.0);
        world.frame(&message("session.pong", json!({})));
    }
}

#[test]
fn what_others_send_keeps_no_lost_end_waiting() {
    for subscribes in [false, true] {
        let mut world = World::opened();
        let (b, mut seq) = (world.job("job_b"), 0);
        if subscribes {
            // One that is observed, and not read: more than the runtime is to send on.
            world.with(|client, now| client.handle_subscribe("job_a", r#"{"job_id":"job_a"}"#, now));
            let asked = world.last("job.subscribe");
            world.frame(&message("job.subscribed", json!({ "request_id": asked["id"], "job_id": "job_a" })));
            for _ in 0..400 {
                seq += 1;
                world.event("job_a", seq);
            }
        } else {
            world.job("job_a");
        }
        world.gone(1006);
        world.resumed();
        list(&mut world, json!([{ "job_id": "job_a", "status": "running", "last_event_seq": seq }]), Value::Null);
        for _ in 0..3 {
            assert!(!world.has("failed"));
            seq += 1;
            world.event("job_a", seq);
            world.sleep(700.0);
        }
        assert_eq!(failed(&mut world), (b, "end_lost".to_owned()));
    }
}

#[test]
fn an_end_that_a_long_replay_brings_is_waited_for() {
    let mut world = World::opened();
    let (b, _) = (world.job("job_b"), world.job("job_a"));
    world.gone(1006);
    world.resumed();
    let entry = json!([
        { "job_id": "job_b", "status": "success", "last_event_seq": 40 },
        { "job_id": "job_a", "status": "running", "last_event_seq": 39 }
    ]);
    list(&mut world, entry.clone(), Value::Null);
    for seq in 1..40 {
        world.event("job_a", seq);
        let asked = lists(&world);
        world.sleep(1_000.0);
        if lists(&world) > asked {
            list(&mut world, entry.clone(), Value::Null);
        }
    }
    assert!(!world.has("failed") && lists(&world) >= 3, "{}", lists(&world));
    world.frame(&result("job_b", 40));
    assert_eq!(world.take("result")["job"], b);
}

#[test]
fn an_answer_to_an_earlier_try_of_a_submit_with_a_key_is_its_answer() {
    let mut world = World::opened();
    let number = world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, true, now));
    let first = world.last("job.submit");
    world.gone(1006);
    world.resumed();
    let second = world.last("job.submit");
    assert_ne!(first["id"], second["id"]);
    // Whoever has kept it while nobody was there.
    world.frame(&accepted("job_1", &first));
    assert_eq!(world.take("accepted")["request"], number);
    world.frame(&accepted("job_1", &second));
    assert!(!world.has("accepted"), "once");
}
