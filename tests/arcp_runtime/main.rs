//! The embedded runtime over time: a clock that the test sets, clients and agents that the test plays.
#![cfg(not(target_arch = "wasm32"))]

mod driver;
mod flow_control;
mod frames;
mod known;
mod model;
mod observers;
mod outputs;
mod policies;
mod prices;
mod properties;
mod quota;
mod quota_room;
mod reauthorized;
mod results;
mod sessions;
mod steps;
mod storage;
mod stored;
mod stored_lists;
mod stored_positions;
mod submits;
mod uniform;

use arcgate::sans_io::{
    arcp::{
        runtime::{Action, Hub, PRINCIPAL_SCHEME},
        Frame,
    },
    machine::Machine as _,
    time::Time,
};
use serde_json::{json, Value};

const ALL: [&str; 8] =
    ["ack", "list_jobs", "subscribe", "lease_expires_at", "progress", "result_chunk", "agent_versions", "heartbeat"];

/// What a connection was sent: frames, and `{"close": code}`.
type Sent = Vec<(u32, Value)>;

/// A hub, its clock in milliseconds, and what it wanted done.
struct World {
    hub: Hub,
    config: String,
    seed: u64,
    storage: Option<storage::Storage>,
    has_crashed: bool,
    now: i64,
    conns: u32,
    random: u8,
    ids: u32,
    sent: Sent,
    /// (job, agent, the whole action)
    runs: Vec<(String, String, Value)>,
    aborts: Vec<(String, String)>,
    /// Jobs that are paused.
    paused: Vec<String>,
    asks: Vec<Value>,
    audit: Vec<Value>,
}

/// A connection with its session, as a client knows it.
#[derive(Clone, Debug)]
struct Client {
    conn: u32,
    session: String,
    token: String,
    who: String,
}

impl World {
    fn new() -> Self {
        Self::with(json!({}))
    }

    fn with(options: Value) -> Self {
        let mut config = json!({"agents": ["echo", "count", "multi@1", "multi@2"]});
        options.as_object().unwrap().iter().for_each(|(name, value)| config[name] = value.clone());
        Self {
            hub: Hub::new(&config.to_string(), 7).unwrap(),
            config: config.to_string(),
            seed: 7,
            storage: None,
            has_crashed: false,
            now: 1_800_000_000_000,
            conns: 0,
            random: 0,
            ids: 0,
            sent: Vec::new(),
            runs: Vec::new(),
            aborts: Vec::new(),
            paused: Vec::new(),
            asks: Vec::new(),
            audit: Vec::new(),
        }
    }

    fn time(&self) -> Time {
        Time::from_millis(self.now as f64)
    }

    fn drain(&mut self) {
        let mut is_first = true;
        while let Some(action) = self.hub.poll_action() {
            let read: Value = driver::json(&action);
            let text = |name: &str| read[name].as_str().unwrap().to_owned();
            match action {
                Action::Send { conn, text } => self.sent.push((conn, serde_json::from_str(&text).unwrap())),
                Action::Close { conn, close } => {
                    self.storage.iter_mut().for_each(|storage| drop(storage.attached.remove(&conn)));
                    self.sent.push((conn, json!({"close": close.code()})));
                }
                Action::Run { .. } => self.runs.push((text("job"), text("agent"), read)),
                Action::Abort { .. } => self.aborts.push((text("job"), text("reason"))),
                Action::Pause { job } => self.paused.push(job),
                Action::Resume { job } => self.paused.retain(|paused| *paused != job),
                Action::AskPolicy { .. } => self.asks.push(read),
                Action::Store(changes) => {
                    assert!(is_first, "it is stored before anything is done");
                    if !self.store(&changes) {
                        self.has_crashed = true;
                        return self.restart(false);
                    }
                }
                Action::Attach { conn, attachment } => {
                    self.storage.as_mut().expect("there is no storage").attached.insert(conn, attachment);
                }
                Action::Audit(_) => self.audit.push(read["event"].clone()),
            }
            is_first = false;
        }
        if let Some(storage) = self.storage.as_ref().filter(|storage| !storage.is_damaged) {
            assert_eq!(self.hub.stored_load(None).0, storage.rows(), "rows are counted");
        }
    }

