//! Who may see and cancel what: lists, subscriptions, cancelling, policies (ARCP 1.1 §6.6, §7.4, §7.6, §14).

use super::*;

/// What a client is told, without what differs between any two answers.
pub(super) fn told(world: &mut World, client: &Client, kind: &str, job: &str) -> Value {
    world.say(client, kind, &json!({ "job_id": job }));
    let mut frame = world.take(client.conn, "session.error");
    frame["id"] = json!(null);
    frame["payload"]["request_id"] = json!(null);
    frame
}

#[test]
fn anothers_job_is_like_no_job() {
    let mut world = World::new();
    let alice = world.connect("alice");
    let bob = world.connect("bob");
    let job = world.submit(&alice, &json!({"agent": "count"}));
    for kind in ["job.cancel", "job.subscribe"] {
        let theirs = told(&mut world, &bob, kind, &job);
        assert_eq!(theirs["payload"]["code"], "JOB_NOT_FOUND");
        assert_eq!(theirs, told(&mut world, &bob, kind, "job_01J"), "{kind}");
    }
    assert!(world.statuses(&bob).is_empty());
    world.say(&bob, "job.unsubscribe", &json!({"job_id": job}));
    world.progress(&job, 1);
    assert!(world.got(bob.conn).is_empty());
    assert!(world.aborts.is_empty());
    let refused = world.audit.iter().filter(|line| line["outcome"] == "refused" && line["owner"] == "static||alice");
    assert_eq!(refused.count(), 2, "the audit log knows");
}

#[test]
fn cancelling_is_acknowledged_told_to_the_agent_and_ends_the_job_once() {
    for on_envelope in [true, false] {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "count"}));
        let request = match on_envelope {
            true => world.say_of(&client, "job.cancel", Some(&job), &json!({"reason": "enough"})),
            false => world.say(&client, "job.cancel", &json!({"job_id": job})),
        };
        let cancelled = world.take(client.conn, "job.cancelled");
        assert_eq!(cancelled["job_id"], job.as_str());
        assert_eq!(cancelled["payload"]["request_id"], request.as_str());
        assert_eq!(cancelled.get("event_seq"), None);
        assert_eq!(world.aborts, [(job.clone(), "cancelled".to_owned())]);
        // Again, before it has ended.
        world.say_of(&client, "job.cancel", Some(&job), &json!({}));
        world.take(client.conn, "job.cancelled");
        assert_eq!(world.aborts.len(), 1);
        assert_eq!(world.statuses(&client), ["running"]);
        // What it still says on its way out, an output included, changes nothing.
        world.progress(&job, 1);
        world.output(&job, &json!("late"));
        let got = world.got(client.conn);
        assert_eq!(types(&got), ["job.event", "job.error"]);
        assert_eq!(got[1]["payload"]["code"], "CANCELLED");
        assert_eq!(got[1]["payload"]["final_status"], "cancelled");
        assert_eq!(got[1]["payload"]["retryable"], false);
        // After the end there is nothing to say: the end is in the session's events.
        world.say_of(&client, "job.cancel", Some(&job), &json!({}));
        assert!(world.got(client.conn).is_empty());
        assert_eq!(world.statuses(&client), ["cancelled"]);
    }
}

#[test]
fn an_agent_that_does_not_listen_has_its_grace() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.say(&client, "job.cancel", &json!({"job_id": job}));
    world.take(client.conn, "job.cancelled");
    world.sleep(29_999);
    assert!(world.got(client.conn).is_empty());
    world.sleep(1);
    assert_eq!(world.take(client.conn, "job.error")["payload"]["code"], "CANCELLED");
    world.hub.handle_abort(&job, world.time());
    world.drain();
    assert!(world.got(client.conn).is_empty());
}

