//! A session that watches the jobs of others goes on with another token: the policy is asked again (ARCP 1.1 §7.6, §14).

use super::*;

/// The hello of a resume with a token of these scopes.
fn hello(client: &Client, seq: i64, scopes: &[&str]) -> Value {
    let mut hello = World::resume_hello(client, seq);
    let principal = json!({"id": client.who, "kind": "static", "labels": {"name": client.who}, "scopes": scopes});
    hello["auth"]["token"] = json!(principal.to_string());
    hello
}

/// The policy: whether who asks has the scope "audit". Gives the question, and what was sent before it was answered.
fn answer(world: &mut World) -> Value {
    let ask = world.asks.remove(0);
    let scopes = ask["principal"]["scopes"].as_array().cloned().unwrap_or_default();
    let is_auditor = scopes.contains(&json!("audit"));
    let allowed = vec![is_auditor; ask["jobs"].as_array().unwrap().len()];
    world.hub.handle_policy_answer(ask["question"].as_u64().unwrap() as u32, &allowed, world.time());
    world.drain();
    ask
}

/// Alice, an auditor, and the auditor's subscriptions to two jobs of hers, one event of each seen.
fn watched(options: &Value) -> (World, Client, Client, [String; 2]) {
    let mut options = options.clone();
    options["policy"] = json!(true);
    let mut world = if options["storage"] == true { World::stored(options) } else { World::with(options) };
    let alice = world.connect("alice");
    let mut first = World::hello(&ALL, "auditor", None);
    let principal = json!({"id": "auditor", "kind": "static", "labels": {"name": "auditor"}, "scopes": ["audit"]});
    first["auth"]["token"] = json!(principal.to_string());
    let conn = world.attach(&first);
    let auditor = world.welcomed(conn, "auditor");
    let jobs = [(); 2].map(|()| world.submit(&alice, &json!({"agent": "count"})));
    for job in &jobs {
        world.say(&auditor, "job.subscribe", &json!({"job_id": job}));
        answer(&mut world);
        world.take(auditor.conn, "job.subscribed");
    }
    jobs.iter().for_each(|job| world.progress(job, 1));
    world.got(alice.conn);
    assert_eq!(numbers(&world.got(auditor.conn)), [1, 2]);
    (world, alice, auditor, jobs)
}

/// What each frame is: its number, and the kind of the event or the code of the end.
fn told(frames: &[Value]) -> Vec<(i64, String)> {
    let what =
        |frame: &Value| frame["payload"]["kind"].as_str().or(frame["payload"]["code"].as_str()).map(str::to_owned);
    frames.iter().map(|frame| (frame["event_seq"].as_i64().unwrap(), what(frame).unwrap_or_default())).collect()
}

fn pairs(all: &[(i64, &str)]) -> Vec<(i64, String)> {
    all.iter().map(|(seq, what)| (*seq, (*what).to_owned())).collect()
}

const DROPPED: &str = "x-vendor.arcgate.dropped";

#[test]
fn a_resume_asks_again_and_goes_on_where_the_policy_says_yes() {
    let (mut world, _, auditor, jobs) = watched(&json!({}));
    world.drop_conn(&auditor);
    world.progress(&jobs[0], 2);
    world.progress(&jobs[1], 2);
    let conn = world.attach(&hello(&auditor, 2, &["audit", "more"]));
    let auditor = world.welcomed(conn, "auditor");
    assert!(world.got(conn).is_empty(), "nothing is sent until the policy has said so");
    let ask = answer(&mut world);
    assert_eq!((&ask["what"], &ask["principal"]["scopes"]), (&json!("observe"), &json!(["audit", "more"])));
    assert_eq!(ask["jobs"].as_array().unwrap().iter().map(|job| &job["id"]).collect::<Vec<_>>(), [&jobs[0], &jobs[1]]);
    assert_eq!(told(&world.got(conn)), pairs(&[(3, "progress"), (4, "progress")]));
    world.progress(&jobs[0], 3);
    assert_eq!(numbers(&world.got(auditor.conn)), [5]);
}

