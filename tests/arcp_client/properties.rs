//! What holds whatever happens: a runtime that keeps its word, behind a network that doesn't.

use proptest::prelude::*;

use super::{
    any_frame::any_frame,
    runtime::Runtime,
    seen::Seen,
    turns::{turn, Turn},
    *,
};

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
            Turn::WakeHint => {
                self.world.with(|client, now| client.handle_wake_hint(now));
                self.pump();
            }
            Turn::Forget => {
                self.runtime.session = None;
                self.play(Turn::Gone(1012));
            }
            Turn::Submit { .. } | Turn::List | Turn::Cancel(_) | Turn::Reader(..) | Turn::Read(..) => {
                self.applies(turn)
            }
            _ => self.carries(turn),
        }
    }

    /// What the network does.
    fn carries(&mut self, turn: Turn) {
        match turn {
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
            Turn::Error(pick) => {
                let codes = ["HEARTBEAT_LOST", "INTERNAL_ERROR", "PERMISSION_DENIED", "UNAUTHENTICATED"];
                if self.seen.asked == self.seen.answered {
                    self.arrive(&error(codes[usize::from(pick) % 3]));
                }
            }
            _ => unreachable!("{turn:?}"),
        }
    }

    /// What the application does.
    fn applies(&mut self, turn: Turn) {
        match turn {
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
            _ => unreachable!("{turn:?}"),
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
