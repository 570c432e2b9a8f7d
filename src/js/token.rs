//! The token manager's surface. See `npm/token/manager.ts` for the loop that drives it.

use wasm_bindgen::prelude::*;

use super::{
    error::{thrown, to_json},
    tabs::ask_action,
};
use crate::{
    config::{self, Reader},
    error::{Code, Error},
    http::{date, retry_after},
    jose::{jwks_cache::FetchFailure, url::PlainHosts},
    json::{self, write_string, Value},
    secret::Secret,
    time::{Span, Time},
    token::{
        denial,
        manager::{Action, AttemptId, Event, Input, Manager, Options, Request, Step},
        response,
        source::Source,
    },
};

// What `ask` returns; `npm/token/manager.ts` has the same numbers.
const REFUSED: u32 = 0;
const TOKEN: u32 = 1;
const BEGIN: u32 = 2;
const WAIT: u32 = 3;
const TOKEN_AND_BEGIN: u32 = 4;

/// A token manager.
#[wasm_bindgen]
#[derive(Debug)]
pub struct TokenCore {
    pub(super) manager: Manager,
    attempt: u32,
    wait: u32,
    error: Option<Error>,
}

#[wasm_bindgen]
impl TokenCore {
    /// A manager of a source's tokens; both arguments are JSON, without functions and keys.
    #[wasm_bindgen(constructor)]
    pub fn new(source: &str, options: &str) -> Result<TokenCore, JsValue> {
        Self::make(source, options).map_err(|error| thrown(&error))
    }

    fn make(source: &str, options: &str) -> Result<Self, Error> {
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
        Ok(Self { manager: Manager::new(source, options), attempt: 0, wait: 0, error: None })
    }

