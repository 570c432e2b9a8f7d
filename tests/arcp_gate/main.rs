//! The gate's machine against a fake clock: what each side is told, and when, whatever the other does.
#![cfg(not(target_arch = "wasm32"))]

use arcgate::sans_io::machine::Machine as _;
use arcgate::sans_io::{
    arcp::{
        gate::{Action, Audit, Config, Flow, Gate, UpstreamTrust},
        Envelope, Frame,
    },
    audit::Outcome,
    json::{self, Value},
    principal::{Kind, Principal},
    time::{Span, Time},
};

mod bounds;
mod driver;
mod handshake;
mod heartbeats;
mod lifetimes;
mod properties;
mod relay;
mod resume;
mod resume_upstream;
mod too_many;
mod undeliverable;

/// Some instant to begin at.
const START: i64 = 1_780_000_000_000;

const ID: &str = "01JZ0000000000000000000000";

/// A gate, the time, and what it did since it was last looked at.
struct World {
    gate: Gate,
    now: i64,
    done: Vec<Action>,
    /// All that was sent to either side, forwarded frames included.
    client: Vec<String>,
    upstream: Vec<String>,
    /// Close codes.
    closed: Option<u16>,
    upstream_closed: bool,
    /// The audit log.
    log: Vec<Audit>,
    /// Whether revocation is asked about.
    asks: bool,
    /// What is answered to the questions before the welcome; nothing where a test answers itself.
    answer: Option<Option<bool>>,
}

impl World {
    fn new() -> Self {
        Self::with("{}", false)
    }

    fn with(config: &str, trusted: bool) -> Self {
        let config = Config::from_json(config).unwrap();
        Self {
            gate: Gate::new(config.into(), UpstreamTrust::of(trusted), true, 7, Time::from_millis(START as f64)),
            now: START,
            done: Vec::new(),
            client: Vec::new(),
            upstream: Vec::new(),
            closed: None,
            upstream_closed: false,
            log: Vec::new(),
            asks: true,
            answer: Some(Some(false)),
        }
    }

    fn time(&self) -> Time {
        Time::from_millis(self.now as f64)
    }

    fn drain(&mut self) {
        for action in self.gate.drain_actions() {
            let _ = driver::json(&action);
            match &action {
                Action::ToClient(text) => {
                    assert!(self.closed.is_none(), "after the close: {text}");
                    self.client.push(text.clone());
                }
                Action::ToUpstream(text) => {
                    assert!(!self.upstream_closed, "after the close: {text}");
                    self.upstream.push(text.clone());
                }
                Action::CloseClient(close) => {
                    assert!(self.closed.is_none(), "closed twice");
                    self.closed = Some(close.code());
                }
                Action::CloseUpstream => self.upstream_closed = true,
                Action::Open(_) => self.upstream_closed = false,
                Action::Audit(event) => self.log.push((**event).clone()),
                _ => {}
            }
            self.done.push(action);
        }
    }

    /// Answers the question that was just asked.
    fn settle(&mut self) {
        let asked = self.done.iter().rposition(|action| matches!(action, Action::CheckRevocation));
        if let (Some(answer), Some(at)) = (self.answer, asked) {
            self.done.remove(at);
            self.answered(answer);
        }
    }

    fn answered(&mut self, revoked: Option<bool>) {
        self.gate.handle_revocation(revoked, self.time());
        self.drain();
    }

