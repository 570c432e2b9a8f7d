//! What a policy decides about the jobs of others (ARCP 1.1 §14).

use super::*;

/// Answers what the policy was asked.
fn answer(world: &mut World, allowed: &[bool]) -> Value {
    let ask = world.asks.remove(0);
    world.hub.handle_policy_answer(ask["question"].as_u64().unwrap() as u32, allowed, world.time());
    world.drain();
    ask
}

#[test]
fn a_policy_decides_about_others() {
    let mut world = World::with(json!({"policy": true}));
    let alice = world.connect("alice");
    let auditor = world.connect("auditor");
    let first = world.submit(&alice, &json!({"agent": "count"}));
    let second = world.submit(&alice, &json!({"agent": "echo"}));
    world.say(&alice, "session.list_jobs", &json!({}));
    let asked = answer(&mut world, &[true])["jobs"].clone();
    assert_eq!((asked.as_array().unwrap().len(), &asked[0]["principal"]["id"]), (1, &json!("nobody")), "a stand-in");
    let own = world.take(alice.conn, "session.jobs")["payload"]["jobs"].as_array().unwrap().len();
    assert_eq!(own, 2, "one's own are nobody's question");

    world.say(&auditor, "session.list_jobs", &json!({}));
    assert!(world.got(auditor.conn).is_empty());
    let ask = answer(&mut world, &[true, false]);
    assert_eq!(ask["what"], "observe");
    assert_eq!(ask["principal"]["id"], "auditor");
    assert_eq!(ask["principal"]["labels"], json!({"name": "auditor"}));
    assert_eq!(ask["jobs"][0]["id"], first.as_str());
    assert_eq!(ask["jobs"][0]["principal"]["id"], "alice");
    assert_eq!(ask["jobs"][1]["status"], "running");
    let jobs = world.take(auditor.conn, "session.jobs");
    assert_eq!(jobs["payload"]["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(jobs["payload"]["jobs"][0]["job_id"], first.as_str());

    world.say(&auditor, "job.subscribe", &json!({"job_id": first}));
    answer(&mut world, &[true]);
    world.take(auditor.conn, "job.subscribed");
    world.progress(&first, 1);
    assert_eq!(numbers(&world.got(auditor.conn)), [1]);

    // A no reads like a job that isn't there; about one, a yes is a no.
    world.say(&auditor, "job.subscribe", &json!({"job_id": "job_01J"}));
    let ask = answer(&mut world, &[true]);
    assert_eq!((&ask["jobs"][0]["id"], &ask["jobs"][0]["agent"]), (&json!("job_01J"), &json!("echo")));
    let mut unknown = world.take(auditor.conn, "session.error");
    unknown["id"] = json!(null);
    unknown["payload"]["request_id"] = json!(null);
    world.say(&auditor, "job.subscribe", &json!({"job_id": second}));
    answer(&mut world, &[false]);
    let mut refused = world.take(auditor.conn, "session.error");
    refused["id"] = json!(null);
    refused["payload"]["request_id"] = json!(null);
    assert_eq!(refused, unknown);

    world.say(&auditor, "job.cancel", &json!({"job_id": first}));
    let ask = answer(&mut world, &[]);
    assert_eq!((&ask["what"], &ask["sameSession"]), (&json!("cancel"), &json!(false)));
    assert_eq!(world.take(auditor.conn, "session.error")["payload"]["code"], "JOB_NOT_FOUND");
    world.say(&auditor, "job.cancel", &json!({"job_id": first}));
    answer(&mut world, &[true]);
    world.take(auditor.conn, "job.cancelled");
    world.say(&alice, "job.cancel", &json!({"job_id": second}));
    assert_eq!(answer(&mut world, &[true])["sameSession"], true);
}

#[test]
fn a_question_ends_with_its_connection() {
    let mut world = World::with(json!({"policy": true}));
    let alice = world.connect("alice");
    let job = world.submit(&alice, &json!({"agent": "count"}));
    let bob = world.connect("bob");
    for _ in 0..16 {
        assert!(!world.hub.has_all_questions(bob.conn));
        world.say(&bob, "job.subscribe", &json!({"job_id": job}));
    }
    assert!(world.hub.has_all_questions(bob.conn) && !world.hub.has_all_questions(alice.conn));
    let request = world.say(&bob, "job.subscribe", &json!({"job_id": job}));
    world.refused(&bob, &request, "INTERNAL_ERROR");
    world.drop_conn(&bob);
    for question in 0..20 {
        world.hub.handle_policy_answer(question, &[true], world.time());
    }
    world.drain();
    world.progress(&job, 1);
    assert_eq!(world.hub.counts(), (2, 1));
    assert!(world.got(bob.conn).is_empty());
    let bob = world.resume(&bob, 0);
    assert!(world.got(bob.conn).is_empty());
}
