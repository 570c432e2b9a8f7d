//! The machine: what comes in, what goes out, and when it wants to be woken.

use std::collections::VecDeque;

use super::{
    action::{Action, Event, Output},
    fault::Fault,
    jobs::{Jobs, Reader},
    keepalive::Keepalive,
    options::Options,
    payload_check::{self, InvalidPayload},
    reconcile::{Listing, ToReconcile},
    requests::{Kind, Request, Requests},
    subscriptions::Takeover,
    unreadable::{Marks, NotPassed},
};
use crate::{
    arcp::{
        envelope::is_name,
        features::Features,
        id::{hex, Ids},
        ArcpCode, Frame,
    },
    error::{Code, Error},
    json::Members,
    machine::Machine,
    secret::Secret,
    time::{Monotonic, Span, Time},
};

/// How long a source of tokens may take.
pub(super) const TOKEN_WAIT: Span = Span::from_secs(60);
/// How long a runtime may take to say that a session is closed.
const CLOSE_WAIT: Span = Span::from_secs(2);

/// Where the client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody has asked for a connection yet.
    Idle,
    /// A pause before the next try.
    Waiting(Time),
    /// A token and a connection are being had.
    Dialing(Time),
    /// The hello is sent; whether it asks for the session back.
    Greeting { until: Time, resumes: bool },
    /// Welcome.
    Open,
    /// A connection with a fresh token is ready, and the old one is being closed.
    Switching(Time),
    /// The application has closed the session.
    Closing(Time),
    /// Over.
    Closed,
}

/// What a welcome gave.
#[derive(Debug)]
pub(super) struct Session {
    pub id: String,
    pub token: Option<Secret>,
    pub features: Features,
    pub heartbeat: Option<Span>,
}

/// What is due on an open connection, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timers {
    pub ack: Option<Time>,
    /// When the application is told of the events that were given up.
    pub lost_events: Option<Time>,
    /// When a connection with a fresh token is made.
    pub renew: Option<Time>,
    /// When jobs whose end may be lost are looked at again.
    pub reconcile: Option<Time>,
    /// When a list is asked for again that couldn't be had.
    pub relist: Option<Time>,
}

/// A connection that is made beside the present one, for a fresh token.
#[derive(Debug)]
pub(super) struct Renewal {
    pub conn: u32,
    pub until: Time,
    pub ready: Option<Credential>,
}

/// What a hello shows.
#[derive(Debug)]
pub(super) struct Credential {
    pub token: Option<Secret>,
    pub ends: Option<Time>,
}

/// A client's session, over as many connections as it takes.
#[derive(Debug)]
pub struct Client {
    pub(super) options: Options,
    pub(super) ids: Ids,
    pub(super) clock: Monotonic,
    pub(super) now: Time,
    pub(super) out: VecDeque<Output>,
    pub(super) phase: Phase,
    /// The connection that counts, and the number of the newest one.
    pub(super) conn: u32,
    pub(super) newest: u32,
    pub(super) renewal: Option<Renewal>,
    pub(super) session: Option<Session>,
    pub(super) keepalive: Keepalive,
    pub(super) timers: Timers,
    /// When this connection was welcome.
    pub(super) opened_at: Time,
    /// The last number that was acknowledged.
    pub(super) acked: i64,
    /// When the token of this connection ends.
    pub(super) token_ends: Option<Time>,
    pub(super) requests: Requests,
    pub(super) jobs: Jobs,
    /// Whether there was a welcome.
    pub(super) was_open: bool,
    /// Whether this connection replaces one for the sake of its token.
    pub(super) is_renewing: bool,
    /// Whether the next token must be another one; whether that was tried since the last quiet time.
    pub(super) needs_fresh_token: bool,
    pub(super) has_tried_fresh_token: bool,
    pub(super) failures: u32,
    pub(super) resume_refused: Option<Time>,
    /// Connections that the peer's mistakes have cost, since the last event.
    pub(super) violations: u32,
    /// Connections that came to a welcome, and those that came to a hello, since anything came of one.
    pub(super) welcomes: u32,
    pub(super) greetings: u32,
    /// The largest frame that the runtime takes, once it has said so.
    pub(super) frame_limit: Option<usize>,
    /// Frames without a number that were passed over, since anything came.
    pub(super) passed: u32,
    /// What can't be read in this session.
    pub(super) unreadables: Marks,
    /// The event that a gateway says it can't pass on.
    pub(super) not_passed: Option<NotPassed>,
    /// Whether the session was asked for from one number lower, too.
    pub(super) asked_lower: bool,
    /// The number after which a gap has cost a connection.
    pub(super) gap: Option<i64>,
    pub(super) close_reason: String,
    /// Jobs whose end may be lost.
    pub(super) jobs_to_reconcile: Vec<ToReconcile>,
    /// Subscriptions that were given up while there was no connection: the runtime is told on the next one.
    pub(super) waiting_unsubscribes: VecDeque<String>,
    /// The list that they are looked for in.
    pub(super) listing: Listing,
    /// Jobs that have ended, of late.
    pub(super) ended: VecDeque<String>,
}

