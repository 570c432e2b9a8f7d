//! What the handshake says: hello, welcome, error (ARCP 1.1 §6). Read strictly from a stranger, written as every SDK reads it.

use super::{
    envelope::{Envelope, Frame, Malformed},
    errors::ArcpCode,
    features::Features,
};
use crate::{
    json::{Members, Number, Object, Value},
    secret::Secret,
    time::Time,
};

/// The longest name, version or scheme, in bytes.
const MAX_TEXT: usize = 1024;
/// The longest resume token, in bytes: a gate seals a runtime's of up to [`MAX_TEXT`].
const MAX_RESUME_TOKEN: usize = 2048;
/// The longest credential, in bytes: as long as a token may be.
const MAX_TOKEN: usize = 16 * 1024;
/// Agents that are looked at in a welcome.
const MAX_AGENTS: usize = 1024;

/// A name and a version: of a client or of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
}

impl Party {
    fn read(value: Option<&Value<'_>>, member: &'static str) -> Result<Self, Malformed> {
        let object = value.and_then(Value::as_object).ok_or(Malformed::Member(member))?;
        let text = |name| {
            let text = object.get(name).and_then(Value::as_str).filter(|text| text.len() <= MAX_TEXT);
            text.map(str::to_owned).ok_or(Malformed::Member(member))
        };
        // Go leaves out what is empty.
        let version = match object.get("version") {
            None => String::new(),
            Some(_) => text("version")?,
        };
        Ok(Self { name: text("name")?, version })
    }

    fn write(&self) -> String {
        Members::new().text("name", &self.name).text("version", &self.version).end()
    }
}

/// Where a session goes on.
#[derive(Clone, Debug)]
pub struct Resume {
    /// The session; empty where the peer's dialect names it by its token alone.
    pub session_id: String,
    /// The latest token for it.
    pub token: Secret,
    /// The last event that was processed; 0 before the first.
    pub last_event_seq: i64,
}

impl Resume {
    /// From `resume` of a hello, or from a payload: the token is `resume_token`, or `token` (Ruby).
    ///
    /// # Errors
    /// What is [`Malformed`].
    pub fn read(object: &Object<'_>) -> Result<Self, Malformed> {
        let text = |name, most: usize| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if (1..=most).contains(&text.len()) => Ok(Some(text.as_ref())),
            Some(_) => Err(Malformed::Member(name)),
        };
        let token = match text("resume_token", MAX_RESUME_TOKEN)? {
            Some(token) => token,
            None => text("token", MAX_RESUME_TOKEN)?.ok_or(Malformed::Member("resume_token"))?,
        };
        Ok(Self {
            session_id: text("session_id", MAX_TEXT)?.unwrap_or_default().to_owned(),
            token: Secret::new(token),
            last_event_seq: object
                .get("last_event_seq")
                .and_then(Value::as_number)
                .and_then(Number::as_i64)
                .filter(|seq| *seq >= 0)
                .ok_or(Malformed::Member("last_event_seq"))?,
        })
    }

    /// From a hello's payload, in whichever dialect: `resume` (the specification), or its members beside `auth` (C#, Java). Who
    /// asks for a session back is never given a new one without a word, so what is there and can't be read is refused.
    fn of_hello(payload: &Object<'_>) -> Result<Option<Self>, Malformed> {
        match payload.get("resume") {
            None | Some(Value::Null) => {}
            Some(Value::Object(resume)) => return Self::read(resume).map(Some),
            Some(_) => return Err(Malformed::Member("resume")),
        }
        let is_there = |name| payload.get(name).is_some_and(|value| !matches!(value, Value::Null));
        if is_there("resume_token") {
            return Self::read(payload).map(Some);
        }
        // Some write a zero where there was no session.
        let has_seen = is_there("last_event_seq")
            && payload.get("last_event_seq").and_then(Value::as_number).and_then(Number::as_i64) != Some(0);
        if !is_there("session_id") && !is_there("token") && !has_seen {
            return Ok(None);
        }
        let incomplete = || Self { session_id: String::new(), token: Secret::new(""), last_event_seq: 0 };
        Ok(Some(Self::read(payload).unwrap_or_else(|_| incomplete())))
    }

    /// Whether it asks for a session and doesn't say what brings one back.
    pub fn is_incomplete(&self) -> bool {
        self.token.expose().is_empty()
    }
}

