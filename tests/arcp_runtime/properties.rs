//! Random timelines: what holds whatever frames, drops, resumes and reports come, and in whatever order.

use arcgate::machine::Machine as _;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const WINDOW: i64 = 60_000;
const EVENTS: usize = 40;

#[derive(Clone, Debug)]
enum Step {
    Connect {
        bob: bool,
    },
    Drop(usize),
    /// From what the client has processed; or, stale, from before that with the token of the welcome before.
    Resume {
        session: usize,
        stale: bool,
    },
    /// Another's token, or a wrong one.
    Steal(usize),
    Submit {
        session: usize,
        key: Option<u8>,
        short: bool,
    },
    Progress {
        job: usize,
        times: u8,
    },
    Chunk(usize),
    Output(usize),
    Fail(usize),
    Aborted(usize),
    Ack {
        session: usize,
        all: bool,
    },
    Cancel {
        session: usize,
        job: usize,
    },
    Subscribe {
        session: usize,
        job: usize,
        history: bool,
    },
    Unsubscribe {
        session: usize,
        job: usize,
    },
    List(usize),
    Goodbye(usize),
    /// The same frame once more.
    Again(usize),
    Nonsense(usize),
    Sleep(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let n = 0..6_usize;
    let step = prop_oneof![
        3 => any::<bool>().prop_map(|bob| Step::Connect { bob }),
        3 => n.clone().prop_map(Step::Drop),
        5 => (n.clone(), prop::bool::weighted(0.2)).prop_map(|(session, stale)| Step::Resume { session, stale }),
        1 => n.clone().prop_map(Step::Steal),
        5 => (n.clone(), prop::option::of(0..3_u8), prop::bool::weighted(0.2))
            .prop_map(|(session, key, short)| Step::Submit { session, key, short }),
        9 => (n.clone(), 1..25_u8).prop_map(|(job, times)| Step::Progress { job, times }),
        2 => n.clone().prop_map(Step::Chunk),
        2 => n.clone().prop_map(Step::Output),
        1 => n.clone().prop_map(Step::Fail),
        1 => n.clone().prop_map(Step::Aborted),
        4 => (n.clone(), any::<bool>()).prop_map(|(session, all)| Step::Ack { session, all }),
        1 => (n.clone(), n.clone()).prop_map(|(session, job)| Step::Cancel { session, job }),
        3 => (n.clone(), n.clone(), any::<bool>())
            .prop_map(|(session, job, history)| Step::Subscribe { session, job, history }),
        1 => (n.clone(), n.clone()).prop_map(|(session, job)| Step::Unsubscribe { session, job }),
        1 => n.clone().prop_map(Step::List),
        1 => n.clone().prop_map(Step::Goodbye),
        2 => n.clone().prop_map(Step::Again),
        1 => n.prop_map(Step::Nonsense),
        2 => (1..20_000_i64).prop_map(Step::Sleep),
        1 => (1..WINDOW * 3).prop_map(Step::Sleep),
    ];
    prop::collection::vec(step, 1..120)
}

/// A session as its client knows it.
struct Known {
    client: Client,
    /// The welcome before.
    previous: Option<Client>,
    is_up: bool,
    has_acked: bool,
    /// Everything up to here was processed.
    seen: i64,
    /// What each number was, for as long as the client lives: a resume must not say anything else.
    events: BTreeMap<i64, Value>,
    /// For each job, how often its end came.
    ends: BTreeMap<String, usize>,
    /// For each job, the last step of its progress.
    steps: BTreeMap<String, i64>,
    /// Since when it is away.
    away: i64,
    last_frame: Option<(String, Value)>,
}

#[derive(Default)]
struct Jobs {
    ids: Vec<String>,
    owner: BTreeMap<String, String>,
    progress: BTreeMap<String, i64>,
    /// For each session and job: how often it asked for something that tells the end again.
    asked: BTreeMap<(String, String), usize>,
    /// For each session and job: whether its history was asked for, which comes in numbers of its own.
    replayed: BTreeSet<(String, String)>,
    watched: BTreeSet<(String, String)>,
}

struct Run {
    world: World,
    sessions: Vec<Known>,
    jobs: Jobs,
}

impl Run {
    fn job(&self, at: usize) -> Option<String> {
        // The newest are the ones that live.
        self.jobs.ids.iter().rev().nth(at).cloned()
    }

