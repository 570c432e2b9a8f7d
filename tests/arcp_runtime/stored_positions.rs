//! What is told from the rest after a loss: positions, numbers, counts.

use super::*;

#[test]
fn a_history_that_was_asked_for_again_begins_again_after_a_loss() {
    let mut world = World::stored(json!({"maxBufferedEvents": 20}));
    let (owner, watcher) = (world.connect("alice"), world.connect("alice"));
    let job = world.submit(&owner, &json!({"agent": "count"}));
    world.say(&watcher, "job.subscribe", &json!({ "job_id": job }));
    for current in 1..=10 {
        world.progress(&job, current);
    }
    // It has no room for more of this job until it acknowledges.
    world.say(&watcher, "job.subscribe", &json!({"job_id": job, "history": true}));
    world.got(watcher.conn);
    world.restart(true);
    // The job has ended with the hub, and what is last has room.
    let got = world.got(watcher.conn);
    assert_eq!(steps(&got), (1..=10).collect::<Vec<_>>());
    assert_eq!(numbers(&got), (11..=20).collect::<Vec<_>>());
    world.say(&watcher, "session.ack", &json!({"last_processed_seq": 20}));
    assert_eq!(types(&world.got(watcher.conn)), ["job.error"]);
}

#[test]
fn how_far_one_has_got_is_known_when_the_log_no_longer_tells() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let (quiet, busy) =
        (world.submit(&client, &json!({"agent": "count"})), world.submit(&client, &json!({"agent": "count"})));
    for current in 1..=3 {
        world.progress(&quiet, current);
    }
    for current in 1..=300 {
        world.progress(&busy, current);
        world.say(&client, "session.ack", &json!({"last_processed_seq": 3 + current}));
    }
    world.got(client.conn);
    world.restart(true);
    assert_eq!(types(&world.got(client.conn)), ["job.error", "job.error"], "the ends, and no event again");
}

#[test]
fn numbers_that_came_late_are_known_after_a_loss() {
    let mut world = World::stored(json!({"maxBufferedEvents": 20}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    for current in 1..=14 {
        world.progress(&job, current);
    }
    // Four were written before they were sent.
    assert_eq!(numbers(&world.got(client.conn)), (1..=10).collect::<Vec<_>>());
    world.say(&client, "session.ack", &json!({"last_processed_seq": 10}));
    assert_eq!(numbers(&world.got(client.conn)), (11..=14).collect::<Vec<_>>());
    world.say(&client, "session.ack", &json!({"last_processed_seq": 14}));
    for round in 0..2 {
        world.restart(true);
        let other = world.connect("alice");
        world.say(&other, "job.subscribe", &json!({"job_id": job, "from_event_seq": 12}));
        assert_eq!(steps(&world.got(other.conn)), [13, 14]);
        world.say(&other, "session.list_jobs", &json!({}));
        assert_eq!(world.take(other.conn, "session.jobs")["payload"]["jobs"][0]["last_event_seq"], json!(15 + round));
        // Something that writes the whole row again.
        world.say(&client, "job.subscribe", &json!({"job_id": job, "from_event_seq": 14}));
        world.say(&client, "session.ack", &json!({"last_processed_seq": 100}));
    }
}

#[test]
fn who_submitted_follows_on_after_a_loss_until_it_is_told_otherwise() {
    let mut world = World::stored(json!({}));
    let (client, other) = (world.connect("alice"), world.connect("alice"));
    let jobs = [(); 3].map(|()| world.submit(&client, &json!({"agent": "count"})));
    world.say(&client, "job.subscribe", &json!({ "job_id": jobs[1] }));
    world.say(&client, "job.unsubscribe", &json!({ "job_id": jobs[2] }));
    jobs.iter().for_each(|job| world.progress(job, 1));
    world.say(&other, "job.subscribe", &json!({ "job_id": jobs[0] }));
    world.take(other.conn, "job.subscribed");
    assert_eq!(world.storage().table("follower").len(), 3, "of the first, only the other has a row");
    assert_eq!(steps(&world.got(client.conn)), [1, 1]);
    world.restart(true);
    let ends: Vec<String> = types(&world.got(client.conn)).into_iter().map(str::to_owned).collect();
    // Of the one that it left: what it has not had, and its end.
    assert_eq!(ends, ["job.error", "job.error", "job.event", "job.error"]);
    assert_eq!(types(&world.got(other.conn)), ["job.error"]);
    // Whose session is gone, is followed by nobody.
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.drop_conn(&client);
    world.sleep(600_000);
    assert!(world.storage().table("session").len() == 1 && world.storage().table("follower").is_empty());
    let row = world.storage().table("job").into_iter().find(|row| row[0] == job.as_str()).unwrap();
    assert_eq!(row[9], json!(0), "{row}");
}

#[test]
fn what_cannot_be_is_left_out_and_nothing_lasts_for_ever() {
    let mut world = World::stored(json!({}));
    let (client, other) = (world.connect("alice"), world.connect("bob"));
    let job = world.submit(&client, &json!({"agent": "echo", "idempotency_key": "k"}));
    world.output(&job, &json!(1));
    world.drop_conn(&client);
    let far = json!(1_i64 << 52);
    let mut set = |table: &str, id: &str, column: usize, value: Value| {
        let rows = world.storage().tables.get_mut(table).unwrap();
        rows.values_mut().find(|row| row[0] == id).unwrap()[column] = value;
    };
    set("session", &client.session, 8, far.clone());
    set("job", &job, 14, json!(json!({"kind": "result", "at": far, "result": "1"}).to_string()));
    set("known", "static||alice", 5, far);
    // Numbers beyond those that are counted with.
    set("session", &other.session, 7, json!(i64::MAX));
    world.storage().log.insert(("sess_gone".to_owned(), 1), (1, "- 0 0\n\n".to_owned()));
    world.storage().log.insert((job.clone(), 9), (5, "- 0 0\n\n- 0 0\n\n".to_owned()));
    world.audit.clear();
    world.restart(false);
    let told: Vec<&Value> = world.audit.iter().map(|line| &line["reason"]).collect();
    assert_eq!(told, ["unreadable_row", "unreadable_row"]);
    assert_eq!(world.storage().table("session").len(), 1);
    assert!(!world.storage().log.keys().any(|(stream, _)| *stream == "sess_gone" || *stream == job));
    world.sleep(600_000);
    assert_eq!(world.hub.counts(), (0, 1));
    world.sleep(2 * 86_400_000);
    assert!(world.hub.is_empty() && world.storage().rows() == 0);
}

#[test]
fn what_is_kept_is_counted_again() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    for current in 1..=20 {
        world.progress(&job, current);
    }
    world.output(&job, &json!("x".repeat(1000)));
    let (held, counts, load) =
        (world.hub.held_bytes(), world.hub.counts(), world.hub.stored_load(Some("static||alice")));
    world.restart(true);
    assert_eq!((world.hub.held_bytes(), world.hub.counts()), (held, counts));
    assert_eq!(world.hub.stored_load(Some("static||alice")), load);
    assert_eq!((world.hub.stored_load(None), world.hub.stored_load(Some("static||bob"))), (load, (0, 0)));
}

#[test]
fn a_result_that_is_lost_is_no_success() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.output(&job, &json!("x".repeat(10_000)));
    let stream = format!("{job}.result");
    world.storage().log.retain(|(own, _), _| *own != stream);
    let audit = world.audit.len();
    world.restart(true);
    world.say(&client, "job.subscribe", &json!({"job_id": job, "history": true}));
    let got = world.got(client.conn);
    let end = &got[got.len() - 1]["payload"];
    assert_eq!(
        (&end["code"], &end["message"]),
        (&json!("INTERNAL_ERROR"), &json!("The job has ended, and its result is no longer kept"))
    );
    assert_eq!(world.audit.len(), audit + 1, "the subscription alone");
}