/// `session.hello`
#[derive(Clone, Debug)]
pub struct Hello {
    /// Who says it.
    pub client: Party,
    /// `bearer`, `none`, or `x-vendor.…`
    pub scheme: String,
    /// The credential.
    pub token: Option<Secret>,
    /// What the client can.
    pub features: Features,
    /// Whether `capabilities` lists agents, which is a runtime's to do: the Python SDK's client does, and no other. It is the
    /// one client that can't read the end of a cancelled job as ARCP 1.1 §7.3 has it.
    pub lists_agents: bool,
    /// The session that it wants back.
    pub resume: Option<Resume>,
}

impl Hello {
    /// Reads the payload of a hello.
    ///
    /// # Errors
    /// What is [`Malformed`]. Credentials that are missing are none of it: `scheme` is then empty, and no verifier takes it.
    pub fn read(envelope: &Envelope<'_>) -> Result<Self, Malformed> {
        let client = Party::read(envelope.get("client"), "client")?;
        let resume = envelope.payload().map(Resume::of_hello).transpose()?.flatten();
        Self::read_as(envelope, client, resume)
    }

    /// Reads the payload of a `session.resume` that opens a connection: what it asks for, and the members of a hello as far as
    /// they are there (ARCP 1.1 §6.3 has no credential in it, and without one nobody is let in).
    ///
    /// # Errors
    /// What is [`Malformed`].
    pub fn read_resume(envelope: &Envelope<'_>) -> Result<Self, Malformed> {
        let client = match envelope.get("client") {
            None | Some(Value::Null) => Party { name: "unknown".to_owned(), version: "0".to_owned() },
            client => Party::read(client, "client")?,
        };
        let mut resume = envelope.payload().map(Resume::read).transpose()?;
        if let (Some(resume), Some(id)) = (&mut resume, envelope.session_id()) {
            // C# has it there.
            if resume.session_id.is_empty() {
                id.clone_into(&mut resume.session_id);
            }
        }
        Self::read_as(envelope, client, resume)
    }

    fn read_as(envelope: &Envelope<'_>, client: Party, resume: Option<Resume>) -> Result<Self, Malformed> {
        let auth = match envelope.get("auth") {
            None | Some(Value::Null) => None,
            Some(Value::Object(auth)) => Some(auth),
            Some(_) => return Err(Malformed::Member("auth")),
        };
        let text = |name, most: usize| match auth.and_then(|auth| auth.get(name)) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= most => Ok(Some(text.as_ref())),
            Some(_) => Err(Malformed::Member("auth")),
        };
        let scheme = text("scheme", MAX_TEXT)?.unwrap_or_default().to_owned();
        let token = text("token", MAX_TOKEN)?.map(Secret::new);
        let capabilities = match envelope.get("capabilities") {
            None | Some(Value::Null) => None,
            Some(Value::Object(capabilities)) => Some(capabilities),
            Some(_) => return Err(Malformed::Member("capabilities")),
        };
        let features = Features::read(capabilities.and_then(|capabilities| capabilities.get("features")));
        let agents = capabilities.and_then(|capabilities| capabilities.get("agents"));
        let lists_agents = agents.is_some_and(|agents| agents.as_array().is_some());
        Ok(Self { client, scheme, token, features, lists_agents, resume })
    }

    /// The frame's text: who asks for a session names it on the envelope too. It holds the token.
    pub fn frame(&self, id: &str) -> String {
        let session_id = self.resume.as_ref().map(|resume| resume.session_id.as_str()).filter(|id| !id.is_empty());
        Frame { session_id, ..Frame::new("session.hello", id, &self.write()) }.write()
    }

    /// The payload's text. It holds the token.
    pub fn write(&self) -> String {
        let mut auth = Members::new().text("scheme", &self.scheme);
        if let Some(token) = self.token.as_ref().and_then(text_of) {
            auth = auth.text("token", token);
        }
        let mut capabilities = Members::new().texts("encodings", ["json"]).texts("features", self.features.iter());
        if self.lists_agents {
            capabilities = capabilities.texts("agents", []);
        }
        let mut payload = Members::new()
            .raw("client", &self.client.write())
            .raw("auth", &auth.end())
            .raw("capabilities", &capabilities.end());
        if let Some(resume) = &self.resume {
            // Each runtime reads the form that it knows: nested (TypeScript, Python, Go), nested with `token` (Ruby), or flat (C#,
            // Java). Nobody minds the others.
            let token = text_of(&resume.token).unwrap_or_default();
            let nested = match resume.session_id.as_str() {
                "" => Members::new(),
                id => Members::new().text("session_id", id),
            };
            let nested = nested.text("resume_token", token).text("token", token);
            let nested = nested.integer("last_event_seq", resume.last_event_seq);
            payload = payload.raw("resume", &nested.end());
            payload = payload.text("resume_token", token).integer("last_event_seq", resume.last_event_seq);
        }
        payload.end()
    }
}

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
        let mut agents = String::from("[");
        for agent in &self.agents {
            if agents.len() > 1 {
                agents.push(',');
            }
            let mut members =
                Members::new().text("name", &agent.name).texts("versions", agent.versions.iter().map(String::as_str));
            if let Some(default) = &agent.default {
                members = members.text("default", default);
            }
            agents.push_str(&members.end());
        }
        agents.push(']');
        let capabilities =
            Members::new().texts("encodings", ["json"]).texts("features", self.features.iter()).raw("agents", &agents);
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

