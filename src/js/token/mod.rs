//! The token manager's surface. See `npm/token/manager.ts` for the loop that drives it.

use wasm_bindgen::prelude::*;

pub mod attached;
mod encode;
mod login;
mod tabs;

use super::error::{thrown, to_json};
use crate::{
    config::{self, Reader},
    error::{Code, Error},
    http::{date, retry_after},
    jose::{jwks_cache::FetchFailure, url::PlainHosts},
    json::Value,
    machine::Machine as _,
    seam::token::{BEGIN, REFUSED, TOKEN, TOKEN_AND_BEGIN, WAIT},
    time::{Span, Time},
    token::{
        denial,
        jitter::Jitter,
        manager::{Action, Answer, AttemptId, Manager, Options, Outcome, Request, RequesterId, Response, Thrown},
        response,
        source::Source,
    },
};

/// Outcomes that nobody has asked for yet.
const MAX_OUTCOMES: usize = 8;

/// A token manager, drained after each input: what came out is read by the methods behind it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct TokenCore {
    manager: Manager,
    /// What whoever asked last does.
    answer: Option<Answer>,
    /// The attempt that is to be performed, or waited for.
    attempt: u32,
    wait: u32,
    error: Option<Error>,
    /// The task of whoever said last that it is ready.
    task: Option<String>,
    /// How attempts ended that somebody waits for.
    outcomes: Vec<(AttemptId, Outcome)>,
}

#[wasm_bindgen]
impl TokenCore {
    /// A manager of a source's tokens; both are JSON, without functions and keys. `seed` is random, and guards nothing.
    #[wasm_bindgen(constructor)]
    pub fn new(source: &str, options: &str, seed: f64) -> Result<TokenCore, JsValue> {
        Self::make(source, options, seed).map_err(|error| thrown(&error))
    }

    fn make(source: &str, options: &str, seed: f64) -> Result<Self, Error> {
        let given = config::object(options, "")?;
        let mut reader = Reader::new("", &given);
        let mut options = Options { refresh_margin: reader.seconds("refreshLeadSec")?, ..Options::default() };
        if let Some(millis) = reader.number("timeoutMs", 10.0, 60_000.0)? {
            options.timeout = Span::from_millis(millis as i64);
        }
        options.has_storage = reader.take("hasStorage").and_then(Value::as_bool) == Some(true);
        options.is_shared = reader.take("shareAcrossTabs").and_then(Value::as_bool) == Some(true);
        for name in ["storage", "fetch", "now", "onEvent"] {
            reader.take(name);
        }
        let hosts = PlainHosts::read(&mut reader)?;
        reader.finish()?;
        let source = Source::from_options(&config::object(source, "source")?, &hosts)?;
        Ok(Self {
            manager: Manager::new(source, options, Jitter::new(seed.to_bits())),
            answer: None,
            attempt: 0,
            wait: 0,
            error: None,
            task: None,
            outcomes: Vec::new(),
        })
    }

    /// What a requester does who came at `arrived` and asks at `now`. With `force`, what `requests` was when it came, for no older
    /// token.
    #[wasm_bindgen(js_name = handleRequest)]
    pub fn handle_request(&mut self, arrived: f64, now: f64, min_validity_ms: f64, force: Option<u32>) -> u32 {
        let now = Time::from_millis(now);
        let min_validity = Span::from_millis(min_validity_ms as i64);
        let request = Request { arrived: Time::from_millis(arrived), min_validity, force };
        // It is answered before this returns, so nobody else's answer can be taken for its own.
        self.manager.handle_request(RequesterId(0), &request, now);
        let started = self.drain();
        match self.answer.take() {
            Some(Answer::Token) if started == 0 => TOKEN,
            Some(Answer::Token) => TOKEN_AND_BEGIN,
            Some(Answer::AskAgain) => BEGIN,
            Some(Answer::Wait(attempt, until)) => {
                self.attempt = attempt.0;
                self.wait = until.since(now).as_millis().clamp(1, 120_000) as u32;
                WAIT
            }
            Some(Answer::Refuse(error)) => {
                self.error = Some(error);
                REFUSED
            }
            None => REFUSED,
        }
    }

    /// Takes all that came out. Gives the attempt that is to be performed; 0 for none.
    fn drain(&mut self) -> u32 {
        self.attempt = 0;
        self.task = None;
        while let Some(action) = self.manager.poll_action() {
            match action {
                Action::Answer(_, answer) => self.answer = Some(answer),
                Action::Start(attempt) => self.attempt = attempt.0,
                Action::Perform { task, limit, .. } => self.task = Some(encode::task(&task, limit)),
                Action::End(_) => {}
                Action::Resolve(attempt, outcome) => {
                    if self.outcomes.len() >= MAX_OUTCOMES {
                        drop(self.outcomes.remove(0));
                    }
                    self.outcomes.push((attempt, outcome));
                }
            }
        }
        self.attempt
    }

    /// How many requests for tokens there were: what `force` is for somebody who comes now.
    pub fn requests(&self) -> u32 {
        self.manager.requests()
    }

    /// The attempt of the last step; 0 for none.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long the last step waits, in milliseconds.
    pub fn wait(&self) -> u32 {
        self.wait
    }

    /// Why the last step refused, as JSON.
    pub fn error(&mut self) -> String {
        to_json(&self.error.take().unwrap_or_else(|| Error::new(Code::Internal, "no error is known")))
    }

    /// The access token.
    pub fn token(&self) -> Option<String> {
        self.manager.token().map(str::to_owned)
    }

    /// When it ends, in milliseconds.
    #[wasm_bindgen(js_name = expiresAt)]
    pub fn expires_at(&self) -> Option<f64> {
        self.manager.expires_at().map(millis)
    }