#[test]
fn what_may_be_seen_no_more_ends_and_is_told() {
    let (mut world, alice, auditor, jobs) = watched(&json!({}));
    let own = world.submit(&auditor, &json!({"agent": "echo"}));
    world.drop_conn(&auditor);
    world.progress(&jobs[0], 2);
    world.progress(&own, 1);
    world.progress(&jobs[1], 2);
    world.output(&jobs[1], &json!("secret"));
    world.progress(&jobs[0], 3);
    world.got(alice.conn);
    let conn = world.attach(&hello(&auditor, 2, &[]));
    let auditor = world.welcomed(conn, "auditor");
    world.audit.clear();
    let ask = answer(&mut world);
    assert_eq!(ask["jobs"].as_array().unwrap().len(), 2, "one that has ended, too: it had not all of it");
    let got = world.got(conn);
    let expected =
        [(3, DROPPED), (4, "progress"), (5, DROPPED), (6, "PERMISSION_DENIED"), (7, DROPPED), (8, "PERMISSION_DENIED")];
    assert_eq!(told(&got), pairs(&expected), "numbers have no gaps, and each job one end");
    assert_eq!([&got[3]["job_id"], &got[5]["job_id"]], [&jobs[1], &jobs[0]]);
    let end = &got[5]["payload"];
    assert_eq!((&end["final_status"], &end["retryable"]), (&json!("error"), &json!(false)));
    assert_eq!(end["details"], json!({"reason": "no_longer_allowed"}));
    assert!(!got.iter().any(|frame| frame.to_string().contains("secret")));
    let lines: Vec<_> = world.audit.iter().filter(|line| line["outcome"] == "cut").collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["type"], &lines[0]["owner"]), (&json!("arcp.subscribe"), &json!("static||alice")));

    // It is over: nothing more comes, whoever else watches; one's own goes on.
    world.progress(&jobs[0], 4);
    world.progress(&own, 2);
    assert_eq!(told(&world.got(conn)), pairs(&[(9, "progress")]));
    assert_eq!(told(&world.got(alice.conn)).len(), 1);
    // A resume from before says the same.
    let conn = world.attach(&hello(&auditor, 2, &["audit"]));
    world.welcomed(conn, "auditor");
    let again = if world.asks.is_empty() { json!({}) } else { answer(&mut world) };
    let again = (again["jobs"].as_array().map(Vec::len), told(&world.got(conn)));
    assert_eq!(again.1[..6], pairs(&expected));
}

#[test]
fn so_does_a_running_subscription_whose_session_comes_with_a_fresh_token() {
    let (mut world, _, auditor, jobs) = watched(&json!({}));
    // The old connection is still there.
    let conn = world.attach(&hello(&auditor, 2, &[]));
    world.welcomed(conn, "auditor");
    // Until it is answered, events wait.
    world.progress(&jobs[0], 2);
    assert!(world.got(conn).is_empty());
    answer(&mut world);
    let expected = [(3, DROPPED), (4, "PERMISSION_DENIED"), (5, "PERMISSION_DENIED")];
    assert_eq!(told(&world.got(conn)), pairs(&expected));
    world.progress(&jobs[1], 2);
    assert!(world.got(conn).is_empty());
}

#[test]
fn an_answer_that_came_too_late_says_nothing_about_the_next_connection() {
    let (mut world, _, auditor, jobs) = watched(&json!({}));
    let conn = world.attach(&hello(&auditor, 2, &["audit"]));
    let auditor = world.welcomed(conn, "auditor");
    let late = world.asks.remove(0);
    let conn = world.attach(&hello(&auditor, 2, &[]));
    world.welcomed(conn, "auditor");
    world.hub.handle_policy_answer(late["question"].as_u64().unwrap() as u32, &[true, true], world.time());
    world.drain();
    world.progress(&jobs[0], 2);
    assert!(world.got(conn).is_empty());
    answer(&mut world);
    assert_eq!(told(&world.got(conn)).last().map(|(_, what)| what.as_str()), Some("PERMISSION_DENIED"));
}

#[test]
fn of_a_job_that_is_no_longer_kept_nothing_more_is_shown() {
    no_longer_kept(false);
}

#[test]
fn nor_after_a_loss_of_the_hub() {
    no_longer_kept(true);
}

fn no_longer_kept(is_stored: bool) {
    let (mut world, alice, auditor, jobs) = watched(&json!({"maxJobs": 1024, "storage": is_stored}));
    world.drop_conn(&auditor);
    world.output(&jobs[0], &json!("secret"));
    world.got(alice.conn);
    for _ in 0..512 {
        let job = world.submit(&alice, &json!({"agent": "echo"}));
        world.output(&job, &json!(1));
        world.got(alice.conn);
        world.sleep(10);
    }
    world.say(&alice, "session.list_jobs", &json!({"limit": 1000}));
    answer(&mut world);
    assert!(!world.got(alice.conn)[0].to_string().contains(&jobs[0]), "it is gone");
    if is_stored {
        world.restart(false);
    }
    let conn = world.attach(&hello(&auditor, 2, &["audit"]));
    world.welcomed(conn, "auditor");
    assert_eq!(answer(&mut world)["jobs"].as_array().unwrap().len(), 1, "nobody can say whose it was");
    let got = world.got(conn);
    // With the hub, the other job has ended.
    let expected = [(3, "PERMISSION_DENIED"), (4, "INTERNAL_ERROR")];
    assert_eq!(told(&got), pairs(&expected[..=usize::from(is_stored)]));
    assert!(!got[0].to_string().contains("secret"));
}

