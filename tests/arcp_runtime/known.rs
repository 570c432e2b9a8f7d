//! What a client knows of its session, and all of them of their jobs.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A session as its client knows it.
pub(crate) struct Known {
    pub(crate) client: Client,
    /// The welcome before.
    pub(crate) previous: Option<Client>,
    pub(crate) is_up: bool,
    pub(crate) has_acked: bool,
    /// Everything up to here was processed.
    pub(crate) seen: i64,
    /// What each number was, for as long as the client lives: a resume must not say anything else.
    pub(crate) events: BTreeMap<i64, Value>,
    /// For each job, how often its end came.
    pub(crate) ends: BTreeMap<String, usize>,
    /// For each job, the last step of its progress.
    pub(crate) steps: BTreeMap<String, i64>,
    /// Since when it is away.
    pub(crate) away: i64,
    pub(crate) last_frame: Option<(String, Value)>,
    pub(crate) kind: Kind,
    /// Frames that its gate has not told of.
    pub(crate) unread: u32,
    /// Jobs that it asked for when the hub was lost: it may hear of them all the same.
    pub(crate) unanswered: usize,
}

impl Known {
    /// It doesn't know of a submit whether it was taken.
    pub(crate) fn lose_answer(&mut self, jobs: &mut Jobs, payload: &Value) {
        let key = payload["idempotency_key"].as_str().map(|key| (self.client.who.clone(), key.to_owned()));
        let Some(job) = key.and_then(|key| jobs.keys.get(&key)) else {
            self.unanswered += 1;
            return;
        };
        // It is the job that there was, and its end is told again.
        let place = (self.client.session.clone(), job.clone());
        *jobs.asked.entry(place.clone()).or_default() += 1;
        jobs.replayed.insert(place.clone());
        jobs.watched.insert(place);
    }
}

/// How a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It acknowledges.
    Acks,
    /// It doesn't.
    Plain,
    /// It acknowledges, and its gate tells what has left.
    Paced,
}

impl Kind {
    pub(crate) fn features(self) -> &'static [&'static str] {
        if self == Self::Plain {
            &ALL[1..]
        } else {
            &ALL
        }
    }
}

#[derive(Default)]
pub(crate) struct Jobs {
    pub(crate) ids: Vec<String>,
    pub(crate) owner: BTreeMap<String, String>,
    pub(crate) progress: BTreeMap<String, i64>,
    /// For each session and job: how often it asked for something that tells the end again.
    pub(crate) asked: BTreeMap<(String, String), usize>,
    /// For each session and job: whether its history was asked for, which comes in numbers of its own.
    pub(crate) replayed: BTreeSet<(String, String)>,
    pub(crate) watched: BTreeSet<(String, String)>,
    /// Requests with a key, and the job that each key of a principal's is.
    pub(crate) keyed: BTreeMap<String, (String, String)>,
    pub(crate) keys: BTreeMap<(String, String), String>,
    /// How each has ended.
    pub(crate) outcomes: BTreeMap<String, (Value, Value, Value)>,
}

impl Jobs {
    /// A client is told of a job that it has submitted: now, or before with the same key.
    pub(crate) fn accepted(&mut self, client: &Client, job: &str, accepted: &Value) {
        let owner = self.owner.entry(job.to_owned()).or_insert_with(|| client.who.clone());
        assert_eq!(*owner, client.who, "a job is its principal's");
        let request = accepted["request_id"].as_str().unwrap();
        if let Some(key) = self.keyed.get(request) {
            let known = self.keys.entry(key.clone()).or_insert_with(|| job.to_owned());
            assert_eq!(known, job, "the same key is the same job");
        }
        let place = (client.session.clone(), job.to_owned());
        if self.ids.iter().any(|known| known == job) {
            *self.asked.entry(place.clone()).or_default() += 1;
            self.replayed.insert(place.clone());
        } else {
            self.ids.push(job.to_owned());
        }
        self.watched.insert(place);
    }
}
