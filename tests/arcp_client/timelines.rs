//! The session: made, kept up, lost and closed.

use super::*;

#[test]
fn a_session_and_a_job() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    assert_eq!(world.take("connect")["fresh"], false);
    let hello = world.open();
    assert_eq!(hello["payload"]["auth"], json!({ "scheme": "bearer", "token": "tok" }));
    assert_eq!((&hello["session_id"], &hello["payload"]["resume"]), (&Value::Null, &Value::Null));
    world.welcome("sess_1", "rt_1");
    let opened = world.take("opened");
    assert_eq!(opened["features"], json!(["heartbeat", "ack", "list_jobs", "subscribe"]), "what both have");
    assert_eq!(opened["agents"], json!([{ "name": "echo" }]));
    assert_eq!(world.told("open")["sessionId"], "sess_1");

    world.with(|client, now| client.handle_submit(r#"{"agent":"echo","input":1}"#, None, false, now));
    let submit = world.last("job.submit");
    assert_eq!((submit["session_id"].as_str(), submit["payload"]["input"].as_i64()), (Some("sess_1"), Some(1)));
    assert_eq!(submit["trace_id"].as_str().unwrap().len(), 32);
    let job = world.accept("job_1");
    world.event("job_1", 1);
    world.frame(&result("job_1", 2));
    assert_eq!(world.seqs(), [1]);
    let result = world.take("result");
    assert_eq!((&result["job"], &result["value"]), (&json!(job), &json!(2)));
}

#[test]
fn no_welcome_in_time() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    // The token's time is not the handshake's.
    world.sleep(50_000.0);
    world.open();
    world.sleep(9_999.0);
    assert!(!world.has("closed"));
    world.sleep(2.0);
    assert_eq!(world.take("closed")["error"]["code"], "ERR_HANDSHAKE_TIMEOUT");
}

#[test]
fn a_connection_that_breaks_off_is_made_again_and_the_session_taken_up() {
    let mut world = World::opened();
    world.job("job_1");
    world.event("job_1", 1);
    world.gone(1006);
    let told = world.told("reconnecting");
    assert!(told["delayMs"].as_i64().unwrap() <= 500);
    world.sleep(500.0);
    assert_eq!(world.take("connect")["fresh"], false);
    let hello = world.open();
    let resume = json!({ "session_id": "sess_1", "resume_token": "rt_1", "token": "rt_1", "last_event_seq": 1 });
    assert_eq!(hello["payload"]["resume"], resume);
    world.welcome("sess_1", "rt_2");
    assert!(world.has_told("resumed") && !world.has_told("lost"));
    world.event("job_1", 1);
    world.event("job_1", 2);
    assert_eq!(world.seqs(), [2], "what was there before is not doubled");
    world.gone(1006);
    world.sleep(1_000.0);
    assert_eq!(world.open()["payload"]["resume"]["resume_token"], "rt_2", "the latest token");
}

#[test]
fn pauses_double_up_to_a_bound_and_end_when_the_network_is_back() {
    let mut world = World::opened();
    let mut longest = 0;
    for attempt in 1..=12u32 {
        world.acts.clear();
        world.gone(1006);
        let told = world.told("reconnecting");
        assert_eq!(told["attempt"], attempt);
        let pause = told["delayMs"].as_i64().unwrap();
        assert!(pause <= (500 << (attempt - 1)).min(30_000));
        longest = longest.max(pause);
        world.sleep(pause as f64);
        assert!(world.has("connect"));
    }
    assert!(longest > 5_000);
    world.gone(1006);
    world.acts.clear();
    world.with(|client, now| client.handle_wake_hint(now));
    assert!(world.has("connect"), "nobody waits for a timer when the network is back");
    // A connection that lasts begins anew.
    world.open();
    world.welcome("sess_1", "rt_9");
    world.sleep(10_000.0);
    world.acts.clear();
    world.gone(1006);
    assert_eq!(world.told("reconnecting")["attempt"], 1);
}

#[test]
fn pauses_begin_anew_when_something_came_of_a_connection() {
    let mut world = World::opened();
    world.job("job_1");
    for seq in 1..=12 {
        // The runtime is away for a while, each time.
        for attempt in 1..=4u32 {
            world.acts.clear();
            world.gone(1006);
            let told = world.told("reconnecting");
            assert_eq!(told["attempt"], attempt, "{seq}");
            assert!(told["delayMs"].as_i64().unwrap() <= 500 << (attempt - 1));
            world.sleep(4_000.0);
        }
        world.open();
        world.welcome("sess_1", "rt_9");
        world.event("job_1", seq);
    }
    // To be sent away for a fresh token, again and again, is no reason to come back at once each time.
    let mut delays = Vec::new();
    for seq in 13..=20 {
        world.acts.clear();
        world.gone(4410);
        delays.push(world.told("reconnecting")["delayMs"].as_i64().unwrap());
        world.sleep(500.0);
        world.open();
        world.welcome("sess_1", "rt_9");
        world.event("job_1", seq);
    }
    assert!(delays.iter().sum::<i64>() > 500, "{delays:?}");
}

