//! The token manager.
//!
//! | line | what comes in |
//! |---|---|
//! | `!1st` | the source (0 machine, 1 refresh token, 2 callback, 3 login, 4 key), with a storage, with other tabs; only as the first line |
//! | `a60` `f0` `w` | a caller that needs a token for so many seconds, or a fresh one; the timer |
//! | `p200 {…}` `P1` | the newest attempt performs what it is asked to, with this answer; or fails |
//! | `o200 {…}` `v` `T` | the oldest does; the newest vanishes; somebody takes it over |
//! | `i` `I…` `s{…}` `A{…}` | the token is refused, or another one; tokens are handed in; another tab has some |
//! | `O` `Z-1000` `n` `R` `F` `c` | signing out, here or elsewhere at that time; signing in; revoking; revoking, and whoever performs it vanishes; the page comes back |
//! | `d` `l` `L` | the endpoints are looked up; a login begins; it comes back, with `$random` for its state |
//! | `t1000` `j-1000` | time passes; the clock is set |

mod logins;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};

use arcgate::sans_io::{
    jose::{jwks_cache::FetchFailure, url::PlainHosts},
    json,
    machine::Machine as _,
    secret::Secret,
    time::{Span, Time},
    token::{
        jitter::Jitter,
        login::PendingLogin,
        manager::{
            Action, Answer, AttemptId, Manager, Options, RefreshTokenStatus, Request, RequesterId, Response, Task,
        },
        response,
        source::Source,
    },
};

use super::script::{self, START};

/// Nobody else says this.
const SECRET: &str = "secret-that-nobody-else-says";
const SOURCES: [&str; 5] = [
    r#"{"type":"client_credentials","tokenEndpoint":"https://i.example/token","clientId":"c","clientSecret":"secret-that-nobody-else-says"}"#,
    r#"{"type":"refresh_token","tokenEndpoint":"https://i.example/token","clientId":"c","refreshToken":"secret-that-nobody-else-says"}"#,
    r#"{"type":"callback","fetchToken":true}"#,
    r#"{"type":"authorization_code","issuer":"https://i.example","clientId":"c","redirectUri":"https://a.example/back"}"#,
    r#"{"type":"client_credentials","issuer":"https://i.example","clientId":"c","privateKey":true,"algorithm":"ES256"}"#,
];

/// What came out of the manager.
#[derive(Default)]
struct Drained {
    answer: Option<Answer>,
    started: Vec<AttemptId>,
    task: Option<Task>,
}

struct World {
    manager: Manager,
    now: i64,
    /// The clock was set: what is known of time is not what the manager knows.
    is_set: bool,
    storage: Option<String>,
    /// Attempts that somebody performs.
    attempts: Vec<AttemptId>,
    /// What they have under way.
    begun: BTreeMap<AttemptId, Task>,
    /// All attempts that began.
    known: BTreeSet<AttemptId>,
    /// When a refresh token was sent, and by whom.
    sent: BTreeMap<String, (AttemptId, i64)>,
    logins: usize,
    is_told: bool,
    has_had_token: bool,
    came: usize,
}

pub(crate) fn run(data: &[u8]) -> bool {
    let text = script::text(data);
    let first = text.lines().next().and_then(|line| line.strip_prefix('!')).unwrap_or_default();
    let number = first.bytes().next().map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')) % SOURCES.len());
    let options = json::parse_object(SOURCES[number].as_bytes()).expect("a source is JSON");
    let source = Source::from_options(&options, &PlainHosts::default()).expect("a source is good");
    let options = Options { has_storage: first.contains('s'), is_shared: first.contains('t'), ..Options::default() };
    let mut world = World {
        manager: Manager::new(source, options, Jitter::Fixed(0.5)),
        now: START,
        is_set: false,
        storage: None,
        attempts: Vec::new(),
        begun: BTreeMap::new(),
        known: BTreeSet::new(),
        sent: BTreeMap::new(),
        logins: 0,
        is_told: text.contains(SECRET),
        has_had_token: false,
        came: 0,
    };
    for (what, rest) in script::lines(&text) {
        world.came += rest.len();
        world.take(what, rest);
        let live = world.known.iter().filter(|attempt| world.manager.limit(**attempt).is_some()).count();
        assert!(live <= 4, "{live} attempts at once");
        while let Some(event) = world.manager.poll_event() {
            let shown = format!("{event:?}");
            assert!(world.is_told || !shown.contains(SECRET), "a secret in {shown}");
        }
    }
    let weight = script::weight(&world.manager);
    assert!(weight <= 20_000 + 16 * world.came, "{weight} bytes are kept of {}", world.came);
    assert!(world.is_told || !format!("{:?}", world.manager).contains(SECRET), "a secret is shown");
    if let Some(kept) = world.manager.export() {
        json::parse_object(kept.expose()).expect("what is kept is JSON");
    }
    world.has_had_token
}

impl World {
    fn time(&self) -> Time {
        Time::from_millis(self.now as f64)
    }

