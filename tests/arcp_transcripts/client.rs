//! The client's machine. Steps: `who` is `driver` (`start`, `dialing`, `opened`, `gone`, `noToken`, `unchanged`, `wakeHint`; of a
//! connection), `runtime` (`frame`, `text` or `broken` on `conn`), `app` (`submit`, `list`, `subscribe`, `cancel`,
//! `unsubscribe`, `abandon`, `close`).

use arcgate::sans_io::{
    arcp::client::Client,
    machine::Machine as _,
    time::{Span, Time},
};
use serde_json::{json, Map, Value};

use crate::play::{play_all, Machine};

#[path = "../arcp_client/driver.rs"]
mod driver;

struct Driver {
    client: Client,
}

impl Machine for Driver {
    fn take(&mut self, step: &Map<String, Value>, now: Time) {
        let client = &mut self.client;
        let has = |name: &str| step.contains_key(name);
        let text = |name: &str| step.get(name).and_then(Value::as_str);
        let number = |name: &str| step.get(name).and_then(Value::as_u64).unwrap_or(1) as u32;
        let flag = |name: &str| step.get(name).and_then(Value::as_bool).unwrap_or(true);
        match text("who").unwrap() {
            "driver" if has("start") => client.handle_start(now),
            "driver" if has("dialing") => client.handle_dialing(number("dialing"), now),
            "driver" if has("opened") => {
                let ends = step.get("endsInMs").and_then(Value::as_i64).map(|ms| now.plus(Span::from_millis(ms)));
                client.handle_opened(number("opened"), text("token"), ends, now);
            }
            "driver" if has("gone") => {
                client.handle_closed(number("gone"), number("code") as u16, flag("mayRetry"), now)
            }
            "driver" if has("noToken") => client.handle_token_failure(number("noToken"), flag("retryable"), now),
            "driver" if has("unchanged") => client.handle_token_unchanged(number("unchanged"), now),
            "driver" if has("wakeHint") => client.handle_wake_hint(now),
            "runtime" if has("text") => client.handle_frame(number("conn"), text("text").unwrap(), now),
            "runtime" if has("broken") => client.handle_broken_frame(number("conn"), "", now),
            "app" if has("submit") => {
                let is_keyed = step["submit"].get("idempotency_key").is_some();
                client.handle_submit(&step["submit"].to_string(), text("traceId"), is_keyed, now);
            }
            "app" if has("list") => _ = client.handle_list(&step["list"].to_string(), now),
            "app" if has("subscribe") => {
                let payload = step["subscribe"].to_string();
                client.handle_subscribe(step["subscribe"]["job_id"].as_str().unwrap(), &payload, now);
            }
            "app" if has("cancel") => {
                _ = client.handle_cancel(number("cancel"), text("reason").unwrap_or_default(), now)
            }
            "app" if has("unsubscribe") => client.handle_unsubscribe(number("unsubscribe"), now),
            "app" if has("abandon") => client.handle_abandon(number("abandon"), now),
            "app" if has("close") => client.handle_close(text("close").unwrap(), now),
            _ => panic!("no such step: {step:?}"),
        }
    }

    fn actions(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.client.poll_output()).map(|output| driver::json(&output)).collect()
    }

    fn deadline(&self) -> Option<Time> {
        self.client.poll_timeout()
    }

    fn tick(&mut self, now: Time) {
        self.client.handle_timeout(now);
    }
}

pub(crate) fn make(head: &Map<String, Value>, _now: Time) -> Box<dyn Machine> {
    let mut options = json!({"client": {"name": "a", "version": "1"}, "scheme": "bearer", "canRenew": true});
    for (name, value) in head.get("options").and_then(Value::as_object).into_iter().flatten() {
        options[name] = value.clone();
    }
    Box::new(Driver { client: Client::new(&options.to_string(), 7).unwrap() })
}

#[test]
fn client_transcripts() {
    play_all("client", make);
}
