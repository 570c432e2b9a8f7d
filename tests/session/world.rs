//! A world for a session: tasks that are polled when they were woken and not else, a clock that is set by hand, and sockets whose other
//! end is the test.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        atomic::{AtomicBool, AtomicI64, Ordering},
        Arc, Mutex,
    },
    task::{Context, Poll, Wake, Waker},
};

use arcgate::{
    session::{ArcpClient, Auth, CloseFrame, Connect, ConnectOptions, Socket, SocketEvent},
    Error, Time,
};
use serde_json::{json, Value};

use crate::clock::Clock;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks of one thread.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<Vec<Task>>>);

/// Whether it was woken, and what it does as long as it is not over.
type Task = (Arc<Flag>, Option<Work>);

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Tasks {
    pub(crate) fn spawn(&self, work: Work) {
        self.0.lock().unwrap().push((Arc::new(Flag(AtomicBool::new(true))), Some(work)));
    }

    /// Polls whatever was woken, until nothing is. How many polls that took.
    pub(crate) fn run(&self) -> usize {
        let mut polls = 0;
        for at in 0.. {
            let Some((flag, work)) =
                self.0.lock().unwrap().get_mut(at).map(|(flag, work)| (Arc::clone(flag), work.take()))
            else {
                let is_woken =
                    |(flag, work): &(Arc<Flag>, Option<Work>)| work.is_some() && flag.0.load(Ordering::SeqCst);
                if self.0.lock().unwrap().iter().any(is_woken) {
                    return polls + self.run();
                }
                return polls;
            };
            let Some(mut work) = work else { continue };
            let is_over = flag.0.swap(false, Ordering::SeqCst) && {
                polls += 1;
                work.as_mut().poll(&mut Context::from_waker(&Waker::from(flag))).is_ready()
            };
            assert!(polls < 100_000, "it never rests");
            if !is_over {
                self.0.lock().unwrap()[at].1 = Some(work);
            }
        }
        polls
    }

    /// How many are not over.
    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|(_, work)| work.is_some()).count()
    }

    /// Drops the first of them that is not over.
    pub(crate) fn drop_first(&self) {
        let first = self.0.lock().unwrap().iter_mut().find_map(|(_, work)| work.take());
        drop(first.unwrap());
    }
}

/// The runtime's end of a connection.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    incoming: VecDeque<SocketEvent>,
    waker: Option<Waker>,
    sent: VecDeque<Value>,
    closed: Option<(u16, String)>,
    is_dropped: bool,
}

impl Line {
    pub(crate) fn event(&self, event: SocketEvent) {
        let mut ends = self.0.lock().unwrap();
        ends.incoming.push_back(event);
        if let Some(waker) = ends.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn frame(&self, kind: &str, more: Value) {
        static NEXT: AtomicI64 = AtomicI64::new(0);
        let id = format!("01JTEST{:019}", NEXT.fetch_add(1, Ordering::SeqCst));
        let mut frame = json!({"arcp": "1.1", "id": id, "type": kind, "payload": {}});
        more.as_object().unwrap().iter().for_each(|(name, value)| frame[name] = value.clone());
        self.event(SocketEvent::Text(frame.to_string()));
    }

    /// The client's end.
    pub(crate) fn own_end(&self) -> Box<dyn Socket> {
        Box::new(Own(self.clone()))
    }

    /// What was sent and not looked at yet.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.0.lock().unwrap().sent.drain(..).collect()
    }

    /// How the client closed it.
    pub(crate) fn closed(&self) -> Option<(u16, String)> {
        self.0.lock().unwrap().closed.clone()
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.0.lock().unwrap().is_dropped
    }
}

struct Own(Line);

