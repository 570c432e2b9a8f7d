//! What a transcript expects of a client, in two: what goes over the wire and is told, and what the program gets.

use arcgate::session::SessionEvent;
use serde_json::{json, Value};

/// What of a transcript is seen on the wire and by the listener; the rest is what the program gets.
fn is_seen(expected: &Value) -> bool {
    match expected["do"].as_str().unwrap() {
        "send" | "close" | "ask" => true,
        "notify" => expected["event"]["type"] != "connecting",
        _ => false,
    }
}

/// A transcript in two: what is played, and what the program is to get.
pub(crate) fn divided(text: &str) -> (String, Vec<Value>) {
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut got = Vec::new();
    let mut closed = Vec::new();
    let tokens: Vec<Value> = lines.iter().filter(|line| line["opened"].is_number()).cloned().collect();
    lines.retain_mut(|line| {
        if line["dialing"].is_number() {
            let opened = tokens.iter().find(|token| token["opened"] == line["dialing"]);
            line["token"] = opened.map_or(json!("never"), |opened| opened["token"].clone());
            if let Some(ends) = opened.and_then(|opened| opened["endsInMs"].as_i64()) {
                let last = |at: &Value| at.as_array().map_or(at, |parts| parts.last().unwrap()).as_i64().unwrap();
                line["endsInMs"] = (ends + last(&opened.unwrap()["at"]) - last(&line["at"])).into();
            }
        }
        // What is gone is not closed any more.
        closed.extend(line.get("gone").cloned());
        let Some(expected) = line.get_mut("expect") else { return true };
        // The client says where from, as the package's does.
        if expected["frame"]["type"] == "job.subscribe" {
            expected["frame"]["payload"]["from_event_seq"] = 0.into();
        }
        if expected["do"] == "connect" {
            *expected = json!({"do": "ask", "outlasts": expected["outlastMs"] != Value::Null});
        }
        if expected["do"] == "close" {
            let is_first = !closed.contains(&expected["conn"]);
            closed.push(expected["conn"].clone());
            return is_first;
        }
        if !is_seen(expected) {
            got.push(expected.clone());
            return false;
        }
        true
    });
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    (lines.join("\n"), got)
}

/// Whether the program got this.
pub(crate) fn is_got(expected: &Value, got: &Value) -> bool {
    let same = |name: &str| expected[name] == "*" || expected.get(name).is_none() || expected[name] == got[name];
    expected["do"] == got["do"]
        && match expected["do"].as_str().unwrap() {
            "accepted" => same("id"),
            "event" => {
                expected["seq"] == got["seq"]
                    && (expected["payload"] == "*" || expected["payload"]["kind"] == got["kind"])
                    && expected["payload"]["body"]
                        .as_object()
                        .is_none_or(|body| body.contains_key("...") || expected["payload"]["body"] == got["body"])
            }
            "result" => expected["isChunked"] == true || same("value"),
            "failed" => expected["error"] == "*" || expected["error"]["code"] == got["error"]["code"],
            "closed" => same("code"),
            _ => true,
        }
}

/// An event of the session as a transcript writes it.
pub(crate) fn told(event: &SessionEvent) -> Option<Value> {
    Some(match event {
        SessionEvent::Open { session_id, .. } => json!({"type": "open", "sessionId": session_id}),
        SessionEvent::Resumed { session_id, .. } => json!({"type": "resumed", "sessionId": session_id}),
        SessionEvent::TokenRefreshed { session_id, .. } => json!({"type": "tokenRefreshed", "sessionId": session_id}),
        SessionEvent::Reconnecting { attempt, delay, code, reason, .. } => {
            let millis = u64::try_from(delay.as_millis()).unwrap();
            json!({"type": "reconnecting", "attempt": attempt, "delayMs": millis, "code": code.as_str(), "reason": reason})
        }
        SessionEvent::Lost(lost) => {
            let reason = format!("{:?}", lost.reason).to_uppercase();
            let mut told =
                json!({"type": "lost", "reason": reason.split('"').nth(1).unwrap_or(&reason), "jobs": lost.jobs});
            if let Some(seqs) = &lost.seqs {
                (told["fromSeq"], told["toSeq"]) = ((*seqs.start()).into(), (*seqs.end()).into());
            }
            told
        }
        _ => return None,
    })
}
