//! The client's machine.
//!
//! | line | what comes in |
//! |---|---|
//! | `!{…}` | the options; only as the first line |
//! | `n1` `o1` `O1 60000` | a connection is dialled; it is open, with a token without an end, or with one |
//! | `g1 1006` `G1 1006` `k1` `K1` `u1` `N` | a connection is gone, to be tried again or not; no token, for now or for good; no newer one; a wake hint |
//! | `r1 {…}` `z1` | a frame on a connection; one that is broken; without the number, on the newest |
//! | `S{…}` `y{…}` `l{…}` `b$job {…}` `c1 …` | the application submits, with a key, lists, subscribes, cancels |
//! | `U1` `A1` `R1 2` `e1 5` `x…` | it unsubscribes, gives a request up, reads, has read, closes |
//! | `t1000` `j-1000` | time passes; the clock is set |

use std::collections::{BTreeMap, BTreeSet};

use arcgate::sans_io::{
    arcp::client::{Action, Client, JobResult, Output, Reader},
    json,
    machine::Machine as _,
    time::{Span, Time},
};

use super::script::{self, Names, START};

const OPTIONS: &str = r#"{"client":{"name":"a","version":"1"},"scheme":"bearer","canRenew":true}"#;
/// Nobody else says this.
const TOKEN: &str = "token-that-nobody-else-says";

struct World {
    client: Client,
    names: Names,
    now: i64,
    conn: u32,
    /// Connections that are open.
    open: BTreeSet<u32>,
    asked: BTreeSet<u32>,
    /// Requests and jobs that the application has given up.
    given_up: BTreeSet<u32>,
    gone: BTreeSet<u32>,
    answered: BTreeSet<u32>,
    /// For each job, whether it has ended.
    jobs: BTreeMap<u32, bool>,
    is_closed: bool,
    /// The script holds the token: whatever comes back may.
    is_told: bool,
    came: usize,
    said: usize,
}

pub(crate) fn run(data: &[u8]) -> bool {
    let text = script::text(data);
    let options = text.lines().next().and_then(|line| line.strip_prefix('!')).unwrap_or_default();
    let client = Client::new(options, 7).or_else(|_| Client::new(OPTIONS, 7)).expect("the defaults are good");
    let mut world = World {
        client,
        names: Names::default(),
        now: START,
        conn: 0,
        open: BTreeSet::new(),
        asked: BTreeSet::new(),
        given_up: BTreeSet::new(),
        gone: BTreeSet::new(),
        answered: BTreeSet::new(),
        jobs: BTreeMap::new(),
        is_closed: false,
        is_told: text.contains(TOKEN),
        came: 0,
        said: 0,
    };
    world.client.handle_start(Time::from_millis(world.now as f64));
    world.drain();
    for (what, rest) in script::lines(&text) {
        world.take(what, rest);
        world.drain();
        // What could be said of it: results in chunks have a limit of their own.
        assert!(world.said <= 100_000 + 60 * world.came, "{} bytes for {}", world.said, world.came);
    }
    let weight = script::weight(&world.client);
    assert!(weight <= 40_000 + 8 * world.came, "{weight} bytes are kept of {}", world.came);
    // Whatever came: once it is closed, everybody has an answer.
    let now = Time::from_millis(world.now as f64);
    world.client.handle_close("", now);
    world.drain();
    world.pass(60_000);
    assert!(world.client.is_closed() && world.is_closed, "it does not close");
    let unanswered: Vec<_> = world.asked.difference(&world.answered).filter(|n| !world.given_up.contains(n)).collect();
    assert!(unanswered.is_empty(), "requests without an answer: {unanswered:?}");
    let is_waited_for = |(job, has_ended): &(&u32, &bool)| !**has_ended && !world.gone.contains(job);
    let open: Vec<_> = world.jobs.iter().filter(is_waited_for).collect();
    assert!(open.is_empty(), "jobs without an end: {open:?}");
    !world.jobs.is_empty()
}

