//! A job, from its submit to its result.

use arcgate::{
    session::{Auth, History, JobEventKind, JobFilter, Submit},
    Code,
};
use serde_json::json;

use crate::world::{accept, broken, facts, job_event, job_result, welcome, World};

#[test]
fn a_job_sends_its_events_and_its_result() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::bearer("tok-alice")));
    let submit = Submit::new("echo").input_json(r#"{"to":2}"#).trace_id("4bf92f3577b34da6a3ce929d0e0e4736");
    let submitted = world.run(client.submit(submit));
    let sent = accept(&world, &line);
    assert_eq!(sent["payload"], json!({"agent": "echo", "input": {"to": 2}}));
    let mut job = submitted.take().unwrap().unwrap();
    assert_eq!((job.id(), job.agent().as_deref()), ("job_1", Some("echo@1")));
    assert_eq!(job.trace_id().as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    let result = world.run(job.result());
    let events = world.run(async move {
        let mut seen = Vec::new();
        while let Some(event) = job.next().await {
            seen.push((event.kind().clone(), event.progress()));
        }
        seen
    });
    job_event(&line, 1, "progress", json!({"current": 1, "total": 2}));
    world.tasks.run();
    job_event(&line, 2, "log", json!({"message": "hi"}));
    job_result(&line, 3, json!({"final_status": "success", "result": {"n": 2}}));
    world.tasks.run();
    let expected = [(JobEventKind::Progress, Some((1.0, Some(2.0)))), (JobEventKind::Log, None)];
    assert_eq!(events.take().unwrap(), expected);
    assert_eq!(result.take().unwrap().unwrap().json().as_deref(), Some(r#"{"n":2}"#));
}

#[test]
fn pieces_of_a_result_are_put_together() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let job = submitted.take().unwrap().unwrap();
    let result = world.run(job.result());
    let chunk = |seq: i64, data: &str, encoding: &str, more: bool| {
        let body = json!({"result_id": "r", "chunk_seq": seq, "data": data, "encoding": encoding, "more": more});
        job_event(&line, seq + 1, "result_chunk", body);
    };
    chunk(0, "aé", "utf8", true);
    chunk(1, "AAE=", "base64", false);
    job_result(&line, 3, json!({"final_status": "success", "result_id": "r", "result_size": 5}));
    world.tasks.run();
    assert_eq!(result.take().unwrap().unwrap().bytes(), Some(&b"a\xc3\xa9\x00\x01"[..]));
}

#[test]
fn a_job_fails_with_the_runtimes_own_word_and_its_events_end_in_good_order() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::bearer("tok-alice")));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let mut job = submitted.take().unwrap().unwrap();
    let payload = json!({"code": "INTERNAL_ERROR", "message": "no tok-alice", "details": {"a": "tok-alice"}});
    line.frame("job.error", json!({"session_id": "sess_1", "job_id": "job_1", "event_seq": 1, "payload": payload}));
    world.tasks.run();
    let error = world.run(job.result()).take().unwrap().unwrap_err();
    assert!(error.is_retryable() && error.code() == Code::Remote);
    assert!(facts(&error).contains("INTERNAL_ERROR") && !format!("{error} {}", facts(&error)).contains("alice"));
    assert!(world.run(async move { job.next().await }).take().unwrap().is_none());
}

