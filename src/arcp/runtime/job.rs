//! A job: what runs, for whom, and how it ended.

use std::{collections::VecDeque, rc::Rc};

use super::{
    limits::Limits,
    session::{Owner, Session},
    table::Identified,
};
use crate::{arcp::errors::ArcpCode, json::Members, time::Time};

/// What an entry of a history takes besides its text.
const OVERHEAD: usize = 64;

/// A session that gets a job's events.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    pub(super) session: String,
    /// Whether it submitted the job, the same key again included.
    pub(super) has_submitted: bool,
    /// Whether it subscribed.
    pub(super) has_subscribed: bool,
}

/// Chunks of a result (ARCP 1.1 §8.4).
#[derive(Clone, Debug)]
pub(super) struct Chunks {
    pub(super) result_id: String,
    pub(super) next: i64,
    /// Decoded.
    pub(super) bytes: u64,
    /// Whether the last one has said so.
    pub(super) is_whole: bool,
    /// All of them as one text, for sessions that take no chunks; none when it is no text, or too long.
    pub(super) text: Option<String>,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// With a result, as JSON; none when it came in chunks.
    Success(Option<Rc<str>>),
    /// By its client.
    Cancelled,
    /// By the clock.
    TimedOut,
    /// By a failure: code, and what the client is told.
    Failed(ArcpCode, String),
}

/// An event that is kept for later subscribers.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) seq: i64,
    pub(super) kind: Rc<str>,
    pub(super) payload: Rc<str>,
}

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) owner: Owner,
    /// The session that submitted it first.
    pub(super) session: String,
    pub(super) agent: Rc<str>,
    pub(super) trace_id: Rc<str>,
    /// As JSON.
    pub(super) lease: Rc<str>,
    /// As JSON.
    pub(super) constraints: Option<Rc<str>>,
    /// The payload of `job.accepted`.
    pub(super) accepted: Rc<str>,
    pub(super) created: Time,
    pub(super) followers: Vec<Follower>,
    pub(super) history: VecDeque<Past>,
    pub(super) history_bytes: usize,
    /// In the submitting session's numbers, while there is one.
    pub(super) last_seq: i64,
    pub(super) chunks: Option<Chunks>,
    /// When it has run for too long.
    pub(super) ends_at: Time,
    /// When its lease is over.
    pub(super) lease_ends: Option<Time>,
    /// Cancelled: when its agent is no longer waited for.
    pub(super) cancelled_until: Option<Time>,
    /// Whether its agent is held.
    pub(super) is_held: bool,
    /// Whether the audit log knows that its agent says what can't be passed on.
    pub(super) has_complained: bool,
    pub(super) end: Option<(End, Time)>,
}

impl Identified for Job {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Job {
    /// As lists and subscriptions tell it (ARCP 1.1 §7.3).
    pub(super) const fn status(&self) -> &'static str {
        match &self.end {
            None => "running",
            Some((End::Success(_), _)) => "success",
            Some((End::Cancelled, _)) => "cancelled",
            Some((End::TimedOut, _)) => "timed_out",
            Some((End::Failed(..), _)) => "error",
        }
    }

    pub(super) fn follower(&mut self, session: &str) -> Option<&mut Follower> {
        self.followers.iter_mut().find(|follower| follower.session == session)
    }

    /// Keeps an event for later, within bounds.
    pub(super) fn remember(&mut self, seq: i64, kind: &str, payload: &Rc<str>, limits: &Limits) {
        self.last_seq = seq;
        self.history_bytes += payload.len() + OVERHEAD;
        self.history.push_back(Past { seq, kind: kind.into(), payload: Rc::clone(payload) });
        while self.history.len() > limits.history_events || self.history_bytes > limits.history_bytes {
            let Some(past) = self.history.pop_front() else { break };
            self.history_bytes = self.history_bytes.saturating_sub(past.payload.len() + OVERHEAD);
        }
    }

    pub(super) fn forget_history(&mut self) {
        self.history.clear();
        self.history_bytes = 0;
    }

    /// Bytes that it keeps.
    pub(super) fn bytes(&self) -> usize {
        let result = match &self.end {
            Some((End::Success(Some(result)), _)) => result.len(),
            _ => 0,
        };
        let text = self.chunks.as_ref().and_then(|chunks| chunks.text.as_ref()).map_or(0, String::len);
        1024 + self.history_bytes + result + text + self.lease.len() + self.accepted.len()
    }

    /// The last message of the job as this session can read it: its type and payload (ARCP 1.1 §7.3, §8.4).
    pub(super) fn last_message(&self, session: &Session) -> Option<(&'static str, String)> {
        let (end, at) = self.end.as_ref()?;
        let completed_at = at.to_rfc3339();
        let result = |status| Members::new().text("final_status", status).text("completed_at", &completed_at);
        let error = |status, code: ArcpCode, message: &str| {
            Members::new()
                .text("final_status", status)
                .text("code", code.as_str())
                .text("message", message)
                .boolean("retryable", code.is_retryable())
                .text("completed_at", &completed_at)
        };
        Some(match end {
            End::Success(Some(json)) => ("job.result", result("success").raw("result", json).end()),
            End::Success(None) => {
                let payload = match &self.chunks {
                    Some(chunks) if session.takes("result_chunk") => result("success")
                        .text("result_id", &chunks.result_id)
                        .integer("result_size", i64::try_from(chunks.bytes).unwrap_or(i64::MAX)),
                    Some(Chunks { text: Some(text), .. }) => result("success").text("result", text),
                    _ => result("success").text("summary", "The result needs the feature result_chunk"),
                };
                ("job.result", payload.end())
            }
            // Its client reads no other end (docs/arcp-peers.md).
            End::Cancelled if session.is_python => ("job.result", result("cancelled").end()),
            End::TimedOut if session.is_python => ("job.result", result("timed_out").end()),
            End::Cancelled => {
                ("job.error", error("cancelled", ArcpCode::Cancelled, ArcpCode::Cancelled.message()).end())
            }
            End::TimedOut => ("job.error", error("timed_out", ArcpCode::Timeout, ArcpCode::Timeout.message()).end()),
            End::Failed(code, message) => ("job.error", error("error", *code, message).end()),
        })
    }
}
