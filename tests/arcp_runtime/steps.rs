//! The steps of a random timeline, and what each does to the model.

use proptest::prelude::*;

use super::{known::Kind, model::Run, properties::WINDOW, storage::Crash, *};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Connect {
        bob: bool,
        kind: Kind,
    },
    Drop(usize),
    /// From what the client has processed; or, stale, from before that with the token of the welcome before.
    Resume {
        session: usize,
        stale: bool,
    },
    /// Another's token, or a wrong one.
    Steal(usize),
    Submit {
        session: usize,
        key: Option<u8>,
        short: bool,
    },
    Progress {
        job: usize,
        times: u8,
    },
    Chunk(usize),
    Output(usize),
    Fail(usize),
    Aborted(usize),
    Ack {
        session: usize,
        all: bool,
    },
    Cancel {
        session: usize,
        job: usize,
    },
    Subscribe {
        session: usize,
        job: usize,
        history: bool,
    },
    Unsubscribe {
        session: usize,
        job: usize,
    },
    List(usize),
    Goodbye(usize),
    /// The same frame once more.
    Again(usize),
    Nonsense(usize),
    Sleep(i64),
    Credit(usize),
    /// The hub is lost in the next turn in which it writes.
    Crash(Crash),
    /// The hub is let go, and comes back: over the sockets that there were, or without them.
    Restart {
        has_sockets: bool,
    },
}

/// A timeline in which the hub lives on.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..120)
}

/// One in which it doesn't.
pub(crate) fn steps_and_losses() -> impl Strategy<Value = Vec<Step>> {
    let loss = prop_oneof![
        2 => any::<bool>().prop_map(|has_sockets| Step::Restart { has_sockets }),
        1 => Just(Step::Crash(Crash::BeforeWriting)),
        1 => Just(Step::Crash(Crash::AfterWriting)),
    ];
    prop::collection::vec(prop_oneof![9 => step(), 1 => loss], 1..120)
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..6_usize;
    let kind = prop_oneof![3 => Just(Kind::Acks), 1 => Just(Kind::Plain), 1 => Just(Kind::Paced)];
    prop_oneof![
        3 => (any::<bool>(), kind).prop_map(|(bob, kind)| Step::Connect { bob, kind }),
        3 => n.clone().prop_map(Step::Credit),
        3 => n.clone().prop_map(Step::Drop),
        5 => (n.clone(), prop::bool::weighted(0.2)).prop_map(|(session, stale)| Step::Resume { session, stale }),
        1 => n.clone().prop_map(Step::Steal),
        5 => (n.clone(), prop::option::of(0..3_u8), prop::bool::weighted(0.2))
            .prop_map(|(session, key, short)| Step::Submit { session, key, short }),
        9 => (n.clone(), 1..25_u8).prop_map(|(job, times)| Step::Progress { job, times }),
        2 => n.clone().prop_map(Step::Chunk),
        2 => n.clone().prop_map(Step::Output),
        1 => n.clone().prop_map(Step::Fail),
        1 => n.clone().prop_map(Step::Aborted),
        4 => (n.clone(), any::<bool>()).prop_map(|(session, all)| Step::Ack { session, all }),
        1 => (n.clone(), n.clone()).prop_map(|(session, job)| Step::Cancel { session, job }),
        3 => (n.clone(), n.clone(), any::<bool>())
            .prop_map(|(session, job, history)| Step::Subscribe { session, job, history }),
        1 => (n.clone(), n.clone()).prop_map(|(session, job)| Step::Unsubscribe { session, job }),
        1 => n.clone().prop_map(Step::List),
        1 => n.clone().prop_map(Step::Goodbye),
        2 => n.clone().prop_map(Step::Again),
        1 => n.prop_map(Step::Nonsense),
        2 => (1..20_000_i64).prop_map(Step::Sleep),
        1 => (1..WINDOW * 3).prop_map(Step::Sleep),
    ]
}

