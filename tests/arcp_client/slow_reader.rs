//! A job whose reader is slow, at runtimes of several dialects.

use std::collections::VecDeque;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Puts a job off when it is unsubscribed, and sends the rest under new numbers, with what is under way once more.
    Embedded,
    /// Sends on; replays under numbers of the subscription's own before it answers, and then sends everything twice.
    Python,
    /// Sends on; replays under the old numbers.
    SameNumbers,
    /// Sends on, and replays nothing.
    NoReplay,
}

/// A runtime with one long job, `job_1`, whose events have `n` from 1 on.
pub(super) struct Peer {
    pub(super) dialect: Dialect,
    /// The session's last number.
    pub(super) seq: i64,
    /// `n` of each number that the long job had.
    pub(super) numbers: Vec<(i64, i64)>,
    /// How many there are, and how many were sent.
    pub(super) to: i64,
    pub(super) sent: i64,
    pub(super) is_off: bool,
    pub(super) apart: Option<i64>,
    pub(super) acked: i64,
    pub(super) way: VecDeque<Value>,
    pub(super) heard: usize,
    pub(super) unsubscribed: usize,
}

fn nth(seq: i64, n: i64) -> Value {
    let body = json!({ "kind": "log", "ts": "2026-01-01T00:00:00Z", "body": { "n": n } });
    numbered("job.event", "job_1", seq, body)
}

impl Peer {
    pub(super) fn new(dialect: Dialect, to: i64) -> Self {
        Self {
            dialect,
            seq: 0,
            numbers: Vec::new(),
            to,
            sent: 0,
            is_off: false,
            apart: None,
            acked: 0,
            way: VecDeque::new(),
            heard: 0,
            unsubscribed: 0,
        }
    }

    /// Sends what it may of the long job, up to so many events. The agent itself is never too far ahead of the reader.
    pub(super) fn run(&mut self, most: usize, seen: i64) {
        for _ in 0..most {
            let is_held = self.dialect == Dialect::Embedded && (self.is_off || self.seq - self.acked > 2_000);
            if is_held || self.sent > self.to || self.sent - seen > 5_000 {
                return;
            }
            self.sent += 1;
            self.seq += 1;
            let frame = if self.sent > self.to { result("job_1", self.seq) } else { nth(self.seq, self.sent) };
            self.numbers.push((self.seq, self.sent));
            self.way.push_back(frame);
            if let (Some(apart), true) = (self.apart.as_mut(), self.sent <= self.to) {
                *apart += 1;
                self.way.push_back(nth(*apart, self.sent));
            }
        }
    }

    pub(super) fn hear(&mut self, world: &World) {
        let sent: Vec<Value> = world.sent.iter().skip(self.heard).map(|(_, frame)| frame.clone()).collect();
        self.heard = world.sent.len();
        for frame in sent {
            match frame["type"].as_str().unwrap() {
                "session.ack" => self.acked = frame["payload"]["last_processed_seq"].as_i64().unwrap(),
                "job.unsubscribe" => {
                    self.unsubscribed += 1;
                    self.is_off = true;
                    self.apart = None;
                }
                "job.subscribe" => self.subscribe(&frame),
                "job.submit" if frame["payload"]["agent"] == "short" => self.short(&frame),
                _ => {}
            }
        }
    }

    pub(super) fn short(&mut self, submit: &Value) {
        self.way.push_back(accepted("job_2", submit));
        for kind in ["job.event", "job.result"] {
            self.seq += 1;
            let payload = json!({ "final_status": "success", "kind": "log", "ts": "x", "body": {}, "result": 7 });
            self.way.push_back(numbered(kind, "job_2", self.seq, payload));
        }
    }

