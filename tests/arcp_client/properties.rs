//! What holds whatever happens: a runtime that keeps its word, behind a network that doesn't.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{runtime::Runtime, *};

#[derive(Clone, Debug)]
enum Turn {
    /// The runtime's jobs make so many events.
    Emit(u8),
    /// So many frames arrive.
    Arrive(u8),
    Duplicate,
    /// A frame arrives again that arrived long ago.
    Old(u8),
    Drop,
    Swap,
    Garbage,
    /// The connection ends with this code, or without anybody noticing.
    Gone(u16),
    Silence,
    /// What is asked for is answered: a connection opens, or doesn't.
    Connect(bool),
    Sleep(u32),
    Jump(i32),
    Submit {
        is_keyed: bool,
    },
    List,
    Cancel(u8),
    Reader(u8, u8),
    Read(u8, u8),
    WakeHint,
    /// The runtime forgets the session.
    Forget,
    Error(u8),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => (1u8..6).prop_map(Turn::Emit),
        10 => (1u8..9).prop_map(Turn::Arrive),
        2 => Just(Turn::Duplicate),
        1 => any::<u8>().prop_map(Turn::Old),
        1 => Just(Turn::Drop),
        1 => Just(Turn::Swap),
        1 => Just(Turn::Garbage),
        2 => prop::sample::select(vec![1000u16, 1006, 1012, 4408, 4410, 4429]).prop_map(Turn::Gone),
        1 => Just(Turn::Silence),
        8 => prop::bool::weighted(0.8).prop_map(Turn::Connect),
        4 => (0u32..3_000).prop_map(Turn::Sleep),
        1 => (0u32..200_000).prop_map(Turn::Sleep),
        1 => (-5_000_000i32..5_000_000).prop_map(Turn::Jump),
        5 => any::<bool>().prop_map(|is_keyed| Turn::Submit { is_keyed }),
        1 => Just(Turn::List),
        1 => any::<u8>().prop_map(Turn::Cancel),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(job, reader)| Turn::Reader(job, reader)),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(job, count)| Turn::Read(job, count)),
        1 => Just(Turn::WakeHint),
        1 => prop::bool::weighted(0.15).prop_map(|forgets| if forgets { Turn::Forget } else { Turn::WakeHint }),
        1 => any::<u8>().prop_map(Turn::Error),
    ]
}

/// What the application has seen.
#[derive(Default)]
struct Seen {
    asked: BTreeSet<u64>,
    answered: BTreeSet<u64>,
    jobs: BTreeMap<u64, String>,
    /// The last number of each job's events.
    last: BTreeMap<u64, i64>,
    ended: BTreeSet<u64>,
    gone: BTreeSet<u64>,
    lost_jobs: BTreeSet<String>,
    has_gap: bool,
    names_requests: bool,
    /// A submit was given up, and its late answer may be taken for another one's where a runtime names no requests: what that
    /// job said before went by as nobody's.
    is_mistaken: bool,
    closed: Option<String>,
}

impl Seen {
    fn take(&mut self, act: &Value) {
        let job = || act["job"].as_u64().unwrap();
        assert!(self.closed.is_none(), "after the end: {act}");
        match act["do"].as_str().unwrap() {
            "accepted" => {
                self.answer(act);
                self.jobs.insert(job(), act["id"].as_str().unwrap().to_owned());
            }
            "refused" | "answer" | "done" | "held" => {
                self.is_mistaken |= !self.names_requests && act["error"]["code"] == "ERR_TIMEOUT";
                self.answer(act);
            }
            "event" => {
                assert!(!self.ended.contains(&job()) && !self.gone.contains(&job()), "{act}");
                let n = act["payload"]["body"]["n"].as_i64().unwrap();
                let last = self.last.entry(job()).or_insert(0);
                let may_skip = self.has_gap || self.is_mistaken;
                assert!(n == *last + 1 || (may_skip && n > *last), "after {last}: {act}");
                *last = n;
            }
            "result" | "failed" => {
                assert!(self.ended.insert(job()), "twice: {act}");
            }
            "tell" if act["event"]["type"] == "lost" => {
                self.has_gap |= act["event"]["reason"] == "GAP";
                // Garbage that was no event of it is nothing lost.
                let is_garbage = act["event"]["reason"] == "UNREADABLE" && act["event"]["fromSeq"].is_null();
                let jobs = act["event"]["jobs"].as_array().filter(|_| !is_garbage).into_iter().flatten();
                self.lost_jobs.extend(jobs.map(|job| job.as_str().unwrap().to_owned()));
            }
            "closed" => {
                let is_fruitless = !act["error"]["details"]["connections"].is_null();
                let code = if is_fruitless { "FRUITLESS" } else { act["code"].as_str().unwrap() };
                self.closed = Some(code.to_owned());
            }
            _ => {}
        }
    }

