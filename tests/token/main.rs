//! The token manager over time: a clock that the test sets, a provider and a storage that the test plays.
#![cfg(not(target_arch = "wasm32"))]

mod callbacks;
mod claims;
mod crowded_tabs;
mod driver;
mod ended_logins;
mod failures;
mod forced;
mod interleaved;
mod late_answers;
mod login_failures;
mod logins;
mod lost_attempts;
mod operations;
mod outages;
mod properties;
mod refusals;
mod rotation;
mod saved_refresh_tokens;
mod sources;
mod tabs;
mod timelines;

use arcgate::sans_io::{
    error::{Code, Error},
    jose::{jwks_cache::FetchFailure, url::PlainHosts},
    json,
    machine::Machine as _,
    time::{Span, Time},
    token::{
        jitter::Jitter,
        manager::{AttemptId, Event, Options, Reason, RefreshTokenStatus, Request, State, TabMessage, Task},
        source::Source,
    },
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

use self::driver::{Driver, Input, Step};

const MACHINE: &str = r#"{"type":"client_credentials","tokenEndpoint":"https://i.example/token","clientId":"c","clientSecret":"hunter2"}"#;
const PERSON: &str =
    r#"{"type":"refresh_token","tokenEndpoint":"https://i.example/token","clientId":"c","refreshToken":"r0"}"#;
const CALLBACK: &str = r#"{"type":"callback","fetchToken":true}"#;

/// What the provider, or a function, does when it is asked.
#[derive(Clone, Debug)]
enum Reply {
    /// A token of so many seconds.
    Life(i64),
    /// This answer.
    Answer(u16, String),
    /// What a callback gives, as JSON.
    Called(String),
    Fails(FetchFailure),
    /// Nothing: whoever asked has vanished.
    Vanishes,
}

/// A manager, its clock in milliseconds, and what it has asked for.
struct World {
    manager: Driver,
    now: i64,
    minted: usize,
    /// The bodies of the requests, or the reasons of the calls.
    requests: Vec<String>,
    /// The storage's content, with a storage.
    storage: Option<String>,
    /// What comes of an ID token.
    verified: Result<&'static str, &'static str>,
    stores: usize,
    /// What answers say of the server's time and of when to come again.
    date: Option<i64>,
    retry_after: Option<i64>,
    reply: Reply,
    /// Replies that come before `reply`.
    replies: Vec<Reply>,
}

impl World {
    fn of(source: &str) -> Self {
        Self::with(source, Options::default())
    }

    fn with(source: &str, options: Options) -> Self {
        Self::jittered(source, options, Jitter::Fixed(0.5))
    }

    fn jittered(source: &str, options: Options, jitter: Jitter) -> Self {
        let source =
            Source::from_options(&json::parse_object(source.as_bytes()).unwrap(), &PlainHosts::default()).unwrap();
        Self {
            manager: Driver::new(source, options, jitter),
            now: 1_800_000_000_000,
            minted: 0,
            requests: Vec::new(),
            storage: None,
            verified: Ok(r#"{"nonce":"n","aud":"c"}"#),
            stores: 0,
            date: None,
            retry_after: None,
            reply: Reply::Life(3600),
            replies: Vec::new(),
        }
    }

    fn stored(source: &str) -> Self {
        Self::with(source, Options { has_storage: true, ..Options::default() })
    }

    fn time(&self) -> Time {
        Time::from_millis(self.now as f64)
    }

    fn sleep(&mut self, secs: f64) {
        self.now += (secs * 1000.0) as i64;
    }

    fn request(&self, force: bool, min_secs: i64) -> Request {
        let force = force.then(|| self.manager.requests());
        Request { arrived: self.time(), min_validity: Span::from_secs(min_secs), force }
    }

    fn get(&mut self) -> Result<String, Error> {
        self.ask(false, 0)
    }

    fn force(&mut self) -> Result<String, Error> {
        self.ask(true, 0)
    }

    /// A caller that performs what it is asked to, and waits as long as it must.
    fn ask(&mut self, force: bool, min_secs: i64) -> Result<String, Error> {
        let request = self.request(force, min_secs);
        for _ in 0..20 {
            match self.manager.ask(&request, self.time()) {
                Step::Token(beside) => {
                    let token = self.manager.token().unwrap().to_owned();
                    if let Some(attempt) = beside {
                        self.run(attempt);
                    }
                    return Ok(token);
                }
                Step::Begin(attempt) => self.run(attempt),
                Step::Wait(_, until) => self.now = self.now.max(until.as_millis()),
                Step::Refused(error) => return Err(error),
            }
        }
        panic!("no progress");
    }

    /// What the driver's timer does.
    fn wake(&mut self) -> bool {
        let attempt = self.manager.wake(self.time());
        if let Some(attempt) = attempt {
            self.run(attempt);
        }
        attempt.is_some()
    }

    fn run(&mut self, attempt: AttemptId) {
        let mut actions = 0;
        while self.step(attempt) {
            actions += 1;
            assert!(actions < 20, "an attempt goes on and on");
        }
    }

    /// One action of an attempt, and what comes of it.
    fn step(&mut self, attempt: AttemptId) -> bool {
        let Some(action) = self.manager.task(attempt, "unguessable", self.time()) else { return false };
        let now = self.time();
        let storage = self.storage.clone();
        let body;
        let input = match action {
            Task::Load => Input::Loaded(storage.as_deref()),
            Task::Store(text) => {
                self.storage = Some(String::from_utf8(text.expose().to_vec()).unwrap());
                self.stores += 1;
                Input::Stored(true)
            }
            Task::Delete => {
                self.storage = None;
                Input::Stored(true)
            }
            Task::Lock => Input::Locked(true),
            Task::AskTabs { .. } => Input::Asked(RefreshTokenStatus::Usable),
            Task::Sign(_) => Input::Signed("c2ln"),
            Task::Verify { .. } => Input::Verified(self.verified),
            Task::Get(url) => {
                self.requests.push(url);
                body = self.next_reply();
                self.input(&body)
            }
            Task::Callback(reason) => {
                self.requests.push(reason.as_str().to_owned());
                body = self.next_reply();
                match &body {
                    Reply::Called(text) => Input::Called(text.as_bytes()),
                    Reply::Vanishes => return false,
                    other => self.input(other),
                }
            }
            Task::Post(request) => {
                self.requests.push(String::from_utf8(request.body.expose().to_vec()).unwrap());
                body = self.next_reply();
                if matches!(body, Reply::Vanishes) {
                    return false;
                }
                self.input(&body)
            }
        };
        self.manager.handle(attempt, input, now);
        true
    }

    fn next_reply(&mut self) -> Reply {
        let reply = if self.replies.is_empty() { self.reply.clone() } else { self.replies.remove(0) };
        match reply {
            Reply::Life(secs) => {
                self.minted += 1;
                Reply::Answer(200, self.tokens(&format!(",\"expires_in\":{secs}")))
            }
            other => other,
        }
    }

    fn input<'r>(&self, reply: &'r Reply) -> Input<'r> {
        match reply {
            Reply::Answer(status, body) => Input::Response {
                status: *status,
                body: body.as_bytes(),
                date: self.date.map(|date| Time::from_millis(date as f64)),
                retry_after: self.retry_after.map(Span::from_secs),
            },
            Reply::Fails(failure) => Input::Failed(*failure),
            _ => panic!("{reply:?}"),
        }
    }

    fn tokens(&self, more: &str) -> String {
        format!(r#"{{"access_token":"t{}","token_type":"Bearer"{more}}}"#, self.minted)
    }

    fn answers(&mut self, more: &str) {
        self.minted += 1;
        self.reply = Reply::Answer(200, self.tokens(more));
    }

    fn down(&mut self) {
        self.reply = Reply::Answer(503, "down".into());
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.manager.poll_event()).collect()
    }

    fn state(&self) -> State {
        self.manager.state(self.time())
    }

    /// Seconds until the driver's timer fires.
    fn deadline(&self) -> Option<f64> {
        Some(self.manager.poll_timeout()?.since(self.time()).as_millis() as f64 / 1000.0)
    }
}

fn jwt(claims: &str) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

fn error(status: u16, name: &str) -> Reply {
    Reply::Answer(status, format!(r#"{{"error":"{name}","error_description":"t1 r0 hunter2"}}"#))
}

fn code(result: Result<String, Error>) -> Code {
    result.unwrap_err().code()
}

/// The provider's next answer has another refresh token.
fn rotated(world: &mut World) {
    world.minted += 1;
    let more = format!(",\"expires_in\":600,\"refresh_token\":\"r{}\"", world.minted);
    world.reply = Reply::Answer(200, world.tokens(&more));
}
