//! The client's machine. Steps: `who` is `driver` (`start`, `dialing`, `opened`, `gone`, `noToken`, `unchanged`, `nudge`; of a
//! connection), `runtime` (`frame`, `text` or `broken` on `conn`), `app` (`submit`, `list`, `subscribe`, `cancel`,
//! `unsubscribe`, `abandon`, `close`).

use arcgate::{arcp::client::Client, time::Time};
use serde_json::{json, Map, Value};

use crate::play::{play_all, Machine};

struct Driver {
    client: Client,
    is_started: bool,
}

fn clock(now: Time) -> f64 {
    now.as_millis() as f64
}

impl Machine for Driver {
    fn take(&mut self, step: &Map<String, Value>, now: Time) {
        let client = &mut self.client;
        let now = clock(now);
        let has = |name: &str| step.contains_key(name);
        let text = |name: &str| step.get(name).and_then(Value::as_str);
        let number = |name: &str| step.get(name).and_then(Value::as_u64).unwrap_or(1) as u32;
        let flag = |name: &str| step.get(name).and_then(Value::as_bool).unwrap_or(true);
        match text("who").unwrap() {
            "driver" if has("start") => {
                self.is_started = true;
                client.start(now);
            }
            "driver" if has("dialing") => client.dialing(number("dialing"), now),
            "driver" if has("opened") => {
                let ends = step.get("endsInMs").and_then(Value::as_f64).map_or(f64::NAN, |ms| now + ms);
                client.opened(number("opened"), text("token"), ends, now);
            }
            "driver" if has("gone") => client.gone(number("gone"), number("code") as u16, flag("mayRetry"), now),
            "driver" if has("noToken") => client.no_token(number("noToken"), flag("retryable"), now),
            "driver" if has("unchanged") => client.unchanged(number("unchanged"), now),
            "driver" if has("nudge") => client.nudge(now),
            "runtime" if has("text") => client.frame(number("conn"), text("text").unwrap(), now),
            "runtime" if has("broken") => client.broken_frame(number("conn"), now),
            "app" if has("submit") => {
                let is_keyed = step["submit"].get("idempotency_key").is_some();
                client.submit(&step["submit"].to_string(), text("traceId"), is_keyed, now);
            }
            "app" if has("list") => _ = client.list(&step["list"].to_string(), now),
            "app" if has("subscribe") => {
                let payload = step["subscribe"].to_string();
                client.subscribe(step["subscribe"]["job_id"].as_str().unwrap(), &payload, now);
            }
            "app" if has("cancel") => _ = client.cancel(number("cancel"), text("reason").unwrap_or_default(), now),
            "app" if has("unsubscribe") => client.unsubscribe(number("unsubscribe"), now),
            "app" if has("abandon") => client.abandon(number("abandon"), now),
            "app" if has("close") => client.close(text("close").unwrap(), now),
            _ => panic!("no such step: {step:?}"),
        }
    }

    fn actions(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.client.poll()).map(|action| serde_json::from_str(&action).unwrap()).collect()
    }

    fn deadline(&self) -> Option<Time> {
        self.client.deadline().filter(|_| self.is_started).map(Time::from_millis)
    }

    fn tick(&mut self, now: Time) {
        self.client.wake(clock(now));
    }
}

pub(crate) fn make(head: &Map<String, Value>, _now: Time) -> Box<dyn Machine> {
    let mut options = json!({"client": {"name": "a", "version": "1"}, "scheme": "bearer", "canRenew": true});
    for (name, value) in head.get("options").and_then(Value::as_object).into_iter().flatten() {
        options[name] = value.clone();
    }
    Box::new(Driver { client: Client::new(&options.to_string(), 7).unwrap(), is_started: false })
}

#[test]
fn client_transcripts() {
    play_all("client", make);
}
