//! Requests: which answer is whose, and those that no runtime could take.

use super::*;

#[test]
fn a_frame_that_is_too_large_is_its_own_requests_error() {
    let large = format!(r#"{{"agent":"a","input":"{}"}}"#, "x".repeat(5_000));
    for (is_told, is_large_first) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut world = World::opened();
        world.job("job_0");
        let submit = |world: &mut World, payload: &str| {
            world.with(|client, now| client.handle_submit(payload, None, false, now))
        };
        let (one, other) = match is_large_first {
            true => (submit(&mut world, &large), submit(&mut world, r#"{"agent":"b"}"#)),
            false => {
                let other = submit(&mut world, r#"{"agent":"b"}"#);
                (submit(&mut world, &large), other)
            }
        };
        let size = world.sent.iter().map(|(_, frame)| frame.to_string().len()).max().unwrap();
        if is_told {
            let mut said = error("INVALID_REQUEST");
            said["payload"]["details"] = json!({ "reason": "frame_too_large", "bytes": size, "limit": 4096 });
            world.frame(&said);
        }
        world.gone(4413);
        let refusals: Vec<_> = world.acts.iter().filter(|act| act["do"] == "refused").cloned().collect();
        let of = |number: u32| refusals.iter().find(|act| act["request"] == number);
        let refused = &of(one).unwrap()["error"];
        let code = if is_told { "ERR_REMOTE" } else { "ERR_PROTOCOL" };
        assert_eq!((refused["code"].as_str(), &refused["retryable"]), (Some(code), &json!(false)));
        assert_eq!(refused["details"]["bytes"], size);
        if is_large_first {
            // What stood behind it was not read: it is asked for again.
            assert!(of(other).is_none());
            world.resumed();
            let (_, again) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "job.submit").unwrap();
            assert_eq!(again["payload"]["agent"], "b");
        } else {
            assert_eq!(of(other).unwrap()["error"]["code"], "ERR_NETWORK");
            world.resumed();
        }
        // From now on it is known.
        if is_told {
            let submits = world.count("job.submit");
            world.acts.clear();
            let number = submit(&mut world, &large);
            let refused = world.acts.iter().find(|act| act["do"] == "refused" && act["request"] == number);
            assert_eq!(refused.unwrap()["error"]["details"]["limit"], 4096);
            assert_eq!(world.count("job.submit"), submits);
        }
    }
}

#[test]
fn what_no_connection_survives_is_not_asked_for_for_ever() {
    let mut world = World::opened();
    let number = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, true, now));
    for _ in 0..3 {
        world.gone(1006);
        assert!(!world.has("refused"));
        world.resumed();
    }
    world.gone(1006);
    let refused = world.take("refused");
    assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(number), &json!("ERR_NETWORK")));
    assert_eq!(refused["error"]["details"]["tries"], 4);
}

#[test]
fn what_cannot_be_said_is_refused_before_it_is_sent() {
    let mut world = World::opened();
    for (payload, path) in [
        (r#"{"agent":"a","input":{"text":["x","y\ud83d"]}}"#.to_owned(), "input.text[1]"),
        (format!(r#"{{"agent":"a","input":{}1{}}}"#, "[".repeat(80), "]".repeat(80)), "input[0]"),
    ] {
        let number = world.with(|client, now| client.handle_submit(&payload, None, true, now));
        let refused = world.take("refused");
        assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(number), &json!("ERR_CONFIG")));
        assert!(refused["error"]["details"]["subject"].as_str().unwrap().starts_with(path), "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(path), "{refused}");
    }
    assert_eq!(world.count("job.submit"), 0);
}

#[test]
fn a_refusal_without_a_job_is_its_requests_alone() {
    // As Java has it: the request's own id, and `job.error`.
    let mut world = World::opened();
    let running = world.job("job_0");
    let one = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let submit = world.last("job.submit");
    let other = world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    let mut refusal =
        message("job.error", json!({ "final_status": "error", "code": "AGENT_NOT_AVAILABLE", "message": "no" }));
    refusal["id"] = submit["id"].clone();
    world.frame(&refusal);
    assert_eq!(world.take("refused")["request"], one);
    assert!(!world.has_told("reconnecting") && !world.has("refused"));
    let submit = world.last("job.submit");
    assert_eq!(submit["payload"]["agent"], "b");
    world.frame(&accepted("job_2", &submit));
    assert_eq!(world.take("accepted")["request"], other);
    // With a number, which counts.
    let third = world.with(|client, now| client.handle_submit(r#"{"agent":"c"}"#, None, false, now));
    let mut refusal = refusal.clone();
    refusal["id"] = world.last("job.submit")["id"].clone();
    refusal["event_seq"] = json!(1);
    world.frame(&refusal);
    assert_eq!(world.take("refused")["request"], third);
    world.event("job_0", 2);
    assert_eq!(world.seqs(), [2]);
    world.frame(&result("job_0", 3));
    assert_eq!(world.take("result")["job"], running);
}

#[test]
fn an_error_refuses_the_request_that_it_is_about() {
    let mut world = World::opened();
    let running = world.job("job_0");
    let one = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let other = world.with(|client, now| client.handle_list("{}", now));
    world.frame(&error("AGENT_NOT_AVAILABLE"));
    let refused = world.take("refused");
    assert_eq!(
        (&refused["request"], &refused["error"]["details"]["code"]),
        (&json!(one), &json!("AGENT_NOT_AVAILABLE"))
    );
    let listed = world.last("session.list_jobs");
    world.frame(&message("session.jobs", json!({ "request_id": listed["id"], "jobs": [], "next_cursor": null })));
    assert_eq!(world.take("answer")["request"], other);
    world.frame(&error("INTERNAL_ERROR"));
    assert_eq!(world.told("error")["error"]["retryable"], false);
    world.frame(&result("job_0", 1));
    assert_eq!(world.take("result")["job"], running, "nothing else was harmed");
    // The TS SDK refuses a submit with a job that it invents.
    let number = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let refusal = json!({ "final_status": "error", "code": "DUPLICATE_KEY", "message": "no", "retryable": false });
    world.frame(&numbered("job.error", "job_x", 2, refusal));
    assert_eq!(world.take("refused")["request"], number);
    world.job("job_9");
    world.event("job_9", 3);
    assert_eq!(world.seqs(), [3]);
}

#[test]
fn answers_find_their_requests_by_trace_too() {
    let mut world = World::opened();
    world.job("job_0");
    let one = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
    let other = world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    let trace = world.last("job.submit")["trace_id"].clone();
    world.frame(&message("job.accepted", json!({ "job_id": "job_b", "trace_id": trace })));
    assert_eq!(world.take("accepted")["request"], other);
    world.frame(&message("job.accepted", json!({ "job_id": "job_a" })));
    assert_eq!(world.take("accepted")["request"], one);
}

#[test]
fn a_trace_id_that_is_none_refuses_its_request_alone() {
    let mut world = World::opened();
    let ids = ["", "x", &"0".repeat(32), &"A".repeat(32), &"a".repeat(31), &"a".repeat(33), &"é".repeat(16)];
    for id in ids {
        let number = world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, Some(id), false, now));
        let refused = world.take("refused");
        assert_eq!((&refused["request"], &refused["error"]["code"]), (&json!(number), &json!("ERR_CONFIG")), "{id}");
        assert_eq!(refused["error"]["details"], json!({ "fault": "configuration", "subject": "traceId" }));
    }
    assert_eq!(world.count("job.submit"), 0);
    let id = format!("{}1", "0".repeat(31));
    world.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, Some(&id), false, now));
    assert_eq!(world.last("job.submit")["trace_id"], json!(id));
}