    fn session(&self, at: usize) -> Option<usize> {
        self.sessions.len().checked_sub(1 + at)
    }

    fn say(&mut self, at: usize, kind: &str, payload: Value) {
        let known = &mut self.sessions[at];
        if !known.is_up {
            return;
        }
        let client = known.client.clone();
        known.last_frame = Some((kind.to_owned(), payload.clone()));
        self.world.say(&client, kind, &payload);
        self.read();
    }

    /// Every client reads what it was sent.
    fn read(&mut self) {
        let sent = std::mem::take(&mut self.world.sent);
        for (conn, frame) in sent {
            let Some(known) = self.sessions.iter_mut().find(|known| known.client.conn == conn) else { continue };
            if frame.get("close").is_some() {
                known.is_up = false;
                known.away = self.world.now;
                continue;
            }
            assert!(known.is_up, "nothing comes after a close: {frame}");
            assert_eq!(frame["session_id"], known.client.session.as_str());
            let Some(seq) = frame["event_seq"].as_i64() else {
                if frame["type"] == "job.accepted" {
                    let job = frame["job_id"].as_str().unwrap().to_owned();
                    let owner = self.jobs.owner.entry(job.clone()).or_insert_with(|| known.client.who.clone());
                    assert_eq!(*owner, known.client.who, "a job is its principal's");
                    if self.jobs.ids.contains(&job) {
                        *self.jobs.asked.entry((known.client.session.clone(), job.clone())).or_default() += 1;
                        self.jobs.replayed.insert((known.client.session.clone(), job.clone()));
                    } else {
                        self.jobs.ids.push(job.clone());
                    }
                    self.jobs.watched.insert((known.client.session.clone(), job));
                }
                continue;
            };
            // Nothing lost, nothing doubled, nothing in another order.
            assert_eq!(seq, known.seen + 1, "{frame}");
            known.seen = seq;
            if let Some(before) = known.events.insert(seq, frame.clone()) {
                assert_eq!(before, frame, "a number is one event");
            }
            let job = frame["job_id"].as_str().unwrap().to_owned();
            assert_eq!(self.jobs.owner[&job], known.client.who, "nobody sees another's job");
            let place = (known.client.session.clone(), job.clone());
            assert!(self.jobs.watched.contains(&place), "nobody gets what it didn't ask for");
            let is_own = !self.jobs.replayed.contains(&place);
            if frame["type"] != "job.event" {
                let ends = known.ends.entry(job).or_default();
                *ends += 1;
                let most = 1 + self.jobs.asked.get(&place).copied().unwrap_or(0);
                assert!(*ends <= most, "one end: {frame}");
            } else if is_own {
                assert_eq!(known.ends.get(&job), None, "nothing comes after the end: {frame}");
                let body = &frame["payload"]["body"];
                if let Some(step) = body["current"].as_i64() {
                    let last = known.steps.insert(job, step);
                    assert!(last.is_none_or(|last| step == last + 1), "step {step} after {last:?}");
                } else if let Some(count) = body["count"].as_i64() {
                    // What is lost is told, and how much it was.
                    assert_eq!(frame["payload"]["kind"], "x-vendor.arcgate.dropped");
                    *known.steps.entry(job).or_default() += count;
                }
            }
        }
        assert!(self.world.hub.held_bytes() < 8 << 20);
        assert!(self.world.hub.counts().0 <= 8, "three sessions of two principals each, at most");
    }

    fn connect(&mut self, who: &str) {
        let conn = self.world.attach(&World::hello(&ALL, who, None));
        let first = self.world.sent.iter().find(|(to, _)| *to == conn).map(|(_, frame)| frame["type"].clone());
        if first == Some(json!("session.welcome")) {
            let client = self.world.welcomed(conn, who);
            self.sessions.push(Known {
                client,
                previous: None,
                is_up: true,
                has_acked: false,
                seen: 0,
                events: BTreeMap::new(),
                ends: BTreeMap::new(),
                steps: BTreeMap::new(),
                away: 0,
                last_frame: None,
            });
        }
        self.read();
    }

