//! What has changed of a session, and its row.

use std::rc::Rc;

use crate::{
    arcp::runtime::{
        changes::{Changes, Row, ALL},
        log::{LogEntry, StoredLog},
        session::{Session, StoredSession},
    },
    json,
    time::Time,
};

/// A session is gone.
pub(super) fn dropped(id: &str, stored: &StoredSession, changes: &mut Changes) {
    changes.sessions.dropped.push(json::string(id));
    if stored.log.has_rows() {
        changes.dropped.push((id.to_owned(), ALL));
    }
}

/// A session was touched. Gives whether the storage doesn't tell any more what its session was given at first.
pub(super) fn changed(session: &mut Session, changes: &mut Changes) -> bool {
    let before = session.stored.take();
    let is_known = before.as_ref().is_some_and(|stored| stored.is_of(session));
    let mut log = before.map(|stored| stored.log).unwrap_or_default();
    let dropped_before = log.dropped();
    if let Some(up_to) = log.drop_idle(session.buffer.freed()) {
        changes.dropped.push((session.id.clone(), up_to));
    }
    let entries = session.buffer.after(log.last()).map(|entry| LogEntry {
        number: entry.event.map(|event| i64::try_from(event).unwrap_or(ALL)),
        flag: session.buffer.is_of_others(entry),
        texts: (&entry.job, &entry.frame),
    });
    log.write(&session.id, entries, &mut changes.log);
    if session.conn.is_none() {
        log.seal();
    }
    let is_shorter = log.dropped() != dropped_before;
    if !is_known || is_shorter {
        changes.sessions.put.push(row(session));
    }
    session.stored = Some(StoredSession::new(session, log));
    is_shorter
}

fn row(session: &Session) -> String {
    let Session { id, owner, features, is_python, token, previous, shown, buffer, ends_at, is_over, .. } = session;
    let names: Vec<&str> = features.iter().collect();
    Row::new()
        .text(id)
        .text(&owner.json)
        .text(&names.join(" "))
        .integer((*is_python).into())
        .text(&token.to_hex())
        .some_text(previous.as_ref().map(|token| token.to_hex()).as_deref())
        .integer((*shown).into())
        .integer(buffer.freed())
        .some_integer(ends_at.map(Time::as_millis))
        .integer((*is_over).into())
        .end()
}

impl StoredSession {
    /// The storage has all of it, but for what stands in its log.
    pub(super) fn new(session: &Session, log: StoredLog) -> Self {
        Self {
            owner: Rc::clone(&session.owner.json),
            features: session.features.clone(),
            is_python: session.is_python,
            token: session.token.clone(),
            previous: session.previous.clone(),
            shown: session.shown,
            ends_at: session.ends_at,
            is_over: session.is_over,
            log,
        }
    }

    fn is_of(&self, session: &Session) -> bool {
        let has_previous = match (&self.previous, &session.previous) {
            (None, None) => true,
            (Some(own), Some(other)) => own.matches(other),
            _ => false,
        };
        has_previous
            && self.token.matches(&session.token)
            && self.owner == session.owner.json
            && self.features == session.features
            && self.is_python == session.is_python
            && self.shown == session.shown
            && self.ends_at == session.ends_at
            && self.is_over == session.is_over
    }
}