impl Client {
    /// A client with these options (JSON), and a seed for ids and pauses.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn new(options: &str, seed: u64) -> Result<Self, Error> {
        let zero = Time::EPOCH;
        Ok(Self {
            options: Options::read(options)?,
            ids: Ids::new(seed),
            clock: Monotonic::new(),
            now: zero,
            out: VecDeque::new(),
            phase: Phase::Idle,
            conn: 0,
            newest: 0,
            renewal: None,
            session: None,
            keepalive: Keepalive::default(),
            timers: Timers::default(),
            opened_at: zero,
            acked: 0,
            token_ends: None,
            requests: Requests::default(),
            jobs: Jobs::default(),
            was_open: false,
            is_renewing: false,
            needs_fresh_token: false,
            has_tried_fresh_token: false,
            failures: 0,
            resume_refused: None,
            violations: 0,
            welcomes: 0,
            greetings: 0,
            frame_limit: None,
            passed: 0,
            unreadables: Marks::default(),
            not_passed: None,
            asked_lower: false,
            gap: None,
            close_reason: String::new(),
            jobs_to_reconcile: Vec::new(),
            waiting_unsubscribes: VecDeque::new(),
            listing: Listing::default(),
            ended: VecDeque::new(),
        })
    }

    /// The next action or event, in the order in which they came: for drivers that perform and tell at one place. Instead of
    /// `poll_action` and `poll_event`, and like them until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// A job to be done: `{ agent, input, … }` as it goes over the wire. `is_keyed` when it has an idempotency key.
    pub fn handle_submit(&mut self, payload: &str, trace_id: Option<&str>, is_keyed: bool, now: Time) -> u32 {
        self.tick(now);
        let trace_id = trace_id.map_or_else(|| hex(&self.ids.trace_id()), str::to_owned);
        self.request(Kind::Submit, payload, is_keyed, |request| request.trace_id = Some(trace_id))
    }

    /// A page of the list of jobs: `{ filter, limit, cursor }`.
    pub fn handle_list(&mut self, payload: &str, now: Time) -> u32 {
        self.tick(now);
        self.request(Kind::List, payload, true, |_| {})
    }

    /// A job of another session: `{ job_id, from_event_seq, history }`. A job that is held already is given again.
    pub fn handle_subscribe(&mut self, job_id: &str, payload: &str, now: Time) -> u32 {
        self.tick(now);
        if !is_name(job_id) {
            let number = self.requests.number();
            self.refuse(number, &Fault::new(Code::Config, "a job's id has 1 to 256 bytes and no control characters"));
            return number;
        }
        let held = self.jobs.by_id(job_id).map(|job| job.handle);
        if let Some(handle) = held {
            let number = self.requests.number();
            match self.take_over(handle, payload, number) {
                Takeover::Done => return number,
                Takeover::Anew => return self.subscribe_to(job_id, payload),
                Takeover::None => {}
            }
            self.act(Action::Held { request: number, job: handle });
            return number;
        }
        self.subscribe_to(job_id, payload)
    }

    /// Asks for a job's end (ARCP 1.1 §7.4).
    pub fn handle_cancel(&mut self, job: u32, reason: &str, now: Time) -> u32 {
        self.tick(now);
        let Some(id) = self.jobs.get(job).map(|job| job.id.clone()) else {
            // It has ended.
            let number = self.requests.number();
            self.done(number);
            return number;
        };
        let payload = cancel_payload(&id, reason);
        self.request(Kind::Cancel, &payload, true, |request| {
            request.job = job;
            request.job_id = Some(id);
        })
    }

    /// The application is done with a job: of a subscription the runtime is told, a job of its own goes on.
    pub fn handle_unsubscribe(&mut self, job: u32, now: Time) {
        self.tick(now);
        let Some(held) = self.jobs.get(job) else { return };
        if held.is_own {
            held.set_reader(Reader::Gone);
        } else if let Some(job) = self.jobs.remove(job) {
            self.send_unsubscribe(&job.id);
            let fault = Fault::new(Code::Aborted, "the subscription was given up");
            self.job_failed(job.handle, &fault);
        }
        self.release();
    }

    /// What the application does with a job's events from now on.
    pub fn handle_reader(&mut self, job: u32, reader: Reader, now: Time) {
        self.tick(now);
        if let Some(job) = self.jobs.get(job) {
            job.set_reader(reader);
        }
        self.release();
    }

    /// The application has taken so many of a job's events.
    pub fn handle_read(&mut self, job: u32, count: u32, now: Time) {
        self.tick(now);
        if let Some(job) = self.jobs.get(job) {
            job.read(count);
        }
        self.release();
    }

    /// Nobody waits for this request any more. A job that comes of it is cancelled.
    pub fn handle_abandon(&mut self, number: u32, now: Time) {
        self.tick(now);
        if let Some(request) = self.requests.take(|request| request.number == number && !request.is_sent) {
            if request.kind == Kind::Subscribe {
                self.forget_job(request.job);
            }
            return;
        }
        if let Some(request) = self.requests.iter_mut().find(|request| request.number == number) {
            request.is_abandoned = true;
        }
    }

    /// Ends the session (ARCP 1.1 §6.7). Jobs go on.
    pub fn handle_close(&mut self, reason: &str, now: Time) {
        self.tick(now);
        self.close_reason = reason.chars().take(256).collect();
        match self.phase {
            Phase::Closed | Phase::Closing(_) => {}
            Phase::Open => {
                let payload = self.reason_payload();
                self.send("session.close", &payload, None, None);
                self.phase = Phase::Closing(self.now.plus(CLOSE_WAIT));
            }
            _ => self.closed(),
        }
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    pub(super) fn tick(&mut self, now: Time) {
        self.now = self.clock.read(now);
    }

    pub(super) fn act(&mut self, action: Action) {
        self.out.push_back(Output::Action(action));
    }

    /// Tells the application.
    pub(super) fn emit(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub(super) fn done(&mut self, number: u32) {
        self.act(Action::Done { request: number });
    }

    pub(super) fn refuse(&mut self, number: u32, fault: &Fault) {
        if number != 0 {
            self.act(Action::Refuse { request: number, fault: fault.clone() });
        }
    }

    pub(super) fn job_failed(&mut self, handle: u32, fault: &Fault) {
        self.act(Action::Fail { job: handle, fault: fault.clone() });
    }

    pub(super) fn drop_connection(&mut self, conn: u32, code: u16, reason: &'static str) {
        self.act(Action::Close { conn, code, reason });
    }

    /// Sends a frame of the open session, and gives its id.
    pub(super) fn send(&mut self, kind: &str, payload: &str, job_id: Option<&str>, trace_id: Option<&str>) -> String {
        let id = self.ids.next(self.now);
        let session_id = self.session.as_ref().map(|session| session.id.as_str());
        let text = Frame { session_id, job_id, trace_id, ..Frame::new(kind, &id, payload) }.write();
        self.transmit(self.conn, text);
        id
    }

    pub(super) fn transmit(&mut self, conn: u32, text: String) {
        self.keepalive.sent(self.now);
        self.act(Action::Send { conn, text });
    }

    pub(super) fn reason_payload(&self) -> String {
        Members::new().text("reason", &self.close_reason).end()
    }

    /// Takes a request in, and sends it if it can be sent now.
    pub(super) fn request(
        &mut self,
        kind: Kind,
        payload: &str,
        is_repeatable: bool,
        fill: impl FnOnce(&mut Request),
    ) -> u32 {
        let number = self.requests.number();
        let mut request = Request {
            number,
            kind,
            id: String::new(),
            payload: payload.into(),
            trace_id: None,
            job_id: None,
            job: 0,
            is_repeatable,
            is_sent: false,
            is_abandoned: false,
            due: None,
            size: 0,
            order: 0,
            attempts: 0,
        };
        fill(&mut request);
        let refusal = if let Some(InvalidPayload { path, problem, reason }) = payload_check::find(payload) {
            Some(Fault::new(Code::Config, &format!("`{path}` {problem}")).with("subject", &path).with("reason", reason))
        } else if self.phase == Phase::Closed || matches!(self.phase, Phase::Closing(_)) {
            Some(Fault::new(Code::SessionLost, "the session is closed"))
        } else if !self.requests.has_room() {
            Some(Fault::new(Code::Config, "too many requests wait for an answer"))
        } else {
            None
        };
        if let Some(fault) = refusal {
            if kind == Kind::Subscribe {
                self.forget_job(request.job);
            }
            self.refuse(number, &fault);
            return number;
        }
        self.requests.add(request);
        self.flush();
        self.release();
        number
    }

    /// Sends what can be sent.
    pub(super) fn flush(&mut self) {
        while self.phase == Phase::Open && self.renewal.as_ref().is_none_or(|renewal| renewal.ready.is_none()) {
            let (id, due) = (self.ids.next(self.now), self.now.plus(self.options.request));
            let order = self.requests.next_order();
            let Some(request) = self.requests.next_unsent() else { return };
            request.is_sent = true;
            request.id.clone_from(&id);
            request.due = Some(due);
            request.order = order;
            request.attempts += 1;
            let session_id = self.session.as_ref().map(|session| session.id.as_str());
            // A subscription names its job in the payload alone, a cancel in both places: SDKs differ.
            let job_id = if request.kind == Kind::Cancel { request.job_id.as_deref() } else { None };
            let trace_id = request.trace_id.as_deref();
            let frame =
                Frame { session_id, job_id, trace_id, ..Frame::new(request.kind.as_str(), &id, &request.payload) };
            let text = frame.write();
            request.size = text.len();
            if self.frame_limit.is_some_and(|limit| text.len() > limit) {
                self.refuse_too_large(Some(text.len()), None);
            } else {
                self.transmit(self.conn, text);
            }
        }
    }

    /// A request's frame is larger than the runtime takes: it hears its size, and the limit where that is known.
    pub(super) fn refuse_too_large(&mut self, size: Option<usize>, reported: Option<Fault>) {
        let Some(request) = self.requests.too_large(size) else { return };
        let (size, limit) = (request.size as i64, self.frame_limit.map(|limit| limit as i64));
        let fault = reported.unwrap_or_else(|| match limit {
            // As it would say itself.
            Some(limit) => {
                let message = format!("INVALID_REQUEST: a frame of {size} bytes is too large: {limit} are allowed");
                Fault::new(Code::Remote, &message)
                    .with_peer_code(ArcpCode::InvalidRequest)
                    .with("reason", "frame_too_large")
            }
            None => Fault::new(Code::Protocol, &format!("the runtime takes no frame of {size} bytes")),
        });
        let fault = fault.for_good().with_number("bytes", size);
        self.unanswered(&request, &limit.into_iter().fold(fault, |fault, limit| fault.with_number("limit", limit)));
    }
}

impl Machine for Client {
    type Action = Action;
    type Event = Event;

    fn poll_action(&mut self) -> Option<Action> {
        let at = self.out.iter().position(|output| matches!(output, Output::Action(_)))?;
        match self.out.remove(at) {
            Some(Output::Action(action)) => Some(action),
            _ => None,
        }
    }

    fn poll_event(&mut self) -> Option<Event> {
        let at = self.out.iter().position(|output| matches!(output, Output::Event(_)))?;
        match self.out.remove(at) {
            Some(Output::Event(event)) => Some(event),
            _ => None,
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.deadline()
    }

    fn handle_timeout(&mut self, now: Time) {
        self.tick(now);
        self.wake();
        if matches!(self.phase, Phase::Waiting(until) if until <= self.now) {
            // A pause of no length is over with its beginning.
            self.dial();
        }
    }
}

pub(super) fn cancel_payload(job_id: &str, reason: &str) -> String {
    // The Python SDK demands a reason; some read the id on the envelope, others here.
    Members::new().text("job_id", job_id).text("reason", reason).end()
}
