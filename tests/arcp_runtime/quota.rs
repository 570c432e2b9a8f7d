//! What a hub keeps for one principal has a bound; who has more gets nothing new, and loses nothing (ARCP 1.1 §14).

use super::*;

/// Says something long for a job that nobody reads.
pub(super) fn says(world: &mut World, job: &str, bytes: usize) {
    world.event(job, "thought", &json!({"text": "x".repeat(bytes)}));
}

/// Whether a submit is refused for want of room; of what there is too much, and how much there may be.
pub(super) fn refused(world: &mut World, client: &Client) -> Option<(String, i64)> {
    world.say(client, "job.submit", &json!({"agent": "echo"}));
    let got = world.got(client.conn);
    let payload = &got.iter().find(|frame| frame["type"] == "session.error")?["payload"];
    assert_eq!((&payload["code"], &payload["retryable"]), (&json!("INTERNAL_ERROR"), &json!(true)));
    let details = &payload["details"];
    assert_eq!(details["reason"], "store_full");
    Some((details["of"].as_str().unwrap().to_owned(), details["limit"].as_i64().unwrap()))
}

/// A hub in which alice has as much as she may have: events of a job that runs, which she has not acknowledged.
fn full() -> (World, Client, String) {
    let mut world = World::with(json!({"maxStoredBytes": 128 << 10}));
    let alice = world.connect("alice");
    let job = world.submit(&alice, &json!({"agent": "count"}));
    for _ in 0..3 {
        says(&mut world, &job, 23_000);
    }
    (world, alice, job)
}

#[test]
fn who_has_too_much_is_refused_new_jobs_and_loses_nothing() {
    let (mut world, alice, job) = full();
    assert_eq!(refused(&mut world, &alice), Some(("bytes".to_owned(), 128 << 10)));
    let line = world.audit.last().unwrap();
    assert_eq!((&line["type"], &line["reason"]), (&json!("arcp.submit"), &json!("store_full")));
    // What runs goes on.
    says(&mut world, &job, 23_000);
    world.output(&job, &json!("through"));
    assert_eq!(types(&world.got(alice.conn)), ["job.event", "job.result"]);
    // Nobody else notices.
    let bob = world.connect("bob");
    assert_eq!(refused(&mut world, &bob), None);
    // All of it comes again.
    let again = world.resume(&alice, 0);
    assert_eq!(numbers(&world.got(again.conn)), [1, 2, 3, 4, 5]);
    // Who has acknowledged it, and whose ended jobs nobody waits for, has room.
    world.say(&again, "session.ack", &json!({"last_processed_seq": 5}));
    assert_eq!(refused(&mut world, &again), None);
}

#[test]
fn ended_jobs_make_room_first_ones_own_and_the_oldest() {
    let mut world = World::with(json!({"maxStoredBytes": 128 << 10}));
    let bob = world.connect("bob");
    let theirs = world.submit(&bob, &json!({"agent": "echo"}));
    world.output(&theirs, &json!("x".repeat(50_000)));
    let alice = world.connect("alice");
    let mut jobs = Vec::new();
    for number in 1..=20 {
        let job = world.submit(&alice, &json!({"agent": "echo"}));
        world.output(&job, &json!("x".repeat(20_000)));
        world.got(alice.conn);
        world.say(&alice, "session.ack", &json!({"last_processed_seq": number}));
        jobs.push(job);
    }
    let mut listed = |client: &Client| -> Vec<String> {
        world.got(client.conn);
        world.say(client, "session.list_jobs", &json!({}));
        let jobs = world.take(client.conn, "session.jobs")["payload"]["jobs"].as_array().unwrap().clone();
        jobs.iter().map(|job| job["job_id"].as_str().unwrap().to_owned()).collect()
    };
    let kept = listed(&alice);
    assert!((3..10).contains(&kept.len()), "{}", kept.len());
    assert!(kept.iter().rev().eq(&jobs[20 - kept.len()..]), "the oldest went");
    assert_eq!(listed(&bob), [theirs], "and no other principal's");
}

#[test]
fn an_ended_job_that_somebody_waits_for_makes_no_room() {
    let mut world = World::with(json!({"maxStoredBytes": 1 << 20}));
    let conn = world.attach_paced(&World::hello(&["progress"], "alice", None));
    let reader = world.welcomed(conn, "alice");
    let other = world.connect("alice");
    let job = world.submit(&reader, &json!({"agent": "count"}));
    for _ in 0..5 {
        says(&mut world, &job, 200_000);
    }
    world.output(&job, &json!("end"));
    assert!(refused(&mut world, &other).is_some());
    let mut got = Vec::new();
    for _ in 0..10 {
        got.extend(world.got(conn));
        world.hub.handle_credit(conn, 100, world.time());
        world.drain();
    }
    let kinds: Vec<_> = got.iter().filter_map(|frame| frame["payload"]["kind"].as_str()).collect();
    assert_eq!((kinds, types(&got)[5]), (vec!["thought"; 5], "job.result"));
    assert_eq!(refused(&mut world, &other), None, "now it does");
}

