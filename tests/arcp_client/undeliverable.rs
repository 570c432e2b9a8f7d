//! Events that a gateway can't pass on, and ends that may be among what is lost.

use super::{unreadable::lost, *};

#[test]
fn a_gateway_that_cannot_pass_an_event_on_is_passed_by() {
    let mut world = World::opened();
    world.job("job_1");
    world.event("job_1", 1);
    let number = world.with(|client, now| client.handle_list("{}", now));
    let mut said = error("INTERNAL_ERROR");
    said["payload"]["details"] = json!({ "reason": "upstream_frame_too_large", "event_seq": 2 });
    world.frame(&said);
    world.gone(4422);
    assert!(!world.acts.iter().any(|act| act["request"] == number), "the error is no answer to a request");
    let event = lost(&world, "UNREADABLE");
    assert_eq!((&event["fromSeq"], &event["toSeq"]), (&json!(2), &json!(2)));
    assert_eq!(world.resumed()["payload"]["resume"]["last_event_seq"], 2);
    world.event("job_1", 3);
    assert_eq!(world.seqs(), [1, 3]);
    assert_eq!(world.take("missed")["count"], 1);
    // One that doesn't say which event it is: once more, and then it is final.
    let mut world = World::opened();
    world.gone(4422);
    world.resumed();
    assert!(!world.has("closed"));
    world.gone(4422);
    let closed = world.take("closed");
    assert_eq!((&closed["code"], &closed["error"]["retryable"]), (&json!("ERR_PROTOCOL"), &json!(false)));
}

/// A welcome from a runtime that has no list of jobs, and no heartbeat that would end the connection.
fn without_lists(token: &str) -> serde_json::Value {
    let mut frame = welcome("sess_1", token);
    frame["payload"]["capabilities"]["features"] = json!(["ack"]);
    frame
}

/// What a gateway says of an event that it can't pass on, and its end.
fn not_passed(world: &mut World, details: serde_json::Value) {
    let mut said = error("INTERNAL_ERROR");
    said["payload"]["details"] = details;
    world.frame(&said);
    world.gone(4422);
}

#[test]
fn an_end_that_a_gateway_cannot_pass_on_fails_its_job_with_the_size_and_the_limit() {
    for kind in ["job.result", "job.error"] {
        let mut world = World::opened();
        let (one, other) = (world.job("job_1"), world.job("job_2"));
        world.event("job_1", 1);
        let details = json!({ "reason": "upstream_frame_too_large", "event_seq": 2, "bytes": 5_000_210, "limit": 4_194_304,
            "type": kind, "job_id": "job_1" });
        not_passed(&mut world, details);
        assert_eq!(lost(&world, "UNREADABLE")["jobs"], json!(["job_1"]));
        let failed = world.take("failed");
        assert_eq!((&failed["job"], &failed["error"]["code"]), (&json!(one), &json!("ERR_PROTOCOL")));
        assert_eq!(failed["error"]["retryable"], false);
        let details = &failed["error"]["details"];
        assert_eq!(details["reason"], "upstream_frame_too_large");
        assert_eq!((&details["bytes"], &details["limit"]), (&json!(5_000_210), &json!(4_194_304)));
        assert!(failed["error"]["message"].as_str().unwrap().contains("5000210 bytes"));
        // The other goes on.
        assert_eq!(world.resumed()["payload"]["resume"]["last_event_seq"], 2);
        world.frame(&result("job_2", 3));
        assert_eq!(world.take("result")["job"], other);
    }
}

#[test]
fn what_may_have_been_an_end_is_not_waited_for_without_end() {
    for (jobs, heard) in [(1, false), (1, true), (2, false), (2, true)] {
        let mut world = World::of(OPTIONS);
        world.with(|client, now| client.handle_start(now));
        world.open();
        world.frame(&without_lists("rt_1"));
        world.acts.clear();
        let handles: Vec<u64> = (1..=jobs).map(|n| world.job(&format!("job_{n}"))).collect();
        world.event("job_1", 1);
        let details = json!({ "reason": "upstream_malformed", "event_seq": 2 });
        not_passed(&mut world, details);
        world.sleep(40_000.0);
        world.open();
        world.frame(&without_lists("rt_2"));
        assert!(!world.has("failed"), "it may go on");
        if heard {
            world.event("job_1", 3);
        }
        world.sleep(20_000.0);
        let failed: Vec<_> = world.acts.iter().filter(|act| act["do"] == "failed").cloned().collect();
        let of: Vec<_> = failed.iter().map(|act| act["job"].as_u64().unwrap()).collect();
        assert_eq!(of, if heard { &handles[1..] } else { &handles[..] });
        for act in failed {
            assert_eq!(act["error"]["code"], "ERR_PROTOCOL");
            assert_eq!(act["error"]["details"]["reason"], "upstream_malformed");
        }
    }
}
