//! The embedded runtime's machine. Steps: `who` is `gate` (`attach` a principal on `conn`, with `features`, `resume`,
//! `python`; `detach`), `client` (`frame` or `text` on `conn`), `agent` (of `job`: `event`, `output`, `failed`, `aborted`).

use arcgate::sans_io::machine::Machine as _;
use arcgate::sans_io::{arcp::runtime::Hub, time::Time};
use serde_json::{json, Map, Value};

use crate::play::{play_all, Machine};

/// How the gate names the principal that it has verified.
const PRINCIPAL_SCHEME: &str = "x-vendor.arcgate.principal";

#[path = "../arcp_runtime/driver.rs"]
mod driver;

struct Driver {
    hub: Hub,
    attached: u8,
}

fn attach(step: &Map<String, Value>) -> String {
    let features = step.get("features").cloned();
    let features = features
        .unwrap_or_else(|| json!(["ack", "list_jobs", "subscribe", "progress", "result_chunk", "agent_versions"]));
    let mut capabilities = json!({"encodings": ["json"], "features": features});
    if step.get("python") == Some(&true.into()) {
        capabilities["agents"] = json!([]);
    }
    let mut payload = json!({
        "client": {"name": "a", "version": "1"},
        "auth": {"scheme": PRINCIPAL_SCHEME, "token": step["attach"].to_string()},
        "capabilities": capabilities,
    });
    if let Some(resume) = step.get("resume") {
        payload["resume"] = resume.clone();
    }
    json!({"arcp": "1.1", "id": "01JTRANSCR1PTHELL00000000", "type": "session.hello", "payload": payload}).to_string()
}

impl Machine for Driver {
    fn take(&mut self, step: &Map<String, Value>, now: Time) {
        let hub = &mut self.hub;
        let text = |name: &str| step.get(name).and_then(Value::as_str);
        let conn = step.get("conn").and_then(Value::as_u64).unwrap_or(1) as u32;
        let job = text("job").unwrap_or_default();
        let has = |name: &str| step.contains_key(name);
        match text("who").unwrap() {
            "gate" if has("attach") => {
                self.attached += 1;
                hub.handle_hello(conn, &attach(step), &[self.attached; 32], false, now);
            }
            "gate" if has("detach") => hub.handle_closed(conn, now),
            "client" => hub.handle_frame(conn, text("text").unwrap(), now),
            "agent" if has("event") => hub.handle_event(job, &step["event"].to_string(), now),
            "agent" if has("output") => hub.handle_output(job, Some(&step["output"].to_string()), now),
            "agent" if has("failed") => hub.handle_failure(job, text("failed").unwrap(), text("message"), now),
            "agent" if has("aborted") => hub.handle_abort(job, now),
            _ => panic!("no such step: {step:?}"),
        }
    }

    fn actions(&mut self) -> Vec<Value> {
        let actions = std::iter::from_fn(|| self.hub.poll_action());
        actions.map(|action| driver::json(&action)).collect()
    }

    fn deadline(&self) -> Option<Time> {
        self.hub.poll_timeout()
    }

    fn tick(&mut self, now: Time) {
        self.hub.handle_timeout(now);
    }
}

pub(crate) fn make(head: &Map<String, Value>, _now: Time) -> Box<dyn Machine> {
    let config =
        head.get("config").cloned().unwrap_or_else(|| json!({"agents": ["echo", "count@1.0.0", "count@2.0.0"]}));
    Box::new(Driver { hub: Hub::new(&config.to_string(), 7).unwrap(), attached: 0 })
}

#[test]
fn runtime_transcripts() {
    play_all("runtime", make);
}
