//! What the clients of a random timeline know, and what must hold of all that they are sent.

use std::collections::{BTreeMap, BTreeSet};

use super::{properties::WINDOW, *};

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
}

impl Jobs {
    /// A client is told of a job that it has submitted: now, or before with the same key.
    fn accepted(&mut self, client: &Client, job: &str) {
        let owner = self.owner.entry(job.to_owned()).or_insert_with(|| client.who.clone());
        assert_eq!(*owner, client.who, "a job is its principal's");
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

pub(crate) struct Run {
    pub(crate) world: World,
    pub(crate) sessions: Vec<Known>,
    pub(crate) jobs: Jobs,
}

impl Run {
    pub(crate) fn job(&self, at: usize) -> Option<String> {
        // The newest are the ones that live.
        self.jobs.ids.iter().rev().nth(at).cloned()
    }

    pub(crate) fn session(&self, at: usize) -> Option<usize> {
        self.sessions.len().checked_sub(1 + at)
    }

    pub(crate) fn say(&mut self, at: usize, kind: &str, payload: Value) {
        let known = &mut self.sessions[at];
        if !known.is_up {
            return;
        }
        let client = known.client.clone();
        known.last_frame = Some((kind.to_owned(), payload.clone()));
        self.world.say(&client, kind, &payload);
        self.read();
    }

    /// Every client reads what it was sent.
    pub(crate) fn read(&mut self) {
        let sent = std::mem::take(&mut self.world.sent);
        for (conn, frame) in sent {
            let Some(known) = self.sessions.iter_mut().find(|known| known.client.conn == conn) else { continue };
            if frame.get("close").is_some() {
                known.is_up = false;
                known.away = self.world.now;
                continue;
            }
            assert!(known.is_up, "nothing comes after a close: {frame}");
            assert_eq!(frame["session_id"], known.client.session.as_str());
            let Some(seq) = frame["event_seq"].as_i64() else {
                if frame["type"] == "job.accepted" {
                    self.jobs.accepted(&known.client, frame["job_id"].as_str().unwrap());
                }
                continue;
            };
            // Nothing lost, nothing doubled, nothing in another order.
            assert_eq!(seq, known.seen + 1, "{frame}");
            known.seen = seq;
            if let Some(before) = known.events.insert(seq, frame.clone()) {
                assert_eq!(before, frame, "a number is one event");
            }
            let job = frame["job_id"].as_str().unwrap().to_owned();
            assert_eq!(self.jobs.owner[&job], known.client.who, "nobody sees another's job");
            let place = (known.client.session.clone(), job.clone());
            assert!(self.jobs.watched.contains(&place), "nobody gets what it didn't ask for");
            let is_own = !self.jobs.replayed.contains(&place);
            if frame["type"] != "job.event" {
                let ends = known.ends.entry(job).or_default();
                *ends += 1;
                let most = 1 + self.jobs.asked.get(&place).copied().unwrap_or(0);
                assert!(*ends <= most, "one end: {frame}");
            } else if is_own {
                assert_eq!(known.ends.get(&job), None, "nothing comes after the end: {frame}");
                let body = &frame["payload"]["body"];
                if let Some(step) = body["current"].as_i64() {
                    let last = known.steps.insert(job, step);
                    assert!(last.is_none_or(|last| step == last + 1), "step {step} after {last:?}");
                } else if let Some(count) = body["count"].as_i64() {
                    // What is lost is told, and how much it was.
                    assert_eq!(frame["payload"]["kind"], "x-vendor.arcgate.dropped");
                    *known.steps.entry(job).or_default() += count;
                }
            }
        }
        assert!(self.world.hub.held_bytes() < 8 << 20);
        assert!(self.world.hub.counts().0 <= 8, "three sessions of two principals each, at most");
    }

    pub(crate) fn connect(&mut self, who: &str) {
        let conn = self.world.attach(&World::hello(&ALL, who, None));
        let first = self.world.sent.iter().find(|(to, _)| *to == conn).map(|(_, frame)| frame["type"].clone());
        if first == Some(json!("session.welcome")) {
            let client = self.world.welcomed(conn, who);
            self.sessions.push(Known {
                client,
                previous: None,
                is_up: true,
                has_acked: false,
                seen: 0,
                events: BTreeMap::new(),
                ends: BTreeMap::new(),
                steps: BTreeMap::new(),
                away: 0,
                last_frame: None,
            });
        }
        self.read();
    }

    pub(crate) fn resume(&mut self, at: usize, stale: bool) {
        let known = &self.sessions[at];
        let shown = match &known.previous {
            Some(previous) if stale => previous.clone(),
            _ => known.client.clone(),
        };
        let is_late = !known.is_up && self.world.now - known.away >= WINDOW;
        let (seen, who) = (known.seen, known.client.who.clone());
        let conn = self.world.attach(&World::resume_hello(&shown, seen));
        let mut answer = None;
        // The old connection is told first.
        self.world.sent.retain(|(to, frame)| {
            let is_answer = *to == conn && answer.is_none();
            if is_answer {
                answer = Some(frame.clone());
            }
            !is_answer
        });
        let answer = answer.expect("every hello is answered");
        if answer["type"] != "session.welcome" {
            assert_eq!(answer["payload"]["code"], "RESUME_WINDOW_EXPIRED");
            self.world.sent.retain(|(to, _)| *to != conn);
            return self.read();
        }
        assert!(!is_late, "the window is over");
        // What was sent to the old connection comes before; it has been read.
        let displaced: Sent = self.world.sent.extract_if(.., |(to, _)| *to != conn).collect();
        let replay = std::mem::replace(&mut self.world.sent, displaced);
        self.read();
        let known = &mut self.sessions[at];
        let text = |name: &str| answer["payload"][name].as_str().unwrap().to_owned();
        assert_eq!(text("session_id"), known.client.session);
        assert_ne!(text("resume_token"), known.client.token);
        known.previous = Some(shown);
        known.client = Client { conn, session: text("session_id"), token: text("resume_token"), who };
        known.is_up = true;
        self.world.sent = replay;
        self.read();
    }

    /// Every client acknowledges what it has, until nothing more comes.
    pub(crate) fn acknowledge_all(&mut self) {
        for at in 0..self.sessions.len() {
            let mut before = -1;
            while self.sessions[at].is_up && before < self.sessions[at].seen {
                before = self.sessions[at].seen;
                self.say(at, "session.ack", json!({ "last_processed_seq": before }));
            }
        }
    }
}
