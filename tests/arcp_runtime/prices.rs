//! What a principal's requests may cost.

use super::*;

/// Asks until it is too much; gives how often it was answered.
fn until_cut(world: &mut World, client: &Client, kind: &str, payload: &Value, most: usize) -> usize {
    for count in 0..most {
        world.say(client, kind, payload);
        let got = world.got(client.conn);
        if got.last().is_some_and(|frame| frame["close"] == 4429) {
            assert_eq!(got[0]["payload"]["message"], "Internal error: too many requests");
            return count;
        }
    }
    most
}

#[test]
fn who_asks_for_too_much_is_closed_and_the_others_are_not() {
    let mut world = World::with(json!({"maxJobs": 512}));
    let alice = world.connect("alice");
    let bob = world.connect("bob");
    for _ in 0..300 {
        world.submit(&alice, &json!({"agent": "count"}));
        world.sleep(10);
    }
    world.sleep(10_000);
    let lists = until_cut(&mut world, &alice, "session.list_jobs", &json!({}), 5000);
    assert!((50..400).contains(&lists), "a list of three hundred jobs costs a millisecond or two: {lists}");
    assert!(world.audit.iter().any(|line| line["reason"] == "too_many_requests" && line["outcome"] == "cut"));
    // Another connection of the same principal has no place, however often it is tried; another principal knows nothing of it.
    for _ in 0..500 {
        assert_eq!(refused(&mut world, &World::resume_hello(&alice, 0)), Some("too_many_requests".into()));
        assert_eq!(refused(&mut world, &World::hello(&ALL, "alice", None)), Some("too_many_requests".into()));
    }
    assert_eq!(until_cut(&mut world, &bob, "session.ping", &json!({"nonce": "n"}), 1000), 1000);
    // Whoever comes before half of that is paid makes it no longer than if all were owed twice.
    world.sleep(1400);
    assert_eq!(refused(&mut world, &World::resume_hello(&alice, 0)), Some("too_many_requests".into()));
    world.sleep(200);
    let again = world.resume(&alice, 0);
    assert!(until_cut(&mut world, &again, "session.list_jobs", &json!({}), 50) == 50);
}

/// Why a hello is refused, and closed with 4429.
fn refused(world: &mut World, hello: &Value) -> Option<Value> {
    let conn = world.attach(hello);
    let got = world.got(conn);
    let told = got.last().is_some_and(|frame| frame["close"] == 4429).then(|| got[0]["payload"].clone())?;
    assert_eq!((&told["code"], &told["retryable"]), (&json!("INTERNAL_ERROR"), &json!(true)));
    Some(told["details"]["reason"].clone())
}

#[test]
fn reconnecting_gains_nothing_for_jobs() {
    // Four sessions ask for jobs as fast as they may, and come back whenever they were cut off, or refused.
    let mut world = World::with(json!({"maxJobs": 512}));
    let mut sessions = vec![None::<Client>; 4];
    let (mut taken, mut welcomed) = (0, 0);
    for _ in 0..1000 {
        for session in &mut sessions {
            if session.is_none() {
                let conn = world.attach(&World::hello(&ALL, "alice", None));
                let got = world.got(conn);
                if got.iter().any(|frame| frame["close"] == 4429) {
                    continue;
                }
                let text = |name: &str| got[0]["payload"][name].as_str().unwrap().to_owned();
                let (session_id, token) = (text("session_id"), text("resume_token"));
                *session = Some(Client { conn, session: session_id, token, who: "alice".into() });
                welcomed += 1;
            }
            let Some(client) = session.clone() else { continue };
            world.say(&client, "job.submit", &json!({"agent": "echo"}));
            let got = world.got(client.conn);
            if got.iter().any(|frame| frame["close"] == 4429) {
                *session = None;
                continue;
            }
            taken += 1;
            let job = got[0]["payload"]["job_id"].as_str().unwrap().to_owned();
            world.output(&job, &json!(1));
            world.got(client.conn);
        }
        world.sleep(1);
    }
    // What there is at once, and what comes back in a second: at 400 each.
    assert!((600..1300).contains(&taken), "{taken}");
    assert!(welcomed < 40, "{welcomed}");
}

#[test]
fn connections_have_a_price() {
    let mut world = World::with(json!({"maxSessions": 8}));
    let mut alice = world.connect("alice");
    let resumes = (0..1000).take_while(|_| {
        let conn = world.attach(&World::resume_hello(&alice, 0));
        let got = world.got(conn);
        let is_welcome = got[0]["type"] == "session.welcome";
        if is_welcome {
            alice.token = got[0]["payload"]["resume_token"].as_str().unwrap().to_owned();
        }
        is_welcome
    });
    assert_eq!(resumes.count(), 124, "2 ms each");
    world.connect("bob");
    world.sleep(1000);
    world.resume(&alice, 0);
}

