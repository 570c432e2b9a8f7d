//! What must survive the object: rows that are written before anything that tells of them leaves, and read again when it wakes.
//!
//! A session's row holds no token of the client's, only what it is known by; it holds the upstream's latest resume token as it is, for
//! the session is had back by nothing else.

use std::rc::Rc;

use super::{
    buffer::Entry,
    jobs::Job,
    session::{Owner, Session},
    shown,
    upstream::Upstream,
    Hold,
};
use crate::{
    arcp::{
        checksum,
        message::{Hello, Welcome},
        skim, Envelope, Frame,
    },
    auth::custom::principal_from_json,
    json::{self, Members, Number, Object, Value},
    secret::{Hashed, Secret},
    time::Time,
};

/// A row of the log is no longer than this, in bytes, unless one frame is: the platform takes 2 MB.
const MOST_ROW: usize = 512 * 1024;

/// Frames of a session that were not written yet: one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// The session.
    pub session: String,
    /// The place of the first frame.
    pub first: i64,
    /// The place of the last one.
    pub last: i64,
    /// `place number upstream's-number sum frame`, one a line; the number of an answer is 0.
    pub text: String,
}

/// What is written at once.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Sessions: id and content.
    pub sessions: Vec<(String, String)>,
    /// Sessions that are over, with all that is kept of them.
    pub ended: Vec<String>,
    /// Jobs: session, id and content; and without an id those that were shown to a session.
    pub jobs: Vec<(String, String, String)>,
    /// Jobs that are forgotten.
    pub forgotten: Vec<(String, String)>,
    /// Frames up to this place are had.
    pub dropped: Vec<(String, i64)>,
    /// Frames.
    pub log: Vec<LogRow>,
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.ended.is_empty() && self.jobs.is_empty() && self.log.is_empty()
    }
}

impl Hold {
    /// What is not written yet. What clients have is dropped with the next write, or when it is much.
    pub(super) fn changes(&mut self) -> Option<Changes> {
        let mut changes = Changes { ended: std::mem::take(&mut self.ended), ..Changes::default() };
        for session in self.sessions.iter_mut().filter(|session| !session.is_opening() && !session.owner.is_anonymous) {
            rows(session.id.as_str(), &session.buffer.unstored(), &mut changes.log);
            let id = session.id.as_str();
            for job in session.jobs.iter_mut().filter(|job| job.is_changed) {
                job.is_changed = false;
                changes.jobs.push((id.to_owned(), job.id.clone(), job.write()));
            }
            if std::mem::take(&mut session.shown.is_changed) {
                changes.jobs.push((id.to_owned(), shown::ROW.to_owned(), session.shown.write()));
            }
            let forgotten = std::mem::take(&mut session.jobs.forgotten);
            changes.forgotten.extend(forgotten.into_iter().map(|job| (id.to_owned(), job)));
            let unwritten = session.buffer.dropped - session.buffer.dropped_stored;
            let is_written = session.is_changed || changes.log.iter().any(|row| row.session == session.id);
            if unwritten > 0 && (is_written || unwritten >= super::MUCH) {
                session.buffer.dropped_stored = session.buffer.dropped;
                session.is_changed = true;
                changes.dropped.push((id.to_owned(), session.buffer.dropped));
            }
            if std::mem::take(&mut session.is_changed) {
                session.numbers.withholds = false;
                changes.sessions.push((session.id.clone(), write(session)));
            }
        }
        (!changes.is_empty()).then_some(changes)
    }

    /// A stored session is put back; false where its row can't be read.
    pub(super) fn restore_session(&mut self, id: &str, stored: &str) -> bool {
        let number = self.number();
        let Some(session) = read(number, id, stored) else { return false };
        self.sessions.push(session);
        true
    }

    /// As [`Self::restore_session`], a job of a session that was put back, or those that were shown to it.
    pub(super) fn restore_job(&mut self, session: &str, id: &str, stored: &str) -> bool {
        let Some(session) = self.sessions.iter_mut().find(|own| own.id == session) else { return false };
        if id == shown::ROW {
            return session.shown.restore(stored);
        }
        Job::read(id, stored).map(|job| session.jobs.restore(job)).is_some()
    }

    /// As [`Self::restore_session`], frames of a session that was put back, in their order.
    pub(super) fn restore_log(&mut self, session: &str, text: &str) -> bool {
        let Some(session) = self.sessions.iter_mut().find(|own| own.id == session) else { return false };
        let mut is_whole = true;
        for line in text.lines() {
            let Some(entry) = read_entry(line) else {
                is_whole = false;
                session.buffer.broken();
                continue;
            };
            let is_had = entry.is_had(session.buffer.freed, session.buffer.answered);
            if let Some(seq) = entry.seq {
                session.numbers.last = session.numbers.last.max(entry.up);
                if !session.numbers.repeats {
                    session.numbers.withheld = session.numbers.withheld.max(entry.up.saturating_sub(seq));
                }
                let own = skim::job_id(&entry.text).map(|id| id.into_owned());
                if let Some(job) = session.jobs.iter_mut().find(|job| Some(&job.id) == own.as_ref()) {
                    job.last = job.last.max(seq);
                    session.numbers.own = session.numbers.own.max(entry.up);
                }
            }
            session.buffer.stored = session.buffer.stored.max(entry.at);
            if !is_had {
                session.buffer.restore(entry);
            }
        }
        is_whole
    }

