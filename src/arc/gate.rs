//! The gate: a request in, a decision out, in two steps.
//!
//! 1. [`Gate::head`] decides on the head of a request before a byte of its body is read: answer, or have these credentials
//!    verified.
//! 2. [`Gate::body`] decides on the body. It asks for the [`Principal`] that the verifier returned: there is no way to have
//!    a body looked at without one.

use crate::{
    arc::{
        envelope::{self, Request},
        errors::ArcCode,
        forward::Forward,
        method,
        origin::OriginRules,
        reply::{Echo, Reply},
        run::{Fresh, Run},
        scopes::{Ruling, ScopeRules},
    },
    config::{self, Reader},
    error::{shown, Error},
    json::{Members, Value},
    principal::Principal,
};

/// The largest body when nothing else is configured.
const DEFAULT_MAX_BODY_BYTES: f64 = 1_048_576.0;

/// The configuration of one `/arc` endpoint, and its decisions.
#[derive(Clone, Debug)]
pub struct Gate {
    base_path: String,
    origins: OriginRules,
    scopes: ScopeRules,
    /// By name, or `name@version`.
    agents: Vec<String>,
    /// Whether the agents are somewhere else, and which there are is that place's business.
    has_upstream: bool,
    bind_request_agent: bool,
    max_body_bytes: u64,
}

/// What to do about a body.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Answer.
    Reply(Reply),
    /// Run the agent, then ask the [`Run`] for the answer.
    Run(Run),
    /// Send these very bytes on, then ask the [`Forward`] about the answer.
    Forward(Forward),
}

/// What a body said, for the audit log. It is the caller's own account, cut to a safe length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// `method`
    pub method: Option<String>,
    /// `requestAgent`
    pub request_agent: Option<String>,
    /// `targetAgent`
    pub target_agent: Option<String>,
    /// `traceId`
    pub trace_id: Option<String>,
    /// Not the caller's account: the scopes that it was let in for, which it must have still while it runs.
    pub needs: Vec<String>,
}

impl Gate {
    /// Reads the configuration: `basePath`, `allowedOrigins`, `allowedHosts`, `scopes`, `agents`, `upstream`,
    /// `bindRequestAgent`, `maxBodyBytes`.
    ///
    /// # Errors
    /// `ERR_CONFIG` naming the key and the fix.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let options = config::object(text, "")?;
        let mut reader = Reader::new("", &options);
        let base_path = match reader.take("basePath") {
            None => String::new(),
            Some(value) => value.as_str().ok_or_else(|| reader.wrong("basePath", "must be a string"))?.to_owned(),
        };
        if !is_base_path(&base_path) {
            let problem = format!(
                "is `{}`; write it as /api, without a slash at its end and without . or .. in it",
                shown(&base_path)
            );
            return Err(reader.wrong("basePath", problem));
        }
        let origins = OriginRules::read(&mut reader)?;
        let scopes = match reader.take("scopes") {
            None => ScopeRules::default(),
            Some(Value::Object(rules)) => ScopeRules::from_json(rules)?,
            Some(_) => return Err(reader.wrong("scopes", "must be an object: method -> list of scopes")),
        };
        let agents = reader.strings("agents")?.unwrap_or_default();
        let has_upstream = match reader.take("upstream") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| reader.wrong("upstream", "must be true or false"))?,
        };
        let bind_request_agent = match reader.take("bindRequestAgent") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| reader.wrong("bindRequestAgent", "must be true or false"))?,
        };
        let max_body_bytes =
            reader.number("maxBodyBytes", 1.0, 104_857_600.0)?.unwrap_or(DEFAULT_MAX_BODY_BYTES) as u64;
        reader.finish()?;
        Ok(Self { base_path, origins, scopes, agents, has_upstream, bind_request_agent, max_body_bytes })
    }

    /// A body may be this long.
    pub const fn max_body_bytes(&self) -> u64 {
        self.max_body_bytes
    }

    /// The agents, by the names that they were configured under.
    pub fn agents(&self) -> &[String] {
        &self.agents
    }

    pub(super) const fn origins(&self) -> &OriginRules {
        &self.origins
    }

    pub(super) fn is_endpoint(&self, path: &str) -> bool {
        matches!(path.strip_prefix(self.base_path.as_str()), Some("/arc" | "/arc/"))
    }

    /// Decides on the body of a request whose credentials are this principal's. `fresh` is what a new task or chat needs.
    pub fn body(&self, principal: &Principal, body: &[u8], fresh: &Fresh) -> (Decision, Seen) {
        if body.len() as u64 > self.max_body_bytes {
            return (Decision::Reply(Reply::too_large()), Seen::default());
        }
        let object = match envelope::parse(body) {
            Ok(object) => object,
            Err(reply) => return (Decision::Reply(reply), Seen::default()),
        };
        let text = |name| object.get(name).and_then(Value::as_str).map(shown);
        let mut seen = Seen {
            method: text("method"),
            request_agent: text("requestAgent"),
            target_agent: text("targetAgent"),
            trace_id: text("traceId"),
            needs: Vec::new(),
        };
        let decision =
            Request::read(&object).and_then(|request| self.decide(principal, request, fresh, &mut seen.needs));
        (decision.unwrap_or_else(Decision::Reply), seen)
    }

    fn decide(
        &self,
        principal: &Principal,
        request: Request<'_, '_>,
        fresh: &Fresh,
        needed: &mut Vec<String>,
    ) -> Result<Decision, Reply> {
        let echo = &request.echo;
        if self.bind_request_agent && request.request_agent != principal.id() {
            return Err(Reply::error(ArcCode::PermissionDenied, "request_agent", echo, None));
        }
        match self.scopes.decide(request.method, principal) {
            Ruling::Granted { needs } => *needed = needs,
            Ruling::UnknownMethod => return Err(method::not_found(echo)),
            Ruling::Missing { required } => {
                return Err(Reply::scope_missing(&required, principal.scopes().unwrap_or_default(), echo));
            }
        }
        if self.has_upstream {
            return Ok(Decision::Forward(Forward::new(&request)));
        }
        let Some(agent) = self.agent(request.target_agent) else {
            let details = Members::new().text("agentId", request.target_agent).end();
            return Err(Reply::error(ArcCode::AgentNotFound, "agent", echo, Some(&details)));
        };
        let echo = Echo { target_agent: Some(request.target_agent.to_owned()), ..echo.clone() };
        method::decide(request.method, request.params, agent, echo, fresh).map(Decision::Run)
    }

    /// The agent of this name: exactly, or its last version when none is asked for.
    fn agent(&self, name: &str) -> Option<&str> {
        let is_version = |agent: &&String| agent.strip_prefix(name).is_some_and(|rest| rest.starts_with('@'));
        self.agents
            .iter()
            .find(|agent| *agent == name)
            .or_else(|| self.agents.iter().rfind(is_version))
            .map(String::as_str)
    }
}

// Paths arrive without `.` and `..`: one with them would never be met.
fn is_base_path(path: &str) -> bool {
    path.is_empty()
        || (path.starts_with('/')
            && !path.ends_with('/')
            && !path.split('/').any(|segment| matches!(segment, "." | ".."))
            && path
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~')))
}
