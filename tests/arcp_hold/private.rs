//! What is not a client's to have: whether others have a job, events that it has no feature for; and what it is told of what it lost.

use arcgate::sans_io::arcp::Frame;
use serde_json::{json, Value};

use crate::script::Script;

fn numbers(script: &Script) -> Vec<i64> {
    script.told.iter().filter_map(|frame| frame["event_seq"].as_i64()).collect()
}

/// What the client is told from now on but for `id`s of frames, which are the hold's.
fn told_after(script: &mut Script, what: impl FnOnce(&mut Script)) -> Vec<Value> {
    let before = script.told.len();
    what(script);
    let mut told = script.told[before..].to_vec();
    for frame in &mut told {
        frame["id"] = Value::Null;
    }
    told
}

/// As the TypeScript SDK's runtime: for a job that isn't there in a numbered frame, for somebody else's in another one. And as the
/// Python SDK's.
#[test]
fn a_subscription_to_a_job_of_another_is_answered_as_one_to_none() {
    for is_numbered in [true, false] {
        let mut told = Vec::new();
        for (job, is_missing) in [("job_theirs", false), ("job_nobodys", true)] {
            let mut script = Script::open();
            script.submit();
            script.event("job_1", 1, "before");
            let answer = told_after(&mut script, |script| {
                script.ask_as("ask_1", "job.subscribe", &json!({ "job_id": job }));
                if is_missing && is_numbered {
                    let payload =
                        json!({ "final_status": "error", "code": "JOB_NOT_FOUND", "message": job, "retryable": false });
                    script.say_of(job, 2, "job.error", &payload);
                } else {
                    let code = if is_missing { "JOB_NOT_FOUND" } else { "PERMISSION_DENIED" };
                    script.say("session.error", &json!({ "code": code, "message": job, "retryable": false }));
                }
                script.event("job_1", if is_missing && is_numbered { 3 } else { 2 }, "after");
            });
            assert_eq!(numbers(&script), [1, 2], "no gap tells of the one that is not passed on");
            script.restart();
            script.wait(1.0, |script| {
                if script.asked.len() == 1 {
                    script.welcome();
                }
            });
            script.come(Some(2));
            script.event("job_1", if is_missing && is_numbered { 4 } else { 3 }, "later");
            assert_eq!(numbers(&script), [3], "nor after the object was gone");
            told.push(answer);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0][0]["payload"]["code"], "JOB_NOT_FOUND");
        assert_eq!(told[0][0]["payload"]["request_id"], "ask_1");
    }
}

#[test]
fn what_was_asked_before_the_upstream_was_lost_tells_nothing_afterwards() {
    let mut script = Script::open();
    script.ask("job.subscribe", &json!({ "job_id": "job_nobodys" }));
    script.lose_upstream();
    script.wait(1.0, |_| {});
    script.welcome();
    script.come(Some(0));
    let payload = json!({ "final_status": "error", "code": "JOB_NOT_FOUND", "message": "no", "retryable": false });
    script.say_of("job_nobodys", 1, "job.error", &payload);
    assert_eq!(script.types(), ["session.welcome"]);
}

#[test]
fn a_cancel_of_what_is_not_the_sessions_own_goes_nowhere_unless_it_was_shown() {
    let mut script = Script::open();
    script.submit();
    let asked = script.asked.len();
    for job in ["job_theirs", "job_nobodys"] {
        let told = told_after(&mut script, |script| script.ask_as("ask_1", "job.cancel", &json!({ "job_id": job })));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["payload"]["code"], "JOB_NOT_FOUND");
        assert_eq!(told[0]["payload"]["request_id"], "ask_1");
    }
    assert_eq!(script.asked.len(), asked, "no runtime that tells them apart is asked");
    script.ask("session.list_jobs", &json!({}));
    script.say(
        "session.jobs",
        &json!({ "request_id": "01J", "jobs": [{ "job_id": "job_earlier" }], "next_cursor": null }),
    );
    script.say("job.subscribed", &json!({ "job_id": "job_followed" }));
    for job in ["job_1", "job_earlier", "job_followed"] {
        script.ask("job.cancel", &json!({ "job_id": job, "reason": "r" }));
        assert_eq!(script.asked.last().unwrap()["payload"]["job_id"], job);
    }
}

/// The end of a delegated job may have any code; that of a refusal is the same.
#[test]
fn a_job_that_was_shown_is_known_after_the_object_was_gone() {
    for shows in ["list", "subscription", "event"] {
        let mut script = Script::open();
        match shows {
            "list" => script.say("session.jobs", &json!({ "request_id": "01J", "jobs": [{ "job_id": "job_theirs" }] })),
            "subscription" => script.say("job.subscribed", &json!({ "job_id": "job_theirs" })),
            _ => script.event("job_theirs", 1, "m"),
        }
        let last = script.told.iter().filter_map(|frame| frame["event_seq"].as_i64()).max().unwrap_or(0);
        script.ask("session.ack", &json!({ "last_processed_seq": last }));
        for _ in 0..2 {
            script.restart();
            script.wait(1.0, |script| {
                if script.asked.len() == 1 {
                    script.welcome();
                }
            });
        }
        script.come(Some(last));
        script.ask("job.cancel", &json!({ "job_id": "job_theirs" }));
        assert_eq!(script.asked.last().unwrap()["type"], "job.cancel", "{shows}");
        let payload = json!({ "final_status": "error", "code": "JOB_NOT_FOUND", "message": "m", "retryable": false });
        script.say_of("job_nobodys", last + 1, "job.error", &payload);
        script.say_of("job_theirs", last + 2, "job.error", &payload);
        assert_eq!(
            (script.types(), numbers(&script)),
            (vec!["session.welcome", "job.error"], vec![last + 1]),
            "{shows}"
        );
        assert_eq!(script.told[1]["job_id"], "job_theirs");
    }
}