    /// `empty`, `valid`, `refreshing` or `failed`.
    pub fn state(&self, now: f64) -> String {
        self.manager.state(Time::from_millis(now)).as_str().to_owned()
    }

    /// When `handleTimeout` is worth calling, in milliseconds.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Option<f64> {
        self.manager.poll_timeout().map(millis)
    }

    /// Time has passed. The attempt to begin; 0 for none.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: f64) -> u32 {
        self.manager.handle_timeout(Time::from_millis(now));
        self.drain()
    }

    /// Whoever performed this attempt is gone: whether the caller performs it from here.
    #[wasm_bindgen(js_name = handlePerformerGone)]
    pub fn handle_performer_gone(&mut self, attempt: u32, now: f64) -> bool {
        self.manager.handle_performer_gone(AttemptId(attempt), Time::from_millis(now));
        self.drain() != 0
    }

    /// What an attempt does next, as JSON: `{ do, limitMs, … }`. `undefined` when it is over.
    #[wasm_bindgen(js_name = handleReady)]
    pub fn handle_ready(&mut self, attempt: u32, jti: &str, now: f64) -> Option<String> {
        self.manager.handle_ready(AttemptId(attempt), jti, Time::from_millis(now));
        self.drain();
        self.task.take()
    }

    /// Hands in what the storage holds.
    #[wasm_bindgen(js_name = handleLoaded)]
    pub fn handle_loaded(&mut self, attempt: u32, text: Option<String>, now: f64) {
        self.manager.handle_loaded(AttemptId(attempt), text.as_deref(), Time::from_millis(now));
        self.drain();
    }

    /// Hands in what the user's function gave, as JSON.
    #[wasm_bindgen(js_name = handleCallback)]
    pub fn handle_callback(&mut self, attempt: u32, text: &str, now: f64) {
        self.manager.handle_callback(AttemptId(attempt), text.as_bytes(), Time::from_millis(now));
        self.drain();
    }

    /// Says that the user's function threw an error of this name, and whether that says of itself that no retry mends it.
    #[wasm_bindgen(js_name = handleCallbackError)]
    pub fn handle_callback_error(&mut self, attempt: u32, name: Option<String>, is_permanent: bool, now: f64) {
        let thrown = Thrown { name: name.as_deref(), is_permanent };
        self.manager.handle_callback_error(AttemptId(attempt), thrown, Time::from_millis(now));
        self.drain();
    }

    /// Hands in an answer, with its `Date` and its `Retry-After`.
    #[wasm_bindgen(js_name = handleResponse)]
    pub fn handle_response(
        &mut self,
        attempt: u32,
        status: u16,
        body: &[u8],
        date: Option<String>,
        retry_after: Option<String>,
        now: f64,
    ) {
        let now = Time::from_millis(now);
        let retry_after = retry_after::read(retry_after.as_deref(), date.as_deref(), now);
        let date = date.as_deref().and_then(date::parse);
        self.manager.handle_response(AttemptId(attempt), Response { status, body, date, retry_after }, now);
        self.drain();
    }

    /// Says that there is no answer: `timeout`, `too_large`, `redirect`, or anything else.
    #[wasm_bindgen(js_name = handleFailure)]
    pub fn handle_failure(&mut self, attempt: u32, why: &str, now: f64) {
        let failure = match why {
            "timeout" => FetchFailure::Timeout,
            "too_large" => FetchFailure::TooLarge,
            "redirect" => FetchFailure::Redirect,
            _ => FetchFailure::Network,
        };
        self.manager.handle_failure(AttemptId(attempt), failure, Time::from_millis(now));
        self.drain();
    }

    /// Hands in a signature, in base64url.
    #[wasm_bindgen(js_name = handleSignature)]
    pub fn handle_signature(&mut self, attempt: u32, signature: &str, now: f64) {
        self.manager.handle_signature(AttemptId(attempt), signature, Time::from_millis(now));
        self.drain();
    }

    /// Says whether the storage did what it was asked for.
    #[wasm_bindgen(js_name = handleStored)]
    pub fn handle_stored(&mut self, attempt: u32, is_done: bool, now: f64) {
        self.manager.handle_stored(AttemptId(attempt), is_done, Time::from_millis(now));
        self.drain();
    }

    /// Takes a token, or an object as in RFC 6749 §5.1, as JSON.
    #[wasm_bindgen(js_name = handleTokens)]
    pub fn handle_tokens(&mut self, given: &str, now: f64) -> Result<(), JsValue> {
        match response::given(given.as_bytes()) {
            Ok(tokens) => {
                self.manager.handle_tokens(Box::new(tokens), Time::from_millis(now));
                Ok(())
            }
            Err(problem) => Err(thrown(&Error::new(Code::Config, "what setToken was given ".to_owned() + &problem))),
        }
    }

    /// A server refused this token. Whether it was the present one.
    #[wasm_bindgen(js_name = handleRefusedToken)]
    pub fn handle_refused_token(&mut self, token: &str, now: f64) -> bool {
        self.manager.handle_refused_token(token, Time::from_millis(now))
    }

    /// What happened, as JSON; `undefined` when nothing more has.
    #[wasm_bindgen(js_name = pollEvent)]
    pub fn poll_event(&mut self) -> Option<String> {
        let event = self.manager.poll_event()?;
        Some(encode::event(&event, self.manager.scope()))
    }
}

/// What an error of a user's function that gives tokens means, as JSON.
#[wasm_bindgen(js_name = sourceFailure)]
pub fn source_failure(who: &str, name: Option<String>, is_permanent: bool) -> String {
    to_json(&denial::source_failure(who, name.as_deref().unwrap_or_default(), is_permanent))
}

fn millis(time: Time) -> f64 {
    time.as_millis() as f64
}