    fn resume(&mut self, at: usize, stale: bool) {
        let known = &self.sessions[at];
        let shown = match &known.previous {
            Some(previous) if stale => previous.clone(),
            _ => known.client.clone(),
        };
        let is_late = !known.is_up && self.world.now - known.away >= WINDOW;
        let (seen, who) = (known.seen, known.client.who.clone());
        let conn = self.world.attach(&World::resume_hello(&shown, seen));
        let mut answer = None;
        // The old connection is told first.
        self.world.sent.retain(|(to, frame)| {
            let is_answer = *to == conn && answer.is_none();
            if is_answer {
                answer = Some(frame.clone());
            }
            !is_answer
        });
        let answer = answer.expect("every hello is answered");
        if answer["type"] != "session.welcome" {
            assert_eq!(answer["payload"]["code"], "RESUME_WINDOW_EXPIRED");
            self.world.sent.retain(|(to, _)| *to != conn);
            return self.read();
        }
        assert!(!is_late, "the window is over");
        // What was sent to the old connection comes before; it has been read.
        let displaced: Sent = self.world.sent.extract_if(.., |(to, _)| *to != conn).collect();
        let replay = std::mem::replace(&mut self.world.sent, displaced);
        self.read();
        let known = &mut self.sessions[at];
        let text = |name: &str| answer["payload"][name].as_str().unwrap().to_owned();
        assert_eq!(text("session_id"), known.client.session);
        assert_ne!(text("resume_token"), known.client.token);
        known.previous = Some(shown);
        known.client = Client { conn, session: text("session_id"), token: text("resume_token"), who };
        known.is_up = true;
        self.world.sent = replay;
        self.read();
    }

