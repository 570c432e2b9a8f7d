//! A hold between a client and an upstream that say what a test says.

use std::collections::BTreeMap;

use arcgate::sans_io::{
    arcp::{
        hold::{Action, Changes, Hold},
        Frame,
    },
    machine::Machine as _,
    time::Time,
};
use serde_json::{json, Value};

/// Its times are milliseconds.
pub(crate) struct Script {
    pub(crate) hold: Hold,
    pub(crate) now: f64,
    pub(crate) conn: u32,
    is_paced: bool,
    token: String,
    /// The socket to the upstream that was opened the last time.
    pub(crate) link: u32,
    /// What the hold has sent to the upstream on it.
    pub(crate) asked: Vec<Value>,
    /// What the client was sent on its latest connection.
    pub(crate) told: Vec<Value>,
    /// With which code that was closed.
    pub(crate) closed: Option<u16>,
    /// How many bytes the largest row had that was written.
    pub(crate) largest_row: usize,
    /// The socket to the upstream that was closed the last time.
    pub(crate) closed_upstream: Option<u32>,
    /// What the log says.
    pub(crate) log_lines: Vec<&'static str>,
    is_damaged: bool,
    sessions: BTreeMap<String, String>,
    jobs: BTreeMap<(String, String), String>,
    log: BTreeMap<(String, i64), (i64, String)>,
}

impl Script {
    /// A client with an open session.
    pub(crate) fn open() -> Self {
        let mut script = Self::before_welcome();
        script.welcome();
        script
    }

    /// A client that waits for the upstream.
    pub(crate) fn before_welcome() -> Self {
        let mut script = Self::unconnected();
        script.come(None);
        script
    }

    fn unconnected() -> Self {
        Self {
            hold: Hold::new("{}", 1).expect("a sound configuration"),
            now: 1_800_000_000_000.0,
            conn: 0,
            is_paced: false,
            token: String::new(),
            link: 0,
            asked: Vec::new(),
            told: Vec::new(),
            closed: None,
            largest_row: 0,
            closed_upstream: None,
            log_lines: Vec::new(),
            is_damaged: false,
            sessions: BTreeMap::new(),
            jobs: BTreeMap::new(),
            log: BTreeMap::new(),
        }
    }

    /// As [`Self::open`], where the gate says what has left for the client.
    pub(crate) fn open_paced() -> Self {
        let mut script = Self { is_paced: true, ..Self::unconnected() };
        script.come(None);
        script.welcome();
        script
    }

    /// So many frames have left for the client.
    pub(crate) fn credit(&mut self, frames: u32) {
        self.hold.handle_credit(self.conn, frames, self.time());
        self.drain();
    }

    fn time(&self) -> Time {
        Time::from_millis(self.now)
    }

    pub(crate) fn drain(&mut self) {
        while let Some(action) = self.hold.poll_action() {
            match action {
                Action::Store(changes) => {
                    let rows = changes.sessions.iter().map(|(_, text)| text.len());
                    let rows = rows.chain(changes.jobs.iter().map(|(_, _, text)| text.len()));
                    let largest = rows.chain(changes.log.iter().map(|row| row.text.len())).max();
                    self.largest_row = self.largest_row.max(largest.unwrap_or(0));
                    self.store(*changes);
                }
                Action::ToClient { conn, text } if conn == self.conn => {
                    let frame = serde_json::from_str(&text).unwrap_or(Value::String(text.to_string()));
                    if frame["type"] == "session.welcome" {
                        frame["payload"]["resume_token"].as_str().unwrap_or_default().clone_into(&mut self.token);
                    }
                    self.told.push(frame);
                }
                Action::CloseClient { conn, close } if conn == self.conn => self.closed = Some(close.code()),
                Action::Dial { link, .. } => {
                    (self.link, self.asked) = (link, Vec::new());
                    self.hold.handle_dialled(link, "bearer", "up", self.time());
                }
                Action::ToUpstream { link, text } if link == self.link => {
                    self.asked.push(serde_json::from_str(&text).expect("a frame"));
                }
                Action::Audit(line) => self.log_lines.push(line.reason),
                Action::CloseUpstream { link } => self.closed_upstream = Some(link),
                _ => {}
            }
        }
    }

    /// The credential that is shown on this socket was revoked.
    pub(crate) fn revoke(&mut self, link: u32) {
        self.hold.handle_revoked(link, self.time());
        self.drain();
    }

    fn store(&mut self, changes: Changes) {
        self.sessions.retain(|id, _| !changes.ended.contains(id));
        for (id, up_to) in &changes.dropped {
            self.log.retain(|(session, _), (last, _)| session != id || *last > *up_to);
        }
        self.sessions.extend(changes.sessions);
        self.jobs.extend(changes.jobs.into_iter().map(|(session, id, content)| ((session, id), content)));
        self.log.extend(changes.log.into_iter().map(|row| ((row.session, row.first), (row.last, row.text))));
    }

    /// The disk has changed a text in the frames that it keeps.
    pub(crate) fn damage(&mut self, text: &str, other: &str) {
        for (_, row) in self.log.values_mut() {
            self.is_damaged |= row.contains(text);
            *row = row.replace(text, other);
        }
    }

