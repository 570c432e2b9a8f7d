//! What is around a verifier, and tokens for it.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::{Poll, Waker},
};

use arcgate::{
    fetch::{Failure, Request, Response},
    verifier::Builder,
    Error, JwtVerifier, Provider, Time, VerifiedToken,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use jwt_compact::{
    alg::{Ed25519, SigningKey as _},
    jwk::JsonWebKey,
    Algorithm, AlgorithmSignature,
};

use super::tasks::{Outcome, Tasks};

pub(super) const ISSUER: &str = "https://issuer.example";
/// When everything begins, in milliseconds.
const START: i64 = 1_800_000_000_000;

/// A request that nobody has answered yet, or somebody has.
struct Asked {
    url: String,
    answer: Option<Result<Response, Failure>>,
    waker: Option<Waker>,
    /// Whether whoever asked has gone.
    is_dropped: bool,
}

#[derive(Default)]
struct State {
    now: i64,
    asked: Vec<Asked>,
    sleeping: Vec<(i64, Waker)>,
}

/// The clock, the network, and whoever runs.
pub(super) struct World {
    state: Arc<Mutex<State>>,
    pub(super) tasks: Tasks,
    pub(super) verifier: JwtVerifier,
}

/// Says that whoever asked has gone.
struct Gone(Arc<Mutex<State>>, usize);

impl Drop for Gone {
    fn drop(&mut self) {
        lock(&self.0).asked[self.1].is_dropped = true;
    }
}

fn lock(state: &Arc<Mutex<State>>) -> MutexGuard<'_, State> {
    state.lock().unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// With other options besides.
    pub(super) fn with(options: impl FnOnce(Builder) -> Builder) -> Self {
        let state = Arc::new(Mutex::new(State { now: START, ..State::default() }));
        let (clock, network, timers) = (Arc::clone(&state), Arc::clone(&state), Arc::clone(&state));
        let provider = Provider::jwks_uri(ISSUER, format!("{ISSUER}/jwks")).audience("me");
        let builder = JwtVerifier::builder()
            .provider("a", provider)
            .clock(move || Time::from_millis(lock(&clock).now as f64))
            .fetch(move |request: Request| {
                let network = Arc::clone(&network);
                let at = {
                    let mut state = lock(&network);
                    state.asked.push(Asked { url: request.url, answer: None, waker: None, is_dropped: false });
                    state.asked.len() - 1
                };
                let gone = Gone(Arc::clone(&network), at);
                async move {
                    let answer = poll_fn(|context| {
                        let asked = &mut lock(&network).asked[at];
                        asked.waker = Some(context.waker().clone());
                        asked.answer.take().map_or(Poll::Pending, Poll::Ready)
                    })
                    .await;
                    std::mem::forget(gone);
                    answer
                }
            })
            .sleep(move |length| {
                let timers = Arc::clone(&timers);
                let until = lock(&timers).now.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
                poll_fn(move |context| {
                    let mut state = lock(&timers);
                    if state.now >= until {
                        return Poll::Ready(());
                    }
                    state.sleeping.push((until, context.waker().clone()));
                    Poll::Pending
                })
            });
        Self { state, tasks: Tasks::default(), verifier: options(builder).build().unwrap() }
    }

    /// One whose verifier has these keys.
    pub(super) fn warm(keys: &[u8]) -> Self {
        let mut world = Self::new();
        let (_, outcome) = world.verify(token(keys[0], "warm"));
        world.tasks.run();
        world.answer(keys);
        assert!(outcome.take().unwrap().is_ok());
        world
    }

    /// A task that verifies a token, which is not polled yet.
    pub(super) fn verify(&mut self, token: String) -> (usize, Outcome<Result<VerifiedToken, Error>>) {
        let verifier = self.verifier.clone();
        self.tasks.add(async move { verifier.verify(&token).await })
    }

    /// What becomes of a token for which nobody has to wait.
    pub(super) fn verdict(&mut self, token: String) -> Result<VerifiedToken, Error> {
        let (_, outcome) = self.verify(token);
        self.tasks.run();
        outcome.take().expect("somebody has to be waited for")
    }

    /// How many requests were made.
    pub(super) fn requests(&self) -> usize {
        lock(&self.state).asked.len()
    }

    /// How many timers were set that have not rung.
    pub(super) fn timers(&self) -> usize {
        lock(&self.state).sleeping.len()
    }

    /// How many requests were broken off.
    pub(super) fn broken_off(&self) -> usize {
        lock(&self.state).asked.iter().filter(|asked| asked.is_dropped).count()
    }

    /// Answers the newest request with these keys, and lets everybody go on.
    pub(super) fn answer(&mut self, names: &[u8]) {
        self.respond(Ok(Response::new(200, keys(names))));
    }

    /// Answers the newest request, and lets everybody go on.
    pub(super) fn respond(&mut self, answer: Result<Response, Failure>) {
        let at = self.requests() - 1;
        self.respond_to(at, answer);
    }

    /// Answers the request of this number.
    pub(super) fn respond_to(&mut self, at: usize, answer: Result<Response, Failure>) {
        let waker = {
            let asked = &mut lock(&self.state).asked[at];
            assert!(asked.url.ends_with("/jwks"));
            asked.answer = Some(answer);
            asked.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        self.tasks.run();
    }

    /// Lets time pass, step by step, and everybody go on who waited for it.
    pub(super) fn pass(&mut self, millis: i64) {
        let end = lock(&self.state).now + millis;
        loop {
            let due = {
                let mut state = lock(&self.state);
                let next = state.sleeping.iter().map(|(at, _)| *at).filter(|at| *at <= end).min();
                state.now = next.unwrap_or(end).max(state.now);
                let now = state.now;
                let (due, later) = state.sleeping.drain(..).partition::<Vec<_>, _>(|(at, _)| *at <= now);
                state.sleeping = later;
                due
            };
            let is_over = due.is_empty();
            for (_, waker) in due {
                waker.wake();
            }
            self.tasks.run();
            if is_over {
                return;
            }
        }
    }
}

fn signing_key(name: u8) -> <Ed25519 as Algorithm>::SigningKey {
    <Ed25519 as Algorithm>::SigningKey::from_slice(&[name; 32]).unwrap()
}

/// A JWKS of the keys of these names.
pub(super) fn keys(names: &[u8]) -> String {
    let key = |name: &u8| {
        let key = signing_key(*name).verifying_key();
        let JsonWebKey::KeyPair { x, .. } = JsonWebKey::from(&key) else { panic!("another kind of key") };
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}","kid":"{name}"}}"#, URL_SAFE_NO_PAD.encode(x))
    };
    format!(r#"{{"keys":[{}]}}"#, names.iter().map(key).collect::<Vec<_>>().join(","))
}

/// A good token of this key, of its own for each subject.
pub(super) fn token(key: u8, subject: &str) -> String {
    signed(key, &key.to_string(), subject)
}

/// A token that names a key, and is signed with another.
pub(super) fn signed(key: u8, kid: &str, subject: &str) -> String {
    with_header(key, &format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), subject)
}

/// A token that names no key.
pub(super) fn unnamed(key: u8, subject: &str) -> String {
    with_header(key, r#"{"alg":"EdDSA"}"#, subject)
}

fn with_header(key: u8, header: &str, subject: &str) -> String {
    let (from, to) = (START / 1000 - 60, START / 1000 + 100_000);
    let claims = format!(r#"{{"iss":"{ISSUER}","aud":"me","sub":"{subject}","iat":{from},"exp":{to}}}"#);
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = Ed25519.sign(&signing_key(key), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes()))
}
