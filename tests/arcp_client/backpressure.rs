//! Readers that are slow, or don't read at all: what they keep others from, and what they miss.

use super::{
    slow_reader::{play, Dialect},
    *,
};

#[test]
fn a_slow_reader_misses_nothing_where_it_can_be_had_again() {
    for dialect in [Dialect::Embedded, Dialect::Python, Dialect::SameNumbers] {
        for blocks in [false, true] {
            let (peer, reading) = play(dialect, 9_000, blocks);
            let in_order = reading.seen.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(in_order, "{dialect:?} {blocks}");
            let missing = 9_000 - reading.seen.len() as i64;
            // What a runtime that can't be held sends after the end was kept is told.
            assert_eq!(missing, reading.missed, "{dialect:?} {blocks}");
            assert!(missing == 0 || reading.lost > 0, "{dialect:?} {blocks}");
            if dialect == Dialect::Embedded {
                assert_eq!(missing, 0, "{blocks}");
                assert!(blocks || peer.unsubscribed == 0, "alone, it is held by what is not acknowledged");
            }
        }
    }
}

#[test]
fn what_a_runtime_does_not_replay_is_told() {
    for blocks in [false, true] {
        let (_, reading) = play(Dialect::NoReplay, 9_000, blocks);
        assert!(reading.seen.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(reading.seen.len() as i64 + reading.missed, 9_000, "each is seen or counted");
        assert!(reading.missed > 0 && reading.lost > 0);
    }
}

#[test]
fn a_job_that_nobody_reads_stops_no_other() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.reads(job);
    for seq in 1..=300 {
        world.event("job_1", seq);
    }
    world.sleep(1_000.0);
    assert_eq!(world.count("session.ack") + world.count("job.unsubscribe"), 0, "nobody else waits");
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    assert_eq!(world.sent.last().unwrap().1["type"], "job.unsubscribe");
    assert_eq!(world.sent.last().unwrap().1["payload"]["job_id"], "job_1");
    world.sleep(200.0);
    assert_eq!(world.last("session.ack")["payload"]["last_processed_seq"], 300);
    // Read down, it goes on from where it was.
    world.with(|client, now| client.handle_read(job as u32, 171, now));
    assert_eq!(world.count("job.subscribe"), 0);
    world.with(|client, now| client.handle_read(job as u32, 1, now));
    let (_, submit) = world.sent.iter().find(|(_, frame)| frame["payload"]["agent"] == "b").unwrap().clone();
    world.frame(&accepted("job_2", &submit));
    let subscribe = world.last("job.subscribe");
    let expected = json!({ "job_id": "job_1", "from_event_seq": 300, "history": true });
    assert_eq!(subscribe["payload"], expected);
    // Refused, that is told, and the job goes on.
    world.acts.clear();
    let mut refusal = error("PERMISSION_DENIED");
    refusal["payload"]["details"] = json!({ "request_id": subscribe["id"] });
    world.frame(&refusal);
    assert_eq!(world.told("lost")["jobs"], json!(["job_1"]));
    world.event("job_1", 301);
    assert_eq!(world.seqs(), [301]);
}

/// A session with a job, and what of it came; the runtime has these features.
fn with_features(features: &[&str], events: i64) -> World {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    let mut frame = welcome("sess_1", "rt_1");
    frame["payload"]["capabilities"]["features"] = json!(features);
    world.frame(&frame);
    let job = world.job("job_1");
    world.reads(job);
    (1..=events).for_each(|seq| world.event("job_1", seq));
    world.sleep(1_000.0);
    world
}

#[test]
fn whom_no_acknowledgement_holds_is_put_off_as_soon_as_the_reader_is_behind() {
    for (features, events, expected) in [
        (&["subscribe"][..], 256, 0),
        (&["subscribe"], 257, 1),
        (&["subscribe"], 2_000, 1),
        (&["subscribe", "ack"], 2_000, 0),
        (&[], 2_000, 0),
    ] {
        let mut world = with_features(features, events);
        assert_eq!(world.count("job.unsubscribe"), expected, "{features:?} {events}");
        // Read down, it goes on behind what came.
        world.with(|client, now| client.handle_read(1, u32::try_from(events).unwrap(), now));
        assert_eq!(world.count("job.subscribe"), expected);
        if expected == 1 {
            assert_eq!(world.last("job.subscribe")["payload"]["from_event_seq"], events);
        }
    }
}

