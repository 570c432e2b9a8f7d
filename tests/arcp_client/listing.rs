//! The runtime's list of jobs: its pages, and where it can't be had.

use super::{
    reconcile::{failed, keyed, list, lists, pass},
    *,
};

#[test]
fn all_pages_are_looked_at() {
    let mut world = World::opened();
    let (one, other) = (world.job("job_1"), world.job("job_2"));
    world.gone(1006);
    world.resumed();
    list(&mut world, json!([{ "job_id": "job_0", "status": "running" }]), json!("c1"));
    assert_eq!(world.last("session.list_jobs")["payload"], json!({ "cursor": "c1" }));
    list(&mut world, json!([{ "job_id": "job_2", "status": "running", "last_event_seq": 0 }]), json!("c2"));
    assert_eq!(world.last("session.list_jobs")["payload"]["cursor"], "c2");
    list(&mut world, json!([]), Value::Null);
    world.sleep(2_000.0);
    assert_eq!(failed(&mut world), (one, "end_lost".to_owned()));
    world.frame(&result("job_2", 1));
    assert_eq!(world.take("result")["job"], other);
    // A list without an end is not followed for ever.
    let mut world = World::opened();
    world.job("job_1");
    world.gone(1006);
    world.resumed();
    for n in 0..200 {
        list(&mut world, json!([]), json!(format!("c{n}")));
    }
    assert_eq!(world.count("session.list_jobs"), 64);
}

#[test]
fn an_end_that_is_on_its_way_may_take_its_time_but_not_for_ever() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.gone(1006);
    world.resumed();
    let entry = json!([{ "job_id": "job_1", "status": "success", "last_event_seq": 7 }]);
    list(&mut world, entry.clone(), Value::Null);
    world.sleep(5_000.0);
    assert!(!world.has("failed"));
    world.sleep(10_000.0);
    list(&mut world, entry, Value::Null);
    // As long as something comes, it is waited for.
    for seq in 1..=5 {
        world.event("job_1", seq);
        world.sleep(1_500.0);
    }
    assert!(!world.has("failed"));
    world.sleep(4_000.0);
    assert_eq!(failed(&mut world).0, job);
}

#[test]
fn a_list_that_fails_is_asked_for_again() {
    let refuse = |world: &mut World| {
        let (_, asked) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "session.list_jobs").unwrap().clone();
        let mut refusal = error("INTERNAL_ERROR");
        refusal["payload"]["details"] = json!({ "request_id": asked["id"] });
        world.frame(&refusal);
    };
    let silent = |world: &mut World| pass(world, 31_000);
    let endless = |world: &mut World| {
        for n in 0..64 {
            list(world, json!([]), json!(format!("c{n}")));
        }
    };
    let unreadable = |world: &mut World| {
        let conn = world.conn;
        let (_, asked) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "session.list_jobs").unwrap().clone();
        let text = message("session.jobs", json!({ "request_id": asked["id"], "jobs": [] })).to_string();
        let text = text.replacen(r#""jobs":[]"#, r#""jobs":[],"jobs":[]"#, 1);
        world.with(|client, now| client.handle_frame(conn, &text, now));
    };
    let failures: [&dyn Fn(&mut World); 4] = [&refuse, &silent, &endless, &unreadable];
    for fails in failures {
        let mut world = World::opened();
        let job = world.job("job_b");
        world.gone(1006);
        world.resumed();
        let asked = lists(&world);
        fails(&mut world);
        pass(&mut world, 2_000);
        assert!(lists(&world) > asked, "again");
        list(&mut world, json!([]), Value::Null);
        pass(&mut world, 2_500);
        assert_eq!(failed(&mut world), (job, "end_lost".to_owned()));
    }
}

#[test]
fn where_no_list_can_be_had_it_comes_to_an_end() {
    for is_keyed in [false, true] {
        let mut world = World::opened();
        let doubted = if is_keyed { keyed(&mut world, "job_b") } else { world.job("job_b") };
        let heard = world.job("job_a");
        world.gone(1006);
        world.resumed();
        let (mut answered, mut submits) = (0, world.count("job.submit"));
        let mut seq = 0;
        for _ in 0..2_000 {
            if world.has("failed") {
                break;
            }
            if lists(&world) > answered {
                answered = lists(&world);
                world.frame(&error("INTERNAL_ERROR"));
            }
            if world.count("job.submit") > submits {
                submits = world.count("job.submit");
                let (_, submit) = world.sent.iter().rfind(|(_, frame)| frame["type"] == "job.submit").unwrap().clone();
                world.frame(&accepted("job_b", &submit));
            }
            seq += 1;
            world.event("job_a", seq);
            world.sleep(500.0);
        }
        assert_eq!(failed(&mut world), (doubted, "end_unknown".to_owned()), "keyed: {is_keyed}");
        assert_eq!(submits, if is_keyed { 3 } else { 2 }, "with a key its end is asked for once");
        assert!(!world.has("failed"), "{heard} was heard of");
    }
}
