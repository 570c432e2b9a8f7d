//! Frames that can't be read. A runtime says them again at each resume: what failed is remembered from one connection to the
//! next, and at the second identical time it is skipped and reported as lost, instead of costing connection after connection.

use super::{
    action::{Event, Lost, LostReason},
    fault::Fault,
    jobs::SeqOrder,
    reconcile::LATE,
    recovery::Mark,
    requests::{Kind, Request},
    state::Phase,
    Client,
};
use crate::{arcp::envelope::Malformed, arcp::skim, error::Code, json::Problem};

/// Frames without a number that are skipped before anything of use comes.
const MAX_SKIPPED: u32 = 64;

/// What could be made out of a frame that can't be read.
struct Remains {
    kind: String,
    job: Option<String>,
    seq: Option<i64>,
}

impl Remains {
    fn of(text: &str) -> Self {
        let text_of = |name| skim::name(text, name).map(|name| name.into_owned());
        Self {
            kind: text_of("type").unwrap_or_default(),
            job: skim::job_id(text).map(|name| name.into_owned()),
            seq: skim::event_seq(text),
        }
    }

    /// Whether it has a place among what is numbered.
    fn is_numbered(&self) -> bool {
        self.seq.is_some() || matches!(self.kind.as_str(), "job.event" | "job.result" | "job.error")
    }
}

impl Client {
    /// A frame that is binary, or too large to be looked at: how it begins, if it is text.
    pub(super) fn broken_frame(&mut self, conn: u32, head: &str) {
        if conn == self.conn && matches!(self.phase, Phase::Greeting { .. } | Phase::Open | Phase::Switching(_)) {
            self.unreadable(head, "a frame of the runtime is binary, or too large");
        }
    }

    /// A frame that can't be read, or its beginning.
    pub(super) fn unreadable(&mut self, text: &str, reason: &'static str) {
        let remains = Remains::of(text);
        let can_resume = self.options.reconnect && self.session.as_ref().is_some_and(|session| session.token.is_some());
        if !self.phase.is_welcome() || !can_resume {
            return self.protocol_violation(reason);
        }
        if let Some(kind) = asked_by(&remains.kind).filter(|_| !remains.is_numbered()) {
            return self.unreadable_answer(kind, text, reason);
        }
        let job = remains.job.clone().unwrap_or_default();
        if remains.seq.is_some_and(|seq| self.jobs.has_passed(&job, seq)) {
            // It has come before, or was skipped.
            return;
        }
        let at = remains.seq.map_or((false, self.jobs.last_seq()), |seq| (true, seq));
        if self.recovery.unreadable.has_failed(Mark { at, reason }) {
            self.attempts.skipped += u32::from(remains.seq.is_none());
            if self.attempts.skipped > MAX_SKIPPED {
                return self
                    .finish(Fault::new(Code::Protocol, reason).with_number("frames", self.attempts.skipped.into()));
            }
            self.pass_over(&remains, reason);
        } else {
            self.protocol_violation(reason);
        }
    }