    pub(super) fn subscribe(&mut self, frame: &Value) {
        let from = frame["payload"]["from_event_seq"].as_i64().unwrap_or(i64::MAX);
        let missed: Vec<(i64, i64)> =
            self.numbers.iter().filter(|(seq, n)| *seq > from && *n <= self.to).copied().collect();
        let next = self.seq + 1;
        let answer = |from: i64, replayed: Value| {
            let payload =
                json!({ "job_id": "job_1", "request_id": frame["id"], "subscribed_from": from, "replayed": replayed });
            message("job.subscribed", payload)
        };
        self.is_off = false;
        match self.dialect {
            Dialect::Embedded => {
                // An answer waits for nothing.
                self.way.push_front(answer(next, json!(true)));
                for (_, n) in missed {
                    self.seq += 1;
                    self.way.push_back(nth(self.seq, n));
                }
            }
            Dialect::SameNumbers => {
                self.way.push_back(answer(next, json!(true)));
                self.way.extend(missed.iter().map(|(seq, n)| nth(*seq, *n)));
            }
            Dialect::Python => {
                let count = missed.len() as i64;
                self.way.extend(missed.iter().zip(1..).map(|((_, n), seq)| nth(seq, *n)));
                self.way.push_back(answer(count, json!(count)));
                self.apart = Some(count);
            }
            Dialect::NoReplay => self.way.push_back(answer(next, json!(false))),
        }
    }
}

/// What the application has of the long job: events and what it was told to have missed.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) queue: VecDeque<i64>,
    pub(super) seen: Vec<i64>,
    pub(super) missed: i64,
    pub(super) lost: usize,
    pub(super) has_ended: bool,
    pub(super) other: Option<i64>,
}

impl Reading {
    pub(super) fn take(&mut self, world: &mut World, job: u64) {
        for act in std::mem::take(&mut world.acts) {
            let is_mine = act["job"] == job;
            match act["do"].as_str().unwrap() {
                "event" if is_mine => {
                    let dropped = act["drop"].as_u64().unwrap() as usize;
                    self.missed += dropped as i64;
                    self.queue.drain(..dropped);
                    self.queue.push_back(act["payload"]["body"]["n"].as_i64().unwrap());
                }
                "missed" if is_mine => self.missed += act["count"].as_i64().unwrap(),
                "result" if is_mine => self.has_ended = true,
                "result" => self.other = act["value"].as_i64(),
                "failed" | "close" | "closed" => panic!("{act}"),
                "notify" if act["event"]["type"] == "lost" => self.lost += 1,
                _ => {}
            }
        }
    }

    pub(super) fn read(&mut self, world: &mut World, job: u64, count: usize) {
        let count = count.min(self.queue.len());
        self.seen.extend(self.queue.drain(..count));
        world.with(|client, now| client.handle_read(job as u32, count as u32, now));
    }
}

/// One long job whose reader is slow, and with `blocks` waits for another job's result before it reads on.
pub(super) fn play(dialect: Dialect, to: i64, blocks: bool) -> (Peer, Reading) {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.reads(job);
    let (mut peer, mut reading) = (Peer::new(dialect, to), Reading::default());
    peer.heard = world.sent.len();
    let mut has_asked = false;
    for round in 0..20_000 {
        peer.run(40, reading.seen.len() as i64 + reading.missed);
        // Some frames are under way for longer.
        for _ in 0..(if round % 70 < 30 { 0 } else { 90 }) {
            let Some(frame) = peer.way.pop_front() else { break };
            world.frame(&frame);
        }
        world.sleep(20.0);
        reading.take(&mut world, job);
        if blocks && round == 150 && !has_asked {
            has_asked = true;
            world.with(|client, now| client.handle_submit(r#"{"agent":"short"}"#, None, false, now));
        }
        let may_read = !blocks || reading.other.is_some();
        if may_read && round > 100 {
            // By and by, and now and then all at once.
            reading.read(&mut world, job, if round % 90 == 0 { 9_000 } else { 30 });
        }
        reading.take(&mut world, job);
        peer.hear(&world);
        if reading.has_ended && reading.queue.is_empty() {
            break;
        }
    }
    assert!(reading.has_ended, "{dialect:?}: it never ended, at {}", reading.seen.len());
    (peer, reading)
}
