//! The transcripts of the client's machine, played through `ArcpClient`: what goes over the wire, when, what the listener is told, and
//! what the program gets. (Which token is asked for has tests of its own, and of several closes of one connection the first counts.)

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use arcgate::{
    sans_io::time::{Span, Time},
    session::{
        ArcpClient, Auth, BoxFuture, CloseFrame, ConnectOptions, History, Job, JobFilter, JobHandle, Socket,
        SocketEvent, Submit, Token, TokenRequest, TokenSource,
    },
    Error,
};
use serde_json::{json, Map, Value};

use crate::{
    expected::{divided, is_got, told},
    play::{instant, transcripts, Machine, Play},
    world::World,
};

type Log = Arc<Mutex<Vec<Value>>>;

/// Gives a token for each connection when the transcript says that it gets under way.
#[derive(Clone, Default)]
struct Steps(Arc<Mutex<Step>>);

#[derive(Default)]
struct Step {
    token: Option<String>,
    ends: Option<Time>,
    waker: Option<Waker>,
    log: Log,
}

impl TokenSource for Steps {
    fn token(&self, request: TokenRequest) -> BoxFuture<'static, Result<String, Error>> {
        let steps = self.0.clone();
        let asked = json!({"do": "ask", "outlasts": request.min_validity.is_some()});
        steps.lock().unwrap().log.lock().unwrap().push(asked);
        Box::pin(std::future::poll_fn(move |cx| {
            let mut steps = steps.lock().unwrap();
            steps.waker = Some(cx.waker().clone());
            steps.token.take().map_or(Poll::Pending, |token| Poll::Ready(Ok(token)))
        }))
    }

    fn expires_at(&self) -> Option<Time> {
        self.0.lock().unwrap().ends
    }
}

#[derive(Default)]
struct Line {
    incoming: VecDeque<SocketEvent>,
    waker: Option<Waker>,
}

/// A connection; its number is that of its step.
struct Logged {
    conn: u64,
    log: Log,
    line: Arc<Mutex<Line>>,
    is_closed: bool,
}

impl Socket for Logged {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<SocketEvent> {
        let mut line = self.line.lock().unwrap();
        line.waker = Some(cx.waker().clone());
        line.incoming.pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn send(&mut self, text: String) {
        self.log.lock().unwrap().push(json!({"do": "send", "conn": self.conn, "text": text}));
    }

    fn close(&mut self, code: u16, reason: &str) {
        if !std::mem::replace(&mut self.is_closed, true) {
            self.log.lock().unwrap().push(json!({"do": "close", "conn": self.conn, "code": code, "reason": reason}));
        }
    }
}

/// `ArcpClient`, as a transcript drives it.
struct Driven {
    world: World,
    steps: Steps,
    /// The number of the connection that gets under way.
    conn: Arc<Mutex<u64>>,
    lines: Arc<Mutex<BTreeMap<u64, Arc<Mutex<Line>>>>>,
    log: Log,
    got: Log,
    client: Arc<Mutex<Option<ArcpClient>>>,
    jobs: Arc<Mutex<Vec<JobHandle>>>,
    connecting: Option<BoxFuture<'static, Result<ArcpClient, Error>>>,
}

impl Driven {
    fn new(world: &World, got: &Log) -> Self {
        let (log, lines, conn) = (Log::default(), Arc::default(), Arc::new(Mutex::new(0)));
        let steps = Steps::default();
        steps.0.lock().unwrap().log = Arc::clone(&log);
        let auth = Auth::bearer(Token::of(steps.clone()));
        let heard = Arc::clone(&log);
        let (own_log, own_lines, own_conn) = (Arc::clone(&log), Arc::clone(&lines), Arc::clone(&conn));
        let options: ConnectOptions = world.options(auth).on_event(move |event| {
            heard.lock().unwrap().extend(told(event).map(|event| json!({"do": "notify", "event": event})));
        });
        let options = options.sockets(move |_: &str| -> Box<dyn Socket> {
            let line = Arc::<Mutex<Line>>::default();
            let conn = *own_conn.lock().unwrap();
            let lines: &Mutex<BTreeMap<_, _>> = &own_lines;
            lines.lock().unwrap().insert(conn, Arc::clone(&line));
            Box::new(Logged { conn, log: Arc::clone(&own_log), line, is_closed: false })
        });
        let connecting = Some(Box::pin(ArcpClient::connect("wss://agents.example/arcp", options)) as _);
        Self {
            world: world.clone(),
            steps,
            conn,
            lines,
            log,
            got: Arc::clone(got),
            client: Arc::default(),
            jobs: Arc::default(),
            connecting,
        }
    }

    fn happens(&self, conn: u64, event: SocketEvent) {
        let Some(line) = self.lines.lock().unwrap().get(&conn).cloned() else { panic!("no connection {conn}") };
        let mut line = line.lock().unwrap();
        line.incoming.push_back(event);
        line.waker.take().into_iter().for_each(Waker::wake);
    }

    fn client(&self) -> ArcpClient {
        self.client.lock().unwrap().clone().expect("a client")
    }

    fn start(&mut self) {
        let (client, got, connecting) =
            (Arc::clone(&self.client), Arc::clone(&self.got), self.connecting.take().unwrap());
        drop(self.world.run(async move {
            match connecting.await {
                Ok(connected) => {
                    let closed = connected.closed();
                    *client.lock().unwrap() = Some(connected);
                    let closed = closed.await;
                    let code = closed.error.map_or("CLOSED", |error| error.code().as_str());
                    got.lock().unwrap().push(json!({"do": "closed", "code": code, "reason": closed.reason}));
                }
                Err(error) => got.lock().unwrap().push(json!({"do": "closed", "code": error.code().as_str()})),
            }
        }));
    }

