//! What has changed of a job and of those who follow it, and their rows.

use crate::{
    arcp::runtime::{
        changes::{Changes, LogRow, Row, ALL},
        history::Position,
        job::{End, Failure, Follower, Job, StoredFollower, StoredJob},
        log::{LogEntry, StoredLog},
        session::Session,
        table::Table,
    },
    json::{self, Members},
    time::Time,
};

/// The stream of a job's result.
pub(super) fn result_stream(id: &str) -> String {
    format!("{id}.result")
}

/// A job is gone.
pub(super) fn dropped(id: &str, stored: &StoredJob, changes: &mut Changes) {
    changes.jobs.dropped.push(json::string(id));
    for follower in stored.followers.iter().filter(|follower| !follower.is_implied) {
        changes.followers.dropped.push(follower_key(id, &follower.session));
    }
    if stored.log.has_rows() {
        changes.dropped.push((id.to_owned(), ALL));
    }
    if stored.has_result {
        changes.dropped.push((result_stream(id), ALL));
    }
}

/// A job was touched, or a session that follows it.
pub(super) fn changed(job: &mut Job, sessions: &Table<Session>, changes: &mut Changes) {
    let is_new = job.stored.is_none();
    let mut stored = job.stored.take().unwrap_or_default();
    let dropped_before = stored.log.dropped();
    let (gone, _) = job.history.gone();
    if let Some(up_to) = stored.log.drop_idle(number(gone)) {
        changes.dropped.push((job.id.clone(), up_to));
    }
    let written = u64::try_from(stored.log.last()).unwrap_or(0);
    let entries = job.history.from(written).map(|past| LogEntry {
        number: past.seq,
        flag: false,
        texts: (&past.kind, &past.payload),
    });
    stored.log.write(&job.id, entries, &mut changes.log);
    let has_ended = job.end.is_some();
    if has_ended {
        stored.log.seal();
    }
    if has_ended && !stored.has_ended {
        write_result(job, &mut stored, changes);
    }
    write_followers(job, is_new, &mut stored, sessions, changes);
    let has_implied = stored.followers.iter().any(|follower| follower.is_implied);
    let is_cancelled = job.cancelled_until.is_some();
    stored.has_numbers |= job.history.is_renumbered();
    let is_changed = is_new
        || stored.has_implied != has_implied
        || stored.log.dropped() != dropped_before
        || job.history.is_renumbered()
        || (stored.is_cancelled, stored.has_ended) != (is_cancelled, has_ended)
        || has_ended && stored.last_seq != job.last_seq;
    if is_changed {
        changes.jobs.put.push(row(job, stored.has_numbers, has_implied));
        stored.last_seq = job.last_seq;
    }
    job.history.settle();
    (stored.is_cancelled, stored.has_ended, stored.has_implied) = (is_cancelled, has_ended, has_implied);
    job.stored = Some(stored);
}

/// Whether it has submitted the job, and was given nothing yet.
fn is_plain(follower: &Follower) -> bool {
    flags(follower) == SUBMITTED && follower.given == 0 && follower.position == Position { next: 0, lost: 0 }
}

fn write_followers(
    job: &mut Job,
    is_new: bool,
    stored: &mut StoredJob,
    sessions: &Table<Session>,
    changes: &mut Changes,
) {
    let before = std::mem::take(&mut stored.followers);
    let is_gone = |old: &&StoredFollower| !job.followers.iter().any(|own| own.session == old.session);
    for follower in before.iter().filter(is_gone).filter(|old| !old.is_implied) {
        changes.followers.dropped.push(follower_key(&job.id, &follower.session));
    }
    for follower in &mut job.followers {
        let Some(session) = sessions.get(&follower.session) else { continue };
        let flags = flags(follower);
        if is_new && follower.session == job.session && is_plain(follower) {
            // The job's row says so.
            follower.is_placed = false;
            stored.followers.push(StoredFollower::implied(&job.session));
            continue;
        }
        let known = before.iter().find(|old| old.session == follower.session && !follower.is_placed);
        let known = known.filter(|old| old.flags == flags && old.lost == follower.position.lost);
        let log = session.stored.as_ref().map(|stored| &stored.log);
        // It was given nothing since, or what it was given last stands in its session's log: from there it goes on.
        let is_told =
            |old: &StoredFollower| follower.given <= old.seq || log.is_some_and(|log| follower.given > log.dropped());
        if let Some(old) = known.filter(|old| is_told(old)) {
            stored.followers.push(old.clone());
            continue;
        }
        follower.is_placed = false;
        changes.followers.put.push(follower_row(&job.id, follower, session.buffer.last()));
        let (name, seq, lost) = (follower.session.clone(), session.buffer.last(), follower.position.lost);
        stored.followers.push(StoredFollower { session: name, seq, lost, flags, is_implied: false });
    }
}

pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(ALL)
}

fn follower_key(job: &str, session: &str) -> String {
    Row::new().text(job).text(session).end()
}

/// `seq` is the last number of the session: what it is given later tells how far the follower is.
fn follower_row(job: &str, follower: &Follower, seq: i64) -> String {
    Row::new()
        .text(job)
        .text(&follower.session)
        .count(follower.position.next)
        .count(follower.position.lost)
        .integer(flags(follower).into())
        .integer(seq)
        .end()
}

/// Of a job's row: it was cancelled; and its submitter follows it from its first event on, of which there is no other row.
pub(super) const CANCELLED: i64 = 1;
pub(super) const IMPLIED: i64 = 2;

const SUBMITTED: u8 = 1;
const SUBSCRIBED: u8 = 2;
const PAUSED: u8 = 4;

pub(super) fn flags(follower: &Follower) -> u8 {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    flag(follower.has_submitted, SUBMITTED)
        | flag(follower.has_subscribed, SUBSCRIBED)
        | flag(follower.is_paused, PAUSED)
}

/// `(has_submitted, has_subscribed, is_paused)`
pub(super) fn of_flags(flags: u8) -> (bool, bool, bool) {
    let has = |flag: u8| flags & flag != 0;
    (has(SUBMITTED), has(SUBSCRIBED), has(PAUSED))
}

fn row(job: &Job, with_numbers: bool, has_implied: bool) -> String {
    let (gone, gone_seq) = job.history.gone();
    let flag = |is_set: bool, flag: i64| if is_set { flag } else { 0 };
    let end = job.end.as_ref().map(|(end, at)| end_text(job, end, *at));
    Row::new()
        .text(&job.id)
        .text(&job.owner.json)
        .text(&job.session)
        .text(&job.agent)
        .text(&job.trace_id)
        .text(&job.lease)
        .some_text(job.constraints.as_deref())
        .text(&job.accepted)
        .integer(job.created.as_millis())
        .integer(flag(job.cancelled_until.is_some(), CANCELLED) | flag(has_implied, IMPLIED))
        .integer(job.last_seq)
        .integer(number(gone))
        .integer(gone_seq)
        .some_text(with_numbers.then(|| numbers_text(job)).as_deref())
        .some_text(end.as_deref())
        .end()
}

/// The numbers of events that got them after they were written: `first number count`, one after another.
fn numbers_text(job: &Job) -> String {
    let runs = job.history.numbers();
    let texts: Vec<String> = runs.iter().map(|(first, seq, count)| format!("{first} {seq} {count}")).collect();
    texts.join(" ")
}

/// A result that stands in its job's row: a row less is worth writing the text once more.
fn is_short(result: &str) -> bool {
    result.len() <= 4096
}

/// How a job ended. A long result, and the text of its chunks, are in a stream of their own.
fn end_text(job: &Job, end: &End, at: Time) -> String {
    let kind = |kind: &str| Members::new().text("kind", kind).integer("at", at.as_millis());
    let members = match (end, &job.chunks) {
        (End::Success(Some(result)), _) => kind("result").some_text("result", is_short(result).then_some(result)),
        (End::Success(None), Some(chunks)) => kind("chunks")
            .text("result_id", &chunks.result_id)
            .integer("bytes", i64::try_from(chunks.bytes).unwrap_or(ALL))
            .boolean("has_bytes", chunks.has_bytes)
            .boolean("has_text", chunks.text.is_some()),
        (End::Success(None), None) => kind("nothing"),
        (End::Cancelled, _) => kind("cancelled"),
        (End::TimedOut, _) => kind("timed_out"),
        (End::Failed(failure), _) => {
            let Failure { code, message, is_retryable, details } = failure;
            let failed = kind("failed").text("code", code.as_str()).text("message", message);
            failed.boolean("retryable", *is_retryable).some_text("details", details.as_deref())
        }
    };
    members.end()
}

fn write_result(job: &Job, stored: &mut StoredJob, changes: &mut Changes) {
    let chunks = job.chunks.as_ref().and_then(|chunks| chunks.text.as_deref());
    let text = match &job.end {
        Some((End::Success(Some(result)), _)) if !is_short(result) => result.as_ref().to_owned(),
        // What JSON escapes, some storages don't take.
        Some((End::Success(None), _)) => match chunks {
            Some(text) => json::string(text),
            None => return,
        },
        _ => return,
    };
    let mut log = StoredLog::default();
    let mut rows: Vec<LogRow> = Vec::new();
    log.write(
        &result_stream(&job.id),
        [LogEntry { number: None, flag: false, texts: ("", &text) }].into_iter(),
        &mut rows,
    );
    changes.log.append(&mut rows);
    (stored.has_result, stored.result_bytes) = (true, log.load().1);
}
