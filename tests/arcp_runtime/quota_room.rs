//! How room is made where a principal has as much as it may have (ARCP 1.1 §14).

use super::{
    quota::{refused, says},
    *,
};

/// Jobs of some events, one after the other, that are read to their ends; how many were taken.
fn many(world: &mut World, clients: &[Client], count: usize) -> usize {
    for taken in 0..count {
        let client = &clients[taken % clients.len()];
        world.say(client, "job.submit", &json!({"agent": "count"}));
        let got = world.got(client.conn);
        let Some(job) =
            got.iter().find_map(|frame| (frame["type"] == "job.accepted").then(|| frame["payload"]["job_id"].clone()))
        else {
            return taken;
        };
        let job = job.as_str().unwrap().to_owned();
        for _ in 0..4 {
            says(world, &job, 2_000);
        }
        world.output(&job, &json!(1));
        let last = numbers(&world.got(client.conn)).last().copied().unwrap();
        world.say(client, "session.ack", &json!({ "last_processed_seq": last }));
    }
    count
}

#[test]
fn who_reads_everything_is_never_refused_however_little_there_is_room_for() {
    let plain = ["list_jobs", "subscribe"];
    for (bytes, features) in [(64 << 10, &ALL[..]), (128 << 10, &plain), (1 << 20, &plain), (1 << 20, &ALL)] {
        for is_stored in [false, true] {
            let options = json!({ "maxStoredBytes": bytes });
            let mut world = if is_stored { World::stored(options) } else { World::with(options) };
            let sessions = if bytes > 200_000 { 4 } else { 1 };
            let clients: Vec<Client> = (0..sessions).map(|_| world.connect_with("alice", features)).collect();
            assert_eq!(many(&mut world, &clients, 250), 250, "{bytes} {is_stored} {features:?}");
            if is_stored {
                let log = &world.storage().log;
                let stored: usize = log.values().map(|(_, text)| text.len()).sum();
                assert!(stored < bytes + (32 << 10), "{stored} of {bytes}");
                world.restart(true);
                assert_eq!(many(&mut world, &clients, 20), 20, "{bytes} {features:?}, restarted");
            }
        }
    }
}

#[test]
fn room_is_made_of_nothing_that_is_still_to_be_sent() {
    let back = |world: &mut World, client: &Client, seq: i64| {
        let mut hello = World::resume_hello(client, seq);
        hello["capabilities"]["features"] = json!(["list_jobs"]);
        let conn = world.attach(&hello);
        world.welcomed(conn, "alice")
    };
    let mut world = World::with(json!({"maxStoredBytes": 128 << 10}));
    let client = world.connect_with("alice", &["list_jobs"]);
    let job = world.submit(&client, &json!({"agent": "count"}));
    world.drop_conn(&client);
    for _ in 0..3 {
        says(&mut world, &job, 23_000);
    }
    let other = world.connect_with("alice", &["list_jobs"]);
    assert_eq!(refused(&mut world, &other).map(|(of, _)| of).as_deref(), Some("bytes"));
    let client = back(&mut world, &client, 0);
    assert_eq!(numbers(&world.got(client.conn)), [1, 2, 3]);
    // Now it has been sent, all but a little may go; what came last may be asked for once more.
    assert_eq!(refused(&mut world, &other), None);
    world.drop_conn(&client);
    let client = back(&mut world, &client, 2);
    assert_eq!(numbers(&world.got(client.conn)), [3]);
}