#[test]
fn what_the_runtime_could_not_keep_is_told_as_lost() {
    let mut world = with_features(&["subscribe"], 1);
    assert!(!world.has_told("lost"));
    let payload = json!({ "kind": "x-vendor.arcgate.dropped", "ts": "2026-01-01T00:00:00Z", "body": { "count": 578 } });
    world.frame(&numbered("job.event", "job_1", 2, payload));
    let lost = world.told("lost");
    assert_eq!((&lost["reason"], &lost["jobs"]), (&json!("EVENTS"), &json!(["job_1"])));
    assert_eq!(world.seqs(), [1, 2], "it stands among the events, too");
}

#[test]
fn what_was_under_way_when_a_job_is_taken_up_comes_once() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.reads(job);
    (1..=300).for_each(|seq| world.event("job_1", seq));
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    let submit = world.last("job.unsubscribe");
    assert_eq!(submit["job_id"], "job_1");
    world.with(|client, now| client.handle_read(job as u32, 300, now));
    let (_, submit) = world.sent.iter().find(|(_, frame)| frame["payload"]["agent"] == "b").unwrap().clone();
    world.frame(&accepted("job_2", &submit));
    let subscribe = world.last("job.subscribe");
    world.acts.clear();
    // Sent before the runtime has heard of it, and received before and after its answer: all of it comes again behind.
    world.event("job_1", 301);
    let payload = json!({ "job_id": "job_1", "request_id": subscribe["id"], "subscribed_from": 304, "replayed": true });
    world.frame(&message("job.subscribed", payload));
    world.event("job_1", 302);
    world.event("job_1", 303);
    assert!(world.seqs().is_empty());
    (304..=306).for_each(|seq| world.event("job_1", seq));
    assert_eq!(world.seqs(), [304, 305, 306]);
    assert!(!world.has_told("lost") && !world.has_told("reconnecting"));
}

#[test]
fn whoever_leaves_a_job_that_was_put_off_still_has_its_result() {
    for reader in [Reader::Gone, Reader::Result] {
        let mut world = World::opened();
        let job = world.job("job_1");
        for seq in 1..=300 {
            world.event("job_1", seq);
        }
        world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
        assert_eq!(world.count("job.unsubscribe"), 1);
        world.with(|client, now| client.handle_reader(job as u32, reader, now));
        let subscribe = world.last("job.subscribe");
        assert_eq!(subscribe["payload"]["history"], json!(reader == Reader::Result));
        world.frame(&message(
            "job.subscribed",
            json!({ "job_id": "job_1", "request_id": subscribe["id"], "replayed": true }),
        ));
        world.frame(&result("job_1", 301));
        assert_eq!(world.take("result")["job"], job);
    }
}

#[test]
fn without_subscriptions_others_go_on_and_what_is_given_up_is_told() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    let mut frame = welcome("sess_1", "rt_1");
    frame["payload"]["capabilities"]["features"] = json!(["ack"]);
    world.frame(&frame);
    let job = world.job("job_1");
    world.reads(job);
    for seq in 1..=300 {
        world.event("job_1", seq);
    }
    world.sleep(1_000.0);
    assert_eq!(world.count("session.ack"), 0);
    world.job("job_2");
    world.sleep(200.0);
    assert_eq!(world.last("session.ack")["payload"]["last_processed_seq"], 300, "somebody else waits");
    world.acts.clear();
    for seq in 301..=5_000 {
        world.event("job_1", seq);
    }
    world.sleep(200.0);
    let lost = world.told("lost");
    assert_eq!((&lost["fromSeq"], &lost["toSeq"], &lost["jobs"]), (&json!(1), &json!(904), &json!(["job_1"])));
    assert_eq!(world.count("job.unsubscribe") + world.count("job.subscribe"), 0, "not agreed on");
    world.event("job_1", 5_001);
    world.frame(&result("job_1", 5_002));
    let events: Vec<_> = world.acts.iter().filter(|act| act["event"]["type"] == "lost").collect();
    assert_eq!(events.last().unwrap()["event"]["toSeq"], 905, "before the end, at the latest");
}

#[test]
fn what_is_given_up_before_the_connection_is_lost_is_told_on_the_next() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    let mut frame = welcome("sess_1", "rt_1");
    frame["payload"]["capabilities"]["features"] = json!(["ack"]);
    world.open();
    world.frame(&frame);
    let job = world.job("job_1");
    world.reads(job);
    for seq in 1..=5_000 {
        world.event("job_1", seq);
    }
    assert!(!world.has_told("lost"), "in a moment");
    world.gone(1006);
    world.sleep(40_000.0);
    world.open();
    world.frame(&frame);
    world.sleep(200.0);
    assert_eq!(world.told("lost")["toSeq"], 904);
}