/// How many large jobs are taken at once, over a session for each: no session may say much, and all together may say no more.
fn large_jobs_at_once(input: &Value) -> usize {
    let mut world = World::with(json!({"maxSessions": 64, "maxJobs": 512}));
    let sessions: Vec<Client> = (0..28).map(|_| world.connect("alice")).collect();
    let taken = sessions.iter().take_while(|session| {
        world.say(session, "job.submit", &json!({"agent": "count", "input": input}));
        world.got(session.conn).iter().all(|frame| frame["close"] != 4429)
    });
    taken.count()
}

#[test]
fn a_job_costs_by_its_bytes_and_by_its_values() {
    let text = large_jobs_at_once(&json!("x".repeat(900_000)));
    assert!((10..20).contains(&text), "15 ms each: {text}");
    let values = large_jobs_at_once(&json!(vec![0; 450_000]));
    assert!((2..5).contains(&values), "70 ms each: {values}");
}

#[test]
fn what_cannot_be_read_costs_as_much_as_what_can() {
    let mut world = World::new();
    let client = world.connect("alice");
    let many = json!(vec![vec![0]; 250_000]);
    let mut world_took = 0;
    for _ in 0..10 {
        world.say(
            &client,
            "x-vendor.a.b",
            &json!({"input": many, "deep": (0..40).fold(json!(1), |deep, _| json!([deep]))}),
        );
        if world.got(client.conn).last().is_some_and(|frame| frame["close"] == 4429) {
            break;
        }
        world_took += 1;
    }
    assert!((1..5).contains(&world_took), "{world_took}");
}

#[test]
fn an_agent_that_says_much_takes_half_and_no_session() {
    let mut world = World::new();
    let client = world.connect_with("alice", &["progress"]);
    let job = world.submit(&client, &json!({"agent": "count"}));
    let large = json!(vec![0; 100_000]);
    for _ in 0..50 {
        world.event(&job, "x-vendor.a.b", &json!({"large": large}));
    }
    world.got(client.conn);
    let asked = until_cut(&mut world, &client, "session.ping", &json!({"nonce": "n"}), 10_000);
    assert!((1000..3000).contains(&asked), "half of what there is: {asked}");
}

#[test]
fn a_burst_of_subscriptions_costs_no_more_than_a_buffer() {
    let mut world = World::new();
    let client = world.connect_with("alice", &["subscribe", "progress"]);
    let job = world.submit(&client, &json!({"agent": "count"}));
    for current in 0..2000 {
        world.progress(&job, current);
    }
    world.output(&job, &json!(1));
    world.got(client.conn);
    // On a connection that says what has left.
    world.drop_conn(&client);
    let mut hello = World::resume_hello(&client, 2001);
    hello["capabilities"]["features"] = json!(["subscribe", "progress"]);
    let conn = world.attach_paced(&hello);
    let client = world.welcomed(conn, "alice");
    let mut bytes = 0;
    for _ in 0..400 {
        world.say(&client, "job.subscribe", &json!({"job_id": job, "history": true}));
        bytes += world.got(conn).iter().map(|frame| frame.to_string().len()).sum::<usize>();
        assert!(world.hub.held_bytes() < 6 << 20, "{}", world.hub.held_bytes());
    }
    assert!(bytes < 1 << 20, "what is not read isn't sent: {bytes}");
    // What is read in the end is what fits into a buffer twice, not four hundred histories.
    let mut rest = Vec::new();
    for _ in 0..300 {
        world.hub.handle_credit(conn, 100, world.time());
        world.drain();
        rest.extend(world.got(conn));
    }
    assert_eq!(rest.last().unwrap()["type"], "job.result", "and all of the last");
    assert!(rest.len() < 12_000, "{}", rest.len());
}

#[test]
fn answers_that_nobody_reads_are_bounded() {
    let mut world = World::with(json!({"maxJobs": 512}));
    let conn = world.attach_paced(&World::hello(&ALL, "alice", None));
    let client = world.welcomed(conn, "alice");
    for _ in 0..400 {
        world.submit(&client, &json!({"agent": "count"}));
        world.hub.handle_credit(conn, 10, world.time());
        world.sleep(10);
    }
    let mut bytes = 0;
    for _ in 0..10_000 {
        world.say(&client, "session.list_jobs", &json!({"limit": 1000}));
        world.sleep(1000);
        let got = world.got(conn);
        bytes += got.iter().map(|frame| frame.to_string().len()).sum::<usize>();
        if got.iter().any(|frame| frame["close"] == 4429) {
            assert!(bytes < 6 << 20, "{bytes}");
            assert!(world.audit.iter().any(|line| line["reason"] == "too_slow"));
            return;
        }
    }
    panic!("answers are sent without an end");
}