#[test]
fn another_session_cancels_only_once_the_submitting_one_is_over() {
    let mut world = World::with(json!({"resumeWindowSec": 10}));
    let first = world.connect("alice");
    let other = world.connect("alice");
    let job = world.submit(&first, &json!({"agent": "count"}));
    assert_eq!(told(&mut world, &other, "job.cancel", &job)["payload"]["code"], "JOB_NOT_FOUND");
    world.drop_conn(&first);
    assert_eq!(told(&mut world, &other, "job.cancel", &job)["payload"]["code"], "JOB_NOT_FOUND");
    world.sleep(10_000);
    world.say(&other, "job.cancel", &json!({"job_id": job}));
    world.take(other.conn, "job.cancelled");

    let second = world.connect("alice");
    let job = world.submit(&second, &json!({"agent": "count"}));
    world.say(&second, "session.close", &json!({}));
    world.say(&other, "job.cancel", &json!({"job_id": job}));
    world.take(other.conn, "job.cancelled");
    let bob = world.connect("bob");
    assert_eq!(told(&mut world, &bob, "job.cancel", &job)["payload"]["code"], "JOB_NOT_FOUND");
}

#[test]
fn lists_are_filtered_and_paged() {
    let mut world = World::new();
    let client = world.connect("alice");
    let mut jobs = Vec::new();
    for agent in ["echo", "multi@1", "multi@2", "count"] {
        jobs.push(world.submit(&client, &json!({"agent": agent, "lease_request": {"fs.read": ["/a"]}})));
        world.sleep(1000);
    }
    world.output(&jobs[0], &json!(1));
    world.got(client.conn);
    let mut list = |payload: Value| {
        let request = world.say(&client, "session.list_jobs", &payload);
        let page = world.take(client.conn, "session.jobs");
        assert_eq!(page["payload"]["request_id"], request.as_str());
        assert_eq!(page.get("event_seq"), None);
        page["payload"].clone()
    };
    let names = |page: &Value| {
        let agents = page["jobs"].as_array().unwrap().iter().map(|job| job["agent"].as_str().unwrap().to_owned());
        agents.collect::<Vec<_>>().join(" ")
    };
    let all = list(json!({}));
    assert_eq!(names(&all), "count multi@2 multi@1 echo", "the newest first");
    let echo = &all["jobs"][3];
    assert_eq!(echo["job_id"], jobs[0].as_str());
    assert_eq!(echo["status"], "success");
    assert_eq!(echo["lease"], json!({"fs.read": ["/a"]}));
    assert_eq!(echo["last_event_seq"], 1);
    assert_eq!(echo["created_at"], echo["submitted_at"]);
    assert_eq!(echo["parent_job_id"], json!(null));
    assert_eq!(echo["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(all["next_cursor"], json!(null));
    assert_eq!(names(&list(json!({"filter": {"status": ["running"]}}))), "count multi@2 multi@1");
    assert_eq!(names(&list(json!({"filter": {"status": ["nonsense"]}}))), "");
    assert_eq!(names(&list(json!({"filter": {"agent": "multi"}}))), "multi@2 multi@1");
    assert_eq!(names(&list(json!({"filter": {"agent": "multi@1"}}))), "multi@1");
    let after = all["jobs"][2]["created_at"].clone();
    assert_eq!(names(&list(json!({"filter": {"created_after": after}, "cursor": null}))), "count multi@2");
    let first = list(json!({"limit": 3}));
    assert_eq!(names(&first), "count multi@2 multi@1");
    let second = list(json!({"limit": 3, "cursor": first["next_cursor"]}));
    assert_eq!(names(&second), "echo");
    assert_eq!(second["next_cursor"], json!(null));
}

#[test]
fn a_subscription_has_the_sessions_own_numbers() {
    let mut world = World::new();
    let submitter = world.connect("alice");
    let job = world.submit(&submitter, &json!({"agent": "count"}));
    for current in 1..=3 {
        world.progress(&job, current);
    }
    let observer = world.connect("alice");
    let own = world.submit(&observer, &json!({"agent": "echo"}));
    world.output(&own, &json!(1));
    world.got(observer.conn);
    let request = world.say(&observer, "job.subscribe", &json!({"job_id": job}));
    let subscribed = world.take(observer.conn, "job.subscribed");
    let payload = &subscribed["payload"];
    assert_eq!(payload["request_id"], request.as_str());
    assert_eq!(payload["current_status"], "running");
    assert_eq!(payload["agent"], "count");
    assert_eq!((&payload["subscribed_from"], &payload["replayed"]), (&json!(2), &json!(false)));
    assert_eq!(payload.get("credentials"), None);
    world.progress(&job, 4);
    assert_eq!(numbers(&world.got(observer.conn)), [2]);
    assert_eq!(numbers(&world.got(submitter.conn)), [1, 2, 3, 4]);
    // A subscription allows no more than watching.
    assert_eq!(told(&mut world, &observer, "job.cancel", &job)["payload"]["code"], "JOB_NOT_FOUND");
    world.say(&observer, "job.unsubscribe", &json!({"job_id": job}));
    world.progress(&job, 5);
    assert!(world.got(observer.conn).is_empty());
    // History, all of it and a part: from there on in the submitter's numbers.
    for (payload, from) in [
        (json!({"job_id": job, "history": true}), 1),
        (json!({"job_id": job, "history": true, "from_event_seq": 3}), 4),
        (json!({"job_id": job, "from_event_seq": 4}), 5),
        (json!({"job_id": job, "history": false, "from_event_seq": 4}), 6),
    ] {
        world.say(&observer, "job.subscribe", &payload);
        let subscribed = world.take(observer.conn, "job.subscribed");
        assert_eq!(subscribed["payload"]["replayed"], from < 6);
        let got = world.got(observer.conn);
        let seen: Vec<i64> = got.iter().map(|frame| frame["payload"]["body"]["current"].as_i64().unwrap()).collect();
        assert_eq!(seen, (from..=5).collect::<Vec<_>>());
    }
    world.output(&job, &json!("end"));
    assert_eq!(types(&world.got(observer.conn)), ["job.result"], "followed once, whatever was asked how often");
    // A job that has ended: history with its end, or nothing.
    world.say(&observer, "job.subscribe", &json!({"job_id": job, "history": true}));
    assert_eq!(world.take(observer.conn, "job.subscribed")["payload"]["current_status"], "success");
    let got = world.got(observer.conn);
    assert_eq!(types(&got[5..]), ["job.result"]);
    assert_eq!(got.len(), 6);
    world.say(&observer, "job.subscribe", &json!({"job_id": job}));
    world.take(observer.conn, "job.subscribed");
    assert!(world.got(observer.conn).is_empty());
}

#[test]
fn ones_own_job_does_not_come_twice() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.say(&client, "job.subscribe", &json!({"job_id": job}));
    world.take(client.conn, "job.subscribed");
    world.progress(&job, 1);
    world.say(&client, "job.unsubscribe", &json!({"job_id": job}));
    world.progress(&job, 2);
    assert_eq!(numbers(&world.got(client.conn)), [1, 2]);
}

#[test]
fn a_subscription_survives_a_resume_and_ends_with_its_session() {
    let mut world = World::with(json!({"resumeWindowSec": 10}));
    let submitter = world.connect("alice");
    let job = world.submit(&submitter, &json!({"agent": "count"}));
    let observer = world.connect("alice");
    world.say(&observer, "job.subscribe", &json!({"job_id": job}));
    world.take(observer.conn, "job.subscribed");
    world.drop_conn(&observer);
    world.progress(&job, 1);
    let observer = world.resume(&observer, 0);
    assert_eq!(numbers(&world.got(observer.conn)), [1]);
    world.drop_conn(&observer);
    world.sleep(10_000);
    world.progress(&job, 2);
    assert_eq!(world.hub.counts().0, 1);
}

#[test]
fn features_that_were_not_agreed_on_are_refused() {
    let mut world = World::new();
    let client = world.connect_with("alice", &[]);
    for (kind, payload) in [
        ("session.list_jobs", json!({})),
        ("job.subscribe", json!({"job_id": "j"})),
        ("job.unsubscribe", json!({"job_id": "j"})),
    ] {
        let request = world.say(&client, kind, &payload);
        world.refused(&client, &request, "INVALID_REQUEST");
    }
    // An acknowledgement is advice.
    world.say(&client, "session.ack", &json!({"last_processed_seq": 0}));
    assert!(world.got(client.conn).is_empty());
}