    /// It won't be better the next time: whoever waits for it learns that it is lost.
    fn pass_over(&mut self, remains: &Remains, reason: &'static str) {
        let id = remains.job.as_deref().unwrap_or_default();
        let mut numbers = None;
        if let Some(seq) = remains.seq {
            let from = match self.jobs.order(id, seq) {
                SeqOrder::Gap(from) => {
                    self.jobs.skip_to(seq);
                    self.jobs.order(id, seq);
                    from
                }
                _ => seq,
            };
            numbers = Some((from, seq));
            self.schedule_ack();
        } else {
            // The next number shows how many are missing: they were asked for again already.
            self.recovery.gap = Some(self.jobs.last_seq() + 1);
        }
        self.attempts.violations = 0;
        // Where its job can't be made out, there may be only one that it can be of.
        let may_be_event = remains.job.is_none() && matches!(remains.kind.as_str(), "job.event" | "");
        let only = if may_be_event { self.only_job() } else { None };
        let named = remains.job.as_deref().or(only.as_ref().map(|(_, id)| id.as_str()));
        let (from, to) = numbers.unzip();
        self.emit(Event::Lost(Lost { from, to, message: Some(reason), ..Lost::of(LostReason::Unreadable, named) }));
        let handle = self.jobs.by_id(id).map(|job| job.handle).or(only.as_ref().map(|(handle, _)| *handle));
        match (remains.kind.as_str(), handle) {
            ("job.event", Some(handle)) => self.missed(handle, 1),
            ("job.event", None) => {}
            ("job.result" | "job.error", Some(handle)) => {
                let fault = Fault::new(Code::Protocol, "the job's end can't be read").with("reason", reason);
                self.end_unread(handle, fault);
            }
            // The end of a job may be among it.
            _ => {
                if let Some(handle) = handle.filter(|_| remains.kind.is_empty()) {
                    self.missed(handle, 1);
                }
                // Garbage that has no place among what is numbered is seldom an end.
                if remains.is_numbered() {
                    let fault = Fault::new(Code::Protocol, "the job's end may be among what can't be read");
                    self.note_unread_end(handle, &fault.with("reason", reason));
                }
                self.check_jobs();
            }
        }
    }

    /// An answer that can't be read would not be better if it were asked for again.
    fn unreadable_answer(&mut self, kind: Kind, text: &str, reason: &'static str) {
        let named = text.get(skim::value_of(text, "payload").unwrap_or_default());
        let named = named.and_then(|payload| skim::name(payload, "request_id"));
        let of_kind = |request: &Request| request.kind == kind && request.is_sent;
        let meant = match &named {
            Some(id) => self.requests.take(|request| of_kind(request) && request.id == id.as_ref()),
            None => self.requests.take(of_kind),
        };
        let Some(request) = meant else { return };
        let fault = Fault::new(Code::Protocol, "the runtime's answer can't be read").with("reason", reason);
        self.unanswered(&request, fault);
        self.flush();
        self.switch();
    }

    /// A job's end has come, and can't be read.
    pub(super) fn end_unread(&mut self, handle: u32, fault: Fault) {
        self.end_flow(handle);
        self.jobs.remove(handle);
        self.job_failed(handle, fault);
        self.release();
    }

    /// This job, or any where it isn't known, may have ended: unless something more comes of it.
    pub(super) fn note_unread_end(&mut self, job: Option<u32>, fault: &Fault) {
        let due = self.now.plus(LATE);
        for job in self.jobs.iter_mut().filter(|held| job.is_none_or(|handle| handle == held.handle)) {
            job.watch = Some((due, 0));
            job.unread_end = Some(fault.clone());
        }
    }

    /// The job, where there is only one.
    fn only_job(&self) -> Option<(u32, String)> {
        let mut jobs = self.jobs.iter();
        let only = jobs.next().filter(|_| jobs.next().is_none())?;
        Some((only.handle, only.id.clone()))
    }
}

/// The request that a message answers.
fn asked_by(kind: &str) -> Option<Kind> {
    Some(match kind {
        "job.accepted" => Kind::Submit,
        "session.jobs" => Kind::List,
        "job.subscribed" => Kind::Subscribe,
        "job.cancelled" => Kind::Cancel,
        _ => return None,
    })
}

/// What is wrong with a frame, in words that are the same each time.
pub(super) const fn reason_of(malformed: Malformed) -> &'static str {
    match malformed {
        Malformed::Json(Problem::TooDeep) => "a frame of the runtime is nested too deeply",
        Malformed::Json(Problem::TooMany) => "a frame of the runtime has too many values",
        Malformed::Json(Problem::DuplicateMember) => "a frame of the runtime has the same member twice in one object",
        Malformed::Json(_) => "a frame of the runtime is no JSON object",
        Malformed::Version => "a frame of the runtime is of another version of the protocol",
        Malformed::Member(_) => "a frame of the runtime has a member of a wrong form",
    }
}
