//! What survives a hub: sessions, jobs and their ends, events, keys; and what it costs to write.

use super::{storage::Crash, *};

#[test]
fn a_session_goes_on_after_the_hub_is_lost() {
    let mut world = World::stored(json!({}));
    let first = world.connect("alice");
    let job = world.submit(&first, &json!({"agent": "count"}));
    for current in 1..=3 {
        world.progress(&job, current);
    }
    world.output(&job, &json!({"sum": 6}));
    assert_eq!(numbers(&world.got(first.conn)), [1, 2, 3, 4]);
    world.restart(false);
    let second = world.resume(&first, 1);
    assert_eq!(second.session, first.session);
    let replayed = world.got(second.conn);
    assert_eq!(numbers(&replayed), [2, 3, 4]);
    assert_eq!(types(&replayed), ["job.event", "job.event", "job.result"]);
    assert_eq!(replayed[2]["payload"]["result"], json!({"sum": 6}));
    // What comes next has the next number, after another loss, too.
    world.restart(false);
    let third = world.resume(&second, 4);
    let job = world.submit(&third, &json!({"agent": "echo"}));
    world.output(&job, &json!(1));
    assert_eq!(numbers(&world.got(third.conn)), [5]);
}

#[test]
fn no_token_stands_in_the_storage_and_the_old_one_is_as_good_as_before() {
    let mut world = World::stored(json!({}));
    let first = world.connect("alice");
    let second = world.resume(&first, 0);
    world.restart(false);
    let whole = format!("{:?}", world.storage);
    assert!(!whole.contains("rt_") && !whole.contains(&second.token[3..]), "{whole}");
    // The welcome of the second may have been lost.
    let third = world.resume(&first, 0);
    world.say(&third, "session.ack", &json!({"last_processed_seq": 0}));
    world.restart(false);
    for stale in [&first, &second] {
        let conn = world.attach(&World::resume_hello(stale, 0));
        assert_eq!(types(&world.got(conn)), ["session.error", "close"]);
    }
    world.resume(&third, 0);
}

#[test]
fn a_run_does_not_survive_and_its_job_ends_so_that_it_may_be_tried_again() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    let cancelled = world.submit(&client, &json!({"agent": "count"}));
    world.say(&client, "job.cancel", &json!({ "job_id": cancelled }));
    world.progress(&job, 1);
    world.got(client.conn);
    world.restart(false);
    let client = world.resume(&client, 1);
    let got = world.got(client.conn);
    assert_eq!(numbers(&got), [2, 3]);
    let (failed, ended) = (&got[0]["payload"], &got[1]["payload"]);
    assert_eq!((&failed["code"], &failed["retryable"]), (&json!("INTERNAL_ERROR"), &json!(true)));
    assert_eq!(failed["details"], json!({"reason": "runtime_restarted"}));
    assert_eq!((&got[1]["job_id"], &ended["code"]), (&json!(cancelled), &json!("CANCELLED")));
    // Whoever reports is too late.
    world.progress(&job, 2);
    world.output(&job, &json!(1));
    assert_eq!(world.got(client.conn).len(), 0);
    assert_eq!(world.statuses(&client), ["cancelled", "error"]);
}

#[test]
fn the_same_key_is_the_same_job_after_a_loss_and_nothing_runs_twice() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let submit = json!({"agent": "echo", "input": {"b": 1, "a": [true]}, "idempotency_key": "k"});
    let job = world.submit(&client, &submit);
    world.output(&job, &json!("done"));
    world.restart(false);
    let other = world.connect("alice");
    let again = json!({"agent": "echo", "input": {"a": [true], "b": 1}, "idempotency_key": "k"});
    assert_eq!(world.submit(&other, &again), job);
    assert_eq!(world.take(other.conn, "job.result")["payload"]["result"], json!("done"));
    assert_eq!(world.runs.len(), 1);
    let request = world.say(&other, "job.submit", &json!({"agent": "echo", "idempotency_key": "k"}));
    world.refused(&other, &request, "DUPLICATE_KEY");
}

