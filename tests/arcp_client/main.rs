//! The client's machine over time: a clock that the test sets, and a runtime that the test plays.
#![cfg(not(target_arch = "wasm32"))]

mod any_frame;
mod backpressure;
mod connections;
mod driver;
mod encoding;
mod failures;
mod jobs;
mod listed;
mod listing;
mod properties;
mod reconcile;
mod renewal;
mod requests;
mod runtime;
mod seen;
mod slow_reader;
mod subscriptions;
mod timelines;
mod turns;
mod undeliverable;
mod unreadable;

use arcgate::sans_io::{
    arcp::client::{Client, Reader},
    machine::Machine as _,
    time::Time,
};
use serde_json::{json, Value};

const OPTIONS: &str = r#"{"client":{"name":"t","version":"1"},"scheme":"bearer","canRenew":true}"#;

/// A client, its clock in milliseconds, and what it wants done.
struct World {
    client: Client,
    now: f64,
    /// What was asked for and not looked at yet; frames apart.
    acts: Vec<Value>,
    /// Frames that were sent: the connection and the frame.
    sent: Vec<(u64, Value)>,
    /// The connection that was asked for last.
    conn: u32,
}

impl World {
    fn of(options: &str) -> Self {
        let client = Client::new(options, 42).unwrap();
        Self { client, now: 1_800_000_000_000.0, acts: Vec::new(), sent: Vec::new(), conn: 0 }
    }

    /// Does something to the client, and takes in what comes of it.
    fn with<T>(&mut self, work: impl FnOnce(&mut Client, Time) -> T) -> T {
        let value = work(&mut self.client, Time::from_millis(self.now));
        while let Some(output) = self.client.poll_output() {
            let act = driver::json(&output);
            match act["do"].as_str().unwrap() {
                "send" => {
                    let frame = serde_json::from_str(act["text"].as_str().unwrap()).unwrap();
                    self.sent.push((act["conn"].as_u64().unwrap(), frame));
                }
                "connect" => {
                    self.conn = u32::try_from(act["conn"].as_u64().unwrap()).unwrap();
                    self.acts.push(act);
                }
                _ => self.acts.push(act),
            }
        }
        value
    }

