//! A job: what runs, for whom, and how it ended.

use std::rc::Rc;

use super::{
    history::{History, Position},
    log::StoredLog,
    session::{Owner, Session},
    table::Kept,
};
use crate::{arcp::errors::ArcpCode, json::Members, output::Pieces, time::Time};

/// The longest text of chunks that is kept for sessions that take none.
pub(super) const MAX_TEXT: usize = 512 << 10;

/// A session that gets a job's events, and how far it has got.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    pub(super) session: String,
    pub(super) position: Position,
    /// Whether it submitted the job, the same key again included.
    pub(super) has_submitted: bool,
    /// Whether it subscribed.
    pub(super) has_subscribed: bool,
    /// Whether it wants nothing for now of what it submitted.
    pub(super) is_paused: bool,
    /// The number of the last event that it was given.
    pub(super) given: i64,
    /// Whether the storage can't tell its position from what it was given: it was placed there.
    pub(super) is_placed: bool,
}

impl Follower {
    /// It goes on from there.
    pub(super) fn place(&mut self, position: Position) {
        self.position = position;
        self.is_placed = true;
    }
}

/// What the storage has of a follower.
#[derive(Clone, Debug)]
pub(super) struct StoredFollower {
    pub(super) session: String,
    /// The last number of its session then.
    pub(super) seq: i64,
    pub(super) lost: u64,
    pub(super) flags: u8,
    /// Whether the job's row tells of it: it follows from the first event on.
    pub(super) is_implied: bool,
}

impl StoredFollower {
    /// The session that has submitted the job, and was given nothing when that was written.
    pub(super) fn implied(session: &str) -> Self {
        Self { session: session.to_owned(), seq: 0, lost: 0, flags: 1, is_implied: true }
    }
}

/// What the storage has of a job.
#[derive(Debug, Default)]
pub(super) struct StoredJob {
    pub(super) is_cancelled: bool,
    pub(super) has_ended: bool,
    /// Whether its row tells of a follower.
    pub(super) has_implied: bool,
    /// Whether some of its events have got their numbers after they were written.
    pub(super) has_numbers: bool,
    /// Whether its result is there.
    pub(super) has_result: bool,
    pub(super) last_seq: i64,
    pub(super) followers: Vec<StoredFollower>,
    pub(super) log: StoredLog,
    /// Of the result.
    pub(super) result_bytes: usize,
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
    /// Whether bytes are among them, which are no text.
    pub(super) has_bytes: bool,
}

impl Chunks {
    /// What a session that takes no chunks is told where it can't have them as one text: no success is without its result.
    fn undeliverable(&self) -> Failure {
        let mut details = Members::new()
            .text("reason", "needs_result_chunk")
            .integer("bytes", i64::try_from(self.bytes).unwrap_or(i64::MAX));
        let bytes = self.bytes;
        let message = if self.has_bytes {
            format!("The result ({bytes} bytes) is no text: a session has it with the feature result_chunk only")
        } else {
            details = details.integer("limit", MAX_TEXT as i64);
            format!("The result has {bytes} bytes; at most {MAX_TEXT} are sent without the feature result_chunk")
        };
        Failure { code: ArcpCode::InvalidRequest, message, is_retryable: false, details: Some(details.end()) }
    }
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
    /// By a failure.
    Failed(Failure),
}

/// What the client is told of a failure.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: ArcpCode,
    pub(super) message: String,
    /// Whether the same may succeed the next time.
    pub(super) is_retryable: bool,
    /// As JSON.
    pub(super) details: Option<String>,
}

impl Failure {
    /// One of which the code says all.
    pub(super) fn of(code: ArcpCode) -> Self {
        Self { code, message: code.message().to_owned(), is_retryable: code.is_retryable(), details: None }
    }

    /// The session may not see any more what becomes of the job.
    pub(super) fn no_longer_allowed() -> Self {
        let details = Members::new().text("reason", "no_longer_allowed").end();
        let message = "This job may no longer be watched".to_owned();
        Self { code: ArcpCode::PermissionDenied, message, is_retryable: false, details: Some(details) }
    }

