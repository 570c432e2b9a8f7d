//! Whoever stops waiting leaves nothing behind, wherever that is.

use std::{future::Future, pin::Pin, sync::Arc, sync::Mutex, task::Poll};

use arcgate::{
    session::{ArcpClient, Auth, SessionEvent, SessionState, SocketEvent, Submit},
    Code,
};
use serde_json::json;

use crate::world::{accept, job_event, job_result, welcome, World};

const URL: &str = "wss://agents.example/arcp";

#[test]
fn the_last_handle_closes_the_session() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let job = submitted.take().unwrap().unwrap();
    drop(client.clone());
    drop(client);
    world.tasks.run();
    assert!(line.sent().is_empty(), "a job is there");
    drop(job);
    world.tasks.run();
    assert_eq!(line.sent().pop().unwrap()["type"], "session.close");
    world.pass(3000);
    assert!(world.tasks.left() == 0 && line.is_dropped());
}

#[test]
fn whoever_drops_connect_before_the_welcome_has_given_it_up() {
    let world = World::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let own = Arc::clone(&heard);
    let options = world.options(Auth::none()).on_event(move |event| {
        if let SessionEvent::Closed(closed) = event {
            own.lock().unwrap().push((closed.reason.clone(), closed.error.is_none()));
        }
    });
    let mut connecting = Box::pin(ArcpClient::connect(URL, options));
    let polled = std::future::poll_fn(move |cx| Poll::Ready(connecting.as_mut().poll(cx).is_ready()));
    assert_eq!(world.run(polled).take(), Some(false));
    world.pass(3000);
    assert_eq!(*heard.lock().unwrap(), [("given up".to_owned(), true)], "as the JavaScript client says it");
    assert_eq!(world.tasks.left(), 0);
}

#[test]
fn a_submit_that_nobody_waits_for_is_cancelled_when_it_is_accepted() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let mut submit = Box::pin(client.submit(Submit::new("echo")));
    let begun = world.run(std::future::poll_fn(move |cx| Poll::Ready(submit.as_mut().poll(cx).is_ready())));
    assert_eq!(begun.take(), Some(false));
    accept(&world, &line);
    assert_eq!(line.sent().pop().unwrap()["type"], "job.cancel");
    // The same when the answer has come, and nobody has looked.
    let mut submit: Pin<Box<dyn Future<Output = _> + Send>> =
        Box::pin(client.submit(Submit::new("echo").idempotency_key("k")));
    let held = Arc::new(Mutex::new(None));
    let own = Arc::clone(&held);
    world.run(std::future::poll_fn(move |cx| {
        assert!(submit.as_mut().poll(cx).is_pending());
        let rest = std::mem::replace(&mut submit, Box::pin(std::future::pending()));
        *own.lock().unwrap() = Some(rest);
        Poll::Ready(())
    }));
    let asked = line.sent().into_iter().find(|frame| frame["type"] == "job.submit").unwrap();
    let payload = json!({"job_id": "job_2", "agent": "echo", "request_id": asked["id"]});
    line.frame("job.accepted", json!({"session_id": "sess_1", "job_id": "job_2", "payload": payload}));
    world.tasks.run();
    assert!(line.sent().is_empty());
    drop(held.lock().unwrap().take());
    world.tasks.run();
    let cancel = line.sent().pop().unwrap();
    assert_eq!((&cancel["type"], &cancel["payload"]["job_id"]), (&json!("job.cancel"), &json!("job_2")));
}

#[test]
fn a_job_that_is_dropped_goes_on_and_whoever_waits_gets_its_result() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let submitted = world.run(client.submit(Submit::new("echo")));
    accept(&world, &line);
    let job = submitted.take().unwrap().unwrap();
    let result = world.run(job.result());
    drop(job);
    for seq in 1..1000 {
        job_event(&line, seq, "log", json!({}));
    }
    world.pass(300);
    assert!(line.sent().iter().all(|frame| frame["type"] == "session.ack"), "nothing is cancelled");
    job_result(&line, 1000, json!({"result": 1}));
    world.tasks.run();
    assert_eq!(result.take().unwrap().unwrap().json().as_deref(), Some("1"));
}

#[test]
fn without_its_driver_a_session_is_over() {
    let world = World::new();
    let (client, line) = world.open(world.options(Auth::none()));
    let submitted = world.run(client.submit(Submit::new("echo")));
    let closed = world.run(client.closed());
    world.tasks.drop_first();
    world.tasks.run();
    assert_eq!(submitted.take().unwrap().unwrap_err().code(), Code::Aborted);
    assert_eq!(closed.take().unwrap().error.unwrap().code(), Code::Aborted);
    assert!(client.state() == SessionState::Closed && line.is_dropped());
    assert_eq!(line.closed().map(|(code, _)| code), Some(1000));
}

/// A program, from its connecting to its end.
async fn program(connecting: impl Future<Output = Result<ArcpClient, arcgate::Error>>) -> Option<String> {
    let client = connecting.await.ok()?;
    let mut events = client.events();
    let mut job = client.submit(Submit::new("echo")).await.ok()?;
    job.next().await;
    job.cancel("enough").await.ok()?;
    while job.next().await.is_some() {}
    let result = job.result().await.ok()?;
    client.close("done").await;
    while events.next().await.is_some() {}
    result.json()
}

/// Polls a program so many times, and drops it.
struct Cut<F>(Option<Pin<Box<F>>>, usize);

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        if self.1 == 0 {
            self.0 = None;
            return Poll::Ready(None);
        }
        self.1 -= 1;
        self.0.as_mut().unwrap().as_mut().poll(cx).map(Some)
    }
}

#[test]
fn a_program_may_be_dropped_at_every_await() {
    for polls in 0.. {
        let world = World::new();
        let connecting = ArcpClient::connect(URL, world.options(Auth::none()));
        let outcome = world.run(Cut(Some(Box::pin(program(connecting))), polls));
        if let Some(line) = world.line() {
            let say = |what: &dyn Fn()| {
                what();
                world.tasks.run();
            };
            say(&|| line.event(SocketEvent::Opened));
            say(&|| welcome(&line, "sess_1"));
            let submit = line.sent().into_iter().find(|frame| frame["type"] == "job.submit");
            if let Some(submit) = submit {
                let payload = json!({"job_id": "job_1", "agent": "echo", "request_id": submit["id"]});
                say(&|| {
                    line.frame("job.accepted", json!({"session_id": "sess_1", "job_id": "job_1", "payload": payload}))
                });
                say(&|| job_event(&line, 1, "log", json!({})));
                say(&|| job_event(&line, 2, "log", json!({})));
                let cancelled = json!({"job_id": "job_1"});
                say(&|| {
                    line.frame(
                        "job.cancelled",
                        json!({"session_id": "sess_1", "job_id": "job_1", "payload": cancelled}),
                    )
                });
                say(&|| job_result(&line, 3, json!({"result": 1})));
            }
            say(&|| line.frame("session.bye", json!({"session_id": "sess_1"})));
            say(&|| line.event(crate::world::broken()));
        }
        world.pass(3000);
        assert_eq!(world.tasks.left(), 0, "after {polls} polls something is left");
        if let Some(Some(result)) = outcome.take() {
            assert_eq!(result.as_deref(), Some("1"));
            assert!(polls > 6, "it was cut in {polls} places");
            return;
        }
    }
}
