//! The embedded runtime.
//!
//! | line | what comes in |
//! |---|---|
//! | `!{…}` | the configuration; only as the first line |
//! | `h{…}` `H{…}` `d1` | a connection with its hello; one whose gate says what has left; a connection ends |
//! | `p1 16` | so many frames have left |
//! | `w$job kind` | an event that JavaScript could not write |
//! | `c1 {…}` | a frame on a connection; without the number, on the newest |
//! | `e$job {…}` `o$job …` `f$job CODE …` `x$job` | of an agent: an event, its output, a failure, its end |
//! | `q1 10` | the policy's answer to a question |
//! | `t1000` | time passes |

use arcgate::sans_io::machine::Machine as _;
use std::collections::{BTreeMap, BTreeSet};

use arcgate::sans_io::{
    arcp::{
        runtime::{self, Action, Hub, Unwritten},
        Envelope,
    },
    json,
    time::Time,
};

use super::script::{self, Names, START};

#[path = "../../src/js/arcp_runtime/encode.rs"]
mod encode;

const CONFIG: &str = r#"{"agents":["echo","count@1.0.0","count@2.0.0"]}"#;

struct World {
    hub: Hub,
    names: Names,
    now: i64,
    conns: u32,
    /// Connections that are open, with the last number on each.
    open: BTreeMap<u32, i64>,
    /// Jobs that run.
    running: BTreeSet<String>,
    has_run: bool,
    came: usize,
}

pub(crate) fn run(data: &[u8]) -> bool {
    let text = script::text(data);
    let config = text.lines().next().and_then(|line| line.strip_prefix('!')).unwrap_or_default();
    let hub = Hub::new(config, 7).or_else(|_| Hub::new(CONFIG, 7)).expect("the defaults are good");
    let (open, running) = (BTreeMap::new(), BTreeSet::new());
    let mut world =
        World { hub, names: Names::default(), now: START, conns: 0, open, running, has_run: false, came: 0 };
    for (what, rest) in script::lines(&text) {
        world.take(what, rest);
        world.drain();
        let (sessions, jobs) = world.hub.counts();
        assert!(sessions <= world.conns as usize, "{sessions} sessions of {} connections", world.conns);
        assert!(jobs <= 1024, "{jobs} jobs");
    }
    // An event goes to each session that follows its job, and is kept as a job's history too.
    let most = 100_000 + world.came * 4 * (world.conns as usize + 2);
    let held = world.hub.held_bytes();
    assert!(held <= most.min(64 << 20), "{held} bytes are held of {}", world.came);
    // In the end everybody goes, all jobs end, and nobody waits for anything.
    for conn in std::mem::take(&mut world.open).into_keys() {
        world.hub.handle_closed(conn, world.time());
    }
    world.pass(3 * 604_800_000);
    assert!(world.hub.poll_timeout().is_none(), "a deadline for nobody");
    assert_eq!(world.hub.counts().0, 0, "a session of nobody");
    assert!(world.running.is_empty(), "an agent was never told to end: {:?}", world.running);
    world.has_run
}

impl World {
    fn time(&self) -> Time {
        Time::from_millis(self.now as f64)
    }

    fn take(&mut self, what: char, rest: &str) {
        let now = self.time();
        let text = self.names.fill(rest).into_owned();
        self.came += text.len();
        let newest = i64::from(self.conns);
        let conn = |text: &str| script::number(text).0.unwrap_or(newest) as u32;
        let (job, said) = text.split_once(' ').unwrap_or((&text, ""));
        match what {
            'h' if self.conns < 100 => {
                self.conns += 1;
                self.open.insert(self.conns, -1);
                self.hub.handle_hello(self.conns, &text, &[self.conns as u8; 32], false, now);
            }
            'H' if self.conns < 100 => {
                self.conns += 1;
                self.open.insert(self.conns, -1);
                self.hub.handle_hello(self.conns, &text, &[self.conns as u8; 32], true, now);
            }
            'p' => {
                let (conn, frames) = script::number(&text);
                let frames = script::number(frames.trim()).0.unwrap_or(16) as u32;
                self.hub.handle_credit(conn.unwrap_or(newest) as u32, frames, now);
            }
            'w' => {
                let what = Unwritten { kind: Some(said), thrown: Some(said), bytes: None };
                self.hub.handle_unwritten(job, what, false, now);
            }
            'd' => {
                self.open.remove(&conn(&text));
                self.hub.handle_closed(conn(&text), now);
            }
            'c' => {
                let (conn, frame) = match script::number(&text) {
                    (Some(conn), frame) => (conn as u32, frame),
                    (None, _) => (self.conns, text.as_str()),
                };
                self.hub.handle_frame(conn, frame, now);
            }
            'e' => self.hub.handle_event(job, said, now),
            'o' => {
                self.running.remove(job);
                self.hub.handle_output(job, (!said.is_empty()).then_some(said), now);
            }
            'f' => {
                self.running.remove(job);
                let (code, message) = said.split_once(' ').unwrap_or((said, ""));
                self.hub.handle_failure(job, code, Some(message), now);
            }
            'x' => {
                self.running.remove(job);
                self.hub.handle_abort(job, now);
            }
            'q' => {
                let (question, answers) = script::number(&text);
                let allowed: Vec<bool> = answers.chars().map(|answer| answer == '1').collect();
                self.hub.handle_policy_answer(question.unwrap_or(1) as u32, &allowed, now);
            }
            't' => self.pass(script::millis(rest)),
            _ => {}
        }
    }

    fn drain(&mut self) {
        while let Some(action) = self.hub.poll_action() {
            json::object_of(&encode::action(&action)).expect("an action is JSON");
            match action {
                Action::Send { conn, text } => {
                    let last = self.open.get_mut(&conn).unwrap_or_else(|| panic!("nobody is on {conn}: {text}"));
                    let envelope = Envelope::parse(&text).expect("what is sent can be read");
                    if let Some(seq) = envelope.event_seq() {
                        assert!(*last < 0 || seq == *last + 1, "{seq} comes after {last}");
                        *last = seq;
                    }
                    self.names.hears(&text);
                }
                Action::Close { conn, .. } => {
                    assert!(self.open.remove(&conn).is_some(), "nobody is on {conn}");
                }
                Action::Run { job, agent, input, lease, .. } => {
                    json::parse(input.as_bytes()).expect("an input is JSON");
                    json::object_of(&lease).expect("a lease is an object");
                    assert!(["echo", "count@1.0.0", "count@2.0.0"].contains(&&*agent) || self.came > 0);
                    self.has_run = true;
                    assert!(self.running.insert(job), "a job runs once");
                }
                Action::Abort { job, .. } => {
                    self.running.remove(&job);
                }
                Action::AskPolicy { jobs, principal, .. } => {
                    json::object_of(&principal).expect("a principal is an object");
                    jobs.iter().for_each(|job| drop(json::object_of(job).expect("a job is an object")));
                }
                Action::Pause { .. } | Action::Resume { .. } | Action::Audit(_) | Action::Attach { .. } => {}
                Action::Store(_) => {}
            }
        }
    }

    fn pass(&mut self, millis: i64) {
        let until = self.now + millis;
        for _ in 0..10_000 {
            let Some(at) = self.hub.poll_timeout().map(Time::as_millis).filter(|at| *at <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(at);
            self.hub.handle_timeout(self.time());
            self.drain();
        }
        panic!("a deadline that does not move");
    }
}