fn text_of(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

/// The payload of `session.error` and of a refusal: `code`, `message`, `retryable`. No `details` when there are none: the TS
/// SDK refuses a null.
pub fn error_payload(code: ArcpCode, message: &str) -> String {
    Members::new().text("code", code.as_str()).text("message", message).boolean("retryable", code.is_retryable()).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(payload: &str) -> Result<Hello, Malformed> {
        Hello::read(&Envelope::parse(&Frame::new("session.hello", "01J", payload).write()).unwrap())
    }

    #[test]
    fn a_hello_goes_both_ways() {
        let text = Hello {
            client: Party { name: "a".into(), version: "1".into() },
            scheme: "bearer".into(),
            token: Some(Secret::new("secret")),
            features: Features::new(["ack"]),
            lists_agents: true,
            resume: Some(Resume { session_id: "sess_1".into(), token: Secret::new("rt_1"), last_event_seq: 7 }),
        }
        .write();
        let read = hello(&text).unwrap();
        assert_eq!(read.client.name, "a");
        assert!(read.token.as_ref().unwrap().matches(b"secret"));
        assert_eq!(read.features, Features::new(["ack"]));
        assert!(read.lists_agents);
        let resume = read.resume.as_ref().unwrap();
        assert_eq!((resume.session_id.as_str(), resume.last_event_seq), ("sess_1", 7));
        assert!(!format!("{read:?}").contains("secret"), "no secret in Debug");
    }

    #[test]
    fn a_hello_is_read_strictly() {
        let client = r#""client":{"name":"a","version":"1"}"#;
        assert!(hello(&format!("{{{client}}}")).unwrap().scheme.is_empty(), "without credentials");
        assert_eq!(hello(r#"{"client":{"name":"a"}}"#).unwrap().client.version, "", "as Go writes it");
        for (rest, member) in [
            (r#","auth":"bearer x""#, "auth"),
            (r#","auth":{"scheme":1}"#, "auth"),
            (r#","auth":{"scheme":"bearer","token":{}}"#, "auth"),
            (r#","capabilities":[]"#, "capabilities"),
            (r#","resume":7"#, "resume"),
            (r#","resume":{"session_id":"s","resume_token":"t"}"#, "last_event_seq"),
            (r#","resume":{"session_id":"s","resume_token":"","last_event_seq":0}"#, "resume_token"),
            (r#","resume":{"session_id":"s","resume_token":"t","last_event_seq":-1}"#, "last_event_seq"),
            (r#","resume":{"last_event_seq":1}"#, "resume_token"),
            (r#","resume":{"session_id":7,"resume_token":"t","last_event_seq":1}"#, "session_id"),
            (r#","resume_token":"t""#, "last_event_seq"),
            (r#","resume_token":"","last_event_seq":1"#, "resume_token"),
            (r#","resume_token":7,"last_event_seq":1"#, "resume_token"),
        ] {
            assert_eq!(hello(&format!("{{{client}{rest}}}")).unwrap_err(), Malformed::Member(member), "{rest}");
        }
        for (rest, session, last) in [
            (r#","resume":{"session_id":"s","resume_token":"t","last_event_seq":2},"resume_token":"x""#, "s", 2),
            (r#","resume":{"token":"t","last_event_seq":2}"#, "", 2),
            (r#","resume":null,"resume_token":"t","last_event_seq":3"#, "", 3),
            (r#","session_id":"s","resume_token":"t","last_event_seq":3"#, "s", 3),
        ] {
            let resume = hello(&format!("{{{client}{rest}}}")).unwrap().resume.unwrap();
            assert_eq!((resume.session_id.as_str(), resume.last_event_seq), (session, last), "{rest}");
            assert!(resume.token.matches(b"t"), "{rest}");
        }
        assert!(hello(&format!(r#"{{{client},"resume_token":null,"last_event_seq":0}}"#)).unwrap().resume.is_none());
        // Part of a resume asks for a session all the same.
        for rest in [
            r#""session_id":"s""#,
            r#""session_id":7"#,
            r#""token":"t""#,
            r#""token":"""#,
            r#""last_event_seq":5"#,
            r#""last_event_seq":"5""#,
            r#""session_id":"s","last_event_seq":5"#,
            r#""resume":null,"session_id":"s","token":"t""#,
        ] {
            let resume = hello(&format!("{{{client},{rest}}}")).unwrap().resume.expect(rest);
            assert!(resume.is_incomplete(), "{rest}");
        }
        let whole = hello(&format!(r#"{{{client},"token":"t","last_event_seq":5}}"#)).unwrap().resume.unwrap();
        assert!(!whole.is_incomplete());
        for rest in [r#""session_id":null"#, r#""last_event_seq":0"#, r#""token":null"#] {
            assert!(hello(&format!("{{{client},{rest}}}")).unwrap().resume.is_none(), "{rest}");
        }
        assert_eq!(hello("{}").unwrap_err(), Malformed::Member("client"));
        let long = format!(r#"{{{client},"auth":{{"scheme":"bearer","token":"{}"}}}}"#, "x".repeat(MAX_TOKEN + 1));
        assert_eq!(hello(&long).unwrap_err(), Malformed::Member("auth"));
    }

    #[test]
    fn a_welcome_goes_both_ways() {
        let text = Welcome {
            runtime: Party { name: "r".into(), version: "1".into() },
            resume_token: Some(Secret::new("rt_1")),
            resume_window_sec: 600.0,
            heartbeat_interval_sec: Some(0.5),
            features: Features::new(["ack"]),
            agents: vec![AgentInfo { name: "echo".into(), versions: vec!["1".into()], default: Some("1".into()) }],
        }
        .write("sess_1", "2026-01-01T00:00:00Z");
        let frame = Frame::new("session.welcome", "01J", &text).of_session("sess_1").write();
        let read = Welcome::read(&Envelope::parse(&frame).unwrap()).unwrap();
        assert_eq!(read.heartbeat_interval_sec, Some(0.5));
        assert_eq!(read.agents[0].default.as_deref(), Some("1"));
    }

    #[test]
    fn agents_may_be_flat_names() {
        let text = r#"{"runtime":{"name":"r","version":"1"},"capabilities":{"agents":["echo",7,{"name":"b"}]}}"#;
        let frame = Frame::new("session.welcome", "01J", text).write();
        let read = Welcome::read(&Envelope::parse(&frame).unwrap()).unwrap();
        assert_eq!(read.agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>(), ["echo", "b"]);
        assert!(read.resume_token.is_none() && read.heartbeat_interval_sec.is_none());
    }
}
