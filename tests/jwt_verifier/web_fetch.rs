//! Attacks through what is fetched, on the platform's own `fetch`: 04. It is played by a function of the test's, with the platform's
//! real `Response`, `Headers` and `ReadableStream`.

use std::time::Duration;

use arcgate::{verifier::JwksCache, Code, Error, JwtVerifier, Provider, Time, VerifiedToken};
use js_sys::{Function, Reflect};
use wasm_bindgen::JsValue;

use crate::{
    executor::{all, begin, Task},
    timelines::{issuer, table, token},
};

/// A `fetch` in the platform's place, until it is dropped. `asked` counts its calls, `ended` the requests that were broken off.
struct Played(JsValue);

fn global(name: &str) -> JsValue {
    Reflect::get(&js_sys::global(), &name.into()).unwrap()
}

fn set_global(name: &str, value: &JsValue) {
    Reflect::set(&js_sys::global(), &name.into(), value).unwrap();
}

fn count(name: &str) -> u32 {
    global(name).as_f64().unwrap() as u32
}

impl Played {
    /// Answers with what this JavaScript gives, where `keys` is the set as text.
    fn new(answer: &str) -> Self {
        let own = Self(global("fetch"));
        let keys = format!(r#"{{"keys":[{}]}}"#, table()["keys"]["1"]);
        let body = format!(
            "globalThis.asked += 1; init.signal.addEventListener('abort', () => {{ globalThis.ended += 1 }}); \
             const keys = {}; {answer}",
            serde_json::Value::String(keys)
        );
        for counter in ["asked", "ended", "pulled"] {
            set_global(counter, &JsValue::from_f64(0.0));
        }
        set_global("fetch", &Function::new_with_args("url, init", &body));
        own
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        set_global("fetch", &self.0);
    }
}

/// So long those are waited for that answer, on a busy machine too; and those that don't.
const PATIENCE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(300);

fn with(provider: Provider, patience: Duration) -> JwtVerifier {
    let now = table()["now"].as_f64().unwrap() * 1000.0;
    let cache = JwksCache::new().timeout(patience);
    let builder = JwtVerifier::builder().provider("one", provider.audience("api")).jwks_cache(cache);
    builder.clock(move || Time::from_millis(now)).build().unwrap()
}

fn verifier(patience: Duration) -> JwtVerifier {
    with(Provider::jwks_uri(issuer(), format!("{}/keys", issuer())), patience)
}

/// The keys can't be had, and everybody else is told the same without another request.
async fn unavailable(answer: &str) -> Error {
    unavailable_within(PATIENCE, answer).await
}

async fn unavailable_within(patience: Duration, answer: &str) -> Error {
    let _played = Played::new(answer);
    let verifier = verifier(patience);
    let error = verifier.verify(token("1", 0)).await.unwrap_err();
    assert_eq!(error.code(), Code::JwksUnavailable, "{error}");
    assert!(error.is_retryable());
    for n in 1..5 {
        assert_eq!(verifier.verify(token("1", n)).await.unwrap_err().code(), Code::JwksUnavailable);
    }
    assert_eq!(count("asked"), 1);
    error
}

async fn accepted(answer: &str) {
    let _played = Played::new(answer);
    verifier(PATIENCE).verify(token("1", 0)).await.unwrap();
    assert_eq!(count("asked"), 1);
}

const OK: &str = "return Promise.resolve(new Response(keys))";

crate::tests! {
    async fn attack_04_keys_are_fetched() { accepted(OK).await }

    async fn attack_04_keys_in_pieces_of_a_byte_are_read() {
        accepted(
            "const bytes = new TextEncoder().encode(keys); let at = 0; \
             return Promise.resolve(new Response(new ReadableStream({ pull(to) { \
             if (at < bytes.length) to.enqueue(bytes.slice(at, ++at)); else to.close() } })))",
        ).await;
    }

    async fn attack_04_nothing_of_the_browsers_goes_along() {
        accepted(
            "const sent = new Headers(init.headers); \
             if (init.method !== 'GET' || init.redirect !== 'manual' || init.cache !== 'no-store' || \
             init.credentials !== 'omit' || init.body != null || sent.has('authorization') || \
             !sent.get('accept').startsWith('application/json')) throw new TypeError('another request'); \
             return Promise.resolve(new Response(keys))",
        ).await;
    }

    async fn attack_04_a_redirect_is_not_followed() {
        for status in [301, 302, 303, 307, 308] {
            unavailable(&format!(
                "return Promise.resolve(new Response(null, {{ status: {status}, headers: {{ location: '/keys' }} }}))"
            )).await;
        }
    }

    async fn attack_04_a_redirect_that_a_browser_hides_is_not_followed() {
        unavailable("return Promise.resolve({ headers: new Headers(), type: 'opaqueredirect', status: 0 })").await;
    }

    async fn attack_04_a_body_without_end_is_cut_off() {
        let error = unavailable(
            "const chunk = new Uint8Array(65536).fill(32); \
             return Promise.resolve(new Response(new ReadableStream({ \
             pull(to) { globalThis.pulled += 1; to.enqueue(chunk) } })))",
        ).await;
        assert!(error.message().contains("more than is read"), "{error}");
        assert!(count("pulled") < 20, "{}", count("pulled"));
        assert_eq!(count("ended"), 1, "broken off");
    }

    async fn attack_04_a_length_that_says_too_much_is_believed() {
        let error = unavailable(
            "return Promise.resolve(new Response(keys, { headers: { 'content-length': '10485760' } }))",
        ).await;
        assert!(error.message().contains("more than is read"), "{error}");
    }

    async fn attack_04_who_does_not_answer_is_given_up() {
        unavailable_within(SOON, "return new Promise(() => {})").await;
        assert_eq!(count("ended"), 1, "broken off");
    }

    async fn attack_04_who_stops_in_the_middle_is_given_up() {
        unavailable_within(
            SOON,
            "return Promise.resolve(new Response(new ReadableStream({ \
             start(to) { to.enqueue(new TextEncoder().encode('{')) } })))",
        ).await;
        assert_eq!(count("ended"), 1, "broken off");
    }

    async fn attack_04_who_breaks_off_is_a_failure() {
        unavailable(
            "return Promise.resolve(new Response(new ReadableStream({ pull(to) { to.error(new TypeError('cut')) } })))",
        ).await;
        unavailable("return Promise.reject(new TypeError('no route'))").await;
        unavailable("throw new TypeError('refused')").await;
    }

    async fn attack_04_discovery_is_not_redirected() {
        let _played = Played::new(
            "return Promise.resolve(new Response(null, { status: 302, headers: { location: '/keys' } }))",
        );
        let error = with(Provider::discovery(issuer()), PATIENCE).verify(token("1", 0)).await.unwrap_err();
        assert_eq!(error.code(), Code::JwksUnavailable);
        assert_eq!(count("asked"), 2, "each of its two places once");
    }

    async fn a_thousand_callers_cause_one_request() {
        let _played = Played::new("return new Promise((done) => setTimeout(() => done(new Response(keys)), 20))");
        let verifier = verifier(PATIENCE);
        let ask = |n: usize| Box::pin(verifier.verify(token("1", n % 40))) as Task<'_, _>;
        let results: Vec<Result<VerifiedToken, Error>> = all((0..1000).map(ask).collect()).await;
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(count("asked"), 1);
    }

    async fn a_request_goes_on_when_its_owner_leaves() {
        let _played = Played::new("return new Promise((done) => setTimeout(() => done(new Response(keys)), 20))");
        let verifier = verifier(PATIENCE);
        let mut owner = Box::pin(verifier.verify(token("1", 0)));
        begin(&mut owner).await;
        drop(owner);
        verifier.verify(token("1", 1)).await.unwrap();
        assert_eq!((count("asked"), count("ended")), (1, 1), "ended once, by itself");
    }

    async fn what_the_header_says_of_time_is_read() {
        let error = unavailable(
            "return Promise.resolve(new Response('', { status: 503, headers: { 'Retry-After': '77' } }))",
        ).await;
        assert_eq!(error.retry_delay().unwrap().as_millis(), 77_000);
    }
}