impl Run {
    /// One of the steps.
    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Connect { bob, kind } => self.connect(if bob { "bob" } else { "alice" }, kind),
            Step::Crash(crash) => self.world.storage().crash = Some(crash),
            Step::Restart { has_sockets } => {
                self.world.restart(has_sockets);
                if !has_sockets {
                    self.all_cut();
                }
                self.read();
            }
            Step::Credit(at) => {
                let Some(at) = self.session(at) else { return };
                self.credit(at);
            }
            Step::Drop(at) => {
                let Some(at) = self.session(at) else { return };
                let client = self.sessions[at].client.clone();
                self.world.drop_conn(&client);
                if std::mem::replace(&mut self.sessions[at].is_up, false) {
                    self.sessions[at].away = self.world.now;
                }
                self.read();
            }
            Step::Resume { session, stale } => {
                let Some(at) = self.session(session) else { return };
                self.resume(at, stale);
            }
            Step::Steal(at) => {
                let Some(at) = self.session(at) else { return };
                let mut thief = self.sessions[at].client.clone();
                thief.who = if thief.who == "bob" { "alice" } else { "bob" }.to_owned();
                let conn = self.world.attach(&World::resume_hello(&thief, 0));
                let got = self.world.got(conn);
                let code = got.first().map(|frame| &frame["payload"]["code"]);
                assert!(self.world.has_crashed || code == Some(&json!("RESUME_WINDOW_EXPIRED")), "{got:?}");
                self.read();
            }
            Step::List(at) => {
                let Some(at) = self.session(at) else { return };
                self.say(at, "session.list_jobs", json!({}));
            }
            Step::Ack { session, all } => {
                let Some(at) = self.session(session) else { return };
                let seen = self.sessions[at].seen;
                self.sessions[at].has_acked = true;
                self.say(at, "session.ack", json!({"last_processed_seq": if all { seen } else { seen / 2 }}));
            }
            Step::Goodbye(at) => {
                let Some(at) = self.session(at) else { return };
                self.say(at, "session.close", json!({}));
            }
            Step::Nonsense(at) => {
                let Some(at) = self.session(at) else { return };
                let conn = self.sessions[at].client.conn;
                self.world.text(conn, "{\"arcp\":\"1.1\"}");
                self.read();
            }
            Step::Sleep(millis) => {
                self.world.sleep(millis);
                self.read();
            }
            step => self.step_of_session(step),
        }
    }

    /// What a client says of its session and its jobs.
    fn step_of_session(&mut self, step: Step) {
        match step {
            Step::Again(at) => {
                let Some(at) = self.session(at) else { return };
                let Some((kind, payload)) = self.sessions[at].last_frame.clone() else { return };
                if kind == "job.subscribe" && payload["history"] == true {
                    let place =
                        (self.sessions[at].client.session.clone(), payload["job_id"].as_str().unwrap().to_owned());
                    *self.jobs.asked.entry(place).or_default() += 1;
                }
                self.say(at, &kind, payload);
            }
            Step::Submit { session, key, short } => {
                let Some(at) = self.session(session) else { return };
                let mut payload = json!({"agent": "count"});
                if let Some(key) = key {
                    payload["idempotency_key"] = json!(format!("k{key}"));
                }
                if short {
                    payload["max_runtime_sec"] = json!(30);
                }
                self.say(at, "job.submit", payload);
            }
            Step::Cancel { session, job } => {
                let (Some(at), Some(job)) = (self.session(session), self.job(job)) else { return };
                self.say(at, "job.cancel", json!({ "job_id": job }));
            }
            Step::Subscribe { session, job, history } => {
                let (Some(at), Some(job)) = (self.session(session), self.job(job)) else { return };
                if !self.sessions[at].is_up {
                    return;
                }
                let place = (self.sessions[at].client.session.clone(), job.clone());
                if self.jobs.owner[&job] == self.sessions[at].client.who {
                    // What comes live before and after, or the history in between, is in no order of its own.
                    self.jobs.replayed.insert(place.clone());
                    if history {
                        *self.jobs.asked.entry(place.clone()).or_default() += 1;
                    }
                    self.jobs.watched.insert(place);
                }
                self.say(at, "job.subscribe", json!({"job_id": job, "history": history}));
            }
            Step::Unsubscribe { session, job } => {
                let (Some(at), Some(job)) = (self.session(session), self.job(job)) else { return };
                self.say(at, "job.unsubscribe", json!({ "job_id": job }));
            }
            step => self.step_of_agent(step),
        }
    }

    /// What an agent reports.
    fn step_of_agent(&mut self, step: Step) {
        match step {
            Step::Progress { job, times } => {
                let Some(job) = self.job(job) else { return };
                for _ in 0..times {
                    let current = self.jobs.progress.entry(job.clone()).or_default();
                    *current += 1;
                    let current = *current;
                    self.world.progress(&job, current);
                }
                self.read();
            }
            Step::Chunk(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.event(&job, "result_chunk", &json!({"data": "x"}));
                self.read();
            }
            Step::Output(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.output(&job, &json!(1));
                self.read();
            }
            Step::Fail(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.hub.handle_failure(&job, "INTERNAL_ERROR", None, self.world.time());
                self.world.drain();
                self.read();
            }
            Step::Aborted(job) => {
                let Some(job) = self.job(job) else { return };
                self.world.hub.handle_abort(&job, self.world.time());
                self.world.drain();
                self.read();
            }
            step => panic!("not taken: {step:?}"),
        }
    }
}
