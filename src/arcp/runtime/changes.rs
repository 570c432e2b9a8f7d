//! What has changed of what a hub keeps: rows for the storage, to be written in one transaction before anything is sent.
//!
//! What a row is made of is the hub's own business; the storage knows the columns and what they are found by. `restore` reads what
//! `store` has written here.

use crate::json;

/// What to write. What is dropped goes first.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// By `id`.
    pub sessions: Rows,
    /// By `id`.
    pub jobs: Rows,
    /// By `job` and `session`.
    pub followers: Rows,
    /// By `owner` and `key`.
    pub keys: Rows,
    /// Of streams: everything up to this number.
    pub dropped: Vec<(String, i64)>,
    /// More of streams.
    pub log: Vec<LogRow>,
}

/// Everything of a stream: the largest number that JavaScript counts to.
pub(super) const ALL: i64 = (1 << 53) - 1;

impl Changes {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        let tables = [&self.sessions, &self.jobs, &self.followers, &self.keys];
        tables.iter().all(|rows| rows.put.is_empty() && rows.dropped.is_empty())
            && self.dropped.is_empty()
            && self.log.is_empty()
    }
}

/// Rows of a table.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Whole rows, each a JSON array of its columns. One that is there is replaced.
    pub put: Vec<String>,
    /// What rows are found by: as JSON, a string, or an array of two.
    pub dropped: Vec<String>,
}

/// Entries of a stream, one after another.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// A session's id, a job's, or a job's with `.result` behind it.
    pub stream: String,
    /// The number of the first entry.
    pub first: i64,
    /// The number of the last.
    pub last: i64,
    /// The entries.
    pub text: String,
}

/// A row that is being written.
#[derive(Debug)]
pub(super) struct Row(String);

impl Row {
    pub(super) fn new() -> Self {
        Self(String::from("["))
    }

    fn next(&mut self) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.next();
        json::write_string(&mut self.0, text);
        self
    }

    pub(super) fn some_text(mut self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => {
                self.next();
                self.0.push_str("null");
                self
            }
        }
    }

    pub(super) fn integer(mut self, number: i64) -> Self {
        self.next();
        self.0.push_str(&number.to_string());
        self
    }

    pub(super) fn count(self, number: u64) -> Self {
        self.integer(i64::try_from(number).unwrap_or(ALL))
    }

    pub(super) fn some_integer(self, number: Option<i64>) -> Self {
        match number {
            Some(number) => self.integer(number),
            None => self.some_text(None),
        }
    }

    pub(super) fn end(mut self) -> String {
        self.0.push(']');
        self.0
    }
}