    /// Lets time pass, waking the client as often as it wants to be.
    fn sleep(&mut self, millis: f64) {
        let until = self.now + millis;
        for _ in 0..10_000 {
            match self.client.poll_timeout().map(|due| due.as_millis() as f64) {
                Some(due) if due <= until => {
                    self.now = self.now.max(due);
                    self.with(|client, now| client.handle_timeout(now));
                }
                _ => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("it wants to be woken for ever");
    }

    fn frame(&mut self, frame: &Value) {
        let conn = self.conn;
        self.frame_on(conn, frame);
    }

    fn frame_on(&mut self, conn: u32, frame: &Value) {
        let text = frame.to_string();
        self.with(|client, now| client.handle_frame(conn, &text, now));
    }

    fn gone(&mut self, code: u16) {
        let conn = self.conn;
        self.with(|client, now| client.handle_closed(conn, code, true, now));
    }

    /// The connection that was asked for opens; the hello that is sent on it.
    fn open_until(&mut self, ends: Option<Time>) -> Value {
        let conn = self.conn;
        self.with(|client, now| client.handle_dialing(conn, now));
        self.with(|client, now| client.handle_opened(conn, Some("tok"), ends, now));
        self.last("session.hello")
    }

    fn open(&mut self) -> Value {
        self.open_until(None)
    }

    fn welcome(&mut self, session: &str, token: &str) {
        self.frame(&welcome(session, token));
    }

    /// A client with an open session, with nothing in `acts`.
    fn opened() -> Self {
        Self::opened_with(OPTIONS)
    }

    fn opened_with(options: &str) -> Self {
        let mut world = Self::of(options);
        world.with(|client, now| client.handle_start(now));
        world.open();
        world.welcome("sess_1", "rt_1");
        world.acts.clear();
        world
    }

    /// A session again, after the connection was lost.
    fn resumed(&mut self) -> Value {
        self.sleep(40_000.0);
        let hello = self.open();
        self.welcome("sess_1", "rt_2");
        hello
    }

    /// A job that the runtime has accepted: its number.
    fn job(&mut self, id: &str) -> u64 {
        self.with(|client, now| client.handle_submit(r#"{"agent":"a"}"#, None, false, now));
        self.accept(id)
    }

    fn accept(&mut self, id: &str) -> u64 {
        let submit = self.last("job.submit");
        self.frame(&accepted(id, &submit));
        self.take("accepted")["job"].as_u64().unwrap()
    }

    fn event(&mut self, job: &str, seq: i64) {
        self.frame(&event(job, seq));
    }

    /// The last frame that was sent, which must be of this type.
    fn last(&self, kind: &str) -> Value {
        let (_, frame) = self.sent.last().expect(kind);
        assert_eq!(frame["type"], kind, "{frame}");
        frame.clone()
    }

    /// How many frames of this type were sent.
    fn count(&self, kind: &str) -> usize {
        self.sent.iter().filter(|(_, frame)| frame["type"] == kind).count()
    }

    /// The next action of this kind; those before it are forgotten.
    #[track_caller]
    fn take(&mut self, what: &str) -> Value {
        let Some(at) = self.acts.iter().position(|act| act["do"] == what) else {
            panic!("no {what} in {:?}", self.acts);
        };
        self.acts.drain(..=at).next_back().unwrap()
    }

    /// The event of this type that was told.
    #[track_caller]
    fn told(&self, kind: &str) -> Value {
        let found = self.acts.iter().find(|act| act["do"] == "notify" && act["event"]["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} in {:?}", self.acts))["event"].clone()
    }

    fn has(&self, what: &str) -> bool {
        self.acts.iter().any(|act| act["do"] == what)
    }

    fn has_told(&self, kind: &str) -> bool {
        self.acts.iter().any(|act| act["do"] == "notify" && act["event"]["type"] == kind)
    }

    /// The numbers of the events that came.
    fn seqs(&self) -> Vec<i64> {
        self.acts.iter().filter(|act| act["do"] == "event").map(|act| act["seq"].as_i64().unwrap()).collect()
    }

    fn reads(&mut self, job: u64) {
        self.with(|client, now| client.handle_reader(job as u32, Reader::Events, now));
    }
}

fn message(kind: &str, payload: Value) -> Value {
    json!({ "arcp": "1.1", "id": "01M", "type": kind, "session_id": "sess_1", "payload": payload })
}

fn welcome(session: &str, token: &str) -> Value {
    let mut frame = message(
        "session.welcome",
        json!({
            "runtime": { "name": "r", "version": "1" },
            "resume_token": token,
            "resume_window_sec": 600,
            "heartbeat_interval_sec": 30,
            "capabilities": { "features": ["heartbeat", "ack", "list_jobs", "subscribe", "x-vendor.r.y"], "agents": ["echo"] }
        }),
    );
    frame["session_id"] = json!(session);
    frame
}

fn accepted(id: &str, submit: &Value) -> Value {
    message("job.accepted", json!({ "job_id": id, "agent": "a", "request_id": submit["id"] }))
}

fn numbered(kind: &str, job: &str, seq: i64, payload: Value) -> Value {
    let mut frame = message(kind, payload);
    frame["job_id"] = json!(job);
    frame["event_seq"] = json!(seq);
    frame
}

fn event(job: &str, seq: i64) -> Value {
    numbered("job.event", job, seq, json!({ "kind": "log", "ts": "2026-01-01T00:00:00Z", "body": { "n": seq } }))
}

fn result(job: &str, seq: i64) -> Value {
    numbered("job.result", job, seq, json!({ "final_status": "success", "result": seq }))
}

fn error(code: &str) -> Value {
    message("session.error", json!({ "code": code, "message": "no", "retryable": false, "details": null }))
}