    fn answer(&mut self, act: &Value) {
        let request = act["request"].as_u64().unwrap();
        assert!(self.answered.insert(request), "twice: {act}");
    }
}

struct Play {
    world: World,
    runtime: Runtime,
    seen: Seen,
    /// Connections that were asked for.
    wanted: Vec<u32>,
    heard: usize,
    arrived: Vec<Value>,
    turn: usize,
}

impl Play {
    /// The client's frames reach the runtime, and what it wants done is looked at.
    fn pump(&mut self) {
        for act in std::mem::take(&mut self.world.acts) {
            match act["do"].as_str().unwrap() {
                "connect" => self.wanted.push(act["conn"].as_u64().unwrap() as u32),
                "close" => {
                    let conn = act["conn"].as_u64().unwrap() as u32;
                    self.wanted.retain(|wanted| *wanted != conn);
                    if self.runtime.conn == Some(conn) {
                        self.runtime.conn = None;
                        self.runtime.way.clear();
                    }
                }
                _ => self.seen.take(&act),
            }
        }
        let sent: Vec<_> = self.world.sent.iter().skip(self.heard).cloned().collect();
        for (conn, frame) in sent {
            self.runtime.hear(conn as u32, &frame);
        }
        self.heard = self.world.sent.len();
    }

    fn arrive(&mut self, frame: &Value) {
        if let Some(conn) = self.runtime.conn {
            if frame["type"] == "session.welcome" {
                self.runtime.welcomed = frame["payload"]["resume_token"].clone();
            }
            self.world.frame_on(conn, frame);
            self.pump();
        }
    }

    fn connect(&mut self, opens: bool) {
        let Some(conn) = self.wanted.pop() else { return };
        if opens {
            self.world.with(|client, now| client.handle_dialing(conn, now));
            self.world.with(|client, now| client.handle_opened(conn, Some("tok"), None, now));
        } else {
            self.world.with(|client, now| client.handle_closed(conn, 1006, true, now));
        }
        self.pump();
    }

    fn job(&self, pick: u8) -> Option<u64> {
        let jobs: Vec<_> = self.seen.jobs.keys().collect();
        (!jobs.is_empty()).then(|| *jobs[usize::from(pick) % jobs.len()])
    }

    fn ask(&mut self, work: impl FnOnce(&mut Client, Time) -> u32) {
        let number = self.world.with(work);
        self.seen.asked.insert(number.into());
        self.pump();
    }

