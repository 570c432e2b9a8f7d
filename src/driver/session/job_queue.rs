//! What has come of a job and was not taken yet: bounded, because the core says of each event how many of the oldest go for it.

use std::{collections::VecDeque, sync::Arc, task::Waker};

use super::{
    job_event::JobEvent,
    output::{assembled, Chunk, JobOutput},
};
use crate::{
    arcp::client::{self as machine, Reader},
    error::{Code, Error},
    platform::waiters::Waiters,
    seam::arcp_client::READ_PORTION,
    time::Time,
};

/// A job, as far as the machine doesn't keep it.
#[derive(Default)]
pub(super) struct JobQueue {
    /// Its id, and what the runtime said of it, once it has said so.
    pub(super) accepted: Option<Arc<Accepted>>,
    /// How many handles of the program's there are.
    pub(super) handles: u32,
    /// How many of them read.
    pub(super) reading: u32,
    /// Whoever waits for an event, and for the end.
    pub(super) readers: Waiters,
    pub(super) awaiters: Waiters,
    pub(super) end: Option<End>,
    queue: VecDeque<Queued>,
    unreported: u32,
    dropped: u32,
    chunks: Vec<Chunk>,
    reader: Stage,
    is_told_lost: bool,
}

/// What a runtime said when it accepted a job, or a subscription to it.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) id: String,
    pub(super) payload: String,
}

/// How a job has ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) result: Result<JobOutput, Error>,
    /// Whether its events came to their end: a job's own failure ends them in good order, what is lost doesn't.
    is_whole: bool,
}

/// What the program does with the events; it only goes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Nothing,
    AwaitsResult,
    Reads,
    ReadsNoMore,
}

enum Queued {
    Event(JobEvent),
    /// So many are missing here.
    Missed(u32),
}

/// What there is for whoever reads.
pub(super) enum Taken {
    /// An event; and how many the machine is to be told of, if any.
    Event(JobEvent, Option<u32>),
    /// Not yet.
    Nothing,
    /// No more.
    End,
}

impl JobQueue {
    /// An event arrives.
    pub(super) fn arrived(&mut self, event: machine::JobEvent, woken: &mut Vec<Waker>) {
        let machine::JobEvent { seq, dropped, is_kept, is_piece, payload, text } = event;
        let payload = payload.unwrap_or_default();
        let (event, chunk) =
            JobEvent::came(&payload, seq, text.as_deref(), |body, data| is_piece.then(|| Chunk::of(body, data)));
        self.chunks.extend(chunk);
        self.give_up(dropped);
        if is_kept && self.reader != Stage::ReadsNoMore {
            self.queue.push_back(Queued::Event(event));
            self.readers.release(woken);
        }
    }

    /// So many of the oldest go. What was read and not reported yet counts among them.
    fn give_up(&mut self, count: u32) {
        let read = count.min(self.unreported);
        self.unreported -= read;
        let mut left = count - read;
        self.dropped = self.dropped.saturating_add(left);
        while left > 0 {
            match self.queue.pop_front() {
                Some(Queued::Event(_)) => left -= 1,
                Some(Queued::Missed(count)) => self.dropped = self.dropped.saturating_add(count),
                None => return,
            }
        }
    }

    /// Events that won't come: whoever reads is told where they would have stood.
    pub(super) fn missed(&mut self, more: u32, woken: &mut Vec<Waker>) {
        if self.reader == Stage::ReadsNoMore {
            return;
        }
        match self.queue.back_mut() {
            Some(Queued::Missed(count)) => *count = count.saturating_add(more),
            _ => self.queue.push_back(Queued::Missed(more)),
        }
        self.readers.release(woken);
    }

    /// The next event.
    pub(super) fn take(&mut self, now: Time) -> Taken {
        if self.dropped > 0 {
            let count = std::mem::take(&mut self.dropped);
            return Taken::Event(JobEvent::of_dropped(count, now.to_rfc3339()), None);
        }
        match self.queue.pop_front() {
            Some(Queued::Missed(count)) => Taken::Event(JobEvent::of_dropped(count, now.to_rfc3339()), None),
            Some(Queued::Event(event)) => {
                self.unreported += 1;
                let is_portion = self.unreported as usize >= READ_PORTION || self.queue.is_empty();
                let report = is_portion.then(|| std::mem::take(&mut self.unreported));
                Taken::Event(event, report.filter(|_| self.end.is_none()))
            }
            None if self.reader == Stage::ReadsNoMore => Taken::End,
            None => match &self.end {
                Some(End { result: Err(error), is_whole: false }) if !self.is_told_lost => {
                    self.is_told_lost = true;
                    Taken::Event(JobEvent::of_lost(error.clone(), now.to_rfc3339()), None)
                }
                Some(_) => Taken::End,
                None => Taken::Nothing,
            },
        }
    }

    /// The job has come to this, or nobody knows what became of it.
    pub(super) fn failed(&mut self, error: Error, woken: &mut Vec<Waker>) {
        let is_whole = error.code() == Code::Remote;
        self.ended(End { result: Err(error), is_whole }, woken);
    }

    /// The job has ended well.
    pub(super) fn finished(&mut self, result: machine::JobResult, woken: &mut Vec<Waker>) {
        let result = match result {
            machine::JobResult::Value(json) => Ok(JobOutput::of_json(json)),
            machine::JobResult::Pieces => assembled(&self.chunks),
        };
        let is_whole = result.is_ok();
        self.ended(End { result, is_whole }, woken);
    }

    fn ended(&mut self, end: End, woken: &mut Vec<Waker>) {
        if self.end.is_none() {
            self.end = Some(end);
            self.chunks = Vec::new();
            self.readers.release(woken);
            self.awaiters.release(woken);
        }
    }

    /// Somebody waits for the result: what the machine is told, if that is news.
    pub(super) fn awaits_result(&mut self) -> Option<Reader> {
        self.becomes(Stage::AwaitsResult).then_some(Reader::Result)
    }

    /// Somebody reads.
    pub(super) fn reads(&mut self) -> Option<Reader> {
        self.becomes(Stage::Reads).then_some(Reader::Events)
    }

    /// Nobody reads any more, and nothing that came is kept.
    pub(super) fn leave(&mut self, woken: &mut Vec<Waker>) -> Option<Reader> {
        let is_news = self.becomes(Stage::ReadsNoMore);
        self.reader = Stage::ReadsNoMore;
        self.queue = VecDeque::new();
        self.dropped = 0;
        self.readers.release(woken);
        is_news.then_some(Reader::Gone)
    }

    fn becomes(&mut self, stage: Stage) -> bool {
        let is_news = self.end.is_none() && stage > self.reader;
        if is_news {
            self.reader = stage;
        }
        is_news
    }
}