#[test]
fn so_many_tries_and_no_more() {
    let mut world =
        World::opened_with(&OPTIONS.replace("\"canRenew\"", "\"reconnect\":{\"maxAttempts\":2},\"canRenew\""));
    for _ in 0..2 {
        world.gone(1006);
        world.sleep(1_000.0);
    }
    assert!(!world.has("closed"));
    world.gone(1006);
    assert_eq!(world.take("closed")["error"]["code"], "ERR_NETWORK");
    let mut world = World::opened_with(&OPTIONS.replace("\"canRenew\"", "\"reconnect\":false,\"canRenew\""));
    let job = world.job("job_1");
    world.gone(1006);
    assert_eq!(world.take("failed")["job"], job);
    assert_eq!(world.take("closed")["code"], "ERR_NETWORK");
}

#[test]
fn what_a_close_code_means() {
    for (code, expected) in [(4409, "ERR_SESSION_LOST"), (4403, "ERR_REMOTE")] {
        let mut world = World::opened();
        world.gone(code);
        assert_eq!(world.take("closed")["code"], expected, "{code}");
    }
    for code in [1000, 1001, 1005, 1006, 1011, 1012, 4408, 4429] {
        let mut world = World::opened();
        world.gone(code);
        assert!(world.has_told("reconnecting"), "{code}");
    }
    let mut world = World::opened();
    world.with(|client, now| client.handle_submit("{}", None, true, now));
    world.gone(1009);
    assert_eq!(world.take("refused")["error"]["code"], "ERR_PROTOCOL");
    world.resumed();
    assert_eq!(world.count("job.submit"), 1, "what was too large is not sent again");
}

#[test]
fn signs_of_life() {
    let mut world = World::opened();
    world.frame(&message("session.ping", json!({ "nonce": "p_1", "sent_at": "2026-01-01T00:00:00+00:00" })));
    assert_eq!(world.last("session.pong")["payload"]["ping_nonce"], "p_1");
    world.sleep(30_000.0);
    let ping = world.last("session.ping");
    assert!(ping["payload"]["nonce"].is_string() && ping["payload"]["sent_at"].is_string());
    world.frame(&message("session.pong", json!({ "ping_nonce": ping["payload"]["nonce"] })));
    world.sleep(59_999.0);
    assert!(!world.has_told("reconnecting"));
    world.acts.clear();
    world.sleep(1.0);
    assert_eq!(world.take("close")["reason"], "HEARTBEAT_LOST");
    assert!(world.has_told("reconnecting"));
}

#[test]
fn who_slept_asks_before_it_gives_up() {
    let mut world = World::opened();
    let pings = world.count("session.ping");
    world.now += 3_600_000.0;
    world.with(|client, now| client.handle_timeout(now));
    assert!(!world.has_told("reconnecting") && world.count("session.ping") == pings + 1);
    world.sleep(5_000.0);
    assert!(world.has_told("reconnecting"), "no answer to that");
    // Somebody looks at the page: the same question, and once.
    let mut world = World::opened();
    world.sleep(1_000.0);
    for _ in 0..5 {
        world.with(|client, now| client.handle_wake_hint(now));
    }
    assert_eq!(world.count("session.ping"), 1);
    world.frame(&message("session.pong", json!({})));
    world.sleep(20_000.0);
    assert!(!world.has_told("reconnecting"));
}

#[test]
fn without_heartbeats_nobody_pings() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    let mut frame = welcome("sess_1", "rt_1");
    frame["payload"]["capabilities"]["features"] = json!(["ack"]);
    world.frame(&frame);
    world.with(|client, now| client.handle_wake_hint(now));
    world.sleep(3_600_000.0);
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_clock_that_is_set_changes_nothing() {
    let mut world = World::opened();
    world.now -= 86_400_000.0;
    world.with(|client, now| client.handle_timeout(now));
    world.sleep(30_000.0);
    assert_eq!(world.count("session.ping"), 1, "the interval goes on");
    assert!(!world.has_told("reconnecting"));
}

#[test]
fn closing() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.with(|client, now| client.handle_close("done", now));
    assert_eq!(world.last("session.close")["payload"]["reason"], "done");
    world.frame(&message("session.closed", json!({})));
    assert_eq!(world.take("close")["code"], 1000);
    assert_eq!(world.take("failed")["job"], job);
    let closed = world.take("closed");
    assert_eq!((closed["code"].as_str(), closed["reason"].as_str()), (Some("CLOSED"), Some("done")));

    // Who doesn't know `session.close`, and who says nothing at all.
    for answers in [true, false] {
        let mut world = World::opened();
        world.with(|client, now| client.handle_close("done", now));
        if answers {
            world.frame(&error("INVALID_REQUEST"));
        } else {
            world.sleep(2_000.0);
        }
        assert_eq!(world.last("session.bye")["payload"]["reason"], "done");
        assert!(world.has("closed"));
    }
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.with(|client, now| client.handle_close("", now));
    assert!(world.has("closed") && world.sent.is_empty());
    let number = world.with(|client, now| client.handle_list("{}", now));
    assert_eq!(world.take("refused")["request"], number);
}
