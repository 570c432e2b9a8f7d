//! Requests that wait for their answers. The protocol has no id in most answers: SDKs add one, and where they don't, the oldest
//! request that the answer fits is meant.

use super::fault::{reference, Fault};
use crate::{
    arcp::{ArcpCode, Envelope},
    json::Value,
    time::Time,
};

/// More requests than these at a time are a mistake of the application.
const MAX_REQUESTS: usize = 4096;
/// How many are under way at a time, once the runtime has shown that its answers name their requests. Before, it is one.
const WINDOW: usize = 16;

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `job.submit`
    Submit,
    /// `session.list_jobs`
    List,
    /// `job.subscribe`
    Subscribe,
    /// `job.cancel`
    Cancel,
}

impl Kind {
    /// The message's `type`.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "job.submit",
            Self::List => "session.list_jobs",
            Self::Subscribe => "job.subscribe",
            Self::Cancel => "job.cancel",
        }
    }
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// Its number here; 0 when it is this side's own.
    pub(super) number: u32,
    /// What it wants.
    pub(super) kind: Kind,
    /// Its `id` on the wire.
    pub(super) id: String,
    /// Its payload, as JSON.
    pub(super) payload: Box<str>,
    /// Its `trace_id`, for a submit.
    pub(super) trace_id: Option<String>,
    /// The job that it is about, by its `job_id` and by its number here.
    pub(super) job_id: Option<String>,
    /// See above.
    pub(super) job: u32,
    /// Whether it may be sent twice and counts once.
    pub(super) is_repeatable: bool,
    /// Whether it has been sent on this connection.
    pub(super) is_sent: bool,
    /// Whether nobody waits for it any more.
    pub(super) is_abandoned: bool,
    /// When its answer is overdue; once it is sent.
    pub(super) due: Option<Time>,
    /// The size of its frame, in bytes; once it is sent.
    pub(super) size: usize,
    /// How many frames of requests were sent before it.
    pub(super) order: u64,
    /// How often it was sent.
    pub(super) attempts: u32,
}

/// All of them, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Requests {
    list: Vec<Request>,
    numbers: u32,
    are_named: bool,
    sent: u64,
}

impl Requests {
    /// The next number.
    pub(super) fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// Takes a request in.
    pub(super) fn add(&mut self, request: Request) {
        self.list.push(request);
    }

    /// Whether there is room for another one.
    pub(super) fn has_room(&self) -> bool {
        self.list.len() < MAX_REQUESTS
    }

    /// The next one to be sent.
    pub(super) fn next_unsent(&mut self) -> Option<&mut Request> {
        let window = if self.are_named { WINDOW } else { 1 };
        let under_way = self.list.iter().filter(|request| request.is_sent && request.kind != Kind::Cancel).count();
        // Some runtimes answer a cancel with silence: it neither waits nor makes others wait. A subscription waits for the answer
        // to an earlier one to the same job, which is given up then.
        let is_free = |request: &Request| {
            request.kind == Kind::Cancel
                || (under_way < window && !self.list.iter().any(|other| precedes(other, request)))
        };
        let at = self.list.iter().position(|request| !request.is_sent && is_free(request))?;
        self.list.get_mut(at)
    }

    /// The number of the next frame.
    pub(super) const fn next_order(&mut self) -> u64 {
        self.sent += 1;
        self.sent
    }

    /// Takes out the request whose frame was too large: the one of this size, if it is known, or the largest. Whoever refuses a
    /// frame for its size reads none after it: what was sent behind it is as good as not sent.
    pub(super) fn too_large(&mut self, size: Option<usize>) -> Option<Request> {
        let sent = || self.list.iter().enumerate().filter(|(_, request)| request.is_sent);
        let exact = sent().find(|(_, request)| Some(request.size) == size);
        let (at, _) = exact.or_else(|| sent().max_by_key(|(_, request)| request.size))?;
        let found = self.list.remove(at);
        for request in self.list.iter_mut().filter(|request| request.is_sent && request.order > found.order) {
            request.is_sent = false;
            request.due = None;
        }
        Some(found)
    }

