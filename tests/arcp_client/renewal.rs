//! Sessions that are taken up again: tokens that end, sessions that can't be had back, runtimes that forget.

use super::*;

#[test]
fn a_token_that_has_ended() {
    let mut world = World::opened();
    world.frame(&error("UNAUTHENTICATED"));
    world.gone(4410);
    assert_eq!(world.told("reconnecting")["delayMs"], 0, "at once");
    world.sleep(0.0);
    assert_eq!(world.take("connect")["fresh"], true);
    let mut world = World::opened();
    world.gone(4410);
    world.sleep(0.0);
    assert_eq!(world.take("connect")["fresh"], true);
}

/// A session whose token ends in so many milliseconds.
fn ending(millis: f64) -> World {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    let ends = Some(Time::from_millis(world.now + millis));
    world.open_until(ends);
    world.welcome("sess_1", "rt_1");
    world.acts.clear();
    world
}

#[test]
fn before_a_token_ends_the_session_moves() {
    let mut world = ending(600_000.0);
    let job = world.job("job_1");
    world.event("job_1", 1);
    let (old, started) = (world.conn, world.now);
    while !world.has("connect") {
        world.sleep(1_000.0);
        world.frame_on(old, &message("session.pong", json!({})));
    }
    let waited = world.now - started;
    assert!((470_000.0..=541_000.0).contains(&waited), "{waited}");
    let left = world.take("connect")["outlastMs"].as_f64().unwrap();
    assert!((left - (600_000.0 - waited)).abs() < 1_100.0, "{left}");
    // The old connection goes on while the new one is made.
    world.frame_on(old, &event("job_1", 2));
    let new = world.conn;
    let ends = Some(Time::from_millis(world.now + 700_000.0));
    world.with(|client, now| client.handle_dialing(new, now));
    world.with(|client, now| client.handle_opened(new, Some("tok2"), ends, now));
    let close = world.take("close");
    assert_eq!((&close["conn"], &close["code"]), (&json!(old), &json!(1000)));
    // What comes until it is closed counts.
    world.frame_on(old, &event("job_1", 3));
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    assert_eq!(world.count("session.hello"), 1);
    world.with(|client, now| client.handle_closed(old, 1000, true, now));
    let hello = world.last("session.hello");
    assert_eq!(hello["payload"]["auth"]["token"], "tok2");
    assert_eq!(hello["payload"]["resume"]["last_event_seq"], 3);
    assert_eq!(world.count("job.submit"), 1, "it waits");
    world.welcome("sess_1", "rt_2");
    assert_eq!(world.told("tokenRefreshed")["sessionId"], "sess_1");
    assert!(!world.has_told("reconnecting") && !world.has_told("resumed") && !world.has_told("lost"));
    assert_eq!(world.count("job.submit"), 2);
    world.event("job_1", 4);
    world.frame(&result("job_1", 5));
    assert_eq!(world.take("result")["job"], job);
}

#[test]
fn a_submit_under_way_is_not_broken_off_for_a_token() {
    let mut world = ending(600_000.0);
    world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let old = world.conn;
    world.now += 550_000.0;
    world.frame_on(old, &message("session.pong", json!({})));
    world.with(|client, now| client.handle_timeout(now));
    // (It is overdue by now; another one.)
    world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let submit = world.last("job.submit");
    let new = world.conn;
    assert_ne!(new, old);
    world.with(|client, now| client.handle_opened(new, Some("tok2"), None, now));
    assert!(!world.acts.iter().any(|act| act["do"] == "close" && act["conn"] == old));
    world.frame_on(old, &accepted("job_1", &submit));
    assert!(world.acts.iter().any(|act| act["do"] == "close" && act["conn"] == old), "now it may be");
}

#[test]
fn a_source_without_a_fresher_token_is_asked_again() {
    let mut world = ending(600_000.0);
    let old = world.conn;
    let mut asked = 0;
    for _ in 0..600 {
        world.sleep(1_000.0);
        world.frame_on(old, &message("session.pong", json!({})));
        if world.has("connect") {
            asked += 1;
            let conn = world.conn;
            world.with(|client, now| client.handle_token_unchanged(conn, now));
            world.acts.clear();
        }
    }
    assert!((5..12).contains(&asked), "{asked}");
    assert!(!world.has_told("reconnecting"), "the runtime ends the session, not we");
}

