//! `session.hello` and `session.resume` (ARCP 1.1 §6.1, §6.3).

use super::{text_of, Party, MAX_RESUME_TOKEN, MAX_TEXT};
use crate::{
    arcp::{
        envelope::{Envelope, Frame, Malformed},
        features::Features,
    },
    jose::jws::MAX_TOKEN,
    json::{Members, Number, Object, Value},
    secret::Secret,
};

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