    /// What a caller does who came at `arrived` and asks at `now`. With `force`, what `requests` was when it came, for no older token.
    pub fn ask(&mut self, arrived: f64, now: f64, min_validity_ms: f64, force: Option<u32>) -> u32 {
        let now = Time::from_millis(now);
        let min_validity = Span::from_millis(min_validity_ms as i64);
        self.attempt = 0;
        match self.manager.ask(&Request { arrived: Time::from_millis(arrived), min_validity, force }, now) {
            Step::Token(beside) => {
                self.attempt = number(beside);
                if beside.is_some() {
                    TOKEN_AND_BEGIN
                } else {
                    TOKEN
                }
            }
            Step::Begin(attempt) => {
                self.attempt = attempt.0;
                BEGIN
            }
            Step::Wait(attempt, until) => {
                self.attempt = attempt.0;
                self.wait = until.since(now).as_millis().clamp(1, 120_000) as u32;
                WAIT
            }
            Step::Refused(error) => {
                self.error = Some(error);
                REFUSED
            }
        }
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

    /// When `wake` is worth calling, in milliseconds.
    pub fn deadline(&self, now: f64) -> Option<f64> {
        self.manager.deadline(Time::from_millis(now)).map(millis)
    }

    /// Time has passed. The attempt to begin; 0 for none.
    pub fn wake(&mut self, now: f64) -> u32 {
        number(self.manager.wake(Time::from_millis(now)))
    }

    /// Whoever performed this attempt is gone: whether the caller performs it from here.
    #[wasm_bindgen(js_name = takeOver)]
    pub fn take_over(&mut self, attempt: u32, now: f64, random: f64) -> bool {
        self.manager.take_over(AttemptId(attempt), Time::from_millis(now), random)
    }

    /// What an attempt does next, as JSON: `{ do, limitMs, … }`. `undefined` when it is over.
    pub fn action(&mut self, attempt: u32, id: &str, now: f64) -> Option<String> {
        let action = self.manager.action(AttemptId(attempt), id, Time::from_millis(now))?;
        let mut out = String::from("{\"do\":\"");
        if let Action::Ask { usual, long } = &action {
            return Some(ask_action(*usual, *long));
        }
        let (name, members): (&str, [(&str, Option<&str>); 3]) = match &action {
            Action::Load => ("load", [("", None); 3]),
            Action::Ask { .. } => return None,
            Action::Lock => ("lock", [("", None); 3]),
            Action::Delete => ("delete", [("", None); 3]),
            Action::Callback(reason) => ("call", [("reason", Some(reason.as_str())), ("", None), ("", None)]),
            Action::Get(url) => ("get", [("url", Some(url)), ("", None), ("", None)]),
            Action::Sign(input) => ("sign", [("input", Some(input)), ("", None), ("", None)]),
            Action::Post(request) => (
                "post",
                [
                    ("url", Some(&request.url)),
                    ("body", text(&request.body)),
                    ("authorization", request.authorization.as_ref().and_then(text)),
                ],
            ),
            Action::Verify { token, keys } => {
                ("verify", [("token", text(token)), ("keys", keys.as_deref()), ("", None)])
            }
            Action::Store(stored) => ("store", [("text", text(stored)), ("", None), ("", None)]),
        };
        out.push_str(name);
        out.push('"');
        // A refresh token may count once: its request is not broken off, or the answer would be lost.
        if !self.manager.is_delicate(AttemptId(attempt)) {
            out.push_str(",\"limitMs\":");
            let limit = self.manager.limit(AttemptId(attempt)).unwrap_or(Span::ZERO);
            out.push_str(&limit.as_millis().to_string());
        }
        for (name, value) in members {
            if let Some(value) = value {
                push_member(&mut out, name);
                write_string(&mut out, value);
            }
        }
        out.push('}');
        Some(out)
    }

    /// Hands in what the storage holds.
    pub fn loaded(&mut self, attempt: u32, text: Option<String>, now: f64, random: f64) {
        self.handle(attempt, Input::Loaded(text.as_deref()), now, random);
    }

    /// Hands in what the user's function gave, as JSON.
    pub fn called(&mut self, attempt: u32, text: &str, now: f64, random: f64) {
        self.handle(attempt, Input::Called(text.as_bytes()), now, random);
    }

    /// Says that the user's function threw an error of this name, and whether that says of itself that no retry mends it.
    pub fn threw(&mut self, attempt: u32, name: Option<String>, is_permanent: bool, now: f64, random: f64) {
        self.handle(attempt, Input::Threw { name: name.as_deref(), is_permanent }, now, random);
    }

    /// Hands in an answer, with its `Date` and its `Retry-After`.
    #[allow(clippy::too_many_arguments, reason = "an object would cost more than it explains; there is one caller")]
    pub fn response(
        &mut self,
        attempt: u32,
        status: u16,
        body: &[u8],
        date: Option<String>,
        retry_after: Option<String>,
        now: f64,
        random: f64,
    ) {
        let retry_after = retry_after::read(retry_after.as_deref(), date.as_deref(), Time::from_millis(now));
        let date = date.as_deref().and_then(date::parse);
        self.handle(attempt, Input::Response { status, body, date, retry_after }, now, random);
    }

    /// Says that there is no answer: `timeout`, `too_large`, `redirect`, or anything else.
    pub fn failed(&mut self, attempt: u32, why: &str, now: f64, random: f64) {
        let failure = match why {
            "timeout" => FetchFailure::Timeout,
            "too_large" => FetchFailure::TooLarge,
            "redirect" => FetchFailure::Redirect,
            _ => FetchFailure::Network,
        };
        self.handle(attempt, Input::Failed(failure), now, random);
    }

    /// Hands in a signature, in base64url.
    pub fn signed(&mut self, attempt: u32, signature: &str, now: f64, random: f64) {
        self.handle(attempt, Input::Signed(signature), now, random);
    }

    /// Says whether the storage did what it was asked for.
    pub fn stored(&mut self, attempt: u32, is_done: bool, now: f64, random: f64) {
        self.handle(attempt, Input::Stored(is_done), now, random);
    }

    /// Takes a token, or an object as in RFC 6749 §5.1, as JSON.
    pub fn set(&mut self, given: &str, now: f64, random: f64) -> Result<(), JsValue> {
        let tokens = match json::parse(given.as_bytes()) {
            Ok(Value::String(token)) => {
                response::bare(&token).ok_or_else(|| "is no token: it holds a character that none may hold".to_owned())
            }
            Ok(Value::Object(answer)) => response::tokens(&answer).map_err(|unusable| unusable.problem),
            _ => Err("must be a token, or an object with `access_token`".to_owned()),
        };
        match tokens {
            Ok(tokens) => {
                self.manager.set(Box::new(tokens), Time::from_millis(now), random);
                Ok(())
            }
            Err(problem) => Err(thrown(&Error::new(Code::Config, "what setToken was given ".to_owned() + &problem))),
        }
    }

    /// A server refused this token. Whether it was the present one.
    pub fn invalidate(&mut self, token: &str, now: f64) -> bool {
        self.manager.invalidate(token, Time::from_millis(now))
    }

    /// Takes over what another tab exported. Whether it was newer.
    pub fn adopt(&mut self, text: &str, now: f64, random: f64) -> bool {
        self.manager.adopt(text, Time::from_millis(now), random)
    }

    /// The tokens for a storage or another tab, as JSON.
    pub fn export(&self) -> Option<String> {
        self.manager.export().as_ref().and_then(text).map(str::to_owned)
    }

    /// What happened, as JSON; `undefined` when nothing more has.
    pub fn event(&mut self) -> Option<String> {
        let event = self.manager.poll_event()?;
        let mut out = String::from("{\"type\":\"");
        let (name, time) = match &event {
            Event::Refreshed { expires, .. } => ("refreshed", *expires),
            Event::Adopted { expires } => ("adopted", *expires),
            Event::Failed { retry_at, .. } => ("failed", *retry_at),
            Event::Expired => ("expired", None),
            Event::Revoked => ("revoked", None),
            Event::NotStored => ("not_stored", None),
            Event::SignedOut => ("signed_out", None),
        };
        out.push_str(name);
        out.push('"');
        match &event {
            Event::Refreshed { reason, .. } => {
                push_member(&mut out, "reason");
                write_string(&mut out, reason.as_str());
                if let Some(scope) = self.manager.scope() {
                    push_member(&mut out, "scope");
                    write_string(&mut out, scope);
                }
            }
            Event::Failed { error, retry_at } => {
                push_member(&mut out, "code");
                write_string(&mut out, error.code().as_str());
                push_member(&mut out, "reason");
                write_string(&mut out, error.message());
                out.push_str(if retry_at.is_none() { ",\"final\":true" } else { ",\"final\":false" });
            }
            _ => {}
        }
        if let Some(time) = time {
            push_member(&mut out, if matches!(event, Event::Failed { .. }) { "retryAt" } else { "expiresAt" });
            time.write_seconds(&mut out);
        }
        out.push('}');
        Some(out)
    }

    pub(super) fn handle(&mut self, attempt: u32, input: Input<'_>, now: f64, random: f64) {
        self.manager.handle(AttemptId(attempt), input, Time::from_millis(now), random);
    }
}

/// What an error of a user's function that gives tokens means, as JSON.
#[wasm_bindgen(js_name = sourceFailure)]
pub fn source_failure(who: &str, name: Option<String>, is_permanent: bool) -> String {
    to_json(&denial::source_failure(who, name.as_deref().unwrap_or_default(), is_permanent))
}

pub(super) fn text(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

pub(super) fn push_member(out: &mut String, name: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}

pub(super) fn number(attempt: Option<AttemptId>) -> u32 {
    attempt.map_or(0, |attempt| attempt.0)
}

fn millis(time: Time) -> f64 {
    time.as_millis() as f64
}
