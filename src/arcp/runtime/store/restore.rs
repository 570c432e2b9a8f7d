//! What the storage has is read. A row that can't be read is left out, with a line in the audit log, and dropped if it says what it
//! is found by.

use std::rc::Rc;

use super::{
    columns::{integer, time, Columns},
    jobs::{of_flags, CANCELLED, IMPLIED},
};
use crate::{
    arcp::{
        features::Features,
        runtime::{
            buffer::Buffer,
            changes::{Changes, Row},
            history::{History, Position},
            idempotency::Known,
            job::{Chunks, End, Failure, Follower, Job, StoredFollower, StoredJob},
            session::{Session, StoredSession},
            Audit, Hub, Outcome,
        },
        ArcpCode,
    },
    json::{self, Value},
    output::Pieces,
    secret::Hashed,
    time::Time,
};

impl Hub {
    /// Rows of a table: an array of arrays.
    pub(in super::super) fn restore(&mut self, table: &str, rows: &str) {
        self.watch(false);
        let read = json::parse(rows.as_bytes());
        let Some(rows) = read.as_ref().ok().and_then(Value::as_array) else { return self.unreadable(table) };
        for row in rows {
            let columns = row.as_array().unwrap_or_default();
            let outcome = match table {
                "session" => self.restore_session(Columns(columns.iter())),
                "job" => self.restore_job(Columns(columns.iter())),
                "follower" => self.restore_follower(Columns(columns.iter())),
                "known" => self.restore_key(Columns(columns.iter())),
                _ => None,
            };
            if outcome.is_none() {
                self.unreadable(table);
                drop_row(table, columns, &mut self.stray);
            }
        }
    }

    pub(super) fn unreadable(&mut self, what: &str) {
        let detail = Some(format!("what is stored in `{what}` can't be read, and is left out"));
        self.audit(Audit { detail, ..Audit::new("arcp.storage", Outcome::Failed, "unreadable_row") });
    }

    fn restore_session(&mut self, mut row: Columns<'_, '_>) -> Option<()> {
        let mut session = Session {
            id: row.text().filter(|id| id.starts_with("sess_"))?.to_owned(),
            owner: row.owner()?,
            conn: None,
            features: Features::new(row.text()?.split(' ')),
            is_python: row.flag()?,
            token: Hashed::from_hex(row.text()?)?,
            previous: match row.some_text()? {
                Some(text) => Some(Hashed::from_hex(text)?),
                None => None,
            },
            shown: u8::try_from(row.integer()?).ok()?,
            buffer: Buffer::default(),
            ends_at: None,
            is_held: false,
            is_over: false,
            stored: None,
        };
        session.buffer.restart(row.integer().filter(|seq| *seq >= 0)?);
        session.ends_at = row.some_integer()?.map(time);
        session.is_over = row.flag()?;
        let mut stored = StoredSession::new(&session, Default::default());
        stored.log.drop_idle(session.buffer.freed());
        session.stored = Some(stored);
        self.ids.go_on_after(session.id.trim_start_matches("sess_"));
        self.sessions.insert(session);
        Some(())
    }

    fn restore_job(&mut self, mut row: Columns<'_, '_>) -> Option<()> {
        let id = row.text().filter(|id| id.starts_with("job_"))?.to_owned();
        let owner = row.owner()?;
        let (session, agent, trace_id) = (row.text()?.to_owned(), row.text()?, row.text()?);
        let (lease, constraints, accepted) = (row.object()?, row.some_object()?, row.object()?);
        let (created, flags, last_seq) = (row.time()?, row.integer()?, row.integer()?);
        let (is_cancelled, has_implied) = (flags & CANCELLED != 0, flags & IMPLIED != 0);
        let mut history = History::default();
        history.restart(row.count()?, row.integer()?);
        let numbers = row.some_text()?;
        let (chunks, end) = match row.some_text()? {
            Some(text) => {
                let (end, at, chunks) = end_of(text)?;
                (chunks, Some((end, at)))
            }
            None => (None, None),
        };
        let mut stored = StoredJob { is_cancelled, has_ended: end.is_some(), last_seq, ..StoredJob::default() };
        (stored.has_numbers, stored.has_implied) = (numbers.is_some(), has_implied);
        stored.log.drop_idle(i64::try_from(history.count()).ok()?);
        self.ids.go_on_after(id.trim_start_matches("job_"));
        if let Some(numbers) = numbers {
            self.numbers.push((id.clone(), numbers.to_owned()));
        }
        let is_followed = has_implied && self.sessions.get(&session).is_some();
        let key = id.clone();
        self.jobs.insert(Job {
            id,
            owner,
            session,
            agent: agent.into(),
            trace_id: trace_id.into(),
            lease: lease.into(),
            constraints: constraints.map(Rc::from),
            accepted: accepted.into(),
            created,
            followers: Vec::new(),
            history,
            last_seq,
            chunks,
            pieces: Pieces::default(),
            reported: 0,
            ends_at: created,
            lease_ends: None,
            cancelled_until: is_cancelled.then_some(created),
            is_paused: false,
            end,
            stored: Some(stored),
        });
        if let (Some(job), true) = (self.jobs.get_mut(&key), is_followed) {
            let submitter = StoredFollower::implied(&job.session);
            follows(job, Position { next: 0, lost: 0 }, submitter)?;
        }
        Some(())
    }