    /// Time passes.
    fn sleep(&mut self, millis: i64) {
        let until = self.now + millis;
        while let Some(at) = self.hub.poll_timeout().map(Time::as_millis).filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.hub.handle_timeout(self.time());
            self.drain();
        }
        self.now = until;
    }

    fn principal(who: &str) -> String {
        json!({"id": who, "kind": "static", "labels": {"name": who}}).to_string()
    }

    fn hello(features: &[&str], who: &str, resume: Option<Value>) -> Value {
        let mut payload = json!({
            "client": {"name": "test", "version": "1"},
            "auth": {"scheme": PRINCIPAL_SCHEME, "token": Self::principal(who)},
            "capabilities": {"encodings": ["json"], "features": features},
        });
        if let Some(resume) = resume {
            payload["resume"] = resume;
        }
        payload
    }

    /// Attaches with this hello; gives the connection.
    fn attach(&mut self, payload: &Value) -> u32 {
        self.attach_as(payload, false)
    }

    /// As [`Self::attach`]; its gate says what has left.
    fn attach_paced(&mut self, payload: &Value) -> u32 {
        self.attach_as(payload, true)
    }

    fn attach_as(&mut self, payload: &Value, is_paced: bool) -> u32 {
        self.conns += 1;
        self.random = self.random.wrapping_add(1);
        let hello = Frame::new("session.hello", "01J", &payload.to_string()).write();
        self.hub.handle_hello(self.conns, &hello, &[self.random; 32], is_paced, self.time());
        self.drain();
        self.conns
    }

    fn welcomed(&mut self, conn: u32, who: &str) -> Client {
        let welcome = self.take(conn, "session.welcome");
        let text = |name: &str| welcome["payload"][name].as_str().unwrap().to_owned();
        assert_eq!(welcome["session_id"], welcome["payload"]["session_id"]);
        Client { conn, session: text("session_id"), token: text("resume_token"), who: who.to_owned() }
    }

    fn connect(&mut self, who: &str) -> Client {
        self.connect_with(who, &ALL)
    }

    fn connect_with(&mut self, who: &str, features: &[&str]) -> Client {
        let conn = self.attach(&Self::hello(features, who, None));
        self.welcomed(conn, who)
    }

    fn resume_hello(client: &Client, seq: i64) -> Value {
        let resume = json!({"session_id": client.session, "resume_token": client.token, "last_event_seq": seq});
        Self::hello(&ALL, &client.who, Some(resume))
    }

    fn resume(&mut self, client: &Client, seq: i64) -> Client {
        let conn = self.attach(&Self::resume_hello(client, seq));
        self.welcomed(conn, &client.who)
    }

    fn drop_conn(&mut self, client: &Client) {
        self.storage.iter_mut().for_each(|storage| drop(storage.attached.remove(&client.conn)));
        self.hub.handle_closed(client.conn, self.time());
        self.drain();
    }

    fn text(&mut self, conn: u32, text: &str) {
        self.hub.handle_frame(conn, text, self.time());
        self.drain();
    }

    /// Says something; gives the message's id.
    fn say(&mut self, client: &Client, kind: &str, payload: &Value) -> String {
        self.say_of(client, kind, None, payload)
    }

    fn say_of(&mut self, client: &Client, kind: &str, job: Option<&str>, payload: &Value) -> String {
        self.ids += 1;
        let id = format!("m{}", self.ids);
        let payload = payload.to_string();
        let mut frame = Frame::new(kind, &id, &payload).of_session(&client.session);
        frame.job_id = job;
        let text = frame.write();
        self.text(client.conn, &text);
        id
    }

    /// What a connection was sent since it was last asked.
    fn got(&mut self, conn: u32) -> Vec<Value> {
        let (own, others) = std::mem::take(&mut self.sent).into_iter().partition(|(to, _)| *to == conn);
        self.sent = others;
        let own: Sent = own;
        own.into_iter().map(|(_, frame)| frame).collect()
    }

    /// The next thing that a connection was sent, which is of this type.
    fn take(&mut self, conn: u32, kind: &str) -> Value {
        let at = self.sent.iter().position(|(to, _)| *to == conn);
        let (_, frame) = self.sent.remove(at.unwrap_or_else(|| panic!("nothing was sent to {conn}, no {kind}")));
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// Whether the next thing that a connection was sent is a refusal of this request with this code.
    fn refused(&mut self, client: &Client, request: &str, code: &str) -> Value {
        let error = self.take(client.conn, "session.error");
        assert_eq!(error["payload"]["code"], code, "{error}");
        assert_eq!(error["payload"]["request_id"], request);
        assert_eq!(error["session_id"], client.session.as_str());
        error
    }

    /// Submits, and gives the job.
    fn submit(&mut self, client: &Client, payload: &Value) -> String {
        let request = self.say(client, "job.submit", payload);
        let accepted = self.take(client.conn, "job.accepted");
        assert_eq!(accepted["payload"]["request_id"], request.as_str());
        assert_eq!(accepted["job_id"], accepted["payload"]["job_id"]);
        accepted["job_id"].as_str().unwrap().to_owned()
    }

    fn event(&mut self, job: &str, kind: &str, body: &Value) {
        self.hub.handle_event(job, &json!({"kind": kind, "body": body}).to_string(), self.time());
        self.drain();
    }

    fn progress(&mut self, job: &str, current: i64) {
        self.event(job, "progress", &json!({ "current": current }));
    }

    fn output(&mut self, job: &str, output: &Value) {
        self.hub.handle_output(job, Some(&output.to_string()), self.time());
        self.drain();
    }

    fn statuses(&mut self, client: &Client) -> Vec<String> {
        self.say(client, "session.list_jobs", &json!({}));
        let jobs = self.take(client.conn, "session.jobs")["payload"]["jobs"].as_array().unwrap().clone();
        jobs.iter().map(|job| job["status"].as_str().unwrap().to_owned()).collect()
    }
}

/// Numbers of events.
fn numbers(frames: &[Value]) -> Vec<i64> {
    frames.iter().filter_map(|frame| frame["event_seq"].as_i64()).collect()
}

fn types(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap_or("close")).collect()
}
