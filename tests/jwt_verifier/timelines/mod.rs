//! A provider's keys over time, through a verifier: what it asks for, when, and what it says meanwhile. The clock is the test's.

mod ages;
mod discovery;
mod outages;
mod single_flight;
mod snapshots;
mod unknown_kids;

use std::sync::OnceLock;

use arcgate::{
    fetch::{Failure, Response},
    verifier::JwksCache,
    Code, Error, JwtVerifier, Provider, VerifiedToken,
};
use serde_json::Value;

use crate::world::{Answer, World};

pub(crate) fn table() -> &'static Value {
    static TABLE: OnceLock<Value> = OnceLock::new();
    TABLE.get_or_init(|| serde_json::from_str(include_str!("../../fixtures/jwt_verifier/timelines.json")).unwrap())
}

fn text(value: &'static Value) -> &'static str {
    value.as_str().unwrap()
}

pub(crate) fn issuer() -> &'static str {
    text(&table()["issuer"])
}

/// The nth token of a key.
pub(crate) fn token(kid: &str, n: usize) -> &'static str {
    text(&table()["tokens"][kid][n])
}

/// The nth token that names a key which nobody has.
fn unknown(n: usize) -> &'static str {
    text(&table()["unknown"][n])
}

/// A set of these keys.
pub(crate) fn set(kids: &[&str]) -> Answer {
    Answer::ok(body(kids))
}

fn body(kids: &[&str]) -> String {
    let keys: Vec<String> = kids.iter().map(|kid| table()["keys"][kid].to_string()).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn with_header(answer: Answer, name: &str, value: &str) -> Answer {
    let Answer::Is(response) = answer else { panic!("no response") };
    Answer::Is(response.with_header(name, value))
}

fn status(status: u16) -> Answer {
    Answer::Is(Response::new(status, ""))
}

/// A world whose provider answers so, and a verifier in it.
pub(crate) struct Line {
    pub(crate) world: World,
    pub(crate) verifier: JwtVerifier,
}

impl Line {
    fn of(provider: Provider, cache: JwksCache, answers: impl IntoIterator<Item = Answer>) -> Self {
        let world = World::new(table()["now"].as_f64().unwrap(), answers);
        let builder = JwtVerifier::builder().provider("one", provider.any_audience()).jwks_cache(cache);
        Self { verifier: world.around(builder).build().unwrap(), world }
    }

    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(JwksCache::new(), answers)
    }

    fn with(cache: JwksCache, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::of(Provider::jwks_uri(issuer(), format!("{}/jwks", issuer())), cache, answers)
    }

    fn discovering(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::of(Provider::discovery(issuer()), JwksCache::new(), answers)
    }

    /// One that has these keys since just now.
    pub(crate) async fn warm(kids: &[&str]) -> Self {
        let line = Self::new([set(kids)]);
        line.accepts(token(kids[0], 39)).await;
        assert_eq!(line.world.requests(), 1);
        line
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<VerifiedToken, Error> {
        self.verifier.verify(token).await
    }

    pub(crate) async fn accepts(&self, token: &str) -> VerifiedToken {
        self.verify(token).await.unwrap_or_else(|error| panic!("refused: {error}"))
    }

    pub(crate) async fn refuses(&self, token: &str, code: Code) -> Error {
        let error = self.verify(token).await.map(|token| panic!("accepted: {token:?}")).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        crate::table::tells_nothing(&error, token);
        error
    }

    /// Refused because of the provider, to be tried again after so many seconds.
    async fn unavailable(&self, token: &str, secs: f64) -> Error {
        let error = self.refuses(token, Code::JwksUnavailable).await;
        let delay = error.retry_delay().unwrap().as_millis() as f64 / 1000.0;
        assert!((delay - secs).abs() < 0.01, "{delay} s instead of {secs}");
        error
    }

    /// The only address that was asked since this was asked last.
    fn asked(&self) -> Vec<String> {
        let fetched = self.world.fetched();
        self.world.requests();
        fetched.into_iter().map(|url| url.replace(issuer(), "")).collect()
    }
}

const FAILURES: [Failure; 4] = [Failure::Network, Failure::Timeout, Failure::TooLarge, Failure::Redirect];
