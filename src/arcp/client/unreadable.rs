//! Frames that can't be read. A runtime says them again at each resume: what failed is remembered from one connection to the
//! next, and at the second identical time it is passed over and told as lost, instead of costing connection after connection.

use super::{
    action::{Action, Event, Lost, LostReason},
    fault::Fault,
    jobs::SeqOrder,
    machine::{Client, Phase},
    reconcile::LATE,
    requests::Kind,
};
use crate::{
    arcp::{envelope::Malformed, skim},
    error::Code,
    json::Problem,
    time::Time,
};

/// Marks that are kept of one session.
const MAX_MARKS: usize = 32;

/// Frames without a number that are passed over before anything of use comes.
const MAX_SKIPPED: u32 = 64;

/// Where a frame failed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// Its number, or, where none was found, the last one before it.
    at: (bool, i64),
    reason: &'static str,
}

/// What has failed in this session.
#[derive(Debug, Default)]
pub(super) struct Marks {
    list: Vec<Mark>,
    /// Reasons that a second try has not mended: a third is not tried, whatever its number.
    lasting: Vec<&'static str>,
}

impl Marks {
    /// Whether it has failed before, in the same way. From now on it has.
    fn has_failed(&mut self, mark: Mark) -> bool {
        if self.list.contains(&mark) {
            if !self.lasting.contains(&mark.reason) {
                self.lasting.push(mark.reason);
            }
            return true;
        }
        if mark.at.0 && self.lasting.contains(&mark.reason) {
            return true;
        }
        if self.list.len() >= MAX_MARKS {
            self.list.remove(0);
        }
        self.list.push(mark);
        false
    }
}

/// An event that a gateway can't pass on, as far as it says.
#[derive(Clone, Debug)]
pub(super) struct NotPassed {
    pub(super) seq: i64,
    kind: Option<String>,
    job: Option<String>,
    report: Fault,
}

impl NotPassed {
    pub(super) fn reported_by(report: &Fault) -> Option<Self> {
        let (kind, job) = (report.peer_name("type"), report.peer_name("job_id"));
        Some(Self { seq: report.peer_number("event_seq")?, kind, job, report: report.clone() })
    }

