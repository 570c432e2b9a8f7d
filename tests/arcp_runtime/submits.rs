//! Submit, events, results (ARCP 1.1 §7, §8).

use super::*;

#[test]
fn echo_from_submit_to_result() {
    let mut world = World::new();
    let client = world.connect("alice");
    let request = world.say(&client, "job.submit", &json!({"agent": "echo", "input": {"a": [1, null]}}));
    let accepted = world.take(client.conn, "job.accepted");
    let job = accepted["job_id"].as_str().unwrap().to_owned();
    let trace_id = accepted["trace_id"].as_str().unwrap();
    assert_eq!(trace_id.len(), 32, "made up, for the client had none");
    assert_eq!(accepted["payload"]["trace_id"], trace_id);
    assert_eq!(accepted["payload"]["agent"], "echo");
    assert_eq!(accepted["payload"]["lease"], json!({}));
    assert_eq!(accepted["payload"]["request_id"], request.as_str());
    assert_eq!(accepted.get("event_seq"), None);
    let (run, agent, action) = world.runs[0].clone();
    assert_eq!((run.as_str(), agent.as_str()), (job.as_str(), "echo"));
    assert_eq!(action["input"], json!({"a": [1, null]}));
    assert!(!action.to_string().contains("alice"), "the agent doesn't learn who it is");
    world.output(&job, &json!({"a": [1, null]}));
    let result = world.take(client.conn, "job.result");
    assert_eq!(result["payload"]["final_status"], "success");
    assert_eq!(result["payload"]["result"], json!({"a": [1, null]}));
    assert_eq!(result["event_seq"], 1);
    assert_eq!(result["trace_id"], trace_id);
    assert!(result["payload"]["completed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(world.statuses(&client), ["success"]);
}

#[test]
fn events_are_numbered_and_end_with_one_terminal() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count", "input": {"to": 2}}));
    world.progress(&job, 1);
    world.event(&job, "log", &json!({"level": "info", "message": "half"}));
    world.event(&job, "x-vendor.acme.thing", &json!({"a": 1}));
    world.output(&job, &json!(2));
    // Whatever comes later is nobody's.
    world.progress(&job, 3);
    world.output(&job, &json!(3));
    world.hub.handle_failure(&job, "INTERNAL_ERROR", None, world.time());
    world.hub.handle_abort(&job, world.time());
    world.drain();
    let got = world.got(client.conn);
    assert_eq!(types(&got), ["job.event", "job.event", "job.event", "job.result"]);
    assert_eq!(numbers(&got), [1, 2, 3, 4]);
    assert_eq!(got[0]["payload"]["kind"], "progress");
    assert_eq!(got[0]["payload"]["body"], json!({"current": 1}));
    assert!(got[0]["payload"]["ts"].is_string());
    // Other jobs of the session go on in the same numbers.
    let other = world.submit(&client, &json!({"agent": "echo"}));
    world.output(&other, &json!(null));
    assert_eq!(numbers(&world.got(client.conn)), [5]);
}

#[test]
fn versions() {
    let mut world = World::new();
    let client = world.connect("alice");
    for (wanted, resolved) in [("multi", "multi@2"), ("multi@1", "multi@1"), ("echo", "echo")] {
        let request = world.say(&client, "job.submit", &json!({ "agent": wanted }));
        let accepted = world.take(client.conn, "job.accepted");
        assert_eq!(accepted["payload"]["agent"], resolved);
        assert_eq!(accepted["payload"]["request_id"], request.as_str());
        assert_eq!(world.runs.last().unwrap().1, resolved);
    }
    for (wanted, code) in [
        ("nobody", "AGENT_NOT_AVAILABLE"),
        ("nobody@1", "AGENT_NOT_AVAILABLE"),
        ("multi@3", "AGENT_VERSION_NOT_AVAILABLE"),
        ("echo@1", "AGENT_VERSION_NOT_AVAILABLE"),
        ("Echo", "INVALID_REQUEST"),
        ("multi@", "INVALID_REQUEST"),
        ("multi@1@2", "INVALID_REQUEST"),
        ("-echo", "INVALID_REQUEST"),
        ("", "INVALID_REQUEST"),
    ] {
        let request = world.say(&client, "job.submit", &json!({ "agent": wanted }));
        world.refused(&client, &request, code);
    }
    let plain = world.connect_with("alice", &["ack"]);
    let request = world.say(&plain, "job.submit", &json!({"agent": "multi@1"}));
    world.refused(&plain, &request, "INVALID_REQUEST");
}

#[test]
fn submits_that_are_wrong_are_refused() {
    let mut world = World::new();
    let client = world.connect("alice");
    let cases = [
        json!({}),
        json!({"agent": 1}),
        json!({"agent": "echo", "lease_request": []}),
        json!({"agent": "echo", "lease_request": {"fs.read": "/"}}),
        json!({"agent": "echo", "lease_request": {"fs.read": [1]}}),
        json!({"agent": "echo", "lease_request": {"cost.budget": ["USD:1.00"]}}),
        json!({"agent": "echo", "lease_request": {"model.use": ["*"]}}),
        json!({"agent": "echo", "lease_request": {"fs.read": ["x".repeat(5000)]}}),
        json!({"agent": "echo", "lease_constraints": {"expires_at": "2026-01-01T00:00:00Z"}}),
        json!({"agent": "echo", "lease_constraints": {"expires_at": "2099-01-01T00:00:00+00:00"}}),
        json!({"agent": "echo", "lease_constraints": {"expires_at": 4_070_908_800_i64}}),
        json!({"agent": "echo", "lease_constraints": {"expires_at": "2099-01-01T00:00:00Z", "more": 1}}),
        json!({"agent": "echo", "idempotency_key": ""}),
        json!({"agent": "echo", "idempotency_key": "x".repeat(257)}),
        json!({"agent": "echo", "max_runtime_sec": 0}),
        json!({"agent": "echo", "max_runtime_sec": "1"}),
    ];
    for payload in &cases {
        let request = world.say(&client, "job.submit", payload);
        world.refused(&client, &request, "INVALID_REQUEST");
    }
    assert!(world.runs.is_empty());
    let nulls = json!({"agent": "echo", "input": null, "lease_request": null, "lease_constraints": null,
        "idempotency_key": null, "max_runtime_sec": null});
    world.submit(&client, &nulls);
    let old = world.connect_with("alice", &["ack"]);
    let request = world.say(
        &old,
        "job.submit",
        &json!({"agent": "echo", "lease_constraints": {"expires_at": "2099-01-01T00:00:00Z"}}),
    );
    world.refused(&old, &request, "INVALID_REQUEST");
}

#[test]
fn a_lease_is_what_was_asked_for_and_ends_when_it_says() {
    let mut world = World::new();
    let client = world.connect("alice");
    let expires_at = world.time().plus(arcgate::sans_io::time::Span::from_secs(60)).to_rfc3339();
    let lease = json!({"net.fetch": ["https://a.example/**"], "fs.read": []});
    world.say(
        &client,
        "job.submit",
        &json!({"agent": "echo", "lease_request": lease, "lease_constraints": {"expires_at": expires_at}}),
    );
    let accepted = world.take(client.conn, "job.accepted");
    assert_eq!(accepted["payload"]["lease"], lease);
    assert_eq!(accepted["payload"]["lease_constraints"], json!({"expires_at": expires_at}));
    assert_eq!(accepted["payload"].get("budget"), None);
    assert_eq!(world.runs[0].2["lease"], lease);
    world.sleep(59_999);
    assert!(world.got(client.conn).is_empty());
    world.sleep(1);
    let error = world.take(client.conn, "job.error");
    assert_eq!(error["payload"]["code"], "LEASE_EXPIRED");
    assert_eq!(error["payload"]["final_status"], "error");
    assert_eq!(error["payload"]["retryable"], false);
    assert_eq!(world.aborts[0].1, "lease_expired");
}

#[test]
fn a_job_may_run_for_so_long() {
    let mut world = World::with(json!({"maxRuntimeSec": 100}));
    let client = world.connect("alice");
    let short = world.submit(&client, &json!({"agent": "echo", "max_runtime_sec": 1.5}));
    let long = world.submit(&client, &json!({"agent": "echo", "max_runtime_sec": 1e6}));
    world.sleep(1500);
    let error = world.take(client.conn, "job.error");
    assert_eq!(error["job_id"], short.as_str());
    assert_eq!(
        (&error["payload"]["code"], &error["payload"]["final_status"]),
        (&json!("TIMEOUT"), &json!("timed_out"))
    );
    assert_eq!(world.aborts, [(short, "timeout".to_owned())]);
    world.sleep(98_500);
    assert_eq!(
        world.take(client.conn, "job.error")["job_id"],
        long.as_str(),
        "the deployment's bound is the last word"
    );
    assert_eq!(world.hub.poll_timeout(), None);
}

#[test]
fn the_same_key_is_the_same_job() {
    let mut world = World::new();
    let client = world.connect("alice");
    let payload = json!({"agent": "count", "input": {"a": 1, "b": 2}, "idempotency_key": "k"});
    world.say(&client, "job.submit", &payload);
    let mut first = world.take(client.conn, "job.accepted");
    let job = first["job_id"].as_str().unwrap().to_owned();
    let again = json!({"idempotency_key": "k", "input": {"b": 2, "a": 1}, "agent": "count"});
    world.say(&client, "job.submit", &again);
    let mut second = world.take(client.conn, "job.accepted");
    for accepted in [&mut first, &mut second] {
        assert!(accepted["payload"]["request_id"].take().is_string());
    }
    assert_eq!(first["payload"], second["payload"]);
    assert_eq!(world.runs.len(), 1);
    world.progress(&job, 1);
    assert_eq!(numbers(&world.got(client.conn)), [1], "once, not twice");
    for other in [
        json!({"agent": "count", "input": {"a": 1}, "idempotency_key": "k"}),
        json!({"agent": "echo", "input": {"a": 1, "b": 2}, "idempotency_key": "k"}),
        json!({"agent": "count", "input": {"a": 1, "b": 2}, "idempotency_key": "k", "max_runtime_sec": 1}),
    ] {
        let request = world.say(&client, "job.submit", &other);
        world.refused(&client, &request, "DUPLICATE_KEY");
    }
    // Another principal's key is another key.
    let bob = world.connect("bob");
    assert_ne!(world.submit(&bob, &payload), job);

    // Another session of the same principal gets what there was, and what follows.
    let other = world.connect("alice");
    assert_eq!(world.submit(&other, &payload), job);
    world.output(&job, &json!("end"));
    assert_eq!(types(&world.got(other.conn)), ["job.event", "job.result"]);
    assert_eq!(types(&world.got(client.conn)), ["job.result"]);
    // After the end: the end again.
    let late = world.connect("alice");
    assert_eq!(world.submit(&late, &payload), job);
    let got = world.got(late.conn);
    assert_eq!(types(&got), ["job.event", "job.result"]);
    assert_eq!(numbers(&got), [1, 2]);
    assert_eq!(world.submit(&client, &payload), job);
    assert_eq!(types(&world.got(client.conn)), ["job.result"]);
    assert_eq!(world.runs.len(), 2);
    world.sleep(86_400_000);
    world.say(&bob, "session.ping", &json!({"nonce": "n"}));
    assert_ne!(world.submit(&late, &payload), job, "a day later it is a new one");
}

#[test]
fn running_jobs_are_limited_by_principal() {
    let mut world = World::with(json!({"maxJobs": 2}));
    let alice = world.connect("alice");
    let first = world.submit(&alice, &json!({"agent": "echo"}));
    world.submit(&alice, &json!({"agent": "echo"}));
    let other = world.connect("alice");
    let request = world.say(&other, "job.submit", &json!({"agent": "echo"}));
    world.refused(&other, &request, "INTERNAL_ERROR");
    let bob = world.connect("bob");
    world.submit(&bob, &json!({"agent": "echo"}));
    world.output(&first, &json!(1));
    world.submit(&other, &json!({"agent": "echo"}));
}

#[test]
fn the_python_client_is_told_in_its_own_words() {
    let mut world = World::new();
    let mut hello = World::hello(&ALL, "alice", None);
    hello["capabilities"]["agents"] = json!([]);
    let conn = world.attach(&hello);
    let client = world.welcomed(conn, "alice");
    let cancelled = world.submit(&client, &json!({"agent": "echo"}));
    world.say_of(&client, "job.cancel", Some(&cancelled), &json!({"reason": "r"}));
    world.take(conn, "job.cancelled");
    world.hub.handle_abort(&cancelled, world.time());
    world.drain();
    let end = world.take(conn, "job.result");
    assert_eq!(end["payload"]["final_status"], "cancelled");
    world.submit(&client, &json!({"agent": "echo", "max_runtime_sec": 1}));
    world.sleep(1000);
    assert_eq!(world.take(conn, "job.result")["payload"]["final_status"], "timed_out");
}

#[test]
fn a_configuration_that_is_wrong_is_named() {
    for (config, expected) in [
        (json!({"agents": ["Bad Name"]}), "`agents.Bad Name` is no name that ARCP 1.1 §7.5 allows"),
        (json!({"agents": ["a@"]}), "`agents.a@` is no name"),
        (json!({"agents": "echo"}), "`agents` must be a list"),
        (json!({"resumeWindowSec": 0}), "`resumeWindowSec` must be a number"),
        (json!({"resumeWindow": 1}), "did you mean `resumeWindowSec`"),
    ] {
        let error = Hub::new(&config.to_string(), 0).map(drop).unwrap_err();
        assert!(error.message().contains(expected), "{}", error.message());
    }
}