#[test]
fn a_session_that_cannot_be_had_back() {
    let mut world = World::opened();
    let one = world.job("job_1");
    let keyed =
        world.with(|client, now| client.handle_submit(r#"{"agent":"a","idempotency_key":"k"}"#, None, true, now));
    world.gone(1006);
    world.sleep(1_000.0);
    world.open();
    let unkeyed = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    world.acts.clear();
    world.frame(&error("RESUME_WINDOW_EXPIRED"));
    let lost = world.told("lost");
    assert_eq!((&lost["jobs"], &lost["reason"]), (&json!(["job_1"]), &json!("RESUME_WINDOW_EXPIRED")));
    let failed = world.take("failed");
    assert_eq!((&failed["job"], &failed["error"]["code"]), (&json!(one), &json!("ERR_SESSION_LOST")));
    assert_eq!(world.open()["payload"]["resume"], Value::Null);
    world.frame(&{
        let mut frame = welcome("sess_2", "rt_9");
        frame["payload"]["capabilities"]["features"] = json!(["ack"]);
        frame
    });
    assert_eq!(world.told("open")["sessionId"], "sess_2");
    let submit = world.sent[world.sent.len() - 2].1.clone();
    assert_eq!(submit["payload"]["idempotency_key"], "k", "asked for again");
    world.frame(&accepted("job_2", &submit));
    assert_eq!(world.take("accepted")["request"], keyed);
    let submit = world.last("job.submit");
    world.frame(&accepted("job_3", &submit));
    assert_eq!(world.take("accepted")["request"], unkeyed, "it had not been sent");
    // The numbers begin again.
    world.event("job_2", 1);
    assert_eq!(world.seqs(), [1]);
}

#[test]
fn another_session_than_was_asked_for() {
    let mut world = World::opened();
    world.job("job_1");
    world.gone(1006);
    world.sleep(1_000.0);
    world.open();
    world.acts.clear();
    world.welcome("sess_2", "rt_9");
    assert_eq!(world.told("lost")["reason"], "NOT_RESUMED");
    assert_eq!(world.told("open")["sessionId"], "sess_2");
}

#[test]
fn a_submit_without_a_key_is_not_repeated() {
    let mut world = World::opened();
    let number = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    world.gone(1006);
    let refused = world.take("refused");
    assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(number), &json!("ERR_NETWORK")));
    world.resumed();
    assert_eq!(world.count("job.submit"), 1);
    // A list, a cancel and a submit with a key are.
    let mut world = World::opened();
    let job = world.job("job_1") as u32;
    world.with(|client, now| client.handle_cancel(job, "why", now));
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, true, now));
    world.with(|client, now| client.handle_list("{}", now));
    world.gone(1006);
    world.resumed();
    assert_eq!((world.count("job.cancel"), world.count("job.submit")), (2, 3));
    assert!(!world.has("refused"));
}

#[test]
fn a_runtime_that_has_not_noticed_the_loss_is_asked_again() {
    // The Python runtime: PERMISSION_DENIED, "no resumable session", while the old connection lives there.
    let mut world = World::opened();
    world.job("job_1");
    world.gone(1006);
    let start = world.now;
    let mut refusals = 0;
    while !world.has_told("lost") {
        world.sleep(1_000.0);
        if world.has("connect") {
            world.acts.retain(|act| act["do"] == "notify");
            world.open();
            world.frame(&error("PERMISSION_DENIED"));
            refusals += 1;
        }
    }
    assert!(world.now - start >= 75_000.0 && refusals > 3, "{refusals}");
    assert!(world.has("connect"), "a new session then");
}