    /// What who waits for a job is told: why it was not passed on, its size and the limit.
    fn fault(&self, message: &str) -> Fault {
        let size = self.report.peer_number("bytes").zip(self.report.peer_number("limit"));
        let message = match size {
            Some((bytes, limit)) => format!("{message}: it has {bytes} bytes, and {limit} are allowed"),
            None => message.to_owned(),
        };
        let mut fault = Fault::new(Code::Protocol, &message);
        fault.facts.extend(self.report.facts.iter().cloned());
        match size {
            Some((bytes, limit)) => fault.with_number("bytes", bytes).with_number("limit", limit),
            None => fault,
        }
    }
}

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
    pub fn handle_broken_frame(&mut self, conn: u32, head: &str, now: Time) {
        self.tick(now);
        if conn == self.conn && matches!(self.phase, Phase::Greeting { .. } | Phase::Open | Phase::Switching(_)) {
            self.unreadable(head, "a frame of the runtime is binary, or too large");
        }
    }

    /// A frame that can't be read, or its beginning.
    pub(super) fn unreadable(&mut self, text: &str, reason: &'static str) {
        let remains = Remains::of(text);
        let can_resume = self.options.reconnect && self.session.as_ref().is_some_and(|session| session.token.is_some());
        if !matches!(self.phase, Phase::Open | Phase::Switching(_)) || !can_resume {
            return self.protocol_violation(reason);
        }
        if let Some(kind) = asked_by(&remains.kind).filter(|_| !remains.is_numbered()) {
            return self.unreadable_answer(kind, text, reason);
        }
        let job = remains.job.clone().unwrap_or_default();
        if remains.seq.is_some_and(|seq| self.jobs.has_passed(&job, seq)) {
            // It has come before, or was passed over.
            return;
        }
        let at = remains.seq.map_or((false, self.jobs.last_seq()), |seq| (true, seq));
        if self.unreadables.has_failed(Mark { at, reason }) {
            self.passed += u32::from(remains.seq.is_none());
            if self.passed > MAX_SKIPPED {
                return self.finish(&Fault::new(Code::Protocol, reason).with_number("frames", self.passed.into()));
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
            self.gap = Some(self.jobs.last_seq() + 1);
        }
        self.violations = 0;
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
                self.end_unread(handle, &fault);
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
        let of_kind = |request: &super::requests::Request| request.kind == kind && request.is_sent;
        let meant = match &named {
            Some(id) => self.requests.take(|request| of_kind(request) && request.id == id.as_ref()),
            None => self.requests.take(of_kind),
        };
        let Some(request) = meant else { return };
        let fault = Fault::new(Code::Protocol, "the runtime's answer can't be read").with("reason", reason);
        self.unanswered(&request, &fault);
        self.flush();
        self.switch();
    }

    /// A gateway can't pass an event on, and won't be able to the next time: the session goes on behind it.
    pub(super) fn cannot_pass(&mut self, fault: &Fault) {
        let last = self.jobs.last_seq();
        let is_open = matches!(self.phase, Phase::Open | Phase::Switching(_));
        let reason = "a gateway can't pass an event of the runtime on";
        match self.not_passed.take().filter(|_| is_open) {
            Some(what) => {
                // Not every gateway says whose it was; where there is one job, it is known.
                let mut jobs = self.jobs.iter().filter(|job| what.job.as_ref().is_none_or(|id| *id == job.id));
                let job = jobs.next().filter(|_| jobs.next().is_none()).map(|job| (job.handle, job.id.clone()));
                drop(jobs);
                let lost = Lost::of(LostReason::Unreadable, job.as_ref().map(|(_, id)| id.as_str()));
                let lost = Lost { message: Some(reason), ..lost.numbered(last + 1, what.seq) };
                self.emit(Event::Lost(lost));
                self.not_passed_on(&what, job.map(|(handle, _)| handle));
                self.jobs.skip_to(what.seq + 1);
                self.retry(fault, true);
            }
            None if is_open && !self.unreadables.has_failed(Mark { at: (false, last), reason }) => {
                self.retry(fault, false);
            }
            None => self.finish(&Fault::new(Code::Protocol, reason).with_number("after", last)),
        }
    }

    /// What becomes of the job whose event a gateway can't pass on.
    fn not_passed_on(&mut self, what: &NotPassed, job: Option<u32>) {
        match (what.kind.as_deref(), job) {
            (Some("job.result" | "job.error"), Some(handle)) => {
                let fault = what.fault("a gateway can't pass the job's end on");
                self.end_unread(handle, &fault);
            }
            (Some("job.event"), Some(handle)) => self.missed(handle, 1),
            // Of a job that is not held here.
            (Some("job.event" | "job.result" | "job.error"), None) if what.job.is_some() => {}
            (_, job) => {
                if let Some(handle) = job {
                    self.missed(handle, 1);
                }
                let fault = what.fault("the job's end may be what a gateway can't pass on: nothing came after it");
                self.note_unread_end(job, &fault);
            }
        }
    }

    /// A job's end has come, and can't be read.
    fn end_unread(&mut self, handle: u32, fault: &Fault) {
        self.end_flow(handle);
        self.jobs.remove(handle);
        self.job_failed(handle, fault);
        self.release();
    }

    /// This job, or any where it isn't known, may have ended: unless something more comes of it.
    fn note_unread_end(&mut self, job: Option<u32>, fault: &Fault) {
        let due = self.now.plus(LATE);
        for job in self.jobs.iter_mut().filter(|held| job.is_none_or(|handle| handle == held.handle)) {
            job.watch = Some((due, 0));
            job.unread_end = Some(Box::new(fault.clone()));
        }
    }

    /// The job, where there is only one.
    fn only_job(&self) -> Option<(u32, String)> {
        let mut jobs = self.jobs.iter();
        let only = jobs.next().filter(|_| jobs.next().is_none())?;
        Some((only.handle, only.id.clone()))
    }

    /// So many events of a job won't come: whoever reads is told.
    pub(super) fn missed(&mut self, handle: u32, count: u32) {
        self.act(Action::Missed { job: handle, count });
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
