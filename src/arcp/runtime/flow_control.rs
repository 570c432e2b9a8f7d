//! How much is under way to a session, and what waits until there is room (ARCP 1.1 §6.5).
//!
//! A job's events stand in its history. From there they go into the buffers of the sessions that follow it, as far as these have
//! room; from a buffer onto the session's connection, as far as the gate has passed on what it was given before. So whoever
//! doesn't read keeps a bounded part of each, and the agent of the job that isn't read is held: that job's, and no other's.

use std::collections::VecDeque;

use super::{
    emit::Numbered,
    job::{Follower, Job},
    report::dropped,
    session::Session,
    Action, Hub, Rc, Time,
};

/// What may be on its way to a client beyond its hub, where the gate says what has left: bytes and frames.
const PIPE_BYTES: usize = 256 << 10;
const PIPE_FRAMES: usize = 512;
/// Answers that a client asks for and doesn't read may take this much more.
const MOST_UNREAD: usize = 4 << 20;

/// Events that a job may have in a buffer that others have filled.
const FEW: usize = 8;

/// Events of one job before another one has its turn.
const TURN: usize = 32;

/// A connection.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) id: u32,
    pub(super) session: String,
    /// The sizes of the frames that have not left yet; none where nobody says so.
    pub(super) unread: Option<VecDeque<usize>>,
    pub(super) unread_bytes: usize,
    /// What its socket carries, for when it outlives the hub.
    pub(super) attached: Option<Attached>,
}

/// What a socket carries that may outlive the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attached {
    pub(super) session: String,
    pub(super) is_paced: bool,
    /// Where it was not sent all that there is: up to where it was, and how many frames and bytes of it had not left yet.
    pub(super) sent: Option<(i64, usize, usize)>,
}

impl Conn {
    pub(super) fn new(id: u32, session: &str, reports_credit: bool) -> Self {
        Self {
            id,
            session: session.to_owned(),
            unread: reports_credit.then(VecDeque::new),
            unread_bytes: 0,
            attached: None,
        }
    }

    fn has_room(&self) -> bool {
        self.unread.as_ref().is_none_or(|sizes| self.unread_bytes < PIPE_BYTES && sizes.len() < PIPE_FRAMES)
    }

    /// Whether the client lets answers lie that it asked for.
    pub(super) const fn is_choked(&self) -> bool {
        self.unread_bytes > MOST_UNREAD
    }
}

impl Hub {
    /// The session of a connection.
    pub(super) fn session_on(&self, conn: u32) -> Option<&str> {
        self.conns.iter().find(|own| own.id == conn).map(|own| own.session.as_str())
    }

    pub(super) fn forget_conn(&mut self, conn: u32) {
        self.conns.retain(|own| own.id != conn);
        self.questions.retain(|(_, question)| question.conn() != conn);
    }

    /// Sends a frame, whatever is under way.
    pub(super) fn deliver(&mut self, conn: u32, text: Rc<str>) {
        if let Some(conn) = self.conns.iter_mut().find(|own| own.id == conn) {
            if let Some(sizes) = &mut conn.unread {
                sizes.push_back(text.len());
                conn.unread_bytes += text.len();
            }
        }
        self.actions.push_back(Action::Send { conn, text });
    }

    /// The gate says that so many frames have left for the client.
    pub(super) fn credited(&mut self, conn: u32, frames: u32, now: Time) {
        self.advance(now);
        let Some(conn) = self.conns.iter_mut().find(|own| own.id == conn) else { return };
        if let Some(sizes) = &mut conn.unread {
            for _ in 0..frames {
                let Some(size) = sizes.pop_front() else { break };
                conn.unread_bytes = conn.unread_bytes.saturating_sub(size);
            }
        }
        let session = conn.session.clone();
        self.pump(&session, now);
    }

