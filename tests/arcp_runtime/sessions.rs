//! Welcome, resume, acknowledgement, goodbye (ARCP 1.1 §6).

use super::*;

#[test]
fn a_welcome_says_what_there_is() {
    let mut world = World::new();
    let conn = world.attach(&World::hello(&ALL, "alice", None));
    let welcome = world.take(conn, "session.welcome");
    let payload = &welcome["payload"];
    assert_eq!(payload["session_id"], welcome["session_id"]);
    assert!(payload["accepted_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(payload["resume_window_sec"], 600);
    assert_eq!(payload["resume_token"].as_str().unwrap().len(), 3 + 64, "256 bits in hex");
    assert_eq!(payload.get("heartbeat_interval_sec"), None, "heartbeats are the gate's");
    assert_eq!(
        payload["capabilities"]["features"],
        json!(["ack", "list_jobs", "subscribe", "lease_expires_at", "progress", "result_chunk", "agent_versions"])
    );
    assert_eq!(
        payload["capabilities"]["agents"],
        json!([
            {"name": "echo", "versions": []},
            {"name": "count", "versions": []},
            {"name": "multi", "versions": ["1", "2"], "default": "2"},
        ])
    );
}

#[test]
fn features_are_what_both_sides_name() {
    let mut world = World::new();
    let conn = world.attach(&World::hello(&["subscribe", "cost.budget", "x-vendor.a.b"], "alice", None));
    let welcome = world.take(conn, "session.welcome");
    assert_eq!(welcome["payload"]["capabilities"]["features"], json!(["subscribe"]));
}

#[test]
fn a_hello_that_is_none_gets_an_error_and_a_close() {
    let good = World::hello(&ALL, "alice", None);
    let mut other_scheme = good.clone();
    other_scheme["auth"]["scheme"] = json!("bearer");
    let mut no_principal = good.clone();
    no_principal["auth"]["token"] = json!("{}");
    let mut no_client = good.clone();
    no_client["client"] = json!(null);
    for (payload, code, close) in [
        (other_scheme, "UNAUTHENTICATED", 4401),
        (no_principal, "UNAUTHENTICATED", 4401),
        (no_client, "INVALID_REQUEST", 4400),
    ] {
        let mut world = World::new();
        let conn = world.attach(&payload);
        let got = world.got(conn);
        assert_eq!(got[0]["payload"]["code"], code);
        assert!(got[0]["session_id"].as_str().unwrap().starts_with("sess_"), "a throwaway session id");
        assert_eq!(got[1], json!({"close": close}));
        assert_eq!(world.hub.counts(), (0, 0));
    }
    let mut world = World::new();
    world.hub.handle_hello(1, "nonsense", &[0; 32], false, world.time());
    world.hub.handle_frame(1, "before any hello", world.time());
    world.drain();
    assert_eq!(types(&world.got(1)), ["session.error", "close"]);
}

#[test]
fn a_dropped_session_is_resumed_and_gets_what_it_missed() {
    let mut world = World::new();
    let first = world.connect("alice");
    let job = world.submit(&first, &json!({"agent": "count"}));
    for current in 1..=3 {
        world.progress(&job, current);
    }
    assert_eq!(numbers(&world.got(first.conn)), [1, 2, 3]);
    world.drop_conn(&first);
    world.progress(&job, 4);
    world.output(&job, &json!(4));
    assert_eq!(world.got(first.conn).len(), 0);
    let second = world.resume(&first, 2);
    assert_eq!(second.session, first.session);
    assert_ne!(second.token, first.token, "the token rotates");
    let replayed = world.got(second.conn);
    assert_eq!(numbers(&replayed), [3, 4, 5]);
    assert_eq!(types(&replayed), ["job.event", "job.event", "job.result"]);
}

#[test]
fn a_lost_welcome_loses_nothing() {
    let mut world = World::new();
    let first = world.connect("alice");
    // The welcome of the second never arrives: the old token is shown again.
    let second = world.resume(&first, 0);
    world.drop_conn(&second);
    let third = world.resume(&first, 0);
    world.drop_conn(&third);
    // This time it arrived, but nothing was said.
    let fourth = world.resume(&third, 0);
    world.say(&fourth, "session.ack", &json!({"last_processed_seq": 0}));
    world.drop_conn(&fourth);
    for stale in [&first, &second, &third] {
        let conn = world.attach(&World::resume_hello(stale, 0));
        assert_eq!(types(&world.got(conn)), ["session.error", "close"]);
    }
    world.resume(&fourth, 0);
}

#[test]
fn who_races_with_one_token_gets_no_further_than_a_few_lost_welcomes_need() {
    let mut world = World::new();
    let first = world.connect("alice");
    let welcomed: Vec<_> = (0..40)
        .filter_map(|_| {
            let conn = world.attach(&World::resume_hello(&first, 0));
            let got = world.got(conn);
            (types(&got)[0] == "session.welcome").then(|| (conn, got[0]["payload"]["resume_token"].clone()))
        })
        .collect();
    assert_eq!(welcomed.len(), 4);
    assert_eq!(world.audit.last().unwrap()["reason"], "token_shown_too_often");
    // The last of them has the session, and its token brings it back.
    let (_, token) = welcomed.last().unwrap();
    let mut last = first.clone();
    last.token = token.as_str().unwrap().to_owned();
    world.resume(&last, 0);
}

#[test]
fn a_failed_resume_spends_nothing_and_always_reads_the_same() {
    let mut world = World::new();
    let alice = world.connect("alice");
    world.drop_conn(&alice);
    let mut answers = Vec::new();
    let mut bob = alice.clone();
    bob.who = "bob".to_owned();
    let mut guess = alice.clone();
    guess.token = "rt_guess".to_owned();
    let mut unknown = alice.clone();
    unknown.session = "sess_unknown".to_owned();
    for (client, seq) in [(&bob, 0), (&guess, 0), (&unknown, 0), (&alice, 1)] {
        let conn = world.attach(&World::resume_hello(client, seq));
        let mut got = world.got(conn);
        assert_eq!(got[1], json!({"close": 4400}));
        assert_eq!(got[0]["payload"]["code"], "RESUME_WINDOW_EXPIRED");
        assert_ne!(got[0]["session_id"], alice.session.as_str());
        got[0]["id"] = json!(null);
        got[0]["session_id"] = json!(null);
        answers.push(got);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    let reasons: Vec<&str> = world.audit.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["another_principal", "wrong_token", "unknown_session", "not_covered"]);
    world.resume(&alice, 0);
}

#[test]
fn a_resume_displaces_the_old_connection() {
    let mut world = World::new();
    let first = world.connect("alice");
    let second = world.resume(&first, 0);
    let got = world.got(first.conn);
    assert_eq!(types(&got), ["session.closed", "close"]);
    assert_eq!(got[1], json!({"close": 4409}));
    // What the old one says, and its end, is nobody's.
    world.say(&first, "job.submit", &json!({"agent": "echo"}));
    world.drop_conn(&first);
    assert!(world.runs.is_empty());
    world.submit(&second, &json!({"agent": "echo"}));
}

#[test]
fn the_window_ends() {
    let mut world = World::with(json!({"resumeWindowSec": 60}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.sleep(3_600_000);
    world.drop_conn(&client);
    world.sleep(59_999);
    let client = world.resume(&client, 0);
    world.drop_conn(&client);
    world.sleep(60_000);
    let conn = world.attach(&World::resume_hello(&client, 0));
    assert_eq!(world.got(conn)[0]["payload"]["code"], "RESUME_WINDOW_EXPIRED");
    // Its job goes on, and is seen by the same principal's other sessions.
    let other = world.connect("alice");
    assert_eq!(world.statuses(&other), ["running"]);
    world.output(&job, &json!(1));
    assert_eq!(world.statuses(&other), ["success"]);
}

#[test]
fn what_is_acknowledged_is_freed_and_can_not_be_replayed() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    let empty = world.hub.held_bytes();
    for current in 1..=100 {
        world.progress(&job, current);
    }
    let full = world.hub.held_bytes();
    world.say(&client, "session.ack", &json!({"last_processed_seq": 60}));
    assert!(world.hub.held_bytes() < full && full > empty);
    world.drop_conn(&client);
    let conn = world.attach(&World::resume_hello(&client, 59));
    assert_eq!(world.got(conn)[0]["payload"]["code"], "RESUME_WINDOW_EXPIRED");
    let client = world.resume(&client, 60);
    assert_eq!(numbers(&world.got(client.conn)), (61..=100).collect::<Vec<_>>());
    // More than there is frees what there is; what comes next has the next number.
    world.say(&client, "session.ack", &json!({"last_processed_seq": 1_000_000}));
    world.progress(&job, 101);
    assert_eq!(numbers(&world.got(client.conn)), [101]);
}

#[test]
fn a_buffer_is_bounded_and_a_live_reader_loses_nothing() {
    let mut world = World::with(json!({"maxBufferedEvents": 10}));
    // Without `ack` it acknowledges nothing, and has what was sent.
    let client = world.connect_with("alice", &["progress"]);
    let job = world.submit(&client, &json!({"agent": "count"}));
    for current in 1..=50 {
        world.progress(&job, current);
    }
    assert_eq!(numbers(&world.got(client.conn)), (1..=50).collect::<Vec<_>>());
    world.drop_conn(&client);
    let conn = world.attach(&World::resume_hello(&client, 39));
    assert_eq!(world.got(conn)[0]["payload"]["code"], "RESUME_WINDOW_EXPIRED");
    let client = world.resume(&client, 40);
    assert_eq!(numbers(&world.got(client.conn)), (41..=50).collect::<Vec<_>>());
}

#[test]
fn goodbyes() {
    for (kind, answers) in [("session.close", vec!["session.closed", "close"]), ("session.bye", vec!["close"])] {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "echo", "input": 1}));
        world.say(&client, kind, &json!({"reason": "done"}));
        let got = world.got(client.conn);
        assert_eq!(types(&got), answers);
        assert_eq!(got[got.len() - 1], json!({"close": 1000}));
        // The job goes on, and the session can be resumed.
        assert!(world.aborts.is_empty());
        world.output(&job, &json!(1));
        let client = world.resume(&client, 0);
        assert_eq!(types(&world.got(client.conn)), ["job.result"]);
    }
}

#[test]
fn sessions_of_one_principal_are_limited() {
    let mut world = World::with(json!({"maxSessions": 3}));
    let first = world.connect("alice");
    let second = world.connect("alice");
    world.drop_conn(&first);
    world.sleep(1000);
    world.drop_conn(&second);
    let third = world.connect("alice");
    // The one that has been away for longest gives way.
    let fourth = world.connect("alice");
    let conn = world.attach(&World::resume_hello(&first, 0));
    assert_eq!(world.got(conn)[0]["payload"]["code"], "RESUME_WINDOW_EXPIRED");
    world.resume(&second, 0);
    let conn = world.attach(&World::hello(&ALL, "alice", None));
    let got = world.got(conn);
    let error = &got[0]["payload"];
    assert_eq!((&error["code"], &error["retryable"]), (&json!("PERMISSION_DENIED"), &json!(true)));
    assert_eq!(error["details"], json!({"reason": "too_many_sessions", "limit": 3}));
    assert_eq!(got[1], json!({"close": 4429}));
    world.connect("bob");
    for client in [&third, &fourth] {
        world.say(client, "session.ping", &json!({"nonce": "n"}));
        world.take(client.conn, "session.pong");
    }
}