    fn play(&mut self, turn: Turn) {
        self.turn += 1;
        match turn {
            Turn::Emit(count) => (0..count).for_each(|n| self.runtime.emit(self.turn + usize::from(n))),
            Turn::Arrive(count) => {
                for _ in 0..count {
                    let Some(frame) = self.runtime.way.pop_front() else { break };
                    self.arrived.push(frame.clone());
                    self.arrive(&frame);
                }
            }
            Turn::Duplicate => {
                let numbered = self.runtime.way.front().filter(|frame| !frame["event_seq"].is_null()).cloned();
                if let Some(frame) = numbered {
                    self.arrive(&frame);
                }
            }
            Turn::Old(pick) => {
                // Of this session: another one's numbers mean nothing here, and nobody could know.
                let old: Vec<_> = self.runtime.log.iter().take(self.client_seq()).cloned().collect();
                if !old.is_empty() {
                    self.arrive(&old[usize::from(pick) % old.len()]);
                }
            }
            Turn::Drop => {
                if self.runtime.way.front().is_some_and(|frame| !frame["event_seq"].is_null()) {
                    self.runtime.way.pop_front();
                }
            }
            Turn::Swap => {
                let both = |at: usize| self.runtime.way.get(at).is_some_and(|frame| !frame["event_seq"].is_null());
                if both(0) && both(1) {
                    self.runtime.way.swap(0, 1);
                }
            }
            Turn::Garbage => self.arrive(&json!({ "arcp": "1.1" })),
            Turn::Gone(code) => {
                if let Some(conn) = self.runtime.conn.take() {
                    self.runtime.way.clear();
                    self.world.with(|client, now| client.handle_closed(conn, code, true, now));
                    self.pump();
                }
            }
            Turn::Silence => {
                self.runtime.conn = None;
                self.runtime.way.clear();
            }
            Turn::Connect(opens) => self.connect(opens),
            Turn::Sleep(millis) => {
                self.world.sleep(millis.into());
                self.pump();
            }
            Turn::Jump(millis) => {
                self.world.now += f64::from(millis);
                self.world.with(|client, now| client.handle_timeout(now));
                self.pump();
            }
            Turn::Submit { is_keyed } => {
                let key = if is_keyed { format!(r#","idempotency_key":"k{}""#, self.turn) } else { String::new() };
                self.ask(|client, now| client.handle_submit(&format!(r#"{{"agent":"a"{key}}}"#), None, is_keyed, now));
            }
            Turn::List => self.ask(|client, now| client.handle_list("{}", now)),
            Turn::Cancel(pick) => {
                if let Some(job) = self.job(pick) {
                    self.ask(|client, now| client.handle_cancel(job as u32, "", now));
                }
            }
            Turn::Reader(pick, reader) => {
                if let Some(job) = self.job(pick) {
                    let reader = match reader % 8 {
                        0 => Reader::Gone,
                        1..=3 => Reader::Result,
                        _ => Reader::Events,
                    };
                    if reader == Reader::Gone {
                        self.seen.gone.insert(job);
                    }
                    self.world.with(|client, now| client.handle_reader(job as u32, reader, now));
                    self.pump();
                }
            }
            Turn::Read(pick, count) => {
                if let Some(job) = self.job(pick) {
                    self.world.with(|client, now| client.handle_read(job as u32, count.into(), now));
                    self.pump();
                }
            }
            Turn::WakeHint => {
                self.world.with(|client, now| client.handle_wake_hint(now));
                self.pump();
            }
            Turn::Forget => {
                self.runtime.session = None;
                self.play(Turn::Gone(1012));
            }
            Turn::Error(pick) => {
                let codes = ["HEARTBEAT_LOST", "INTERNAL_ERROR", "PERMISSION_DENIED", "UNAUTHENTICATED"];
                if self.seen.asked == self.seen.answered {
                    self.arrive(&error(codes[usize::from(pick) % 3]));
                }
            }
        }
    }

    /// How far the client is, as its last hello or acknowledgement says.
    fn client_seq(&self) -> usize {
        let of = |frame: &Value| {
            let payload = &frame["payload"];
            payload["last_processed_seq"].as_u64().or(payload["resume"]["last_event_seq"].as_u64())
        };
        let last = self.world.sent.iter().rev().take_while(|(_, frame)| frame["type"] != "session.hello");
        last.filter_map(|(_, frame)| of(frame)).next().unwrap_or(0) as usize
    }
}

fn plays(turns: Vec<Turn>, names_requests: bool) -> Result<(), TestCaseError> {
    let mut world = World::of(OPTIONS);
    world.with(|client, now| client.handle_start(now));
    let mut runtime = Runtime::default();
    runtime.names_requests = names_requests;
    let seen = Seen { names_requests, ..Seen::default() };
    let mut play = Play { world, runtime, seen, wanted: Vec::new(), heard: 0, arrived: Vec::new(), turn: 0 };
    play.pump();
    play.connect(true);
    play.play(Turn::Arrive(1));
    for turn in turns {
        if play.seen.closed.is_some() {
            break;
        }
        play.play(turn);
    }
    // Everything is well from here on. (That the last frame of a connection is missing shows on the next one.)
    play.play(Turn::Gone(1006));
    for round in 0..400 {
        if play.seen.closed.is_some() {
            break;
        }
        play.connect(true);
        play.play(Turn::Emit(3));
        play.play(Turn::Arrive(50));
        if round < 300 || !play.runtime.way.is_empty() {
            play.play(Turn::Sleep(1_000));
        }
    }
    // A peer that breaks the protocol again and again ends it, one that refuses a hello for good, and one of whose
    // connections nothing comes; nothing else does.
    let ends = ["ERR_PROTOCOL", "ERR_REMOTE", "FRUITLESS"];
    prop_assert!(play.seen.closed.as_deref().is_none_or(|code| ends.contains(&code)), "{:?}", play.seen.closed);
    prop_assert_eq!(&play.seen.asked, &play.seen.answered, "each request has one answer");
    prop_assert!(play.seen.lost_jobs.is_empty() || play.seen.has_gap || play.runtime.sessions > 1);
    for (job, id) in &play.seen.jobs {
        prop_assert!(play.seen.ended.contains(job) || play.seen.gone.contains(job), "{} has no end", id);
    }
    Ok(())
}

/// What chance found once.
#[test]
fn a_session_that_is_forgotten_at_once() {
    use Turn::{Arrive, Connect, Error, Forget, Sleep};
    for names_requests in [false, true] {
        plays(vec![Forget, Sleep(172), Connect(true), Arrive(1), Connect(true), Error(4)], names_requests).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_event_is_lost_doubled_or_out_of_order(turns in prop::collection::vec(turn(), 1..200), names_requests: bool) {
        plays(turns, names_requests)?;
    }

    #[test]
    fn no_frame_breaks_it(frames in prop::collection::vec(any_frame(), 1..40)) {
        let mut world = World::opened();
        world.job("job_1");
        for frame in frames {
            let conn = world.conn;
            world.with(|client, now| client.handle_frame(conn, &frame, now));
            world.sleep(10.0);
            if world.has("connect") {
                world.acts.clear();
                world.open();
                world.welcome("sess_1", "rt_1");
            }
        }
        world.sleep(100_000.0);
    }
}

/// Frames with members of the right names, and whatever in them.
fn any_frame() -> impl Strategy<Value = String> {
    let kinds = vec![
        "job.event",
        "job.result",
        "job.error",
        "job.accepted",
        "job.subscribed",
        "job.cancelled",
        "session.jobs",
        "session.ping",
        "session.error",
        "session.welcome",
        "session.closed",
        "odd",
    ];
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("\"job_1\"".to_owned()),
        Just("\"success\"".to_owned()),
        Just("\"result_chunk\"".to_owned()),
        Just("[{\"job_id\":\"job_1\",\"status\":\"running\"}]".to_owned()),
        Just("{\"result_id\":\"r\",\"chunk_seq\":0,\"data\":\"\",\"encoding\":\"utf8\",\"more\":true}".to_owned()),
        ".{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let names = vec![
        "kind",
        "body",
        "final_status",
        "result",
        "result_id",
        "job_id",
        "request_id",
        "code",
        "details",
        "jobs",
        "next_cursor",
        "nonce",
        "message",
        "retryable",
        "trace_id",
        "runtime",
        "capabilities",
        "resume_token",
    ];
    let members = prop::collection::btree_map(prop::sample::select(names), value, 0..8);
    let seq = prop_oneof![Just(None), (0i64..40).prop_map(Some), any::<i64>().prop_map(Some)];
    (prop::sample::select(kinds), members, seq, any::<bool>()).prop_map(|(kind, members, seq, has_job)| {
        let members: Vec<_> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let mut text = format!(r#"{{"arcp":"1.1","id":"x","type":"{kind}","payload":{{{}}}"#, members.join(","));
        if let Some(seq) = seq {
            text.push_str(&format!(r#","event_seq":{seq}"#));
        }
        text.push_str(if has_job { r#","job_id":"job_1"}"# } else { "}" });
        text
    })
}
