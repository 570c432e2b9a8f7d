//! Whether a job exists is not for strangers (ARCP 1.1 §6.6). Some upstream runtimes answer a job that one may not see otherwise
//! than one that isn't there; the gate and the hold make one answer of both.
//!
//! The TypeScript SDK's runtime does so in another frame: a numbered `job.error` for a job that isn't there, a `session.error` for
//! one of somebody else. A gate can't number frames, as it keeps nothing from one connection to the next. So it lets the runtime do
//! that: instead of passing such a `session.error` on it asks for a job that surely isn't there, and what is said of that is the
//! answer ([`absent`]).

mod known;

use std::collections::VecDeque;

use self::known::KnownJobs;
use crate::{
    arcp::{message::error_members, ArcpCode, Envelope},
    json::{Members, Value},
    time::{Span, Time},
};

/// Requests whose answers are watched for.
const MAX_PENDING: usize = 64;
/// One that is older is forgotten for a newer one: some runtimes answer a cancel with silence.
const ANSWERED_WITHIN: Span = Span::from_secs(10);
/// What makes a job's id that of one that isn't there.
const ABSENT: &str = "~arcgate-absent";

/// So much is asked and not answered yet; a newer question has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooManyPending;

impl TooManyPending {
    /// How many there may be.
    pub(super) const LIMIT: i64 = MAX_PENDING as i64;
    /// A stable name.
    pub(super) const REASON: &'static str = "too_many_pending_lookups";
}

/// What comes in the place of an upstream's frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// This frame.
    Frame(String),
    /// Nothing yet: the upstream is to be asked to subscribe to this job, and what it says is the answer.
    Ask(String),
}

/// What an upstream's frame refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The `id` of the request.
    pub(super) request: String,
    /// Whether it was a `job.subscribe`.
    pub(super) is_subscribe: bool,
    is_absent: bool,
    job: String,
}

/// A question about a job.
#[derive(Clone, Debug)]
struct Lookup {
    request: String,
    job: String,
    /// Whether it was asked in another one's place, about a job that isn't there.
    is_absent: bool,
    asked: Time,
}

/// Jobs that the client has asked about, and that nothing has answered yet.
#[derive(Debug, Default)]
pub(super) struct PendingLookups {
    subscribes: VecDeque<Lookup>,
    cancels: VecDeque<Lookup>,
    known: KnownJobs,
    /// Whether this runtime answers for a job that isn't there with a `session.error`; unknown at first.
    says_session_error: bool,
}

impl PendingLookups {
    /// A frame of the client that is to be sent on.
    ///
    /// # Errors
    /// It can't be: too many are under way, and one that was forgotten would be answered in the upstream's own words.
    pub(super) fn note(&mut self, frame: &Envelope<'_>, now: Time) -> Result<(), TooManyPending> {
        let list = match frame.kind() {
            "job.subscribe" => &mut self.subscribes,
            "job.cancel" => &mut self.cancels,
            _ => return Ok(()),
        };
        let Some(job) = job_of(frame) else { return Ok(()) };
        if list.len() >= MAX_PENDING {
            if list.front().is_some_and(|oldest| now.since(oldest.asked) < ANSWERED_WITHIN) {
                return Err(TooManyPending);
            }
            list.pop_front();
        }
        list.push_back(Lookup { request: frame.id().to_owned(), job: job.to_owned(), is_absent: false, asked: now });
        Ok(())
    }

    /// A frame from upstream: what it refuses, if that is a question about a job.
    pub(super) fn refused(&mut self, frame: &Envelope<'_>) -> Option<Refused> {
        match frame.kind() {
            "job.subscribed" => {
                take(&mut self.subscribes, frame);
                None
            }
            "job.cancelled" | "job.result" => {
                take(&mut self.cancels, frame);
                None
            }
            "job.error" => {
                let (subscribe, cancel) = (take(&mut self.subscribes, frame), take(&mut self.cancels, frame));
                let is_subscribe = subscribe.is_some();
                subscribe.or(cancel).filter(|_| tells(frame)).map(|asked| asked.refused(is_subscribe))
            }
            // It need not say which request it answers: the first, then.
            "session.error" if !self.subscribes.is_empty() && tells(frame) => {
                let at = match request_of(frame) {
                    Some(id) => self.subscribes.iter().position(|asked| asked.request == id)?,
                    None => 0,
                };
                self.subscribes.remove(at).map(|asked| asked.refused(true))
            }
            _ => None,
        }
    }