#[test]
fn chunks_and_their_text_survive() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    // NUL is a character of JSON's, and not of every storage's.
    for data in ["one ", "two\u{0} \"three\""] {
        world.event(&job, "result_chunk", &json!({ "data": data }));
    }
    world.output(&job, &json!(null));
    world.restart(false);
    let plain = world.connect_with("alice", &["subscribe"]);
    world.say(&plain, "job.subscribe", &json!({"job_id": job, "history": true}));
    let got = world.got(plain.conn);
    assert_eq!(got[got.len() - 1]["payload"]["result"], json!("one two\u{0} \"three\""));
    let client = world.resume(&client, 0);
    let got = world.got(client.conn);
    assert_eq!(got[got.len() - 1]["payload"]["result_size"], json!(16));
}

#[test]
fn what_is_not_written_was_not_sent_and_what_is_written_is_sent_later() {
    for (crash, survives) in [(Crash::BeforeWriting, false), (Crash::AfterWriting, true)] {
        let mut world = World::stored(json!({}));
        let client = world.connect("alice");
        world.storage().crash = Some(crash);
        world.say(&client, "job.submit", &json!({"agent": "echo", "idempotency_key": "k"}));
        assert!(world.has_crashed && world.got(client.conn).is_empty() && world.runs.is_empty());
        let client = world.resume(&client, 0);
        assert_eq!(types(&world.got(client.conn)), if survives { vec!["job.error"] } else { vec![] });
        assert_eq!(world.statuses(&client).len(), usize::from(survives));
        world.submit(&client, &json!({"agent": "echo", "idempotency_key": "k"}));
        // What was written is the same job, which has ended; else it runs now, for the first time.
        assert_eq!(world.runs.len(), usize::from(!survives));
    }
}

#[test]
fn sockets_outlive_the_hub_and_nothing_is_sent_twice() {
    let mut world = World::stored(json!({}));
    let alice = world.connect("alice");
    let paced = world.attach_paced(&World::hello(&ALL, "alice", None));
    let paced = world.welcomed(paced, "alice");
    let job = world.submit(&alice, &json!({"agent": "count"}));
    world.say(&paced, "job.subscribe", &json!({ "job_id": job }));
    let long = "x".repeat(60_000);
    for _ in 0..8 {
        world.event(&job, "log", &json!({"level": "info", "message": long}));
    }
    world.output(&job, &json!(1));
    assert_eq!(numbers(&world.got(alice.conn)), (1..=9).collect::<Vec<_>>());
    let before = numbers(&world.got(paced.conn));
    assert!((1..8).contains(&before.len()), "{before:?}");
    for _ in 0..3 {
        world.restart(true);
    }
    assert_eq!((world.got(alice.conn).len(), world.got(paced.conn).len()), (0, 0));
    assert_eq!(world.hub.poll_timeout(), Some(Time::from_millis((world.now + 86_400_000) as f64)));
    world.hub.handle_credit(paced.conn, 100, world.time());
    world.drain();
    let after = numbers(&world.got(paced.conn));
    assert_eq!([before, after].concat(), (1..=9).collect::<Vec<_>>());
    // And they are as they were.
    let job = world.submit(&alice, &json!({"agent": "echo"}));
    world.output(&job, &json!(1));
    assert_eq!(numbers(&world.got(alice.conn)), [10]);
    assert!(!world.hub.handle_reattached(99, "sess_unknown paced"));
}

#[test]
fn the_window_goes_on_while_nobody_is_there() {
    let mut world = World::stored(json!({"resumeWindowSec": 60}));
    let (first, second) = (world.connect("alice"), world.connect("alice"));
    world.drop_conn(&first);
    world.now += 30_000;
    // Of the second, nobody has seen it go.
    world.restart(false);
    world.sleep(29_999);
    let first = world.resume(&first, 0);
    world.drop_conn(&first);
    world.restart(false);
    world.sleep(30_001);
    let conn = world.attach(&World::resume_hello(&second, 0));
    assert_eq!(types(&world.got(conn)), ["session.error", "close"]);
    let first = world.resume(&first, 0);
    world.drop_conn(&first);
    world.now += 60_000;
    world.restart(false);
    assert!(world.hub.is_empty() && world.storage().rows() == 0);
}