    /// The payload of a `job.error`.
    pub(super) fn error(&self, final_status: &str, completed_at: &str) -> String {
        let payload = Members::new()
            .text("final_status", final_status)
            .text("code", self.code.as_str())
            .text("message", &self.message)
            .boolean("retryable", self.is_retryable)
            .text("completed_at", completed_at);
        match &self.details {
            Some(details) => payload.raw("details", details).end(),
            None => payload.end(),
        }
    }
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
    pub(super) history: History,
    /// In the submitting session's numbers, while there is one.
    pub(super) last_seq: i64,
    pub(super) chunks: Option<Chunks>,
    /// Of a text that comes in chunks: what waits for its other half.
    pub(super) pieces: Pieces,
    /// How many events its agent has reported, whatever became of them.
    pub(super) reported: u64,
    /// When it has run for too long.
    pub(super) ends_at: Time,
    /// When its lease is over.
    pub(super) lease_ends: Option<Time>,
    /// Cancelled: when its agent is no longer waited for.
    pub(super) cancelled_until: Option<Time>,
    /// Whether its agent is held.
    pub(super) is_paused: bool,
    pub(super) end: Option<(End, Time)>,
    pub(super) stored: Option<StoredJob>,
}

impl Kept for Job {
    type Stored = StoredJob;

    fn id(&self) -> &str {
        &self.id
    }

    fn owner(&self) -> &Rc<str> {
        &self.owner.key
    }

    fn take_stored(&mut self) -> Option<StoredJob> {
        self.stored.take()
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

    /// Lets a session follow from here on.
    pub(super) fn follow(&mut self, session: &str, position: Position, has_submitted: bool) {
        let session = session.to_owned();
        self.followers.push(Follower {
            session,
            position,
            has_submitted,
            has_subscribed: !has_submitted,
            is_paused: false,
            given: 0,
            is_placed: true,
        });
    }

    /// What comes next.
    pub(super) fn here(&self) -> Position {
        Position { next: self.history.count(), lost: 0 }
    }

    /// Bytes that it keeps.
    pub(super) fn bytes(&self) -> usize {
        let result = match &self.end {
            Some((End::Success(Some(result)), _)) => result.len(),
            _ => 0,
        };
        let text = self.chunks.as_ref().and_then(|chunks| chunks.text.as_ref()).map_or(0, String::len);
        1024 + self.history.bytes() + result + text + self.lease.len() + self.accepted.len()
    }

    /// Why this session can't have a result that came in chunks.
    pub(super) fn undeliverable(&self, session: &Session) -> Option<Failure> {
        let chunks = self.chunks.as_ref().filter(|_| !session.takes("result_chunk"))?;
        chunks.text.is_none().then(|| chunks.undeliverable())
    }

    /// The last message of the job as this session can read it: its type and payload (ARCP 1.1 §7.3, §8.4).
    pub(super) fn last_message(&self, session: &Session) -> Option<(&'static str, String)> {
        let (end, at) = self.end.as_ref()?;
        let completed_at = at.to_rfc3339();
        let result = |status| Members::new().text("final_status", status).text("completed_at", &completed_at);
        let error = |status, failure: &Failure| failure.error(status, &completed_at);
        Some(match end {
            End::Success(Some(json)) => ("job.result", result("success").raw("result", json).end()),
            End::Success(None) => {
                if let Some(failure) = self.undeliverable(session) {
                    return Some(("job.error", error("error", &failure)));
                }
                let payload = match &self.chunks {
                    Some(chunks) if session.takes("result_chunk") => result("success")
                        .text("result_id", &chunks.result_id)
                        .integer("result_size", i64::try_from(chunks.bytes).unwrap_or(i64::MAX)),
                    Some(Chunks { text: Some(text), .. }) => result("success").text("result", text),
                    _ => result("success"),
                };
                ("job.result", payload.end())
            }
            // Its client reads no other end (docs/arcp-peers.md).
            End::Cancelled if session.is_python => ("job.result", result("cancelled").end()),
            End::TimedOut if session.is_python => ("job.result", result("timed_out").end()),
            End::Cancelled => ("job.error", error("cancelled", &Failure::of(ArcpCode::Cancelled))),
            End::TimedOut => ("job.error", error("timed_out", &Failure::of(ArcpCode::Timeout))),
            End::Failed(failure) => ("job.error", error("error", failure)),
        })
    }
}
