//! What happens to a session, and what is known of it.

use std::{ops::RangeInclusive, time::Duration};

use super::errors::Faults;
use crate::{
    arcp::{
        client::{self as machine, Opened},
        message::AgentInfo,
    },
    error::{Code, Error},
    platform::duration,
};

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionState {
    /// Before the first welcome.
    Connecting,
    /// It has a connection.
    Open,
    /// It has none, and one is being made.
    Reconnecting,
    /// It is over.
    Closed,
}

/// What a runtime's welcome said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The session's id. It changes when a session is lost and another one begins.
    pub id: String,
    /// What the runtime calls itself.
    pub runtime_name: String,
    /// Its version.
    pub runtime_version: String,
    /// The features that both sides have agreed on.
    pub features: Vec<String>,
    /// The agents that may be asked.
    pub agents: Vec<Agent>,
    /// After how long a silence each side says that it is there (ARCP 1.1 §6.4); `None` where `heartbeat` is not agreed on.
    pub heartbeat: Option<Duration>,
}

/// An agent that a runtime offers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// Its name.
    pub name: String,
    /// Its versions; none where the runtime doesn't say.
    pub versions: Vec<String>,
    /// The version that its name alone means.
    pub default: Option<String>,
}

impl SessionInfo {
    pub(super) fn of(opened: Opened) -> Self {
        let agent = |AgentInfo { name, versions, default }| Agent { name, versions, default };
        Self {
            id: opened.session_id,
            runtime_name: opened.runtime_name,
            runtime_version: opened.runtime_version,
            features: opened.features,
            agents: opened.agents.into_iter().map(agent).collect(),
            heartbeat: opened.heartbeat.map(duration),
        }
    }

    pub(super) fn none() -> Self {
        Self {
            id: String::new(),
            runtime_name: String::new(),
            runtime_version: String::new(),
            features: Vec::new(),
            agents: Vec::new(),
            heartbeat: None,
        }
    }

    /// Whether both sides have agreed on this feature.
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.iter().any(|own| own == name)
    }
}

/// What happens to a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionEvent {
    /// A connection is being made.
    #[non_exhaustive]
    Connecting {
        /// The first is 1.
        attempt: u32,
    },
    /// A new session.
    #[non_exhaustive]
    Open {
        /// Its id.
        session_id: String,
    },
    /// The same session on another connection.
    #[non_exhaustive]
    Resumed {
        /// Its id.
        session_id: String,
    },
    /// The same, because the token was about to end.
    #[non_exhaustive]
    TokenRefreshed {
        /// Its id.
        session_id: String,
    },
    /// The connection is lost, and another one will be made.
    #[non_exhaustive]
    Reconnecting {
        /// The first is 1.
        attempt: u32,
        /// After this pause.
        delay: Duration,
        /// What went wrong.
        code: Code,
        /// And in words.
        reason: String,
    },
    /// Something can't be had any more.
    Lost(Lost),
    /// An error of the runtime that belongs to no request.
    Error(Error),
    /// It is over.
    Closed(Closed),
}

/// What can't be had any more. A session's end or a lost result fails the jobs that are named.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// What it is.
    pub reason: LostReason,
    /// The jobs whose it was, by their ids.
    pub jobs: Vec<String>,
    /// The numbers of the events, where they are known.
    pub seqs: Option<RangeInclusive<i64>>,
    /// What is wrong with it.
    pub message: Option<&'static str>,
}

/// What was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReason {
    /// What jobs sent while nobody listened, or what nobody read beyond what is kept. They go on.
    Events,
    /// The events between two numbers are missing.
    Gap,
    /// The end of a job.
    Result,
    /// The session, in the runtime's word for it (`RESUME_WINDOW_EXPIRED`), or `NOT_RESUMED`.
    Session(String),
    /// What can't be read or passed on.
    Unreadable,
}

/// The end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// The reason that the program gave, or what went wrong.
    pub reason: String,
    /// What went wrong; `None` after [`close`](super::ArcpClient::close).
    pub error: Option<Error>,
}

/// An event of the machine's, as the program sees it.
pub(super) fn event_of(event: machine::Event, faults: &Faults) -> SessionEvent {
    use machine::Event;
    match event {
        Event::Connecting { attempt } => {
            SessionEvent::Connecting { attempt: u32::try_from(attempt).unwrap_or(u32::MAX) }
        }
        Event::Open { session_id } => SessionEvent::Open { session_id },
        Event::Resumed { session_id } => SessionEvent::Resumed { session_id },
        Event::TokenRefreshed { session_id } => SessionEvent::TokenRefreshed { session_id },
        Event::Reconnecting { attempt, delay, code, reason } => {
            SessionEvent::Reconnecting { attempt, delay: duration(delay), code, reason: faults.clean(reason) }
        }
        Event::Lost(lost) => SessionEvent::Lost(Lost {
            reason: match lost.reason {
                machine::LostReason::Events => LostReason::Events,
                machine::LostReason::Gap => LostReason::Gap,
                machine::LostReason::Result => LostReason::Result,
                machine::LostReason::Session(reason) => LostReason::Session(faults.clean(reason)),
                machine::LostReason::Unreadable => LostReason::Unreadable,
            },
            jobs: lost.jobs,
            seqs: lost.from.zip(lost.to).map(|(from, to)| from..=to),
            message: lost.message,
        }),
        Event::Error(fault) => SessionEvent::Error(faults.error(&fault)),
    }
}
