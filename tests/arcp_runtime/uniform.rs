//! What another's job is to whoever may not see it: in frames, in their order, and in work, a job that does not exist
//! (ARCP 1.1 §6.6).

use super::*;

const MISSING: &str = "job_01J00000000000000000000000";

/// Everything that the hub wants done for a frame, until there is nothing more: what a policy is asked is answered at once. What
/// differs between any two answers (ids), and between any two jobs in the log and for the policy, is left out.
fn work(world: &mut World, bob: &Client, text: &str, policy: impl Fn(&Value) -> bool) -> Vec<Value> {
    world.hub.handle_frame(bob.conn, text, world.time());
    let mut all = Vec::new();
    while let Some(action) = world.hub.poll_action() {
        let mut read = driver::json(&action);
        if let Action::AskPolicy { question, .. } = action {
            let jobs = read["jobs"].as_array().unwrap().clone();
            let allowed: Vec<bool> = jobs.iter().map(&policy).collect();
            world.hub.handle_policy_answer(question, &allowed, world.time());
            read["question"] = json!(null);
            let names = |job: &Value| job.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            read["jobs"] = jobs.iter().map(|job| json!([names(job), names(&job["principal"]).len() >= 4])).collect();
        }
        if let Action::Send { text, .. } = action {
            let mut frame: Value = serde_json::from_str(&text).unwrap();
            frame["id"] = json!(null);
            read["text"] = json!([text.len(), frame]);
        }
        if read["do"] == "audit" {
            read["event"]["owner"] = json!(null);
            read["event"]["job"] = json!(read["event"]["job"].as_str().map(str::len));
        }
        all.push(read);
    }
    all
}

fn frame(client: &Client, kind: &str, payload: &Value) -> String {
    Frame::new(kind, "m1", &payload.to_string()).of_session(&client.session).write()
}

/// Alice has a job that runs and one that has ended, bob has nothing; a policy says no about what is there.
fn world(has_policy: bool) -> (World, Client, [String; 2]) {
    let mut world = World::with(json!({ "policy": has_policy }));
    let alice = world.connect("alice");
    let bob = world.connect("bob");
    let jobs = [(); 2].map(|()| world.submit(&alice, &json!({"agent": "count"})));
    world.output(&jobs[1], &json!(1));
    world.sent.clear();
    (world, bob, jobs)
}

#[test]
fn anothers_job_is_as_much_work_as_none_with_and_without_a_policy() {
    for has_policy in [false, true] {
        let (mut world, bob, jobs) = world(has_policy);
        let questions = |work: &[Value]| work.iter().filter(|action| action["do"] == "askPolicy").count();
        let requests = [
            ("job.subscribe", json!({"history": true})),
            ("job.subscribe", json!({"from_event_seq": 7})),
            ("job.cancel", json!({"reason": "x"})),
            ("job.unsubscribe", json!({})),
        ];
        for (kind, payload) in requests {
            let mut asks = |job: &str, says: bool| {
                let mut payload = payload.clone();
                payload["job_id"] = json!(job);
                work(&mut world, &bob, &frame(&bob, kind, &payload), |_| says)
            };
            let missing = asks(MISSING, false);
            assert_eq!(missing, asks(MISSING, true), "a policy that says yes to everything makes no job");
            for job in &jobs {
                assert_eq!(asks(job, false), missing, "{kind}");
            }
            let is_asked = has_policy && kind != "job.unsubscribe";
            assert_eq!(questions(&missing), usize::from(is_asked), "{kind}");
            assert_eq!(missing.is_empty(), kind == "job.unsubscribe", "{kind} is answered");
        }
    }
}

#[test]
fn a_list_asks_once_and_shows_nothing_whether_others_have_jobs_or_not() {
    for has_policy in [false, true] {
        let (mut world, bob, _) = world(has_policy);
        let mut list = |filter: Value| {
            let payload = json!({ "filter": filter });
            let mut work = work(&mut world, &bob, &frame(&bob, "session.list_jobs", &payload), |_| false);
            // How many the policy is asked about is what a list can't hide: it is in the time, and in no frame.
            work.iter_mut().filter(|action| action["do"] == "askPolicy").for_each(|ask| ask["jobs"] = json!(null));
            work
        };
        let none = list(json!({"agent": "echo"}));
        assert_eq!(none.len(), 1 + usize::from(has_policy));
        for filter in [json!({}), json!({"agent": "count"}), json!({"status": ["success"]})] {
            assert_eq!(list(filter), none);
        }
    }
}

/// How often bob may ask before he is cut off.
fn lists(world: &mut World, bob: &Client) -> usize {
    let list = frame(bob, "session.list_jobs", &json!({}));
    let answered = (0..6000).take_while(|_| {
        let work = work(world, bob, &list, |_| false);
        work.iter().all(|action| action["do"] != "close")
    });
    answered.count()
}

#[test]
fn what_a_list_costs_does_not_tell_how_many_jobs_others_have() {
    for has_policy in [false, true] {
        let mut empty = World::with(json!({"policy": has_policy}));
        let bob = empty.connect("bob");
        let before = lists(&mut empty, &bob);
        let (mut full, bob, _) = world(has_policy);
        let alice = full.connect("alice");
        for _ in 0..50 {
            full.submit(&alice, &json!({"agent": "count"}));
        }
        assert_eq!(lists(&mut full, &bob), before);
    }
}

#[test]
fn neither_does_which_question_is_one_too_many() {
    // A driver need not answer at once.
    for by_name in [true, false] {
        let (mut world, bob, jobs) = world(true);
        let job = if by_name { jobs[0].as_str() } else { MISSING };
        for number in 0..17 {
            world.say(&bob, "job.subscribe", &json!({"job_id": job}));
            let got = world.got(bob.conn);
            assert_eq!(got.len(), usize::from(number == 16), "{number}");
        }
        assert_eq!(world.asks.len(), 16);
    }
}

#[test]
fn what_can_be_no_job_is_neither_asked_about_nor_logged() {
    let (mut world, bob, _) = world(true);
    for id in ["", "secret", "job_<script>", &format!("job_{}", "x".repeat(61))] {
        world.audit.clear();
        let request = world.say(&bob, "job.subscribe", &json!({"job_id": id}));
        world.refused(&bob, &request, "JOB_NOT_FOUND");
        assert!(world.asks.is_empty() && world.audit[0].get("job").is_none(), "{id}");
    }
}
