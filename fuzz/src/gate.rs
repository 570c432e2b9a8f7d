//! The gate in front of a runtime.
//!
//! | line | what comes in |
//! |---|---|
//! | `!{…}` | the configuration, with `+` before it for a runtime of ours upstream; only as the first line |
//! | `c…` `C` `B` `o` `O` | of the client: a frame; it closes; a binary frame; one too large; it reads too slowly |
//! | `b…` `D1006` `x` `X` `v` | of the upstream: the same |
//! | `a60000 …` `A…` `r…` | the verifier knows the principal of that name, for so long; one that can be revoked; or refuses with a code |
//! | `p…` `f…` | the upstream is open, with that token; or can't be opened |
//! | `m…` `k1` `d` `F` | of the platform: a seal; whether revoked; displaced; failed |
//! | `t1000` `j-1000` | time passes; the clock is set |

use arcgate::sans_io::machine::Machine as _;
use arcgate::sans_io::{
    arcp::{
        gate::{self, Action, Config, Flow, Gate, UpstreamTrust},
        Envelope,
    },
    json,
    principal::{Kind, Principal},
    time::{Span, Time},
};

use super::script::{self, Names, START};

#[path = "../../src/js/arcp_gate/encode.rs"]
mod encode;

struct World {
    gate: Gate,
    names: Names,
    now: i64,
    /// The verifier was asked, and has given a principal.
    is_asked: bool,
    is_known: bool,
    is_open: bool,
    /// The welcome has been written.
    is_welcome: bool,
    is_closed: bool,
    session: Option<String>,
    came: usize,
    said: usize,
}

pub(crate) fn run(data: &[u8]) -> bool {
    let text = script::text(data);
    let first = text.lines().next().and_then(|line| line.strip_prefix('!')).unwrap_or_default();
    let (trusted, config) = first.strip_prefix('+').map_or((false, first), |config| (true, config));
    let config = Config::from_json(config).or_else(|_| Config::from_json("{}")).expect("the defaults are good");
    let buffered = config.max_buffered();
    let now = Time::from_millis(START as f64);
    let mut world = World {
        gate: Gate::new(config.into(), UpstreamTrust::of(trusted), true, 7, now),
        names: Names::default(),
        now: START,
        is_asked: false,
        is_known: false,
        is_open: false,
        is_welcome: false,
        is_closed: false,
        session: None,
        came: 0,
        said: 0,
    };
    for (what, rest) in script::lines(&text) {
        world.take(what, rest);
        world.drain();
    }
    // Whatever came, the session ends when nobody says anything more, or waits for something that is bounded.
    world.pass(100_000_000);
    assert!(world.gate.is_closed() || world.is_welcome, "a handshake without an end");
    let weight = script::weight(&world.gate);
    assert!(weight <= 20_000 + 2 * buffered.min(8 * world.came), "{weight} bytes are kept of {}", world.came);
    assert!(world.said <= 40_000 + 40 * world.came, "{} bytes are said for {}", world.said, world.came);
    world.is_welcome
}

impl World {
    fn time(&self) -> Time {
        Time::from_millis(self.now as f64)
    }

    fn take(&mut self, what: char, rest: &str) {
        let now = self.time();
        let text = self.names.fill(rest).into_owned();
        self.came += text.len();
        let gate = &mut self.gate;
        match what {
            'c' => {
                let flow = gate.handle_client_frame(&text, now);
                self.forwarded(flow, &text, true);
            }
            'C' => gate.handle_client_closed(now),
            'B' => gate.handle_client_binary(now),
            'o' => gate.handle_client_oversized(text.len(), now),
            'O' => gate.handle_client_overflow(now),
            'b' => {
                let flow = gate.handle_upstream_frame(&text, now);
                self.forwarded(flow, &text, false);
            }
            'D' => gate.handle_upstream_closed(script::number(rest).0.map_or(1006, |code| code as u16), now),
            'x' => gate.handle_upstream_binary(now),
            'X' => gate.handle_upstream_oversized(&text, text.len(), now),
            'v' => gate.handle_upstream_overflow(now),
            'a' | 'A' => {
                let (life, id) = script::number(rest);
                let kind = if id.is_empty() { Kind::Anonymous } else { Kind::Static };
                let mut principal = Principal::new(kind, None, id);
                if let Some(life) = life {
                    principal = principal.with_expiry(now.plus(Span::from_millis(life.clamp(-1_000, 1_000_000_000))));
                }
                self.is_known |= self.is_asked;
                gate.handle_principal(principal, Span::from_secs(30), what == 'A', now);
            }
            'r' => gate.handle_refused(rest, false, now),
            'p' => gate.handle_opened("bearer", rest, now),
            'f' => gate.handle_open_failed(rest, now),
            'm' => gate.handle_mac((!rest.is_empty()).then_some(rest), now),
            'k' => gate.handle_revocation(script::number(rest).0.map(|revoked| revoked != 0), now),
            'd' => gate.handle_displaced(now),
            'F' => gate.handle_failure(now),
            't' => self.pass(script::millis(rest)),
            'j' => self.now = (self.now + script::jump(rest)).max(0),
            _ => {}
        }
    }