    fn take(&mut self, what: char, rest: &str) {
        let now = self.time();
        match what {
            'a' | 'f' => self.ask(what == 'f', script::number(rest).0.unwrap_or(0)),
            'w' => {
                self.manager.handle_timeout(now);
                self.start_all();
            }
            'p' | 'P' => self.perform(self.attempts.last().copied(), rest, what == 'P'),
            'o' => self.perform(self.attempts.first().copied(), rest, false),
            'v' => {
                self.begun.remove(&self.attempts.pop().unwrap_or(AttemptId(0)));
            }
            'T' => {
                if let Some(attempt) = self.attempts.last().copied() {
                    self.attempts.pop();
                    self.begun.remove(&attempt);
                    self.manager.handle_performer_gone(attempt, now);
                    self.start_all();
                }
            }
            'i' => {
                let token = self.manager.token().unwrap_or_default().to_owned();
                let was_there = self.manager.handle_refused_token(&token, now);
                assert!(!was_there || self.manager.token() != Some(token.as_str()), "a refused token is held");
            }
            'I' => _ = self.manager.handle_refused_token(rest, now),
            's' => {
                if let Ok(answer) = json::object_of(rest) {
                    if let Ok(tokens) = response::tokens(&answer) {
                        self.manager.handle_tokens(Box::new(tokens), now);
                    }
                }
            }
            'A' => _ = self.manager.handle_shared_tokens(rest, now),
            'O' => _ = self.manager.handle_sign_out(now, true, now),
            'Z' => {
                let at = Time::from_millis((self.now + script::jump(rest)) as f64);
                self.manager.handle_sign_out(at, false, now);
            }
            'n' => self.manager.handle_sign_in(now),
            'R' => {
                self.manager.handle_revocation(now);
                self.start_all();
            }
            'F' => {
                self.manager.handle_revocation(now);
                self.drain();
            }
            'c' => self.manager.handle_return(now),
            'd' => {
                self.manager.handle_discovery(now);
                self.start_all();
            }
            'l' => self.login(),
            'L' => self.come_back(rest),
            't' => self.now += script::millis(rest),
            'j' => {
                self.is_set = true;
                self.now = (self.now + script::jump(rest)).max(0);
            }
            _ => {}
        }
    }

    fn ask(&mut self, force: bool, min_secs: i64) {
        let now = self.time();
        let min_validity = Span::from_secs(min_secs.clamp(0, 100_000));
        let force = force.then(|| self.manager.requests());
        self.manager.handle_request(RequesterId(7), &Request { arrived: now, min_validity, force }, now);
        let Drained { started, answer, .. } = self.drain();
        match answer.expect("whoever asks is answered") {
            Answer::Token => {
                assert!(self.manager.token().is_some(), "no token, after all");
                self.has_had_token = true;
                let end = self.manager.expires_at();
                assert!(self.is_set || end.is_none_or(|end| end > now), "a token that has ended: {end:?}");
            }
            Answer::AskAgain => assert!(!started.is_empty(), "to be asked again, and nothing starts"),
            Answer::Wait(_, until) => {
                let wait = until.since(now);
                assert!(wait > Span::ZERO && wait <= Span::from_secs(66), "to be waited for: {wait:?}");
            }
            Answer::Refuse(error) => {
                let shown = format!("{error:?} {error}");
                assert!(self.is_told || !shown.contains(SECRET), "a secret in {shown}");
            }
        }
        started.into_iter().for_each(|attempt| self.start(attempt));
        // Others begin too, and vanish.
        if self.attempts.len() > 8 {
            self.attempts.remove(0);
        }
    }

    /// What came out, once.
    fn drain(&mut self) -> Drained {
        let mut drained = Drained::default();
        for action in self.manager.drain_actions() {
            match action {
                Action::Answer(requester, answer) => {
                    assert!(requester == RequesterId(7) && drained.answer.is_none(), "another one's answer");
                    drained.answer = Some(answer);
                }
                Action::Start(attempt) => drained.started.push(attempt),
                Action::Perform { task, .. } => drained.task = Some(task),
                Action::End(_) | Action::Resolve(..) => {}
            }
        }
        assert!(self.manager.poll_timeout().is_none_or(|at| at.as_millis() >= 0), "a deadline before all time");
        drained
    }

    fn start_all(&mut self) {
        for attempt in self.drain().started {
            self.start(attempt);
        }
    }

    fn start(&mut self, attempt: AttemptId) {
        self.known.insert(attempt);
        if !self.attempts.contains(&attempt) {
            self.attempts.push(attempt);
        }
        self.begin(attempt);
    }

    /// An attempt's performer does what it is asked to at once, unless it does already; what comes of it comes later.
    fn begin(&mut self, attempt: AttemptId) {
        if self.begun.contains_key(&attempt) {
            return;
        }
        self.manager.handle_ready(attempt, "unguessable", self.time());
        let Some(task) = self.drain().task else {
            self.attempts.retain(|other| *other != attempt);
            return;
        };
        assert!(self.manager.limit(attempt).is_some(), "an attempt without an end");
        if let Task::Post(request) = &task {
            let form = std::str::from_utf8(request.body.expose()).expect("a form is text").to_owned();
            if form.contains("grant_type=refresh_token") {
                self.sends(attempt, form);
            }
        }
        self.begun.insert(attempt, task);
    }
}
