//! The gate's machine. Steps: `who` is `client` or `upstream` (`frame`, `text`, `binary`, `oversized`, `closed`, `overflowed`,
//! `upstream` also `opened` and `failed`), `verifier` (`accepts`, `refuses`), `platform` (`mac`, `revoked`, `displaced`).

use arcgate::sans_io::machine::Machine as _;
use arcgate::sans_io::{
    arcp::gate::{Config, Flow, Gate, UpstreamTrust},
    principal::{Kind, Principal},
    time::{Span, Time},
};
use serde_json::{json, Map, Value};

use crate::play::{play_all, Machine};

#[path = "../arcp_gate/driver.rs"]
mod driver;

struct Driver {
    gate: Gate,
    forwarded: Vec<Value>,
}

fn text<'s>(step: &'s Map<String, Value>, name: &str) -> Option<&'s str> {
    step.get(name).and_then(Value::as_str)
}

fn principal(of: &Value, now: Time) -> Principal {
    let id = of["id"].as_str().unwrap();
    let mut principal = match of["issuer"].as_str() {
        Some(issuer) => Principal::new(Kind::Jwt, Some(issuer), id),
        None if of["anonymous"] == true => Principal::new(Kind::Anonymous, None, id),
        None => Principal::new(Kind::Static, None, id),
    };
    if let Some(scopes) = of["scopes"].as_array() {
        principal = principal.with_scopes(scopes.iter().map(|scope| scope.as_str().unwrap().to_owned()).collect());
    }
    if let Some(ms) = of["expiresInMs"].as_i64() {
        principal = principal.with_expiry(now.plus(Span::from_millis(ms)));
    }
    principal
}

impl Machine for Driver {
    fn take(&mut self, step: &Map<String, Value>, now: Time) {
        let gate = &mut self.gate;
        let who = text(step, "who").unwrap();
        let has = |name: &str| step.contains_key(name);
        match who {
            "client" if has("text") => {
                if gate.handle_client_frame(text(step, "text").unwrap(), now) == Flow::Forward {
                    self.forwarded.push(json!({"do": "forward", "to": "upstream"}));
                }
            }
            "client" if has("binary") => gate.handle_client_binary(now),
            "client" if has("oversized") => {
                gate.handle_client_oversized(step["oversized"].as_u64().unwrap_or(0) as usize, now)
            }
            "client" if has("closed") => gate.handle_client_closed(now),
            "client" if has("overflowed") => gate.handle_client_overflow(now),
            "upstream" if has("text") => {
                if gate.handle_upstream_frame(text(step, "text").unwrap(), now) == Flow::Forward {
                    self.forwarded.push(json!({"do": "forward", "to": "client"}));
                }
            }
            "upstream" if has("binary") => gate.handle_upstream_binary(now),
            "upstream" if has("closed") => gate.handle_upstream_closed(step["closed"].as_u64().unwrap() as u16, now),
            "upstream" if has("overflowed") => gate.handle_upstream_overflow(now),
            "verifier" if has("accepts") => {
                let tolerance = step.get("toleranceMs").and_then(Value::as_i64).unwrap_or(30_000);
                let asks = step.get("asks").and_then(Value::as_bool).unwrap_or_default();
                gate.handle_principal(principal(&step["accepts"], now), Span::from_millis(tolerance), asks, now);
            }
            "verifier" => {
                let retryable = step.get("retryable").and_then(Value::as_bool).unwrap_or_default();
                gate.handle_refused(text(step, "refuses").unwrap(), retryable, now);
            }
            "upstream" if has("opened") => gate.handle_opened("bearer", text(step, "opened").unwrap(), now),
            "upstream" => gate.handle_open_failed(text(step, "failed").unwrap(), now),
            "platform" if has("mac") => gate.handle_mac(text(step, "mac"), now),
            "platform" if has("revoked") => gate.handle_revocation(step["revoked"].as_bool(), now),
            "platform" if has("displaced") => gate.handle_displaced(now),
            _ => panic!("no such step: {step:?}"),
        }
    }

    fn actions(&mut self) -> Vec<Value> {
        let mut actions = std::mem::take(&mut self.forwarded);
        actions.extend(self.gate.drain_actions().iter().map(driver::json));
        actions
    }

    fn deadline(&self) -> Option<Time> {
        self.gate.poll_timeout()
    }

    fn tick(&mut self, now: Time) {
        self.gate.handle_timeout(now);
    }
}

pub(crate) fn make(head: &Map<String, Value>, now: Time) -> Box<dyn Machine> {
    let config = head.get("config").cloned().unwrap_or_else(|| json!({}));
    let trusted = head.get("trusted").and_then(Value::as_bool).unwrap_or(true);
    let gate =
        Gate::new(Config::from_json(&config.to_string()).unwrap().into(), UpstreamTrust::of(trusted), true, 7, now);
    Box::new(Driver { gate, forwarded: Vec::new() })
}

#[test]
fn gate_transcripts() {
    play_all("gate", make);
}
