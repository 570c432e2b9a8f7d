//! What others see after a loss: lists, histories, ids, and what was gone before.

use super::*;

fn last_seq(world: &mut World, client: &Client) -> Value {
    world.say(client, "session.list_jobs", &json!({}));
    let jobs = world.take(client.conn, "session.jobs");
    jobs["payload"]["jobs"][0]["last_event_seq"].clone()
}

#[test]
fn a_job_that_has_ended_has_ended_however_it_is_followed() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "echo"}));
    world.say(&client, "job.subscribe", &json!({ "job_id": job }));
    world.output(&job, &json!(1));
    world.restart(true);
    world.got(client.conn);
    assert_eq!(world.statuses(&client), ["success"]);
}

#[test]
fn a_list_tells_the_last_number_of_a_session_that_is_gone() {
    let mut world = World::stored(json!({}));
    let (client, other) = (world.connect("alice"), world.connect("alice"));
    let job = world.submit(&client, &json!({"agent": "count"}));
    (1..=5).for_each(|current| world.progress(&job, current));
    world.drop_conn(&client);
    world.sleep(600_000);
    // Its end is sent to nobody, and is its end all the same.
    world.output(&job, &json!(1));
    world.restart(true);
    assert_eq!(last_seq(&mut world, &other), json!(5));
    assert_eq!(world.statuses(&other), ["success"]);
}

#[test]
fn what_was_gone_before_is_told_to_who_asks_for_it_later() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "count"}));
    for current in 1..=2500 {
        world.progress(&job, current);
        if current % 100 == 0 {
            world.say(&client, "session.ack", &json!({ "last_processed_seq": current }));
        }
    }
    let mut told = Vec::new();
    for _ in 0..2 {
        let other = world.connect("alice");
        world.say(&other, "job.subscribe", &json!({"job_id": job, "from_event_seq": 300}));
        let got = world.got(other.conn);
        let first = got[2]["payload"]["body"]["current"].as_i64().unwrap();
        told.push((got[1]["payload"]["body"]["count"].as_i64().unwrap(), first));
        world.restart(true);
    }
    // Some may be kept a little longer than they must be. None is missing without a word.
    assert!(told[0] == (200, 501) && told.iter().all(|(count, first)| 300 + count + 1 == *first), "{told:?}");
}

#[test]
fn ids_go_on_when_the_clock_was_set_back() {
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    world.now -= 3_600_000;
    world.restart(true);
    let other = world.connect("alice");
    assert!(other.session > client.session);
    assert!(world.submit(&other, &json!({"agent": "echo"}))["job_".len()..] > client.session["sess_".len()..]);
}

#[test]
fn what_goes_into_frames_as_it_is_must_be_json() {
    // A column of a job; or of its result, short or long.
    for (column, length, expected) in
        [(5, 1, "gone"), (6, 1, "gone"), (7, 1, "gone"), (14, 1, "gone"), (0, 9000, "no_result")]
    {
        let mut world = World::stored(json!({}));
        let client = world.connect("alice");
        let whole = world.submit(&client, &json!({"agent": "echo"}));
        let job = world.submit(&client, &json!({"agent": "echo", "idempotency_key": "k"}));
        for id in [&whole, &job] {
            world.output(id, &json!("x".repeat(length)));
        }
        world.got(client.conn);
        if column > 0 {
            let rows = world.storage().tables.get_mut("job").unwrap();
            let row = rows.values_mut().find(|row| row[0] == job.as_str()).unwrap();
            let end = json!({"kind": "result", "at": 1, "result": "{"}).to_string();
            row[column] = if column == 14 { json!(end) } else { json!("{\"no\":") };
        } else {
            let stream = format!("{job}.result");
            let (_, (_, text)) = world.storage().log.iter_mut().find(|((own, _), _)| *own == stream).unwrap();
            // As long as it was.
            *text = text.replace("x\"", "xx");
        }
        world.audit.clear();
        world.restart(false);
        assert_eq!(world.audit[0]["reason"], "unreadable_row", "{column}");
        let client = world.resume(&client, 2);
        world.say(&client, "session.list_jobs", &json!({}));
        let listed = world.take(client.conn, "session.jobs")["payload"]["jobs"].as_array().unwrap().len();
        assert_eq!(listed, if expected == "gone" { 1 } else { 2 }, "{column}: the others are there");
        assert_eq!(world.submit(&client, &json!({"agent": "echo", "idempotency_key": "k"})), job);
        let end = world.take(client.conn, "job.error");
        assert_eq!(end["payload"]["message"], "The job has ended, and its result is no longer kept");
    }
    // What a key was answered.
    let mut world = World::stored(json!({}));
    let client = world.connect("alice");
    let job = world.submit(&client, &json!({"agent": "echo", "idempotency_key": "k"}));
    world.storage().tables.get_mut("known").unwrap().values_mut().next().unwrap()[4] = json!("zzz");
    world.restart(false);
    let client = world.resume(&client, 0);
    world.got(client.conn);
    assert_ne!(world.submit(&client, &json!({"agent": "echo", "idempotency_key": "k"})), job);
}