    /// What is done with the job of a step.
    fn of_job(&self, step: &Map<String, Value>) {
        let job = |number: &Value| self.jobs.lock().unwrap()[number.as_u64().unwrap() as usize - 1].clone();
        if let Some(number) = step.get("unsubscribe") {
            return job(number).unsubscribe();
        }
        let cancelled = job(&step["cancel"]).cancel(step["reason"].as_str().unwrap());
        let got = Arc::clone(&self.got);
        drop(self.world.run(async move {
            cancelled.await.unwrap();
            got.lock().unwrap().push(json!({"do": "done"}));
        }));
    }

    /// Waits for a job, and for all that comes of it.
    fn follow(&self, asked: impl Future<Output = Result<Job, Error>> + Send + 'static) {
        let (got, jobs, world) = (Arc::clone(&self.got), Arc::clone(&self.jobs), self.world.clone());
        drop(self.world.run(async move {
            let say = |what: Value| got.lock().unwrap().push(what);
            let mut job = match asked.await {
                Ok(job) => job,
                Err(error) => return say(json!({"do": "failed", "error": {"code": error.code().as_str()}})),
            };
            say(json!({"do": "accepted", "id": job.id()}));
            let (result, own) = (job.result(), Arc::clone(&got));
            world.tasks.spawn(Box::pin(async move {
                let what = match result.await {
                    Ok(output) => {
                        let value = output.json().map_or(Value::Null, |json| serde_json::from_str(&json).unwrap());
                        json!({"do": "result", "value": value, "bytes": output.bytes()})
                    }
                    Err(error) => json!({"do": "failed", "error": {"code": error.code().as_str()}}),
                };
                own.lock().unwrap().push(what);
            }));
            jobs.lock().unwrap().push(job.handle());
            while let Some(event) = job.next().await.filter(|event| event.lost().is_none()) {
                let body: Value = serde_json::from_str(event.body_json()).unwrap();
                say(json!({"do": "event", "seq": event.seq(), "kind": event.kind().as_str(), "body": body}));
            }
        }));
    }
}

impl Machine for Driven {
    fn take(&mut self, step: &Map<String, Value>, now: Time) {
        self.world.clock.set(now.as_millis());
        let text = |name: &str| step.get(name).and_then(Value::as_str);
        let number = |name: &str| step.get(name).and_then(Value::as_u64);
        if step.contains_key("start") {
            self.start();
        } else if let Some(conn) = number("dialing") {
            *self.conn.lock().unwrap() = conn;
            let mut steps = self.steps.0.lock().unwrap();
            steps.token = text("token").map(str::to_owned);
            steps.ends = step.get("endsInMs").and_then(Value::as_i64).map(|ms| now.plus(Span::from_millis(ms)));
            steps.waker.take().into_iter().for_each(Waker::wake);
        } else if let Some(conn) = number("opened") {
            self.happens(conn, SocketEvent::Opened);
        } else if let Some(conn) = number("gone") {
            self.happens(conn, SocketEvent::Closed(CloseFrame::new(number("code").unwrap() as u16, "")));
        } else if let Some(frame) = text("text") {
            self.happens(number("conn").unwrap(), SocketEvent::Text(frame.to_owned()));
        } else if let Some(submit) = step.get("submit") {
            let mut request = Submit::new(submit["agent"].as_str().unwrap());
            if let Some(key) = submit["idempotency_key"].as_str() {
                request = request.idempotency_key(key);
            }
            self.follow(self.client().submit(request));
        } else if let Some(subscribe) = step.get("subscribe") {
            self.follow(self.client().subscribe(subscribe["job_id"].as_str().unwrap(), History::All));
        } else if let Some(list) = step.get("list") {
            let limit = list["limit"].as_u64().unwrap() as u32;
            let states = list["filter"]["status"].as_array().unwrap().iter().map(|state| state.as_str().unwrap());
            let (listed, got) =
                (self.client().list(&JobFilter::new().status(states).limit(limit)), Arc::clone(&self.got));
            drop(self.world.run(async move {
                let page = listed.await.unwrap();
                got.lock().unwrap().push(json!({"do": "answer", "jobs": page.jobs.len()}));
            }));
        } else if let Some(reason) = text("close") {
            drop(self.world.run(self.client().close(reason)));
        } else {
            self.of_job(step);
        }
        self.world.tasks.run();
    }

    fn actions(&mut self) -> Vec<Value> {
        self.world.tasks.run();
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    fn deadline(&self) -> Option<Time> {
        self.world.clock.due().map(|due| Time::from_millis(due as f64))
    }

    fn tick(&mut self, now: Time) {
        self.world.clock.set(now.as_millis());
        self.world.tasks.run();
    }
}

#[test]
fn transcripts_are_played_through_the_client() {
    for (name, text) in transcripts("client") {
        let (text, expected) = divided(&text);
        let world = World::new();
        let got = Log::default();
        world.clock.set(instant(0).as_millis());
        let driven: Box<dyn Machine> = Box::new(Driven::new(&world, &got));
        Play::of(name.clone(), &text, driven).run();
        let got = got.lock().unwrap().clone();
        // What the driver keeps to itself, and what opens the session.
        for expected in
            expected.iter().filter(|expected| !matches!(expected["do"].as_str(), Some("opened" | "forget" | "notify")))
        {
            assert!(got.iter().any(|got| is_got(expected, got)), "{name}: {expected} is not among {got:?}");
        }
        let count = |list: &[Value], what: &str| list.iter().filter(|one| one["do"] == what).count();
        for what in ["accepted", "event", "result"] {
            assert_eq!(count(&got, what), count(&expected, what), "{name}: {what} in {got:?}");
        }
    }
}