#[test]
fn who_watches_nobody_elses_job_is_no_question() {
    let (mut world, alice, auditor, jobs) = watched(&json!({}));
    for job in &jobs {
        world.say(&auditor, "job.unsubscribe", &json!({"job_id": job}));
    }
    world.got(alice.conn);
    world.resume(&alice, 2);
    let conn = world.attach(&hello(&auditor, 2, &[]));
    world.welcomed(conn, "auditor");
    assert!(world.asks.is_empty());
}

#[test]
fn a_hub_that_was_lost_asks_again_too() {
    for has_sockets in [true, false] {
        let (mut world, _, auditor, jobs) = watched(&json!({"storage": true}));
        world.progress(&jobs[0], 2);
        assert_eq!(numbers(&world.got(auditor.conn)), [3]);
        world.restart(has_sockets);
        let mut conn = auditor.conn;
        if has_sockets {
            // Those who came back over what is left of their sockets, at once: the jobs have ended with their runs.
            assert!(world.got(conn).is_empty(), "nothing is sent until the policy has said so");
            assert_eq!(answer(&mut world)["jobs"].as_array().unwrap().len(), 2);
        } else {
            assert!(world.asks.is_empty());
            conn = world.attach(&hello(&auditor, 3, &["audit"]));
            world.welcomed(conn, "auditor");
            answer(&mut world);
        }
        assert_eq!(told(&world.got(conn)), pairs(&[(4, "INTERNAL_ERROR"), (5, "INTERNAL_ERROR")]));
    }
}

#[test]
fn and_shows_nothing_to_who_may_see_less_or_where_there_is_no_policy_any_more() {
    for has_policy in [true, false] {
        let (mut world, _, mut auditor, jobs) = watched(&json!({"storage": true}));
        world.drop_conn(&auditor);
        world.progress(&jobs[0], 2);
        world.output(&jobs[1], &json!("secret"));
        let config: Value = serde_json::from_str(&world.config).unwrap();
        world.config = json!({"agents": config["agents"], "storage": true, "policy": has_policy}).to_string();
        world.restart(false);
        // It is told once, and the same whenever it asks again.
        for _ in 0..2 {
            let conn = world.attach(&hello(&auditor, 2, &[]));
            auditor = world.welcomed(conn, "auditor");
            assert_eq!(world.asks.len(), usize::from(has_policy));
            if has_policy {
                answer(&mut world);
            }
            let got = world.got(auditor.conn);
            let denied = "PERMISSION_DENIED";
            assert_eq!(told(&got), pairs(&[(3, DROPPED), (4, denied), (5, denied)]));
            assert!(!got.iter().any(|frame| frame.to_string().contains("secret")));
            world.restart(false);
        }
    }
}

#[test]
fn nor_of_a_job_that_was_forgotten_before_the_hub_was_lost() {
    let (mut world, alice, auditor, jobs) = watched(&json!({"storage": true, "maxJobs": 1024}));
    world.drop_conn(&auditor);
    world.output(&jobs[0], &json!("secret"));
    world.got(alice.conn);
    for number in 0..512 {
        let job = world.submit(&alice, &json!({"agent": "echo"}));
        world.output(&job, &json!(1));
        world.got(alice.conn);
        world.say(&alice, "session.ack", &json!({"last_processed_seq": 3 + number}));
        world.sleep(10);
    }
    world.restart(false);
    let conn = world.attach(&hello(&auditor, 2, &["audit"]));
    world.welcomed(conn, "auditor");
    answer(&mut world);
    let got = world.got(conn);
    assert_eq!(told(&got)[0], (3, "PERMISSION_DENIED".to_owned()));
    assert!(!got.iter().any(|frame| frame.to_string().contains("secret")));
}

#[test]
fn who_is_told_that_there_is_no_such_job_sees_no_more_of_it() {
    let (mut world, _, auditor, jobs) = watched(&json!({}));
    world.say(&auditor, "job.subscribe", &json!({"job_id": jobs[0]}));
    let ask = world.asks.remove(0);
    world.hub.handle_policy_answer(ask["question"].as_u64().unwrap() as u32, &[false], world.time());
    world.drain();
    world.progress(&jobs[0], 2);
    world.progress(&jobs[1], 2);
    let frames = world.got(auditor.conn);
    let numbered: Vec<_> = frames.iter().filter(|frame| !frame["event_seq"].is_null()).cloned().collect();
    assert_eq!(told(&numbered), pairs(&[(3, "PERMISSION_DENIED"), (4, "progress")]));
    assert!(frames.iter().any(|frame| frame["payload"]["code"] == "JOB_NOT_FOUND"));
}
