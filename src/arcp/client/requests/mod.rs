//! Requests that wait for their answers. The protocol has no id in most answers: SDKs add one, and where they don't, the oldest
//! request that the answer fits is meant.

mod matching;

use crate::time::Time;

/// More requests than these at a time are a mistake of the application.
const MAX_REQUESTS: usize = 4096;
/// How many are under way at a time, once the runtime has shown that its answers name their requests. Before, it is one.
const WINDOW: usize = 16;

/// What a request asks for.
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
    /// What it asks for.
    pub(super) kind: Kind,
    /// Its `id` on the wire.
    pub(super) id: String,
    /// Those that it had on connections before, of a submit with a key: an answer to one of them, which comes late, is its answer.
    pub(super) earlier: Vec<String>,
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

impl Request {
    /// One that is not sent yet.
    pub(super) fn new(number: u32, kind: Kind, payload: &str) -> Self {
        Self {
            number,
            kind,
            id: String::new(),
            earlier: Vec::new(),
            payload: payload.into(),
            trace_id: None,
            job_id: None,
            job: 0,
            is_repeatable: false,
            is_sent: false,
            is_abandoned: false,
            due: None,
            size: 0,
            order: 0,
            attempts: 0,
        }
    }

    /// It is sent under this `id`.
    pub(super) fn goes_as(&mut self, id: &str) {
        let before = std::mem::replace(&mut self.id, id.to_owned());
        if self.kind == Kind::Submit && !before.is_empty() {
            self.earlier.push(before);
        }
    }

    /// Whether an answer names it.
    fn is_named(&self, id: &str) -> bool {
        self.id == id || self.earlier.iter().any(|earlier| earlier == id)
    }
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