#[test]
fn what_a_session_was_sent_is_gone_from_the_storage_with_its_window() {
    let mut world = World::stored(json!({"resumeWindowSec": 60}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.progress(&job, 1);
    world.drop_conn(&client);
    world.progress(&job, 2);
    let streams = |world: &mut World| -> Vec<String> {
        let mut streams: Vec<String> = world.storage().log.keys().map(|(stream, _)| stream.clone()).collect();
        streams.dedup();
        streams
    };
    world.sleep(59_999);
    assert_eq!(streams(&mut world), [job.clone(), client.session.clone()]);
    world.sleep(1);
    assert!(world.storage().table("session").is_empty());
    // What its job has said is the job's, for the principal's other sessions; and goes with it.
    assert_eq!(streams(&mut world), std::slice::from_ref(&job));
    world.output(&job, &json!(1));
    world.sleep(2 * 86_400_000);
    assert_eq!(world.storage().rows(), 0);
    // While nobody was there who could have been told the time.
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.progress(&job, 1);
    world.drop_conn(&client);
    world.now += 60_000;
    world.restart(false);
    assert_eq!(streams(&mut world), [job]);
}

#[test]
fn what_a_turn_writes() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    assert_eq!((world.storage().writes, world.storage().rows()), (2, 2));
    assert!(world.storage().table("follower").is_empty(), "that its submitter follows it is told by the job");
    // Events of one turn are one row for the job, and one for each session that has them.
    for current in 0..20 {
        world.hub.handle_event(
            &job,
            &json!({"kind": "progress", "body": {"current": current}}).to_string(),
            world.time(),
        );
    }
    world.drain();
    assert_eq!((world.storage().writes, world.storage().rows()), (3, 4));
    // What changes nothing that has to survive is not written.
    world.say(&client, "session.ping", &json!({"nonce": "n"}));
    world.say(&client, "session.list_jobs", &json!({}));
    world.say(&client, "session.ack", &json!({"last_processed_seq": 20}));
    assert_eq!(world.storage().writes, 3);
    // The end: the job, and what its session was sent. A short result has no row of its own.
    let rows = world.storage().rows();
    world.hub.handle_output(&job, Some("1"), world.time());
    world.drain();
    assert_eq!((world.storage().writes, world.storage().rows()), (4, rows + 1));
}

#[test]
fn a_hub_without_a_storage_that_is_restored_has_nothing_to_write() {
    let mut world = World::new();
    world.hub.handle_restored(world.time());
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.output(&job, &json!(1));
    assert_eq!(types(&world.got(client.conn)), ["job.result"]);
}

#[test]
fn what_is_acknowledged_is_dropped_in_batches_and_a_long_job_keeps_a_bounded_number_of_rows() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    for current in 1..=5000 {
        world.progress(&job, current);
        if current % 10 == 0 {
            world.say(&client, "session.ack", &json!({"last_processed_seq": current}));
        }
    }
    let rows = world.storage().rows();
    assert!(rows < 450, "{rows}");
    world.restart(true);
    assert_eq!(numbers(&world.got(client.conn)), (1..=5001).collect::<Vec<_>>());
    let other = world.connect("alice");
    world.say(&other, "job.subscribe", &json!({"job_id": job, "from_event_seq": 4990}));
    let got = world.got(other.conn);
    let steps: Vec<i64> = got.iter().filter_map(|frame| frame["payload"]["body"]["current"].as_i64()).collect();
    assert_eq!(steps, (4991..=5000).collect::<Vec<_>>());
    // Nothing is left of what is kept no more.
    world.drop_conn(&client);
    world.drop_conn(&other);
    world.sleep(2 * 86_400_000);
    assert!(world.hub.is_empty() && world.hub.poll_timeout().is_none());
    assert_eq!(world.storage().rows(), 0);
}

#[test]
fn a_hub_without_a_storage_has_nothing_written_also_when_it_was_told_that_nothing_was_kept() {
    let mut world = World::new();
    world.hub.handle_restored(world.time());
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.output(&job, &json!(1));
    assert_eq!(types(&world.got(client.conn)), ["job.result"]);
}