#[test]
fn questions_that_could_be_told_apart_wait() {
    let mut script = Script::open();
    for number in 0..65 {
        script.ask("job.subscribe", &json!({ "job_id": format!("job_{number}x") }));
    }
    let told = script.told.last().unwrap();
    assert_eq!(told["payload"]["details"], json!({ "reason": "too_many_pending_lookups", "limit": 64 }));
    assert_eq!((&told["payload"]["retryable"], &told["payload"]["request_id"]), (&json!(true), &json!("01J")));
}

#[test]
fn progress_is_withheld_from_who_has_not_its_feature_and_leaves_no_gap() {
    let mut script = Script::open();
    script.submit();
    let progress = json!({ "kind": "progress", "ts": "2026-01-01T00:00:00Z", "body": { "current": 1 } });
    script.event("job_1", 1, "one");
    for seq in 2..200 {
        script.say_of("job_1", seq, "job.event", &progress);
    }
    let acked = script.asked.iter().rfind(|frame| frame["type"] == "session.ack").unwrap();
    let acked = acked["payload"]["last_processed_seq"].as_i64().unwrap();
    script.restart();
    script.wait(1.0, |_| {});
    let after = script.asked[0]["payload"]["resume"]["last_event_seq"].as_i64().unwrap();
    assert!(after >= acked, "{after}: what was acknowledged ({acked}) is not asked for again");
    script.welcome();
    script.come(Some(1));
    for seq in after + 1..200 {
        script.say_of("job_1", seq, "job.event", &progress);
    }
    script.say_of("job_1", 200, "job.result", &json!({ "final_status": "success", "result": 1 }));
    assert_eq!((script.types(), numbers(&script)), (vec!["session.welcome", "job.result"], vec![2]));
}

#[test]
fn a_submit_has_a_trace_id() {
    let mut script = Script::open();
    script.submit();
    let trace_id = script.asked.last().unwrap()["trace_id"].as_str().unwrap().to_owned();
    assert!(trace_id.len() == 32 && trace_id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace_id}");
    script.submit();
    assert_ne!(script.asked.last().unwrap()["trace_id"], trace_id.as_str());
}

#[test]
fn a_submit_that_a_trace_id_would_make_too_long_goes_on_as_it_is() {
    for (spare, has_trace_id) in [(46, true), (45, false), (0, false)] {
        let mut script = Script::open();
        let payload = |input: &str| json!({ "agent": "echo", "input": input });
        let length = |input: &str| {
            Frame::new("job.submit", "01J", &payload(input).to_string()).of_session("sess_1").write().len()
        };
        script.ask("job.submit", &payload(&"x".repeat((1 << 20) - length("") - spare)));
        let sent = script.asked.last().unwrap();
        assert_eq!(sent["type"], "job.submit");
        assert_eq!(sent.get("trace_id").is_some(), has_trace_id, "{spare} bytes to spare");
    }
}

#[test]
fn the_very_same_frame_comes_once() {
    let mut script = Script::open();
    script.submit();
    for seq in [1, 2, 2, 1, 3] {
        script.event("job_1", seq, "m");
    }
    assert_eq!(numbers(&script), [1, 2, 3]);
    // A subscription is asked for again, with what was: that comes again.
    for _ in 0..2 {
        script.ask("job.subscribe", &json!({ "job_id": "job_2", "history": true }));
        script.event("job_2", 1, "m");
    }
    assert_eq!(numbers(&script), [1, 2, 3, 4, 5]);
}

#[test]
fn an_answer_that_was_too_long_to_be_kept_is_told_of() {
    let mut script = Script::open();
    script.ask_as("ask_1", "session.list_jobs", &json!({}));
    script.leave();
    let jobs: Vec<_> = (0..1100).map(|at| json!({ "job_id": format!("job_{at}{}", "x".repeat(1000)) })).collect();
    script.say("session.jobs", &json!({ "request_id": "ask_1", "jobs": jobs, "next_cursor": null }));
    script.restart();
    script.come(Some(0));
    script.wait(1.0, |script| {
        if script.asked.len() == 1 {
            script.welcome();
        }
    });
    assert_eq!(script.types(), ["session.welcome", "session.error"]);
    let payload = &script.told[1]["payload"];
    assert_eq!((&payload["code"], &payload["retryable"]), (&json!("INTERNAL_ERROR"), &json!(true)));
    assert_eq!(payload["request_id"], "ask_1");
    let details = &payload["details"];
    assert_eq!((&details["reason"], &details["type"]), (&json!("answer_too_long"), &json!("session.jobs")));
    assert!(details["bytes"].as_u64() > Some(1 << 20) && details["limit"] == 1 << 20);
}
