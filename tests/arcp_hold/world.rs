//! A hold with its client, its upstream and its storage.

use std::collections::BTreeMap;

use arcgate::sans_io::{
    arcp::{
        hold::{Action, Hold},
        Frame,
    },
    machine::Machine as _,
    time::Time,
};
use serde_json::{json, Value};

/// Its times are milliseconds.
pub(crate) struct World {
    pub(crate) hold: Hold,
    pub(crate) now: f64,
    acknowledges: bool,
    /// What is sent to the client doesn't arrive.
    pub(crate) is_deaf: bool,
    /// The numbers of the events that the client had.
    pub(crate) got: Vec<i64>,
    conn: Option<u32>,
    last_conn: u32,
    token: Option<String>,
    /// How much the upstream has said: whether the client may have it, one by one.
    said: Vec<bool>,
    /// Its socket, once it has said hello there.
    link: Option<u32>,
    sessions: BTreeMap<String, String>,
    log: BTreeMap<(String, i64), (i64, String)>,
}

fn hold(seed: u64) -> Hold {
    Hold::new("{}", seed).expect("a sound configuration")
}

fn event(seq: i64, is_for_client: bool) -> String {
    let payload = if is_for_client {
        json!({ "kind": "log", "ts": "2026-01-01T00:00:00Z", "body": { "level": "info", "message": "m" } })
    } else {
        json!({ "kind": "progress", "ts": "2026-01-01T00:00:00Z", "body": { "current": 1 } })
    };
    let payload = payload.to_string();
    let frame = Frame { event_seq: Some(seq), ..Frame::new("job.event", "01J", &payload) };
    frame.of_session("sess_1").of_job("job_1").write()
}

impl World {
    pub(crate) fn new(acknowledges: bool) -> Self {
        Self {
            hold: hold(1),
            now: 1_800_000_000_000.0,
            acknowledges,
            is_deaf: false,
            got: Vec::new(),
            conn: None,
            last_conn: 0,
            token: None,
            said: Vec::new(),
            link: None,
            sessions: BTreeMap::new(),
            log: BTreeMap::new(),
        }
    }

    fn time(&self) -> Time {
        Time::from_millis(self.now)
    }

    /// How many rows are stored.
    pub(crate) fn rows(&self) -> usize {
        self.sessions.len() + self.log.len()
    }

    /// Performs what there is to do; with `only_stores` the object is gone behind the first write.
    fn drain(&mut self, only_stores: bool) {
        let mut dials = Vec::new();
        while let Some(action) = self.hold.poll_action() {
            match action {
                Action::Store(changes) => {
                    for id in &changes.ended {
                        self.sessions.remove(id);
                        self.log.retain(|(session, _), _| session != id);
                    }
                    for (id, up_to) in &changes.dropped {
                        self.log.retain(|(session, _), (last, _)| session != id || *last > *up_to);
                    }
                    self.sessions.extend(changes.sessions.iter().cloned());
                    for row in &changes.log {
                        self.log.insert((row.session.clone(), row.first), (row.last, row.text.clone()));
                    }
                }
                _ if only_stores => {}
                Action::ToClient { conn, text } => self.client_frame(conn, &text),
                Action::CloseClient { conn, .. } => {
                    if self.conn == Some(conn) {
                        self.conn = None;
                    }
                }
                Action::Dial { link, .. } => dials.push(link),
                Action::ToUpstream { link, text } => self.upstream_frame(link, &text),
                Action::CloseUpstream { link } => self.link = self.link.filter(|own| *own != link),
                Action::Audit(_) => {}
            }
        }
        for link in dials {
            self.hold.handle_dialled(link, "bearer", "up", self.time());
            self.drain(only_stores);
        }
    }

    fn client_frame(&mut self, conn: u32, text: &str) {
        if self.conn != Some(conn) || self.is_deaf {
            return;
        }
        let frame: Value = serde_json::from_str(text).expect("a frame");
        match frame["type"].as_str() {
            Some("session.welcome") => self.token = frame["payload"]["resume_token"].as_str().map(str::to_owned),
            Some("job.event") => self.got.push(frame["event_seq"].as_i64().expect("a number")),
            Some("session.error") => panic!("refused: {text}"),
            _ => {}
        }
    }