#[test]
fn a_runtime_that_does_not_replay() {
    let list = |entries: Value, world: &World| {
        let asked = world.sent.iter().rev().find(|(_, frame)| frame["type"] == "session.list_jobs").unwrap().1.clone();
        message("session.jobs", json!({ "request_id": asked["id"], "jobs": entries }))
    };
    let mut world = World::opened();
    let ended = world.job("job_1");
    world.with(|client, now| client.handle_submit(r#"{"agent":"k","idempotency_key":"k"}"#, None, true, now));
    let keyed = world.accept("job_2");
    let running = world.job("job_3");
    let sound = world.job("job_4");
    let missing = world.job("job_5");
    world.event("job_3", 1);
    world.event("job_3", 2);
    world.gone(1006);
    world.resumed();
    world.acts.clear();
    let entries = json!([
        { "job_id": "job_1", "status": "success" },
        { "job_id": "job_2", "status": "error" },
        { "job_id": "job_3", "status": "running" },
        { "job_id": "job_4", "status": "success", "last_event_seq": 17 },
    ]);
    world.frame(&list(entries, &world));
    // One that runs is subscribed to, and the numbers of a subscription are its own.
    assert_eq!(world.told("lost")["jobs"], json!(["job_3"]));
    let subscribe = world.last("job.subscribe");
    assert_eq!(subscribe["payload"]["job_id"], "job_3");
    world.event("job_3", 1);
    world.frame(&message("job.subscribed", json!({ "job_id": "job_3", "request_id": subscribe["id"] })));
    assert_eq!(world.seqs(), [1]);
    // The end of one that ended may be on its way.
    assert!(!world.has("failed"));
    world.acts.clear();
    world.sleep(2_000.0);
    let failed: Vec<_> = world.acts.iter().filter(|act| act["do"] == "failed").map(|act| &act["job"]).collect();
    assert_eq!(failed, [&json!(ended), &json!(missing)]);
    // With a key it can be had again.
    let submit = world.last("job.submit");
    assert_eq!(submit["payload"]["idempotency_key"], "k");
    world.frame(&accepted("job_2", &submit));
    world.frame(&result("job_2", 3));
    assert_eq!(world.take("result")["job"], keyed);
    world.frame(&result("job_3", 2));
    assert_eq!(world.take("result")["job"], running);
    world.frame(&result("job_4", 4));
    assert_eq!(world.take("result")["job"], sound);
}

#[test]
fn a_gap_is_asked_for_once_and_then_told() {
    let mut world = World::opened();
    world.job("job_1");
    world.event("job_1", 1);
    world.event("job_1", 4);
    assert_eq!(world.seqs(), [1]);
    assert!(world.has("close") && world.has_told("reconnecting"));
    world.sleep(0.0);
    assert_eq!(world.open()["payload"]["resume"]["last_event_seq"], 1);
    world.welcome("sess_1", "rt_2");
    world.acts.clear();
    world.event("job_1", 4);
    let lost = world.told("lost");
    assert_eq!((&lost["reason"], &lost["fromSeq"], &lost["toSeq"]), (&json!("GAP"), &json!(2), &json!(3)));
    assert_eq!(world.seqs(), [4]);
    world.event("job_1", 5);
    assert_eq!(world.seqs(), [4, 5]);
}

#[test]
fn a_fresh_token_is_tried_again_after_a_connection_that_held() {
    let mut world = World::opened();
    for seconds in [11, 11, 1] {
        world.gone(4401);
        world.sleep(0.0);
        assert_eq!(world.take("connect")["fresh"], true, "{seconds}");
        world.open();
        world.welcome("sess_1", "rt_2");
        world.sleep(f64::from(seconds) * 1000.0);
    }
    world.gone(4401);
    assert!(world.has("closed"), "a fresh one was refused at once");
}

#[test]
fn what_was_refused_before_a_session_went_on_is_over() {
    let mut world = World::opened();
    world.job("job_1");
    for _ in 0..2 {
        world.gone(1006);
        world.sleep(40_000.0);
        world.open();
        world.frame(&error("PERMISSION_DENIED"));
        world.resumed();
    }
    world.gone(1006);
    assert!(!world.has_told("lost"), "each time it was refused once");
}
