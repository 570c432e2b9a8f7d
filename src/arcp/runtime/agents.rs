//! The agents on offer, by name and version (ARCP 1.1 §7.5).

use super::RequestRefusal;
use crate::{
    arcp::{errors::ArcpCode, message::AgentInfo},
    config::Reader,
    error::{shown, Error},
};

/// The longest name, and the longest version, in bytes.
const MAX_LENGTH: usize = 128;

/// The agents that a hub runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Agents(Vec<Agent>);

#[derive(Clone, Debug)]
struct Agent {
    name: String,
    /// As configured: (version, key). An agent without a version has an empty one.
    versions: Vec<(String, String)>,
}

impl Agents {
    /// Reads `agents`: a list of `name` and `name@version`.
    ///
    /// # Errors
    /// `ERR_CONFIG` for a name that the protocol's grammar doesn't have.
    pub(super) fn read(reader: &mut Reader<'_, '_>) -> Result<Self, Error> {
        let mut agents = Self::default();
        for key in reader.strings("agents")?.unwrap_or_default() {
            let Some((name, version)) = parse(&key) else {
                let path = format!("agents.{}", shown(&key));
                let fix =
                    "is no name that ARCP 1.1 §7.5 allows: a-z, 0-9, `.`, `_` and `-`, then perhaps @ and a version";
                return Err(reader.wrong(&path, fix));
            };
            let entry = (version.unwrap_or_default().to_owned(), key.clone());
            match agents.0.iter_mut().find(|agent| agent.name == name) {
                Some(agent) => agent.versions.push(entry),
                None => agents.0.push(Agent { name: name.to_owned(), versions: vec![entry] }),
            }
        }
        Ok(agents)
    }

    /// The key of the first.
    pub(super) fn first(&self) -> &str {
        self.0.first().and_then(|agent| agent.versions.first()).map_or("", |(_, key)| key)
    }

    /// What a welcome lists.
    pub(super) fn listed(&self) -> Vec<AgentInfo> {
        self.0
            .iter()
            .map(|agent| {
                let versions = agent.versions.iter().map(|(version, _)| version.clone());
                AgentInfo {
                    name: agent.name.clone(),
                    versions: versions.filter(|version| !version.is_empty()).collect(),
                    default: agent.default().map(|(version, _)| version.clone()).filter(|version| !version.is_empty()),
                }
            })
            .collect()
    }

    /// The key of the agent that a submit names, which is `name@version` where there are versions (rule 39 to 43).
    pub(super) fn resolve(&self, wanted: &str) -> Result<&str, RequestRefusal> {
        let (name, version) = parse(wanted).ok_or(RequestRefusal::invalid("agent"))?;
        let agent =
            self.0.iter().find(|agent| agent.name == name).ok_or(RequestRefusal::of(ArcpCode::AgentNotAvailable))?;
        let found = match version {
            None => agent.default(),
            Some(version) => agent.versions.iter().find(|(own, _)| own == version),
        };
        found.map(|(_, key)| key.as_str()).ok_or(RequestRefusal::of(ArcpCode::AgentVersionNotAvailable))
    }
}

impl Agent {
    /// What a bare name means: the agent without a version, or the version listed last.
    fn default(&self) -> Option<&(String, String)> {
        self.versions.iter().find(|(version, _)| version.is_empty()).or(self.versions.last())
    }
}

/// `name` or `name@version` (ARCP 1.1 §7.5).
fn parse(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let is_lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_name = name.len() <= MAX_LENGTH
        && name.bytes().next().is_some_and(is_lower)
        && name.bytes().all(|byte| is_lower(byte) || b"._-".contains(&byte));
    let is_version = version.is_none_or(|version| {
        (1..=MAX_LENGTH).contains(&version.len())
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+_-".contains(&byte))
    });
    (is_name && is_version).then_some((name, version))
}

/// Whether a reference to an agent names a version.
pub(super) fn has_version(wanted: &str) -> bool {
    wanted.contains('@')
}
