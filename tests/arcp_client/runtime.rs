//! A runtime as the specification has it, for the properties: sessions with a log, jobs, idempotency keys.

use std::collections::{BTreeMap, VecDeque};

use super::*;

/// A runtime as the specification has it.
#[derive(Default)]
pub(super) struct Runtime {
    pub(super) sessions: usize,
    tokens: usize,
    /// The token of the last welcome that arrived.
    pub(super) welcomed: Value,
    pub(super) session: Option<String>,
    pub(super) log: Vec<Value>,
    /// Jobs: what they have sent of what they will.
    pub(super) jobs: Vec<(String, i64, i64)>,
    made: usize,
    keys: BTreeMap<String, String>,
    /// The connection, and what is on its way.
    pub(super) conn: Option<u32>,
    pub(super) way: VecDeque<Value>,
    pub(super) names_requests: bool,
}

impl Runtime {
    pub(super) fn say(&mut self, frame: Value) {
        if self.conn.is_some() {
            self.way.push_back(frame);
        }
    }

    pub(super) fn emit(&mut self, turn: usize) {
        if self.jobs.is_empty() {
            return;
        }
        let at = turn % self.jobs.len();
        let seq = self.log.len() as i64 + 1;
        let (id, sent, to) = &mut self.jobs[at];
        *sent += 1;
        let mut frame = if *sent > *to { result(id, seq) } else { event(id, seq) };
        frame["payload"]["body"] = json!({ "n": sent });
        if *sent > *to {
            self.jobs.remove(at);
        }
        self.log.push(frame.clone());
        self.say(frame);
    }

    pub(super) fn hear(&mut self, conn: u32, frame: &Value) {
        let payload = &frame["payload"];
        if frame["type"] == "session.hello" {
            return self.greet(conn, &payload["resume"]);
        }
        if self.conn != Some(conn) {
            return;
        }
        match frame["type"].as_str().unwrap() {
            "job.submit" => self.submit(frame),
            "session.list_jobs" => self.list(frame),
            "session.ping" => self.say(message("session.pong", json!({ "ping_nonce": payload["nonce"] }))),
            "job.cancel" => self.say({
                let mut frame = message("job.cancelled", json!({}));
                frame["job_id"] = payload["job_id"].clone();
                frame
            }),
            "session.close" => self.say(message("session.closed", json!({}))),
            _ => {}
        }
    }

    /// Says welcome, and what was missed.
    fn greet(&mut self, conn: u32, resume: &Value) {
        self.conn = Some(conn);
        self.way.clear();
        if !resume.is_null() && resume["session_id"].as_str() != self.session.as_deref() {
            self.say(error("RESUME_WINDOW_EXPIRED"));
            return;
        }
        if resume.is_null() {
            self.sessions += 1;
            self.session = Some(format!("sess_{}", self.sessions));
            self.log.clear();
            self.jobs.clear();
            self.keys.clear();
        } else {
            assert_eq!(resume["resume_token"], self.welcomed, "the latest token that came");
        }
        self.tokens += 1;
        self.say(welcome(self.session.as_ref().unwrap(), &format!("rt_{}", self.tokens)));
        let from = resume["last_event_seq"].as_u64().unwrap_or(0) as usize;
        let replay: Vec<_> = self.log.iter().skip(from).cloned().collect();
        for frame in replay {
            self.say(frame);
        }
    }

    fn submit(&mut self, frame: &Value) {
        let payload = &frame["payload"];
        let key = payload["idempotency_key"].as_str().map(str::to_owned);
        let known = key.as_ref().and_then(|key| self.keys.get(key)).cloned();
        let id = known.unwrap_or_else(|| {
            self.made += 1;
            let id = format!("job_{}", self.made);
            self.jobs.push((id.clone(), 0, (self.made % 5) as i64));
            id
        });
        if let Some(key) = key {
            self.keys.insert(key, id.clone());
        }
        let mut answer = accepted(&id, frame);
        if !self.names_requests {
            answer["payload"].as_object_mut().unwrap().remove("request_id");
            answer["payload"]["trace_id"] = frame["trace_id"].clone();
        }
        self.say(answer);
        if self.jobs.iter().all(|(running, ..)| *running != id) {
            // The end again (rule 137).
            let end = result(&id, self.log.len() as i64 + 1);
            self.log.push(end.clone());
            self.say(end);
        }
    }

    fn list(&mut self, frame: &Value) {
        let entry = |n| {
            let id = format!("job_{n}");
            let last = self.log.iter().rev().find(|frame| frame["job_id"] == *id);
            let is_over = self.jobs.iter().all(|(running, ..)| *running != id);
            let last = last.map_or(0, |frame| frame["event_seq"].as_i64().unwrap());
            json!({ "job_id": id, "status": if is_over { "success" } else { "running" }, "last_event_seq": last })
        };
        let jobs: Vec<_> = (1..=self.made).map(entry).collect();
        self.say(message("session.jobs", json!({ "request_id": frame["id"], "jobs": jobs })));
    }
}