#[test]
fn a_cut_connection_is_made_again_and_nothing_is_missing() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::bearer("tok-alice")));
    let mut events = client.events();
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let mut job = submitted.take().unwrap().unwrap();
    job_event(&line, 1, "log", json!({"message": "1"}));
    world.tasks.run();
    line.event(broken());
    world.tasks.run();
    assert!(line.is_dropped());
    world.pass(1000);
    let again = world.line().expect("another connection");
    again.event(arcgate::session::SocketEvent::Opened);
    world.tasks.run();
    let hello = &again.sent()[0];
    assert_eq!(hello["payload"]["resume"]["last_event_seq"], 1, "{hello}");
    welcome(&again, "sess_1");
    job_event(&again, 1, "log", json!({"message": "1"}));
    job_event(&again, 2, "log", json!({"message": "2"}));
    job_result(&again, 3, json!({"final_status": "success", "result": 7}));
    let seen = world.run(async move {
        let mut seen = Vec::new();
        while let Some(event) = job.next().await {
            seen.push(event.message().unwrap());
        }
        (seen, job.result().await.unwrap().json())
    });
    assert_eq!(seen.take().unwrap(), (vec!["1".to_owned(), "2".to_owned()], Some("7".to_owned())));
    drop(world.run(client.close("done")));
    again.frame("session.bye", json!({"session_id": "sess_1"}));
    again.event(broken());
    world.pass(3000);
    let told = world.run(async move {
        let mut told = Vec::new();
        while let Some(event) = events.next().await {
            told.push(format!("{event:?}").split([' ', '(']).next().unwrap().to_owned());
        }
        told
    });
    assert_eq!(told.take().unwrap(), ["Reconnecting", "Connecting", "Resumed", "Closed"]);
}

#[test]
fn events_that_are_lost_with_the_session_are_told_by_the_last_one() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::bearer("tok-alice")));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let mut job = submitted.take().unwrap().unwrap();
    line.event(arcgate::session::SocketEvent::Closed(arcgate::session::CloseFrame::new(4409, "displaced")));
    world.tasks.run();
    let last = world.run(async move { (job.next().await, job.next().await, job.result().await) }).take().unwrap();
    let (Some(lost), None, Err(error)) = last else { panic!("{last:?}") };
    assert_eq!((lost.kind(), lost.lost()), (&JobEventKind::Lost, Some(&error)));
    assert_eq!(error.code(), Code::SessionLost);
    assert_eq!(world.run(client.submit(Submit::new("echo"))).take().unwrap().unwrap_err().code(), Code::SessionLost);
    assert_eq!(world.run(client.closed()).take().unwrap().error, Some(error));
    assert_eq!(world.tasks.left(), 0);
}

#[test]
fn a_cancel_is_done_when_the_job_is() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let job = submitted.take().unwrap().unwrap();
    let cancelled = world.run(job.cancel("enough"));
    let frame = line.sent().pop().unwrap();
    assert_eq!((&frame["type"], &frame["payload"]["reason"]), (&json!("job.cancel"), &json!("enough")));
    assert!(cancelled.take().is_none());
    let result = world.run(job.result());
    job_result(&line, 1, json!({"final_status": "cancelled"}));
    world.tasks.run();
    assert!(cancelled.take().unwrap().is_ok() && result.take().unwrap().is_err());
    assert!(world.run(job.cancel("again")).take().unwrap().is_ok(), "it is over");
}

#[test]
fn lists_and_subscriptions() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let listed = world.run(client.list(&JobFilter::new().status(["running"])));
    let asked = line.sent().pop().unwrap();
    assert_eq!(asked["payload"], json!({"filter": {"status": ["running"]}}));
    let payload = json!({"request_id": asked["id"], "jobs": [{"job_id": "job_1", "agent": "a", "status": "running"}], "next_cursor": null});
    line.frame("session.jobs", json!({"session_id": "sess_1", "payload": payload}));
    world.tasks.run();
    assert_eq!(listed.take().unwrap().unwrap().jobs[0].id, "job_1");

    let subscribed = world.run(client.subscribe("job_1", History::After(4)));
    let asked = line.sent().pop().unwrap();
    assert_eq!(asked["payload"], json!({"job_id": "job_1", "from_event_seq": 4, "history": true}));
    let payload = json!({"request_id": asked["id"], "job_id": "job_1", "agent": "a", "current_status": "running"});
    line.frame("job.subscribed", json!({"session_id": "sess_1", "job_id": "job_1", "payload": payload}));
    world.tasks.run();
    let job = subscribed.take().unwrap().unwrap();
    drop(job);
    world.tasks.run();
    assert_eq!(line.sent().pop().unwrap()["type"], "job.unsubscribe", "nobody holds it any more");
}
