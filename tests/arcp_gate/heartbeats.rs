//! Heartbeats (ARCP 1.1 §6.4) on both sides of the gate, which never cross it.

use super::*;

#[test]
fn an_idle_client_is_asked_and_a_silent_one_is_lost() {
    let mut world = World::open("{}", true, &["heartbeat"]);
    world.pass(29_999);
    assert!(world.client.is_empty());
    world.pass(1);
    assert_eq!(world.kinds(), ["session.ping"]);
    assert!(member(&world.client[0], "nonce").starts_with("p_"));
    assert_eq!(member(&world.client[0], "sent_at"), world.time().to_rfc3339());
    world.client_says(&frame("session.pong", r#"{"ping_nonce":"x","received_at":"t"}"#));
    world.pass(30_000);
    assert_eq!(world.kinds(), ["session.ping", "session.ping"]);
    world.pass(29_999);
    assert!(world.closed.is_none());
    world.pass(1);
    assert_eq!(world.end(), ended("HEARTBEAT_LOST", 1012));
    assert!(world.upstream_closed && world.upstream.is_empty(), "no heartbeat crosses");
    assert_eq!(world.reason(), "heartbeat_lost");
}

#[test]
fn pings_are_answered_on_either_side_and_do_not_cross() {
    let mut world = World::open("{}", false, &[]);
    world.client_says(&frame("session.ping", r#"{"nonce":"n1","sent_at":"t"}"#));
    assert_eq!(world.kinds(), ["session.pong"]);
    assert_eq!(member(&world.client[0], "ping_nonce"), "n1");
    assert_eq!(member(&world.client[0], "received_at"), world.time().to_rfc3339());
    world.upstream_says(&frame("session.ping", r#"{"nonce":"n2","sent_at":"t"}"#));
    assert_eq!(world.kinds_upstream(), ["session.pong"]);
    assert_eq!(member(&world.upstream[0], "ping_nonce"), "n2");
    world.client_says(&frame("session.ping", "{}"));
    assert_eq!(member(world.client.last().unwrap(), "code"), "INVALID_REQUEST");
    assert!(world.closed.is_none());
}

#[test]
fn a_runtime_that_offers_heartbeats_is_heard_of_at_its_interval() {
    let mut world = World::open(r#"{"arcp":{"heartbeatIntervalSec":600}}"#, false, &["heartbeat"]);
    world.pass(19_999);
    assert!(world.upstream.is_empty());
    world.pass(1);
    assert_eq!(world.kinds_upstream(), ["session.ping"]);
    world.upstream_says(&frame("session.pong", "{}"));
    world.pass(20_000);
    world.pass(20_000);
    assert_eq!(world.end(), ended("INTERNAL_ERROR", 1012));
    assert_eq!(world.reason(), "upstream_silent");
}

#[test]
fn traffic_spares_pings() {
    let mut world = World::open("{}", false, &["heartbeat", "ack"]);
    for seq in 1..100 {
        world.pass(5000);
        world.upstream_says(&frame("session.pong", "{}"));
        let event = Frame { event_seq: Some(seq), ..Frame::new("job.event", ID, "{}") };
        world.upstream_says(&event.of_session("sess_1").write());
        world.client_says(&frame("session.ack", r#"{"last_processed_seq":1}"#));
    }
    assert!(world.closed.is_none());
    assert!(!world.kinds().contains(&"session.ping".to_owned()));
    assert!(!world.kinds_upstream().contains(&"session.ping".to_owned()));
}

#[test]
fn without_the_feature_a_client_may_be_silent_for_ten_minutes() {
    let mut world = World::open("{}", true, &["ack"]);
    world.pass(599_999);
    assert!(world.closed.is_none() && world.client.is_empty());
    world.client_says(&frame("session.ack", r#"{"last_processed_seq":1}"#));
    world.pass(599_999);
    let event = Frame { event_seq: Some(1), ..Frame::new("job.event", ID, "{}") };
    world.upstream_says(&event.of_session("sess_1").write());
    assert!(world.closed.is_none(), "what it is told is no word of its own");
    world.clear();
    world.pass(1);
    assert_eq!(world.end(), ended("HEARTBEAT_LOST", 1012));
    assert_eq!(world.reason(), "client_idle");
    let mut world = World::open(r#"{"limits":{"idleTimeoutMs":86400000}}"#, true, &["ack"]);
    world.pass(86_399_999);
    assert!(world.closed.is_none());
}