#[test]
fn numbers_go_on_where_nothing_is_left_to_tell_them() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    for number in 1..=7 {
        world.event(&job, "log", &json!({"level": "info", "message": "x".repeat(5000)}));
        world.say(&client, "session.ack", &json!({"last_processed_seq": number}));
    }
    world.output(&job, &json!(1));
    world.say(&client, "session.ack", &json!({"last_processed_seq": 8}));
    // With the next that is written.
    world.drop_conn(&client);
    assert!(!world.storage().log.keys().any(|(stream, _)| *stream == client.session), "all of it is dropped");
    world.restart(false);
    let conn = world.attach(&World::resume_hello(&client, 7));
    assert_eq!(types(&world.got(conn)), ["session.error", "close"]);
    let client = world.resume(&client, 8);
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.output(&job, &json!(1));
    assert_eq!(numbers(&world.got(client.conn)), [9]);
}

#[test]
fn how_much_was_lost_is_told_after_a_loss_too() {
    let mut world = World::stored(json!({"maxBufferedEvents": 20}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.drop_conn(&client);
    for current in 1..=2500 {
        world.progress(&job, current);
    }
    for _ in 0..2 {
        world.restart(false);
    }
    let client = world.resume(&client, 0);
    let (mut got, mut seen) = (world.got(client.conn), 0);
    let mut all = Vec::new();
    while !got.is_empty() {
        seen += i64::try_from(got.len()).unwrap();
        all.append(&mut got);
        world.say(&client, "session.ack", &json!({ "last_processed_seq": seen }));
        got = world.got(client.conn);
    }
    let lost: i64 = all.iter().filter_map(|frame| frame["payload"]["body"]["count"].as_i64()).sum();
    assert_eq!((lost, steps(&all).len(), all.len()), (490, 2010, 2012));
    assert_eq!(numbers(&all), (1..=2012).collect::<Vec<_>>());
}

/// The steps of progress.
fn steps(frames: &[Value]) -> Vec<i64> {
    frames.iter().filter_map(|frame| frame["payload"]["body"]["current"].as_i64()).collect()
}