#[test]
fn a_session_may_have_a_quarter_more() {
    let (mut world, alice, job) = full();
    // Somebody must be able to come, and to cancel.
    let other = world.connect("alice");
    says(&mut world, &job, 23_000);
    world.got(alice.conn);
    let conn = world.attach(&World::hello(&ALL, "alice", None));
    let error = world.take(conn, "session.error");
    assert_eq!(error["payload"]["details"], json!({"reason": "store_full", "of": "bytes", "limit": 163_840}));
    assert_eq!(world.got(conn), [json!({"close": 4429})]);
    world.connect("bob");
    world.say(&other, "session.list_jobs", &json!({}));
    assert_eq!(world.take(other.conn, "session.jobs")["payload"]["jobs"].as_array().unwrap().len(), 1);
    // What is there can be resumed all the same.
    world.drop_conn(&other);
    world.resume(&other, 0);
}

#[test]
fn rows_are_counted_too() {
    let mut world = World::with(json!({"maxStoredRows": 100}));
    let alice = world.connect("alice");
    let mut count = 0;
    let refusal = loop {
        match refused(&mut world, &alice) {
            None => count += 1,
            Some(refusal) => break refusal,
        }
    };
    assert_eq!(refusal, ("rows".to_owned(), 100));
    assert!((20..64).contains(&count), "{count}");
}

#[test]
fn in_a_hub_that_is_full_who_has_little_is_served() {
    let mut world = World::new();
    let fill = |world: &mut World, who: &str, jobs: usize| {
        let client = world.connect(who);
        for _ in 0..jobs {
            let Some(job) = submit_or_not(world, &client) else { break };
            for _ in 0..3 {
                says(world, &job, 300_000);
            }
            world.got(client.conn);
        }
        client
    };
    let greedy = ["alice", "carol", "dave"].map(|who| {
        for _ in 0..3 {
            fill(&mut world, who, 3);
        }
        fill(&mut world, who, 3)
    });
    let refused_now: Vec<bool> = greedy.iter().map(|client| refused(&mut world, client).is_some()).collect();
    assert!(refused_now.contains(&true), "{refused_now:?} {}", world.hub.held_bytes());
    let bob = world.connect("bob");
    let job = world.submit(&bob, &json!({"agent": "echo"}));
    world.progress(&job, 1);
    world.output(&job, &json!("through"));
    assert_eq!(types(&world.got(bob.conn)), ["job.event", "job.result"]);
}

fn submit_or_not(world: &mut World, client: &Client) -> Option<String> {
    world.say(client, "job.submit", &json!({"agent": "count"}));
    let got = world.got(client.conn);
    got.iter().find_map(|frame| frame["payload"]["job_id"].as_str().map(str::to_owned))
}

#[test]
fn a_job_that_has_to_go_tells_who_waits_for_it_how_much_was_lost() {
    let mut world = World::new();
    let alice = world.connect("alice");
    // Thirty jobs, each with its end and much that nobody has read.
    let paced: Vec<Client> = (0..30)
        .map(|number| {
            let conn = world.attach_paced(&World::hello(&["progress"], &format!("reader{number}"), None));
            world.welcomed(conn, &format!("reader{number}"))
        })
        .collect();
    for client in &paced {
        let job = world.submit(client, &json!({"agent": "count"}));
        for _ in 0..7 {
            says(&mut world, &job, 200_000);
        }
        world.output(&job, &json!("end"));
    }
    world.got(alice.conn);
    let mut lost = 0;
    for client in &paced {
        let mut seen: i64 = 0;
        let (mut texts, mut dropped) = (0, 0);
        for _ in 0..20 {
            let got = world.got(client.conn);
            for frame in &got {
                let Some(seq) = frame["event_seq"].as_i64() else { continue };
                assert_eq!(seq, seen + 1);
                seen = seq;
                match frame["payload"]["kind"].as_str() {
                    Some("thought") => texts += 1,
                    Some(_) => dropped += frame["payload"]["body"]["count"].as_i64().unwrap(),
                    None => {}
                }
            }
            world.hub.handle_credit(client.conn, 100, world.time());
            world.drain();
        }
        assert_eq!(texts + dropped, 7, "what was not had was told");
        lost += dropped;
    }
    assert!(lost > 0);
}

#[test]
fn what_was_written_counts_and_what_was_read_counts_no_more_after_a_loss_too() {
    let mut world = World::stored(json!({"maxStoredRows": 300}));
    let alice = world.connect("alice");
    let job = world.submit(&alice, &json!({"agent": "count"}));
    // Each too long for others in its row: one of the session's log and one of the job's in each turn.
    for _ in 1..=150 {
        world.event(&job, "log", &json!({"level": "info", "message": "x".repeat(5000)}));
    }
    assert_eq!(refused(&mut world, &alice), Some(("rows".to_owned(), 300)));
    let bob = world.connect("bob");
    assert_eq!(refused(&mut world, &bob), None);
    world.restart(false);
    let alice = world.resume(&alice, 0);
    assert_eq!(world.got(alice.conn).len(), 151, "all of it, and the end of a run that is lost");
    assert_eq!(refused(&mut world, &alice), None, "its job has ended, and nobody waits for it: it makes room");
    world.say(&alice, "session.ack", &json!({"last_processed_seq": 151}));
    let (rows, _) = world.hub.stored_load(Some("static||alice"));
    assert!(rows < 100, "{rows}");
}
