//! What a session wants done, and what its application is told.

use super::fault::Fault;
use crate::{arcp::message::AgentInfo, error::Code, time::Span};

/// Something for the platform to do. Numbers of requests, jobs and connections are this side's own.
#[derive(Clone, Debug)]
pub enum Action {
    /// Get a token, where the scheme has one, and make a connection.
    Connect {
        /// Its number from now on.
        conn: u32,
        /// Whether the token must be another one than the last.
        fresh: bool,
        /// Where the token is to last longer than the present one: how long that has left.
        outlast: Option<Span>,
    },
    /// Send a text frame.
    Send {
        /// The connection.
        conn: u32,
        /// The frame.
        text: String,
    },
    /// Close a connection, or give up making it.
    Close {
        /// The connection.
        conn: u32,
        /// The close code.
        code: u16,
        /// The reason on the wire.
        reason: &'static str,
    },
    /// The session is there: what the welcome said.
    Open(Box<Opened>),
    /// A request has brought a job.
    Accept {
        /// The request.
        request: u32,
        /// The job.
        job: u32,
        /// Its `job_id`.
        id: String,
        /// What the runtime said of it, as JSON.
        payload: Option<String>,
    },
    /// A request asks for a job that is here already.
    Existing {
        /// The request.
        request: u32,
        /// The job.
        job: u32,
    },
    /// A request has an answer.
    Answer {
        /// The request.
        request: u32,
        /// The answer's payload, as JSON.
        payload: String,
    },
    /// A request is done.
    Done {
        /// The request.
        request: u32,
    },
    /// A request is refused, or has no answer.
    Refuse {
        /// The request.
        request: u32,
        /// Why.
        fault: Fault,
    },
    /// An event of a job.
    Deliver {
        /// The job.
        job: u32,
        /// The event.
        event: JobEvent,
    },
    /// So many events of a job won't come.
    Missed {
        /// The job.
        job: u32,
        /// How many.
        count: u32,
    },
    /// A job has ended well.
    Finish {
        /// The job.
        job: u32,
        /// Its result.
        result: JobResult,
    },
    /// A job has failed, or nobody knows what became of it.
    Fail {
        /// The job.
        job: u32,
        /// Why.
        fault: Fault,
    },
    /// A job that was to be subscribed to is not.
    Forget {
        /// The job.
        job: u32,
    },
    /// It is over; nothing comes after it but answers to those who ask all the same.
    Closed {
        /// Whether the application wanted it.
        is_wanted: bool,
        /// The reason that the application gave, or what went wrong.
        reason: String,
        /// What every later call is told.
        fault: Fault,
    },
}

/// What a welcome said.
#[derive(Clone, Debug)]
pub struct Opened {
    /// `session_id`
    pub session_id: String,
    /// The runtime's name.
    pub runtime_name: String,
    /// And its version.
    pub runtime_version: String,
    /// The features in force.
    pub features: Vec<String>,
    /// The agents that it offers.
    pub agents: Vec<AgentInfo>,
    /// Between two signs of life.
    pub heartbeat: Option<Span>,
}

/// An event of a job.
#[derive(Clone, Debug)]
pub struct JobEvent {
    /// `event_seq`
    pub seq: i64,
    /// So many of the oldest unread events are given up for it.
    pub dropped: u32,
    /// Whether it is for whoever reads.
    pub is_kept: bool,
    /// Whether it is a piece of the result.
    pub is_piece: bool,
    /// The message's payload, as JSON.
    pub payload: Option<String>,
    /// The piece's text, where a character was cut between two of them.
    pub text: Option<String>,
}

/// What a job has come to.
#[derive(Clone, Debug)]
pub enum JobResult {
    /// A value, as JSON.
    Value(String),
    /// The pieces that have come (ARCP 1.1 §8.4).
    Pieces,
}

/// What the application is told of the session. Nothing has to be done about it.
#[derive(Clone, Debug)]
pub enum Event {
    /// A connection is being made.
    Connecting {
        /// The first is 1.
        attempt: i64,
    },
    /// A session has begun.
    Open {
        /// Its id.
        session_id: String,
    },
    /// The session goes on, on another connection.
    Resumed {
        /// Its id.
        session_id: String,
    },
    /// The session goes on with a fresh token.
    TokenRefreshed {
        /// Its id.
        session_id: String,
    },
    /// The connection is lost, and another one will be made.
    Reconnecting {
        /// The first is 1.
        attempt: u32,
        /// After this pause.
        delay: Span,
        /// What went wrong: its code.
        code: Code,
        /// And in words.
        reason: String,
    },
    /// Something won't come any more.
    Lost(Lost),
    /// The runtime reports an error that is of no request.
    Error(Fault),
}

/// What won't come any more.
#[derive(Clone, Debug)]
pub struct Lost {
    /// What it is.
    pub reason: LostReason,
    /// The first number that is lost, where that is known.
    pub from: Option<i64>,
    /// The last number.
    pub to: Option<i64>,
    /// What is wrong with it.
    pub message: Option<&'static str>,
    /// The jobs whose it was, by their `job_id`.
    pub jobs: Vec<String>,
}

/// What was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LostReason {
    /// Events of a job.
    Events,
    /// What is missing between two numbers.
    Gap,
    /// The end of a job.
    Result,
    /// The session, for the reason that the runtime gave.
    Session(String),
    /// A frame that can't be read, or passed on.
    Unreadable,
}

impl LostReason {
    /// Its name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Events => "EVENTS",
            Self::Gap => "GAP",
            Self::Result => "RESULT",
            Self::Session(reason) => reason,
            Self::Unreadable => "UNREADABLE",
        }
    }
}

impl Lost {
    pub(super) fn of<'j>(reason: LostReason, jobs: impl IntoIterator<Item = &'j str>) -> Self {
        Self { reason, from: None, to: None, message: None, jobs: jobs.into_iter().map(str::to_owned).collect() }
    }

    pub(super) fn numbered(self, from: i64, to: i64) -> Self {
        Self { from: Some(from), to: Some(to), ..self }
    }
}

/// An action or an event.
#[derive(Clone, Debug)]
pub enum Output {
    /// To be performed.
    Action(Action),
    /// To be told.
    Event(Event),
}
