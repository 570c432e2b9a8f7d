//! A session whose driver, whose users and whose runtime are threads of their own.

use std::{
    future::Future,
    pin::pin,
    sync::{mpsc, Arc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use arcgate::session::{ArcpClient, Auth, ConnectOptions, SocketEvent, Submit};
use serde_json::json;

use crate::world::{welcome, Line};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park();
    }
}

/// Accepts each job, sends two events and its input as the result, until the session is closed.
fn runtime(line: &Line) {
    line.event(SocketEvent::Opened);
    let (mut seq, mut jobs) = (0, 0);
    loop {
        for frame in line.sent() {
            match frame["type"].as_str().unwrap() {
                "session.hello" => welcome(line, "sess_1"),
                "session.close" => {
                    line.frame("session.bye", json!({"session_id": "sess_1"}));
                    return line.event(crate::world::broken());
                }
                "job.submit" => {
                    jobs += 1;
                    let id = format!("job_{jobs}");
                    let accepted = json!({"job_id": id, "agent": "echo", "request_id": frame["id"]});
                    line.frame("job.accepted", json!({"session_id": "sess_1", "job_id": id, "payload": accepted}));
                    for payload in
                        [json!({"kind": "log", "ts": "t", "body": {}}), json!({"kind": "log", "ts": "t", "body": {}})]
                    {
                        seq += 1;
                        line.frame(
                            "job.event",
                            json!({"session_id": "sess_1", "job_id": id, "event_seq": seq, "payload": payload}),
                        );
                    }
                    seq += 1;
                    let payload = json!({"result": frame["payload"]["input"]});
                    line.frame(
                        "job.result",
                        json!({"session_id": "sess_1", "job_id": id, "event_seq": seq, "payload": payload}),
                    );
                }
                _ => {}
            }
        }
        thread::yield_now();
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test waits for each of them, and fails with it")]
fn many_threads_share_a_session() {
    let (made, lines) = mpsc::channel();
    let made = std::sync::Mutex::new(made);
    let options = ConnectOptions::new("a", "1", Auth::none())
        .sockets(move |_: &str| -> Box<dyn arcgate::session::Socket> {
            let line = Line::default();
            made.lock().unwrap().send(line.clone()).unwrap();
            line.own_end()
        })
        .spawn(|work| thread::spawn(move || wait(work)));
    let runtime = thread::spawn(move || runtime(&lines.recv().unwrap()));
    let client = wait(ArcpClient::connect("wss://agents.example/arcp", options)).unwrap();
    let users: Vec<_> = (0..4)
        .map(|user| {
            let client = client.clone();
            thread::spawn(move || {
                for at in 0..50 {
                    let input = json!([user, at]);
                    let mut job = wait(client.submit(Submit::new("echo").input_json(input.to_string()))).unwrap();
                    let mut events = 0;
                    while wait(job.next()).is_some() {
                        events += 1;
                    }
                    let result = wait(job.result()).unwrap().json().unwrap();
                    assert_eq!((events, serde_json::from_str::<serde_json::Value>(&result).unwrap()), (2, input));
                }
            })
        })
        .collect();
    users.into_iter().for_each(|user| user.join().unwrap());
    assert!(wait(client.close("done")).error.is_none());
    runtime.join().unwrap();
}