    /// All is put back, and no connection has survived: sessions wait for their clients, and go on with their upstreams.
    pub(super) fn restored(&mut self, now: Time) {
        for number in self.numbers() {
            let Some(session) = self.session_mut(number) else { continue };
            session.buffer.restored();
            if session.ends_at.is_none() {
                self.left(number, now);
            }
            self.lose_upstream(number, now);
        }
    }
}

fn rows(session: &str, entries: &[Entry], out: &mut Vec<LogRow>) {
    let mut row: Option<LogRow> = None;
    for entry in entries {
        if row.as_ref().is_some_and(|row| row.text.len() + entry.text.len() > MOST_ROW) {
            out.extend(row.take());
        }
        let new = || LogRow { session: session.to_owned(), first: entry.at, last: entry.at, text: String::new() };
        let row = row.get_or_insert_with(new);
        row.last = entry.at;
        if !row.text.is_empty() {
            row.text.push('\n');
        }
        let seq = entry.seq.unwrap_or(0);
        row.text.push_str(&format!("{} {seq} {} {:x} ", entry.at, entry.up, sum(entry.at, seq, entry.up, &entry.text)));
        row.text.push_str(&entry.text);
    }
    out.extend(row);
}

fn read_entry(line: &str) -> Option<Entry> {
    let mut parts = line.splitn(4, ' ');
    let mut number = || parts.next()?.parse::<i64>().ok().filter(|number| *number >= 0);
    let (at, seq, up) = (number()?, number()?, number()?);
    let rest = parts.next()?;
    // A frame begins with its brace; older versions have written no sum before it.
    let text = match rest.split_once(' ').filter(|_| !rest.starts_with('{')) {
        Some((own, text)) => Some(text).filter(|text| u32::from_str_radix(own, 16) == Ok(sum(at, seq, up, text)))?,
        None => rest,
    };
    Some(Entry::new(at, Some(seq).filter(|seq| *seq > 0), up, text.into()))
}

fn sum(at: i64, seq: i64, up: i64, text: &str) -> u32 {
    checksum::sum(&[&at.to_le_bytes(), &seq.to_le_bytes(), &up.to_le_bytes(), text.as_bytes()])
}

fn write(session: &Session) -> String {
    let (buffer, numbers) = (&session.buffer, &session.numbers);
    let hello = Hello { token: None, resume: None, ..session.hello.clone() };
    let mut members = Members::new().raw("owner", &session.owner.json).raw("hello", &hello.write());
    if let Some(welcome) = &session.welcome {
        members = members.raw("welcome", &welcome.write(&session.id, ""));
    }
    let hex = |hashed: &Option<Hashed>| hashed.as_ref().map(Hashed::to_hex);
    members = members
        .some_text("standIn", session.owner.stand_in.as_deref())
        .some_text("token", hex(&session.token).as_deref())
        .some_text("previous", hex(&session.previous).as_deref())
        .integer("shown", session.presented.into());
    if let Some(at) = session.ends_at {
        members = members.integer("endsAt", at.as_millis());
    }
    members
        .boolean("isOver", matches!(session.upstream, Upstream::Over))
        .integer("last", buffer.last)
        .integer("at", buffer.at)
        .integer("freed", buffer.freed)
        .integer("answered", buffer.answered)
        .integer("upLast", numbers.last)
        .integer("upOwn", numbers.own)
        .integer("withheld", numbers.withheld)
        .boolean("repeats", numbers.repeats)
        .end()
}

fn read(number: u32, id: &str, stored: &str) -> Option<Session> {
    let object: Object<'_> = json::object_of(stored).ok()?;
    let frame = |kind: &str, member: &str| {
        let mut payload = String::new();
        object.get(member)?.write(&mut payload);
        Some(Frame::new(kind, "01J", &payload).write())
    };
    let integer = |name| object.get(name).and_then(Value::as_number).and_then(Number::as_i64);
    let flag = |name| object.get(name).and_then(Value::as_bool).unwrap_or(false);
    let hashed = |name| object.get(name).and_then(Value::as_str).and_then(Hashed::from_hex);
    let mut owner = String::new();
    object.get("owner")?.write(&mut owner);
    let hello = frame("session.hello", "hello")?;
    let welcome = frame("session.welcome", "welcome")?;
    let mut owner = Owner::of(&principal_from_json(&owner).ok()?, None);
    owner.stand_in = object.get("standIn").and_then(Value::as_str).map(Rc::from);
    let mut session = Session::new(number, owner, Hello::read(&Envelope::parse(&hello).ok()?).ok()?, None);
    id.clone_into(&mut session.id);
    session.welcome = Some(Welcome::read(&Envelope::parse(&welcome).ok()?).ok()?);
    (session.token, session.previous) = (Some(hashed("token")?), hashed("previous"));
    session.presented = u8::try_from(integer("shown")?).ok()?;
    session.ends_at = integer("endsAt").map(|at| Time::from_millis(at as f64));
    if flag("isOver") {
        session.upstream = Upstream::Over;
    }
    let (buffer, numbers) = (&mut session.buffer, &mut session.numbers);
    (buffer.last, buffer.at, buffer.freed) = (integer("last")?, integer("at")?, integer("freed")?);
    (buffer.answered, buffer.stored) = (integer("answered")?, buffer.at);
    (numbers.last, numbers.own, numbers.repeats) = (integer("upLast")?, integer("upOwn")?, flag("repeats"));
    numbers.withheld = integer("withheld").unwrap_or(0);
    (buffer.dropped, buffer.dropped_stored) = (0, 0);
    Some(session)
}

/// A secret of the platform's chance, as it is sent.
pub(super) fn token_of(random: &[u8; 32]) -> Secret {
    Secret::new(format!("rt_{}", crate::arcp::id::hex(random)))
}