    /// Sends what is in a session's buffer, as far as its connection takes it; false when there was nothing to send.
    fn flow(&mut self, session_id: &str) -> bool {
        let mut has_sent = false;
        while let Some(session) = self.sessions.get_mut(session_id) {
            let id = session.conn.filter(|_| !session.is_held);
            let id = id.filter(|id| self.conns.iter().any(|conn| conn.id == *id && conn.has_room()));
            let Some((id, text)) = id.and_then(|id| Some((id, session.buffer.next_unsent()?))) else { break };
            self.deliver(id, text);
            has_sent = true;
        }
        self.note_position(session_id);
        has_sent
    }

    /// Whether there is room for one more event of a job. With `by_half`, for a good deal more; with `is_last`, for the rest of
    /// a job that has ended, which no agent makes longer.
    fn has_room(&self, session: &Session, job: &str, by_half: bool, is_last: bool) -> bool {
        let (mut events, mut bytes) = (self.limits.buffer_events, self.limits.buffer_bytes);
        let (mut all, mut own) = (session.buffer.all(), session.buffer.share(job));
        if !session.acknowledges() {
            all = session.buffer.unsent();
            own = all;
            if session.conn.is_some() {
                // What its connection doesn't take waits in the history as well as here.
                (events, bytes) = (events.min(2 * PIPE_FRAMES), bytes.min(2 * PIPE_BYTES));
            }
        }
        // Who has filled a buffer, or the hub, leaves the others a little.
        let fair = self.limits.all_buffers / self.sessions.len().max(1);
        let is_crowded =
            |times: usize| self.buffered >= times * self.limits.all_buffers && session.buffer.all().bytes >= fair;
        let is_within = |times: usize| all.events < times * events && all.bytes < times * bytes && !is_crowded(times);
        if is_last && is_within(1) {
            return true;
        }
        let part = if by_half { 4 } else { 2 };
        let has_own = own.events < (events / part).max(1) && own.bytes < (bytes / part).max(1);
        has_own && (is_within(1) || (own.events < FEW && is_within(2)))
    }

    /// Takes everything to a session that it has room for now.
    pub(super) fn pump(&mut self, session_id: &str, now: Time) {
        let follows = |job: &&Job| job.followers.iter().any(|follower| follower.session == session_id);
        let jobs: Vec<String> = self.jobs.values().filter(follows).map(|job| job.id.clone()).collect();
        loop {
            let mut has_moved = false;
            for job in &jobs {
                for _ in 0..TURN {
                    if !self.step(job, session_id, now) {
                        break;
                    }
                    has_moved = true;
                }
            }
            if !self.flow(session_id) && !has_moved {
                break;
            }
        }
        for job in &jobs {
            self.control_flow(job);
        }
    }

    /// Takes what there is of a job to one session.
    pub(super) fn catch_up(&mut self, job_id: &str, session_id: &str, now: Time) {
        loop {
            let has_moved = self.step(job_id, session_id, now);
            if !self.flow(session_id) && !has_moved {
                break;
            }
        }
    }

    /// Takes one follower of a job one event further; false when it can't go on.
    fn step(&mut self, job_id: &str, session_id: &str, now: Time) -> bool {
        let (Some(job), Some(session)) = (self.jobs.get(job_id), self.sessions.get(session_id)) else { return false };
        let Some(follower) = job.followers.iter().find(|follower| follower.session == session_id) else { return false };
        let position = follower.position;
        let past = job.history.get(position.next);
        // Whatever waits comes with the end, if not before.
        if (follower.is_paused && job.end.is_none()) || (past.is_none() && position.lost == 0 && job.end.is_none()) {
            return false;
        }
        if position.lost == 0 && past.is_some_and(|past| !session.takes(&past.kind)) {
            return self.moved(job_id, session_id, None);
        }
        if !self.has_room(session, job_id, false, job.end.is_some()) {
            return false;
        }
        let trace_id = Rc::clone(&job.trace_id);
        if position.lost > 0 {
            let payload = dropped(position.lost, now);
            let told = Numbered { kind: "job.event", job: job_id, trace_id: &trace_id, payload: &payload, event: None };
            self.push(session_id, &told, now);
            if let Some(follower) = self.jobs.get_mut(job_id).and_then(|job| job.follower(session_id)) {
                follower.position.lost = 0;
            }
            return true;
        }
        let Some(payload) = past.map(|past| Rc::clone(&past.payload)) else {
            // It has all of it.
            if let Some(job) = self.jobs.get_mut(job_id) {
                job.followers.retain(|follower| follower.session != session_id);
            }
            self.push_end(job_id, session_id, now);
            return true;
        };
        let event = Some(position.next);
        let event = Numbered { kind: "job.event", job: job_id, trace_id: &trace_id, payload: &payload, event };
        let seq = self.push(session_id, &event, now);
        self.moved(job_id, session_id, seq)
    }