impl World {
    fn take(&mut self, what: char, rest: &str) {
        let now = Time::from_millis(self.now as f64);
        let text = self.names.fill(rest).into_owned();
        self.came += text.len() + 1;
        let (first, other) = script::number(&text);
        let conn = first.map_or(self.conn, |conn| conn as u32);
        let one = first.unwrap_or(1) as u32;
        let code = script::number(other).0.map_or(1006, |code| code as u16);
        let client = &mut self.client;
        match what {
            'n' => client.handle_dialing(conn, now),
            'o' | 'O' if !self.open.insert(conn) => {}
            'o' => client.handle_opened(conn, Some(TOKEN), None, now),
            'O' => {
                client.handle_opened(conn, Some(TOKEN), Some(now.plus(Span::from_millis(script::millis(other)))), now)
            }
            'g' | 'G' => {
                self.open.remove(&conn);
                client.handle_closed(conn, code, what == 'g', now);
            }
            'k' | 'K' => client.handle_token_failure(conn, what == 'k', now),
            'u' => client.handle_token_unchanged(conn, now),
            'N' => client.handle_wake_hint(now),
            'r' => match first {
                Some(_) => client.handle_frame(conn, other, now),
                None => client.handle_frame(conn, &text, now),
            },
            'z' => client.handle_broken_frame(conn, "", now),
            'S' | 'y' if json::object_of(&text).is_ok() => {
                let request = client.handle_submit(&text, None, what == 'y', now);
                self.asked.insert(request);
            }
            'l' if json::object_of(&text).is_ok() => _ = self.asked.insert(client.handle_list(&text, now)),
            'b' => {
                let (job, payload) = text.split_once(' ').unwrap_or((&text, "{}"));
                if json::object_of(payload).is_ok() {
                    self.asked.insert(client.handle_subscribe(job, payload, now));
                }
            }
            'c' => _ = self.asked.insert(client.handle_cancel(one, other, now)),
            'U' => {
                self.gone.insert(one);
                client.handle_unsubscribe(one, now);
            }
            'A' => {
                self.given_up.insert(one);
                client.handle_abandon(one, now);
            }
            'R' => {
                let reader = match code % 3 {
                    0 => Reader::Gone,
                    1 => Reader::Result,
                    _ => Reader::Events,
                };
                if reader == Reader::Gone {
                    self.gone.insert(one);
                }
                client.handle_reader(one, reader, now);
            }
            'e' => client.handle_read(one, u32::from(code), now),
            'x' => client.handle_close(&text, now),
            't' => self.pass(script::millis(rest)),
            'j' => self.now += script::jump(rest),
            _ => {}
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            let Output::Action(action) = output else { continue };
            // Whoever asks afterwards is told so.
            let is_answer = matches!(
                action,
                Action::Close { .. } | Action::Refuse { .. } | Action::Done { .. } | Action::Forget { .. }
            );
            assert!(!self.is_closed || is_answer, "after its end: {action:?}");
            check_json(&action);
            match &action {
                Action::Connect { conn, .. } => self.conn = *conn,
                Action::Send { conn, text } => self.sends(*conn, text),
                Action::Refuse { request, .. }
                | Action::Answer { request, .. }
                | Action::Done { request }
                | Action::Existing { request, .. } => self.answers(*request, &action),
                Action::Accept { request, job, .. } => {
                    self.answers(*request, &action);
                    self.jobs.entry(*job).or_default();
                }
                Action::Deliver { job, .. } => {
                    assert!(self.jobs.get(job) != Some(&true), "after the job's end: {action:?}");
                }
                Action::Finish { job, .. } | Action::Fail { job, .. } => {
                    let has_ended = self.jobs.insert(*job, true);
                    assert!(has_ended != Some(true), "a job ends once: {action:?}");
                }
                Action::Close { conn, .. } => _ = self.open.remove(conn),
                Action::Closed { .. } => self.is_closed = true,
                Action::Open(_) | Action::Missed { .. } | Action::Forget { .. } => {}
            }
        }
    }

    fn sends(&mut self, conn: u32, text: &str) {
        assert!(self.open.contains(&conn), "nobody is on {conn}: {text}");
        self.said += text.len();
        let mine = self.names.hears(text);
        assert!(self.is_told || mine == "session.hello" || !text.contains(TOKEN), "the token in {text}");
    }

    fn answers(&mut self, request: u32, action: &Action) {
        assert!(self.answered.insert(request), "answered twice: {action:?}");
    }

    fn pass(&mut self, millis: i64) {
        let until = self.now + millis;
        let mut turns = 0;
        while let Some(at) = self.client.poll_timeout().map(Time::as_millis).filter(|at| *at <= until) {
            // Who tries again for days does so often; what must not be is a deadline that stands.
            turns += 1;
            let before = self.now;
            self.now = self.now.max(at);
            self.client.handle_timeout(Time::from_millis(self.now as f64));
            self.drain();
            let next = self.client.poll_timeout().map(Time::as_millis);
            assert!(before != self.now || next != Some(at), "a deadline that does not move: {at}");
            if turns > 2_000 {
                break;
            }
        }
        self.now = until;
    }
}

/// What is said to be JSON is.
fn check_json(action: &Action) {
    let text = match action {
        Action::Accept { payload, .. } => payload.as_deref(),
        Action::Answer { payload, .. } => Some(payload.as_str()),
        Action::Deliver { event, .. } => event.payload.as_deref(),
        Action::Finish { result: JobResult::Value(value), .. } => Some(value.as_str()),
        Action::Refuse { fault, .. } | Action::Fail { fault, .. } | Action::Closed { fault, .. } => {
            fault.peer_details.as_deref()
        }
        _ => None,
    };
    if let Some(text) = text {
        json::parse(text.as_bytes()).unwrap_or_else(|problem| panic!("{problem:?} in an action: {action:?}"));
    }
}
