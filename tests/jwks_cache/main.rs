//! The cache of a provider's keys over time: a clock that the test sets, a provider that the test plays.
#![cfg(not(target_arch = "wasm32"))]

mod ages;
mod clock;
mod discovery;
mod outages;
mod properties;
mod single_flight;
mod snapshots;
mod unknown_kids;

use arcgate::sans_io::{
    http::retry_after,
    jose::{
        alg::Algorithm,
        issuer::Issuer,
        jwks::{KeyId, KeyIds},
        jwks_cache::{Action, CacheConfig, Decision, FetchFailure, FetchId, JwksCache, Place, Request, Response},
    },
    machine::Machine,
    time::{Span, Time},
};

const ISSUER: &str = "https://issuer.example";
const JWKS: &str = "https://issuer.example/jwks";
const ED: Algorithm = Algorithm::Ed25519;

/// A cache, its clock in milliseconds, and a count of the requests it has asked for.
struct World {
    cache: JwksCache,
    ids: KeyIds,
    now: i64,
    requests: usize,
    /// Requests that were handed out and not answered.
    asked: Vec<Request>,
    /// Keys that are to be forgotten.
    gone: Vec<KeyId>,
}

/// How a fetch goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// With another request.
    Next,
    /// It is over.
    Done,
}

impl World {
    fn with(config: CacheConfig) -> Self {
        Self::of(JwksCache::remote(ISSUER, Some(JWKS), config))
    }

    fn discovering() -> Self {
        Self::of(JwksCache::remote(ISSUER, None, CacheConfig::default()))
    }

    fn new() -> Self {
        Self::with(CacheConfig::default())
    }

    fn of(cache: JwksCache) -> Self {
        Self { cache, ids: KeyIds::default(), now: 1_800_000_000_000, requests: 0, asked: Vec::new(), gone: Vec::new() }
    }

    /// One that has these keys since just now.
    fn warm(keys: &[u8]) -> Self {
        let mut world = Self::new();
        world.fetch_keys(keys);
        world
    }

    fn time(&self) -> Time {
        Time::from_millis(self.now as f64)
    }

    fn sleep(&mut self, secs: f64) {
        self.now += (secs * 1000.0) as i64;
    }

    /// A token of the key `kid` that comes now.
    fn ask(&mut self, kid: &str) -> Decision {
        self.ask_since(kid, self.time())
    }

    /// A token of the key `kid` that came at `arrived`.
    fn ask_since(&mut self, kid: &str, arrived: Time) -> Decision {
        let decision = self.cache.select(Some(kid), ED, arrived, self.time());
        if matches!(decision, Decision::Fetch(_) | Decision::Use { refresh: Some(_), .. }) {
            self.requests += 1;
        }
        decision
    }

    /// The request that a fetch waits for, which was begun: `None` when the fetch is over.
    fn request(&mut self, fetch: FetchId) -> Option<String> {
        self.drain();
        let Self { asked, cache, .. } = self;
        asked.retain(|request| cache.is_fetching(request.fetch));
        Some(asked.iter().find(|request| request.fetch == fetch)?.url.clone())
    }

    /// The keys that were gone since the last call.
    fn forgotten(&mut self) -> Vec<KeyId> {
        self.drain();
        std::mem::take(&mut self.gone)
    }

    fn drain(&mut self) {
        for action in self.cache.drain_actions() {
            match action {
                Action::Fetch(request) => {
                    self.asked.retain(|known| known.fetch != request.fetch);
                    self.asked.push(request);
                }
                Action::Forget(key) => self.gone.push(key),
            }
        }
    }

    fn answer(&mut self, fetch: FetchId, keys: &[u8]) -> Progress {
        self.answer_with(fetch, keys, None)
    }

    fn answer_with(&mut self, fetch: FetchId, keys: &[u8], cache_control: Option<&str>) -> Progress {
        let keys: Vec<_> = keys.iter().map(|n| jwk(*n)).collect();
        let body = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        self.respond(fetch, 200, body.as_bytes(), cache_control, None)
    }

    fn respond(
        &mut self,
        fetch: FetchId,
        status: u16,
        body: &[u8],
        cache_control: Option<&str>,
        retry_after: Option<&str>,
    ) -> Progress {
        let now = self.time();
        let retry_after = retry_after::read(retry_after, None, now);
        let response = Response { status, cache_control, age: None, retry_after, body };
        self.cache.handle_response(fetch, &response, &mut self.ids, now);
        self.progress(fetch)
    }

    fn fail(&mut self, fetch: FetchId, failure: FetchFailure) -> Progress {
        let now = self.time();
        self.cache.handle_failure(fetch, failure, now);
        self.progress(fetch)
    }

    fn progress(&mut self, fetch: FetchId) -> Progress {
        match self.request(fetch) {
            Some(_) => Progress::Next,
            None => Progress::Done,
        }
    }

    /// Asks for a key that needs a fetch, and has it answered at once.
    fn fetch_keys(&mut self, keys: &[u8]) {
        let fetch = self.must_fetch("?");
        self.answer(fetch, keys);
    }

    fn must_fetch(&mut self, kid: &str) -> FetchId {
        match self.ask(kid) {
            Decision::Fetch(fetch) => fetch,
            other => panic!("expected a fetch: {other:?}"),
        }
    }

    fn must_use(&mut self, kid: &str) -> (KeyId, Option<FetchId>) {
        match self.ask(kid) {
            Decision::Use { key, refresh, .. } => (key, refresh),
            other => panic!("expected a key: {other:?}"),
        }
    }

    fn must_refuse_for(&mut self, kid: &str) -> (f64, String) {
        match self.ask(kid) {
            Decision::Unavailable { retry_after, reason, .. } => {
                (retry_after.as_millis() as f64 / 1000.0, reason.into_owned())
            }
            other => panic!("expected a refusal for now: {other:?}"),
        }
    }
}

/// The key number `n`, named `n`, of this provider.
fn jwk(n: u8) -> String {
    named(n, &n.to_string())
}

fn named(n: u8, kid: &str) -> String {
    use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};
    let x = URL_SAFE_NO_PAD.encode([n; 32]);
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{kid}"}}"#)
}

fn millis(span: Span) -> i64 {
    span.as_millis()
}
