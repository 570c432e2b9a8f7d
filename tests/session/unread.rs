//! What nobody reads is bounded, and what is given up for it is told.

use arcgate::session::{Auth, JobEventKind, Submit};
use serde_json::json;

use crate::world::{accept, job_event, job_result, World};

#[test]
fn a_runtime_is_held_back_until_somebody_reads() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let mut job = submitted.take().unwrap().unwrap();
    for seq in 1..=300 {
        job_event(&line, seq, "log", json!({"message": seq.to_string()}));
    }
    world.pass(1000);
    assert!(line.sent().is_empty(), "nothing is acknowledged");
    let read = world.run(async move {
        for _ in 0..100 {
            job.next().await.unwrap();
        }
        job
    });
    world.pass(1000);
    assert!(read.take().is_some());
    let acks: Vec<_> = line.sent().iter().map(|frame| frame["payload"]["last_processed_seq"].clone()).collect();
    assert_eq!(acks, [300]);
}

#[test]
fn a_runtime_that_sends_on_all_the_same_costs_bounded_memory() {
    let world = World::new();
    let options = world.options(Auth::none());
    let (client, line) = world.open(options);
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let mut job = submitted.take().unwrap().unwrap();
    let result = world.run(job.result());
    for seq in 1..=1000 {
        job_event(&line, seq, "log", json!({}));
        world.tasks.run();
    }
    job_result(&line, 1001, json!({"result": 1}));
    world.tasks.run();
    assert!(result.take().unwrap().is_ok(), "who waits for the result doesn't stop it");
    let seen = world.run(async move {
        let mut seen = Vec::new();
        while let Some(event) = job.next().await {
            seen.push(event);
        }
        seen
    });
    let seen = seen.take().unwrap();
    assert_eq!((seen[0].kind(), seen[0].dropped()), (&JobEventKind::Dropped, Some(1000 - 256)));
    assert_eq!((seen.len(), seen[1].seq()), (257, Some(1000 - 255)));
}

#[test]
fn who_reads_and_waits_for_the_result_loses_nothing() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let mut job = submitted.take().unwrap().unwrap();
    let result = world.run(job.result());
    job_event(&line, 1, "log", json!({}));
    let first = world.run(async move {
        job.next().await.unwrap();
        job
    });
    for seq in 2..=1000 {
        job_event(&line, seq, "log", json!({}));
        world.tasks.run();
    }
    job_result(&line, 1001, json!({"result": 1}));
    world.tasks.run();
    assert!(result.take().unwrap().is_ok());
    let mut job = first.take().unwrap();
    let seen = world.run(async move {
        let mut seen = Vec::new();
        while let Some(event) = job.next().await {
            seen.extend(event.seq());
        }
        seen
    });
    assert_eq!(seen.take().unwrap(), (2..=1000).collect::<Vec<i64>>());
}
