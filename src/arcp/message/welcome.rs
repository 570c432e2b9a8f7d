//! `session.welcome` (ARCP 1.1 §6.2).

use super::{text_of, Party, MAX_RESUME_TOKEN};
use crate::{
    arcp::{
        envelope::{Envelope, Malformed},
        features::Features,
    },
    json::{Members, Number, Value},
    secret::Secret,
    time::Time,
};

/// Agents that are looked at in a welcome.
const MAX_AGENTS: usize = 1024;

/// An agent that a runtime offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentInfo {
    /// Its name.
    pub name: String,
    /// Its versions; none where the runtime doesn't say.
    pub versions: Vec<String>,
    /// The version that a bare name means.
    pub default: Option<String>,
}

/// `session.welcome`
#[derive(Clone, Debug)]
pub struct Welcome {
    /// Who says it.
    pub runtime: Party,
    /// What brings the session back.
    pub resume_token: Option<Secret>,
    /// How long after the last message it can be brought back, in seconds.
    pub resume_window_sec: f64,
    /// How often each side is heard of; none without heartbeats.
    pub heartbeat_interval_sec: Option<f64>,
    /// What the runtime can. It may be more than what was asked for: intersect.
    pub features: Features,
    /// What it offers.
    pub agents: Vec<AgentInfo>,
}

impl Welcome {
    /// Reads the payload of a welcome, leniently where the SDKs differ.
    ///
    /// # Errors
    /// What is [`Malformed`].
    pub fn read(envelope: &Envelope<'_>) -> Result<Self, Malformed> {
        let runtime = Party::read(envelope.get("runtime"), "runtime")?;
        let resume_token = envelope.get("resume_token").and_then(Value::as_str);
        let resume_token = resume_token.filter(|text| text.len() <= MAX_RESUME_TOKEN);
        let seconds = |name| envelope.get(name).and_then(Value::as_number).map(Number::as_f64);
        let capabilities = envelope.get("capabilities").and_then(Value::as_object);
        let member = |name| capabilities.and_then(|capabilities| capabilities.get(name));
        let agents = member("agents").and_then(Value::as_array).unwrap_or_default();
        Ok(Self {
            runtime,
            resume_token: resume_token.map(Secret::new),
            resume_window_sec: seconds("resume_window_sec").filter(|seconds| *seconds >= 0.0).unwrap_or(0.0),
            heartbeat_interval_sec: seconds("heartbeat_interval_sec").filter(|seconds| *seconds > 0.0),
            features: Features::read(member("features")),
            agents: agents.iter().take(MAX_AGENTS).filter_map(agent_of).collect(),
        })
    }

    /// The payload's text. It holds the resume token. `accepted_at` (RFC 3339) and the session's id are there because the
    /// Python SDK's client demands them.
    pub fn write(&self, session_id: &str, accepted_at: &str) -> String {
        let agents = self.agents.iter().map(|agent| {
            let versions = agent.versions.iter().map(String::as_str);
            let agent_info = Members::new().text("name", &agent.name).texts("versions", versions);
            agent_info.some_text("default", agent.default.as_deref()).end()
        });
        let capabilities =
            Members::new().texts("encodings", ["json"]).texts("features", self.features.iter()).list("agents", agents);
        let mut payload = Members::new().text("session_id", session_id).raw("runtime", &self.runtime.write());
        if let Some(token) = self.resume_token.as_ref().and_then(text_of) {
            payload = payload.text("resume_token", token);
        }
        payload = payload.integer("resume_window_sec", self.resume_window_sec as i64);
        if let Some(seconds) = self.heartbeat_interval_sec {
            payload = payload.raw("heartbeat_interval_sec", &number(seconds));
        }
        payload.raw("capabilities", &capabilities.end()).text("accepted_at", accepted_at).end()
    }
}

fn agent_of(value: &Value<'_>) -> Option<AgentInfo> {
    let object = match value {
        // A flat name means: no version information (ARCP 1.1 §6.2).
        Value::String(name) => return Some(AgentInfo { name: name.as_ref().to_owned(), ..AgentInfo::default() }),
        Value::Object(object) => object,
        _ => return None,
    };
    let versions = object.get("versions").and_then(Value::as_array).unwrap_or_default();
    Some(AgentInfo {
        name: object.get("name").and_then(Value::as_str)?.to_owned(),
        versions: versions.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        default: object.get("default").and_then(Value::as_str).map(str::to_owned),
    })
}

// Milliseconds are as fine as it gets, and a double is never printed.
fn number(seconds: f64) -> String {
    let mut out = String::new();
    Time::from_millis(seconds * 1000.0).write_seconds(&mut out);
    out
}