    /// A follower has the event that it stood before.
    fn moved(&mut self, job_id: &str, session_id: &str, seq: Option<i64>) -> bool {
        let Some(job) = self.jobs.get_mut(job_id) else { return false };
        let is_submitter = job.session == session_id;
        let Some(follower) = job.follower(session_id) else { return false };
        let at = follower.position.next;
        follower.position.next += 1;
        follower.given = seq.unwrap_or(follower.given);
        if let (true, Some(seq)) = (is_submitter, seq) {
            job.history.number(at, seq);
            job.last_seq = seq;
        }
        true
    }

    /// Holds an agent that is faster than its reader, or lets it go on.
    pub(super) fn control_flow(&mut self, job_id: &str) {
        let Some(job) = self.jobs.get(job_id).filter(|job| job.end.is_none()) else { return };
        let is_stuck = self.pacing_follower(job).is_some_and(|(follower, session)| {
            if follower.is_paused {
                return job.history.is_half_full_after(follower.position.next, &self.limits);
            }
            follower.position.next < job.history.count() || !self.has_room(session, job_id, job.is_paused, false)
        });
        if is_stuck == job.is_paused {
            return;
        }
        if let Some(job) = self.jobs.get_mut(job_id) {
            job.is_paused = is_stuck;
        }
        let job = job_id.to_owned();
        self.actions.push_back(if is_stuck { Action::Pause { job } } else { Action::Resume { job } });
    }

    /// Whose reading the agent waits for: the session's that submitted the job, or another's that did so again. One that is away
    /// keeps nobody waiting.
    fn pacing_follower<'h>(&'h self, job: &'h Job) -> Option<(&'h Follower, &'h Session)> {
        let submitters = job.followers.iter().filter(|follower| follower.has_submitted);
        let connected = submitters.filter_map(|follower| {
            let session = self.sessions.get(&follower.session).filter(|session| session.conn.is_some());
            session.map(|session| (follower, session))
        });
        connected.min_by_key(|(follower, _)| follower.session != job.session)
    }

    /// All jobs of a session, for it came or went.
    pub(super) fn control_all_flows(&mut self) {
        let held: Vec<String> = self.jobs.values().filter(|job| job.is_paused).map(|job| job.id.clone()).collect();
        for job in held {
            self.control_flow(&job);
        }
    }

    /// A history has its bound; who has not had what goes is told how much it was.
    pub(super) fn trim_history(&mut self, job_id: &str, may_stay: bool) {
        loop {
            let limits = self.limits;
            let Some(job) = self.jobs.get_mut(job_id) else { return };
            if may_stay && !job.history.is_over(&limits) {
                return;
            }
            let before = job.bytes();
            let Some((at, past)) = job.history.pop() else { return };
            for follower in &mut job.followers {
                if follower.position.next <= at {
                    let takes = self.sessions.get(&follower.session).is_some_and(|session| session.takes(&past.kind));
                    follower.position.next = at + 1;
                    follower.position.lost += u64::from(takes);
                }
            }
            self.kept = (self.kept + job.bytes()).saturating_sub(before);
        }
    }
}
