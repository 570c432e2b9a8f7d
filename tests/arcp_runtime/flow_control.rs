//! Slow readers: what is under way is bounded, for each job and in sum; nothing is lost in silence.

use super::*;

/// What a client reads at once, and acknowledges.
fn read(world: &mut World, client: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let got = world.got(client.conn);
        let Some(last) = numbers(&got).last().copied() else { return all };
        all.extend(got);
        world.say(client, "session.ack", &json!({ "last_processed_seq": last }));
    }
}

fn steps(frames: &[Value]) -> Vec<i64> {
    frames.iter().filter_map(|frame| frame["payload"]["body"]["current"].as_i64()).collect()
}

#[test]
fn the_first_job_of_a_session_is_held_like_any_other() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    let mut said = 0;
    // An agent that can be paused; a client that reads nothing and has never acknowledged.
    while world.paused.is_empty() {
        said += 1;
        world.progress(&job, said);
        assert!(said < 4096, "it is never paused");
    }
    // An agent that goes on all the same.
    for _ in 0..500 {
        said += 1;
        world.progress(&job, said);
    }
    world.output(&job, &json!("end"));
    let got = read(&mut world, &client);
    assert_eq!(steps(&got), (1..=said).collect::<Vec<_>>(), "nothing is lost");
    assert_eq!(numbers(&got), (1..=said + 1).collect::<Vec<_>>());
    assert_eq!(got.last().unwrap()["type"], "job.result");
}

#[test]
fn a_reader_that_falls_behind_holds_its_agent_until_it_has_caught_up() {
    let mut world = World::with(json!({"maxBufferedEvents": 100}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    for current in 1..50 {
        world.progress(&job, current);
    }
    assert!(world.paused.is_empty());
    world.progress(&job, 50);
    assert_eq!(world.paused, [job.as_str()], "half of the buffer is one job's");
    world.say(&client, "session.ack", &json!({"last_processed_seq": 20}));
    assert_eq!(world.paused, [job.as_str()]);
    world.say(&client, "session.ack", &json!({"last_processed_seq": 40}));
    assert!(world.paused.is_empty(), "it has caught up");
    // Without a reader it goes on.
    for current in 51..=100 {
        world.progress(&job, current);
    }
    assert_eq!(world.paused, [job.as_str()]);
    world.drop_conn(&client);
    assert!(world.paused.is_empty());
    let client = world.resume(&client, 90);
    assert_eq!(steps(&read(&mut world, &client)), (91..=100).collect::<Vec<_>>());
}

#[test]
fn a_job_that_nobody_reads_stops_no_other_job_of_the_session() {
    let mut world = World::new();
    let client = world.connect("alice");
    // As many as can be: each as much as it may have under way, and none of it acknowledged.
    let unread: Vec<String> = (0..5).map(|_| world.submit(&client, &json!({"agent": "count"}))).collect();
    for job in &unread {
        for current in 0..3000 {
            world.progress(job, current);
        }
        assert!(world.paused.contains(job));
    }
    let first = world.got(client.conn).len();
    assert!((4000..8200).contains(&first), "{first}");
    let other = world.submit(&client, &json!({"agent": "echo"}));
    for current in 1..=5 {
        world.progress(&other, current);
    }
    world.output(&other, &json!("through"));
    let got = world.got(client.conn);
    assert_eq!(types(&got), ["job.event"; 5].into_iter().chain(["job.result"]).collect::<Vec<_>>());
    assert!(!world.paused.contains(&other));
}

#[test]
fn what_could_not_be_kept_is_told_by_its_number() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    // An agent that reports without ever waiting: more than half of a buffer and a history.
    for current in 1..=10_000 {
        world.progress(&job, current);
    }
    world.output(&job, &json!("end"));
    let got = read(&mut world, &client);
    let told: Vec<i64> = got.iter().filter_map(|frame| frame["payload"]["body"]["count"].as_i64()).collect();
    let seen = steps(&got);
    assert_eq!((told.len(), told[0] + seen.len() as i64), (1, 10_000));
    let dropped = got.iter().find(|frame| frame["payload"]["kind"] == "x-vendor.arcgate.dropped");
    assert!(dropped.is_some() && got.last().unwrap()["type"] == "job.result");
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "in order");
    assert_eq!(seen.last(), Some(&10_000));
    // For whoever comes later, too.
    let late = world.connect("alice");
    world.say(&late, "job.subscribe", &json!({"job_id": job, "history": true}));
    let got = read(&mut world, &late);
    assert_eq!(got[1]["payload"]["body"]["count"].as_i64().unwrap() + steps(&got).len() as i64, 10_000);
}