    /// A frame that is handed on as it is.
    fn forwarded(&mut self, flow: Flow, text: &str, to_upstream: bool) {
        if flow != Flow::Forward {
            return;
        }
        assert!(self.gate.drain_actions().is_empty(), "something is to be done before a frame is sent on");
        assert!(self.is_known && self.is_welcome && !self.is_closed, "sent on before or after its time: {text}");
        // Half a character is the peers' own affair, and goes on as it is.
        let envelope = Envelope::relayed(text).unwrap_or_else(|wrong| panic!("{wrong:?} is sent on: {text}"));
        let is_handshake = matches!(envelope.kind(), "session.hello" | "session.welcome");
        assert!(!is_handshake, "the handshake is the gate's: {text}");
        let is_foreign = envelope.session_id().is_some_and(|session| Some(session) != self.session.as_deref());
        assert!(!is_foreign, "of another session: {text}");
        assert!(!to_upstream || envelope.kind() != "session.pong", "heartbeats are the gate's: {text}");
    }

    fn drain(&mut self) {
        let actions = self.gate.drain_actions();
        assert!(actions.len() <= 64 + self.came / 16, "{} actions at once", actions.len());
        for action in actions {
            json::parse_object(encode::action(&action).as_bytes()).expect("an action is JSON");
            assert!(
                !self.is_closed || matches!(action, Action::CloseUpstream | Action::Audit(_)),
                "after the end: {action:?}"
            );
            match action {
                Action::ToClient(text) => {
                    self.said += text.len();
                    let kind = self.names.hears_relayed(&text);
                    if kind == "session.welcome" {
                        self.is_welcome = true;
                        let welcome = Envelope::relayed(&text).expect("it was one above");
                        self.session = welcome.session_id().map(str::to_owned);
                    }
                    assert!(self.is_known || kind == "session.error", "{kind} for a stranger");
                }
                Action::ToUpstream(text) => {
                    assert!(self.is_known && self.is_open, "upstream, for a stranger: {text}");
                    self.said += text.len();
                    // The upstream names the session; what was said to it names nothing new.
                    let _ = Names::default().hears_relayed(&text);
                }
                Action::CloseClient(_) => {
                    assert!(!self.is_closed, "closed twice");
                    self.is_closed = true;
                }
                Action::Authenticate { .. } => self.is_asked = true,
                Action::Open(_) => {
                    assert!(self.is_known, "opened for a stranger");
                    self.is_open = true;
                }
                Action::Mac(_) | Action::CheckRevocation => assert!(self.is_known, "asked for a stranger"),
                Action::CloseUpstream | Action::Audit(_) => {}
            }
        }
        assert_eq!(self.gate.is_closed(), self.is_closed, "over, and open");
    }

    fn pass(&mut self, millis: i64) {
        let until = self.now + millis;
        let mut turns = 0;
        while let Some(at) = self.gate.poll_timeout().map(Time::as_millis).filter(|at| *at <= until) {
            // A runtime of ours is believed; heartbeats may go on for as long as somebody passes the time.
            turns += 1;
            let is_late = at < self.now;
            self.now = self.now.max(at);
            self.gate.handle_timeout(self.time());
            self.drain();
            let next = self.gate.poll_timeout().map(Time::as_millis);
            assert!(!is_late || next != Some(at), "a deadline that does not move");
            if turns > 2_000 {
                break;
            }
        }
        self.now = until;
    }
}