impl Socket for Own {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<SocketEvent> {
        let mut ends = self.0 .0.lock().unwrap();
        match ends.incoming.pop_front() {
            Some(event) => Poll::Ready(event),
            None => {
                ends.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn send(&mut self, text: String) {
        self.0 .0.lock().unwrap().sent.push_back(serde_json::from_str(&text).unwrap());
    }

    fn close(&mut self, code: u16, reason: &str) {
        self.0 .0.lock().unwrap().closed.get_or_insert((code, reason.to_owned()));
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.0 .0.lock().unwrap().is_dropped = true;
    }
}

struct Lines(Arc<Mutex<VecDeque<Line>>>);

impl Connect for Lines {
    fn open(&self, _url: &str) -> Box<dyn Socket> {
        let line = Line::default();
        self.0.lock().unwrap().push_back(line.clone());
        Box::new(Own(line))
    }
}

/// All of it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) tasks: Tasks,
    pub(crate) clock: Clock,
    lines: Arc<Mutex<VecDeque<Line>>>,
}

/// What a task has come to, once it has.
pub(crate) struct Outcome<T>(Arc<Mutex<Option<T>>>);

impl<T> Outcome<T> {
    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap().take()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self { tasks: Tasks::default(), clock: Clock::new(1_800_000_000_000), lines: Arc::default() }
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Options of a client of this world.
    pub(crate) fn options(&self, auth: Auth) -> ConnectOptions {
        let (tasks, clock, pauses) = (self.tasks.clone(), self.clock.clone(), self.clock.clone());
        ConnectOptions::new("a", "1", auth)
            .sockets(Lines(Arc::clone(&self.lines)))
            .spawn(move |work| tasks.spawn(work))
            .clock(move || clock.now())
            .sleep(move |length| pauses.pause(length))
    }

    /// Runs a future beside.
    pub(crate) fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Outcome<T> {
        let outcome = Arc::new(Mutex::new(None));
        let own = Arc::clone(&outcome);
        self.tasks.spawn(Box::pin(async move {
            let value = future.await;
            *own.lock().unwrap() = Some(value);
        }));
        self.tasks.run();
        Outcome(outcome)
    }

    /// The next connection that was made.
    pub(crate) fn line(&self) -> Option<Line> {
        self.tasks.run();
        self.lines.lock().unwrap().pop_front()
    }

    /// Lets time pass, from one pause's end to the next.
    pub(crate) fn pass(&self, millis: i64) {
        self.tasks.run();
        let until = self.clock.millis() + millis;
        while let Some(due) = self.clock.due().filter(|due| *due <= until) {
            self.clock.set(due);
            self.tasks.run();
        }
        self.clock.set(until);
        self.tasks.run();
    }

    /// A client whose session is open, and its connection.
    pub(crate) fn open(&self, options: ConnectOptions) -> (ArcpClient, Line) {
        let client = self.run(ArcpClient::connect("wss://agents.example/arcp", options));
        let line = self.line().unwrap();
        line.event(SocketEvent::Opened);
        self.tasks.run();
        line.sent();
        welcome(&line, "sess_1");
        self.tasks.run();
        (client.take().unwrap().unwrap(), line)
    }
}

pub(crate) fn welcome(line: &Line, session_id: &str) {
    let features = ["ack", "list_jobs", "subscribe", "heartbeat", "result_chunk"];
    let payload = json!({
        "runtime": {"name": "r", "version": "1"}, "resume_token": "rt_1", "resume_window_sec": 600,
        "capabilities": {"encodings": ["json"], "features": features, "agents": [{"name": "echo", "versions": ["1"], "default": "1"}]},
        "heartbeat_interval_sec": 3600,
    });
    line.frame("session.welcome", json!({"session_id": session_id, "payload": payload}));
}

/// An event of a job.
pub(crate) fn job_event(line: &Line, seq: i64, kind: &str, body: Value) {
    let payload = json!({"kind": kind, "ts": "2030-01-01T00:00:00Z", "body": body});
    line.frame("job.event", json!({"session_id": "sess_1", "job_id": "job_1", "event_seq": seq, "payload": payload}));
}

/// The end of a job.
pub(crate) fn job_result(line: &Line, seq: i64, payload: Value) {
    line.frame("job.result", json!({"session_id": "sess_1", "job_id": "job_1", "event_seq": seq, "payload": payload}));
}

/// Accepts the submit that was sent last.
pub(crate) fn accept(world: &World, line: &Line) -> Value {
    world.tasks.run();
    let submit = line.sent().into_iter().find(|frame| frame["type"] == "job.submit").expect("a submit");
    let payload =
        json!({"job_id": "job_1", "agent": "echo@1", "request_id": submit["id"], "trace_id": submit["trace_id"]});
    line.frame("job.accepted", json!({"session_id": "sess_1", "job_id": "job_1", "payload": payload}));
    world.tasks.run();
    submit
}

pub(crate) fn broken() -> SocketEvent {
    SocketEvent::Closed(CloseFrame::abnormal())
}

pub(crate) fn facts(error: &Error) -> String {
    format!("{} {:?} {:?}", error.code().as_str(), error.subject(), error.facts())
}
