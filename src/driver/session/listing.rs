//! A runtime's list of jobs, and those of it that a session observes.

use crate::{
    json::{self, Members, Number, Object, Value},
    time::Time,
};

/// What [`ArcpClient::list`](super::ArcpClient::list) takes (ARCP 1.1 §6.6). The default: all, from the first page on.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct JobFilter {
    status: Vec<String>,
    agent: Option<String>,
    created_after: Option<Time>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl JobFilter {
    /// All jobs, from the first page on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Jobs in one of these states: "running", "success", …
    pub fn status(mut self, states: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.status = states.into_iter().map(Into::into).collect();
        self
    }

    /// Jobs of this agent.
    pub fn agent(mut self, name: impl Into<String>) -> Self {
        self.agent = Some(name.into());
        self
    }

    /// Jobs that were accepted later than this.
    pub const fn created_after(mut self, instant: Time) -> Self {
        self.created_after = Some(instant);
        self
    }

    /// How many a page has at most. Default: as the runtime has it.
    pub const fn limit(mut self, most: u32) -> Self {
        self.limit = Some(most);
        self
    }

    /// [`JobPage::next_cursor`] of the page before.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    pub(super) fn payload(&self) -> String {
        let mut filter = Members::new();
        if !self.status.is_empty() {
            filter = filter.texts("status", self.status.iter().map(String::as_str));
        }
        filter = filter.some_text("agent", self.agent.as_deref());
        filter = filter.some_text("created_after", self.created_after.map(Time::to_rfc3339).as_deref());
        let filter = filter.end();
        let mut members = Members::new();
        if filter != "{}" {
            members = members.raw("filter", &filter);
        }
        if let Some(limit) = self.limit {
            members = members.integer("limit", limit.into());
        }
        members.some_text("cursor", self.cursor.as_deref()).end()
    }
}

/// A page of a runtime's jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<JobInfo>,
    /// For the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// A job as a runtime lists it. Nothing but its id is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobInfo {
    /// Its id.
    pub id: String,
    /// The agent that runs it.
    pub agent: String,
    /// Its state: "running", "success", …
    pub status: String,
    /// When it was accepted, in RFC 3339.
    pub created_at: Option<String>,
    /// The job that it is a part of.
    pub parent_job_id: Option<String>,
    /// Its trace.
    pub trace_id: Option<String>,
    /// The number of its last event, counted as in the session that submitted it.
    pub last_event_seq: Option<i64>,
    /// All that the runtime says of it, by its own names, as JSON.
    pub json: String,
}

impl JobPage {
    pub(super) fn read(payload: &str) -> Self {
        let page = json::object_of(payload).unwrap_or_default();
        let entries = page.get("jobs").and_then(Value::as_array).unwrap_or_default();
        Self {
            jobs: entries.iter().filter_map(Value::as_object).filter_map(JobInfo::read).collect(),
            next_cursor: page.get("next_cursor").and_then(Value::as_str).map(str::to_owned),
        }
    }
}

impl JobInfo {
    fn read(entry: &Object<'_>) -> Option<Self> {
        let text = |name| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut json = String::new();
        Value::Object(entry.clone()).write(&mut json);
        Some(Self {
            id: text("job_id")?,
            agent: text("agent").unwrap_or_default(),
            status: text("status").unwrap_or_default(),
            created_at: text("created_at").or_else(|| text("submitted_at")),
            parent_job_id: text("parent_job_id"),
            trace_id: text("trace_id"),
            last_event_seq: entry.get("last_event_seq").and_then(Value::as_number).and_then(Number::as_i64),
            json,
        })
    }
}

/// Which of a job's events a subscription brings (ARCP 1.1 §7.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum History {
    /// What comes from now on.
    #[default]
    None,
    /// What the job has sent before, too, as far as the runtime has it.
    All,
    /// The same, but only events after this number, counted as in the session that submitted the job.
    After(i64),
}

impl History {
    pub(super) fn payload(self, job_id: &str) -> String {
        let members = Members::new().text("job_id", job_id);
        match self {
            Self::None => members.end(),
            Self::All => members.integer("from_event_seq", 0).boolean("history", true).end(),
            Self::After(seq) => members.integer("from_event_seq", seq).boolean("history", true).end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_it_comes() {
        let page = JobPage::read(
            r#"{"jobs":[{"job_id":"j","status":"running","x":1},{"status":"lost"},7],"next_cursor":"c"}"#,
        );
        assert_eq!((page.jobs.len(), page.next_cursor.as_deref()), (1, Some("c")));
        assert_eq!(page.jobs[0].json, r#"{"job_id":"j","status":"running","x":1}"#);
        assert_eq!(JobPage::read("[]"), JobPage::default());
        assert_eq!(JobFilter::new().payload(), "{}");
        let filter = JobFilter::new().status(["running"]).limit(2).created_after(Time::EPOCH);
        assert_eq!(
            filter.payload(),
            r#"{"filter":{"status":["running"],"created_after":"1970-01-01T00:00:00.000Z"},"limit":2}"#
        );
    }
}