    /// The upstream keeps all that it has said, and says again what comes after the number that it is asked for.
    fn upstream_frame(&mut self, link: u32, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("a frame");
        if frame["type"] != "session.hello" {
            return;
        }
        self.link = Some(link);
        let after = frame["payload"]["resume"]["last_event_seq"].as_i64().unwrap_or(0);
        assert!(after <= self.last(), "it asks for what never was");
        let welcome = json!({ "runtime": { "name": "r", "version": "1" }, "resume_token": "rtk", "resume_window_sec": 600,
            "capabilities": { "features": ["ack"] } });
        let welcome = Frame::new("session.welcome", "01J", &welcome.to_string()).of_session("sess_1").write();
        self.hold.handle_upstream_frame(link, &welcome, self.time());
        for (seq, is_for_client) in (1..).zip(self.said.clone()).filter(|(seq, _)| *seq > after) {
            self.hold.handle_upstream_frame(link, &event(seq, is_for_client), self.time());
        }
    }

    /// The number of the last that the upstream has said.
    fn last(&self) -> i64 {
        i64::try_from(self.said.len()).expect("few")
    }

    /// The numbers that the client is to have in the end.
    pub(crate) fn wanted(&self) -> Vec<i64> {
        (1..).zip(self.said.iter().filter(|is_for_client| **is_for_client)).map(|(seq, _)| seq).collect()
    }

    fn hear(&mut self, count: usize, is_for_client: bool) {
        for _ in 0..count {
            self.said.push(is_for_client);
            if let Some(link) = self.link {
                self.hold.handle_upstream_frame(link, &event(self.last(), is_for_client), self.time());
            }
        }
    }

    pub(crate) fn say(&mut self, count: usize) {
        self.hear(count, true);
        self.drain(false);
    }

    /// The upstream says what the client can't take.
    pub(crate) fn say_too_much(&mut self, count: usize) {
        self.hear(count, false);
        self.drain(false);
    }

    pub(crate) fn killed_when_written(&mut self) {
        self.hear(2, true);
        self.drain(true);
        self.restart();
    }

    pub(crate) fn cut(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.hold.handle_closed(conn, self.time());
        }
        self.drain(false);
    }

    pub(crate) fn come(&mut self) {
        self.is_deaf = false;
        self.last_conn += 1;
        let conn = self.last_conn;
        self.conn = Some(conn);
        let resume = self.token.as_ref().map(|token| {
            let last = self.got.last().copied().unwrap_or(0);
            json!({ "session_id": "sess_1", "resume_token": token, "last_event_seq": last })
        });
        let features: &[&str] = if self.acknowledges { &["ack"] } else { &[] };
        let principal = r#"{"kind":"static","id":"alice","labels":{}}"#;
        let payload = json!({ "client": { "name": "c", "version": "1" },
            "auth": { "scheme": "x-vendor.arcgate.principal", "token": principal },
            "capabilities": { "features": features }, "resume": resume });
        let hello = Frame::new("session.hello", "01J", &payload.to_string()).write();
        let random = [u8::try_from(conn % 251).unwrap_or(0); 32];
        self.hold.handle_hello(conn, &hello, None, &random, false, self.time());
        self.drain(false);
    }

    pub(crate) fn acknowledge(&mut self) {
        let Some(conn) = self.conn.filter(|_| self.acknowledges && !self.is_deaf) else { return };
        let payload = json!({ "last_processed_seq": self.got.last().copied().unwrap_or(0) }).to_string();
        let text = Frame::new("session.ack", "01J", &payload).of_session("sess_1").write();
        self.hold.handle_frame(conn, &text, self.time());
        self.drain(false);
    }

    pub(crate) fn lose_upstream(&mut self) {
        if let Some(link) = self.link.take() {
            self.hold.handle_upstream_closed(link, self.time());
        }
        self.drain(false);
    }

    /// Another object, of what is stored.
    pub(crate) fn restart(&mut self) {
        self.last_conn += 1;
        self.hold = hold(u64::from(self.last_conn));
        (self.conn, self.link) = (None, None);
        for (id, content) in &self.sessions {
            assert!(self.hold.handle_stored_session(id, content), "{content}");
        }
        for ((session, _), (_, text)) in &self.log {
            assert!(self.hold.handle_stored_log(session, text), "{text}");
        }
        self.hold.handle_restored(self.time());
        self.drain(false);
    }

    /// Time passes, and each deadline is kept.
    pub(crate) fn wait(&mut self, millis: f64) {
        let until = self.now + millis;
        for _ in 0..1000 {
            let next = self.hold.poll_timeout().map(|at| at.as_millis() as f64).filter(|at| *at <= until);
            let Some(at) = next else { break };
            self.now = self.now.max(at);
            self.hold.handle_timeout(self.time());
            self.drain(false);
        }
        self.now = until;
    }
}