    /// Time passes; the machine is woken at its deadlines.
    fn pass(&mut self, millis: i64) {
        let until = self.now + millis;
        for _ in 0..100_000 {
            match self.gate.poll_timeout().map(Time::as_millis) {
                Some(at) if at <= until => {
                    self.now = self.now.max(at);
                    self.gate.handle_timeout(self.time());
                    self.drain();
                    self.settle();
                }
                _ => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("the deadline does not move");
    }

    fn client_says(&mut self, text: &str) -> Flow {
        let deadline = self.gate.poll_timeout();
        let flow = self.gate.handle_client_frame(text, self.time());
        if flow == Flow::Forward {
            self.moves_away(deadline);
            assert!(self.gate.drain_actions().is_empty(), "actions before a frame that is sent on");
            self.upstream.push(text.to_owned());
        }
        self.drain();
        flow
    }

    fn upstream_says(&mut self, text: &str) -> Flow {
        let deadline = self.gate.poll_timeout();
        let flow = self.gate.handle_upstream_frame(text, self.time());
        if flow == Flow::Forward {
            self.moves_away(deadline);
            assert!(self.gate.drain_actions().is_empty(), "actions before a frame that is sent on");
            self.client.push(text.to_owned());
        }
        self.drain();
        self.settle();
        flow
    }

    /// The driver sets no timer for a frame that is only sent on.
    fn moves_away(&self, deadline: Option<Time>) {
        let is_nearer = self.gate.poll_timeout().is_some_and(|now| deadline.is_none_or(|before| now < before));
        assert!(!is_nearer, "a deadline came nearer with a frame that is sent on");
    }

    fn authenticated(&mut self, principal: Principal) {
        self.gate.handle_principal(principal, Span::from_secs(30), self.asks, self.time());
        self.drain();
    }

    fn refused(&mut self, code: &str, retryable: bool) {
        self.gate.handle_refused(code, retryable, self.time());
        self.drain();
    }

    fn opened(&mut self) {
        self.gate.handle_opened("bearer", "for-alice", self.time());
        self.drain();
        self.settle();
    }

    fn mac(&mut self, code: &str) {
        self.gate.handle_mac(Some(code), self.time());
        self.drain();
        self.settle();
    }

    /// As far as an open session with these features on both sides.
    fn open(config: &str, trusted: bool, features: &[&str]) -> Self {
        let mut world = Self::with(config, trusted);
        world.client_says(&hello("", features));
        world.authenticated(alice());
        world.opened();
        world.upstream_says(&welcome("rtk_1", features));
        if !trusted {
            world.mac("bWFj");
        }
        assert_eq!(world.kinds(), ["session.welcome"]);
        world.clear();
        world
    }

    /// Forgets what was seen.
    fn clear(&mut self) {
        self.done.clear();
        self.client.clear();
        self.upstream.clear();
        self.log.clear();
    }

    fn kinds(&self) -> Vec<String> {
        self.client.iter().map(|text| kind(text)).collect()
    }

    fn kinds_upstream(&self) -> Vec<String> {
        self.upstream.iter().map(|text| kind(text)).collect()
    }

    /// The code of the last `session.error` for the client, and the close code.
    fn end(&self) -> (Option<String>, Option<u16>) {
        let error = self.client.last().filter(|text| kind(text) == "session.error");
        (error.map(|text| member(text, "code")), self.closed)
    }

    fn is_asked(&self, what: impl Fn(&Action) -> bool) -> bool {
        self.done.iter().any(what)
    }

    /// The reason in the last line of the audit log.
    fn reason(&self) -> String {
        self.log.last().expect("an audit event").reason.to_owned()
    }
}

fn ended(code: &str, close: u16) -> (Option<String>, Option<u16>) {
    (Some(code.to_owned()), Some(close))
}

fn kind(text: &str) -> String {
    Envelope::parse(text).unwrap().kind().to_owned()
}

/// A member of a frame's payload: strings as they are, other values as JSON.
fn member(text: &str, name: &str) -> String {
    let envelope = Envelope::parse(text).unwrap();
    match envelope.get(name) {
        Some(Value::String(text)) => text.as_ref().to_owned(),
        Some(value) => {
            let mut out = String::new();
            value.write(&mut out);
            out
        }
        None => String::new(),
    }
}

fn alice() -> Principal {
    Principal::new(Kind::Static, None, "alice")
}

fn list(items: &[&str]) -> String {
    format!("[{}]", items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(","))
}

/// A hello with more members of its payload, each after a comma.
fn hello(more: &str, features: &[&str]) -> String {
    let payload = format!(
        r#"{{"client":{{"name":"c","version":"1"}},"auth":{{"scheme":"bearer","token":"tok"}},"capabilities":{{"features":{}}}{more}}}"#,
        list(features)
    );
    Frame::new("session.hello", ID, &payload).write()
}

fn welcome(token: &str, features: &[&str]) -> String {
    let payload = format!(
        r#"{{"runtime":{{"name":"r","version":"1"}},"resume_token":"{token}","resume_window_sec":600,"heartbeat_interval_sec":20,"capabilities":{{"features":{},"agents":["echo"]}}}}"#,
        list(features)
    );
    Frame::new("session.welcome", ID, &payload).of_session("sess_1").write()
}

/// A frame of the session.
fn frame(kind: &str, payload: &str) -> String {
    Frame::new(kind, ID, payload).of_session("sess_1").write()
}

fn error_frame(code: &str) -> String {
    // As the Python SDK's runtime writes it.
    let payload = format!(r#"{{"code":"{code}","message":"internal words","retryable":false,"details":null}}"#);
    Frame::new("session.error", ID, &payload).write()
}