    /// A frame from upstream: what comes in its place, if it would tell too much.
    pub(super) fn answer(&mut self, frame: &Envelope<'_>, now: Time) -> Option<Instead> {
        let is_session_error = frame.kind() == "session.error";
        let refused = self.refused(frame);
        // What is said of one's own job is its own end, whatever its code.
        if self.known.note(frame) {
            return None;
        }
        let Some(refused) = refused else {
            // One that comes again after a resume, when nothing is known of the question any more.
            let is_stray = frame.kind() == "job.error" && code_of(frame) == Some(ArcpCode::JobNotFound);
            return is_stray.then(|| Instead::Frame(not_found(frame, request_of(frame))));
        };
        let is_missing = code_of(frame) == Some(ArcpCode::JobNotFound);
        if refused.is_subscribe && is_missing {
            self.says_session_error = is_session_error;
        }
        if is_missing || !is_session_error || self.says_session_error || refused.is_absent {
            return Some(Instead::Frame(not_found(frame, Some(&refused.request))));
        }
        let job = format!("{}{ABSENT}", refused.job);
        self.subscribes.push_back(Lookup { request: refused.request, job: job.clone(), is_absent: true, asked: now });
        Some(Instead::Ask(job))
    }
}

impl Lookup {
    fn refused(self, is_subscribe: bool) -> Refused {
        Refused { request: self.request, is_subscribe, is_absent: self.is_absent, job: self.job }
    }
}

fn code_of(frame: &Envelope<'_>) -> Option<ArcpCode> {
    frame.get("code").and_then(Value::as_str).and_then(ArcpCode::from_name)
}

/// Whether a frame says that a job isn't there, or not for everybody.
fn tells(frame: &Envelope<'_>) -> bool {
    matches!(code_of(frame), Some(ArcpCode::PermissionDenied | ArcpCode::JobNotFound))
}

fn request_of<'e>(frame: &'e Envelope<'_>) -> Option<&'e str> {
    frame.get("request_id").and_then(Value::as_str)
}

fn job_of<'e>(frame: &'e Envelope<'_>) -> Option<&'e str> {
    frame.job_id().or_else(|| frame.get("job_id").and_then(Value::as_str))
}

fn take(list: &mut VecDeque<Lookup>, frame: &Envelope<'_>) -> Option<Lookup> {
    // The Java SDK's runtime refuses without a job, under the id of the request.
    let is_it = |asked: &Lookup| match job_of(frame) {
        Some(job) => asked.job == job,
        None => asked.request == frame.id(),
    };
    list.iter().position(is_it).and_then(|at| list.remove(at))
}

/// The payload of the answer for a job that isn't there.
pub(super) fn no_such_job(request_id: Option<&str>) -> Members {
    let code = ArcpCode::JobNotFound;
    error_members(code, code.message()).some_text("request_id", request_id)
}

/// The same frame as the answer for a job that isn't there. What the runtime says of it in its own words goes.
fn not_found(frame: &Envelope<'_>, request_id: Option<&str>) -> String {
    let mut payload = no_such_job(request_id);
    for name in ["final_status", "completed_at"] {
        if let Some(value) = frame.get(name) {
            payload = payload.value(name, value);
        }
    }
    let mut members = Members::new();
    for (name, value) in frame.members().filter(|(name, _)| *name != "payload") {
        members = match (name, value) {
            ("job_id", Value::String(id)) => members.text(name, id.strip_suffix(ABSENT).unwrap_or(id)),
            _ => members.value(name, value),
        };
    }
    members.raw("payload", &payload.end()).end()
}

#[cfg(test)]
mod tests;
