//! Connections that nothing comes of, and those that take the session up from elsewhere.

use super::{unreadable::lost, *};

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
fn a_refused_token_is_tried_once_more() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    // As the Python runtime has it: without a session, with details that are null.
    let mut refusal = error("UNAUTHENTICATED");
    refusal.as_object_mut().unwrap().remove("session_id");
    world.acts.clear();
    world.frame(&refusal);
    assert_eq!(world.take("connect")["fresh"], true);
    world.open();
    world.frame(&refusal);
    assert_eq!(world.take("closed")["error"]["code"], "ERR_UNAUTHENTICATED");
    assert_eq!(world.client.poll_timeout(), None);
    // Where there is no other token, at once.
    let mut world = World::of(&OPTIONS.replace("true", "false"));
    world.with(|client, now| client.handle_start(now));
    world.open();
    world.frame(&refusal);
    assert!(world.has("closed") && world.sent.len() == 1);
}

#[test]
fn a_source_of_tokens_that_fails() {
    let mut world = World::opened();
    world.gone(1006);
    world.sleep(500.0);
    let conn = world.conn;
    world.with(|client, now| client.handle_token_failure(conn, true, now));
    assert!(!world.has("closed"));
    world.sleep(2_000.0);
    let conn = world.conn;
    world.with(|client, now| client.handle_token_failure(conn, false, now));
    assert_eq!(world.take("closed")["error"]["code"], "ERR_REFRESH_UNAVAILABLE");
}