    /// Another object, of what is stored.
    pub(crate) fn restart(&mut self) {
        self.hold = Hold::new("{}", 2).expect("a sound configuration");
        for (id, content) in &self.sessions {
            assert!(self.hold.handle_stored_session(id, content));
        }
        for ((session, id), content) in &self.jobs {
            assert!(self.hold.handle_stored_job(session, id, content));
        }
        let rows = self.log.iter().filter(|((session, _), (_, text))| !self.hold.handle_stored_log(session, text));
        let is_whole = rows.count() == 0;
        assert_eq!(is_whole, !self.is_damaged);
        self.hold.handle_restored(self.time());
        self.drain();
    }

    /// The client comes: with a session, of which it has what is numbered up to here, or without one.
    pub(crate) fn come(&mut self, last: Option<i64>) {
        self.conn += 1;
        (self.told, self.closed) = (Vec::new(), None);
        let resume =
            last.map(|last| json!({ "session_id": "sess_1", "resume_token": self.token, "last_event_seq": last }));
        let payload = json!({ "client": { "name": "c", "version": "1" },
            "auth": { "scheme": "x-vendor.arcgate.principal", "token": r#"{"kind":"static","id":"alice","labels":{}}"# },
            "capabilities": { "features": ["ack"] }, "resume": resume });
        let hello = Frame::new("session.hello", "01J", &payload.to_string()).write();
        let random = [u8::try_from(self.conn).unwrap_or(0); 32];
        self.hold.handle_hello(self.conn, &hello, None, &random, self.is_paced, self.time());
        self.drain();
    }

    pub(crate) fn leave(&mut self) {
        self.hold.handle_closed(self.conn, self.time());
        self.drain();
    }

    /// The client says this.
    pub(crate) fn ask(&mut self, kind: &str, payload: &Value) {
        self.ask_as("01J", kind, payload);
    }

    /// As [`Self::ask`], in a frame of this id.
    pub(crate) fn ask_as(&mut self, id: &str, kind: &str, payload: &Value) {
        let text = Frame::new(kind, id, &payload.to_string()).of_session("sess_1").write();
        self.hold.handle_frame(self.conn, &text, self.time());
        self.drain();
    }

    /// The upstream says this, as it is.
    pub(crate) fn say_text(&mut self, text: &str) {
        self.hold.handle_upstream_frame(self.link, text, self.time());
        self.drain();
    }

    /// As [`Self::say`], numbered and about a job.
    pub(crate) fn say_of(&mut self, job: &str, seq: i64, kind: &str, payload: &Value) {
        let (payload, id) = (payload.to_string(), format!("01J{job}{seq}"));
        let frame = Frame { event_seq: Some(seq), ..Frame::new(kind, &id, &payload) };
        self.say_text(&frame.of_session("sess_1").of_job(job).write());
    }

    pub(crate) fn say(&mut self, kind: &str, payload: &Value) {
        self.say_text(&Frame::new(kind, "01J", &payload.to_string()).of_session("sess_1").write());
    }

    pub(crate) fn welcome(&mut self) {
        self.say(
            "session.welcome",
            &json!({ "runtime": { "name": "r", "version": "1" }, "resume_token": "rtk",
            "resume_window_sec": 600, "heartbeat_interval_sec": 30,
            "capabilities": { "features": ["ack", "heartbeat"] } }),
        );
    }

    /// An event of a job, with a text in it.
    pub(crate) fn event(&mut self, job: &str, seq: i64, message: &str) {
        let payload =
            json!({ "kind": "log", "ts": "2026-01-01T00:00:00Z", "body": { "level": "info", "message": message } });
        self.say_of(job, seq, "job.event", &payload);
    }

    /// A job of the client's is accepted.
    pub(crate) fn submit(&mut self) {
        self.ask("job.submit", &json!({ "agent": "echo", "input": 1 }));
        self.say(
            "job.accepted",
            &json!({ "job_id": "job_1", "request_id": "01J", "agent": "echo", "lease": {},
            "accepted_at": "2026-01-01T00:00:00Z" }),
        );
    }

    pub(crate) fn lose_upstream(&mut self) {
        self.hold.handle_upstream_closed(self.link, self.time());
        self.drain();
    }

    /// Time passes, and each deadline is kept; the upstream hears no answer unless it is given by `answer`.
    pub(crate) fn wait(&mut self, millis: f64, mut answer: impl FnMut(&mut Self)) {
        let until = self.now + millis;
        answer(self);
        loop {
            let next = self.hold.poll_timeout().map(|at| at.as_millis() as f64).filter(|at| *at <= until);
            let Some(at) = next else { break };
            self.now = self.now.max(at);
            self.hold.handle_timeout(self.time());
            self.drain();
            answer(self);
        }
        self.now = until;
    }

    /// How many frames are stored.
    pub(crate) fn frames_stored(&self) -> usize {
        self.log.values().map(|(_, text)| text.lines().count()).sum()
    }

    /// The types of what the client was told.
    pub(crate) fn types(&self) -> Vec<&str> {
        self.told.iter().map(|frame| frame["type"].as_str().unwrap_or("no frame")).collect()
    }

    /// The code of the latest error that the client was told.
    pub(crate) fn error(&self) -> Option<&str> {
        self.told.iter().rev().find(|frame| frame["type"] == "session.error")?["payload"]["code"].as_str()
    }
}
