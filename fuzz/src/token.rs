//! The token manager.
//!
//! | line | what comes in |
//! |---|---|
//! | `!1st` | the source (0 machine, 1 refresh token, 2 callback, 3 login, 4 key), with a storage, with other tabs; only as the first line |
//! | `a60` `f0` `w` | a caller that needs a token for so many seconds, or a fresh one; the timer |
//! | `p200 {…}` `P1` | the newest attempt performs what it is asked to, with this answer; or fails |
//! | `o200 {…}` `v` `T` | the oldest does; the newest vanishes; somebody takes it over |
//! | `i` `I…` `s{…}` `A{…}` | the token is refused, or another one; tokens are handed in; another tab has some |
//! | `O` `Z-1000` `n` `R` `F` `c` | signing out, here or elsewhere at that time; signing in; revoking; forgetting; the page comes back |
//! | `d` `l` `L` | the endpoints are looked up; a login begins; it comes back, with `$random` for its state |
//! | `t1000` `j-1000` | time passes; the clock is set |

use std::collections::{BTreeMap, BTreeSet};

use arcgate::{
    jose::{jwks_cache::FetchFailure, url::PlainHosts},
    json,
    secret::Secret,
    time::{Span, Time},
    token::{
        login::Pending,
        manager::{Action, AttemptId, Input, Manager, Options, RefreshTokenStatus, Request, Step},
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

struct World {
    manager: Manager,
    now: i64,
    /// The clock was set: what is known of time is not what the manager knows.
    is_set: bool,
    storage: Option<String>,
    /// Attempts that somebody performs.
    attempts: Vec<AttemptId>,
    /// What they have under way.
    begun: BTreeMap<AttemptId, Action>,
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
        manager: Manager::new(source, options),
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
                let attempt = self.manager.wake(now);
                self.start(attempt);
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
                    let is_mine = self.manager.take_over(attempt, now, 0.5);
                    self.start(is_mine.then_some(attempt));
                }
            }
            'i' => {
                let token = self.manager.token().unwrap_or_default().to_owned();
                let was_there = self.manager.invalidate(&token, now);
                assert!(!was_there || self.manager.token() != Some(token.as_str()), "a refused token is held");
            }
            'I' => _ = self.manager.invalidate(rest, now),
            's' => {
                if let Ok(answer) = json::object_of(rest) {
                    if let Ok(tokens) = response::tokens(&answer) {
                        self.manager.set(Box::new(tokens), now, 0.5);
                    }
                }
            }
            'A' => _ = self.manager.adopt(rest, now, 0.5),
            'O' => _ = self.manager.sign_out(now, true, now),
            'Z' => {
                let at = Time::from_millis((self.now + script::jump(rest)) as f64);
                self.manager.sign_out(at, false, now);
            }
            'n' => self.manager.sign_in(),
            'R' => {
                let attempt = self.manager.revoke(now);
                self.start(attempt);
            }
            'F' => self.manager.forget(),
            'c' => self.manager.came_back(),
            'd' => {
                let attempt = self.manager.discover(now);
                self.start(attempt);
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
        match self.manager.ask(&Request { arrived: now, min_validity, force }, now) {
            Step::Token(beside) => {
                assert!(self.manager.token().is_some(), "no token, after all");
                self.has_had_token = true;
                let end = self.manager.expires_at();
                assert!(self.is_set || end.is_none_or(|end| end > now), "a token that has ended: {end:?}");
                self.start(beside);
            }
            Step::Begin(attempt) => self.start(Some(attempt)),
            Step::Wait(_, until) => {
                let wait = until.since(now);
                assert!(wait > Span::ZERO && wait <= Span::from_secs(66), "to be waited for: {wait:?}");
            }
            Step::Refused(error) => {
                let shown = format!("{error:?} {error}");
                assert!(self.is_told || !shown.contains(SECRET), "a secret in {shown}");
            }
        }
        // Others begin too, and vanish.
        if self.attempts.len() > 8 {
            self.attempts.remove(0);
        }
    }

    fn start(&mut self, attempt: Option<AttemptId>) {
        let Some(attempt) = attempt else { return };
        self.known.insert(attempt);
        if !self.attempts.contains(&attempt) {
            self.attempts.push(attempt);
        }
        self.begin(attempt);
    }

    /// An attempt's owner does what it is asked to at once, unless it does already; what comes of it comes later.
    fn begin(&mut self, attempt: AttemptId) {
        if self.begun.contains_key(&attempt) {
            return;
        }
        let Some(action) = self.manager.action(attempt, "unguessable", self.time()) else {
            self.attempts.retain(|other| *other != attempt);
            let _ = self.manager.outcome(attempt);
            return;
        };
        assert!(self.manager.limit(attempt).is_some(), "an attempt without an end");
        if let Action::Post(request) = &action {
            let form = std::str::from_utf8(request.body.expose()).expect("a form is text").to_owned();
            if form.contains("grant_type=refresh_token") {
                self.sends(attempt, form);
            }
        }
        self.begun.insert(attempt, action);
    }

    fn perform(&mut self, attempt: Option<AttemptId>, rest: &str, fails: bool) {
        let (Some(attempt), now) = (attempt, self.time()) else { return };
        let (status, body) = script::number(rest);
        let status = status.map_or(200, |status| status as u16);
        let Some(action) = self.begun.remove(&attempt) else { return };
        let storage = self.storage.clone();
        let (date, retry_after) = (None, (status == 429).then_some(Span::from_secs(30)));
        let input = match action {
            _ if fails => Input::Failed(if status == 1 { FetchFailure::Timeout } else { FetchFailure::Network }),
            Action::Load => Input::Loaded(if body.is_empty() { storage.as_deref() } else { Some(body) }),
            Action::Lock => Input::Locked(status == 200),
            Action::Ask { .. } => {
                Input::Asked(if status == 200 { RefreshTokenStatus::Usable } else { RefreshTokenStatus::Rotated })
            }
            Action::Callback(_) => Input::Called(body.as_bytes()),
            Action::Get(_) | Action::Post(_) => Input::Response { status, body: body.as_bytes(), date, retry_after },
            Action::Sign(input) => {
                assert!(input.bytes().all(|byte| byte.is_ascii_graphic()), "what is signed is base64url: {input}");
                Input::Signed("c2ln")
            }
            Action::Verify { .. } => Input::Verified(if status == 200 { Ok(body) } else { Err("signature") }),
            Action::Store(text) => {
                let text = String::from_utf8(text.expose().to_vec()).expect("what is stored is text");
                json::object_of(&text).expect("what is stored is JSON");
                self.storage = (status == 200).then_some(text);
                Input::Stored(status == 200)
            }
            Action::Delete => {
                self.storage = None;
                Input::Stored(true)
            }
        };
        self.manager.handle(attempt, input, now, 0.5);
        self.begin(attempt);
    }

    /// A refresh token counts once: while its answer may come, nobody else sends it.
    fn sends(&mut self, attempt: AttemptId, form: String) {
        let last = self.sent.insert(form, (attempt, self.now));
        let Some((other, at)) = last.filter(|(other, _)| *other != attempt) else { return };
        let is_under_way = self.manager.is_delicate(other) && self.now - at < 60_000;
        assert!(self.is_set || !is_under_way, "a refresh token is sent while its answer may come");
    }

    fn login(&mut self) {
        self.logins += 1;
        let secret = |what: &str| Secret::new(format!("{what}-{}", self.logins));
        let begun = self.time();
        let login = Pending {
            state: secret("state"),
            nonce: "n".to_owned(),
            verifier: secret("verifier"),
            return_to: Some("https://a.example/".to_owned()),
            begun,
        };
        if let Ok(url) = self.manager.begin_login(login, "challenge", &[]) {
            assert!(url.starts_with("https://"), "{url}");
            assert!(!url.contains("verifier-"), "the verifier is in {url}");
        }
        let kept = self.manager.waiting().to_json(self.manager.source_id());
        json::object_of(&kept).expect("what waits is JSON");
        self.manager.set_waiting(&kept);
    }

    fn come_back(&mut self, rest: &str) {
        let state = format!("state-{}", self.logins);
        let query: Vec<(&str, &str)> = rest
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, if value == "$random" { state.as_str() } else { value }))
            .collect();
        match self.manager.complete_login(&query, self.time()) {
            Ok((attempt, return_to)) => {
                assert!(return_to.is_none_or(|url| url.starts_with("https://")), "back to nowhere");
                let again = self.manager.complete_login(&query, self.time());
                assert!(again.is_err(), "an answer counts once");
                self.start(Some(attempt));
            }
            Err(error) => assert!(!format!("{error:?}").contains(&state), "the state is in an error"),
        }
        assert!(self.manager.logout_url().is_none_or(|url| url.starts_with("https://")), "out to nowhere");
    }
}