#[test]
fn ones_own_job_can_be_left_and_taken_up_again_where_it_was_left() {
    let mut world = World::new();
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    let other = world.submit(&client, &json!({"agent": "count"}));
    let mut said = 0;
    let mut seen = Vec::new();
    for round in 0..4 {
        for _ in 0..100 {
            said += 1;
            world.progress(&job, said);
        }
        // Of what was under way it keeps a part only.
        let got = read(&mut world, &client);
        let (kept, _) = got.split_at(60);
        seen.extend(steps(kept));
        let last = *numbers(kept).last().unwrap();
        world.say(&client, "job.unsubscribe", &json!({"job_id": job}));
        for _ in 0..100 {
            said += 1;
            world.progress(&job, said);
            world.progress(&other, said);
        }
        let got = read(&mut world, &client);
        assert!(got.iter().all(|frame| frame["job_id"] == other.as_str()), "nothing comes meanwhile");
        world.say(&client, "job.subscribe", &json!({"job_id": job, "from_event_seq": last}));
        world.take(client.conn, "job.subscribed");
        let rest = read(&mut world, &client);
        assert!(rest.iter().all(|frame| frame["job_id"] == job.as_str()));
        seen.extend(steps(&rest));
        assert_eq!(seen, (1..=said).collect::<Vec<_>>(), "round {round}: nothing is missing, nothing comes twice");
    }
    // While it is left its agent goes on for a while, and is then paused.
    world.say(&client, "job.unsubscribe", &json!({"job_id": job}));
    while !world.paused.contains(&job) {
        said += 1;
        world.progress(&job, said);
        assert!(said < 5000, "it is never paused");
    }
    assert!(read(&mut world, &client).is_empty());
    world.say(&client, "job.subscribe", &json!({"job_id": job}));
    world.take(client.conn, "job.subscribed");
    assert!(!world.paused.contains(&job));
    seen.extend(steps(&read(&mut world, &client)));
    assert_eq!(seen, (1..=said).collect::<Vec<_>>(), "without a number it goes on where it was left");
    // Whoever never takes it up again has the rest with the end.
    world.say(&client, "job.unsubscribe", &json!({"job_id": job}));
    world.progress(&job, said + 1);
    assert!(read(&mut world, &client).is_empty());
    world.output(&job, &json!("end"));
    assert_eq!(types(&read(&mut world, &client)), ["job.event", "job.result"]);
}

#[test]
fn who_does_not_acknowledge_is_sent_what_has_left() {
    let mut world = World::new();
    let conn = world.attach_paced(&World::hello(&["progress", "list_jobs"], "alice", None));
    let client = world.welcomed(conn, "alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    let mut said = 0;
    while world.paused.is_empty() {
        said += 1;
        world.progress(&job, said);
        assert!(said < 5000, "it is never paused");
    }
    let mut seen = steps(&world.got(conn));
    assert!(seen.len() <= 512 && world.hub.held_bytes() < 3 << 20, "{} {}", seen.len(), world.hub.held_bytes());
    world.output(&job, &json!("end"));
    for frames in [1, 10, 100, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000] {
        world.hub.handle_credit(conn, frames, world.time());
        world.drain();
        seen.extend(steps(&world.got(conn)));
    }
    assert_eq!(seen, (1..=said).collect::<Vec<_>>());
    assert_eq!(world.statuses(&client), ["success"]);
}

#[test]
fn a_list_says_that_what_waits_is_still_to_come() {
    let mut world = World::with(json!({"maxBufferedEvents": 20}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    let last = |world: &mut World| {
        world.got(client.conn);
        world.say(&client, "session.list_jobs", &json!({}));
        world.take(client.conn, "session.jobs")["payload"]["jobs"][0]["last_event_seq"].as_i64().unwrap()
    };
    for current in 1..=150 {
        world.progress(&job, current);
    }
    assert_eq!(last(&mut world), 150);
    world.output(&job, &json!("end"));
    assert_eq!(last(&mut world), 151, "whoever has had less knows that it waits");
    world.say(&client, "session.ack", &json!({"last_processed_seq": 40}));
    read(&mut world, &client);
    assert_eq!(last(&mut world), 151);
}

#[test]
fn a_hub_full_of_readers_that_read_nothing_is_bounded() {
    let mut world = World::new();
    let client = world.connect_with("alice", &["progress"]);
    let mut jobs = Vec::new();
    for _ in 0..12 {
        let job = world.submit(&client, &json!({"agent": "count"}));
        for _ in 0..20 {
            world.event(&job, "thought", &json!({"text": "x".repeat(50_000)}));
        }
        world.output(&job, &json!("end"));
        world.got(client.conn);
        jobs.push(job);
    }
    for number in 0..31 {
        // Those with `ack` never acknowledge; of the others nothing leaves.
        let features = if number % 2 == 0 { &ALL[..] } else { &["subscribe", "progress"] };
        let conn = world.attach_paced(&World::hello(features, "alice", None));
        if world.hub.held_bytes() >= 30 << 20 {
            // A quarter more than a principal may have: what is there is served, and there is no more of it.
            assert_eq!(world.take(conn, "session.error")["payload"]["details"]["reason"], "store_full");
            continue;
        }
        let reader = world.welcomed(conn, "alice");
        for job in &jobs {
            world.say(&reader, "job.subscribe", &json!({"job_id": job, "history": true}));
            world.got(conn);
            world.sleep(100);
        }
        assert!(world.hub.held_bytes() < 80 << 20, "{}", world.hub.held_bytes());
    }
    // One more is served all the same.
    let late = world.connect("bob");
    let job = world.submit(&late, &json!({"agent": "echo"}));
    world.progress(&job, 1);
    world.output(&job, &json!("through"));
    assert_eq!(types(&world.got(late.conn)), ["job.event", "job.result"]);
}