    /// Every client acknowledges what it has, until nothing more comes.
    fn acknowledge_all(&mut self) {
        for at in 0..self.sessions.len() {
            let mut before = -1;
            while self.sessions[at].is_up && before < self.sessions[at].seen {
                before = self.sessions[at].seen;
                self.say(at, "session.ack", json!({ "last_processed_seq": before }));
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Connect { bob } => self.connect(if bob { "bob" } else { "alice" }),
            Step::Drop(at) => {
                let Some(at) = self.session(at) else { return };
                let client = self.sessions[at].client.clone();
                self.world.drop_conn(&client);
                if std::mem::replace(&mut self.sessions[at].is_up, false) {
                    self.sessions[at].away = self.world.now;
                }
                self.read();
            }
            Step::Resume { session, stale } => {
                let Some(at) = self.session(session) else { return };
                self.resume(at, stale);
            }
            Step::Steal(at) => {
                let Some(at) = self.session(at) else { return };
                let mut thief = self.sessions[at].client.clone();
                thief.who = if thief.who == "bob" { "alice" } else { "bob" }.to_owned();
                let conn = self.world.attach(&World::resume_hello(&thief, 0));
                assert_eq!(self.world.got(conn)[0]["payload"]["code"], "RESUME_WINDOW_EXPIRED");
                self.read();
            }
            Step::Submit { session, key, short } => {
                let Some(at) = self.session(session) else { return };
                let mut payload = json!({"agent": "count"});
                if let Some(key) = key {
                    payload["idempotency_key"] = json!(format!("k{key}"));
                }
                if short {
                    payload["max_runtime_sec"] = json!(30);
                }
                self.say(at, "job.submit", payload);
            }
            Step::Progress { job, times } => {
                let Some(job) = self.job(job) else { return };
                for _ in 0..times {
                    let current = self.jobs.progress.entry(job.clone()).or_default();
                    *current += 1;
                    let current = *current;
                    self.world.progress(&job, current);
                }
                self.read();
            }
            Step::Chunk(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.event(&job, "result_chunk", &json!({"data": "x"}));
                self.read();
            }
            Step::Output(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.output(&job, &json!(1));
                self.read();
            }
            Step::Fail(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.hub.handle_failure(&job, "INTERNAL_ERROR", None, self.world.time());
                self.world.drain();
                self.read();
            }
            Step::Aborted(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.hub.handle_abort(&job, self.world.time());
                self.world.drain();
                self.read();
            }
            Step::Ack { session, all } => {
                let Some(at) = self.session(session) else { return };
                let seen = self.sessions[at].seen;
                self.sessions[at].has_acked = true;
                self.say(at, "session.ack", json!({"last_processed_seq": if all { seen } else { seen / 2 }}));
            }
            Step::Cancel { session, job } => {
                let (Some(at), Some(job)) = (self.session(session), self.job(job)) else { return };
                self.say(at, "job.cancel", json!({ "job_id": job }));
            }
            Step::Subscribe { session, job, history } => {
                let (Some(at), Some(job)) = (self.session(session), self.job(job)) else { return };
                if !self.sessions[at].is_up {
                    return;
                }
                let place = (self.sessions[at].client.session.clone(), job.clone());
                if self.jobs.owner[&job] == self.sessions[at].client.who {
                    // What comes live before and after, or the history in between, is in no order of its own.
                    self.jobs.replayed.insert(place.clone());
                    if history {
                        *self.jobs.asked.entry(place.clone()).or_default() += 1;
                    }
                    self.jobs.watched.insert(place);
                }
                self.say(at, "job.subscribe", json!({"job_id": job, "history": history}));
            }
            Step::Unsubscribe { session, job } => {
                let (Some(at), Some(job)) = (self.session(session), self.job(job)) else { return };
                self.say(at, "job.unsubscribe", json!({ "job_id": job }));
            }
            Step::List(at) => {
                let Some(at) = self.session(at) else { return };
                self.say(at, "session.list_jobs", json!({}));
            }
            Step::Goodbye(at) => {
                let Some(at) = self.session(at) else { return };
                self.say(at, "session.close", json!({}));
            }
            Step::Again(at) => {
                let Some(at) = self.session(at) else { return };
                let Some((kind, payload)) = self.sessions[at].last_frame.clone() else { return };
                if kind == "job.subscribe" && payload["history"] == true {
                    let place =
                        (self.sessions[at].client.session.clone(), payload["job_id"].as_str().unwrap().to_owned());
                    *self.jobs.asked.entry(place).or_default() += 1;
                }
                self.say(at, &kind, payload);
            }
            Step::Nonsense(at) => {
                let Some(at) = self.session(at) else { return };
                let conn = self.sessions[at].client.conn;
                self.world.text(conn, "{\"arcp\":\"1.1\"}");
                self.read();
            }
            Step::Sleep(millis) => {
                self.world.sleep(millis);
                self.read();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(steps in steps()) {
        let options = json!({"resumeWindowSec": WINDOW / 1000, "maxBufferedEvents": EVENTS, "maxSessions": 3, "maxJobs": 5});
        let mut run = Run { world: World::with(options), sessions: Vec::new(), jobs: Jobs::default() };
        run.connect("alice");
        for step in steps {
            run.step(step);
        }
        // In the end every job has ended, and everybody who is connected knows of those that it follows.
        // Whoever is closed as too slow at the end of its jobs has its window after that.
        run.world.sleep(86_400_000 + WINDOW);
        run.read();
        // Of those who have agreed to acknowledge, nobody is sent more than fits until they do.
        run.acknowledge_all();
        for known in run.sessions.iter().filter(|known| known.is_up && known.previous.is_none()) {
            for (session, job) in &run.jobs.watched {
                let is_submitted = *session == known.client.session && !run.jobs.replayed.contains(&(session.clone(), job.clone()));
                if is_submitted {
                    prop_assert!(known.ends.contains_key(job), "{job} never ended for {session}");
                }
            }
        }
        prop_assert!(run.world.hub.poll_timeout().is_none());
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,200}", cut in 0..400_usize, fill in any::<u8>()) {
        let mut world = World::new();
        let client = world.connect("alice");
        let job = world.submit(&client, &json!({"agent": "count"}));
        let whole = Frame::new("job.submit", "01J", "{\"agent\":\"echo\",\"input\":{\"a\":[1,2,{\"b\":\"c\"}]}}").write();
        let mut damaged = whole.into_bytes();
        let at = cut % damaged.len();
        damaged[at] = fill;
        let damaged = String::from_utf8_lossy(&damaged).into_owned();
        let mut client = client;
        for text in [&text, &damaged, &damaged[..damaged.floor_char_boundary(at)].to_owned()] {
            world.hub.handle_event(&job, text, world.time());
            world.hub.handle_hello(77, text, &[0; 32], false, world.time());
            world.text(client.conn, text);
            if world.got(client.conn).iter().any(|frame| frame.get("close").is_some()) {
                client = world.resume(&client, 0);
                world.got(client.conn);
            }
        }
        world.hub.handle_output(&job, Some(&text), world.time());
        world.drain();
    }
}
