//! Readers that are slow, or don't read at all: what they keep others from, and what they miss.

use std::collections::VecDeque;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
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
struct Peer {
    dialect: Dialect,
    /// The session's last number.
    seq: i64,
    /// `n` of each number that the long job had.
    numbers: Vec<(i64, i64)>,
    /// How many there are, and how many were sent.
    to: i64,
    sent: i64,
    is_off: bool,
    apart: Option<i64>,
    acked: i64,
    way: VecDeque<Value>,
    heard: usize,
    unsubscribed: usize,
}

fn nth(seq: i64, n: i64) -> Value {
    let body = json!({ "kind": "log", "ts": "2026-01-01T00:00:00Z", "body": { "n": n } });
    numbered("job.event", "job_1", seq, body)
}

impl Peer {
    fn new(dialect: Dialect, to: i64) -> Self {
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
    fn run(&mut self, most: usize, seen: i64) {
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

    fn hear(&mut self, world: &World) {
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

    fn short(&mut self, submit: &Value) {
        self.way.push_back(accepted("job_2", submit));
        for kind in ["job.event", "job.result"] {
            self.seq += 1;
            let payload = json!({ "final_status": "success", "kind": "log", "ts": "x", "body": {}, "result": 7 });
            self.way.push_back(numbered(kind, "job_2", self.seq, payload));
        }
    }

    fn subscribe(&mut self, frame: &Value) {
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
struct Reading {
    queue: VecDeque<i64>,
    seen: Vec<i64>,
    missed: i64,
    lost: usize,
    has_ended: bool,
    other: Option<i64>,
}

impl Reading {
    fn take(&mut self, world: &mut World, job: u64) {
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
                "tell" if act["event"]["type"] == "lost" => self.lost += 1,
                _ => {}
            }
        }
    }

    fn read(&mut self, world: &mut World, job: u64, count: usize) {
        let count = count.min(self.queue.len());
        self.seen.extend(self.queue.drain(..count));
        world.with(|client, now| client.handle_read(job as u32, count as u32, now));
    }
}

/// One long job whose reader is slow, and with `blocks` waits for another job's result before it reads on.
fn play(dialect: Dialect, to: i64, blocks: bool) -> (Peer, Reading) {
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

#[test]
fn a_slow_reader_misses_nothing_where_it_can_be_had_again() {
    for dialect in [Dialect::Embedded, Dialect::Python, Dialect::SameNumbers] {
        for blocks in [false, true] {
            let (peer, reading) = play(dialect, 9_000, blocks);
            let in_order = reading.seen.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(in_order, "{dialect:?} {blocks}");
            let missing = 9_000 - reading.seen.len() as i64;
            // What a runtime that can't be held sends after the end was kept is told.
            assert_eq!(missing, reading.missed, "{dialect:?} {blocks}");
            assert!(missing == 0 || reading.lost > 0, "{dialect:?} {blocks}");
            if dialect == Dialect::Embedded {
                assert_eq!(missing, 0, "{blocks}");
                assert!(blocks || peer.unsubscribed == 0, "alone, it is held by what is not acknowledged");
            }
        }
    }
}

#[test]
fn what_a_runtime_does_not_replay_is_told() {
    for blocks in [false, true] {
        let (_, reading) = play(Dialect::NoReplay, 9_000, blocks);
        assert!(reading.seen.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(reading.seen.len() as i64 + reading.missed, 9_000, "each is seen or counted");
        assert!(reading.missed > 0 && reading.lost > 0);
    }
}

#[test]
fn a_job_that_nobody_reads_stops_no_other() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.reads(job);
    for seq in 1..=300 {
        world.event("job_1", seq);
    }
    world.sleep(1_000.0);
    assert_eq!(world.count("session.ack") + world.count("job.unsubscribe"), 0, "nobody else waits");
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    assert_eq!(world.sent.last().unwrap().1["type"], "job.unsubscribe");
    assert_eq!(world.sent.last().unwrap().1["payload"]["job_id"], "job_1");
    world.sleep(200.0);
    assert_eq!(world.last("session.ack")["payload"]["last_processed_seq"], 300);
    // Read down, it goes on from where it was.
    world.with(|client, now| client.handle_read(job as u32, 171, now));
    assert_eq!(world.count("job.subscribe"), 0);
    world.with(|client, now| client.handle_read(job as u32, 1, now));
    let (_, submit) = world.sent.iter().find(|(_, frame)| frame["payload"]["agent"] == "b").unwrap().clone();
    world.frame(&accepted("job_2", &submit));
    let subscribe = world.last("job.subscribe");
    let expected = json!({ "job_id": "job_1", "from_event_seq": 300, "history": true });
    assert_eq!(subscribe["payload"], expected);
    // Refused, that is told, and the job goes on.
    world.acts.clear();
    let mut refusal = error("PERMISSION_DENIED");
    refusal["payload"]["details"] = json!({ "request_id": subscribe["id"] });
    world.frame(&refusal);
    assert_eq!(world.told("lost")["jobs"], json!(["job_1"]));
    world.event("job_1", 301);
    assert_eq!(world.seqs(), [301]);
}

/// A session with a job, and what of it came; the runtime has these features.
fn with_features(features: &[&str], events: i64) -> World {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    let mut frame = welcome("sess_1", "rt_1");
    frame["payload"]["capabilities"]["features"] = json!(features);
    world.frame(&frame);
    let job = world.job("job_1");
    world.reads(job);
    (1..=events).for_each(|seq| world.event("job_1", seq));
    world.sleep(1_000.0);
    world
}

#[test]
fn whom_no_acknowledgement_holds_is_put_off_as_soon_as_the_reader_is_behind() {
    for (features, events, expected) in [
        (&["subscribe"][..], 256, 0),
        (&["subscribe"], 257, 1),
        (&["subscribe"], 2_000, 1),
        (&["subscribe", "ack"], 2_000, 0),
        (&[], 2_000, 0),
    ] {
        let mut world = with_features(features, events);
        assert_eq!(world.count("job.unsubscribe"), expected, "{features:?} {events}");
        // Read down, it goes on behind what came.
        world.with(|client, now| client.handle_read(1, u32::try_from(events).unwrap(), now));
        assert_eq!(world.count("job.subscribe"), expected);
        if expected == 1 {
            assert_eq!(world.last("job.subscribe")["payload"]["from_event_seq"], events);
        }
    }
}

#[test]
fn what_the_runtime_could_not_keep_is_told_as_lost() {
    let mut world = with_features(&["subscribe"], 1);
    assert!(!world.has_told("lost"));
    let payload = json!({ "kind": "x-vendor.arcgate.dropped", "ts": "2026-01-01T00:00:00Z", "body": { "count": 578 } });
    world.frame(&numbered("job.event", "job_1", 2, payload));
    let lost = world.told("lost");
    assert_eq!((&lost["reason"], &lost["jobs"]), (&json!("EVENTS"), &json!(["job_1"])));
    assert_eq!(world.seqs(), [1, 2], "it stands among the events, too");
}

#[test]
fn what_was_under_way_when_a_job_is_taken_up_comes_once() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.reads(job);
    (1..=300).for_each(|seq| world.event("job_1", seq));
    world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
    let submit = world.last("job.unsubscribe");
    assert_eq!(submit["job_id"], "job_1");
    world.with(|client, now| client.handle_read(job as u32, 300, now));
    let (_, submit) = world.sent.iter().find(|(_, frame)| frame["payload"]["agent"] == "b").unwrap().clone();
    world.frame(&accepted("job_2", &submit));
    let subscribe = world.last("job.subscribe");
    world.acts.clear();
    // Sent before the runtime has heard of it, and received before and after its answer: all of it comes again behind.
    world.event("job_1", 301);
    let payload = json!({ "job_id": "job_1", "request_id": subscribe["id"], "subscribed_from": 304, "replayed": true });
    world.frame(&message("job.subscribed", payload));
    world.event("job_1", 302);
    world.event("job_1", 303);
    assert!(world.seqs().is_empty());
    (304..=306).for_each(|seq| world.event("job_1", seq));
    assert_eq!(world.seqs(), [304, 305, 306]);
    assert!(!world.has_told("lost") && !world.has_told("reconnecting"));
}

#[test]
fn whoever_leaves_a_job_that_was_put_off_still_has_its_result() {
    for reader in [Reader::Gone, Reader::Result] {
        let mut world = World::opened();
        let job = world.job("job_1");
        for seq in 1..=300 {
            world.event("job_1", seq);
        }
        world.with(|client, now| client.handle_submit(r#"{"agent":"b"}"#, None, false, now));
        assert_eq!(world.count("job.unsubscribe"), 1);
        world.with(|client, now| client.handle_reader(job as u32, reader, now));
        let subscribe = world.last("job.subscribe");
        assert_eq!(subscribe["payload"]["history"], json!(reader == Reader::Result));
        world.frame(&message(
            "job.subscribed",
            json!({ "job_id": "job_1", "request_id": subscribe["id"], "replayed": true }),
        ));
        world.frame(&result("job_1", 301));
        assert_eq!(world.take("result")["job"], job);
    }
}

#[test]
fn without_subscriptions_others_go_on_and_what_is_given_up_is_told() {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    world.open();
    let mut frame = welcome("sess_1", "rt_1");
    frame["payload"]["capabilities"]["features"] = json!(["ack"]);
    world.frame(&frame);
    let job = world.job("job_1");
    world.reads(job);
    for seq in 1..=300 {
        world.event("job_1", seq);
    }
    world.sleep(1_000.0);
    assert_eq!(world.count("session.ack"), 0);
    world.job("job_2");
    world.sleep(200.0);
    assert_eq!(world.last("session.ack")["payload"]["last_processed_seq"], 300, "somebody else waits");
    world.acts.clear();
    for seq in 301..=5_000 {
        world.event("job_1", seq);
    }
    world.sleep(200.0);
    let lost = world.told("lost");
    assert_eq!((&lost["fromSeq"], &lost["toSeq"], &lost["jobs"]), (&json!(1), &json!(904), &json!(["job_1"])));
    assert_eq!(world.count("job.unsubscribe") + world.count("job.subscribe"), 0, "not agreed on");
    world.event("job_1", 5_001);
    world.frame(&result("job_1", 5_002));
    let events: Vec<_> = world.acts.iter().filter(|act| act["event"]["type"] == "lost").collect();
    assert_eq!(events.last().unwrap()["event"]["toSeq"], 905, "before the end, at the latest");
}