    fn restore_follower(&mut self, mut row: Columns<'_, '_>) -> Option<()> {
        let (job, session) = (row.text()?, row.text()?);
        let position = Position { next: row.count()?, lost: row.count()? };
        let (flags, seq) = (row.integer()?, row.integer()?);
        self.sessions.get(session)?;
        let flags = u8::try_from(flags).ok()?;
        let (session, lost) = (session.to_owned(), position.lost);
        follows(self.jobs.get_mut(job)?, position, StoredFollower { session, seq, lost, flags, is_implied: false })
    }

    fn restore_key(&mut self, mut row: Columns<'_, '_>) -> Option<()> {
        self.keys.restore(Known {
            owner: row.text()?.into(),
            key: row.text()?.to_owned(),
            fingerprint: Hashed::from_hex(row.text()?)?,
            job: row.text()?.to_owned(),
            accepted: row.object()?.into(),
            at: row.time()?,
            is_stored: true,
        });
        Some(())
    }
}

/// How a job ended, when, and its chunks. A result is there when its stream was read.
fn end_of(text: &str) -> Option<(End, Time, Option<Chunks>)> {
    let object = json::object_of(text).ok()?;
    let string = |name: &str| object.get(name).and_then(Value::as_str);
    let flag = |name: &str| object.get(name).and_then(Value::as_bool);
    let at = time(object.get("at").and_then(integer)?);
    let mut chunks = None;
    let end = match string("kind")? {
        "result" => {
            let result = string("result").unwrap_or_default();
            if !result.is_empty() {
                json::parse(result.as_bytes()).ok()?;
            }
            End::Success(Some(result.into()))
        }
        "nothing" => End::Success(None),
        "chunks" => {
            chunks = Some(Chunks {
                result_id: string("result_id")?.to_owned(),
                next: 0,
                bytes: u64::try_from(object.get("bytes").and_then(integer)?).ok()?,
                is_whole: true,
                text: flag("has_text")?.then(String::new),
                has_bytes: flag("has_bytes")?,
            });
            End::Success(None)
        }
        "cancelled" => End::Cancelled,
        "timed_out" => End::TimedOut,
        "failed" => End::Failed(Failure {
            code: ArcpCode::from_name(string("code")?)?,
            message: string("message")?.to_owned(),
            is_retryable: flag("retryable")?,
            details: string("details").map(str::to_owned),
        }),
        _ => return None,
    };
    Some((end, at, chunks))
}

/// A follower that the storage has; one that was implied before has a row by now.
fn follows(job: &mut Job, position: Position, row: StoredFollower) -> Option<()> {
    let (has_submitted, has_subscribed, is_paused) = of_flags(row.flags);
    let stored = job.stored.as_mut()?;
    stored.followers.retain(|other| other.session != row.session);
    job.followers.retain(|other| other.session != row.session);
    let (session, given, is_placed) = (row.session.clone(), 0, false);
    stored.followers.push(row);
    job.followers.push(Follower { session, position, has_submitted, has_subscribed, is_paused, given, is_placed });
    Some(())
}

/// Drops a row that can't be read.
fn drop_row(table: &str, columns: &[Value<'_>], changes: &mut Changes) {
    let text = |at: usize| columns.get(at).and_then(Value::as_str);
    let pair = || Some(json_pair(text(0)?, text(1)?));
    match table {
        "session" => changes.sessions.dropped.extend(text(0).map(json::string)),
        "job" => changes.jobs.dropped.extend(text(0).map(json::string)),
        "follower" => changes.followers.dropped.extend(pair()),
        "known" => changes.keys.dropped.extend(pair()),
        _ => {}
    }
}

fn json_pair(one: &str, other: &str) -> String {
    Row::new().text(one).text(other).end()
}
