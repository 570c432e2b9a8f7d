//! What the clients of a random timeline know, and what must hold of all that they are sent.

use std::collections::BTreeMap;

use super::{
    known::{Jobs, Kind, Known},
    properties::WINDOW,
    *,
};

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
        // Its message will have this name.
        let request = format!("m{}", self.world.ids + 1);
        if let (true, Some(key)) = (kind == "job.submit", payload["idempotency_key"].as_str()) {
            self.jobs.keyed.insert(request, (client.who.clone(), key.to_owned()));
        }
        self.world.say(&client, kind, &payload);
        if self.world.has_crashed && kind == "job.submit" {
            self.sessions[at].lose_answer(&mut self.jobs, &payload);
        }
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
            known.unread += 1;
            let Some(seq) = frame["event_seq"].as_i64() else {
                if frame["type"] == "job.accepted" {
                    self.jobs.accepted(&known.client, frame["job_id"].as_str().unwrap(), &frame["payload"]);
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
            let place = (known.client.session.clone(), job.clone());
            if known.unanswered > 0 && self.jobs.watched.insert(place.clone()) {
                // It may have asked for it as often.
                *self.jobs.asked.entry(place).or_default() += known.unanswered;
                known.unanswered -= 1;
                self.jobs.ids.push(job.clone());
                self.jobs.owner.insert(job.clone(), known.client.who.clone());
            }
            assert_eq!(self.jobs.owner[&job], known.client.who, "nobody sees another's job");
            let place = (known.client.session.clone(), job.clone());
            assert!(self.jobs.watched.contains(&place), "nobody gets what it didn't ask for");
            let is_own = !self.jobs.replayed.contains(&place);
            if frame["type"] != "job.event" {
                let end = &frame["payload"];
                let outcome = (end["final_status"].clone(), end["result"].clone(), end["code"].clone());
                let known_outcome = self.jobs.outcomes.entry(job.clone()).or_insert_with(|| outcome.clone());
                assert_eq!(*known_outcome, outcome, "a job ends in one way: {frame}");
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
        if std::mem::take(&mut self.world.has_crashed) {
            self.all_cut();
        }
        assert!(self.world.hub.held_bytes() < 8 << 20);
        assert!(self.world.hub.counts().0 <= 8, "three sessions of two principals each, at most");
    }

    /// Nobody is connected any more.
    pub(crate) fn all_cut(&mut self) {
        for known in self.sessions.iter_mut().filter(|known| known.is_up) {
            known.is_up = false;
            known.away = self.world.now;
        }
    }

    /// The gate tells what has left.
    pub(crate) fn credit(&mut self, at: usize) {
        let known = &mut self.sessions[at];
        if known.is_up && known.kind == Kind::Paced {
            let (conn, frames) = (known.client.conn, std::mem::take(&mut known.unread));
            self.world.hub.handle_credit(conn, frames, self.world.time());
            self.world.drain();
            self.read();
        }
    }

    fn attach(&mut self, hello: &Value, kind: Kind) -> u32 {
        if kind == Kind::Paced {
            self.world.attach_paced(hello)
        } else {
            self.world.attach(hello)
        }
    }

    pub(crate) fn connect(&mut self, who: &str, kind: Kind) {
        let conn = self.attach(&World::hello(kind.features(), who, None), kind);
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
                kind,
                unread: 1,
                unanswered: 0,
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
        let (seen, who, kind) = (known.seen, known.client.who.clone(), known.kind);
        let resume = json!({"session_id": shown.session, "resume_token": shown.token, "last_event_seq": seen});
        let conn = self.attach(&World::hello(kind.features(), &who, Some(resume)), kind);
        let mut answer = None;
        // The old connection is told first.
        self.world.sent.retain(|(to, frame)| {
            let is_answer = *to == conn && answer.is_none();
            if is_answer {
                answer = Some(frame.clone());
            }
            !is_answer
        });
        let Some(answer) = answer else {
            assert!(self.world.has_crashed, "every hello is answered");
            // That it had come may have been written all the same.
            self.sessions[at].away = self.world.now;
            return self.read();
        };
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
        known.unread = 1;
        self.world.sent = replay;
        self.read();
    }

    /// Every client acknowledges what it has, until nothing more comes.
    pub(crate) fn acknowledge_all(&mut self) {
        for at in 0..self.sessions.len() {
            let mut before = -1;
            while self.sessions[at].is_up && before < self.sessions[at].seen {
                before = self.sessions[at].seen;
                self.credit(at);
                self.say(at, "session.ack", json!({ "last_processed_seq": before }));
            }
        }
    }
}