    /// The requests.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Request> {
        self.list.iter()
    }

    /// The requests, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Request> {
        self.list.iter_mut()
    }

    /// Takes out the first that is meant.
    pub(super) fn take(&mut self, is_meant: impl Fn(&Request) -> bool) -> Option<Request> {
        let at = self.list.iter().position(is_meant)?;
        Some(self.list.remove(at))
    }

    /// Takes out the request of this kind that an answer is for: by the id that it names, by `also`, or the oldest.
    pub(super) fn answered(
        &mut self,
        kind: Kind,
        envelope: &Envelope<'_>,
        also: impl Fn(&Request) -> bool,
    ) -> Option<Request> {
        let of_kind = |request: &Request| request.kind == kind && request.is_sent;
        if let Some(id) = reference(envelope) {
            // It names a request: that one, or none that still waits.
            let found = self.take(|request| of_kind(request) && request.id == id);
            self.are_named |= found.is_some();
            return found;
        }
        let named = |request: &Request| of_kind(request) && request.id == envelope.id();
        if let Some(found) = self.take(named) {
            return Some(found);
        }
        if let Some(found) = self.take(|request| of_kind(request) && also(request)) {
            return Some(found);
        }
        self.take(of_kind)
    }

    /// Takes out the request that a refusal is for.
    pub(super) fn refused(&mut self, envelope: &Envelope<'_>, fault: &Fault) -> Option<Request> {
        let sent = |request: &Request| request.is_sent;
        if let Some(id) = reference(envelope) {
            return self.take(|request| sent(request) && request.id == id);
        }
        if let Some(found) = self.take(|request| sent(request) && request.id == envelope.id()) {
            return Some(found);
        }
        if let Some(trace_id) = envelope.trace_id() {
            if let Some(found) = self.take(|request| sent(request) && request.trace_id.as_deref() == Some(trace_id)) {
                return Some(found);
            }
        }
        let job_id = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str));
        if let Some(job_id) = job_id {
            if let Some(found) = self.take(|request| sent(request) && request.job_id.as_deref() == Some(job_id)) {
                return Some(found);
            }
        }
        let kinds: &[Kind] = match fault.peer_code.as_deref().and_then(ArcpCode::from_name) {
            Some(
                ArcpCode::AgentNotAvailable
                | ArcpCode::AgentVersionNotAvailable
                | ArcpCode::DuplicateKey
                | ArcpCode::LeaseSubsetViolation
                | ArcpCode::LeaseExpired
                | ArcpCode::BudgetExhausted,
            ) => &[Kind::Submit],
            Some(ArcpCode::JobNotFound) => &[Kind::Subscribe, Kind::Cancel],
            _ => &[Kind::Submit, Kind::List, Kind::Subscribe],
        };
        let oldest = self.take(|request| sent(request) && kinds.contains(&request.kind));
        oldest.or_else(|| self.take(|request| sent(request) && request.kind == Kind::Cancel))
    }

    /// Whether a job may be accepted that events come of already: a submit is under way, or was on a connection before.
    pub(super) fn awaits_job(&self) -> bool {
        self.list.iter().any(|request| request.kind == Kind::Submit && (request.is_sent || request.attempts > 0))
    }

    /// Whether a submit is under way.
    pub(super) fn has_submit(&self) -> bool {
        self.list.iter().any(|request| request.kind == Kind::Submit && request.is_sent)
    }
}

/// Whether one has to be answered before the other is sent.
fn precedes(one: &Request, other: &Request) -> bool {
    other.kind == Kind::Subscribe && one.kind == Kind::Subscribe && one.is_sent && one.job_id == other.job_id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arcp::Frame;

    fn requests(kinds: &[Kind]) -> Requests {
        let mut requests = Requests::default();
        for kind in kinds {
            let number = requests.number();
            requests.add(Request {
                number,
                kind: *kind,
                id: number.to_string(),
                payload: "{}".into(),
                trace_id: Some(format!("{number:032}")),
                job_id: Some(format!("job_{number}")),
                job: 0,
                is_repeatable: false,
                is_sent: true,
                is_abandoned: false,
                due: None,
                size: number as usize,
                order: number.into(),
                attempts: 1,
            });
        }
        requests
    }

    fn refused(requests: &mut Requests, payload: &str) -> Option<u32> {
        let frame = Frame::new("session.error", "E", payload).write();
        let envelope = Envelope::parse(&frame).unwrap();
        let fault = Fault::of(envelope.payload());
        requests.refused(&envelope, &fault).map(|request| request.number)
    }

    #[test]
    fn a_refusal_finds_its_request() {
        use Kind::{Cancel, List, Submit, Subscribe};
        let mut all = requests(&[Cancel, List, Submit, Subscribe, Submit, List]);
        assert_eq!(refused(&mut all, r#"{"code":"INVALID_REQUEST","details":{"request_id":"6"}}"#), Some(6));
        assert_eq!(
            refused(&mut all, r#"{"code":"INVALID_REQUEST","request_id":"6"}"#),
            None,
            "it is not there any more"
        );
        assert_eq!(refused(&mut all, r#"{"code":"AGENT_NOT_AVAILABLE"}"#), Some(3));
        assert_eq!(refused(&mut all, r#"{"code":"JOB_NOT_FOUND","job_id":"job_1"}"#), Some(1));
        assert_eq!(refused(&mut all, r#"{"code":"JOB_NOT_FOUND"}"#), Some(4));
        assert_eq!(refused(&mut all, r#"{"code":"PERMISSION_DENIED"}"#), Some(2));
        assert_eq!(refused(&mut all, r#"{"code":"INTERNAL_ERROR"}"#), Some(5));
        assert_eq!(refused(&mut all, r#"{"code":"INTERNAL_ERROR"}"#), None);
    }

    #[test]
    fn who_is_too_large_is_found_by_its_size() {
        let mut all = requests(&[Kind::Submit, Kind::Submit, Kind::List]);
        assert_eq!(all.too_large(Some(2)).unwrap().number, 2);
        assert!(all.iter().any(|request| request.number == 1 && request.is_sent));
        assert!(all.iter().any(|request| request.number == 3 && !request.is_sent), "nobody has read it");
        assert_eq!(all.too_large(Some(77)).unwrap().number, 1, "of those that were sent");
        assert!(all.too_large(None).is_none());
    }

    #[test]
    fn one_at_a_time_until_answers_name_their_requests() {
        let mut all = requests(&[Kind::Submit, Kind::Submit, Kind::Submit, Kind::Cancel]);
        all.iter_mut().for_each(|request| request.is_sent = false);
        all.next_unsent().unwrap().is_sent = true;
        let cancel = all.next_unsent().unwrap();
        assert_eq!(cancel.kind, Kind::Cancel);
        cancel.is_sent = true;
        assert!(all.next_unsent().is_none());
        let frame = Frame::new("job.accepted", "E", r#"{"request_id":"1"}"#).write();
        let answer = Envelope::parse(&frame).unwrap();
        assert_eq!(all.answered(Kind::Submit, &answer, |_| false).unwrap().number, 1);
        all.next_unsent().unwrap().is_sent = true;
        assert!(all.next_unsent().is_some());
    }
}
