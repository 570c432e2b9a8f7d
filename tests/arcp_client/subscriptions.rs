//! Subscriptions that are given up before their answer, or without a connection.

use super::*;

const PLAIN: &str = r#"{"job_id":"job_x"}"#;

fn subscribe(world: &mut World, payload: &str) -> u32 {
    world.with(|client, now| client.handle_subscribe("job_x", payload, now))
}

fn abandon(world: &mut World, number: u32) {
    world.with(|client, now| client.handle_abandon(number, now));
}

fn answer(world: &mut World) {
    let asked = world.sent.iter().rfind(|(_, frame)| frame["type"] == "job.subscribe").unwrap().1.clone();
    world.frame(&message("job.subscribed", json!({ "request_id": asked["id"], "job_id": "job_x" })));
}

#[test]
fn one_that_was_never_sent_leaves_nothing() {
    let mut world = World::opened();
    world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let number = subscribe(&mut world, PLAIN);
    assert_eq!(world.count("job.subscribe"), 0, "one at a time");
    abandon(&mut world, number);
    world.accept("job_1");
    let again = subscribe(&mut world, PLAIN);
    answer(&mut world);
    assert_eq!(world.take("accepted")["request"], again);
}

#[test]
fn one_that_the_connection_took_with_it_leaves_nothing() {
    let mut world = World::opened();
    let number = subscribe(&mut world, PLAIN);
    abandon(&mut world, number);
    world.gone(1006);
    world.resumed();
    assert_eq!(world.count("job.unsubscribe"), 1, "the runtime may have heard it");
    let again = subscribe(&mut world, PLAIN);
    answer(&mut world);
    assert_eq!(world.take("accepted")["request"], again);
}

#[test]
fn one_that_is_answered_after_all_is_taken_back() {
    let mut world = World::opened();
    let number = subscribe(&mut world, PLAIN);
    abandon(&mut world, number);
    answer(&mut world);
    assert_eq!(world.last("job.unsubscribe")["payload"]["job_id"], "job_x");
    assert!(!world.has("accepted"));
    let again = subscribe(&mut world, PLAIN);
    answer(&mut world);
    assert_eq!(world.take("accepted")["request"], again);
}

#[test]
fn who_asks_again_at_once_takes_it_over() {
    let mut world = World::opened();
    let number = subscribe(&mut world, PLAIN);
    abandon(&mut world, number);
    let again = subscribe(&mut world, PLAIN);
    assert!(!world.has("existing"));
    answer(&mut world);
    assert_eq!(world.take("accepted")["request"], again);
    assert_eq!((world.count("job.subscribe"), world.count("job.unsubscribe")), (1, 0));
    // Who asks for something else is asked for it when the first has its answer.
    let mut world = World::opened();
    let number = subscribe(&mut world, PLAIN);
    abandon(&mut world, number);
    let again = subscribe(&mut world, r#"{"job_id":"job_x","history":true}"#);
    assert_eq!(world.count("job.subscribe"), 1);
    answer(&mut world);
    let kinds: Vec<_> = world.sent.iter().map(|(_, frame)| frame["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[kinds.len() - 3..], ["job.subscribe", "job.unsubscribe", "job.subscribe"]);
    answer(&mut world);
    assert_eq!(world.take("accepted")["request"], again);
    // And where the first has none, after its time.
    let mut world = World::opened();
    let number = subscribe(&mut world, PLAIN);
    abandon(&mut world, number);
    subscribe(&mut world, r#"{"job_id":"job_x","history":true}"#);
    for _ in 0..40 {
        world.sleep(1_000.0);
        world.frame(&message("session.pong", json!({})));
    }
    assert_eq!(world.count("job.subscribe"), 2);
}

#[test]
fn what_is_left_without_a_connection_is_told_on_the_next() {
    let mut world = World::opened();
    subscribe(&mut world, PLAIN);
    answer(&mut world);
    let job = world.take("accepted")["job"].as_u64().unwrap() as u32;
    world.gone(1006);
    world.with(|client, now| client.handle_unsubscribe(job, now));
    assert_eq!(world.count("job.unsubscribe"), 0);
    // Who has come back to it meanwhile asks behind it.
    subscribe(&mut world, PLAIN);
    world.resumed();
    let kinds: Vec<_> = world.sent.iter().map(|(_, frame)| frame["type"].as_str().unwrap()).collect();
    let at = kinds.iter().position(|kind| *kind == "job.unsubscribe").unwrap();
    assert_eq!(kinds[at + 1], "job.subscribe");
}
